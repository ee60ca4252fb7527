//! The elements that mean something.

use retro_domain::Outcome;

/// An element that means something here, or the name of one that does not.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Element {
    Root,
    Suite,
    Case,
    Result(Outcome),
    Attempt(Outcome),
    AttemptDetail,
    Stdout,
    Stderr,
    Properties,
    /// With its name while its value may still come as a text.
    Property(Option<String>),
    Other(Vec<u8>),
}

impl Element {
    #[inline]
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"testsuites" | b"testrun" => Self::Root,
            b"testsuite" => Self::Suite,
            b"testcase" => Self::Case,
            b"failure" => Self::Result(Outcome::Failed),
            b"error" => Self::Result(Outcome::Errored),
            b"skipped" => Self::Result(Outcome::Skipped),
            b"flakyFailure" | b"rerunFailure" => Self::Attempt(Outcome::Failed),
            b"flakyError" | b"rerunError" => Self::Attempt(Outcome::Errored),
            b"stackTrace" => Self::AttemptDetail,
            b"system-out" => Self::Stdout,
            b"system-err" => Self::Stderr,
            b"properties" => Self::Properties,
            b"property" => Self::Property(None),
            other => Self::Other(other[..other.len().min(200)].to_vec()),
        }
    }

    pub(super) fn is_structure(&self) -> bool {
        matches!(self, Self::Root | Self::Suite | Self::Case)
    }

    /// Whether an end tag of this name closes it.
    pub(super) fn is_closed_by(&self, end: &Self) -> bool {
        match (self, end) {
            (Self::Property(_), Self::Property(_)) => true,
            // The two names of each kind of attempt are one here, and so are the two roots.
            _ => self == end,
        }
    }

    /// Whether it may be an element inside one that holds a text, and is no stray markup there.
    pub(super) fn may_be_inside(&self, holder: &Self) -> bool {
        match self {
            Self::Root | Self::Suite | Self::Case => true,
            Self::AttemptDetail | Self::Stdout | Self::Stderr => {
                matches!(holder, Self::Attempt(_))
            }
            _ => false,
        }
    }

    pub(super) fn holds_text(&self) -> bool {
        matches!(
            self,
            Self::Result(_)
                | Self::Attempt(_)
                | Self::AttemptDetail
                | Self::Stdout
                | Self::Stderr
                | Self::Property(Some(_))
        )
    }
}
