//! What a task sets for itself, as JSON: part of the stored task.

use std::collections::BTreeMap;
use std::time::Duration;

use retro_domain::{
    ApprovalSettings, BuildSettings, DeploySettings, DeployTarget, ExecutorSettings, PathRule,
    PromptDelivery, PullRequestSettings, Switch, TaskSettings,
};
use serde::{Deserialize, Serialize};

use super::suite::{StoredCommand, StoredSuite, millis};
use crate::StoreError;

/// [`TaskSettings`] as they are stored: what is not said is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredTaskSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_branch_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit_template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    playbook_path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    executor: Option<StoredExecutor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    build: Option<StoredSwitch<StoredBuild>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suites: Option<StoredSwitch<Vec<StoredSuite>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deploy: Option<StoredSwitch<StoredDeploy>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    push: Option<StoredSwitch<()>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pull_request: Option<StoredSwitch<StoredPullRequest>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<StoredSwitch<StoredApproval>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredSwitch<T> {
    Off,
    On(T),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredExecutor {
    command: StoredCommand,
    prompt: StoredPrompt,
    env_allow: Vec<String>,
    env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredPrompt {
    File,
    Stdin,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredBuild {
    command: StoredCommand,
    work_dir: String,
    env_allow: Vec<String>,
    env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDeploy {
    output: String,
    target: StoredTarget,
    delete: bool,
    content_types: Vec<StoredRule>,
    cache_headers: Vec<StoredRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preview_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredTarget {
    Folder(String),
    Prefix(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRule {
    glob: String,
    value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPullRequest {
    is_draft: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    labels: Vec<String>,
    reviewers: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredApproval {
    deadline_ms: u64,
}

fn stored<'a, T, S>(
    switch: &'a Switch<T>,
    store: impl FnOnce(&'a T) -> S,
) -> Option<StoredSwitch<S>> {
    match switch {
        Switch::Unset => None,
        Switch::Off => Some(StoredSwitch::Off),
        Switch::On(wanted) => Some(StoredSwitch::On(store(wanted))),
    }
}

fn read<T, S>(switch: Option<StoredSwitch<S>>, read: impl FnOnce(S) -> T) -> Switch<T> {
    match switch {
        None => Switch::Unset,
        Some(StoredSwitch::Off) => Switch::Off,
        Some(StoredSwitch::On(wanted)) => Switch::On(read(wanted)),
    }
}

impl From<&TaskSettings> for StoredTaskSettings {
    fn from(set: &TaskSettings) -> Self {
        let suites = |suites: &Vec<_>| suites.iter().map(StoredSuite::from).collect();
        let approval = |wanted: &ApprovalSettings| StoredApproval {
            deadline_ms: millis(wanted.deadline),
        };
        Self {
            run_branch_prefix: set.run_branch_prefix.clone(),
            commit_template: set.commit_template.clone(),
            timeout_ms: set.timeout.map(millis),
            playbook_path: set.playbook_path.clone(),
            executor: set.executor.as_ref().map(StoredExecutor::from),
            build: stored(&set.build, StoredBuild::from),
            suites: stored(&set.suites, suites),
            deploy: stored(&set.deploy, StoredDeploy::from),
            push: stored(&set.push, |()| ()),
            pull_request: stored(&set.pull_request, StoredPullRequest::from),
            approval: stored(&set.approval, approval),
        }
    }
}

impl StoredTaskSettings {
    /// The settings; `what` names what they are part of.
    pub(super) fn into_settings(self, what: &str) -> Result<TaskSettings, StoreError> {
        let suites = match self.suites {
            None => Switch::Unset,
            Some(StoredSwitch::Off) => Switch::Off,
            Some(StoredSwitch::On(suites)) => {
                let suites = suites.into_iter().map(|it| it.into_suite(what));
                Switch::On(suites.collect::<Result<_, _>>()?)
            }
        };
        let approval = |wanted: StoredApproval| ApprovalSettings {
            deadline: Duration::from_millis(wanted.deadline_ms),
        };
        Ok(TaskSettings {
            run_branch_prefix: self.run_branch_prefix,
            commit_template: self.commit_template,
            timeout: self.timeout_ms.map(Duration::from_millis),
            playbook_path: self.playbook_path,
            executor: self.executor.map(ExecutorSettings::from),
            build: read(self.build, BuildSettings::from),
            suites,
            deploy: read(self.deploy, DeploySettings::from),
            push: read(self.push, |()| ()),
            pull_request: read(self.pull_request, PullRequestSettings::from),
            approval: read(self.approval, approval),
        })
    }
}

impl From<&ExecutorSettings> for StoredExecutor {
    fn from(executor: &ExecutorSettings) -> Self {
        Self {
            command: StoredCommand::from(&executor.command),
            prompt: match executor.prompt {
                PromptDelivery::File => StoredPrompt::File,
                PromptDelivery::Stdin => StoredPrompt::Stdin,
            },
            env_allow: executor.env_allow.clone(),
            env: executor.env.clone(),
            timeout_ms: executor.timeout.map(millis),
        }
    }
}

impl From<StoredExecutor> for ExecutorSettings {
    fn from(stored: StoredExecutor) -> Self {
        Self {
            command: stored.command.into(),
            prompt: match stored.prompt {
                StoredPrompt::File => PromptDelivery::File,
                StoredPrompt::Stdin => PromptDelivery::Stdin,
            },
            env_allow: stored.env_allow,
            env: stored.env,
            timeout: stored.timeout_ms.map(Duration::from_millis),
        }
    }
}

impl From<&BuildSettings> for StoredBuild {
    fn from(build: &BuildSettings) -> Self {
        Self {
            command: StoredCommand::from(&build.command),
            work_dir: build.work_dir.clone(),
            env_allow: build.env_allow.clone(),
            env: build.env.clone(),
            timeout_ms: build.timeout.map(millis),
        }
    }
}

impl From<StoredBuild> for BuildSettings {
    fn from(stored: StoredBuild) -> Self {
        Self {
            command: stored.command.into(),
            work_dir: stored.work_dir,
            env_allow: stored.env_allow,
            env: stored.env,
            timeout: stored.timeout_ms.map(Duration::from_millis),
        }
    }
}

impl From<&DeploySettings> for StoredDeploy {
    fn from(deploy: &DeploySettings) -> Self {
        let rule = |rule: &PathRule| StoredRule {
            glob: rule.glob.clone(),
            value: rule.value.clone(),
        };
        Self {
            output: deploy.output.clone(),
            target: match &deploy.target {
                DeployTarget::Folder(path) => StoredTarget::Folder(path.clone()),
                DeployTarget::Prefix(prefix) => StoredTarget::Prefix(prefix.clone()),
            },
            delete: deploy.delete,
            content_types: deploy.content_types.iter().map(rule).collect(),
            cache_headers: deploy.cache_headers.iter().map(rule).collect(),
            preview_url: deploy.preview_url.clone(),
        }
    }
}

impl From<StoredDeploy> for DeploySettings {
    fn from(stored: StoredDeploy) -> Self {
        let rule = |rule: StoredRule| PathRule {
            glob: rule.glob,
            value: rule.value,
        };
        Self {
            output: stored.output,
            target: match stored.target {
                StoredTarget::Folder(path) => DeployTarget::Folder(path),
                StoredTarget::Prefix(prefix) => DeployTarget::Prefix(prefix),
            },
            delete: stored.delete,
            content_types: stored.content_types.into_iter().map(rule).collect(),
            cache_headers: stored.cache_headers.into_iter().map(rule).collect(),
            preview_url: stored.preview_url,
        }
    }
}

impl From<&PullRequestSettings> for StoredPullRequest {
    fn from(request: &PullRequestSettings) -> Self {
        Self {
            is_draft: request.is_draft,
            base: request.base.clone(),
            title: request.title.clone(),
            body: request.body.clone(),
            labels: request.labels.clone(),
            reviewers: request.reviewers.clone(),
        }
    }
}

impl From<StoredPullRequest> for PullRequestSettings {
    fn from(stored: StoredPullRequest) -> Self {
        Self {
            is_draft: stored.is_draft,
            base: stored.base,
            title: stored.title,
            body: stored.body,
            labels: stored.labels,
            reviewers: stored.reviewers,
        }
    }
}
