//! What the runners of a batch have in common, as JSON.

use retro_domain::{Overlay, OverlayFile, RepoId, ToolchainFingerprint};
use serde::{Deserialize, Serialize};

use super::suite::StoredSuite;
use super::{V1, Versioned, from_json, parsed, to_json};
use crate::{BatchPlan, StoreError};

/// A [`BatchPlan`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredBatchPlan {
    v: u32,
    owner: String,
    name: String,
    url: String,
    suites: Vec<StoredSuite>,
    toolchain: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<StoredFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    patches: Vec<StoredBytes>,
    /// Plans from before it was stored have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_cap: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFile {
    path: String,
    content: StoredBytes,
    executable: bool,
}

/// Text where it is text, for those who look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredBytes {
    Text(String),
    Hex(String),
}

impl Versioned for StoredBatchPlan {
    fn version(&self) -> u32 {
        self.v
    }
}

impl StoredBatchPlan {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any plan there is.
    pub fn encode(plan: &BatchPlan) -> Result<String, StoreError> {
        let file = |file: &OverlayFile| StoredFile {
            path: file.path.clone(),
            content: StoredBytes::new(&file.content),
            executable: file.executable,
        };
        let patch = |patch: &Vec<u8>| StoredBytes::new(patch);
        let stored = Self {
            v: V1,
            owner: plan.repo.owner().to_owned(),
            name: plan.repo.name().to_owned(),
            url: plan.url.clone(),
            suites: plan.suites.iter().map(StoredSuite::from).collect(),
            toolchain: plan.toolchain.0.to_string(),
            files: plan.overlay.files.iter().map(file).collect(),
            patches: plan.overlay.patches.iter().map(patch).collect(),
            log_cap: plan.log_cap,
        };
        to_json(&stored, "writing a batch's plan")
    }

    /// The plan of a JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(text: &str) -> Result<BatchPlan, StoreError> {
        let stored: Self = from_json(text, WHAT)?;
        let file = |file: StoredFile| {
            Ok::<_, StoreError>(OverlayFile {
                path: file.path,
                content: file.content.into_bytes()?,
                executable: file.executable,
            })
        };
        let (files, patches) = (stored.files.into_iter(), stored.patches.into_iter());
        let overlay = Overlay {
            files: files.map(file).collect::<Result<_, _>>()?,
            patches: patches
                .map(StoredBytes::into_bytes)
                .collect::<Result<_, _>>()?,
        };
        let suites = stored.suites.into_iter().map(|it| it.into_suite(WHAT));
        Ok(BatchPlan {
            repo: RepoId::new(&stored.owner, &stored.name)
                .map_err(|error| damaged(error.to_string()))?,
            url: stored.url,
            suites: suites.collect::<Result<_, _>>()?,
            toolchain: ToolchainFingerprint(parsed(&stored.toolchain, WHAT)?),
            overlay,
            log_cap: stored.log_cap,
        })
    }
}

const WHAT: &str = "a batch's plan";

fn damaged(why: impl Into<String>) -> StoreError {
    StoreError::corrupt(WHAT, why)
}

impl StoredBytes {
    fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Hex(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }

    fn into_bytes(self) -> Result<Vec<u8>, StoreError> {
        let digits = match self {
            Self::Text(text) => return Ok(text.into_bytes()),
            Self::Hex(digits) => digits,
        };
        let pairs = digits.as_bytes().chunks(2);
        let byte = |pair: &[u8]| {
            let text = std::str::from_utf8(pair).ok().filter(|it| it.len() == 2)?;
            u8::from_str_radix(text, 16).ok()
        };
        pairs
            .map(|pair| byte(pair).ok_or_else(|| damaged("bytes that are not in hexadecimal")))
            .collect()
    }
}
