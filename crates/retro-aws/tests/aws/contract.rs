//! The contracts that every store holds.

use std::sync::Arc;

use retro_store::{ArtifactStore, EventLog, JobStore, ResultIndex, RunStore};

use crate::support::{Bucket, Dynamo, Place};

async fn jobs_on(dynamo: Dynamo) -> (Arc<dyn JobStore>, Place) {
    let place = Place::new(dynamo).await;
    (Arc::new(place.jobs()), place)
}

async fn index_on(dynamo: Dynamo) -> (Arc<dyn ResultIndex>, Place) {
    let place = Place::new(dynamo).await;
    (Arc::new(place.jobs()), place)
}

async fn runs_on(dynamo: Dynamo) -> ((Arc<dyn JobStore>, Arc<dyn RunStore>), Place) {
    let place = Place::new(dynamo).await;
    let store = Arc::new(place.jobs());
    ((Arc::clone(&store) as _, store), place)
}

async fn events_on(dynamo: Dynamo) -> (Arc<dyn EventLog>, Place) {
    let place = Place::new(dynamo).await;
    (Arc::new(place.events()), place)
}

/// DynamoDB by dynalite, the stricter one of the two.
mod dynalite {
    use super::*;

    mod jobs {
        retro_store::job_store_contract!(|| super::jobs_on(super::Dynamo::Dynalite));
    }

    mod result_index {
        retro_store::result_index_contract!(|| super::index_on(super::Dynamo::Dynalite));
    }

    mod runs {
        retro_store::run_store_contract!(|| super::runs_on(super::Dynamo::Dynalite));
    }

    mod events {
        retro_store::event_log_contract!(|| super::events_on(super::Dynamo::Dynalite));
    }
}

mod moto {
    use super::*;

    mod jobs {
        retro_store::job_store_contract!(|| super::jobs_on(super::Dynamo::Moto));
    }

    mod result_index {
        retro_store::result_index_contract!(|| super::index_on(super::Dynamo::Moto));
    }

    mod runs {
        retro_store::run_store_contract!(|| super::runs_on(super::Dynamo::Moto));
    }

    mod events {
        retro_store::event_log_contract!(|| super::events_on(super::Dynamo::Moto));
    }

    mod artifacts {
        use super::*;

        async fn make() -> (Arc<dyn ArtifactStore>, Bucket) {
            let bucket = Bucket::on_moto().await;
            (Arc::new(bucket.artifacts()), bucket)
        }

        retro_store::artifact_store_contract!(make, crate::artifacts::damage);
    }
}

/// S3 by s3s, which checks what it is sent.
mod s3s {
    use super::*;

    async fn make() -> (Arc<dyn ArtifactStore>, Bucket) {
        let bucket = Bucket::on_s3s().await;
        (Arc::new(bucket.artifacts()), bucket)
    }

    retro_store::artifact_store_contract!(make, crate::artifacts::damage);
}
