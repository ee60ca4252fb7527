//! What every artifact store does the same way.

use crate::{ArtifactEntry, ArtifactScope, Manifest, StoreError, check_artifact_name};

impl ArtifactScope {
    /// The error for a write to a scope that has its manifest.
    pub fn already_finished(&self) -> StoreError {
        StoreError::conflict(
            self.to_string(),
            "no manifest yet",
            "a scope that is finished",
        )
    }
}

impl std::fmt::Display for ArtifactScope {
    /// For people: which artifacts these are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the artifacts of {} at {} (claim {})",
            self.repo,
            self.commit.short(),
            self.epoch.0
        )
    }
}

impl ArtifactEntry {
    /// Checks an entry of a manifest against what was put under its name.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when nothing was, [`StoreError::Conflict`] when it was something
    /// else.
    pub fn check_against(
        &self,
        found: Option<&Self>,
        scope: &ArtifactScope,
    ) -> Result<(), StoreError> {
        let what = || format!("{:?} of {scope}", self.name);
        match found {
            None => Err(StoreError::not_found(what())),
            Some(found) if found != self => Err(StoreError::conflict(
                what(),
                self.content(),
                found.content(),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Checks what was read against the manifest's entry for it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when size or digest differ.
    pub fn check_content(&self, scope: &ArtifactScope, found: &Self) -> Result<(), StoreError> {
        if self == found {
            return Ok(());
        }
        Err(StoreError::corrupt(
            format!("{:?} of {scope}", self.name),
            format!(
                "the manifest says {}, stored is {}",
                self.content(),
                found.content()
            ),
        ))
    }

    fn content(&self) -> String {
        format!("{} bytes with SHA-256 {}", self.size, self.digest)
    }
}

impl Manifest {
    /// The entry of this name.
    pub fn entry(&self, name: &str) -> Option<&ArtifactEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The manifest sorted by name, as it is stored.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when a name occurs twice or is not allowed.
    pub fn checked(&self) -> Result<Self, StoreError> {
        let mut entries = self.entries.clone();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in &entries {
            check_artifact_name(&entry.name)?;
        }
        match entries.windows(2).find(|two| two[0].name == two[1].name) {
            None => Ok(Self { entries }),
            Some(two) => Err(StoreError::backend(
                "writing a manifest",
                format!("{:?} occurs twice in it", two[0].name),
            )),
        }
    }

    /// The size of everything in it, in bytes.
    pub fn total_size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}
