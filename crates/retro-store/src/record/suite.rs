//! A suite and its commands as JSON, part of what holds them.

use std::collections::BTreeMap;
use std::time::Duration;

use retro_domain::{CommandLine, ResultFormat, ResultLocation, ResultSource, Suite};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A [`Suite`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredSuite {
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
pub(super) enum StoredCommand {
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

impl From<&Suite> for StoredSuite {
    fn from(suite: &Suite) -> Self {
        Self {
            name: suite.name.clone(),
            build: suite.build.as_ref().map(StoredCommand::from),
            run: StoredCommand::from(&suite.run),
            results: suite.results.iter().map(StoredSource::from).collect(),
            work_dir: suite.work_dir.clone(),
            build_timeout_ms: suite.build_timeout.map(millis),
            timeout_ms: suite.timeout.map(millis),
            skip_exit_codes: suite.skip_exit_codes.clone(),
            env_allow: suite.env_allow.clone(),
            env: suite.env.clone(),
            retries: suite.retries,
        }
    }
}

impl StoredSuite {
    /// The suite; `what` names what it is part of.
    pub(super) fn into_suite(self, what: &str) -> Result<Suite, StoreError> {
        let sources = self.results.into_iter().map(|it| it.into_source(what));
        Ok(Suite {
            name: self.name,
            build: self.build.map(CommandLine::from),
            run: self.run.into(),
            results: sources.collect::<Result<_, _>>()?,
            work_dir: self.work_dir,
            build_timeout: self.build_timeout_ms.map(Duration::from_millis),
            timeout: self.timeout_ms.map(Duration::from_millis),
            skip_exit_codes: self.skip_exit_codes,
            env_allow: self.env_allow,
            env: self.env,
            retries: self.retries,
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

impl StoredSource {
    fn into_source(self, what: &str) -> Result<ResultSource, StoreError> {
        let unknown =
            || StoreError::corrupt(what, format!("unknown result format {:?}", self.format));
        Ok(ResultSource {
            format: ResultFormat::from_name(&self.format).ok_or_else(unknown)?,
            location: match self.files {
                None => ResultLocation::Stdout,
                Some(glob) => ResultLocation::Files(glob),
            },
        })
    }
}

/// A length of time in the stored precision.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
