//! Objects by name.

use retro_domain::Digest256;
use retro_store::StoreError;

use super::bucket::{Bucket, Expect, Written};
use crate::clients::AwsClients;
use crate::writer::Writer;

/// Small objects by name below a prefix of a bucket: plans, lists of jobs, what is too large for
/// an item.
#[derive(Clone, Debug)]
pub struct S3Objects {
    bucket: Bucket,
    writer: Writer,
}

impl S3Objects {
    /// The objects below a prefix of a bucket; an empty prefix is the bucket itself.
    pub fn new(clients: &AwsClients, bucket: &str, prefix: &str, writer: Writer) -> Self {
        Self {
            bucket: Bucket::new(clients, bucket, prefix),
            writer,
        }
    }

    /// The address of the object of this name: `s3://BUCKET/PREFIX/NAME`.
    pub fn location(&self, name: &str) -> String {
        self.bucket.uri(name)
    }

    /// Stores an object, whatever is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Backend`].
    pub async fn put(&self, name: &str, content: Vec<u8>) -> Result<(), StoreError> {
        self.write(name, content, Expect::Anything).await.map(drop)
    }

    /// Stores an object unless there is one of that name; whether it did.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Backend`].
    pub async fn put_new(&self, name: &str, content: Vec<u8>) -> Result<bool, StoreError> {
        let token = self.writer.token();
        let written = self.write(name, content, Expect::Absent(&token)).await?;
        Ok(matches!(written, Written::Yes(_)))
    }

    /// The object of this name, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when it is longer.
    pub async fn get(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let object = self.bucket.get(&self.bucket.key(name), limit).await?;
        Ok(object.map(|object| object.content))
    }

    /// Removes objects; those that are not there are fine.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Backend`].
    pub async fn remove(&self, names: &[String]) -> Result<(), StoreError> {
        let keys: Vec<String> = names.iter().map(|name| self.bucket.key(name)).collect();
        self.bucket.delete_all(&keys).await
    }

    async fn write(
        &self,
        name: &str,
        content: Vec<u8>,
        expect: Expect<'_>,
    ) -> Result<Written, StoreError> {
        let digest = Digest256::of(&content);
        let key = self.bucket.key(name);
        self.bucket
            .put(&key, content.into(), &digest, None, expect)
            .await
    }
}
