use super::super::settings::{BuildSettings, ExecutorSettings, PromptDelivery, Switch};
use super::super::{ApprovalSettings, PullRequestSettings};
use super::*;

fn good() -> TaskContext {
    TaskContext {
        task_id: "T-1".to_owned(),
        title: "Analyze Sales Data".to_owned(),
        description: "Look at\nthe numbers.".to_owned(),
        acceptance_criteria: vec!["there is a page".to_owned()],
        place: Some(TaskPlace::Repository("https://example.com/o/r".to_owned())),
        settings: TaskSettings {
            playbook_path: Some("ci/playbook.toml".to_owned()),
            executor: Some(ExecutorSettings {
                command: CommandLine::Shell("work".to_owned()),
                prompt: PromptDelivery::File,
                env_allow: Vec::new(),
                env: Default::default(),
                timeout: None,
            }),
            ..TaskSettings::default()
        },
        ..TaskContext::default()
    }
}

fn fields(faults: &[Fault]) -> Vec<&'static str> {
    faults.iter().map(|fault| fault.field).collect()
}

/// The fields that have faults after a change to a good task.
fn check(change: impl FnOnce(&mut TaskContext), expected: &[&str]) {
    let mut context = good();
    change(&mut context);
    let checked = validate(&context);
    assert_eq!(fields(&checked.faults), expected, "{checked:?}");
}

#[test]
fn a_good_task_has_nothing_against_it() {
    assert_eq!(validate(&good()), Checked::default());
}

#[test]
fn every_fault_is_said_at_once() {
    let checked = validate(&TaskContext::default());
    let expected = ["task_id", "title", "description", "slot_path", "executor"];
    assert_eq!(fields(&checked.faults), expected);
    assert_eq!(
        fields(&checked.warnings),
        ["acceptance_criteria", "playbook_path"]
    );
    assert!(!checked.is_valid());
}

#[test]
fn each_field_is_looked_at() {
    check(|task| task.task_id = "a\nb".into(), &["task_id"]);
    check(|task| task.spec_name = Some(" ".into()), &["spec_name"]);
    check(|task| task.title = "x".repeat(301), &["title"]);
    check(|task| task.description = "\0".into(), &["description"]);
    check(
        |task| task.acceptance_criteria = vec!["".into()],
        &["acceptance_criteria"],
    );
    check(
        |task| task.dependencies = vec!["T-1".into()],
        &["dependencies"],
    );
    check(
        |task| task.required_skill = Some("".into()),
        &["required_skill"],
    );
    check(|task| task.slot_id = Some("".into()), &["slot_id"]);
    check(
        |task| task.branch_name = Some("a..b".into()),
        &["branch_name"],
    );
    let slot = |path: &str| Some(TaskPlace::Slot(path.to_owned()));
    check(|task| task.place = slot("/slots/1"), &[]);
    check(|task| task.place = slot("slots/1"), &["slot_path"]);
    check(|task| task.place = slot("/slots/../1"), &["slot_path"]);
    let url = |url: &str| Some(TaskPlace::Repository(url.to_owned()));
    check(|task| task.place = url("ssh://git@h/o/r"), &[]);
    check(
        |task| task.place = url("https://me:hush@h/o/r"),
        &["repo_url"],
    );
    check(|task| task.place = url("https://hush@h/o/r"), &["repo_url"]);
    check(|task| task.place = url(""), &["repo_url"]);
}

#[test]
fn settings_are_looked_at() {
    let check = |change: &dyn Fn(&mut TaskSettings), expected: &[&str]| {
        check(|task| change(&mut task.settings), expected);
    };
    check(
        &|set| set.run_branch_prefix = Some("a b".into()),
        &["run_branch_prefix"],
    );
    check(
        &|set| set.commit_template = Some("{x}".into()),
        &["commit_template"],
    );
    check(
        &|set| set.timeout = Some(Duration::ZERO),
        &["timeout_seconds"],
    );
    for path in ["", "/etc/x", "../x", "a//b", ".git/hooks/x", "a/.GIT/x"] {
        check(
            &|set| set.playbook_path = Some(path.into()),
            &["playbook_path"],
        );
    }
    let build = BuildSettings {
        command: CommandLine::Argv(Vec::new()),
        work_dir: "..".to_owned(),
        env_allow: Vec::new(),
        env: Default::default(),
        timeout: Some(Duration::ZERO),
    };
    let expected = ["build.command", "build.work_dir", "build.timeout_seconds"];
    check(&|set| set.build = Switch::On(build.clone()), &expected);
    let approval = ApprovalSettings {
        deadline: Duration::ZERO,
    };
    let expected = ["approval.deadline_seconds"];
    check(&|set| set.approval = Switch::On(approval), &expected);
    let request = PullRequestSettings {
        title: Some("{".to_owned()),
        ..PullRequestSettings::default()
    };
    let expected = ["pull_request.title", "pull_request"];
    check(
        &|set| {
            set.pull_request = Switch::On(request.clone());
            set.push = Switch::Off;
        },
        &expected,
    );
}

#[test]
fn a_password_is_not_repeated() {
    let mut context = good();
    context.place = Some(TaskPlace::Repository("https://me:hush@h/o/r".to_owned()));
    assert!(!format!("{:?}", validate(&context)).contains("hush"));
}
