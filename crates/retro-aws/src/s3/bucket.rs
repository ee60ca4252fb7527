//! Single objects of a bucket, below a prefix.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_types::base64;
use bytes::Bytes;
use retro_domain::Digest256;
use retro_store::{FileHeaders, StoreError};
use sha2::{Digest as _, Sha256};

use crate::clients::AwsClients;
use crate::fault::{self, Doing};
use crate::pace::Pace;

/// The metadata under which a conditional write leaves its token.
pub(super) const TOKEN: &str = "retro-write";
/// The longest key S3 takes, in bytes.
const MAX_KEY: usize = 1024;

/// A bucket with a prefix for every key. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(super) client: Client,
    pub(super) name: Arc<str>,
    prefix: Arc<str>,
    /// For messages: which bucket this is.
    pub(super) place: Arc<str>,
}

/// The state of an object that a write expects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect<'a> {
    /// Whatever is there.
    Anything,
    /// Nothing; the token tells this write from another one of equal content.
    Absent(&'a str),
    /// The object with this tag; the token as above.
    Tag(&'a str, &'a str),
}

/// How a conditional write ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The object is there, with this tag.
    Yes(String),
    /// What was expected is not what is there; nothing was written.
    Unexpected,
}

/// An object as it was read.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) content: Vec<u8>,
    pub(crate) tag: String,
}

/// What is known of an object without its content.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) size: u64,
    /// The SHA-256 of all of it, when the service keeps that.
    pub(crate) digest: Option<Digest256>,
    tag: String,
    token: Option<String>,
}

impl Bucket {
    pub(crate) fn new(clients: &AwsClients, bucket: &str, prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        Self {
            client: clients.s3(),
            name: bucket.into(),
            prefix: prefix.into(),
            place: format!("the bucket {bucket}").into(),
        }
    }

    /// What is below the prefix and these parts.
    pub(super) fn below(&self, parts: &[&str]) -> Self {
        let parts: String = parts.iter().map(|part| format!("{part}/")).collect();
        Self {
            prefix: self.key(&parts).into(),
            ..self.clone()
        }
    }

    /// The key of what is called `rest` below the prefix.
    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// The address of what is called `rest` below the prefix.
    pub(crate) fn uri(&self, rest: &str) -> String {
        format!("s3://{}/{}{rest}", self.name, self.prefix)
    }

    pub(super) fn doing<'a>(&'a self, what: &'a str) -> Doing<'a> {
        Doing {
            what,
            place: &self.place,
        }
    }

    /// Writes one object, to be served with the headers. The service checks what arrives against the
    /// digest.
    pub(crate) async fn put(
        &self,
        key: &str,
        content: Bytes,
        digest: &Digest256,
        headers: Option<&FileHeaders>,
        expect: Expect<'_>,
    ) -> Result<Written, StoreError> {
        check_key(key)?;
        let mut pace = Pace::new(8);
        loop {
            let put = self
                .client
                .put_object()
                .bucket(&*self.name)
                .key(key)
                .checksum_sha256(base64::encode(digest.as_bytes()))
                .set_content_type(headers.map(|it| it.content_type.clone()))
                .set_cache_control(headers.and_then(|it| it.cache_control.clone()))
                .body(ByteStream::from(content.clone()));
            let put = match expect {
                Expect::Anything => put,
                Expect::Absent(token) => put.if_none_match("*").metadata(TOKEN, token),
                Expect::Tag(tag, token) => put.if_match(tag).metadata(TOKEN, token),
            };
            // The checksum is part of what is signed, so the content need not be hashed again.
            let error = match put.customize().disable_payload_signing().send().await {
                Ok(put) => return Ok(Written::Yes(put.e_tag.unwrap_or_default())),
                Err(error) => error,
            };
            let failure = fault::from_sdk(&error, self.doing(&format!("writing {key}")));
            let token = match expect {
                Expect::Anything => return Err(failure),
                Expect::Absent(token) | Expect::Tag(_, token) => token,
            };
            let precondition = fault::status(&error) == Some(412)
                || matches!(expect, Expect::Tag(..)) && fault::status(&error) == Some(404);
            if precondition || failure.is_retryable() {
                // An earlier attempt may have succeeded without its answer arriving.
                if let Some(found) = self.head(key).await?
                    && found.token.as_deref() == Some(token)
                {
                    return Ok(Written::Yes(found.tag));
                }
            }
            if precondition {
                return Ok(Written::Unexpected);
            }
            // 409: another write of the same key was under way.
            if fault::status(&error) != Some(409) || !pace.wait().await {
                return Err(failure);
            }
        }
    }

    /// Reads one object of at most `limit` bytes; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when it is longer.
    pub(crate) async fn get(&self, key: &str, limit: u64) -> Result<Option<Object>, StoreError> {
        let found = self.read::<Vec<u8>>(key, limit).await?;
        Ok(found.map(|(content, tag)| Object { content, tag }))
    }

    /// The size and digest of an object, read through; `None` when there is none.
    pub(super) async fn measure(&self, key: &str) -> Result<Option<(u64, Digest256)>, StoreError> {
        let found = self.read::<Measure>(key, u64::MAX).await?;
        Ok(found.map(|(Measure(size, hasher), _)| {
            let digest = Digest256::from_bytes(hasher.finalize().into());
            (size, digest)
        }))
    }

    /// Reads an object into something, and its tag.
    async fn read<S: Sink>(
        &self,
        key: &str,
        limit: u64,
    ) -> Result<Option<(S, String)>, StoreError> {
        let mut pace = Pace::new(4);
        loop {
            match self.read_once(key, limit).await {
                // The content of an answer is not part of what the SDK repeats.
                Err(Reading::Broken(_)) if pace.wait().await => {}
                Err(Reading::Broken(error) | Reading::Failed(error)) => return Err(error),
                Ok(found) => return Ok(found),
            }
        }
    }

    async fn read_once<S: Sink>(
        &self,
        key: &str,
        limit: u64,
    ) -> Result<Option<(S, String)>, Reading> {
        let what = format!("reading {key}");
        let answer = self
            .client
            .get_object()
            .bucket(&*self.name)
            .key(key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        let mut object = match answer {
            Ok(object) => object,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetObjectError::is_no_such_key) =>
            {
                return Ok(None);
            }
            Err(error) if self.is_absent(key, fault::status(&error)).await => return Ok(None),
            Err(error) => return Err(Reading::Failed(fault::from_sdk(&error, self.doing(&what)))),
        };
        let too_long = || {
            Reading::Failed(StoreError::corrupt(
                self.uri_of_key(key),
                format!("it is longer than {limit} bytes"),
            ))
        };
        let length = object.content_length().unwrap_or_default();
        if u64::try_from(length).unwrap_or_default() > limit {
            return Err(too_long());
        }
        let mut content = S::default();
        let mut size = 0;
        while let Some(chunk) = object.body.next().await {
            let chunk = chunk.map_err(|error| {
                Reading::Broken(StoreError::Unavailable {
                    why: format!("{what} in {}: the answer broke off: {error}", self.place),
                })
            })?;
            content.add(&chunk);
            size += chunk.len() as u64;
            if size > limit {
                return Err(too_long());
            }
        }
        Ok(Some((content, object.e_tag.unwrap_or_default())))
    }

    /// What is known of one object; `None` when there is none.
    pub(crate) async fn head(&self, key: &str) -> Result<Option<Head>, StoreError> {
        let answer = self
            .client
            .head_object()
            .bucket(&*self.name)
            .key(key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        match answer {
            Ok(head) => {
                let tag = head.e_tag().unwrap_or_default().to_owned();
                let size = head.content_length();
                Ok(Some(Head {
                    size: size
                        .and_then(|length| u64::try_from(length).ok())
                        .unwrap_or_default(),
                    digest: whole_digest(&tag, head.checksum_sha256()),
                    token: head.metadata().and_then(|all| all.get(TOKEN)).cloned(),
                    tag,
                }))
            }
            Err(error) if error.as_service_error().is_some_and(|it| it.is_not_found()) => Ok(None),
            Err(error) if self.is_absent(key, fault::status(&error)).await => Ok(None),
            Err(error) => {
                let what = format!("looking at {key}");
                Err(fault::from_sdk(&error, self.doing(&what)))
            }
        }
    }

    pub(super) fn uri_of_key(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }
}

/// What becomes of content that is read.
trait Sink: Default + Send {
    fn add(&mut self, chunk: &[u8]);
}

impl Sink for Vec<u8> {
    fn add(&mut self, chunk: &[u8]) {
        self.extend_from_slice(chunk);
    }
}

/// The size and digest of content that is not kept.
#[derive(Default)]
struct Measure(u64, Sha256);

impl Sink for Measure {
    fn add(&mut self, chunk: &[u8]) {
        self.0 += chunk.len() as u64;
        self.1.update(chunk);
    }
}

enum Reading {
    /// The connection ended within the content.
    Broken(StoreError),
    Failed(StoreError),
}

/// The digest of a checksum header; `None` for that of several parts, whose checksum and tag end in
/// their number (`…-3`).
fn whole_digest(tag: &str, header: Option<&str>) -> Option<Digest256> {
    if tag.contains('-') {
        return None;
    }
    let bytes = base64::decode(header?).ok()?;
    Some(Digest256::from_bytes(bytes.try_into().ok()?))
}

/// S3 refuses longer keys, and says so only once everything has been sent.
pub(super) fn check_key(key: &str) -> Result<(), StoreError> {
    if key.len() <= MAX_KEY {
        return Ok(());
    }
    Err(StoreError::backend(
        format!("storing {key:?}"),
        format!(
            "its key has {} bytes and S3 takes {MAX_KEY}: shorten the prefix or the name",
            key.len()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_parts_is_not_that_of_the_whole() {
        let digest = Digest256::of(b"x");
        let header = base64::encode(digest.as_bytes());
        assert_eq!(whole_digest("\"abc\"", Some(&header)), Some(digest));
        assert_eq!(whole_digest("\"abc-2\"", Some(&header)), None);
        assert_eq!(whole_digest("", Some(&format!("{header}-2"))), None);
        assert_eq!(whole_digest("", Some("?")), None);
        assert_eq!(whole_digest("", None), None);
    }
}
