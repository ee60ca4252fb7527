//! Small documents that several processes read.

use async_trait::async_trait;

use crate::StoreError;

/// Where an object is, for a service that reads it by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectLocation {
    /// The bucket, or what stands for one.
    pub bucket: String,
    /// The key in it.
    pub key: String,
}

impl ObjectLocation {
    /// The location as `s3://BUCKET/KEY`.
    pub fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// The location that a URI of this form names; `None` for any other text.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let (bucket, key) = uri.strip_prefix("s3://")?.split_once('/')?;
        let named = !bucket.is_empty() && !key.is_empty();
        named.then(|| Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// Small documents under names such as `batches/ID/plan.json`, each written once.
///
/// # Guarantees
///
/// - Of several writers of one name exactly one succeeds, and what it wrote never changes.
/// - A write that returned `Ok` is seen by every later read.
///
/// A crash in the middle of a write leaves the whole document or none.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Writes a document.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when there is one of this name.
    async fn put_new(&self, name: &str, content: Vec<u8>) -> Result<(), StoreError>;

    /// The document of this name.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Where the document of this name is, or would be.
    fn locate(&self, name: &str) -> ObjectLocation;
}
