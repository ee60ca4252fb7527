//! What a task is.

use super::branch_name::{BranchName, BranchNameError};
use super::commit_message::{CommitFacts, CommitTemplate};
use super::settings::TaskSettings;
use super::template::TemplateError;

/// A task as it is given to a runner, by a file, by flags or by a message.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TaskContext {
    /// What its sender calls it; never empty in a valid task.
    pub task_id: String,
    /// The specification that it belongs to, where there is one.
    pub spec_name: Option<String>,
    /// A line for people; the branch is named after it.
    pub title: String,
    /// What is to be done.
    pub description: String,
    /// What must be true when it is done.
    pub acceptance_criteria: Vec<String>,
    /// Ids of tasks that must be done before this one.
    pub dependencies: Vec<String>,
    /// What its executor must be able to do, where that matters.
    pub required_skill: Option<String>,
    /// Where the work happens.
    pub place: Option<TaskPlace>,
    /// The slot it was given, where somebody hands out slots.
    pub slot_id: Option<String>,
    /// The branch to work on, in place of one that is named after the task.
    pub branch_name: Option<String>,
    /// What it sets for itself. With its project's below it, what holds for it.
    pub settings: TaskSettings,
}

/// Where the work of a task happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskPlace {
    /// In a work tree that is there already, by its absolute path.
    Slot(String),
    /// In a clone of the repository at this address, which holds no password.
    Repository(String),
}

impl TaskPlace {
    /// Whether the place is an address with a password or a token in it, which would be stored with
    /// the run. A user's name alone is a token in an address of http or https, and a name elsewhere.
    ///
    /// ```
    /// use retro_domain::TaskPlace;
    /// let holds = |url: &str| TaskPlace::Repository(url.to_owned()).holds_credentials();
    /// assert!(holds("https://hush@example.com/o/r") && holds("ssh://me:hush@example.com/o/r"));
    /// assert!(!holds("ssh://git@example.com/o/r") && !holds("git@example.com:o/r"));
    /// ```
    pub fn holds_credentials(&self) -> bool {
        let Self::Repository(url) = self else {
            return false;
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            return false;
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        authority
            .rsplit_once('@')
            .is_some_and(|(user, _)| is_http || user.contains(':'))
    }
}

impl TaskContext {
    /// The branch of one of its runs.
    ///
    /// # Errors
    ///
    /// When git refuses the name or the prefix. A valid task has one.
    pub fn branch(&self, run_number: u32) -> Result<BranchName, BranchNameError> {
        match &self.branch_name {
            Some(name) => name.parse(),
            None => BranchName::for_run(self.settings.branch_prefix(), &self.title, run_number),
        }
    }

    /// The message of its commits.
    ///
    /// # Errors
    ///
    /// When its template is none. A valid task has a good one.
    pub fn commit_message(&self, run_number: u32) -> Result<String, TemplateError> {
        let facts = CommitFacts::of(self, run_number);
        match &self.settings.commit_template {
            Some(text) => Ok(CommitTemplate::parse(text)?.render(&facts)),
            None => Ok(CommitTemplate::usual(&facts)),
        }
    }
}
