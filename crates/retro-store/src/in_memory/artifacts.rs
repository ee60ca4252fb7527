//! An artifact store in memory.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use retro_domain::Digest256;

use super::locked;
use crate::{
    ArtifactContent, ArtifactEntry, ArtifactScope, ArtifactStore, Manifest, StoreError,
    check_artifact_name,
};

/// An [`ArtifactStore`] in memory. Clones share one state.
///
/// A [`ArtifactContent::File`] is read and then removed, as a store that moves it would.
#[derive(Clone, Debug, Default)]
pub struct InMemoryArtifactStore {
    scopes: Arc<Mutex<HashMap<ArtifactScope, Scope>>>,
}

#[derive(Debug, Default)]
struct Scope {
    files: BTreeMap<String, Vec<u8>>,
    manifest: Option<Manifest>,
}

impl InMemoryArtifactStore {
    /// Changes a byte of a stored artifact, as a failing disk would; an empty one grows by one.
    /// For tests of what a reader makes of it. Does nothing when there is no such artifact.
    pub fn damage(&self, scope: &ArtifactScope, name: &str) {
        let mut scopes = locked(&self.scopes);
        let content = scopes
            .get_mut(scope)
            .and_then(|scope| scope.files.get_mut(name));
        match content.map(|content| (content.first().copied(), content)) {
            Some((Some(byte), content)) => content[0] = byte ^ 1,
            Some((None, content)) => content.push(0),
            None => {}
        }
    }
}

fn read_regular_file(path: &Path) -> Result<Vec<u8>, StoreError> {
    let failed = |why: String| StoreError::backend(format!("storing {}", path.display()), why);
    let metadata = std::fs::symlink_metadata(path).map_err(|error| failed(error.to_string()))?;
    if !metadata.is_file() {
        return Err(failed("it is not a regular file".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    std::fs::remove_file(path).map_err(|error| failed(error.to_string()))?;
    Ok(bytes)
}

#[async_trait]
impl ArtifactStore for InMemoryArtifactStore {
    async fn put(
        &self,
        scope: &ArtifactScope,
        name: &str,
        content: ArtifactContent,
    ) -> Result<ArtifactEntry, StoreError> {
        check_artifact_name(name)?;
        let mut scopes = locked(&self.scopes);
        let finished = scopes.get(scope).is_some_and(|s| s.manifest.is_some());
        if finished {
            return Err(scope.already_finished());
        }
        let names = scopes.get(scope).map(|scope| scope.files.keys());
        if let Some(other) = names.and_then(|mut names| names.find(|it| nests(it, name))) {
            return Err(StoreError::backend(
                format!("storing the artifact {name:?}"),
                format!("{other:?} is stored, and one of them would have to be a folder"),
            ));
        }
        let bytes = match content {
            ArtifactContent::Bytes(bytes) => bytes,
            ArtifactContent::File(path) => read_regular_file(&path)?,
        };
        let entry = entry_of(name, &bytes);
        let files = &mut scopes.entry(scope.clone()).or_default().files;
        files.insert(name.to_owned(), bytes);
        Ok(entry)
    }

    async fn finish(&self, scope: &ArtifactScope, manifest: &Manifest) -> Result<(), StoreError> {
        let manifest = manifest.checked()?;
        let mut scopes = locked(&self.scopes);
        let empty = Scope::default();
        let stored = scopes.get(scope).unwrap_or(&empty);
        if stored.manifest.is_some() {
            return Err(scope.already_finished());
        }
        for entry in &manifest.entries {
            let found = stored.files.get(&entry.name);
            let found = found.map(|bytes| entry_of(&entry.name, bytes));
            entry.check_against(found.as_ref(), scope)?;
        }
        scopes.entry(scope.clone()).or_default().manifest = Some(manifest);
        Ok(())
    }

    async fn manifest(&self, scope: &ArtifactScope) -> Result<Option<Manifest>, StoreError> {
        let scopes = locked(&self.scopes);
        Ok(scopes.get(scope).and_then(|scope| scope.manifest.clone()))
    }

    async fn read(&self, scope: &ArtifactScope, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let scopes = locked(&self.scopes);
        let Some(stored) = scopes.get(scope) else {
            return Ok(None);
        };
        let Some(entry) = stored.manifest.as_ref().and_then(|all| all.entry(name)) else {
            return Ok(None);
        };
        let bytes = stored.files.get(name).cloned().unwrap_or_default();
        entry.check_content(scope, &entry_of(name, &bytes))?;
        Ok(Some(bytes))
    }

    async fn remove(&self, scope: &ArtifactScope) -> Result<(), StoreError> {
        locked(&self.scopes).remove(scope);
        Ok(())
    }
}

fn entry_of(name: &str, bytes: &[u8]) -> ArtifactEntry {
    ArtifactEntry {
        name: name.to_owned(),
        size: bytes.len() as u64,
        digest: Digest256::of(bytes),
    }
}

/// Whether one name is a folder on the way to the other.
fn nests(a: &str, b: &str) -> bool {
    let inside = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    inside(a, b) || inside(b, a)
}
