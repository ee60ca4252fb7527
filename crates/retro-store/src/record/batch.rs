//! What the runners of a batch have in common, as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use retro_domain::{
    CommandLine, Overlay, OverlayFile, RepoId, ResultFormat, ResultLocation, ResultSource, Suite,
    ToolchainFingerprint,
};
use serde::{Deserialize, Serialize};

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
}

/// A [`Suite`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSuite {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    build: Option<StoredCommand>,
    run: StoredCommand,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    results: Vec<StoredSource>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    work_dir: String,
    build_timeout_ms: Option<u64>,
    timeout_ms: Option<u64>,
    skip_exit_codes: Vec<i32>,
    env_allow: Vec<String>,
    env: BTreeMap<String, String>,
    retries: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredCommand {
    Argv(Vec<String>),
    Shell(String),
}

/// A format, and a glob when it is not what the command prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSource {
    format: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<String>,
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
        let suites = stored.suites.into_iter().map(Suite::try_from);
        Ok(BatchPlan {
            repo: RepoId::new(&stored.owner, &stored.name)
                .map_err(|error| damaged(error.to_string()))?,
            url: stored.url,
            suites: suites.collect::<Result<_, _>>()?,
            toolchain: ToolchainFingerprint(parsed(&stored.toolchain, WHAT)?),
            overlay,
        })
    }
}

const WHAT: &str = "a batch's plan";

fn damaged(why: impl Into<String>) -> StoreError {
    StoreError::corrupt(WHAT, why)
}

impl From<&Suite> for StoredSuite {
    fn from(suite: &Suite) -> Self {
        let millis = |limit: Option<Duration>| {
            limit.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
        };
        Self {
            name: suite.name.clone(),
            build: suite.build.as_ref().map(StoredCommand::from),
            run: StoredCommand::from(&suite.run),
            results: suite.results.iter().map(StoredSource::from).collect(),
            work_dir: suite.work_dir.clone(),
            build_timeout_ms: millis(suite.build_timeout),
            timeout_ms: millis(suite.timeout),
            skip_exit_codes: suite.skip_exit_codes.clone(),
            env_allow: suite.env_allow.clone(),
            env: suite.env.clone(),
            retries: suite.retries,
        }
    }
}

impl TryFrom<StoredSuite> for Suite {
    type Error = StoreError;

    fn try_from(stored: StoredSuite) -> Result<Self, StoreError> {
        let sources = stored.results.into_iter().map(ResultSource::try_from);
        Ok(Self {
            name: stored.name,
            build: stored.build.map(CommandLine::from),
            run: stored.run.into(),
            results: sources.collect::<Result<_, _>>()?,
            work_dir: stored.work_dir,
            build_timeout: stored.build_timeout_ms.map(Duration::from_millis),
            timeout: stored.timeout_ms.map(Duration::from_millis),
            skip_exit_codes: stored.skip_exit_codes,
            env_allow: stored.env_allow,
            env: stored.env,
            retries: stored.retries,
        })
    }
}

impl From<&CommandLine> for StoredCommand {
    fn from(command: &CommandLine) -> Self {
        match command {
            CommandLine::Argv(argv) => Self::Argv(argv.clone()),
            CommandLine::Shell(line) => Self::Shell(line.clone()),
        }
    }
}

impl From<StoredCommand> for CommandLine {
    fn from(stored: StoredCommand) -> Self {
        match stored {
            StoredCommand::Argv(argv) => Self::Argv(argv),
            StoredCommand::Shell(line) => Self::Shell(line),
        }
    }
}

impl From<&ResultSource> for StoredSource {
    fn from(source: &ResultSource) -> Self {
        Self {
            format: source.format.name().to_owned(),
            files: match &source.location {
                ResultLocation::Stdout => None,
                ResultLocation::Files(glob) => Some(glob.clone()),
            },
        }
    }
}

impl TryFrom<StoredSource> for ResultSource {
    type Error = StoreError;

    fn try_from(stored: StoredSource) -> Result<Self, StoreError> {
        let unknown = || damaged(format!("unknown result format {:?}", stored.format));
        Ok(Self {
            format: ResultFormat::from_name(&stored.format).ok_or_else(unknown)?,
            location: match stored.files {
                None => ResultLocation::Stdout,
                Some(glob) => ResultLocation::Files(glob),
            },
        })
    }
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
