//! A repository's pull requests in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Omission, Opened, PullRequest, PullRequestSpec, PullRequests, check_branch};
use crate::{ForgeError, Refusal};

/// What a repository has before anybody opens a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RepositoryFixture {
    /// Its branches, and the names of the commits of each.
    pub branches: BTreeMap<String, BTreeSet<String>>,
    /// The branch that pull requests go into unless they say otherwise.
    pub default_branch: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who may be asked to look at a pull request.
    pub reviewers: Vec<String>,
    /// Whom the token belongs to: the author of every pull request.
    pub author: String,
    /// Whether there are drafts.
    pub has_drafts: bool,
}

/// A [`PullRequests`] in memory, as strict as the stricter of the forges. Clones share one
/// repository.
#[derive(Clone)]
pub struct InMemoryPullRequests {
    state: Arc<Mutex<State>>,
}

struct State {
    repository: RepositoryFixture,
    pulls: Vec<(PullRequest, bool)>,
}

impl InMemoryPullRequests {
    /// A repository without pull requests.
    pub fn new(repository: RepositoryFixture) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                repository,
                pulls: Vec::new(),
            })),
        }
    }

    /// Adds a branch, or replaces its commits: a push.
    pub fn push(&self, branch: &str, commits: &[&str]) {
        let commits = commits.iter().map(|commit| (*commit).to_owned()).collect();
        let mut state = self.locked();
        state.repository.branches.insert(branch.to_owned(), commits);
    }

    /// All pull requests that are open, oldest first.
    pub fn all_open(&self) -> Vec<PullRequest> {
        let state = self.locked();
        let open = state.pulls.iter().filter(|(_, is_open)| *is_open);
        open.map(|(pull, _)| pull.clone()).collect()
    }

    /// Every method checks before it changes anything, so no panic leaves a change half made.
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for InMemoryPullRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryPullRequests")
            .finish_non_exhaustive()
    }
}

impl State {
    fn check_branches(&self, spec: &PullRequestSpec, base: &str) -> Result<(), ForgeError> {
        let refuse = |why| {
            Err(ForgeError::Refused {
                what: spec.shown(),
                why,
            })
        };
        let Some(in_base) = self.repository.branches.get(base) else {
            return refuse(Refusal::NoBase(base.to_owned()));
        };
        let Some(in_head) = self.repository.branches.get(&spec.head) else {
            return refuse(Refusal::NoHead(spec.head.clone()));
        };
        if in_head.is_subset(in_base) {
            return refuse(Refusal::NoCommits {
                head: spec.head.clone(),
                base: base.to_owned(),
            });
        }
        Ok(())
    }

    fn complete(&mut self, number: u64, spec: &PullRequestSpec) -> Vec<Omission> {
        let mut omitted = Vec::new();
        let Self { repository, pulls } = self;
        let Some((pull, _)) = pulls.iter_mut().find(|(pull, _)| pull.number == number) else {
            return omitted;
        };
        for label in &spec.labels {
            if !repository.labels.contains(label) {
                omitted.push(Omission::label(label, "the repository has no such label"));
            } else if !pull.labels.contains(label) {
                pull.labels.push(label.clone());
            }
        }
        for reviewer in &spec.reviewers {
            if reviewer.eq_ignore_ascii_case(&repository.author) {
                omitted.push(Omission::reviewer(reviewer, "it is the author"));
            } else if !repository.reviewers.contains(reviewer) {
                omitted.push(Omission::reviewer(
                    reviewer,
                    "nobody of that name may review",
                ));
            } else if !pull.reviewers.contains(reviewer) {
                pull.reviewers.push(reviewer.clone());
            }
        }
        omitted
    }
}

#[async_trait]
impl PullRequests for InMemoryPullRequests {
    async fn open(&self, spec: &PullRequestSpec) -> Result<Opened, ForgeError> {
        let mut state = self.locked();
        let mut spec = spec.clone();
        let base = spec.base.take();
        let base = base.unwrap_or_else(|| state.repository.default_branch.clone());
        spec.base = Some(base.clone());
        spec.check()?;
        let there = state
            .pulls
            .iter_mut()
            .find(|(pull, is_open)| *is_open && pull.head == spec.head && pull.base == base);
        let (number, adopted) = match there {
            Some((pull, _)) => {
                pull.title = spec.text.title().to_owned();
                pull.body = spec.text.body().to_owned();
                (pull.number, true)
            }
            None => {
                state.check_branches(&spec, &base)?;
                if spec.is_draft && !state.repository.has_drafts {
                    return Err(ForgeError::Refused {
                        what: spec.shown(),
                        why: Refusal::NoDrafts,
                    });
                }
                let number = state.pulls.len() as u64 + 1;
                let pull = PullRequest {
                    number,
                    url: format!("https://forge.invalid/pulls/{number}"),
                    title: spec.text.title().to_owned(),
                    body: spec.text.body().to_owned(),
                    head: spec.head.clone(),
                    base,
                    is_draft: spec.is_draft,
                    labels: Vec::new(),
                    reviewers: Vec::new(),
                };
                state.pulls.push((pull, true));
                (number, false)
            }
        };
        let omitted = state.complete(number, &spec);
        Ok(Opened {
            url: format!("https://forge.invalid/pulls/{number}"),
            number,
            adopted,
            omitted,
        })
    }

    async fn find(&self, head: &str) -> Result<Option<PullRequest>, ForgeError> {
        check_branch(head)?;
        Ok(self.all_open().into_iter().find(|pull| pull.head == head))
    }

    async fn close(&self, number: u64) -> Result<(), ForgeError> {
        let mut state = self.locked();
        let found = state
            .pulls
            .iter_mut()
            .find(|(pull, _)| pull.number == number);
        let (_, is_open) = found.ok_or_else(|| ForgeError::NotFound {
            what: format!("the pull request {number}"),
        })?;
        *is_open = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn make() -> (Arc<dyn PullRequests>, ()) {
        let repository = crate::contract::pull_requests::repository();
        (Arc::new(InMemoryPullRequests::new(repository)), ())
    }

    crate::pull_requests_contract!(make);
}
