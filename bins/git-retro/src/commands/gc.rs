//! `git retro gc`: remove what is old.

use std::time::Duration;

use retro_bootstrap::terminal::{bytes, count, is_abandoned, print, store_failure};
use retro_bootstrap::{ExitCode, Failure, SystemClock};
use retro_domain::{CacheKey, Clock, Timestamp};
use retro_git::{GitSlotPool, SlotOptions};
use retro_store::{ArtifactStore, ResultStore, RunStatus, RunStore};

use crate::cli::GcArgs;
use crate::context::{Context, runtime};

/// This many of the newest runs of a repository are kept whatever their age.
const KEPT_RUNS: usize = 10;

pub(crate) fn run(context: &Context, args: &GcArgs) -> Result<ExitCode, Failure> {
    let slots_of = match args.slots {
        true => Some(context.repository()?),
        false => None,
    };
    let stores = context.stores()?;
    let (runs, results, artifacts): (&dyn RunStore, &dyn ResultStore, &dyn ArtifactStore) =
        (&*stores.runs, &*stores.results, &*stores.artifacts);
    let limits = context.config.settings.gc;
    let before_size = stores.usage().map_err(store_failure)?;
    let oldest = match limits.max_age {
        Some(age) => before(SystemClock.now(), age),
        None => Timestamp::from_unix_millis(i64::MIN),
    };
    let (runs_removed, removed) = runtime()?
        .block_on(async {
            // What a run of another process goes by must not vanish under it.
            let running = runs.runs(None, usize::MAX).await?;
            let needed: Vec<CacheKey> = running
                .iter()
                .filter(|run| run.status == RunStatus::Running && !is_abandoned(run))
                .flat_map(|run| run.commits.iter().map(|commit| commit.key))
                .collect();
            let removed = results.prune(oldest, limits.max_size, &needed).await?;
            for scope in &removed {
                artifacts.remove(scope).await?;
            }
            // After the results: a job stays as long as a result of it does.
            let runs_removed = runs.prune_runs(oldest, KEPT_RUNS).await?;
            Ok((runs_removed, removed.len()))
        })
        .map_err(store_failure)?;
    let orphans = stores.remove_unreferenced().map_err(store_failure)?.scopes;
    if removed > 0 || runs_removed > 0 {
        stores.compact().map_err(store_failure)?;
    }
    let after_size = stores.usage().map_err(store_failure)?;
    let left = after_size.database_bytes + after_size.artifact_bytes;
    let freed = (before_size.database_bytes + before_size.artifact_bytes).saturating_sub(left);
    let mut text = format!(
        "removed {}, {} and {}: {} freed, {} left\n",
        count(runs_removed, "run"),
        count(removed, "result"),
        count(orphans, "abandoned folder"),
        bytes(freed),
        bytes(left),
    );
    if let Some(repository) = slots_of {
        let folder = context.cache_dir().join("slots");
        let emptied = GitSlotPool::open(repository, &folder, SlotOptions::default())
            .and_then(|pool| pool.empty_free_slots())
            .map_err(|error| Failure::from_error(ExitCode::Incomplete, &error))?;
        text += &format!("emptied {}\n", count(emptied, "work tree"));
    }
    print(&text)?;
    Ok(ExitCode::Fine)
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_millis(now.unix_millis().saturating_sub(millis))
}
