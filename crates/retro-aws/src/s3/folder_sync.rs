//! A prefix of a bucket made like a local folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use retro_domain::Digest256;
use retro_store::{ArtifactContent, StoreError};
use tokio::task::JoinSet;

use super::bucket::{Bucket, Expect, Written};
use super::local_folder::{LocalFile, LocalFolder};
use super::source::blocking;
use super::sync_manifest::{self, KnownFile, SyncManifest};
use super::upload::{UploadLimits, Uploader};
use crate::clients::AwsClients;
use crate::writer::Writer;

/// Makes a prefix of a bucket hold what a local folder holds.
///
/// What the prefix holds is written down in one object beside the files, `.retro-sync.json`, so that
/// a synchronisation without any change reads that object and nothing else. A file counts as
/// unchanged when its size and its time of change are those written down, or its content is.
///
/// A crash leaves a prefix that holds some of the changes; the files that were about to change are
/// marked in that object before they do, and the next synchronisation uploads or removes them
/// again.
#[derive(Clone, Debug)]
pub struct FolderSync {
    uploader: Uploader,
    writer: Writer,
}

/// What becomes of files that are in the bucket and not in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// They stay.
    Keep,
    /// They are removed.
    Delete,
}

/// What a synchronisation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Files uploaded.
    pub uploaded: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Files that were there already.
    pub unchanged: u64,
    /// Files removed from the bucket.
    pub removed: u64,
    /// Links and other things that are no files, which were left out.
    pub left_out: Vec<PathBuf>,
}

/// What there is to do.
struct Work {
    upload: Vec<LocalFile>,
    remove: BTreeSet<String>,
    /// The manifest as it will be, but for the uploads.
    after: SyncManifest,
}

impl FolderSync {
    /// Synchronisation with a prefix of a bucket; an empty prefix is the bucket itself.
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

    /// Makes the prefix like `folder`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when another synchronisation of the same prefix came in between,
    /// [`StoreError::Backend`] when a file cannot be read or is refused.
    pub async fn run(&self, folder: &Path, removal: Removal) -> Result<SyncReport, StoreError> {
        let path = folder.to_owned();
        let local = blocking(move || LocalFolder::list(&path)).await?;
        let (before, tag) = self.read_manifest().await?;
        let mut report = SyncReport {
            left_out: local.left_out,
            ..SyncReport::default()
        };
        let total = local.files.len() as u64;
        let work = plan(local.files, &before, removal).await?;
        report.unchanged = total - work.upload.len() as u64;
        report.removed = work.remove.len() as u64;
        if work.upload.is_empty() && work.remove.is_empty() && work.after == before && tag.is_some()
        {
            return Ok(report);
        }
        // Without a manifest everything there counts as unsure anyway.
        let mut tag = tag;
        let changes = !work.upload.is_empty() || !work.remove.is_empty();
        if let Some(old) = &tag
            && changes
        {
            let mut during = work.after.clone();
            let uploads = work.upload.iter().map(|file| file.name.clone());
            during
                .unsure
                .extend(uploads.chain(work.remove.iter().cloned()));
            tag = Some(self.write_manifest(&during, Some(old)).await?);
        }
        let mut after = work.after;
        report.uploaded = work.upload.len() as u64;
        for (name, file) in self.upload(work.upload).await? {
            report.bytes += file.size;
            after.known.insert(name, file);
        }
        let bucket = &self.uploader.bucket;
        let doomed: Vec<String> = work.remove.iter().map(|name| bucket.key(name)).collect();
        bucket.delete_all(&doomed).await?;
        self.write_manifest(&after, tag.as_deref()).await?;
        Ok(report)
    }

    /// The manifest and its tag; without one, everything that is there is unsure.
    async fn read_manifest(&self) -> Result<(SyncManifest, Option<String>), StoreError> {
        let bucket = &self.uploader.bucket;
        let key = bucket.key(sync_manifest::NAME);
        if let Some(object) = bucket.get(&key, sync_manifest::LIMIT).await? {
            let manifest = SyncManifest::decode(&object.content, &bucket.uri(""))?;
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
        manifest: &SyncManifest,
        tag: Option<&str>,
    ) -> Result<String, StoreError> {
        let content = manifest.encode()?;
        let digest = Digest256::of(&content);
        let token = self.writer.token();
        let expect = match tag {
            Some(tag) => Expect::Tag(tag, &token),
            None => Expect::Absent(&token),
        };
        let bucket = &self.uploader.bucket;
        let key = bucket.key(sync_manifest::NAME);
        match bucket.put(&key, content.into(), &digest, expect).await? {
            Written::Yes(tag) => Ok(tag),
            Written::Unexpected => Err(StoreError::conflict(
                bucket.uri(""),
                "no other synchronisation at the same time",
                "one: run it again",
            )),
        }
    }

    async fn upload(&self, files: Vec<LocalFile>) -> Result<Vec<(String, KnownFile)>, StoreError> {
        let mut uploaded = Vec::with_capacity(files.len());
        let mut under_way = JoinSet::new();
        let mut waiting = files.into_iter();
        loop {
            while under_way.len() < self.uploader.files_in_flight()
                && let Some(file) = waiting.next()
            {
                let uploader = self.uploader.clone();
                under_way.spawn(async move {
                    let key = uploader.bucket.key(&file.name);
                    let content = ArtifactContent::File(file.path);
                    let stored = uploader.upload(&key, content).await?;
                    let known = KnownFile {
                        size: stored.size,
                        changed: file.changed,
                        digest: stored.digest,
                    };
                    Ok::<_, StoreError>((file.name, known))
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

/// What makes the prefix like the folder.
async fn plan(
    files: Vec<LocalFile>,
    before: &SyncManifest,
    removal: Removal,
) -> Result<Work, StoreError> {
    let mut after = SyncManifest::default();
    let mut upload = Vec::new();
    let mut local = BTreeSet::new();
    for file in files {
        local.insert(file.name.clone());
        let known = before.known.get(&file.name);
        let known = known.filter(|known| known.size == file.size);
        match known {
            Some(known) if !before.unsure.contains(&file.name) => {
                if known.changed == file.changed {
                    after.known.insert(file.name, *known);
                    continue;
                }
                let (digest, file) = blocking(move || Ok((file.digest()?, file))).await?;
                if digest == known.digest {
                    let changed = file.changed;
                    after
                        .known
                        .insert(file.name, KnownFile { changed, ..*known });
                } else {
                    upload.push(file);
                }
            }
            _ => upload.push(file),
        }
    }
    let mut remove = BTreeSet::new();
    for (name, known) in &before.known {
        if local.contains(name) {
            continue;
        }
        if removal == Removal::Delete {
            remove.insert(name.clone());
        } else {
            after.known.insert(name.clone(), *known);
        }
    }
    for name in before.unsure.iter().filter(|name| !local.contains(*name)) {
        if removal == Removal::Delete {
            remove.insert(name.clone());
        } else {
            after.unsure.insert(name.clone());
        }
    }
    Ok(Work {
        upload,
        remove,
        after,
    })
}
