//! What a synchronised prefix holds, as one object beside its files.

use std::collections::{BTreeMap, BTreeSet};

use retro_domain::Digest256;
use retro_store::StoreError;
use serde::{Deserialize, Serialize};

/// The name of the object, below the prefix.
pub(super) const NAME: &str = ".retro-sync.json";
/// A longer one is not read: some half a million files.
pub(super) const LIMIT: u64 = 64 << 20;
const V1: u32 = 1;

/// What a prefix holds as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SyncManifest {
    /// Files whose content is known.
    pub(super) known: BTreeMap<String, KnownFile>,
    /// Names under which there may be anything or nothing: a synchronisation that was cut short
    /// was about to change them.
    pub(super) unsure: BTreeSet<String>,
}

/// A file as it was when it was uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownFile {
    pub(super) size: u64,
    /// When the local file was last changed: nanoseconds since 1970.
    pub(super) changed: i128,
    pub(super) digest: Digest256,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    files: Vec<StoredFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unsure: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFile {
    name: String,
    size: u64,
    changed_ns: i128,
    sha256: String,
}

impl SyncManifest {
    pub(super) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let file = |(name, file): (&String, &KnownFile)| StoredFile {
            name: name.clone(),
            size: file.size,
            changed_ns: file.changed,
            sha256: file.digest.to_string(),
        };
        let stored = Stored {
            v: V1,
            files: self.known.iter().map(file).collect(),
            unsure: self.unsure.iter().cloned().collect(),
        };
        serde_json::to_vec(&stored)
            .map_err(|error| StoreError::backend("writing a list of files", error.to_string()))
    }

    pub(super) fn decode(bytes: &[u8], place: &str) -> Result<Self, StoreError> {
        let damaged = |why: String| StoreError::corrupt(format!("{place}/{NAME}"), why);
        let stored: Stored =
            serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if stored.v != V1 {
            return Err(StoreError::backend(
                format!("reading {place}/{NAME}"),
                format!(
                    "it is stored in form {} and this version knows form {V1}: update git-retro",
                    stored.v
                ),
            ));
        }
        let mut known = BTreeMap::new();
        for file in stored.files {
            let digest = file
                .sha256
                .parse()
                .map_err(|_| damaged(format!("{:?} is no digest", file.sha256)))?;
            known.insert(
                file.name,
                KnownFile {
                    size: file.size,
                    changed: file.changed_ns,
                    digest,
                },
            );
        }
        Ok(Self {
            known,
            unsure: stored.unsure.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_files_is_read_back() {
        let file = KnownFile {
            size: 3,
            changed: -5,
            digest: Digest256::of(b"abc"),
        };
        let manifest = SyncManifest {
            known: BTreeMap::from([("a/é".to_owned(), file)]),
            unsure: BTreeSet::from(["b".to_owned()]),
        };
        let bytes = manifest.encode().unwrap();
        assert_eq!(SyncManifest::decode(&bytes, "s3://b").unwrap(), manifest);
    }

    #[test]
    fn what_is_damaged_or_newer_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"v":2,"files":[]}"#,
            r#"{"v":1,"files":[{"name":"a","size":1,"changed_ns":0,"sha256":"x"}]}"#,
        ] {
            assert!(SyncManifest::decode(text.as_bytes(), "s3://b").is_err());
        }
    }
}
