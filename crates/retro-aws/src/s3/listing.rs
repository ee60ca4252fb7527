//! Many objects of a bucket: all below a prefix, page by page.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use retro_store::StoreError;

use super::bucket::Bucket;
use crate::fault;
use crate::pace::Pace;

/// How many objects one request removes.
const BATCH: usize = 1000;

impl Bucket {
    /// The keys that begin with `prefix`, one page after the other: `None` once there are no more.
    pub(crate) fn pages<'a>(&'a self, prefix: &'a str) -> Pages<'a> {
        Pages {
            bucket: self,
            prefix,
            next: Some(None),
        }
    }

    /// Whether there is an object. Asked by a listing, because looking at an object that is not
    /// there is refused to whom a policy gives the listing of some prefixes only.
    pub(crate) async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        let first = self.pages(key).next().await?;
        Ok(first.is_some_and(|keys| keys.iter().any(|found| found == key)))
    }

    /// Whether a look at an object was refused because there is none. A listing says so to whom the
    /// look does not.
    pub(super) async fn is_absent(&self, key: &str, status: Option<u16>) -> bool {
        status == Some(403) && matches!(self.exists(key).await, Ok(false))
    }

    /// Removes objects; those that are not there are fine.
    pub(crate) async fn delete_all(&self, keys: &[String]) -> Result<(), StoreError> {
        for batch in keys.chunks(BATCH) {
            let mut left = batch.to_vec();
            let mut pace = Pace::new(8);
            while !left.is_empty() {
                let (again, refused) = self.delete_batch(&left).await?;
                if let Some(refusal) = refused {
                    return Err(refusal);
                }
                if !again.is_empty() && !pace.wait().await {
                    return Err(StoreError::Unavailable {
                        why: format!("removing objects in {}: it is busy", self.place),
                    });
                }
                left = again;
            }
        }
        Ok(())
    }

    /// Removes up to [`BATCH`] objects. Returns those to try again, and a refusal.
    async fn delete_batch(
        &self,
        keys: &[String],
    ) -> Result<(Vec<String>, Option<StoreError>), StoreError> {
        let broken = |why: String| StoreError::backend("removing objects", why);
        let ids: Result<Vec<_>, _> = keys
            .iter()
            .map(|key| ObjectIdentifier::builder().key(key).build())
            .collect();
        let ids = ids.map_err(|error| broken(error.to_string()))?;
        let delete = Delete::builder()
            .set_objects(Some(ids))
            .quiet(true)
            .build()
            .map_err(|error| broken(error.to_string()))?;
        let answer = self
            .client
            .delete_objects()
            .bucket(&*self.name)
            .delete(delete)
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, self.doing("removing objects")))?;
        // One request may remove some and refuse others.
        let mut again = Vec::new();
        let mut refusal = None;
        for error in answer.errors() {
            let key = error.key().unwrap_or_default();
            match error.code().unwrap_or_default() {
                "InternalError" | "SlowDown" | "ServiceUnavailable" | "OperationAborted" => {
                    again.push(key.to_owned());
                }
                "NoSuchKey" => {}
                code => {
                    let why = format!("{code}: {}", error.message().unwrap_or_default());
                    let what = format!("removing {}", self.uri_of_key(key));
                    refusal = Some(StoreError::backend(what, why));
                }
            }
        }
        Ok((again, refusal))
    }
}

/// See [`Bucket::pages`].
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    bucket: &'a Bucket,
    prefix: &'a str,
    /// The token of the next page, which the first one does not have; `None` after the last.
    next: Option<Option<String>>,
}

impl Pages<'_> {
    /// The next page of keys.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<String>>, StoreError> {
        let Some(token) = self.next.take() else {
            return Ok(None);
        };
        let bucket = self.bucket;
        let what = format!("listing {}", self.prefix);
        let page = bucket
            .client
            .list_objects_v2()
            .bucket(&*bucket.name)
            .prefix(self.prefix)
            .set_continuation_token(token)
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, bucket.doing(&what)))?;
        if page.is_truncated() == Some(true)
            && let Some(token) = page.next_continuation_token()
        {
            self.next = Some(Some(token.to_owned()));
        }
        let keys = page.contents().iter();
        Ok(Some(
            keys.filter_map(|it| it.key().map(str::to_owned)).collect(),
        ))
    }
}
