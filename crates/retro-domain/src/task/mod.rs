//! Task runs: one change carried from a description to a pull request.
//!
//! What a task is ([`TaskContext`]), what its run has done and does next ([`transition_task`],
//! [`next_phase`]), how its branch and commits are named, and what is written down around every effect
//! on the world outside. Pure: who acts is elsewhere.

mod branch_name;
mod commit_message;
mod context;
mod course;
mod declared;
mod event;
mod git_status;
mod journal;
mod outcome;
mod phase;
mod plan;
mod playbook;
mod playbook_check;
mod run;
mod settings;
mod state;
mod template;
mod transition;
mod validate;

pub use self::branch_name::{BranchName, BranchNameError, slug};
pub use self::commit_message::{COMMIT_FACTS, CommitFacts, CommitTemplate, interrupted};
pub use self::context::{TaskContext, TaskPlace};
pub use self::course::{Course, SkipReason, course, keeps_work_tree, next_phase};
pub use self::declared::{DeclaredFault, DeclaredResult};
pub use self::event::{TaskEvent, TaskEventKind};
pub use self::git_status::GitStatus;
pub use self::journal::{EffectConflict, EffectId, EffectIdError, EffectKind, EffectRecord};
pub use self::outcome::{PhaseOutcome, TaskEnding};
pub use self::phase::{Resume, TaskPhase};
pub use self::plan::TaskPlan;
pub use self::playbook::{
    Condition, Hook, HookSide, Playbook, PlaybookStep, StepCourse, StepFacts, StepOutcome, StepSkip,
};
pub use self::playbook_check::{PlaybookFault, step_field};
pub use self::run::{GitFacts, TaskRun};
pub use self::settings::{
    ApprovalSettings, BuildSettings, DEFAULT_RUN_BRANCH_PREFIX, DeploySettings, DeployTarget,
    ExecutorSettings, PREVIEW_FACTS, PULL_REQUEST_FACTS, PathRule, PromptDelivery,
    PullRequestSettings, Switch, TaskSettings,
};
pub use self::state::{MAX_PHASE_TRIES, TaskRunState, TaskRunStatus};
pub use self::template::{Template, TemplateError};
pub use self::transition::{IllegalTaskTransition, TaskRunEvent, transition_task};
pub use self::validate::{Checked, Fault, validate};
