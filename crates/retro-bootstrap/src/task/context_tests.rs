use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use retro_domain::{
    ApprovalSettings, BuildSettings, CommandLine, DeploySettings, DeployTarget, ExecutorSettings,
    PathRule, PromptDelivery, PullRequestSettings, ResultFormat, ResultLocation, ResultSource,
    Suite, Switch, validate,
};

use super::super::context_document;
use super::*;
use crate::config::{ConfigInputs, FlagLayer};

/// The settings of a project with this `retro.toml`.
pub(crate) fn project(text: &str) -> Settings {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("retro.toml"), text).unwrap();
    let inputs = ConfigInputs {
        user_file: None,
        repo_root: Some(dir.path()),
        config_file: None,
        env: &BTreeMap::new(),
        flags: FlagLayer::default(),
    };
    crate::load(&inputs).unwrap().settings
}

fn with_suites() -> &'static Settings {
    static PROJECT: LazyLock<Settings> = LazyLock::new(|| project(SUITES));
    &PROJECT
}

const SUITES: &str =
    "suites = [{ name = \"unit\", run = \"u\" }, { name = \"lint\", run = \"l\" }]";

const JSON: &str = r#"{
    "task_id": "T-7",
    "spec_name": "reports",
    "title": "Analyze Sales Data",
    "description": "Look at the numbers.",
    "acceptance_criteria": ["there is a page"],
    "dependencies": ["T-1"],
    "required_skill": null,
    "repo_url": "https://example.com/o/r",
    "slot_id": "s1",
    "timeout_seconds": 90.5,
    "playbook_path": "ci/book.yaml",
    "executor": { "command": ["agent", "{prompt_file}"], "prompt": "file", "timeout_seconds": 60 },
    "build": "npm run build",
    "suites": ["lint", { "name": "own", "run": ["make", "test"], "timeout": "5m" }],
    "deploy": false,
    "push": true,
    "pull_request": { "draft": false, "labels": ["bot"] },
    "approval": { "deadline_seconds": 3600 }
}"#;

#[test]
fn a_task_in_json_is_read() {
    let task = read_context(JSON, "task.json", with_suites()).unwrap();
    assert_eq!(
        (task.task_id.as_str(), task.required_skill.as_deref()),
        ("T-7", None)
    );
    assert_eq!(task.settings.timeout, Some(Duration::from_millis(90_500)));
    let build = task.settings.build.on().unwrap();
    assert_eq!(
        build.command,
        CommandLine::Shell("npm run build".to_owned())
    );
    let suites = task.settings.suites.on().unwrap();
    assert_eq!(
        (suites[0].name.as_str(), suites[1].name.as_str()),
        ("lint", "own")
    );
    assert_eq!(suites[1].timeout, Some(Duration::from_secs(300)));
    assert_eq!(task.settings.deploy, Switch::Off);
    assert!(validate(&task).is_valid(), "{:?}", validate(&task));
}

#[test]
fn the_same_task_in_toml_is_the_same() {
    let value: Value = serde_json::from_str(JSON).unwrap();
    let mut value = value;
    value.as_object_mut().unwrap().remove("required_skill");
    let text = toml::to_string(&value).unwrap();
    let project = with_suites();
    let task = read_context(JSON, "a message", project);
    assert_eq!(read_context(&text, "task.toml", project), task);
    assert_eq!(
        read_context(&format!("\u{feff}{text}"), "task", project),
        task
    );
    let document = TaskDocument::from_value(value, "a message").unwrap();
    assert_eq!(document.context().task_id, "T-7");
    assert_eq!(document.for_project(project), task);
}

#[test]
fn a_task_over_its_project_turns_things_off() {
    let project = project(
        "suites = [{ name = \"unit\", run = \"u\" }]\n[task]\nbuild = \"b\"\napproval = true\n\
         pull-request = true\nexecutor = \"e\"\n",
    );
    let task = read_context(
        "title = \"t\"\nbuild = false\nsuites = false\npush = false",
        "task.toml",
        &project,
    )
    .unwrap();
    let set = task.settings.over(&project.task().unwrap());
    assert_eq!((set.build.on(), set.suites.on()), (None, None));
    assert_eq!((set.push.on(), set.pull_request.on()), (None, None));
    assert!(set.approval.on().is_some() && set.executor.is_some());
}

/// What is said about texts with faults.
#[test]
fn every_fault_is_said_at_once() {
    let texts = [
        ("not JSON", "task.json", "{\"title\": \"a\",}".to_owned()),
        ("not TOML", "task.toml", "title = \n".to_owned()),
        ("no table", "task.json", "[1]".to_owned()),
        ("a key twice", "task.json", "{\"push\": true,\n \"push\": false}".to_owned()),
        ("too large", "task.json", " ".repeat((1 << 20) + 1)),
        ("too deep", "task.json", "[".repeat(1000)),
        ("unknown keys", "task.toml", "titel = \"x\"\nxyzzy = 1\n".to_owned()),
        ("a long key", "task.json", format!("{{\"{}\": 1}}", "k".repeat(5000))),
        (
            "wrong types",
            "task.json",
            r#"{"task_id": 7, "title": ["a"], "acceptance_criteria": "b", "dependencies": ["a", 1],
                "timeout_seconds": -1, "push": "no", "build": true, "deploy": true,
                "executor": false, "pull_request": "yes", "approval": "8h", "suites": "unit"}"#
                .to_owned(),
        ),
        (
            "wrong inside",
            "task.json",
            r#"{"slot_path": "/a", "repo_url": "b",
                "executor": {"cmd": ["x"], "prompt": "argv", "env": {"A": 1, "B=C": "x", "RETRO_COMMIT": "x"},
                             "env_allow": ["*"], "timeout_seconds": "60"},
                "build": {"command": []},
                "suites": ["untit", 5, " ", {"name": "a", "run": [], "timeout": "5", "env-alow": []}, {"name": ""}],
                "deploy": {"folder": "out", "prefix": "p", "content_types": [{"glob": "[", "value": ""}]},
                "pull_request": {"drafts": true, "labels": "bot"},
                "approval": {"deadline": 5}}"#
                .to_owned(),
        ),
        ("nowhere to deploy", "task.toml", "deploy = { output = \"a\" }".to_owned()),
        ("a number that is none", "task.toml", "timeout_seconds = nan".to_owned()),
        (
            "very much",
            "task.json",
            format!("{{{}}}", (0..150).map(|n| format!("\"k{n:03}\": 1")).collect::<Vec<_>>().join(",")),
        ),
    ];
    let mut told = String::new();
    for (what, name, text) in texts {
        let error = read_context(&text, name, with_suites()).expect_err(what);
        let error = error.to_string();
        let lines = error
            .lines()
            .filter(|line| !line.contains("\"k0") || line.contains("k00"));
        let lines: Vec<&str> = lines.collect();
        told.push_str(&format!("## {what}\n{}\n\n", lines.join("\n")));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn no_secret_is_repeated() {
    let text = r#"{"executor": {"command": "x", "env": {"TOKEN": ["hush-hush"]}, "prompt": "hush-hush"},
                   "title": {"a": "hush-hush"}, "push": "hush-hush", "build": {"env": "hush-hush"}}"#;
    let error = read_context(text, "task.json", with_suites()).unwrap_err();
    assert_eq!(error.faults().len(), 6, "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
}

fn line() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 äß{}\"'\\\\/._-]{1,12}".prop_filter("filled", |text| !text.trim().is_empty())
}

fn command() -> impl Strategy<Value = CommandLine> {
    prop_oneof![
        line().prop_map(CommandLine::Shell),
        vec(line(), 1..4).prop_map(CommandLine::Argv),
    ]
}

fn env() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[A-Z_]{1,8}", "[^\\x00]{0,8}", 0..3)
}

fn allow() -> impl Strategy<Value = Vec<String>> {
    vec("[A-Z]{1,6}\\*?", 0..3)
}

fn time() -> impl Strategy<Value = Duration> {
    (1_u64..10_000_000_000).prop_map(Duration::from_millis)
}

fn switch<T: Clone + std::fmt::Debug>(
    on: impl Strategy<Value = T>,
) -> impl Strategy<Value = Switch<T>> {
    (0..3_u8, on).prop_map(|(which, on)| match which {
        0 => Switch::Unset,
        1 => Switch::Off,
        _ => Switch::On(on),
    })
}

prop_compose! {
    fn executor()(
        command in command(), stdin in any::<bool>(), env_allow in allow(), env in env(),
        timeout in option::of(time()),
    ) -> ExecutorSettings {
        let prompt = if stdin { PromptDelivery::Stdin } else { PromptDelivery::File };
        ExecutorSettings { command, prompt, env_allow, env, timeout }
    }
}

prop_compose! {
    fn build()(
        command in command(), work_dir in line(), env_allow in allow(), env in env(),
        timeout in option::of(time()),
    ) -> BuildSettings {
        BuildSettings { command, work_dir, env_allow, env, timeout }
    }
}

prop_compose! {
    fn suite()(
        name in line(), build in option::of(command()), run in command(),
        results in vec((prop::sample::select(&ResultFormat::ALL[..]), option::of("[a-z]{1,5}")), 0..3),
        work_dir in prop_oneof![Just(String::new()), Just("a/b".to_owned())],
        build_timeout in option::of(time()), timeout in option::of(time()),
        skip_exit_codes in vec(any::<i32>(), 0..3), env_allow in allow(), env in env(),
        retries in any::<u32>(),
    ) -> Suite {
        let source = |(format, path): (ResultFormat, Option<String>)| ResultSource {
            format,
            location: path.map_or(ResultLocation::Stdout, ResultLocation::Files),
        };
        Suite {
            name, build, run, results: results.into_iter().map(source).collect(), work_dir,
            build_timeout, timeout, skip_exit_codes, env_allow, env, retries,
        }
    }
}

prop_compose! {
    fn deploy()(
        output in line(), (is_folder, place) in (any::<bool>(), line()), delete in any::<bool>(),
        rules in vec(("[a-z*]{1,5}", line()), 0..3), preview_url in option::of(any::<String>()),
    ) -> DeploySettings {
        let target = match is_folder {
            true => DeployTarget::Folder(format!("/{}", place.replace("..", "x"))),
            false => DeployTarget::Prefix(place),
        };
        let rules: Vec<PathRule> = rules
            .into_iter()
            .map(|(glob, value)| PathRule { glob, value })
            .collect();
        let cache_headers = rules.iter().rev().cloned().collect();
        DeploySettings { output, target, delete, content_types: rules, cache_headers, preview_url }
    }
}

prop_compose! {
    fn settings()(
        (run_branch_prefix, commit_template, playbook_path) in any::<(Option<String>, Option<String>, Option<String>)>(),
        timeout in option::of(time()),
        executor in option::of(executor()),
        build in switch(build()),
        suites in switch(vec(suite(), 0..3)),
        deploy in switch(deploy()),
        push in switch(Just(())),
        request in switch((any::<bool>(), any::<[Option<String>; 3]>(), vec(any::<String>(), 0..3))),
        approval in switch(time()),
    ) -> TaskSettings {
        let mut pull_request = match request {
            Switch::Unset => Switch::Unset,
            Switch::Off => Switch::Off,
            Switch::On((is_draft, [base, title, body], labels)) => Switch::On(PullRequestSettings {
                is_draft, base, title, body, reviewers: labels.clone(), labels,
            }),
        };
        if push == Switch::Off && pull_request == Switch::Unset {
            pull_request = Switch::Off;
        }
        let approval = match approval {
            Switch::Unset => Switch::Unset,
            Switch::Off => Switch::Off,
            Switch::On(deadline) => Switch::On(ApprovalSettings { deadline }),
        };
        TaskSettings {
            run_branch_prefix, commit_template, timeout, playbook_path, executor, build, suites,
            deploy, push, pull_request, approval,
        }
    }
}

prop_compose! {
    fn task()(
        (task_id, title, description) in any::<(String, String, String)>(),
        [spec_name, required_skill, slot_id, branch_name] in any::<[Option<String>; 4]>(),
        acceptance_criteria in vec(any::<String>(), 0..3),
        dependencies in vec(any::<String>(), 0..3),
        place in option::of(any::<(bool, String)>()),
        settings in settings(),
    ) -> TaskContext {
        let place = place.map(|(is_slot, text)| match is_slot {
            true => TaskPlace::Slot(text),
            false => TaskPlace::Repository(text),
        });
        TaskContext {
            task_id, spec_name, title, description, acceptance_criteria, dependencies,
            required_skill, place, slot_id, branch_name, settings,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(task in task()) {
        let project = with_suites();
        let document = context_document(&task);
        let read = TaskDocument::from_value(document.clone(), "it").unwrap();
        prop_assert_eq!(&read.for_project(project).unwrap(), &task);
        let text = serde_json::to_string_pretty(&document).unwrap();
        prop_assert_eq!(&read_context(&text, "task.json", project).unwrap(), &task);
        let text = toml::to_string(&document).unwrap();
        prop_assert_eq!(&read_context(&text, "task.toml", project).unwrap(), &task);
    }

    #[test]
    fn no_text_makes_the_reader_panic(
        text in prop_oneof![".*", "(\\{|\\[|\\}|\\]|:|,|=|\n|\"(title|executor|suites|command|a)\"|1|-1.5|true|null){0,30}"],
        name in prop::sample::select(vec!["a.json", "a.toml", "a"]),
    ) {
        let _ = read_context(&text, name, with_suites());
    }

    #[test]
    fn no_change_of_one_byte_makes_the_reader_panic(at in 0..JSON.len(), byte in 0_u8..128) {
        let mut text = JSON.as_bytes().to_vec();
        text[at] = byte;
        let text = String::from_utf8(text).unwrap();
        let _ = read_context(&text, "task.json", with_suites());
    }
}
