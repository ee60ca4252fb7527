//! What projects and tasks set.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{CommandLine, Suite};

/// What branches of runs begin with unless set.
pub const DEFAULT_RUN_BRANCH_PREFIX: &str = "retro";

/// What the title and the text of a pull request can name.
pub const PULL_REQUEST_FACTS: [&str; 13] = [
    "task_name",
    "run_number",
    "task_id",
    "spec_name",
    "title",
    "description",
    "acceptance_criteria",
    "branch_name",
    "commit_sha",
    "summary",
    "tests",
    "preview_url",
    "links",
];
/// What the address of a preview can name, each as it fits into an address.
pub const PREVIEW_FACTS: [&str; 5] = [
    "task_slug",
    "run_number",
    "task_id",
    "branch_slug",
    "commit_sha",
];

/// A setting that a task can also turn off where the project has it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Switch<T> {
    /// Nothing is said here.
    #[default]
    Unset,
    /// Not wanted.
    Off,
    /// Wanted like this.
    On(T),
}

impl<T> Switch<T> {
    /// What is wanted, if it is.
    pub fn on(&self) -> Option<&T> {
        match self {
            Self::On(wanted) => Some(wanted),
            Self::Unset | Self::Off => None,
        }
    }

    fn over(self, below: &Self) -> Self
    where
        T: Clone,
    {
        match self {
            Self::Unset => below.clone(),
            said => said,
        }
    }
}

/// What a project sets for all of its tasks, and each task for itself.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TaskSettings {
    /// What the names of branches begin with; [`DEFAULT_RUN_BRANCH_PREFIX`] unless set.
    pub run_branch_prefix: Option<String>,
    /// The message of commits, see [`CommitTemplate`](super::CommitTemplate).
    pub commit_template: Option<String>,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// A playbook, by its path in the repository.
    pub playbook_path: Option<String>,
    /// What makes the change.
    pub executor: Option<ExecutorSettings>,
    /// What builds it.
    pub build: Switch<BuildSettings>,
    /// What tests it, one after the other.
    pub suites: Switch<Vec<Suite>>,
    /// Where what was built goes.
    pub deploy: Switch<DeploySettings>,
    /// Whether commits are pushed; they are unless this is off.
    pub push: Switch<()>,
    /// The pull request that is opened.
    pub pull_request: Switch<PullRequestSettings>,
    /// Whether somebody must agree first.
    pub approval: Switch<ApprovalSettings>,
}

impl TaskSettings {
    /// What holds for a task: what it says itself, and the project's where it says nothing.
    #[must_use]
    pub fn over(self, project: &Self) -> Self {
        let project = project.clone();
        Self {
            run_branch_prefix: self.run_branch_prefix.or(project.run_branch_prefix),
            commit_template: self.commit_template.or(project.commit_template),
            timeout: self.timeout.or(project.timeout),
            playbook_path: self.playbook_path.or(project.playbook_path),
            executor: self.executor.or(project.executor),
            build: self.build.over(&project.build),
            suites: self.suites.over(&project.suites),
            deploy: self.deploy.over(&project.deploy),
            push: self.push.over(&project.push),
            pull_request: self.pull_request.over(&project.pull_request),
            approval: self.approval.over(&project.approval),
        }
    }

    /// What the names of branches begin with.
    pub fn branch_prefix(&self) -> &str {
        let set = self.run_branch_prefix.as_deref();
        set.unwrap_or(DEFAULT_RUN_BRANCH_PREFIX)
    }
}

/// A command that makes the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorSettings {
    /// The command. `{prompt_file}` in it stands for the path of the file with the prompt.
    pub command: CommandLine,
    /// How the prompt gets there.
    pub prompt: PromptDelivery,
    /// Names of environment variables that it may see; a trailing `*` stands for any ending.
    pub env_allow: Vec<String>,
    /// Environment variables that it always sees with these values.
    pub env: BTreeMap<String, String>,
    /// How long it may take; what is left of the run's time unless set.
    pub timeout: Option<Duration>,
}

/// How an executor gets its prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PromptDelivery {
    /// In a file, whose path stands in the command as `{prompt_file}`.
    #[default]
    File,
    /// On its standard input.
    Stdin,
}

/// A command that builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSettings {
    /// The command.
    pub command: CommandLine,
    /// Where it runs, relative to the work tree's root; empty for the root itself.
    pub work_dir: String,
    /// Names of environment variables that it may see; a trailing `*` stands for any ending.
    pub env_allow: Vec<String>,
    /// Environment variables that it always sees with these values, such as `NODE_ENV`.
    pub env: BTreeMap<String, String>,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

/// Where what was built goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploySettings {
    /// The folder with what was built, relative to the work tree's root.
    pub output: String,
    /// Where it goes.
    pub target: DeployTarget,
    /// Whether what is there and not in the folder is removed.
    pub delete: bool,
    /// Content types, the first rule that fits.
    pub content_types: Vec<PathRule>,
    /// Cache headers, the first rule that fits.
    pub cache_headers: Vec<PathRule>,
    /// The address under which it can be seen, with places for [`PREVIEW_FACTS`].
    pub preview_url: Option<String>,
}

/// Where a deploy goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeployTarget {
    /// A folder of this machine.
    Folder(String),
    /// What begins with this in the object store.
    Prefix(String),
}

/// A value for the paths that a glob names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRule {
    /// Which paths, relative to the output folder.
    pub glob: String,
    /// The value.
    pub value: String,
}

/// The pull request that is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequestSettings {
    /// Whether it is a draft; it is unless set.
    pub is_draft: bool,
    /// The branch it is to be merged into; the remote's default branch unless set.
    pub base: Option<String>,
    /// Its title, with places for [`PULL_REQUEST_FACTS`].
    pub title: Option<String>,
    /// Its text, with places for [`PULL_REQUEST_FACTS`].
    pub body: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who is asked to look at it.
    pub reviewers: Vec<String>,
}

impl Default for PullRequestSettings {
    fn default() -> Self {
        Self {
            is_draft: true,
            base: None,
            title: None,
            body: None,
            labels: Vec::new(),
            reviewers: Vec::new(),
        }
    }
}

/// Somebody must agree before the executor starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalSettings {
    /// How long the run waits for that.
    pub deadline: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_overrides_its_project_and_can_turn_things_off() {
        let approval = |seconds| {
            Switch::On(ApprovalSettings {
                deadline: Duration::from_secs(seconds),
            })
        };
        let project = TaskSettings {
            run_branch_prefix: Some("bots".to_owned()),
            commit_template: Some("{title}".to_owned()),
            timeout: Some(Duration::from_secs(1)),
            push: Switch::On(()),
            approval: approval(1),
            pull_request: Switch::On(PullRequestSettings::default()),
            ..TaskSettings::default()
        };
        let task = TaskSettings {
            timeout: Some(Duration::from_secs(2)),
            approval: approval(2),
            pull_request: Switch::Off,
            ..TaskSettings::default()
        };
        assert_eq!(TaskSettings::default().over(&project), project);
        assert_eq!(task.clone().over(&TaskSettings::default()), task);
        let both = task.over(&project);
        assert_eq!(
            (both.branch_prefix(), both.timeout),
            ("bots", Some(Duration::from_secs(2)))
        );
        assert_eq!((both.approval, both.push), (approval(2), Switch::On(())));
        assert_eq!(both.pull_request.on(), None);
        assert_eq!(TaskSettings::default().branch_prefix(), "retro");
    }
}
