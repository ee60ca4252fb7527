//! What is written down around every effect on the world outside: what is to be done, before it is
//! done, and what came of it, after.
//!
//! A runner that finds an intent without a receipt looks whether the effect is there and adopts it; so
//! nothing is done twice, whenever a runner dies.

use std::fmt;
use std::str::FromStr;

use crate::RunId;

/// What kind of thing an effect is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EffectKind {
    /// A branch is made.
    Branch,
    /// A commit is made.
    Commit,
    /// A branch is pushed.
    Push,
    /// A pull request is opened.
    PullRequest,
    /// What was built is put somewhere.
    Deploy,
    /// Who asked is told.
    Report,
    /// A comment is posted.
    Comment,
}

impl EffectKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Branch,
        Self::Commit,
        Self::Push,
        Self::PullRequest,
        Self::Deploy,
        Self::Report,
        Self::Comment,
    ];

    /// The stable lower-case name, such as `pull_request`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Commit => "commit",
            Self::Push => "push",
            Self::PullRequest => "pull_request",
            Self::Deploy => "deploy",
            Self::Report => "report",
            Self::Comment => "comment",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Names one effect of one run; the same effect has the same id in every attempt. Displays as
/// `RUN.KIND.ORDINAL`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EffectId {
    /// The run.
    pub run: RunId,
    /// What kind of effect it is.
    pub kind: EffectKind,
    /// Which of its kind in the run, from 1.
    pub ordinal: u32,
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.run, self.kind.name(), self.ordinal)
    }
}

/// A text was not the id of an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an effect (RUN.KIND.ORDINAL): {0:?}")]
pub struct EffectIdError(String);

impl FromStr for EffectId {
    type Err = EffectIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let mut parts = text.splitn(3, '.');
            let run = parts.next()?.parse().ok()?;
            let kind = EffectKind::from_name(parts.next()?)?;
            let ordinal = parts.next()?.parse().ok()?;
            let id = Self { run, kind, ordinal };
            // One effect has one text.
            (id.to_string() == text).then_some(id)
        };
        read().ok_or_else(|| EffectIdError(text.to_owned()))
    }
}

/// One effect, as it stands in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EffectRecord {
    /// Which effect.
    pub id: EffectId,
    /// What is to be done, in the words of what does it: a branch and a commit, for example.
    pub intent: String,
    /// What came of it: a commit, or an address. None while that is not known.
    pub receipt: Option<String>,
}

/// A record says something else of an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("effect {id} has the {what} {kept:?} and cannot have {given:?}")]
pub struct EffectConflict {
    id: EffectId,
    what: &'static str,
    kept: String,
    given: String,
}

impl EffectRecord {
    /// What is to be done, and was not.
    pub fn intended(id: EffectId, intent: impl Into<String>) -> Self {
        Self {
            id,
            intent: intent.into(),
            receipt: None,
        }
    }

    /// The record with what came of it. Saying the same twice is allowed.
    ///
    /// # Errors
    ///
    /// When the record has another receipt.
    pub fn with_receipt(mut self, receipt: impl Into<String>) -> Result<Self, EffectConflict> {
        let receipt = receipt.into();
        match self.receipt {
            Some(kept) if kept != receipt => Err(EffectConflict {
                id: self.id,
                what: "receipt",
                kept,
                given: receipt,
            }),
            _ => {
                self.receipt = Some(receipt);
                Ok(self)
            }
        }
    }

    /// Whether an attempt that wants this is the same effect.
    ///
    /// # Errors
    ///
    /// When the record has another intent, and there is no receipt that settles it. Who wants something
    /// new takes a new ordinal.
    pub fn check_intent(&self, intent: &str) -> Result<(), EffectConflict> {
        if self.receipt.is_some() || self.intent == intent {
            return Ok(());
        }
        Err(EffectConflict {
            id: self.id.clone(),
            what: "intent",
            kept: self.intent.clone(),
            given: intent.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn id(kind: EffectKind) -> EffectId {
        let run = RunId::new(Timestamp::from_unix_millis(1_000), 5);
        let ordinal = 2;
        EffectId { run, kind, ordinal }
    }

    #[test]
    fn ids_are_the_same_each_time_and_read_back() {
        for kind in EffectKind::ALL {
            assert_eq!(id(kind).to_string().parse(), Ok(id(kind)));
        }
        assert_eq!(
            id(EffectKind::Push).to_string(),
            "0000000003e8-000005.push.2"
        );
        for text in [
            "",
            "a.push.1",
            "0000000003e8-000005.pull.1",
            "0000000003e8-000005.push.01",
        ] {
            assert!(text.parse::<EffectId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_receipt_is_given_once() {
        let record = EffectRecord::intended(id(EffectKind::Push), "x at 1");
        assert!(record.check_intent("x at 1").is_ok());
        let error = record.check_intent("x at 2").unwrap_err().to_string();
        assert!(error.contains("intent \"x at 1\""), "{error}");
        let record = record.with_receipt("1").unwrap();
        assert!(record.check_intent("x at 2").is_ok());
        let record = record.with_receipt("1").unwrap();
        assert!(record.with_receipt("2").is_err());
    }
}
