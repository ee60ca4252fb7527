//! Tasks written down.

use std::time::Duration;

use retro_domain::{
    BuildSettings, CommandLine, DeploySettings, DeployTarget, ExecutorSettings, PathRule,
    PromptDelivery, PullRequestSettings, ResultLocation, ResultSource, Suite, Switch, TaskContext,
    TaskPlace,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::config::duration_text;

/// The document of a task, which [`read_context`](super::read_context) reads back: what is not said is
/// not there, and suites are there as a whole.
pub fn context_document(task: &TaskContext) -> Value {
    let mut fields = Written::default();
    fields.put("task_id", Some(&task.task_id));
    fields.put("spec_name", task.spec_name.as_ref());
    fields.put("title", Some(&task.title));
    fields.put("description", Some(&task.description));
    fields.put("acceptance_criteria", Some(&task.acceptance_criteria));
    fields.put("dependencies", Some(&task.dependencies));
    fields.put("required_skill", task.required_skill.as_ref());
    match &task.place {
        Some(TaskPlace::Slot(path)) => fields.put("slot_path", Some(path)),
        Some(TaskPlace::Repository(url)) => fields.put("repo_url", Some(url)),
        None => {}
    }
    fields.put("slot_id", task.slot_id.as_ref());
    fields.put("branch_name", task.branch_name.as_ref());
    let set = &task.settings;
    fields.put("run_branch_prefix", set.run_branch_prefix.as_ref());
    fields.put("commit_template", set.commit_template.as_ref());
    fields.put("timeout_seconds", set.timeout.map(seconds));
    fields.put("playbook_path", set.playbook_path.as_ref());
    fields.put("executor", set.executor.as_ref().map(executor));
    fields.switch("build", &set.build, build);
    fields.switch("suites", &set.suites, |suites| {
        suites.iter().map(suite).collect()
    });
    fields.switch("deploy", &set.deploy, deploy);
    fields.switch("push", &set.push, |()| Value::Bool(true));
    fields.switch("pull_request", &set.pull_request, pull_request);
    fields.switch(
        "approval",
        &set.approval,
        |approval| json!({ "deadline_seconds": seconds(approval.deadline) }),
    );
    Value::Object(fields.0)
}

#[derive(Default)]
struct Written(Map<String, Value>);

impl Written {
    fn put(&mut self, key: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            // Texts, numbers and lists of them are always JSON.
            let value = serde_json::to_value(value).unwrap_or_default();
            self.0.insert(key.to_owned(), value);
        }
    }

    fn switch<T>(&mut self, key: &str, switch: &Switch<T>, write: impl FnOnce(&T) -> Value) {
        match switch {
            Switch::Unset => {}
            Switch::Off => self.put(key, Some(false)),
            Switch::On(wanted) => self.put(key, Some(write(wanted))),
        }
    }
}

fn seconds(time: Duration) -> Value {
    match time.subsec_millis() {
        0 => Value::from(time.as_secs()),
        _ => Value::from(time.as_millis() as f64 / 1000.0),
    }
}

fn command(command: &CommandLine) -> Value {
    match command {
        CommandLine::Argv(words) => json!(words),
        CommandLine::Shell(line) => json!(line),
    }
}

fn executor(set: &ExecutorSettings) -> Value {
    let mut fields = Written::default();
    fields.put("command", Some(command(&set.command)));
    let prompt = match set.prompt {
        PromptDelivery::File => "file",
        PromptDelivery::Stdin => "stdin",
    };
    fields.put("prompt", Some(prompt));
    fields.put("env_allow", Some(&set.env_allow));
    fields.put("env", Some(&set.env));
    fields.put("timeout_seconds", set.timeout.map(seconds));
    Value::Object(fields.0)
}

fn build(set: &BuildSettings) -> Value {
    let mut fields = Written::default();
    fields.put("command", Some(command(&set.command)));
    fields.put("work_dir", Some(&set.work_dir));
    fields.put("env_allow", Some(&set.env_allow));
    fields.put("env", Some(&set.env));
    fields.put("timeout_seconds", set.timeout.map(seconds));
    Value::Object(fields.0)
}

fn deploy(set: &DeploySettings) -> Value {
    let mut fields = Written::default();
    fields.put("output", Some(&set.output));
    match &set.target {
        DeployTarget::Folder(folder) => fields.put("folder", Some(folder)),
        DeployTarget::Prefix(prefix) => fields.put("prefix", Some(prefix)),
    }
    fields.put("delete", Some(set.delete));
    let rules = |rules: &[PathRule]| -> Value {
        let rule = |rule: &PathRule| json!({ "glob": rule.glob, "value": rule.value });
        rules.iter().map(rule).collect()
    };
    fields.put("content_types", Some(rules(&set.content_types)));
    fields.put("cache_headers", Some(rules(&set.cache_headers)));
    fields.put("preview_url", set.preview_url.as_ref());
    Value::Object(fields.0)
}

fn pull_request(set: &PullRequestSettings) -> Value {
    let mut fields = Written::default();
    fields.put("draft", Some(set.is_draft));
    fields.put("base", set.base.as_ref());
    fields.put("title", set.title.as_ref());
    fields.put("body", set.body.as_ref());
    fields.put("labels", Some(&set.labels));
    fields.put("reviewers", Some(&set.reviewers));
    Value::Object(fields.0)
}

/// A suite as `retro.toml` has it.
fn suite(suite: &Suite) -> Value {
    let result = |source: &ResultSource| match &source.location {
        ResultLocation::Stdout => json!({ "format": source.format.name(), "stdout": true }),
        ResultLocation::Files(glob) => json!({ "format": source.format.name(), "path": glob }),
    };
    let mut fields = Written::default();
    fields.put("name", Some(&suite.name));
    fields.put("build", suite.build.as_ref().map(command));
    fields.put("run", Some(command(&suite.run)));
    fields.put(
        "results",
        Some(suite.results.iter().map(result).collect::<Value>()),
    );
    fields.put("timeout", Some(duration_text(suite.timeout)));
    fields.put("build-timeout", Some(duration_text(suite.build_timeout)));
    fields.put("skip-exit-codes", Some(&suite.skip_exit_codes));
    fields.put("env-allow", Some(&suite.env_allow));
    fields.put("env", Some(&suite.env));
    fields.put("retries", Some(suite.retries));
    fields.put("work-dir", Some(&suite.work_dir));
    Value::Object(fields.0)
}
