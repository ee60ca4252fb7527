//! The vocabulary of git-retro: commit jobs, task runs, suites, test outcomes, leases and
//! events.
//!
//! Plain types and pure decisions. Nothing here performs I/O, awaits, or reads a clock; time,
//! identity and randomness come in as arguments. Nothing here is serialised as it stands either:
//! stored shapes are versioned records beside the store traits.

mod cache_key;
mod digest;
mod event;
mod job;
mod lease;
mod object_id;
mod overlay;
mod repo_id;
mod run;
mod suite;
mod task;
mod test_case;
mod test_id;
mod time;
mod verdict;

pub use cache_key::{CacheKey, ToolchainFingerprint};
pub use digest::{Digest256, DigestParseError, Digester};
pub use event::{Event, EventKind, Phase};
pub use job::{
    CommitJob, CommitNote, IllegalTransition, JobEvent, JobFacts, JobState, JobStatus,
    MAX_ATTEMPTS, transition,
};
pub use lease::{Epoch, Lease, LeaseOwner, LeasePolicy};
pub use object_id::{CommitId, ObjectIdError, TreeId};
pub use overlay::{Overlay, OverlayFile, OverlayHash};
pub use repo_id::{RepoId, RepoIdError};
pub use run::{RunId, RunIdError};
pub use suite::{CommandLine, ResultFormat, ResultLocation, ResultSource, Suite, SuiteFingerprint};
pub use task::{
    ApprovalSettings, BranchName, BranchNameError, BuildSettings, COMMIT_FACTS, Checked,
    CommitFacts, CommitTemplate, Condition, Course, DEFAULT_RUN_BRANCH_PREFIX, DeclaredFault,
    DeclaredResult, DeploySettings, DeployTarget, EffectConflict, EffectId, EffectIdError,
    EffectKind, EffectRecord, ExecutorSettings, Fault, GitFacts, GitStatus, Hook, HookSide,
    IllegalTaskTransition, MAX_PHASE_TRIES, PREVIEW_FACTS, PULL_REQUEST_FACTS, PathRule,
    PhaseOutcome, Playbook, PlaybookFault, PlaybookStep, PromptDelivery, PullRequestSettings,
    Resume, SkipReason, StepCourse, StepFacts, StepOutcome, StepSkip, Switch, TaskContext,
    TaskEnding, TaskEvent, TaskEventKind, TaskPhase, TaskPlace, TaskPlan, TaskRun, TaskRunEvent,
    TaskRunState, TaskRunStatus, TaskSettings, Template, TemplateError, course, interrupted,
    keeps_work_tree, next_phase, slug, step_field, transition_task, validate,
};
pub use test_case::{Attachment, Attempt, Location, Outcome, OutcomeCounts, RepeatRule, TestCase};
pub use test_id::{TestId, TestIdParseError};
pub use time::{Clock, Timestamp};
pub use verdict::{UntestableReason, Verdict};
