//! Which suite applies to which commit.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use retro_domain::{CommitId, Suite, SuiteFingerprint};
use retro_git::{CommitQuery, History, Selection};

use crate::LookBackError;

/// A suite, and what changes it for parts of history.
#[derive(Clone, Debug)]
pub struct SuiteRules {
    /// What runs unless a rule says otherwise.
    pub base: Suite,
    /// Exceptions; where several match, each changes what those before it left.
    pub rules: Vec<SuiteRule>,
}

/// A change of the suite for a range of commits.
#[derive(Clone)]
pub struct SuiteRule {
    /// The commits as `git log` takes them: a revision, with everything that leads to it, or an
    /// expression such as `v1.0..v2.0`; words are separated by spaces.
    pub range: String,
    /// What runs on them, made from what would run otherwise.
    pub change: Arc<dyn Fn(&Suite) -> Suite + Send + Sync>,
}

impl fmt::Debug for SuiteRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuiteRule")
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
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
pub(crate) struct ResolvedRules<'a> {
    rules: &'a SuiteRules,
    /// The commits of each rule.
    ranges: Vec<HashSet<CommitId>>,
    suites: HashMap<SuiteFingerprint, Suite>,
    /// The suites made so far, by the rules that made them.
    made: HashMap<Vec<usize>, SuiteFingerprint>,
}

impl<'a> ResolvedRules<'a> {
    /// # Errors
    ///
    /// When a rule's range does not resolve.
    pub(crate) fn new(rules: &'a SuiteRules, history: &dyn History) -> Result<Self, LookBackError> {
        let mut ranges = Vec::new();
        for rule in &rules.rules {
            let words: Vec<String> = rule.range.split_whitespace().map(str::to_owned).collect();
            let selection = match words.as_slice() {
                [tip] if !is_expression(tip) => Selection::Last {
                    count: usize::MAX,
                    tip: Some(tip.clone()),
                },
                _ => Selection::Revisions(words),
            };
            let listed = history.commits(&CommitQuery::new(selection));
            let listed = listed.map_err(|source| LookBackError::Rule {
                range: rule.range.clone(),
                source,
            })?;
            ranges.push(listed.commits.iter().map(|commit| commit.id).collect());
        }
        // The suite itself is told even where a rule changes it on every commit.
        let base = rules.base.fingerprint();
        Ok(Self {
            rules,
            ranges,
            suites: HashMap::from([(base, rules.base.clone())]),
            made: HashMap::from([(Vec::new(), base)]),
        })
    }

    pub(crate) fn fingerprint_for(&mut self, commit: &CommitId) -> SuiteFingerprint {
        let ranges = self.ranges.iter().enumerate();
        let matching: Vec<usize> = ranges
            .filter(|(_, commits)| commits.contains(commit))
            .map(|(number, _)| number)
            .collect();
        if let Some(known) = self.made.get(&matching) {
            return *known;
        }
        let suite = matching
            .iter()
            .fold(self.rules.base.clone(), |suite, &rule| {
                (self.rules.rules[rule].change)(&suite)
            });
        let fingerprint = suite.fingerprint();
        self.suites.insert(fingerprint, suite);
        self.made.insert(matching, fingerprint);
        fingerprint
    }

    pub(crate) fn into_suites(self) -> HashMap<SuiteFingerprint, Suite> {
        self.suites
    }
}

/// Whether a word stands for a set of commits rather than for one.
pub fn is_expression(word: &str) -> bool {
    word.starts_with('^')
        || word.contains("..")
        || word.ends_with("^!")
        || word.ends_with("^@")
        || word.contains("^-")
}
