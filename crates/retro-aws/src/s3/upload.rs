//! Uploads: small content in one request, large content in parts, several at once, within a bound
//! of memory.

use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use aws_smithy_types::base64;
use retro_domain::Digest256;
use retro_store::{FileHeaders, StoreError};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::bucket::{Bucket, Expect, check_key};
use super::source::{Piece, Source, finished};
use crate::fault;

/// The unit in which memory is counted.
const UNIT: usize = 64 << 10;
/// S3 takes no more parts.
const MAX_PARTS: u64 = 10_000;

/// How much goes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadLimits {
    /// Content longer than this goes in parts of this size; S3 takes no parts below 5 MiB. Files
    /// of more than 10,000 such parts get larger ones.
    pub part_size: usize,
    /// The content held in memory at once is at most this many parts.
    pub parts_in_flight: usize,
    /// Small files on their way at once.
    pub files_in_flight: usize,
}

impl Default for UploadLimits {
    /// Parts of 8 MiB, eight of them in flight (64 MiB), 64 files at once.
    fn default() -> Self {
        Self {
            part_size: 8 << 20,
            parts_in_flight: 8,
            files_in_flight: 64,
        }
    }
}

/// Uploads into one bucket. Clones share the bound of memory.
#[derive(Clone, Debug)]
pub(super) struct Uploader {
    pub(super) bucket: Bucket,
    limits: UploadLimits,
    memory: Arc<Semaphore>,
}

/// What was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) size: u64,
    pub(super) digest: Digest256,
}

/// The parts of one upload so far.
struct Parts<'a> {
    key: &'a str,
    upload: &'a str,
    part_size: usize,
}

impl Uploader {
    pub(super) fn new(bucket: Bucket, limits: UploadLimits) -> Self {
        let memory = limits
            .parts_in_flight
            .max(1)
            .saturating_mul(limits.part_size)
            .div_ceil(UNIT)
            .clamp(1, Semaphore::MAX_PERMITS);
        Self {
            bucket,
            limits,
            memory: Arc::new(Semaphore::new(memory)),
        }
    }

    pub(super) fn files_in_flight(&self) -> usize {
        self.limits.files_in_flight.max(1)
    }

    /// Room for this many bytes, once there is some.
    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        let all = self
            .limits
            .parts_in_flight
            .max(1)
            .saturating_mul(self.limits.part_size)
            .div_ceil(UNIT);
        let units = bytes.div_ceil(UNIT).clamp(1, all.max(1));
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        Arc::clone(&self.memory)
            .acquire_many_owned(units)
            .await
            .map_err(|error| StoreError::backend("uploading", error.to_string()))
    }

    /// The same below these parts of the bucket. Both share the bound of memory.
    pub(super) fn below(&self, parts: &[&str]) -> Self {
        Self {
            bucket: self.bucket.below(parts),
            ..self.clone()
        }
    }

    /// Stores content under a key, over what was there, to be served with the headers.
    pub(super) async fn upload(
        &self,
        key: &str,
        source: Source,
        headers: Option<Arc<FileHeaders>>,
    ) -> Result<Stored, StoreError> {
        check_key(key)?;
        let size = source.size();
        if size > self.limits.part_size as u64 {
            return self.upload_in_parts(key, source, headers.as_deref()).await;
        }
        let room = self
            .room(usize::try_from(size).unwrap_or(usize::MAX))
            .await?;
        // What a file has gained since it was opened is left out.
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let (_, piece, _) = source.next(length, Sha256::new(), true).await?;
        let stored = Stored {
            size: piece.bytes.len() as u64,
            digest: piece.digest,
        };
        self.bucket
            .put(
                key,
                piece.bytes,
                &piece.digest,
                headers.as_deref(),
                Expect::Anything,
            )
            .await?;
        drop(room);
        Ok(stored)
    }

    async fn upload_in_parts(
        &self,
        key: &str,
        source: Source,
        headers: Option<&FileHeaders>,
    ) -> Result<Stored, StoreError> {
        let bucket = &self.bucket;
        let what = format!("uploading {key}");
        let created = bucket
            .client
            .create_multipart_upload()
            .bucket(&*bucket.name)
            .key(key)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .set_content_type(headers.map(|it| it.content_type.clone()))
            .set_cache_control(headers.and_then(|it| it.cache_control.clone()))
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, bucket.doing(&what)))?;
        let upload = created.upload_id().unwrap_or_default();
        let least = source.size().div_ceil(MAX_PARTS);
        let parts = Parts {
            key,
            upload,
            part_size: self
                .limits
                .part_size
                .max(usize::try_from(least).unwrap_or(usize::MAX)),
        };
        let ended = match self.send_parts(&parts, source).await {
            Ok((sent, stored)) => self.complete(&parts, sent, stored).await,
            Err(error) => Err(error),
        };
        if ended.is_err() {
            // What cannot be given up here is left to the bucket's own rule for such uploads.
            let _ = bucket
                .client
                .abort_multipart_upload()
                .bucket(&*bucket.name)
                .key(key)
                .upload_id(upload)
                .send()
                .await;
        }
        ended
    }

    async fn send_parts(
        &self,
        parts: &Parts<'_>,
        source: Source,
    ) -> Result<(Vec<CompletedPart>, Stored), StoreError> {
        // Dropping the set ends what is under way.
        let mut under_way: JoinSet<Result<CompletedPart, StoreError>> = JoinSet::new();
        let mut sent = Vec::new();
        let mut left = source.size();
        let mut size = 0;
        let (mut source, mut whole) = (source, Sha256::new());
        for number in 1.. {
            let wanted = parts
                .part_size
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            if wanted == 0 {
                break;
            }
            let room = self.room(wanted).await?;
            let (rest, piece, so_far) = source.next(wanted, whole, false).await?;
            (source, whole) = (rest, so_far);
            let length = piece.bytes.len();
            size += length as u64;
            left = left.saturating_sub(length as u64);
            under_way.spawn(send_part(
                self.bucket.clone(),
                parts.key.to_owned(),
                parts.upload.to_owned(),
                number,
                piece,
                room,
            ));
            while let Some(part) = under_way.try_join_next() {
                sent.push(joined(part)?);
            }
            if length < wanted {
                // The file became shorter under the reader.
                break;
            }
        }
        while let Some(part) = under_way.join_next().await {
            sent.push(joined(part)?);
        }
        sent.sort_by_key(CompletedPart::part_number);
        let digest = finished(whole);
        Ok((sent, Stored { size, digest }))
    }

    async fn complete(
        &self,
        parts: &Parts<'_>,
        sent: Vec<CompletedPart>,
        stored: Stored,
    ) -> Result<Stored, StoreError> {
        let bucket = &self.bucket;
        let answer = bucket
            .client
            .complete_multipart_upload()
            .bucket(&*bucket.name)
            .key(parts.key)
            .upload_id(parts.upload)
            .multipart_upload(
                CompletedMultipartUpload::builder()
                    .set_parts(Some(sent))
                    .build(),
            )
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(stored);
        };
        // An earlier attempt may have completed it without its answer arriving.
        if fault::code(&error) == Some("NoSuchUpload")
            && self.stored(parts.key).await? == Some(stored)
        {
            return Ok(stored);
        }
        let what = format!("uploading {}", parts.key);
        Err(fault::from_sdk(&error, bucket.doing(&what)))
    }

    /// What is stored under a key, read through when the service does not know its digest.
    pub(super) async fn stored(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let Some(head) = self.bucket.head(key).await? else {
            return Ok(None);
        };
        if let Some(digest) = head.digest {
            return Ok(Some(Stored {
                size: head.size,
                digest,
            }));
        }
        let read = self.bucket.measure(key).await?;
        Ok(read.map(|(size, digest)| Stored { size, digest }))
    }
}

async fn send_part(
    bucket: Bucket,
    key: String,
    upload: String,
    number: i32,
    piece: Piece,
    room: OwnedSemaphorePermit,
) -> Result<CompletedPart, StoreError> {
    let checksum = base64::encode(piece.digest.as_bytes());
    let answer = bucket
        .client
        .upload_part()
        .bucket(&*bucket.name)
        .key(&key)
        .upload_id(upload)
        .part_number(number)
        .checksum_sha256(&checksum)
        .body(ByteStream::from(piece.bytes))
        .customize()
        .disable_payload_signing()
        .send()
        .await;
    drop(room);
    let what = format!("uploading part {number} of {key}");
    let part = answer.map_err(|error| fault::from_sdk(&error, bucket.doing(&what)))?;
    Ok(CompletedPart::builder()
        .part_number(number)
        .set_e_tag(part.e_tag)
        .checksum_sha256(checksum)
        .build())
}

fn joined<T>(
    ended: Result<Result<T, StoreError>, tokio::task::JoinError>,
) -> Result<T, StoreError> {
    match ended {
        Ok(result) => result,
        Err(error) => Err(StoreError::backend("uploading", error.to_string())),
    }
}
