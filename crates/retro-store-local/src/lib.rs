//! Storage on one machine: SQLite for jobs, results, events and runs of tasks, folders for artifacts,
//! deploys and queues.
//!
//! One data directory holds `retro.db` (with its write-ahead log), `retro.lock` (held while the
//! database is opened) and `artifacts/`. Several processes may use it at once. A process that is
//! killed at any point leaves stores that open and hold whole records only; files of an artifact
//! scope that it did not finish are garbage for [`LocalStores::remove_unreferenced`].
//!
//! Deploys ([`FsFolderSync`]) and queues ([`FsTaskQueue`]) have folders of their own.
//!
//! The calls of the other stores block instead of awaiting. Each is short; a caller whose executor has few threads and
//! much else to do may wrap them in its executor's way of blocking.

mod artifact_store;
mod case_columns;
mod database;
mod dictionary;
mod empty_scopes;
mod event_log;
mod fault;
mod folder;
mod folder_sync;
mod intake;
mod job_store;
mod maintenance;
mod queue_file;
mod result_cases;
mod result_outcomes;
mod result_prune;
mod result_put;
mod result_row;
mod result_store;
mod runs;
mod schema;
mod synced_folder;
mod task_journal;
mod task_queue;
mod task_runs;
mod task_store;

pub use artifact_store::FsArtifactStore;
pub use event_log::SqliteEventLog;
pub use folder_sync::FsFolderSync;
pub use job_store::SqliteJobStore;
pub use maintenance::{CollectedGarbage, StoreUsage};
pub use result_store::SqliteResultStore;
pub use task_queue::FsTaskQueue;
pub use task_store::SqliteTaskStore;

use std::path::Path;
use std::sync::Arc;

use database::Database;
use fault::from_io;
use retro_store::StoreError;

/// Every store over one data directory. Clones, and the stores taken out of it, share its
/// connections.
#[derive(Clone, Debug)]
pub struct LocalStores {
    /// Jobs.
    pub jobs: Arc<SqliteJobStore>,
    /// Runs.
    pub runs: Arc<SqliteJobStore>,
    /// Results.
    pub results: Arc<SqliteResultStore>,
    /// Artifacts.
    pub artifacts: Arc<FsArtifactStore>,
    /// Events.
    pub events: Arc<SqliteEventLog>,
    /// Runs of tasks.
    pub task_runs: Arc<SqliteTaskStore>,
    /// What runs of tasks do to the world outside.
    pub task_journal: Arc<SqliteTaskStore>,
    /// What happens in runs of tasks.
    pub task_events: Arc<SqliteTaskStore>,
    database: Arc<Database>,
}

/// The database's name in the data directory.
const DATABASE: &str = "retro.db";

impl LocalStores {
    /// Whether something was ever stored in `data_dir`. Makes nothing.
    pub fn is_in(data_dir: &Path) -> bool {
        data_dir.join(DATABASE).exists()
    }

    /// Opens the stores in `data_dir`, which is created when absent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when the folder or the database cannot be made or opened, when the
    /// database is that of another program, or when a newer version of git-retro wrote it;
    /// [`StoreError::Corrupt`] when the file is no database or is damaged;
    /// [`StoreError::Full`] when the disk is full, for even reading takes some room beside the
    /// database; [`StoreError::Unavailable`] when another process does not let go of it.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(data_dir).map_err(|error| {
            from_io(
                &error,
                format!("making the data directory {}", data_dir.display()),
            )
        })?;
        let database = Arc::new(Database::open(&data_dir.join(DATABASE))?);
        let artifacts = data_dir.join("artifacts");
        let artifacts = Arc::new(FsArtifactStore::open(&artifacts, Arc::clone(&database))?);
        let results = SqliteResultStore::new(Arc::clone(&database), Arc::clone(&artifacts));
        let jobs = Arc::new(SqliteJobStore::new(Arc::clone(&database)));
        let tasks = Arc::new(SqliteTaskStore::new(Arc::clone(&database)));
        Ok(Self {
            task_runs: Arc::clone(&tasks),
            task_journal: Arc::clone(&tasks),
            task_events: tasks,
            runs: Arc::clone(&jobs),
            jobs,
            results: Arc::new(results),
            artifacts,
            events: Arc::new(SqliteEventLog::new(Arc::clone(&database))),
            database,
        })
    }
}
