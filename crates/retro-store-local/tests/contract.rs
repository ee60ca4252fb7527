//! The contracts, held by the stores on disk.

use std::sync::Arc;

use retro_store::{
    ArtifactScope, ArtifactStore, EventLog, JobStore, ResultStore, RunStore, TaskEventLog,
    TaskJournal, TaskRunStore,
};
use retro_store_local::LocalStores;
use tempfile::TempDir;

fn open() -> (LocalStores, TempDir) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let stores = LocalStores::open(folder.path()).expect("a fresh data directory opens");
    (stores, folder)
}

mod jobs {
    use super::*;

    async fn make() -> (Arc<dyn JobStore>, TempDir) {
        let (stores, folder) = open();
        (stores.jobs, folder)
    }

    retro_store::job_store_contract!(make);
}

mod runs {
    use super::*;

    async fn make() -> ((Arc<dyn JobStore>, Arc<dyn RunStore>), TempDir) {
        let (stores, folder) = open();
        ((stores.jobs, stores.runs), folder)
    }

    retro_store::run_store_contract!(make);
}

mod results {
    use super::*;

    async fn make() -> (Arc<dyn ResultStore>, TempDir) {
        let (stores, folder) = open();
        (stores.results, folder)
    }

    retro_store::result_store_contract!(make);
}

mod events {
    use super::*;

    async fn make() -> (Arc<dyn EventLog>, TempDir) {
        let (stores, folder) = open();
        (stores.events, folder)
    }

    retro_store::event_log_contract!(make);
}

mod task_runs {
    use super::*;

    type Stores = (
        Arc<dyn TaskRunStore>,
        Arc<dyn TaskJournal>,
        Arc<dyn TaskEventLog>,
    );

    async fn make() -> (Stores, TempDir) {
        let (stores, folder) = open();
        let (runs, journal) = (stores.task_runs, stores.task_journal);
        ((runs, journal, stores.task_events), folder)
    }

    retro_store::task_run_store_contract!(make);
}

mod task_journal {
    use super::*;

    async fn make() -> ((Arc<dyn TaskRunStore>, Arc<dyn TaskJournal>), TempDir) {
        let (stores, folder) = open();
        ((stores.task_runs, stores.task_journal), folder)
    }

    retro_store::task_journal_contract!(make);
}

mod task_events {
    use super::*;

    async fn make() -> (Arc<dyn TaskEventLog>, TempDir) {
        let (stores, folder) = open();
        (stores.task_events, folder)
    }

    retro_store::task_event_log_contract!(make);
}

mod artifacts {
    use super::*;

    async fn make() -> (Arc<dyn ArtifactStore>, TempDir) {
        let (stores, folder) = open();
        (stores.artifacts, folder)
    }

    fn damage(folder: &TempDir, scope: &ArtifactScope, name: &str) {
        let path = folder
            .path()
            .join("artifacts")
            .join(scope.repo.to_string())
            .join(scope.commit.to_string())
            .join(&scope.suite.0.to_string()[..12])
            .join(scope.epoch.0.to_string())
            .join(name);
        let mut content = std::fs::read(&path).expect("the layout is as documented");
        match content.first_mut() {
            Some(byte) => *byte ^= 1,
            None => content.push(0),
        }
        std::fs::write(&path, content).expect("a file can be written");
    }

    retro_store::artifact_store_contract!(make, damage);
}
