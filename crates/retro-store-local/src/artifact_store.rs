//! Artifacts in folders.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use retro_store::record::StoredManifest;
use retro_store::{
    ArtifactContent, ArtifactEntry, ArtifactScope, ArtifactStore, MANIFEST_NAME, Manifest,
    StoreError, check_artifact_name,
};

use crate::database::{Database, locked};
use crate::empty_scopes;
use crate::fault::from_io;
use crate::folder::Folder;
use crate::intake::{self, Stored};

/// A manifest longer than this is not read: some 50,000 artifacts.
const MANIFEST_LIMIT: u64 = 16 << 20;

/// An [`ArtifactStore`] in folders: `OWNER/NAME/COMMIT/SUITE/EPOCH/` below a root, where `SUITE` is
/// the first twelve digits of the suite's fingerprint; beside the artifacts, written last,
/// `manifest.json`.
///
/// A file that is given to it is moved when it is on the same file system and nothing else links
/// to it, else copied. No link is followed below the root. A scope that is finished without any
/// artifact is a row in the database instead of a folder.
///
/// # Not guaranteed
///
/// Files are not forced to the disk one by one. A loss of power may leave an artifact that does
/// not match its manifest: reading it says [`StoreError::Corrupt`].
#[derive(Clone, Debug)]
pub struct FsArtifactStore {
    root: Arc<OwnedFd>,
    database: Arc<Database>,
    /// What this process put into scopes that are not finished, so that finishing one does not
    /// read it all again.
    unfinished: Arc<Mutex<HashMap<ArtifactScope, BTreeMap<String, ArtifactEntry>>>>,
}

impl FsArtifactStore {
    pub(crate) fn open(root: &Path, database: Arc<Database>) -> Result<Self, StoreError> {
        let opened = std::fs::create_dir_all(root)
            .and_then(|()| std::fs::File::open(root))
            .map_err(|error| from_io(&error, format!("opening {}", root.display())))?;
        Ok(Self {
            root: Arc::new(opened.into()),
            database,
            unfinished: Arc::default(),
        })
    }

    pub(crate) fn root(&self) -> io::Result<Folder> {
        Ok(Folder::new(self.root.try_clone()?))
    }

    fn find(&self, scope: &ArtifactScope) -> io::Result<Option<Folder>> {
        self.root()?.descend(&scope_parts(scope))
    }

    /// The size that a scope's manifest lists; 0 when there is none that can be read.
    pub(crate) fn listed_size(&self, scope: &ArtifactScope) -> u64 {
        match self
            .find(scope)
            .map(|folder| folder.map(|it| read_manifest(&it, scope)))
        {
            Ok(Some(Ok(Some(manifest)))) => manifest.total_size(),
            _ => 0,
        }
    }

    fn is_finished(
        &self,
        scope: &ArtifactScope,
        folder: Option<&Folder>,
    ) -> Result<bool, StoreError> {
        let has_manifest = match folder {
            Some(folder) => folder
                .exists(MANIFEST_NAME)
                .map_err(|error| from_io(&error, format!("looking at {scope}")))?,
            None => false,
        };
        Ok(has_manifest || empty_scopes::contains(&self.database, scope)?)
    }

    /// What is stored in a scope under a name, from memory or by reading it.
    fn stored_entry(
        &self,
        scope: &ArtifactScope,
        folder: &Folder,
        name: &str,
    ) -> Result<Option<ArtifactEntry>, StoreError> {
        let known = locked(&self.unfinished);
        if let Some(entry) = known.get(scope).and_then(|entries| entries.get(name)) {
            // Somebody may have removed the file since.
            let there = folder.size_of(name);
            if there.is_ok_and(|size| size == Some(entry.size)) {
                return Ok(Some(entry.clone()));
            }
        }
        drop(known);
        folder
            .open_file(name)
            .and_then(|file| {
                file.map(|mut file| intake::digest_of(&mut file))
                    .transpose()
            })
            .map(|stored| stored.map(|stored| stored.entry(name)))
            .map_err(|error| from_io(&error, format!("reading {name:?} of {scope}")))
    }
}

#[async_trait]
impl ArtifactStore for FsArtifactStore {
    async fn put(
        &self,
        scope: &ArtifactScope,
        name: &str,
        content: ArtifactContent,
    ) -> Result<ArtifactEntry, StoreError> {
        check_artifact_name(name)?;
        let failed = |error: io::Error| from_io(&error, format!("storing {name:?} of {scope}"));
        let found = self.find(scope).map_err(failed)?;
        if self.is_finished(scope, found.as_ref())? {
            return Err(scope.already_finished());
        }
        let folder = match found {
            Some(folder) => folder,
            None => self
                .root()
                .and_then(|root| root.make(&scope_parts(scope)))
                .map_err(failed)?,
        };
        let stored: Stored = match content {
            ArtifactContent::Bytes(bytes) => intake::write(&folder, name, &bytes),
            ArtifactContent::File(path) => intake::take(&folder, name, &path),
        }
        .map_err(failed)?;
        let entry = stored.entry(name);
        locked(&self.unfinished)
            .entry(scope.clone())
            .or_default()
            .insert(name.to_owned(), entry.clone());
        Ok(entry)
    }

    async fn finish(&self, scope: &ArtifactScope, manifest: &Manifest) -> Result<(), StoreError> {
        let manifest = manifest.checked()?;
        let failed = |error: io::Error| from_io(&error, format!("finishing {scope}"));
        let folder = self.find(scope).map_err(failed)?;
        if self.is_finished(scope, folder.as_ref())? {
            return Err(scope.already_finished());
        }
        for entry in &manifest.entries {
            let found = match &folder {
                Some(folder) => self.stored_entry(scope, folder, &entry.name)?,
                None => None,
            };
            entry.check_against(found.as_ref(), scope)?;
        }
        let finished = match folder.filter(|_| !manifest.entries.is_empty()) {
            None => empty_scopes::add(&self.database, scope)?,
            Some(folder) => {
                let text = StoredManifest::encode(&manifest)?;
                intake::write_once(&folder, MANIFEST_NAME, text.as_bytes()).map_err(failed)?
            }
        };
        if !finished {
            return Err(scope.already_finished());
        }
        locked(&self.unfinished).remove(scope);
        Ok(())
    }

    async fn manifest(&self, scope: &ArtifactScope) -> Result<Option<Manifest>, StoreError> {
        let folder = self
            .find(scope)
            .map_err(|error| from_io(&error, format!("looking at {scope}")))?;
        if let Some(folder) = folder
            && let Some(manifest) = read_manifest(&folder, scope)?
        {
            return Ok(Some(manifest));
        }
        let empty = empty_scopes::contains(&self.database, scope)?;
        Ok(empty.then(Manifest::default))
    }

    async fn read(&self, scope: &ArtifactScope, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let failed = |error: io::Error| from_io(&error, format!("reading {name:?} of {scope}"));
        let Some(folder) = self.find(scope).map_err(failed)? else {
            return Ok(None);
        };
        let manifest = read_manifest(&folder, scope)?;
        let Some(entry) = manifest.as_ref().and_then(|all| all.entry(name)) else {
            return Ok(None);
        };
        let damaged = |why: &str| StoreError::corrupt(format!("{name:?} of {scope}"), why);
        let file = match folder.open_file(name) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(damaged("the manifest lists it and it is gone")),
            // What was a file when it was stored is something else now.
            Err(error) => return Err(damaged(&error.to_string())),
        };
        let bytes = intake::read_up_to(file, entry.size.saturating_add(1)).map_err(failed)?;
        entry.check_content(scope, &Stored::of(&bytes).entry(name))?;
        Ok(Some(bytes))
    }

    async fn remove(&self, scope: &ArtifactScope) -> Result<(), StoreError> {
        locked(&self.unfinished).remove(scope);
        empty_scopes::remove(&self.database, scope)?;
        self.root()
            .and_then(|root| root.remove_scope(&scope_parts(scope)))
            .map_err(|error| from_io(&error, format!("removing {scope}")))
    }
}

fn read_manifest(folder: &Folder, scope: &ArtifactScope) -> Result<Option<Manifest>, StoreError> {
    let what = || format!("the manifest of {scope}");
    let file = folder
        .open_file(MANIFEST_NAME)
        .map_err(|error| from_io(&error, what()))?;
    let Some(file) = file else {
        return Ok(None);
    };
    let bytes =
        intake::read_up_to(file, MANIFEST_LIMIT).map_err(|error| from_io(&error, what()))?;
    let text =
        String::from_utf8(bytes).map_err(|error| StoreError::corrupt(what(), error.to_string()))?;
    match StoredManifest::decode(&text) {
        Ok(manifest) => Ok(Some(manifest)),
        Err(StoreError::Corrupt { why, .. }) => Err(StoreError::corrupt(what(), why)),
        Err(other) => Err(other),
    }
}

/// The folders from the root down to a scope. The parts of a repository's name are no dot paths.
fn scope_parts(scope: &ArtifactScope) -> Vec<String> {
    let mut parts: Vec<String> = scope.repo.owner().split('/').map(str::to_owned).collect();
    parts.push(scope.repo.name().to_owned());
    parts.push(scope.commit.to_string());
    parts.push(suite_part(scope));
    parts.push(scope.epoch.0.to_string());
    parts
}

/// The part of a scope's path that stands for its suite.
pub(crate) fn suite_part(scope: &ArtifactScope) -> String {
    let mut digits = scope.suite.0.to_string();
    digits.truncate(12);
    digits
}
