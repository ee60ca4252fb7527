//! What a synchronised place holds, as JSON beside its files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{FileHeaders, SYNC_MANIFEST_NAME, StoreError, SyncManifest, SyncedFile};

/// The first form had no headers.
const V1: u32 = 1;
const V2: u32 = 2;
/// A longer manifest is neither written nor read: some 300,000 files.
pub const MAX_SYNC_MANIFEST: u64 = 64 << 20;

/// A [`SyncManifest`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredSyncManifest {
    v: u32,
    files: Vec<StoredFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unsure: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFile {
    name: String,
    size: u64,
    changed_ns: i128,
    sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_control: Option<String>,
}

impl StoredSyncManifest {
    /// The stored form.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when it is longer than [`MAX_SYNC_MANIFEST`].
    pub fn encode(manifest: &SyncManifest) -> Result<String, StoreError> {
        let what = "writing the manifest of a deploy";
        let file = |(name, file): (&String, &SyncedFile)| StoredFile {
            name: name.clone(),
            size: file.size,
            changed_ns: file.changed,
            sha256: file.digest.to_string(),
            content_type: file.headers.as_ref().map(|it| it.content_type.clone()),
            cache_control: file
                .headers
                .as_ref()
                .and_then(|it| it.cache_control.clone()),
        };
        let stored = Self {
            v: V2,
            files: manifest.known.iter().map(file).collect(),
            unsure: manifest.unsure.iter().cloned().collect(),
        };
        let text = super::to_json(&stored, what)?;
        if text.len() as u64 > MAX_SYNC_MANIFEST {
            return Err(StoreError::backend(
                what,
                "there are too many files for one: deploy fewer, or to several places",
            ));
        }
        Ok(text)
    }

    /// Reads what was stored; `place` says where.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when it makes no sense, [`StoreError::Backend`] when a newer version
    /// wrote it.
    pub fn decode(text: &[u8], place: &str) -> Result<SyncManifest, StoreError> {
        let what = format!("{SYNC_MANIFEST_NAME} of {place}");
        let damaged = |why: String| {
            StoreError::corrupt(
                &what,
                format!("{why}; remove it, and all files are sent again"),
            )
        };
        let stored: Self = match serde_json::from_slice(text) {
            Ok(stored) => stored,
            Err(error) => {
                // A newer form may well fail to read as this one.
                super::check_version(text, &[V1, V2], &what)?;
                return Err(damaged(error.to_string()));
            }
        };
        super::check_version(text, &[V1, V2], &what)?;
        let mut known = BTreeMap::new();
        for file in stored.files {
            let digest = file
                .sha256
                .parse()
                .map_err(|_| damaged(format!("{:?} is no digest", file.sha256)))?;
            let cache_control = file.cache_control;
            let headers = file.content_type.map(|content_type| FileHeaders {
                content_type,
                cache_control,
            });
            let synced = SyncedFile {
                size: file.size,
                changed: file.changed_ns,
                digest,
                headers,
            };
            known.insert(file.name, synced);
        }
        Ok(SyncManifest {
            known,
            unsure: stored.unsure.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retro_domain::Digest256;
    use std::collections::BTreeSet;

    fn manifest(headers: Option<FileHeaders>) -> SyncManifest {
        let file = SyncedFile {
            size: 3,
            changed: -5,
            digest: Digest256::of(b"abc"),
            headers,
        };
        SyncManifest {
            known: BTreeMap::from([("a/é".to_owned(), file)]),
            unsure: BTreeSet::from(["b".to_owned()]),
        }
    }

    #[test]
    fn a_manifest_keeps_its_form() {
        let headers = FileHeaders {
            content_type: "text/html".to_owned(),
            cache_control: Some("no-cache".to_owned()),
        };
        let text = StoredSyncManifest::encode(&manifest(Some(headers.clone()))).unwrap();
        let expected = concat!(
            r#"{"v":2,"files":[{"name":"a/é","size":3,"changed_ns":-5,"#,
            r#""sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","#,
            r#""content_type":"text/html","cache_control":"no-cache"}],"unsure":["b"]}"#
        );
        assert_eq!(text, expected);
        let read = StoredSyncManifest::decode(text.as_bytes(), "x").unwrap();
        assert_eq!(read, manifest(Some(headers)));
    }

    #[test]
    fn the_first_form_is_read() {
        let text = concat!(
            r#"{"v":1,"files":[{"name":"a/é","size":3,"changed_ns":-5,"#,
            r#""sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}],"#,
            r#""unsure":["b"]}"#
        );
        let read = StoredSyncManifest::decode(text.as_bytes(), "x").unwrap();
        assert_eq!(read, manifest(None));
    }

    #[test]
    fn what_is_damaged_or_newer_is_refused() {
        let check = |text: &str, is_damaged: bool| {
            let error = StoreError::backend("", "");
            let error = StoredSyncManifest::decode(text.as_bytes(), "x")
                .err()
                .unwrap_or(error);
            let damaged = matches!(error, StoreError::Corrupt { .. });
            assert_eq!(damaged, is_damaged, "{text}: {error}");
        };
        check("", true);
        check("{}", true);
        check(
            r#"{"v":1,"files":[{"name":"a","size":1,"changed_ns":0,"sha256":"x"}]}"#,
            true,
        );
        check(r#"{"v":3,"files":[]}"#, false);
        check(r#"{"v":3,"folders":[]}"#, false);
    }
}
