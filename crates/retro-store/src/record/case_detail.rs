//! The texts of one test case as JSON.

use std::time::Duration;

use retro_domain::{Attachment, Attempt, Location, Outcome, TestCase};
use serde::{Deserialize, Serialize};

use super::{V1, Versioned, from_json, to_json};
use crate::StoreError;

/// All of a [`TestCase`] but its id, outcome, flaky mark and duration, as it is stored.
///
/// What is absent is left out, so that cases that say the same have the same text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredCaseDetail {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// File and line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<(String, Option<u32>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stdout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stderr: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<StoredAttempt>,
    /// Names and paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<(String, String)>,
    /// Names and values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    properties: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAttempt {
    outcome: StoredOutcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    micros: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StoredOutcome {
    Passed,
    Skipped,
    Failed,
    Errored,
}

impl Versioned for StoredCaseDetail {
    fn version(&self) -> u32 {
        self.v
    }
}

impl StoredCaseDetail {
    /// The JSON text, or `None` for a case that has nothing of the kind.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any case there is.
    pub fn encode(case: &TestCase) -> Result<Option<String>, StoreError> {
        let stored = Self::new(case);
        stored
            .map(|stored| to_json(&stored, "writing the texts of a test"))
            .transpose()
    }

    /// The stored form, or `None` for a case that has nothing of the kind.
    pub(super) fn new(case: &TestCase) -> Option<Self> {
        let bare = case.message.is_none()
            && case.kind.is_none()
            && case.detail.is_none()
            && case.location.is_none()
            && case.stdout.is_none()
            && case.stderr.is_none()
            && case.attempts.is_empty()
            && case.attachments.is_empty()
            && case.properties.is_empty();
        if bare {
            return None;
        }
        let location = case.location.as_ref();
        let attachments = case.attachments.iter();
        Some(Self {
            v: V1,
            message: case.message.clone(),
            kind: case.kind.clone(),
            detail: case.detail.clone(),
            location: location.map(|it| (it.file.clone(), it.line)),
            stdout: case.stdout.clone(),
            stderr: case.stderr.clone(),
            attempts: case.attempts.iter().map(StoredAttempt::from).collect(),
            attachments: attachments
                .map(|it| (it.name.clone(), it.path.clone()))
                .collect(),
            properties: case.properties.clone(),
        })
    }

    /// Puts what a JSON text holds into `case`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode_into(text: &str, case: &mut TestCase) -> Result<(), StoreError> {
        let stored: Self = from_json(text, "the texts of a test")?;
        stored.put_into(case);
        Ok(())
    }

    /// Puts what is stored into `case`.
    pub(super) fn put_into(self, case: &mut TestCase) {
        let attachment = |(name, path)| Attachment { name, path };
        case.message = self.message;
        case.kind = self.kind;
        case.detail = self.detail;
        case.location = self.location.map(|(file, line)| Location { file, line });
        case.stdout = self.stdout;
        case.stderr = self.stderr;
        case.attempts = self.attempts.into_iter().map(Attempt::from).collect();
        case.attachments = self.attachments.into_iter().map(attachment).collect();
        case.properties = self.properties;
    }
}

impl From<Outcome> for StoredOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Passed,
            Outcome::Skipped => Self::Skipped,
            Outcome::Failed => Self::Failed,
            Outcome::Errored => Self::Errored,
        }
    }
}

impl From<StoredOutcome> for Outcome {
    fn from(stored: StoredOutcome) -> Self {
        match stored {
            StoredOutcome::Passed => Self::Passed,
            StoredOutcome::Skipped => Self::Skipped,
            StoredOutcome::Failed => Self::Failed,
            StoredOutcome::Errored => Self::Errored,
        }
    }
}

impl From<&Attempt> for StoredAttempt {
    fn from(attempt: &Attempt) -> Self {
        let micros = |it: Duration| {
            let most = i64::MAX.unsigned_abs();
            u64::try_from(it.as_micros()).map_or(most, |it| it.min(most))
        };
        Self {
            outcome: attempt.outcome.into(),
            micros: attempt.duration.map(micros),
            message: attempt.message.clone(),
            kind: attempt.kind.clone(),
            detail: attempt.detail.clone(),
        }
    }
}

impl From<StoredAttempt> for Attempt {
    fn from(stored: StoredAttempt) -> Self {
        Self {
            outcome: stored.outcome.into(),
            duration: stored.micros.map(Duration::from_micros),
            message: stored.message,
            kind: stored.kind,
            detail: stored.detail,
        }
    }
}
