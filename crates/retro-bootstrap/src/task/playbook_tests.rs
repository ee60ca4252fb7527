use std::time::Duration;

use proptest::prelude::*;
use retro_domain::TaskPlan;

use super::super::dry_run;
use super::*;

const TOML: &str = r#"
description = "What the shop needs"

[[steps]]
name = "install"
after = "prepare"
command = ["npm", "ci"]
timeout = "10m"
retries = 2
when = { files = "package-lock.json", no-files = ["node_modules"], variables = { CI = true } }

[[steps]]
name = "format"
after = "execute"
command = "npm run format"
work-dir = "web"
fail-fast = false
when = { steps = { install = "passed" } }

[[steps]]
name = "smoke"
after = "deploy"
command = "./smoke \u001b[31m"
retries = 1
when = { variables = { STAGE = "test", QUIET = false } }

[[steps]]
name = "announce"
before = "pull-request"
command = ["say", "it's done"]
env = { TO = "team" }
env-allow = ["SAY_*"]
"#;

const YAML: &str = r#"
description: What the shop needs
steps:
  - name: install
    after: prepare
    command: [npm, ci]
    timeout: 10m
    retries: 2
    when:
      files: package-lock.json
      no-files: [node_modules]
      variables: { CI: true }
  - name: format
    after: execute
    command: npm run format
    work-dir: web
    fail-fast: false
    when: { steps: { install: passed } }
  - name: smoke
    after: deploy
    command: "./smoke \e[31m"
    retries: 1
    when: { variables: { STAGE: test, QUIET: false } }
  - name: announce
    before: pull-request
    command: [say, it's done]
    env: { TO: team }
    env-allow: ["SAY_*"]
"#;

#[test]
fn the_same_playbook_in_toml_and_yaml_is_the_same() {
    let playbook = read_playbook(TOML, "ci/book.toml").unwrap();
    assert_eq!(read_playbook(YAML, "ci/book.YML").unwrap(), playbook);
    let install = &playbook.steps[0];
    assert_eq!(install.timeout, Some(Duration::from_secs(600)));
    assert_eq!(
        (install.retries, install.fail_fast, install.conditions.len()),
        (2, true, 3)
    );
    let end = Condition::StepIs("install".to_owned(), StepOutcome::Passed);
    assert_eq!(playbook.steps[1].conditions, [end]);
}

/// The examples of the page in this language.
fn examples(language: &str) -> Vec<&'static str> {
    const PAGE: &str = include_str!("../../../../docs/task-files.md");
    let start = format!("```{language}\n");
    let blocks = PAGE.split(start.as_str()).skip(1);
    let blocks: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    blocks
}

#[test]
fn the_examples_of_the_page_are_read() {
    for block in examples("json") {
        let document = super::super::TaskDocument::parse(block, "task.json").unwrap();
        assert_eq!(document.context().task_id, "T-7");
    }
    let books = |language: &str| {
        let read = |block| read_playbook(block, &format!("a.{language}")).unwrap();
        examples(language).into_iter().map(read).collect::<Vec<_>>()
    };
    assert_eq!(books("toml"), books("yaml"));
}

#[test]
fn a_dry_run_shows_what_would_run_in_order() {
    let playbook = read_playbook(TOML, "ci/book.toml").unwrap();
    let plan = TaskPlan {
        push: true,
        pull_request: true,
        ..TaskPlan::default()
    };
    insta::assert_snapshot!(dry_run(&plan, &playbook));
}

#[test]
fn the_book_says_whether_its_steps_fail_fast() {
    let step = |more: &str| format!("{{name: a, after: execute, command: x{more}}}");
    let fails_fast = |text: String| read_playbook(&text, "a.yaml").unwrap().steps[0].fail_fast;
    assert!(fails_fast(format!("steps: [{}]", step(""))));
    assert!(!fails_fast(format!(
        "fail-fast: false\nsteps: [{}]",
        step("")
    )));
    assert!(fails_fast(format!(
        "fail-fast: false\nsteps: [{}]",
        step(", fail-fast: true")
    )));
}

#[test]
fn every_fault_is_said_at_once() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nsteps: [*b]\n";
    let wrong = r#"
descripton: x
steps:
  - name: lint
    after: exeucte
    comand: [npm]
    retries: 99
    timeout: 10
    when: { file: a, variables: { CI: 1 }, steps: { later: passed, gone: failed, lint: fine } }
  - name: lint
    before: push
    after: push
    command: true
    work-dir: ../x
    env: { PORT: 8080 }
  - name: two words
    before: validate
    command: []
  - name: later
    command: x
    when: { no-files: [/etc/passwd, .git/config] }
    fail-fast: "yes"
  - just a text
"#;
    let texts = [
        ("no YAML", "a.yaml", "steps: [".to_owned()),
        ("no TOML", "a.toml", "steps = [".to_owned()),
        ("another kind of file", "a.json", "{}".to_owned()),
        ("nothing", "a.yaml", String::new()),
        ("no steps", "a.toml", "description = \"x\"".to_owned()),
        ("a list", "a.yaml", "- a".to_owned()),
        ("aliases", "a.yaml", bomb.to_owned()),
        ("too large", "a.yaml", "#".repeat((1 << 20) + 1)),
        (
            "too many steps",
            "a.yaml",
            format!("steps: [{}]", "{},".repeat(5000)),
        ),
        ("wrong everywhere", "a.yaml", wrong.to_owned()),
    ];
    let mut told = String::new();
    for (what, name, text) in texts {
        let error = read_playbook(&text, name).expect_err(what).to_string();
        let start: String = error.lines().take(30).collect::<Vec<_>>().join("\n");
        told.push_str(&format!("## {what}\n{start}\n\n"));
    }
    insta::assert_snapshot!(told);
}

proptest! {
    #[test]
    fn no_change_of_one_byte_makes_the_reader_panic(at in 0..YAML.len(), byte in 0_u8..128) {
        for (name, text) in [("a.yaml", YAML), ("a.toml", TOML)] {
            let mut text = text.as_bytes().to_vec();
            let at = at % text.len();
            text[at] = byte;
            let _ = read_playbook(&String::from_utf8(text).unwrap(), name);
        }
    }
}
