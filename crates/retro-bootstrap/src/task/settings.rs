//! The settings in a task.

use retro_domain::{
    ApprovalSettings, BuildSettings, DeploySettings, DeployTarget, ExecutorSettings, PathRule,
    PromptDelivery, PullRequestSettings, Switch, TaskSettings,
};
use serde_json::Value;

use super::fields::Fields;
use crate::config::{FilledText, KeepGlob, build, executor, usual_approval};

/// Takes the settings out of the fields of a task, without its suites.
pub(super) fn take_settings(task: &mut Fields<'_>) -> TaskSettings {
    let mut settings = TaskSettings {
        run_branch_prefix: task.text("run_branch_prefix"),
        commit_template: task.text("commit_template"),
        timeout: task.seconds("timeout_seconds"),
        playbook_path: task.text("playbook_path"),
        executor: take_executor(task),
        build: switch(task, "build", None, read_build),
        suites: Switch::Unset,
        deploy: switch(task, "deploy", None, read_deploy),
        push: match task.switch("push") {
            None => Switch::Unset,
            Some(false) => Switch::Off,
            Some(true) => Switch::On(()),
        },
        pull_request: switch(
            task,
            "pull_request",
            Some(PullRequestSettings::default()),
            read_pull_request,
        ),
        approval: switch(task, "approval", Some(usual_approval()), read_approval),
    };
    // Without a push there is no pull request; who asks for both is told so when the task is checked.
    if settings.push == Switch::Off && settings.pull_request == Switch::Unset {
        settings.pull_request = Switch::Off;
    }
    settings
}

/// A setting that can be turned off, and by `true` on where that says enough.
fn switch<T>(
    task: &mut Fields<'_>,
    key: &'static str,
    usual: Option<T>,
    read: impl FnOnce(&mut Fields<'_>, Value) -> Option<T>,
) -> Switch<T> {
    match task.take(key) {
        None => Switch::Unset,
        Some(Value::Bool(false)) => Switch::Off,
        Some(Value::Bool(true)) => match usual {
            Some(usual) => Switch::On(usual),
            None => {
                task.refuse(
                    key,
                    "it is true, which does not say how; give its fields, or false",
                );
                Switch::Unset
            }
        },
        Some(value) => read(task, value).map_or(Switch::Unset, Switch::On),
    }
}

fn take_executor(task: &mut Fields<'_>) -> Option<ExecutorSettings> {
    let value = task.take("executor")?;
    if !value.is_object() {
        return task.command_of("executor", value).map(executor);
    }
    let mut fields = task.table_of("executor", value)?;
    let command = fields.command("command");
    if command.is_none() && !fields.has_fault("command") {
        fields.refuse(
            "command",
            "it is missing; name the command that does the work",
        );
    }
    let prompt = match fields.text("prompt").as_deref() {
        None | Some("file") => PromptDelivery::File,
        Some("stdin") => PromptDelivery::Stdin,
        Some(_) => {
            fields.refuse("prompt", "it is neither \"file\" nor \"stdin\"");
            PromptDelivery::File
        }
    };
    let env_allow = fields.allowed("env_allow");
    let env = fields.variables("env");
    let timeout = fields.seconds("timeout_seconds");
    fields.finish();
    Some(ExecutorSettings {
        command: command?,
        prompt,
        env_allow,
        env,
        timeout,
    })
}

fn read_build(task: &mut Fields<'_>, value: Value) -> Option<BuildSettings> {
    if !value.is_object() {
        return task.command_of("build", value).map(build);
    }
    let mut fields = task.table_of("build", value)?;
    let command = fields.command("command");
    if command.is_none() && !fields.has_fault("command") {
        fields.refuse("command", "it is missing; name the command that builds");
    }
    let work_dir = fields.text("work_dir").unwrap_or_default();
    let env_allow = fields.allowed("env_allow");
    let env = fields.variables("env");
    let timeout = fields.seconds("timeout_seconds");
    fields.finish();
    Some(BuildSettings {
        command: command?,
        work_dir,
        env_allow,
        env,
        timeout,
    })
}

fn read_deploy(task: &mut Fields<'_>, value: Value) -> Option<DeploySettings> {
    let mut fields = task.table_of("deploy", value)?;
    let output = fields.text("output");
    if output.is_none() && !fields.has_fault("output") {
        fields.refuse(
            "output",
            "it is missing; name the folder with what was built",
        );
    }
    let target = match (fields.text("folder"), fields.text("prefix")) {
        (Some(folder), None) => {
            let is_absolute = folder.starts_with('/');
            if !is_absolute || folder.contains('\0') || folder.split('/').any(|part| part == "..") {
                fields.refuse("folder", "it must be an absolute path without ..");
            }
            Some(DeployTarget::Folder(folder))
        }
        (None, Some(prefix)) => {
            if let Err(error) = FilledText::try_from(prefix.clone()) {
                fields.refuse("prefix", error);
            }
            Some(DeployTarget::Prefix(prefix))
        }
        (Some(_), Some(_)) => {
            fields.refuse("prefix", "there is a folder as well; it goes to one place");
            None
        }
        (None, None) => {
            if !fields.has_fault("folder") && !fields.has_fault("prefix") {
                fields.refuse("folder", "say where it goes: a folder, or a prefix");
            }
            None
        }
    };
    let delete = fields.switch("delete").unwrap_or_default();
    let content_types = path_rules(&mut fields, "content_types");
    let cache_headers = path_rules(&mut fields, "cache_headers");
    let preview_url = fields.text("preview_url");
    fields.finish();
    Some(DeploySettings {
        output: output?,
        target: target?,
        delete,
        content_types,
        cache_headers,
        preview_url,
    })
}

fn path_rules(fields: &mut Fields<'_>, key: &'static str) -> Vec<PathRule> {
    let mut rules = Vec::new();
    for (index, item) in fields.list(key).unwrap_or_default().into_iter().enumerate() {
        let Some(mut rule) = fields.table_of(&format!("{key}[{index}]"), item) else {
            continue;
        };
        let glob = rule.text("glob").unwrap_or_default();
        let value = rule.text("value").unwrap_or_default();
        if let Err(error) = KeepGlob::try_from(glob.clone()) {
            rule.refuse("glob", error);
        }
        if let Err(error) = FilledText::try_from(value.clone()) {
            rule.refuse("value", error);
        }
        rule.finish();
        rules.push(PathRule { glob, value });
    }
    rules
}

fn read_pull_request(task: &mut Fields<'_>, value: Value) -> Option<PullRequestSettings> {
    let mut fields = task.table_of("pull_request", value)?;
    let settings = PullRequestSettings {
        is_draft: fields.switch("draft").unwrap_or(true),
        base: fields.text("base"),
        title: fields.text("title"),
        body: fields.text("body"),
        labels: fields.texts("labels").unwrap_or_default(),
        reviewers: fields.texts("reviewers").unwrap_or_default(),
    };
    fields.finish();
    Some(settings)
}

fn read_approval(task: &mut Fields<'_>, value: Value) -> Option<ApprovalSettings> {
    let mut fields = task.table_of("approval", value)?;
    let deadline = fields.seconds("deadline_seconds");
    let usual = usual_approval().deadline;
    fields.finish();
    Some(ApprovalSettings {
        deadline: deadline.unwrap_or(usual),
    })
}
