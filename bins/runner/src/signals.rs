//! SIGTERM is a cancel: everything has to be over when the container is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use retro_bootstrap::{ExitCode, signals};
use retro_workflow::Interrupt;
use serde_json::json;

use crate::log::Log;

/// How long commands have to end after the first signal.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// When this is over, the process ends, whatever it does: a container of Fargate is killed two
/// minutes after its SIGTERM, and its lease then ends by itself.
const DEADLINE: Duration = Duration::from_secs(110);

/// From now on, the first signal stops the work in order, and a second one at once.
pub(crate) fn listen(interrupt: &Interrupt, fetch: &Arc<AtomicBool>, log: &Log) {
    let (stopped, killed) = (interrupt.clone(), interrupt.clone());
    let (fetch, log) = (Arc::clone(fetch), log.clone());
    let stop = move || {
        fetch.store(true, Ordering::SeqCst);
        stopped.stop();
        log.line("stopping", json!({}));
        std::thread::spawn(move || {
            std::thread::sleep(DEADLINE);
            log.error("not everything was over in time; the job's lease will run out");
            std::process::exit(ExitCode::Incomplete.code().into());
        });
    };
    signals::listen(stop, move || killed.kill());
}
