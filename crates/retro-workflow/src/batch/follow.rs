//! Waiting for a batch.

use std::collections::HashSet;
use std::time::Duration;

use retro_domain::{CacheKey, CommitJob, RepoId, RunId};
use retro_store::{Engine, ExecutionId, ExecutionStatus, StoreError};

use super::pull::{JobEnding, Pulled, Pulling, pull};
use crate::Interrupt;

/// Why the wait for a batch is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Every job has ended.
    Over,
    /// Someone did not want to wait any longer. The batch goes on.
    Interrupted,
    /// The execution has ended, and jobs are left that nobody works on; with what the engine says
    /// of it.
    Abandoned(String),
}

/// How a batch is waited for.
#[derive(Clone, Debug)]
pub struct FollowOptions {
    /// How often the jobs are looked at.
    pub every: Duration,
    /// Ends the wait.
    pub interrupt: Interrupt,
}

/// So many looks in a row have to find jobs without an owner after their execution has ended.
const LOOKS_AFTER_END: u32 = 2;

/// Brings home the results of a batch as they come, until every job has ended. `seen` is told of
/// each job once.
///
/// A store that does not answer is asked again at the next look, for as long as the engine or the
/// other stores answer.
///
/// # Errors
///
/// As [`pull`], but for [`StoreError::Unavailable`].
pub async fn follow(
    batch: &RunId,
    repo: &RepoId,
    stores: &Pulling,
    engine: &dyn Engine,
    execution: Option<&ExecutionId>,
    options: &FollowOptions,
    mut seen: impl FnMut(&CommitJob, &JobEnding),
) -> Result<(Pulled, Followed), StoreError> {
    let mut told: HashSet<CacheKey> = HashSet::new();
    let mut looks_after_end = 0;
    loop {
        let ended = match execution {
            Some(id) => ended(engine, id).await?,
            // Whoever has the jobs is not ours to ask.
            None => None,
        };
        let mut new = Vec::new();
        let renew = |key: &CacheKey| !told.contains(key);
        let look = pull(batch, repo, stores, renew, |job, ending| {
            new.push((job.clone(), ending.clone()));
        });
        let pulled = match look.await {
            Err(error) if error.is_retryable() && !options.interrupt.is_raised() => {
                tokio::time::sleep(options.every).await;
                continue;
            }
            looked => looked?,
        };
        for (job, ending) in &new {
            let key = pulled.key_of(job);
            if key.is_some_and(|key| told.insert(key)) {
                seen(job, ending);
            }
        }
        if pulled.is_over() {
            return Ok((pulled, Followed::Over));
        }
        if options.interrupt.is_raised() {
            return Ok((pulled, Followed::Interrupted));
        }
        if let Some(how) = ended {
            looks_after_end += 1;
            // A runner may have outlived its execution: it ends its job by itself.
            if looks_after_end >= LOOKS_AFTER_END && pulled.running == 0 {
                return Ok((pulled, Followed::Abandoned(how)));
            }
        }
        wait(options).await;
    }
}

/// How the execution ended, when it has.
async fn ended(engine: &dyn Engine, id: &ExecutionId) -> Result<Option<String>, StoreError> {
    let found = match engine.describe(id).await {
        Err(error) if error.is_retryable() => return Ok(None),
        found => found?,
    };
    let Some(execution) = found else {
        return Ok(Some("there is no such execution any more".to_owned()));
    };
    let how = match execution.status {
        ExecutionStatus::Running => return Ok(None),
        ExecutionStatus::Succeeded => "it succeeded",
        ExecutionStatus::Failed => "it failed",
        ExecutionStatus::TimedOut => "its time was up",
        ExecutionStatus::Stopped => "someone stopped it",
    };
    Ok(Some(match execution.reason {
        Some(reason) => format!("{how}: {reason}"),
        None => how.to_owned(),
    }))
}

/// Until the next look, or until nobody wants to wait.
pub(super) async fn wait(options: &FollowOptions) {
    let end = tokio::time::Instant::now() + options.every;
    while tokio::time::Instant::now() < end && !options.interrupt.is_raised() {
        tokio::time::sleep(options.every.min(Duration::from_millis(100))).await;
    }
}
