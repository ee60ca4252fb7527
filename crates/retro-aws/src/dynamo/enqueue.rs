//! Adding jobs.

use std::collections::HashMap;
use std::sync::Arc;

use retro_domain::{CommitId, CommitJob, CommitNote};
use retro_store::{RunCommit, RunRecord, StoreError};
use tokio::task::JoinSet;

use super::expression::Change;
use super::item::{Item, Key, PARTITION, TOKEN, number, text};
use super::job_item::{ATTEMPTS, BATCH, EPOCH, LAST_UPDATED, STATUS, commit_note, iso, key};
use super::table::{Table, Wrote};

/// Writes under way at once. Batches of writes know no conditions, so each job is one write.
const AT_ONCE: usize = 32;

/// Adds jobs that do not exist; those that wait become ones of the run. Returns how many were
/// added.
pub(super) async fn add(
    table: &Table,
    run: Option<&RunRecord>,
    jobs: &[CommitJob],
) -> Result<usize, StoreError> {
    let commits: HashMap<CommitId, &RunCommit> = run
        .into_iter()
        .flat_map(|run| &run.commits)
        .map(|commit| (commit.commit, commit))
        .collect();
    let mut added = 0;
    let mut under_way: JoinSet<Result<usize, StoreError>> = JoinSet::new();
    let table = Arc::new(table.clone());
    for job in jobs {
        if under_way.len() >= AT_ONCE
            && let Some(done) = under_way.join_next().await
        {
            added += joined(done)?;
        }
        let about = run.map(|run| about(run, commits.get(&job.commit).copied()));
        under_way.spawn(add_one(Arc::clone(&table), job.clone(), about));
    }
    while let Some(done) = under_way.join_next().await {
        added += joined(done)?;
    }
    Ok(added)
}

fn joined(
    done: Result<Result<usize, StoreError>, tokio::task::JoinError>,
) -> Result<usize, StoreError> {
    match done {
        Ok(result) => result,
        Err(error) => Err(StoreError::backend("adding jobs", error.to_string())),
    }
}

/// What a job's item says of its run and commit.
fn about(run: &RunRecord, commit: Option<&RunCommit>) -> Item {
    let mut about = Item::from([(BATCH.to_owned(), text(run.id.as_str()))]);
    if let Some(commit) = commit {
        let note = CommitNote {
            committed_at: commit.committed_at,
            summary: commit.summary.clone(),
        };
        let note = commit_note(&note).into_iter();
        about.extend(note.map(|(name, value)| (name.to_owned(), value)));
    }
    about
}

async fn add_one(
    table: Arc<Table>,
    job: CommitJob,
    about: Option<Item>,
) -> Result<usize, StoreError> {
    let key = key(&job);
    let mut item = key.item();
    item.insert("commit_hash".to_owned(), text(job.commit.to_string()));
    item.insert(
        "suite_fingerprint".to_owned(),
        text(job.suite.0.to_string()),
    );
    item.insert(STATUS.to_owned(), text("PENDING"));
    item.insert(EPOCH.to_owned(), number(0));
    item.insert(ATTEMPTS.to_owned(), number(0));
    item.insert(TOKEN.to_owned(), text(table.writer.token()));
    if let Some(now) = iso(table.clock.now()) {
        item.insert(LAST_UPDATED.to_owned(), text(now));
    }
    item.extend(about.clone().unwrap_or_default());
    match table.put_new(item, "adding a job").await? {
        Wrote::Yes => Ok(1),
        Wrote::No => {
            if let Some(about) = about {
                adopt(&table, &key, about).await?;
            }
            Ok(0)
        }
    }
}

/// Makes a job that waits one of this run's; any other stays as it is.
async fn adopt(table: &Table, key: &Key, about: Item) -> Result<(), StoreError> {
    let mut change = Change::default();
    change.set_all(about);
    change.expect_present(PARTITION);
    change.expect(STATUS, text("PENDING"));
    table.update(key, change, "adding a job").await.map(drop)
}
