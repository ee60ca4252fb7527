//! A verdict as JSON.

use retro_domain::{UntestableReason, Verdict};
use serde::{Deserialize, Serialize};

use super::to_json;
use crate::StoreError;

/// A [`Verdict`] as it is stored: its stable name, or `untestable` with the reason.
///
/// Has no version of its own; it is part of something that has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredVerdict {
    /// [`Verdict::Passed`].
    Passed,
    /// [`Verdict::TestsFailed`].
    TestsFailed,
    /// [`Verdict::TimedOut`].
    TimedOut,
    /// [`Verdict::Untestable`].
    Untestable(StoredReason),
}

/// An [`UntestableReason`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredReason {
    /// [`UntestableReason::BuildFailed`].
    BuildFailed(String),
    /// [`UntestableReason::SkipCode`].
    SkipCode(i32),
    /// [`UntestableReason::NoResults`].
    NoResults(String),
    /// [`UntestableReason::OverlayConflict`].
    OverlayConflict(String),
    /// [`UntestableReason::CommandMissing`].
    CommandMissing(String),
}

impl StoredVerdict {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any verdict there is.
    pub fn encode(verdict: &Verdict) -> Result<String, StoreError> {
        to_json(&Self::from(verdict), "writing a verdict")
    }

    /// The verdict of a JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is not one that [`encode`](Self::encode) wrote.
    pub fn decode(text: &str) -> Result<Verdict, StoreError> {
        serde_json::from_str::<Self>(text)
            .map(Verdict::from)
            .map_err(|error| StoreError::corrupt("a stored verdict", error.to_string()))
    }
}

impl From<&Verdict> for StoredVerdict {
    fn from(verdict: &Verdict) -> Self {
        use UntestableReason as R;
        match verdict {
            Verdict::Passed => Self::Passed,
            Verdict::TestsFailed => Self::TestsFailed,
            Verdict::TimedOut => Self::TimedOut,
            Verdict::Untestable(reason) => Self::Untestable(match reason.clone() {
                R::BuildFailed(how) => StoredReason::BuildFailed(how),
                R::SkipCode(code) => StoredReason::SkipCode(code),
                R::NoResults(why) => StoredReason::NoResults(why),
                R::OverlayConflict(why) => StoredReason::OverlayConflict(why),
                R::CommandMissing(what) => StoredReason::CommandMissing(what),
            }),
        }
    }
}

impl From<StoredVerdict> for Verdict {
    fn from(stored: StoredVerdict) -> Self {
        use UntestableReason as R;
        match stored {
            StoredVerdict::Passed => Self::Passed,
            StoredVerdict::TestsFailed => Self::TestsFailed,
            StoredVerdict::TimedOut => Self::TimedOut,
            StoredVerdict::Untestable(reason) => Self::Untestable(match reason {
                StoredReason::BuildFailed(how) => R::BuildFailed(how),
                StoredReason::SkipCode(code) => R::SkipCode(code),
                StoredReason::NoResults(why) => R::NoResults(why),
                StoredReason::OverlayConflict(why) => R::OverlayConflict(why),
                StoredReason::CommandMissing(what) => R::CommandMissing(what),
            }),
        }
    }
}
