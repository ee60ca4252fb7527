//! Signals that people send.

use retro_workflow::Interrupt;

use super::say;
use crate::signals;

/// From now on, a signal stops the work in order, and a second one at once.
pub fn listen(interrupt: &Interrupt) {
    let (stopped, killed) = (interrupt.clone(), interrupt.clone());
    let stop = move || {
        stopped.stop();
        say("stopping; once more to stop at once");
    };
    signals::listen(stop, move || killed.kill());
}
