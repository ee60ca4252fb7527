//! What there is to do to make a place like a folder: one way for every implementation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use retro_domain::Digest256;

use crate::file_headers::HeaderRules;
use crate::output_folder::Listing;
use crate::{
    FileHeaders, OutputFile, OutputFolder, StoreError, SyncReport, SyncRequest, place_parts,
};

/// How many files are uploaded before the manifest says so.
const BATCH_FILES: usize = 512;
/// How many bytes are, unless a single file has more.
const BATCH_BYTES: u64 = 256 << 20;

/// What a place holds as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncManifest {
    /// Files whose content is known, by their names.
    pub known: BTreeMap<String, SyncedFile>,
    /// Names under which there may be anything or nothing: what was there before there was a
    /// manifest, and what a synchronisation that was cut short was about to change.
    pub unsure: BTreeSet<String>,
}

/// A file as it was when it was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncedFile {
    /// Its size in bytes.
    pub size: u64,
    /// See [`OutputFile::changed`].
    pub changed: i128,
    /// The SHA-256 of its content.
    pub digest: Digest256,
    /// What it is served with; `None` when the manifest does not say.
    pub headers: Option<FileHeaders>,
}

/// A file that is to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncUpload {
    /// The file.
    pub file: OutputFile,
    /// What it is served with.
    pub headers: FileHeaders,
}

/// A folder whose files were looked at, for one request.
#[derive(Debug)]
pub struct SyncSource {
    folder: OutputFolder,
    listing: Listing,
    rules: HeaderRules,
    delete: bool,
}

/// What there is to do. [`manifest`](Self::manifest) is true of the place at every moment, when it is
/// written before anything is changed and after every batch.
#[derive(Debug)]
pub struct SyncPlan {
    uploads: VecDeque<SyncUpload>,
    deletes: BTreeSet<String>,
    manifest: SyncManifest,
    report: SyncReport,
    has_news: bool,
}

impl SyncSource {
    /// Checks a request and looks at its folder; `None` when there is none. Blocks.
    ///
    /// # Errors
    ///
    /// Those of [`FolderSync::sync`](crate::FolderSync::sync) that are not about the place's content.
    pub fn open(request: &SyncRequest) -> Result<Option<Self>, StoreError> {
        place_parts(&request.place)?;
        let rules = HeaderRules::of(request)?;
        let Some(folder) = OutputFolder::open(&request.root, &request.output)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            listing: folder.list()?,
            folder,
            rules,
            delete: request.delete,
        }))
    }

    /// The folder, to read its files.
    pub fn folder(&self) -> &OutputFolder {
        &self.folder
    }

    /// What makes a place like the folder that holds what `before` says. Blocks: it reads files that
    /// may have changed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when a file cannot be read.
    pub fn plan(&self, before: &SyncManifest) -> Result<SyncPlan, StoreError> {
        let mut manifest = SyncManifest::default();
        let mut uploads = VecDeque::new();
        let mut local = BTreeSet::new();
        for file in &self.listing.files {
            local.insert(file.name.as_str());
            let headers = self.rules.headers(&file.name);
            match self.unchanged(file, &headers, before)? {
                Some(known) => {
                    manifest.known.insert(file.name.clone(), known);
                }
                None => uploads.push_back(SyncUpload {
                    file: file.clone(),
                    headers,
                }),
            }
        }
        let skipped = manifest.known.len() as u64;
        let mut deletes = BTreeSet::new();
        for (name, known) in &before.known {
            if local.contains(name.as_str()) {
                continue;
            }
            if self.delete {
                deletes.insert(name.clone());
            } else {
                manifest.known.insert(name.clone(), known.clone());
            }
        }
        for name in before
            .unsure
            .iter()
            .filter(|it| !local.contains(it.as_str()))
        {
            let names = if self.delete {
                &mut deletes
            } else {
                &mut manifest.unsure
            };
            names.insert(name.clone());
        }
        let changing = uploads.iter().map(|upload| &upload.file.name);
        manifest.unsure.extend(changing.chain(&deletes).cloned());
        Ok(SyncPlan {
            has_news: manifest != *before,
            report: SyncReport {
                skipped,
                left_out: self.listing.left_out.clone(),
                ..SyncReport::default()
            },
            uploads,
            deletes,
            manifest,
        })
    }

    /// What the manifest has of a file that need not be uploaded.
    fn unchanged(
        &self,
        file: &OutputFile,
        headers: &FileHeaders,
        before: &SyncManifest,
    ) -> Result<Option<SyncedFile>, StoreError> {
        let Some(known) = before.known.get(&file.name) else {
            return Ok(None);
        };
        let same = known.size == file.size && known.headers.as_ref() == Some(headers);
        if !same || before.unsure.contains(&file.name) {
            return Ok(None);
        }
        if known.changed != file.changed && self.folder.digest(&file.name)? != known.digest {
            return Ok(None);
        }
        Ok(Some(SyncedFile {
            changed: file.changed,
            ..known.clone()
        }))
    }
}

impl SyncPlan {
    /// Whether the manifest is to be written: it says something else than the one that was read.
    pub fn has_news(&self) -> bool {
        self.has_news
    }

    /// Whether any file of the place is to be changed.
    pub fn has_changes(&self) -> bool {
        !self.uploads.is_empty() || !self.deletes.is_empty()
    }

    /// What the place holds now: that which is about to be changed is unsure.
    pub fn manifest(&self) -> &SyncManifest {
        &self.manifest
    }

    /// The next files to upload; none once there are no more.
    pub fn next_batch(&mut self) -> Vec<SyncUpload> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH_FILES
            && let Some(upload) = self.uploads.pop_front_if(|upload| {
                bytes += upload.file.size;
                bytes <= BATCH_BYTES || batch.is_empty()
            })
        {
            batch.push(upload);
        }
        batch
    }

    /// Notes that a file was uploaded: this many bytes, with this digest.
    pub fn uploaded(&mut self, upload: SyncUpload, size: u64, digest: Digest256) {
        let SyncUpload { file, headers } = upload;
        self.has_news = true;
        self.report.uploaded += 1;
        self.report.bytes += size;
        self.manifest.unsure.remove(&file.name);
        let synced = SyncedFile {
            size,
            changed: file.changed,
            digest,
            headers: Some(headers),
        };
        self.manifest.known.insert(file.name, synced);
    }

    /// The names to remove.
    pub fn deletes(&self) -> &BTreeSet<String> {
        &self.deletes
    }

    /// Whether a file is to be removed where a folder is to be, or the other way round: where folders
    /// are more than names, what is to go goes first.
    pub fn has_deletes_in_the_way(&self) -> bool {
        self.uploads.iter().any(|SyncUpload { file, .. }| {
            let below = format!("{}/", file.name);
            let inside = self.deletes.range(below.clone()..).next();
            let mut above = file.name.match_indices('/').map(|(at, _)| &file.name[..at]);
            inside.is_some_and(|name| name.starts_with(&below))
                || above.any(|folder| self.deletes.contains(folder))
        })
    }

    /// Notes that what was to be removed is gone, or never was there.
    pub fn deleted(&mut self) {
        self.has_news |= !self.deletes.is_empty();
        self.report.deleted = self.deletes.len() as u64;
        for name in std::mem::take(&mut self.deletes) {
            self.manifest.unsure.remove(&name);
        }
    }

    /// What was done so far.
    pub fn report(&self) -> SyncReport {
        self.report.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As after a crash in the second batch.
    #[test]
    fn what_the_manifest_says_is_done_is_not_done_again() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..600 {
            std::fs::write(folder.path().join(format!("{number:03}")), "x").unwrap();
        }
        let request = SyncRequest {
            root: folder.path().to_owned(),
            output: String::new(),
            place: String::new(),
            delete: true,
            content_types: Vec::new(),
            cache_headers: Vec::new(),
        };
        let source = SyncSource::open(&request).unwrap().unwrap();
        let before = SyncManifest {
            unsure: BTreeSet::from(["stranger".to_owned()]),
            ..SyncManifest::default()
        };
        let mut plan = source.plan(&before).unwrap();
        assert!(plan.has_changes() && plan.has_news());
        assert_eq!(plan.manifest().unsure.len(), 601);
        for upload in plan.next_batch() {
            plan.uploaded(upload, 1, Digest256::of(b"x"));
        }
        assert_eq!(plan.manifest().unsure.len(), 601 - BATCH_FILES);

        let mut again = source.plan(plan.manifest()).unwrap();
        assert!(again.has_changes() && !again.has_news());
        let left = again.next_batch();
        assert_eq!(
            (left.len(), left[0].file.name.as_str()),
            (600 - BATCH_FILES, "512")
        );
        for upload in left {
            again.uploaded(upload, 1, Digest256::of(b"x"));
        }
        again.deleted();
        assert!(again.has_news() && again.manifest().unsure.is_empty());
        let report = again.report();
        assert_eq!(
            (report.uploaded, report.skipped, report.deleted),
            (88, 512, 1)
        );
        let nothing = source.plan(again.manifest()).unwrap();
        assert!(!nothing.has_changes() && !nothing.has_news());
    }
}
