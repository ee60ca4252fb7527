//! A prefix of a bucket made like a local folder.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use retro_domain::Digest256;
use retro_store::record::{MAX_SYNC_MANIFEST, StoredSyncManifest};
use retro_store::{
    FolderSync, OutputFolder, SYNC_MANIFEST_NAME, StoreError, SyncManifest, SyncOutcome, SyncPlan,
    SyncRequest, SyncSource, SyncUpload, place_parts,
};
use tokio::task::JoinSet;

use super::bucket::{Bucket, Expect, Written};
use super::source::{Source, blocking};
use super::upload::{Stored, UploadLimits, Uploader};
use crate::clients::AwsClients;
use crate::writer::Writer;

/// A [`FolderSync`] with prefixes of a bucket; several files are uploaded at once, within a bound of
/// memory. The manifest is written on the condition that it is the one that was read.
#[derive(Clone, Debug)]
pub struct S3FolderSync {
    uploader: Uploader,
    writer: Writer,
}

impl S3FolderSync {
    /// Synchronisation with places below a prefix of a bucket; an empty prefix is the bucket itself.
    pub fn new(
        clients: &AwsClients,
        bucket: &str,
        prefix: &str,
        limits: UploadLimits,
        writer: Writer,
    ) -> Self {
        Self {
            uploader: Uploader::new(Bucket::new(clients, bucket, prefix), limits),
            writer,
        }
    }
}

#[async_trait]
impl FolderSync for S3FolderSync {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncOutcome, StoreError> {
        let parts = place_parts(&request.place)?;
        let place = Place {
            uploader: self.uploader.below(&parts),
            writer: &self.writer,
        };
        let request = request.clone();
        let Some(source) = blocking(move || SyncSource::open(&request)).await? else {
            return Ok(SyncOutcome::NoFolder);
        };
        let (before, mut tag) = place.read_manifest().await?;
        let folder = source.folder().clone();
        let mut plan = blocking(move || source.plan(&before)).await?;
        if plan.has_news() && plan.has_changes() {
            tag = Some(place.write_manifest(&plan, tag.as_deref()).await?);
        }
        let mut batch = plan.next_batch();
        while !batch.is_empty() {
            for (upload, stored) in place.upload(&folder, batch).await? {
                plan.uploaded(upload, stored.size, stored.digest);
            }
            batch = plan.next_batch();
            if !batch.is_empty() {
                tag = Some(place.write_manifest(&plan, tag.as_deref()).await?);
            }
        }
        let bucket = &place.uploader.bucket;
        let doomed: Vec<String> = plan.deletes().iter().map(|name| bucket.key(name)).collect();
        bucket.delete_all(&doomed).await?;
        plan.deleted();
        if plan.has_news() || tag.is_none() {
            place.write_manifest(&plan, tag.as_deref()).await?;
        }
        Ok(SyncOutcome::Synced(plan.report()))
    }
}

/// One place of a bucket.
struct Place<'a> {
    uploader: Uploader,
    writer: &'a Writer,
}

impl Place<'_> {
    /// The manifest and its tag; without one, everything that is there is unsure.
    async fn read_manifest(&self) -> Result<(SyncManifest, Option<String>), StoreError> {
        let bucket = &self.uploader.bucket;
        let key = bucket.key(SYNC_MANIFEST_NAME);
        if let Some(object) = bucket.get(&key, MAX_SYNC_MANIFEST).await? {
            let manifest = StoredSyncManifest::decode(&object.content, &bucket.uri(""))?;
            return Ok((manifest, Some(object.tag)));
        }
        let mut unsure = BTreeSet::new();
        let prefix = bucket.key("");
        let mut pages = bucket.pages(&prefix);
        while let Some(keys) = pages.next().await? {
            let names = keys.iter().filter_map(|key| key.strip_prefix(&prefix));
            unsure.extend(names.map(str::to_owned));
        }
        let manifest = SyncManifest {
            unsure,
            ..SyncManifest::default()
        };
        Ok((manifest, None))
    }

    async fn write_manifest(
        &self,
        plan: &SyncPlan,
        tag: Option<&str>,
    ) -> Result<String, StoreError> {
        let content = StoredSyncManifest::encode(plan.manifest())?.into_bytes();
        let digest = Digest256::of(&content);
        let token = self.writer.token();
        let expect = match tag {
            Some(tag) => Expect::Tag(tag, &token),
            None => Expect::Absent(&token),
        };
        let bucket = &self.uploader.bucket;
        let key = bucket.key(SYNC_MANIFEST_NAME);
        match bucket
            .put(&key, content.into(), &digest, None, expect)
            .await?
        {
            Written::Yes(tag) => Ok(tag),
            Written::Unexpected => Err(StoreError::conflict(
                bucket.uri(""),
                "no other synchronisation at the same time",
                "one: run it again",
            )),
        }
    }

    async fn upload(
        &self,
        folder: &OutputFolder,
        batch: Vec<SyncUpload>,
    ) -> Result<Vec<(SyncUpload, Stored)>, StoreError> {
        let mut uploaded = Vec::with_capacity(batch.len());
        let mut under_way = JoinSet::new();
        let mut waiting = batch.into_iter();
        loop {
            while under_way.len() < self.uploader.files_in_flight()
                && let Some(upload) = waiting.next()
            {
                let (uploader, folder) = (self.uploader.clone(), folder.clone());
                under_way.spawn(async move {
                    let key = uploader.bucket.key(&upload.file.name);
                    let headers = Arc::new(upload.headers.clone());
                    let source = Source::open_in(folder, upload.file.name.clone()).await?;
                    let stored = uploader.upload(&key, source, Some(headers)).await?;
                    Ok::<_, StoreError>((upload, stored))
                });
            }
            match under_way.join_next().await {
                None => return Ok(uploaded),
                Some(Ok(done)) => uploaded.push(done?),
                Some(Err(error)) => {
                    return Err(StoreError::backend("uploading files", error.to_string()));
                }
            }
        }
    }
}
