//! Logs and result files of finished jobs.

use std::path::PathBuf;

use async_trait::async_trait;
use retro_domain::{CommitId, Digest256, Epoch, RepoId, SuiteFingerprint};

use crate::StoreError;

/// Where the artifacts of one claim of one job live: `OWNER/NAME/COMMIT/SUITE/EPOCH/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArtifactScope {
    /// The repository.
    pub repo: RepoId,
    /// The commit.
    pub commit: CommitId,
    /// The suite.
    pub suite: SuiteFingerprint,
    /// The epoch of the claim: two claims of a job never write to the same place.
    pub epoch: Epoch,
}

/// What to store.
#[derive(Debug)]
pub enum ArtifactContent {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The content of this regular file, which the store may move away. Links are refused.
    File(PathBuf),
}

/// One stored artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactEntry {
    /// Its name, one that [`check_artifact_name`](crate::check_artifact_name) allows.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub digest: Digest256,
}

/// What a finished scope holds, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The artifacts.
    pub entries: Vec<ArtifactEntry>,
}

/// Logs and result files of finished jobs.
///
/// # Guarantees
///
/// - A scope exists for readers once its manifest is written, and the manifest is written last.
/// - A manifest is written once: a second one for its scope is a conflict.
/// - [`read`](Self::read) returns what the manifest's digest says, or [`StoreError::Corrupt`].
/// - One writer at a time is expected in a scope: its epoch belongs to one claim.
///
/// A crash before the manifest leaves files that no reader sees and that
/// [`remove`](Self::remove) or a later collection of garbage takes away.
#[async_trait]
pub trait ArtifactStore: Send + Sync {
    /// Stores one artifact of an unfinished scope; a second `put` of its name replaces it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the scope is finished, [`StoreError::Backend`] for a name that
    /// is not allowed, [`StoreError::Full`] when there is no room.
    async fn put(
        &self,
        scope: &ArtifactScope,
        name: &str,
        content: ArtifactContent,
    ) -> Result<ArtifactEntry, StoreError>;

    /// Stores several artifacts as [`put`](Self::put) does, several at once where that helps. The
    /// answers come in the order of the artifacts.
    ///
    /// # Errors
    ///
    /// What is wrong with one artifact alone ([`StoreError::Backend`]) is its own answer, and the
    /// others are stored; anything else ends the whole, of which some may be stored.
    async fn put_many(
        &self,
        scope: &ArtifactScope,
        contents: Vec<(String, ArtifactContent)>,
    ) -> Result<Vec<Result<ArtifactEntry, StoreError>>, StoreError> {
        let mut answers = Vec::with_capacity(contents.len());
        for (name, content) in contents {
            match self.put(scope, &name, content).await {
                Err(error) if !matches!(error, StoreError::Backend { .. }) => return Err(error),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }

    /// Finishes a scope. What was put and is not in the manifest is never seen again. A scope into
    /// which nothing was put may be finished with an empty manifest, at little cost.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when it is finished already or an entry is not what was put,
    /// [`StoreError::NotFound`] when an entry was never put, [`StoreError::Backend`] when a name
    /// occurs twice.
    async fn finish(&self, scope: &ArtifactScope, manifest: &Manifest) -> Result<(), StoreError>;

    /// The manifest of a finished scope.
    async fn manifest(&self, scope: &ArtifactScope) -> Result<Option<Manifest>, StoreError>;

    /// The content of one artifact of a finished scope; `None` when it has no such artifact.
    async fn read(&self, scope: &ArtifactScope, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Removes a scope, finished or not. Removing what is not there is fine.
    async fn remove(&self, scope: &ArtifactScope) -> Result<(), StoreError>;
}
