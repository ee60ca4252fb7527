//! What a project sets for all of its tasks, ready to use.

use std::path::PathBuf;

use retro_domain::{Suite, Switch, TaskSettings};

use super::choice::closest;
use super::config_error::{ConfigError, Place};
use super::document::SuiteTable;
use super::duration_text::DurationText;
use super::layers::place_of;
use super::origin::Origin;
use super::settings::Settings;
use super::suites::{Limits, SuiteConfig};
use super::task_table::{
    Approval, Build, Deploy, Executor, PullRequest, TaskSuite, TaskSuites, TaskTable,
};

/// What a project sets for its tasks; suites that are named are looked up when they are needed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProjectTasks {
    settings: TaskSettings,
    suites: Switch<Vec<Choice>>,
    suites_origin: Origin,
}

/// A suite by its name, or as a whole.
#[derive(Clone, Debug, PartialEq)]
enum Choice {
    Named(String),
    Whole(Box<SuiteConfig>),
}

impl ProjectTasks {
    pub(super) fn of(table: TaskTable, limits: Limits, suites_origin: Origin) -> Self {
        let suites = match table.suites.map(|suites| suites.0) {
            None | Some(TaskSuites::OfProject) => Switch::Unset,
            Some(TaskSuites::Off) => Switch::Off,
            Some(TaskSuites::These(these)) => {
                let choice = |suite: TaskSuite| match suite {
                    TaskSuite::Named(name) => Choice::Named(name),
                    TaskSuite::Whole(table) => {
                        let origin = suites_origin.clone();
                        Choice::Whole(Box::new(SuiteConfig::from_table(*table, limits, origin)))
                    }
                };
                Switch::On(these.into_iter().map(|suite| choice(suite.0)).collect())
            }
        };
        let settings = TaskSettings {
            run_branch_prefix: table.run_branch_prefix.map(|text| text.0),
            commit_template: table
                .commit_template
                .map(|text| text.0)
                .filter(|text| text != "auto"),
            timeout: table.timeout.and_then(|DurationText(limit)| limit),
            playbook_path: table
                .playbook_path
                .map(|path| path.0)
                .filter(|path| path != "none"),
            executor: table.executor.and_then(|entry| {
                let Executor(executor) = entry.0;
                executor
            }),
            build: table.build.map_or(Switch::Unset, |entry| {
                let Build(build) = entry.0;
                build
            }),
            suites: Switch::Unset,
            deploy: table.deploy.map_or(Switch::Unset, |entry| {
                let Deploy(deploy) = entry.0;
                deploy
            }),
            push: match table.push {
                None => Switch::Unset,
                Some(true) => Switch::On(()),
                Some(false) => Switch::Off,
            },
            pull_request: table.pull_request.map_or(Switch::Unset, |entry| {
                let PullRequest(request) = entry.0;
                request
            }),
            approval: table.approval.map_or(Switch::Unset, |entry| {
                let Approval(approval) = entry.0;
                approval
            }),
        };
        Self {
            settings,
            suites,
            suites_origin,
        }
    }
}

impl Settings {
    /// What holds for the project's tasks where they do not say: to be joined with a task's own by
    /// [`TaskSettings::over`].
    ///
    /// Unless `task.suites` says otherwise, the suites are those that are configured; where none is,
    /// they are [`Switch::Unset`], for a caller that detects some.
    ///
    /// Without a push there is no pull request either, whichever layer asked for it.
    ///
    /// # Errors
    ///
    /// When `task.suites` names one that is not configured.
    pub fn task(&self) -> Result<TaskSettings, ConfigError> {
        let mut settings = self.task.settings.clone();
        if settings.push == Switch::Off {
            settings.pull_request = Switch::Off;
        }
        settings.suites = match &self.task.suites {
            Switch::Off => Switch::Off,
            Switch::Unset if self.suites.is_empty() => Switch::Unset,
            Switch::Unset => Switch::On(self.suites.iter().map(SuiteConfig::to_suite).collect()),
            Switch::On(choices) => {
                let suite = |choice: &Choice| match choice {
                    Choice::Whole(suite) => Ok(suite.to_suite()),
                    Choice::Named(name) => self.suite_called(name).map_err(|(what, hint)| {
                        let place: Place = place_of(&self.task.suites_origin);
                        ConfigError::new(place, format!("task.suites: {what}")).with_hint(hint)
                    }),
                };
                Switch::On(choices.iter().map(suite).collect::<Result<_, _>>()?)
            }
        };
        Ok(settings)
    }

    /// What the project sets for its tasks, without their suites.
    #[cfg(feature = "cli")]
    pub(crate) fn task_below(&self) -> &TaskSettings {
        &self.task.settings
    }

    /// The configured suite of this name; else what is wrong, and what may have been meant.
    pub(crate) fn suite_called(&self, name: &str) -> Result<Suite, (String, String)> {
        if let Some(suite) = self.suites.iter().find(|suite| suite.name() == name) {
            return Ok(suite.to_suite());
        }
        let shown: String = name.chars().take(60).collect();
        let what = format!("no suite called {shown:?} is configured");
        let names = || self.suites.iter().map(SuiteConfig::name);
        let hint = match (closest(&shown, names()), names().next()) {
            (Some(meant), _) => format!("did you mean {meant:?}?"),
            (None, Some(_)) => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
            (None, None) => "write it down as [[suites]] in retro.toml".to_owned(),
        };
        Err((what, hint))
    }

    /// A suite as it is written in a task, with these settings' limits where it does not say.
    pub(crate) fn suite_of(&self, table: SuiteTable) -> Suite {
        let origin = Origin::RepoFile {
            path: PathBuf::new(),
            line: 0,
        };
        SuiteConfig::from_table(table, self.limits, origin).to_suite()
    }
}
