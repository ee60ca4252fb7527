//! Pull requests: what is asked for, and what a forge makes of it.

mod in_memory;
mod markdown;
mod template;
mod text;

pub use self::in_memory::{InMemoryPullRequests, RepositoryFixture};
pub use self::template::{Check, CheckOutcome, Description, Link, describe};
pub use self::text::{MAX_BODY, MAX_TITLE, PullRequestText};

use async_trait::async_trait;

use crate::ForgeError;

/// The pull requests of one repository, whose branches are all of that repository.
///
/// # Guarantees
///
/// - There is at most one open pull request for a head and a base that [`open`](Self::open) made: it
///   adopts what is open already, also when two callers open the same at once. Pull requests of
///   other repositories (forks) are never taken for this one's, whatever their branches are called.
/// - Doing anything again is fine. After a crash, or an error that is
///   [retryable](ForgeError::is_retryable), the same call finds what was done and completes it.
///
/// # Not guaranteed
///
/// - That what a person changed stays: title and text of an adopted one are those of the
///   specification. Its labels and reviewers stay, and whether it is a draft stays, too.
/// - That a reviewer is asked once only: whoever has answered may be asked again when a pull request
///   is adopted.
/// - Atomicity: a crash may leave a pull request without its labels or reviewers.
#[async_trait]
pub trait PullRequests: Send + Sync {
    /// Opens a pull request, or adopts the one that is open for the same branches and brings it up
    /// to date: title, text, labels that it does not have, reviewers that were not asked.
    ///
    /// Labels and reviewers that the forge does not take are left out and
    /// [told](Opened::omitted): the pull request matters more.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] with what a person can change, when there is no such branch, nothing
    /// to merge, or no drafts; [`ForgeError::Invalid`] when the specification is no good.
    async fn open(&self, spec: &PullRequestSpec) -> Result<Opened, ForgeError>;

    /// The open pull request of a branch; the oldest one when it is to be merged into several.
    async fn find(&self, head: &str) -> Result<Option<PullRequest>, ForgeError>;

    /// Closes a pull request without merging it. One that is closed or merged stays as it is.
    ///
    /// # Errors
    ///
    /// [`ForgeError::NotFound`] when there is none of that number.
    async fn close(&self, number: u64) -> Result<(), ForgeError>;
}

/// A pull request that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequestSpec {
    /// The branch to merge, without `refs/heads/`.
    pub head: String,
    /// The branch to merge into; the repository's default branch when absent.
    pub base: Option<String>,
    /// Title and text.
    pub text: PullRequestText,
    /// Whether it is not ready to be merged.
    pub is_draft: bool,
    /// Names of labels.
    pub labels: Vec<String>,
    /// Who is asked to look at it: names of users, or `OWNER/TEAM` for a team.
    pub reviewers: Vec<String>,
}

impl PullRequestSpec {
    /// A draft from `head` into the default branch, without labels and reviewers.
    pub fn new(head: impl Into<String>, text: PullRequestText) -> Self {
        Self {
            head: head.into(),
            base: None,
            text,
            is_draft: true,
            labels: Vec::new(),
            reviewers: Vec::new(),
        }
    }

    /// Refuses what no forge takes.
    pub(crate) fn check(&self) -> Result<(), ForgeError> {
        check_branch(&self.head)?;
        if let Some(base) = &self.base {
            check_branch(base)?;
            if *base == self.head {
                return Err(ForgeError::invalid(
                    format!("a pull request from {base:?} into itself"),
                    "name another branch to merge into",
                ));
            }
        }
        for (what, names) in [("label", &self.labels), ("reviewer", &self.reviewers)] {
            if names
                .iter()
                .any(|name| name.trim().is_empty() || name.chars().any(char::is_control))
            {
                return Err(ForgeError::invalid(
                    format!("a {what} without a name, or with a line break in it"),
                    "leave it out",
                ));
            }
        }
        Ok(())
    }

    /// What is being asked for, in words.
    pub(crate) fn shown(&self) -> String {
        match &self.base {
            Some(base) => format!("a pull request from {:?} into {base:?}", self.head),
            None => format!("a pull request from {:?}", self.head),
        }
    }
}

/// As far as a forge could take it for something else; git itself says what a name is.
pub(crate) fn check_branch(name: &str) -> Result<(), ForgeError> {
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let is_name = !name.is_empty()
        && !name.starts_with(['/', '-'])
        && !name.ends_with('/')
        && !name.contains("..")
        && !name.contains("//")
        && !name.contains(is_odd);
    if is_name {
        return Ok(());
    }
    Err(ForgeError::invalid(
        format!("the branch {name:?}"),
        "this is no name of a branch",
    ))
}

/// A pull request that is open now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Where a person looks at it.
    pub url: String,
    /// What the repository counts it as.
    pub number: u64,
    /// Whether it was there already: somebody else's, or one of an earlier try.
    pub adopted: bool,
    /// What the forge did not take, for a person to know.
    pub omitted: Vec<Omission>,
}

/// A label or a reviewer that a forge did not take. Shown as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omission {
    /// What was left out.
    pub what: String,
    /// Why.
    pub why: String,
}

impl std::fmt::Display for Omission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} was left out: {}", self.what, self.why)
    }
}

impl Omission {
    pub(crate) fn label(name: &str, why: impl Into<String>) -> Self {
        Self {
            what: format!("the label {name:?}"),
            why: why.into(),
        }
    }

    pub(crate) fn reviewer(name: &str, why: impl Into<String>) -> Self {
        Self {
            what: format!("the reviewer {name:?}"),
            why: why.into(),
        }
    }
}

/// A pull request as a forge has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// What the repository counts it as.
    pub number: u64,
    /// Where a person looks at it.
    pub url: String,
    /// Its title, with whatever the forge marks drafts by.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The branch to merge.
    pub head: String,
    /// The branch to merge into.
    pub base: String,
    /// Whether it is not ready to be merged.
    pub is_draft: bool,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// The users who are asked to look at it.
    pub reviewers: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_be_read_as_something_else_are_no_branches() {
        for name in ["main", "retro/a-b/run-1", "é"] {
            check_branch(name).unwrap();
        }
        for name in [
            "",
            "other:main",
            "a b",
            "a..b",
            "/a",
            "a/",
            "-a",
            "a\n",
            "a?b=c",
            "a//b",
        ] {
            assert!(check_branch(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_no_forge_takes_is_not_sent() {
        let good = PullRequestSpec::new("a", PullRequestText::new("t", "b", &str::to_owned));
        good.check().unwrap();
        assert!(good.is_draft);
        let refused = |change: &dyn Fn(&mut PullRequestSpec)| {
            let mut spec = good.clone();
            change(&mut spec);
            assert!(
                matches!(spec.check(), Err(ForgeError::Invalid { .. })),
                "{spec:?}"
            );
        };
        refused(&|spec| spec.base = Some("a".to_owned()));
        refused(&|spec| spec.head.clear());
        refused(&|spec| spec.labels.push(" ".to_owned()));
        refused(&|spec| spec.reviewers.push("a\nb".to_owned()));
    }
}
