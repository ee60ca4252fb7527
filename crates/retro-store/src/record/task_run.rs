//! A task and where its run stands, as JSON.

use std::collections::BTreeMap;

use retro_domain::{
    Epoch, GitFacts, GitStatus, Lease, LeaseOwner, PhaseOutcome, RunId, TaskContext, TaskEnding,
    TaskPhase, TaskPlace, TaskPlan, TaskRunState, TaskRunStatus, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::task_settings::StoredTaskSettings;
use super::{V1, Versioned, from_json, parsed, to_json};
use crate::StoreError;

/// A [`TaskContext`] as it is stored: what never changes of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTaskContext {
    v: u32,
    task_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spec_name: Option<String>,
    title: String,
    description: String,
    acceptance_criteria: Vec<String>,
    dependencies: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    required_skill: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<StoredPlace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slot_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch_name: Option<String>,
    settings: StoredTaskSettings,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredPlace {
    Slot(String),
    Repository(String),
}

/// A [`TaskRunState`] as it is stored. The lease has the epoch of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTaskState {
    v: u32,
    status: StoredStatus,
    epoch: u64,
    plan: StoredPlan,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_hand: Option<StoredInHand>,
    outcomes: BTreeMap<String, StoredOutcome>,
    git: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interrupted_in: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum StoredStatus {
    Pending,
    Running { owner: String, expires_at_ms: i64 },
    AwaitingApproval { until_ms: i64 },
    Finished(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPlan {
    approval: bool,
    build: bool,
    test: bool,
    deploy: bool,
    push: bool,
    pull_request: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredInHand {
    phase: String,
    tries: u32,
}

/// A [`PhaseOutcome`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StoredOutcome {
    Done,
    NothingToDo,
    Failed(String),
    Broken(String),
    TimedOut,
    Interrupted,
}

/// [`GitFacts`] as they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredGitFacts {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pull_request: Option<String>,
}

impl Versioned for StoredTaskContext {
    fn version(&self) -> u32 {
        self.v
    }
}

impl Versioned for StoredTaskState {
    fn version(&self) -> u32 {
        self.v
    }
}

impl Versioned for StoredGitFacts {
    fn version(&self) -> u32 {
        self.v
    }
}

impl StoredTaskContext {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any task there is.
    pub fn encode(context: &TaskContext) -> Result<String, StoreError> {
        let stored = Self {
            v: V1,
            task_id: context.task_id.clone(),
            spec_name: context.spec_name.clone(),
            title: context.title.clone(),
            description: context.description.clone(),
            acceptance_criteria: context.acceptance_criteria.clone(),
            dependencies: context.dependencies.clone(),
            required_skill: context.required_skill.clone(),
            place: context.place.as_ref().map(|place| match place {
                TaskPlace::Slot(path) => StoredPlace::Slot(path.clone()),
                TaskPlace::Repository(url) => StoredPlace::Repository(url.clone()),
            }),
            slot_id: context.slot_id.clone(),
            branch_name: context.branch_name.clone(),
            settings: StoredTaskSettings::from(&context.settings),
        };
        to_json(&stored, "writing a task")
    }

    /// The task of a JSON text, which is that of a run.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(text: &str, run: &RunId) -> Result<TaskContext, StoreError> {
        let what = format!("the task of run {run}");
        let stored: Self = from_json(text, &what)?;
        Ok(TaskContext {
            task_id: stored.task_id,
            spec_name: stored.spec_name,
            title: stored.title,
            description: stored.description,
            acceptance_criteria: stored.acceptance_criteria,
            dependencies: stored.dependencies,
            required_skill: stored.required_skill,
            place: stored.place.map(|place| match place {
                StoredPlace::Slot(path) => TaskPlace::Slot(path),
                StoredPlace::Repository(url) => TaskPlace::Repository(url),
            }),
            slot_id: stored.slot_id,
            branch_name: stored.branch_name,
            settings: stored.settings.into_settings(&what)?,
        })
    }
}

impl StoredTaskState {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any state there is.
    pub fn encode(state: &TaskRunState) -> Result<String, StoreError> {
        let plan = &state.plan;
        let outcomes = state.outcomes.iter();
        let stored = Self {
            v: V1,
            status: match &state.status {
                TaskRunStatus::Pending => StoredStatus::Pending,
                TaskRunStatus::Running(lease) => StoredStatus::Running {
                    owner: lease.owner.0.clone(),
                    expires_at_ms: lease.expires_at.unix_millis(),
                },
                TaskRunStatus::AwaitingApproval(until) => StoredStatus::AwaitingApproval {
                    until_ms: until.unix_millis(),
                },
                TaskRunStatus::Finished(ending) => StoredStatus::Finished(ending.name().to_owned()),
            },
            epoch: state.epoch.0,
            plan: StoredPlan {
                approval: plan.approval,
                build: plan.build,
                test: plan.test,
                deploy: plan.deploy,
                push: plan.push,
                pull_request: plan.pull_request,
            },
            in_hand: state.in_hand.map(|(phase, tries)| StoredInHand {
                phase: phase.name().to_owned(),
                tries,
            }),
            outcomes: outcomes
                .map(|(phase, outcome)| (phase.name().to_owned(), StoredOutcome::from(outcome)))
                .collect(),
            git: state.git.name().to_owned(),
            interrupted_in: state.interrupted_in.map(|phase| phase.name().to_owned()),
        };
        to_json(&stored, "writing the state of a task run")
    }

    /// The state of a JSON text, which is that of a run.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(text: &str, run: &RunId) -> Result<TaskRunState, StoreError> {
        let what = format!("the state of task run {run}");
        let stored: Self = from_json(text, &what)?;
        let epoch = Epoch(stored.epoch);
        let plan = stored.plan;
        let outcomes = stored.outcomes.into_iter();
        Ok(TaskRunState {
            status: match stored.status {
                StoredStatus::Pending => TaskRunStatus::Pending,
                StoredStatus::Running {
                    owner,
                    expires_at_ms,
                } => TaskRunStatus::Running(Lease {
                    owner: LeaseOwner(owner),
                    epoch,
                    expires_at: Timestamp::from_unix_millis(expires_at_ms),
                }),
                StoredStatus::AwaitingApproval { until_ms } => {
                    TaskRunStatus::AwaitingApproval(Timestamp::from_unix_millis(until_ms))
                }
                StoredStatus::Finished(ending) => {
                    TaskRunStatus::Finished(named(TaskEnding::from_name, &ending, &what)?)
                }
            },
            epoch,
            plan: TaskPlan {
                approval: plan.approval,
                build: plan.build,
                test: plan.test,
                deploy: plan.deploy,
                push: plan.push,
                pull_request: plan.pull_request,
            },
            in_hand: match stored.in_hand {
                Some(begun) => Some((phase(&begun.phase, &what)?, begun.tries)),
                None => None,
            },
            outcomes: outcomes
                .map(|(name, outcome)| Ok((phase(&name, &what)?, outcome.into())))
                .collect::<Result<_, StoreError>>()?,
            git: named(GitStatus::from_name, &stored.git, &what)?,
            interrupted_in: match stored.interrupted_in {
                Some(name) => Some(phase(&name, &what)?),
                None => None,
            },
        })
    }
}

impl StoredGitFacts {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any facts there are.
    pub fn encode(git: &GitFacts) -> Result<String, StoreError> {
        let stored = Self {
            v: V1,
            branch: git.branch_name.as_ref().map(ToString::to_string),
            base: git.base.map(|commit| commit.to_string()),
            commit: git.commit_sha.map(|commit| commit.to_string()),
            pull_request: git.pr_url.clone(),
        };
        to_json(&stored, "writing where a change is")
    }

    /// The facts of a JSON text, which are those of a run.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(text: &str, run: &RunId) -> Result<GitFacts, StoreError> {
        let what = format!("where the change of task run {run} is");
        let stored: Self = from_json(text, &what)?;
        Ok(GitFacts {
            branch_name: optional(stored.branch.as_ref(), &what)?,
            base: optional(stored.base.as_ref(), &what)?,
            commit_sha: optional(stored.commit.as_ref(), &what)?,
            pr_url: stored.pull_request,
        })
    }
}

fn optional<T>(text: Option<&String>, what: &str) -> Result<Option<T>, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.map(|text| parsed(text, what)).transpose()
}

/// What has this name.
pub(super) fn named<T>(
    from_name: impl FnOnce(&str) -> Option<T>,
    name: &str,
    what: &str,
) -> Result<T, StoreError> {
    from_name(name).ok_or_else(|| StoreError::corrupt(what, format!("nothing is called {name:?}")))
}

pub(super) fn phase(name: &str, what: &str) -> Result<TaskPhase, StoreError> {
    named(TaskPhase::from_name, name, what)
}

impl From<&PhaseOutcome> for StoredOutcome {
    fn from(outcome: &PhaseOutcome) -> Self {
        match outcome {
            PhaseOutcome::Done => Self::Done,
            PhaseOutcome::NothingToDo => Self::NothingToDo,
            PhaseOutcome::Failed(why) => Self::Failed(why.clone()),
            PhaseOutcome::Broken(why) => Self::Broken(why.clone()),
            PhaseOutcome::TimedOut => Self::TimedOut,
            PhaseOutcome::Interrupted => Self::Interrupted,
        }
    }
}

impl From<StoredOutcome> for PhaseOutcome {
    fn from(stored: StoredOutcome) -> Self {
        match stored {
            StoredOutcome::Done => Self::Done,
            StoredOutcome::NothingToDo => Self::NothingToDo,
            StoredOutcome::Failed(why) => Self::Failed(why),
            StoredOutcome::Broken(why) => Self::Broken(why),
            StoredOutcome::TimedOut => Self::TimedOut,
            StoredOutcome::Interrupted => Self::Interrupted,
        }
    }
}
