//! Which suite applies to which commit.

use std::collections::{HashMap, HashSet};

use retro_domain::{CommitId, Suite, SuiteFingerprint};
use retro_git::{CommitQuery, GitError, History, Selection};

/// A suite, and others in its place for parts of history.
#[derive(Clone, Debug)]
pub struct SuiteRules {
    /// What runs unless a rule says otherwise.
    pub base: Suite,
    /// Exceptions; where several match, the last one wins.
    pub rules: Vec<SuiteRule>,
}

/// Another suite for a range of commits.
#[derive(Clone, Debug)]
pub struct SuiteRule {
    /// The commits: a revision expression such as `v1.0..v2.0`, words separated by spaces.
    pub range: String,
    /// What runs on them.
    pub suite: Suite,
}

impl From<Suite> for SuiteRules {
    fn from(base: Suite) -> Self {
        Self {
            base,
            rules: Vec::new(),
        }
    }
}

/// The rules resolved against a history.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedRules {
    suites: HashMap<SuiteFingerprint, Suite>,
    base: SuiteFingerprint,
    exceptions: Vec<(HashSet<CommitId>, SuiteFingerprint)>,
}

impl ResolvedRules {
    /// # Errors
    ///
    /// When a rule's range does not resolve.
    pub(crate) fn new(rules: &SuiteRules, history: &dyn History) -> Result<Self, GitError> {
        let base = rules.base.fingerprint();
        let mut suites = HashMap::from([(base, rules.base.clone())]);
        let mut exceptions = Vec::new();
        for rule in &rules.rules {
            let words = rule.range.split_whitespace().map(str::to_owned).collect();
            let listed = history.commits(&CommitQuery::new(Selection::Revisions(words)))?;
            let fingerprint = rule.suite.fingerprint();
            suites.insert(fingerprint, rule.suite.clone());
            exceptions.push((listed.commits.iter().map(|c| c.id).collect(), fingerprint));
        }
        Ok(Self {
            suites,
            base,
            exceptions,
        })
    }

    pub(crate) fn fingerprint_for(&self, commit: &CommitId) -> SuiteFingerprint {
        let exception = self
            .exceptions
            .iter()
            .rev()
            .find(|(commits, _)| commits.contains(commit));
        exception.map_or(self.base, |&(_, fingerprint)| fingerprint)
    }

    pub(crate) fn into_suites(self) -> HashMap<SuiteFingerprint, Suite> {
        self.suites
    }
}
