//! The contracts, held by the stores in memory.

use std::sync::Arc;

use crate::{
    ArtifactScope, ArtifactStore, Engine, EventLog, FolderSync, InMemoryArtifactStore,
    InMemoryEngine, InMemoryEventLog, InMemoryFolderSync, InMemoryJobStore, InMemoryObjectStore,
    InMemoryResultStore, InMemorySecrets, InMemoryTaskQueue, InMemoryTaskStore, JobStore,
    ObjectStore, ResultIndex, ResultStore, RunStore, Secret, Secrets, TaskEventLog, TaskJournal,
    TaskQueue, TaskRunStore,
};

mod jobs {
    use super::*;

    async fn make() -> (Arc<dyn JobStore>, ()) {
        (Arc::new(InMemoryJobStore::default()), ())
    }

    crate::job_store_contract!(make);
}

mod result_index {
    use super::*;

    async fn make() -> (Arc<dyn ResultIndex>, ()) {
        (Arc::new(InMemoryJobStore::default()), ())
    }

    crate::result_index_contract!(make);
}

mod runs {
    use super::*;

    async fn make() -> ((Arc<dyn JobStore>, Arc<dyn RunStore>), ()) {
        let store = Arc::new(InMemoryJobStore::default());
        ((Arc::clone(&store) as _, store), ())
    }

    crate::run_store_contract!(make);
}

mod results {
    use super::*;

    async fn make() -> (Arc<dyn ResultStore>, ()) {
        (Arc::new(InMemoryResultStore::default()), ())
    }

    crate::result_store_contract!(make);
}

mod objects {
    use super::*;

    async fn make() -> (Arc<dyn ObjectStore>, ()) {
        (Arc::new(InMemoryObjectStore::default()), ())
    }

    crate::object_store_contract!(make);
}

mod events {
    use super::*;

    async fn make() -> (Arc<dyn EventLog>, ()) {
        (Arc::new(InMemoryEventLog::default()), ())
    }

    crate::event_log_contract!(make);
}

mod artifacts {
    use super::*;

    async fn make() -> (Arc<dyn ArtifactStore>, InMemoryArtifactStore) {
        let store = InMemoryArtifactStore::default();
        (Arc::new(store.clone()), store)
    }

    fn damage(store: &InMemoryArtifactStore, scope: &ArtifactScope, name: &str) {
        store.damage(scope, name);
    }

    crate::artifact_store_contract!(make, damage);
}

mod engine {
    use super::*;

    async fn make() -> (Arc<dyn Engine>, ()) {
        (Arc::new(InMemoryEngine::default()), ())
    }

    crate::engine_contract!(make);
}

mod queue {
    use super::*;

    async fn make() -> (Arc<dyn TaskQueue>, InMemoryTaskQueue) {
        let clock = || retro_domain::Timestamp::from_unix_millis(0);
        let queue = InMemoryTaskQueue::new(Arc::new(clock), 3);
        (Arc::new(queue.clone()), queue)
    }

    async fn look(queue: &InMemoryTaskQueue) -> Vec<(String, String)> {
        queue.put_aside_so_far()
    }

    crate::task_queue_contract!(make, look);
}

mod folder_sync {
    use super::*;
    use crate::contract::folder_sync::Placed;

    async fn make() -> (Arc<dyn FolderSync>, InMemoryFolderSync) {
        let store = InMemoryFolderSync::default();
        (Arc::new(store.clone()), store)
    }

    async fn look(store: &InMemoryFolderSync, place: &str) -> Placed {
        store.files(place).unwrap()
    }

    crate::folder_sync_contract!(make, look);
}

mod task_runs {
    use super::*;

    type Stores = (
        Arc<dyn TaskRunStore>,
        Arc<dyn TaskJournal>,
        Arc<dyn TaskEventLog>,
    );

    async fn make() -> (Stores, ()) {
        let store = Arc::new(InMemoryTaskStore::default());
        let (journal, events) = (Arc::clone(&store), Arc::clone(&store));
        ((store, journal, events), ())
    }

    crate::task_run_store_contract!(make);
}

mod task_journal {
    use super::*;

    async fn make() -> ((Arc<dyn TaskRunStore>, Arc<dyn TaskJournal>), ()) {
        let store = Arc::new(InMemoryTaskStore::default());
        ((Arc::clone(&store) as _, store), ())
    }

    crate::task_journal_contract!(make);
}

mod task_events {
    use super::*;

    async fn make() -> (Arc<dyn TaskEventLog>, ()) {
        (Arc::new(InMemoryTaskStore::default()), ())
    }

    crate::task_event_log_contract!(make);
}

mod secrets {
    use super::*;

    async fn make() -> (Arc<dyn Secrets>, ()) {
        let secrets = crate::contract::secrets::SECRETS
            .map(|(name, value)| (name.to_owned(), Secret::new(value)));
        (Arc::new(InMemorySecrets::new(secrets)), ())
    }

    crate::secrets_contract!(make);
}

#[test]
fn clones_share_one_state() {
    crate::contract::block_on(async {
        let store = InMemoryJobStore::default();
        let job = crate::contract::samples::job("tool", 1);
        store
            .clone()
            .enqueue(std::slice::from_ref(&job))
            .await
            .unwrap();
        assert!(store.job(&job).await.unwrap().is_some());
    });
}
