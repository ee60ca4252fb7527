//! The contracts, held by the stores on disk.

use std::sync::Arc;

use retro_store::{
    ArtifactScope, ArtifactStore, EventLog, FolderSync, JobStore, ResultStore, RunStore,
    TaskEventLog, TaskJournal, TaskQueue, TaskRunStore,
};
use retro_store_local::{FsFolderSync, FsTaskQueue, LocalStores};
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

mod folder_sync {
    use super::*;
    use retro_store::contract::folder_sync::Placed;
    use retro_store::record::StoredSyncManifest;

    async fn make() -> (Arc<dyn FolderSync>, TempDir) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        (Arc::new(FsFolderSync::new(folder.path())), folder)
    }

    async fn look(folder: &TempDir, place: &str) -> Placed {
        let place = folder.path().join(place);
        let mut placed = Placed::new();
        let Ok(text) = std::fs::read(place.join(".retro-sync.json")) else {
            assert!(!place.exists(), "files and no manifest");
            return placed;
        };
        let manifest = StoredSyncManifest::decode(&text, "test").expect("it is whole");
        assert!(manifest.unsure.is_empty());
        let mut open = vec![place.clone()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(
                    std::fs::read_dir(path)
                        .unwrap()
                        .map(|it| it.unwrap().path()),
                );
                continue;
            }
            let name = path
                .strip_prefix(&place)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if name != ".retro-sync.json" {
                let headers = manifest.known[&name]
                    .headers
                    .clone()
                    .expect("they are kept");
                placed.insert(name, (std::fs::read(&path).unwrap(), headers));
            }
        }
        assert_eq!(placed.len(), manifest.known.len());
        placed
    }

    retro_store::folder_sync_contract!(make, look);
}

mod task_queue {
    use super::*;

    async fn make() -> (Arc<dyn TaskQueue>, TempDir) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = || retro_domain::Timestamp::from_unix_millis(0);
        let queue = FsTaskQueue::open(folder.path(), Arc::new(clock), 3).expect("it opens");
        (Arc::new(queue), folder)
    }

    async fn look(folder: &TempDir) -> Vec<(String, String)> {
        let dead = std::fs::read_dir(folder.path().join("dead")).unwrap();
        let paths = dead.map(|entry| entry.unwrap().path());
        let letters = paths.filter(|path| path.extension().is_none());
        let read = |path| std::fs::read_to_string(path).unwrap();
        letters
            .map(|path| (read(path.clone()), read(path.with_extension("reason"))))
            .collect()
    }

    retro_store::task_queue_contract!(make, look);
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
