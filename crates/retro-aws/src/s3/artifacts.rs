//! Artifacts in a bucket.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use retro_domain::Digest256;
use retro_store::record::StoredManifest;
use retro_store::{
    ArtifactContent, ArtifactEntry, ArtifactScope, ArtifactStore, MANIFEST_NAME, Manifest,
    StoreError, check_artifact_name,
};
use tokio::task::JoinSet;

use super::bucket::{Bucket, Expect, Written};
use super::source::Source;
use super::upload::{Stored, UploadLimits, Uploader};
use crate::clients::AwsClients;
use crate::writer::Writer;

/// A manifest longer than this is not read: some 50,000 artifacts.
const MANIFEST_LIMIT: u64 = 16 << 20;

/// An [`ArtifactStore`] in S3: `OWNER/NAME/COMMIT/SUITE/EPOCH/` below a prefix of a bucket, where
/// `SUITE` is the first twelve digits of the suite's fingerprint; beside the artifacts, written
/// last and only when there is none, `manifest.json`.
///
/// Each upload carries the SHA-256 of its content, which S3 checks on arrival; content above the
/// size of a part goes in parts, several at once, within one bound of memory for the whole store.
/// Files are read from where they are and stay there.
///
/// # Not guaranteed
///
/// - Whether a scope is finished is asked once for each scope and process: a second process that
///   writes to a scope after the first one has finished it is noticed at its own end, or by a
///   reader, as [`StoreError::Corrupt`].
/// - That a name is not both file and folder is known of what this process has put.
///
/// A crash within an upload in parts leaves parts that only the bucket's rule for incomplete uploads
/// removes.
#[derive(Clone, Debug)]
pub struct S3ArtifactStore {
    uploader: Uploader,
    writer: Writer,
    /// What this process put into scopes that are not finished.
    unfinished: Arc<Mutex<HashMap<ArtifactScope, Begun>>>,
}

/// An unfinished scope.
#[derive(Debug, Default)]
struct Begun {
    /// Every name that was begun.
    names: BTreeSet<String>,
    entries: HashMap<String, ArtifactEntry>,
}

/// Where the artifacts of a scope are, below the prefix of the bucket, with a `/` at its end.
pub fn artifact_prefix(scope: &ArtifactScope) -> String {
    let suite = scope.suite.0.to_string();
    format!(
        "{}/{}/{}/{}/",
        scope.repo,
        scope.commit,
        &suite[..12],
        scope.epoch.0
    )
}

impl S3ArtifactStore {
    /// The store below a prefix of a bucket; an empty prefix is the bucket itself.
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
            unfinished: Arc::default(),
        }
    }

    /// Where the artifacts of a scope are: `s3://BUCKET/PREFIX/OWNER/NAME/COMMIT/SUITE/EPOCH/`.
    pub fn location(&self, scope: &ArtifactScope) -> String {
        self.bucket().uri(&artifact_prefix(scope))
    }

    /// The content of an artifact that a manifest of its scope lists, for a reader that has the
    /// manifest already.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when it is gone or something else.
    pub async fn read_listed(
        &self,
        scope: &ArtifactScope,
        entry: &ArtifactEntry,
    ) -> Result<Vec<u8>, StoreError> {
        let damaged = |why: &str| StoreError::corrupt(format!("{:?} of {scope}", entry.name), why);
        let key = self.key(scope, &entry.name);
        match self.bucket().get(&key, entry.size).await? {
            None => Err(damaged("the manifest lists it and it is gone")),
            Some(object) => {
                entry.check_content(scope, &entry_of(&entry.name, stored(&object.content)))?;
                Ok(object.content)
            }
        }
    }

    fn bucket(&self) -> &Bucket {
        &self.uploader.bucket
    }

    fn key(&self, scope: &ArtifactScope, name: &str) -> String {
        self.bucket()
            .key(&format!("{}{name}", artifact_prefix(scope)))
    }

    fn unfinished(&self) -> MutexGuard<'_, HashMap<ArtifactScope, Begun>> {
        self.unfinished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a scope that is finished. Asks only for a scope that this process has not begun.
    async fn check_unfinished(&self, scope: &ArtifactScope) -> Result<(), StoreError> {
        if self.unfinished().contains_key(scope) {
            return Ok(());
        }
        let manifest = self.key(scope, MANIFEST_NAME);
        if self.bucket().exists(&manifest).await? {
            return Err(scope.already_finished());
        }
        self.unfinished().entry(scope.clone()).or_default();
        Ok(())
    }

    /// Takes a name in a scope. One that would have to be a folder on the way to another is
    /// refused, as a folder would.
    fn begin(&self, scope: &ArtifactScope, name: &str) -> Result<(), StoreError> {
        check_artifact_name(name)?;
        let mut unfinished = self.unfinished();
        let names = &mut unfinished.entry(scope.clone()).or_default().names;
        let below = format!("{name}/");
        let inside = names.range(below.clone()..).next();
        let inside = inside.filter(|other| other.starts_with(&below));
        let mut folders = name.match_indices('/').map(|(at, _)| &name[..at]);
        let outside = folders.find(|folder| names.contains(*folder));
        if let Some(other) = inside.map(String::as_str).or(outside) {
            return Err(StoreError::backend(
                format!("storing the artifact {name:?}"),
                format!("{other:?} is stored, and one of them would have to be a folder"),
            ));
        }
        names.insert(name.to_owned());
        Ok(())
    }

    async fn put_one(
        &self,
        scope: &ArtifactScope,
        name: &str,
        content: ArtifactContent,
    ) -> Result<ArtifactEntry, StoreError> {
        let key = self.key(scope, name);
        let source = Source::open(content).await?;
        let entry = entry_of(name, self.uploader.upload(&key, source, None).await?);
        self.unfinished()
            .entry(scope.clone())
            .or_default()
            .entries
            .insert(name.to_owned(), entry.clone());
        Ok(entry)
    }

    async fn put_all(
        &self,
        scope: &ArtifactScope,
        contents: Vec<(String, ArtifactContent)>,
    ) -> Result<Vec<Result<ArtifactEntry, StoreError>>, StoreError> {
        let mut answers: Vec<Option<Result<ArtifactEntry, StoreError>>> = Vec::new();
        answers.resize_with(contents.len(), || None);
        let mut under_way = JoinSet::new();
        let mut waiting = contents.into_iter().enumerate();
        loop {
            while under_way.len() < self.uploader.files_in_flight()
                && let Some((index, (name, content))) = waiting.next()
            {
                if let Err(refusal) = self.begin(scope, &name) {
                    answers[index] = Some(Err(refusal));
                    continue;
                }
                let (store, scope) = (self.clone(), scope.clone());
                under_way.spawn(async move {
                    let answer = store.put_one(&scope, &name, content).await;
                    (index, answer)
                });
            }
            match under_way.join_next().await {
                None => break,
                Some(Err(error)) => {
                    return Err(StoreError::backend("storing artifacts", error.to_string()));
                }
                Some(Ok((index, answer))) => match answer {
                    Err(error) if !matches!(error, StoreError::Backend { .. }) => {
                        return Err(error);
                    }
                    answer => answers[index] = Some(answer),
                },
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }
}

#[async_trait]
impl ArtifactStore for S3ArtifactStore {
    async fn put(
        &self,
        scope: &ArtifactScope,
        name: &str,
        content: ArtifactContent,
    ) -> Result<ArtifactEntry, StoreError> {
        check_artifact_name(name)?;
        self.check_unfinished(scope).await?;
        self.begin(scope, name)?;
        self.put_one(scope, name, content).await
    }

    async fn put_many(
        &self,
        scope: &ArtifactScope,
        contents: Vec<(String, ArtifactContent)>,
    ) -> Result<Vec<Result<ArtifactEntry, StoreError>>, StoreError> {
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        self.check_unfinished(scope).await?;
        self.put_all(scope, contents).await
    }

    async fn finish(&self, scope: &ArtifactScope, manifest: &Manifest) -> Result<(), StoreError> {
        let manifest = manifest.checked()?;
        self.check_unfinished(scope).await?;
        for entry in &manifest.entries {
            let known = self
                .unfinished()
                .get(scope)
                .and_then(|begun| begun.entries.get(&entry.name))
                .cloned();
            let found = match known {
                Some(found) => Some(found),
                // Another process put it, or nobody did.
                None => {
                    let stored = self.uploader.stored(&self.key(scope, &entry.name)).await?;
                    stored.map(|stored| entry_of(&entry.name, stored))
                }
            };
            entry.check_against(found.as_ref(), scope)?;
        }
        let text = StoredManifest::encode(&manifest)?;
        let digest = Digest256::of(text.as_bytes());
        let token = self.writer.token();
        let written = self
            .bucket()
            .put(
                &self.key(scope, MANIFEST_NAME),
                text.into(),
                &digest,
                None,
                Expect::Absent(&token),
            )
            .await?;
        self.unfinished().remove(scope);
        match written {
            Written::Yes(_) => Ok(()),
            Written::Unexpected => Err(scope.already_finished()),
        }
    }

    async fn manifest(&self, scope: &ArtifactScope) -> Result<Option<Manifest>, StoreError> {
        let key = self.key(scope, MANIFEST_NAME);
        let Some(object) = self.bucket().get(&key, MANIFEST_LIMIT).await? else {
            return Ok(None);
        };
        let what = || format!("the manifest of {scope}");
        let text = String::from_utf8(object.content)
            .map_err(|error| StoreError::corrupt(what(), error.to_string()))?;
        match StoredManifest::decode(&text) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(StoreError::Corrupt { why, .. }) => Err(StoreError::corrupt(what(), why)),
            Err(other) => Err(other),
        }
    }

    async fn read(&self, scope: &ArtifactScope, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let manifest = self.manifest(scope).await?;
        match manifest.as_ref().and_then(|all| all.entry(name)) {
            None => Ok(None),
            Some(entry) => self.read_listed(scope, entry).await.map(Some),
        }
    }

    async fn remove(&self, scope: &ArtifactScope) -> Result<(), StoreError> {
        self.unfinished().remove(scope);
        // The manifest first: what is left of a removal that was cut short is seen by no reader.
        let bucket = self.bucket();
        bucket.delete_all(&[self.key(scope, MANIFEST_NAME)]).await?;
        let prefix = bucket.key(&artifact_prefix(scope));
        let mut pages = bucket.pages(&prefix);
        while let Some(keys) = pages.next().await? {
            bucket.delete_all(&keys).await?;
        }
        Ok(())
    }
}

fn stored(content: &[u8]) -> Stored {
    Stored {
        size: content.len() as u64,
        digest: Digest256::of(content),
    }
}

fn entry_of(name: &str, stored: Stored) -> ArtifactEntry {
    ArtifactEntry {
        name: name.to_owned(),
        size: stored.size,
        digest: stored.digest,
    }
}
