//! Synchronised places in memory.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use retro_domain::Digest256;

use super::locked;
use crate::record::StoredSyncManifest;
use crate::{
    FileHeaders, FolderSync, SYNC_MANIFEST_NAME, StoreError, SyncManifest, SyncOutcome,
    SyncRequest, SyncSource, place_parts,
};

/// A [`FolderSync`] into memory. Clones share one state. As in an object store, places are no more
/// than how names begin.
#[derive(Clone, Debug, Default)]
pub struct InMemoryFolderSync {
    files: Arc<Mutex<Files>>,
}

/// By place and name in one.
type Files = BTreeMap<String, (Vec<u8>, Option<FileHeaders>)>;

impl InMemoryFolderSync {
    /// The files of a place by their names, without the manifest.
    ///
    /// # Errors
    ///
    /// As [`place_parts`].
    pub fn files(
        &self,
        place: &str,
    ) -> Result<BTreeMap<String, (Vec<u8>, FileHeaders)>, StoreError> {
        let prefix = prefix(place)?;
        let files = locked(&self.files);
        let named = files.iter().filter_map(|(name, (content, headers))| {
            let name = name.strip_prefix(&prefix)?.to_owned();
            Some((name, (content.clone(), headers.clone()?)))
        });
        Ok(named.collect())
    }
}

fn prefix(place: &str) -> Result<String, StoreError> {
    let parts = place_parts(place)?;
    Ok(parts.iter().map(|part| format!("{part}/")).collect())
}

fn read_manifest(files: &Files, prefix: &str) -> Result<Option<SyncManifest>, StoreError> {
    let found = files.get(&format!("{prefix}{SYNC_MANIFEST_NAME}"));
    let decode = |(text, _): &(Vec<u8>, _)| StoredSyncManifest::decode(text, prefix);
    found.map(decode).transpose()
}

#[async_trait]
impl FolderSync for InMemoryFolderSync {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncOutcome, StoreError> {
        let prefix = prefix(&request.place)?;
        let Some(source) = SyncSource::open(request)? else {
            return Ok(SyncOutcome::NoFolder);
        };
        let mut files = locked(&self.files);
        let before = match read_manifest(&files, &prefix)? {
            Some(manifest) => manifest,
            None => SyncManifest {
                unsure: files
                    .keys()
                    .filter_map(|name| name.strip_prefix(&prefix))
                    .map(str::to_owned)
                    .collect(),
                ..SyncManifest::default()
            },
        };
        let mut plan = source.plan(&before)?;
        let mut batch = plan.next_batch();
        while !batch.is_empty() {
            for upload in batch {
                let name = &upload.file.name;
                let mut content = Vec::new();
                let mut file = source.folder().open_file(name)?;
                file.read_to_end(&mut content).map_err(|error| {
                    StoreError::backend(format!("reading {name:?}"), error.to_string())
                })?;
                let (size, digest) = (content.len() as u64, Digest256::of(&content));
                let stored = (content, Some(upload.headers.clone()));
                files.insert(format!("{prefix}{name}"), stored);
                plan.uploaded(upload, size, digest);
            }
            batch = plan.next_batch();
        }
        for name in plan.deletes() {
            files.remove(&format!("{prefix}{name}"));
        }
        plan.deleted();
        let text = StoredSyncManifest::encode(plan.manifest())?;
        let name = format!("{prefix}{SYNC_MANIFEST_NAME}");
        files.insert(name, (text.into_bytes(), None));
        Ok(SyncOutcome::Synced(plan.report()))
    }
}
