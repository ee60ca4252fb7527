//! Folders of this machine made like others.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use retro_store::record::{MAX_SYNC_MANIFEST, StoredSyncManifest};
use retro_store::{
    FolderSync, OutputFolder, SYNC_MANIFEST_NAME, StoreError, SyncManifest, SyncOutcome, SyncPlan,
    SyncRequest, SyncSource, SyncUpload, place_parts,
};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::fault::from_io;
use crate::folder::Folder;
use crate::intake::{self, Stored};
use crate::synced_folder::SyncedFolder;

/// A [`FolderSync`] with folders of this machine. A place is a path below the base, or an absolute one
/// that leads there; no link is followed below the base. Content types and cache headers are kept in
/// the manifest, for whoever serves the files. Folders and files are readable by all, as far as the
/// process's mask of modes lets them be; the manifest is not.
///
/// A `.git` of a place is never touched. A synchronisation holds a lock on the folder, which goes with
/// its process. The work is done on a thread of tokio's for what blocks.
///
/// # Not guaranteed
///
/// Files are not forced to the disk one by one: remove the manifest after a loss of power.
#[derive(Clone, Debug)]
pub struct FsFolderSync {
    base: PathBuf,
}

/// Files that are copied at once.
const AT_ONCE: usize = 4;

impl FsFolderSync {
    /// Synchronisation with places below `base`, which is made when needed.
    pub fn new(base: &Path) -> Self {
        Self {
            base: base.to_owned(),
        }
    }

    /// The parts of a place below the base.
    fn parts(&self, place: &str) -> Result<Vec<String>, StoreError> {
        let below = if place.starts_with('/') {
            let below = Path::new(place).strip_prefix(&self.base).ok();
            below.and_then(Path::to_str).ok_or_else(|| {
                StoreError::backend(
                    format!("deploying to {place:?}"),
                    format!(
                        "it is not below {}: name a folder that is",
                        self.base.display()
                    ),
                )
            })?
        } else {
            place
        };
        let parts = place_parts(below)?;
        Ok(parts.into_iter().map(str::to_owned).collect())
    }

    fn run(&self, request: &SyncRequest) -> Result<SyncOutcome, StoreError> {
        let parts = self.parts(&request.place)?;
        let Some(source) = SyncSource::open(request)? else {
            return Ok(SyncOutcome::NoFolder);
        };
        let path = self.base.join(parts.join("/"));
        let place = Place {
            folder: self.open(&parts, source.folder(), &path)?,
            path,
        };
        // The lock goes with the open folder, and with its process.
        let lock = rustix::fs::flock(place.folder.fd(), FlockOperation::NonBlockingLockExclusive);
        match lock {
            Ok(()) => place.sync(&source).map(SyncOutcome::Synced),
            Err(Errno::WOULDBLOCK) => Err(StoreError::conflict(
                place.path.display().to_string(),
                "no other synchronisation at the same time",
                "one: run it again",
            )),
            Err(error) => Err(place.failed(&error.into(), "locking it")),
        }
    }

    fn open(
        &self,
        parts: &[String],
        source: &OutputFolder,
        path: &Path,
    ) -> Result<Folder, StoreError> {
        let what = || format!("opening {}", path.display());
        let failed = |error: io::Error| from_io(&error, what());
        std::fs::create_dir_all(&self.base).map_err(failed)?;
        let from = std::fs::canonicalize(source.path()).map_err(failed)?;
        let to = std::fs::canonicalize(&self.base).map_err(failed)?;
        let to = to.join(parts.join("/"));
        if from.starts_with(&to) || to.starts_with(&from) {
            return Err(StoreError::backend(
                what(),
                "it holds the folder that is deployed, or is in it: deploy elsewhere",
            ));
        }
        let base = std::fs::File::open(&self.base).map_err(failed)?;
        let folder = Folder::new(base.into()).make_public(parts);
        folder.map_err(failed)
    }
}

#[async_trait]
impl FolderSync for FsFolderSync {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncOutcome, StoreError> {
        let (store, request) = (self.clone(), request.clone());
        let work = tokio::task::spawn_blocking(move || store.run(&request));
        match work.await {
            Ok(done) => done,
            Err(error) => Err(StoreError::backend("deploying", error.to_string())),
        }
    }
}

/// A place that is locked.
struct Place {
    folder: Folder,
    path: PathBuf,
}

impl Place {
    fn failed(&self, error: &io::Error, what: &str) -> StoreError {
        from_io(error, format!("{what} in {}", self.path.display()))
    }

    fn sync(&self, source: &SyncSource) -> Result<retro_store::SyncReport, StoreError> {
        let before = self.read_manifest()?;
        let is_new = before.is_none();
        let before = match before {
            Some(manifest) => manifest,
            None => SyncManifest {
                unsure: self.names()?,
                ..SyncManifest::default()
            },
        };
        let mut plan = source.plan(&before)?;
        if plan.has_changes() {
            let tidied = SyncedFolder(&self.folder).remove_temporaries();
            tidied.map_err(|error| self.failed(&error, "tidying up"))?;
            if plan.has_news() || is_new {
                self.write_manifest(&plan)?;
            }
        }
        if plan.has_deletes_in_the_way() {
            self.delete(plan.deletes())?;
        }
        let mut batch = plan.next_batch();
        while !batch.is_empty() {
            for (upload, stored) in self.copy_all(source.folder(), batch)? {
                plan.uploaded(upload, stored.size, stored.digest);
            }
            batch = plan.next_batch();
            if !batch.is_empty() {
                self.write_manifest(&plan)?;
            }
        }
        self.delete(plan.deletes())?;
        plan.deleted();
        if plan.has_news() || is_new {
            self.write_manifest(&plan)?;
        }
        Ok(plan.report())
    }

    fn read_manifest(&self) -> Result<Option<SyncManifest>, StoreError> {
        let failed = |error: io::Error| self.failed(&error, "reading the manifest");
        let Some(file) = self.folder.open_file(SYNC_MANIFEST_NAME).map_err(failed)? else {
            return Ok(None);
        };
        let text = intake::read_up_to(file, MAX_SYNC_MANIFEST + 1).map_err(failed)?;
        let place = self.path.display().to_string();
        StoredSyncManifest::decode(&text, &place).map(Some)
    }

    fn write_manifest(&self, plan: &SyncPlan) -> Result<(), StoreError> {
        let text = StoredSyncManifest::encode(plan.manifest())?;
        let written = intake::write(&self.folder, SYNC_MANIFEST_NAME, text.as_bytes());
        let written = written.map(drop);
        written.map_err(|error| self.failed(&error, "writing the manifest"))
    }

    fn names(&self) -> Result<BTreeSet<String>, StoreError> {
        let names = SyncedFolder(&self.folder).names();
        names.map_err(|error| self.failed(&error, "looking for files"))
    }

    fn delete(&self, names: &BTreeSet<String>) -> Result<(), StoreError> {
        for name in names {
            let removed = SyncedFolder(&self.folder).remove(name);
            removed.map_err(|error| self.failed(&error, &format!("removing {name:?}")))?;
        }
        Ok(())
    }

    /// Copies files, several at once.
    fn copy_all(
        &self,
        source: &OutputFolder,
        batch: Vec<SyncUpload>,
    ) -> Result<Vec<(SyncUpload, Stored)>, StoreError> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut copied = Vec::new();
            while let Some(upload) = batch.get(next.fetch_add(1, Ordering::Relaxed)) {
                let name = &upload.file.name;
                let mut file = source.open_file(name)?;
                let stored = intake::publish(&self.folder, name, &mut file);
                let stored =
                    stored.map_err(|error| self.failed(&error, &format!("writing {name:?}")))?;
                copied.push((upload.clone(), stored));
            }
            Ok(copied)
        };
        let answers: Vec<Result<Vec<_>, StoreError>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..AT_ONCE.min(batch.len()))
                .map(|_| scope.spawn(work))
                .collect();
            let joined = workers.into_iter().map(|worker| match worker.join() {
                Ok(answer) => answer,
                Err(_) => Err(StoreError::backend("copying files", "a thread panicked")),
            });
            joined.collect()
        });
        let mut copied = Vec::with_capacity(batch.len());
        for answer in answers {
            copied.extend(answer?);
        }
        Ok(copied)
    }
}
