//! A manifest as JSON.

use serde::{Deserialize, Serialize};

use super::{V1, Versioned, from_json, parsed, to_json};
use crate::{ArtifactEntry, Manifest, StoreError};

/// A [`Manifest`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredManifest {
    v: u32,
    artifacts: Vec<StoredArtifact>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredArtifact {
    name: String,
    size: u64,
    sha256: String,
}

impl Versioned for StoredManifest {
    fn version(&self) -> u32 {
        self.v
    }
}

impl StoredManifest {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any manifest there is.
    pub fn encode(manifest: &Manifest) -> Result<String, StoreError> {
        let stored = |entry: &ArtifactEntry| StoredArtifact {
            name: entry.name.clone(),
            size: entry.size,
            sha256: entry.digest.to_string(),
        };
        let artifacts = manifest.entries.iter().map(stored).collect();
        to_json(&Self { v: V1, artifacts }, "writing a manifest")
    }

    /// The manifest of a JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(text: &str) -> Result<Manifest, StoreError> {
        let what = "a manifest";
        let stored: Self = from_json(text, what)?;
        let entry = |stored: StoredArtifact| {
            Ok(ArtifactEntry {
                digest: parsed(&stored.sha256, what)?,
                name: stored.name,
                size: stored.size,
            })
        };
        let entries: Result<_, StoreError> = stored.artifacts.into_iter().map(entry).collect();
        let manifest = Manifest { entries: entries? };
        manifest
            .checked()
            .map_err(|error| StoreError::corrupt(what, error.to_string()))
    }
}
