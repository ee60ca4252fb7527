//! Ending what waits for a server.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ureq::Agent;

use super::options::Stop;

/// How soon a wait for the network ends after it should.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

/// Closes an agent's connections as soon as it is time to stop, for as long as this lives. Without
/// it, someone who waits for a silent server would look at the time only when that is given up.
pub(super) struct Watch {
    /// Its end ends the thread.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(agent: Agent, stop: Stop) -> Self {
        let (alive, is_alive) = channel();
        let thread = stop
            .is_possible()
            .then(|| std::thread::spawn(move || watch(agent, &stop, &is_alive)));
        Self {
            alive: Some(alive),
            thread,
        }
    }
}

fn watch(agent: Agent, stop: &Stop, is_alive: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = is_alive.recv_timeout(LOOKS_EVERY) {
        if stop.check().is_err() {
            agent.shutdown();
            return;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(thread) = self.thread.take() {
            // It does nothing that could fail.
            drop(thread.join());
        }
    }
}
