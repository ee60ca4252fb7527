use std::time::Duration;

use retro_bootstrap::Settings;
use retro_domain::{CommandLine, DeployTarget, PromptDelivery, Switch, TaskPlan, TaskSettings};

use crate::sandbox::Sandbox;

fn task(text: &str) -> TaskSettings {
    settings(&Sandbox::with(text))
}

fn settings(sandbox: &Sandbox) -> TaskSettings {
    let settings: Settings = sandbox.good().settings;
    settings
        .task()
        .unwrap_or_else(|error| panic!("{}", error.report()))
}

const SUITES: &str =
    "suites = [{ name = \"unit\", run = \"u\" }, { name = \"lint\", run = \"l\" }]\n";

fn names(set: &TaskSettings) -> Option<Vec<&str>> {
    let suites = set.suites.on()?;
    Some(suites.iter().map(|suite| suite.name.as_str()).collect())
}

#[test]
fn the_defaults_push_and_do_nothing_else() {
    let set = task("");
    assert_eq!(set.branch_prefix(), "retro");
    assert_eq!((set.commit_template.as_deref(), set.timeout), (None, None));
    assert_eq!(
        (set.playbook_path.as_deref(), set.executor.as_ref()),
        (None, None)
    );
    assert_eq!(set.suites, Switch::Unset);
    let push_alone = TaskPlan {
        push: true,
        ..TaskPlan::default()
    };
    assert_eq!(TaskPlan::of(&set), push_alone);
}

#[test]
fn short_forms_say_the_usual() {
    let set = task(
        "[task]\nexecutor = \"work {prompt_file}\"\nbuild = [\"make\", \"all\"]\napproval = true\n\
         pull-request = true\npush = true\ntimeout = \"2h\"\nplaybook-path = \"ci/./book.toml\"",
    );
    let executor = set.executor.as_ref().expect("an executor");
    assert_eq!(
        executor.command,
        CommandLine::Shell("work {prompt_file}".to_owned())
    );
    assert_eq!(executor.prompt, PromptDelivery::File);
    let words = vec!["make".to_owned(), "all".to_owned()];
    assert_eq!(
        set.build.on().map(|build| &build.command),
        Some(&CommandLine::Argv(words))
    );
    let approval = set.approval.on().expect("an approval");
    assert_eq!(approval.deadline, Duration::from_secs(24 * 3600));
    assert!(
        set.pull_request
            .on()
            .is_some_and(|request| request.is_draft)
    );
    assert_eq!(set.push, Switch::On(()));
    let without = task("[task]\npull-request = true\npush = false");
    assert_eq!(without.pull_request, Switch::Off);
    assert_eq!(set.timeout, Some(Duration::from_secs(7200)));
    assert_eq!(set.playbook_path.as_deref(), Some("ci/book.toml"));
}

#[test]
fn tables_say_everything() {
    let set = task(
        r#"
        [task.executor]
        command = ["agent"]
        prompt = "stdin"
        env-allow = ["AGENT_*"]
        timeout = "1h"
        [task.build]
        command = "make"
        work-dir = "web"
        env = { NODE_ENV = "production" }
        [task.deploy]
        output = "web/dist"
        folder = "out"
        delete = true
        content-types = [{ glob = "*.wasm", value = "application/wasm" }]
        [task.pull-request]
        draft = false
        reviewers = ["a", "b"]
        [task.approval]
        deadline = "90s"
        "#,
    );
    let executor = set.executor.as_ref().expect("an executor");
    assert_eq!(executor.prompt, PromptDelivery::Stdin);
    assert_eq!(executor.env_allow, ["AGENT_*"]);
    let build = set.build.on().expect("a build");
    assert_eq!(
        (build.work_dir.as_str(), build.env["NODE_ENV"].as_str()),
        ("web", "production")
    );
    let deploy = set.deploy.on().expect("a deploy");
    assert!(deploy.delete && deploy.content_types[0].value == "application/wasm");
    let request = set.pull_request.on().expect("a pull request");
    assert!(!request.is_draft && request.reviewers == ["a", "b"]);
    let deadline = set.approval.on().map(|approval| approval.deadline);
    assert_eq!(deadline, Some(Duration::from_secs(90)));
}

#[test]
fn a_folder_to_deploy_to_is_meant_from_the_file_that_names_it() {
    let line = "task.deploy = { output = \"dist\", folder = \"out\" }";
    let folder = |sandbox: Sandbox| {
        let set = settings(&sandbox);
        match &set.deploy.on().expect("a deploy").target {
            DeployTarget::Folder(folder) => sandbox.hide_root(folder),
            DeployTarget::Prefix(prefix) => panic!("{prefix}"),
        }
    };
    assert_eq!(folder(Sandbox::with(line)), "/tmp/repo/out");
    assert_eq!(
        folder(Sandbox::new().file("user/config.toml", line)),
        "/tmp/user/out"
    );
}

#[test]
fn suites_are_those_of_the_project_or_a_choice_of_them() {
    let set = |line: &str| task(&format!("{SUITES}{line}"));
    assert_eq!(names(&set("")), Some(vec!["unit", "lint"]));
    assert_eq!(names(&set("task.suites = [\"lint\"]")), Some(vec!["lint"]));
    let both = "task.suites = [\"unit\", { name = \"own\", run = \"o\", timeout = \"5m\" }]";
    let both = set(both);
    assert_eq!(names(&both), Some(vec!["unit", "own"]));
    let own = &both.suites.on().expect("suites")[1];
    assert_eq!(own.timeout, Some(Duration::from_secs(300)));
    assert_eq!(own.build_timeout, Some(Duration::from_secs(3600)));
    assert_eq!(set("task.suites = false").suites, Switch::Off);
    let by_variable = Sandbox::with(SUITES).variable("RETRO_TASK_SUITES", "lint,unit");
    assert_eq!(names(&settings(&by_variable)), Some(vec!["lint", "unit"]));
    let off = Sandbox::with(SUITES).variable("RETRO_TASK_SUITES", "false");
    assert_eq!(settings(&off).suites, Switch::Off);
}

#[test]
fn a_suite_that_is_not_there_is_said_when_a_task_needs_it() {
    let error = |text: &str| {
        let settings = Sandbox::with(text).good().settings;
        settings.task().expect_err("wrong").to_string()
    };
    assert_eq!(
        error(&format!("{SUITES}task.suites = [\"unti\"]")),
        "retro.toml:2:1: task.suites: no suite called \"unti\" is configured (did you mean \"unit\"?)"
    );
    assert_eq!(
        error("\n\ntask.suites = [\"unit\"]"),
        "retro.toml:3:1: task.suites: no suite called \"unit\" is configured (write it down as \
         [[suites]] in retro.toml)"
    );
}

#[test]
fn variables_go_over_the_repository() {
    let set = settings(
        &Sandbox::with("[task]\nexecutor = \"evil\"\napproval = false\nbuild = \"b\"")
            .variable("RETRO_TASK_EXECUTOR", "good")
            .variable("RETRO_TASK_APPROVAL", "8h")
            .variable("RETRO_TASK_BUILD", "false"),
    );
    let command = set.executor.map(|executor| executor.command);
    assert_eq!(command, Some(CommandLine::Shell("good".to_owned())));
    assert_eq!(
        set.approval.on().map(|set| set.deadline),
        Some(Duration::from_secs(8 * 3600))
    );
    assert_eq!(set.build, Switch::Off);
}
