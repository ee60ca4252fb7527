//! What a run would do.

use std::collections::HashSet;

use serde::Serialize;

use super::{CommitLine, DOCUMENT_VERSION, millis};
use crate::Plan;

/// One plan. `kind` is `plan`.
#[derive(Debug, Serialize)]
pub struct PlanDocument {
    /// The document's version.
    pub version: u32,
    /// `plan`.
    pub kind: &'static str,
    /// The repository.
    pub repo: String,
    /// The name of the suite.
    pub suite: String,
    /// What was asked for.
    pub request: String,
    /// How many different things there are to run, the known ones included.
    pub distinct: usize,
    /// How many of them are known.
    pub known: usize,
    /// How many of them are to be run.
    pub to_run: usize,
    /// How long that may take, in milliseconds; absent when the suite was never run.
    pub estimate_ms: Option<f64>,
    /// Things a person should know.
    pub warnings: Vec<String>,
    /// The commits, oldest first.
    pub commits: Vec<PlannedCommit>,
}

/// One commit of a plan.
#[derive(Debug, Serialize)]
pub struct PlannedCommit {
    /// `run`, `known`, or `same-tree`: another commit of the plan stands for it.
    pub fate: &'static str,
    /// The commit, with what is known of it.
    #[serde(flatten)]
    pub commit: CommitLine,
}

impl PlanDocument {
    /// The document of a plan for so many workers.
    pub fn new(plan: &Plan, workers: usize) -> Self {
        let to_run: HashSet<usize> = plan.jobs.iter().map(|job| job.commit).collect();
        let commits = plan.commits.iter().enumerate().map(|(place, commit)| {
            let known = plan.cached.get(&commit.key);
            PlannedCommit {
                fate: match known {
                    _ if to_run.contains(&place) => "run",
                    Some(_) => "known",
                    None => "same-tree",
                },
                commit: CommitLine::new(commit, known),
            }
        });
        Self {
            version: DOCUMENT_VERSION,
            kind: "plan",
            repo: plan.repo.to_string(),
            suite: plan.suite_name.clone(),
            request: plan.described.clone(),
            distinct: plan.distinct,
            known: plan.cached.len(),
            to_run: plan.jobs.len(),
            estimate_ms: plan.estimate(workers).map(millis),
            warnings: plan.warnings.clone(),
            commits: commits.collect(),
        }
    }
}
