//! The contract of small documents.

use async_trait::async_trait;
use retro_store::{ObjectLocation, ObjectStore, StoreError};

use super::objects::S3Objects;

/// No document is longer: the jobs of a batch over a hundred thousand commits.
const LIMIT: u64 = 128 << 20;

#[async_trait]
impl ObjectStore for S3Objects {
    async fn put_new(&self, name: &str, content: Vec<u8>) -> Result<(), StoreError> {
        match Self::put_new(self, name, content).await? {
            true => Ok(()),
            false => Err(StoreError::conflict(
                format!("the object {}", self.location(name)),
                "no such object",
                "an object of this name",
            )),
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Self::get(self, name, LIMIT).await
    }

    fn locate(&self, name: &str) -> ObjectLocation {
        let uri = self.location(name);
        // What `location` makes is of this form.
        ObjectLocation::from_uri(&uri).unwrap_or_else(|| ObjectLocation {
            bucket: String::new(),
            key: uri,
        })
    }
}
