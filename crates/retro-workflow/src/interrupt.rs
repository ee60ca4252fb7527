//! Stopping a run from outside.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use retro_exec::CancelToken;

/// Stops a run from any thread: first in order, then at once.
///
/// Clones share one state. Stopping what is stopped already does nothing.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    level: Level,
    running: Vec<(usize, CancelToken)>,
}

/// How urgently a run is to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    #[default]
    None,
    Stop,
    Kill,
}

impl Interrupt {
    /// An interrupt that nobody has used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the run in order: no further job starts, running commands are asked to end, and their
    /// jobs are handed back.
    pub fn stop(&self) {
        self.raise(Level::Stop);
    }

    /// Ends the run at once: running commands are killed.
    pub fn kill(&self) {
        self.raise(Level::Kill);
    }

    /// Whether someone wants the run to end.
    pub fn is_raised(&self) -> bool {
        self.state().level > Level::None
    }

    /// A token for a command of `worker`, cancelled together with this interrupt.
    pub(crate) fn token_for(&self, worker: usize) -> CancelToken {
        let token = CancelToken::new();
        let mut state = self.state();
        pass_on(state.level, &token);
        state.running.retain(|(other, _)| *other != worker);
        state.running.push((worker, token.clone()));
        token
    }

    fn raise(&self, level: Level) {
        let mut state = self.state();
        state.level = state.level.max(level);
        let level = state.level;
        for (_, token) in &state.running {
            pass_on(level, token);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pass_on(level: Level, token: &CancelToken) {
    match level {
        Level::None => {}
        Level::Stop => token.cancel(),
        Level::Kill => token.kill(),
    }
}
