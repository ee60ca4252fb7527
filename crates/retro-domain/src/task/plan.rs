//! Which phases a run has.

use super::phase::TaskPhase;
use super::settings::{Switch, TaskSettings};

/// Which phases a run has that not every run has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TaskPlan {
    /// Whether somebody must agree.
    pub approval: bool,
    /// Whether there is a build.
    pub build: bool,
    /// Whether there are tests.
    pub test: bool,
    /// Whether what was built goes somewhere.
    pub deploy: bool,
    /// Whether commits are pushed.
    pub push: bool,
    /// Whether a pull request is opened.
    pub pull_request: bool,
}

impl TaskPlan {
    /// The plan of a task with these settings.
    pub fn of(settings: &TaskSettings) -> Self {
        let push = !matches!(settings.push, Switch::Off);
        Self {
            approval: settings.approval.on().is_some(),
            build: settings.build.on().is_some(),
            test: settings
                .suites
                .on()
                .is_some_and(|suites| !suites.is_empty()),
            deploy: settings.deploy.on().is_some(),
            push,
            pull_request: push && settings.pull_request.on().is_some(),
        }
    }

    /// Whether a phase is part of it.
    pub fn has(&self, phase: TaskPhase) -> bool {
        match phase {
            TaskPhase::Approval => self.approval,
            TaskPhase::Build => self.build,
            TaskPhase::Test => self.test,
            TaskPhase::Deploy => self.deploy,
            TaskPhase::Push => self.push,
            TaskPhase::PullRequest => self.pull_request,
            _ => true,
        }
    }
}
