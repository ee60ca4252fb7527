use clap::Parser as _;
use retro_domain::validate;

use super::super::context::tests::project;
use super::*;

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    flags: TaskFlags,
}

fn flags(args: &[&str]) -> TaskFlags {
    let args = std::iter::once("task").chain(args.iter().copied());
    Line::try_parse_from(args).unwrap().flags
}

const PROJECT: &str =
    "suites = [{ name = \"unit\", run = \"u\" }, { name = \"lint\", run = \"l\" }]
[task.executor]
command = \"agent\"
env-allow = [\"AGENT_KEY\"]
[task.build]
command = \"make\"
env = { NODE_ENV = \"production\" }
";

fn of(args: &[&str], project_file: &str) -> Result<TaskContext, DocumentError> {
    let place = TaskPlace::Repository("https://example.com/o/r".to_owned());
    task_of(&flags(args), Some(place), &project(project_file))
}

#[test]
fn a_name_and_a_command_are_enough() {
    let task = of(
        &[
            "--name",
            "Analyze Sales Data",
            "--exec",
            "claude -p {prompt_file}",
        ],
        "",
    )
    .unwrap();
    assert_eq!(task.task_id, "analyze-sales-data");
    assert_eq!(task.description, "Analyze Sales Data");
    let command = &task.settings.executor.as_ref().unwrap().command;
    assert_eq!(
        *command,
        CommandLine::Shell("claude -p {prompt_file}".to_owned())
    );
    assert!(validate(&task).is_valid(), "{:?}", validate(&task));
}

#[test]
fn each_flag_says_something() {
    let task = of(
        &[
            "--name",
            "n",
            "--task-id",
            "T-1",
            "--spec",
            "s",
            "--description",
            "d",
            "--accept",
            "a",
            "--accept",
            "b",
            "--build",
            "npm run build",
            "--suite",
            "lint",
            "--playbook",
            "p.toml",
            "--branch-prefix",
            "bots",
            "--no-push",
            "--approval=8h",
            "--timeout",
            "2h",
            "--prompt-stdin",
        ],
        PROJECT,
    )
    .unwrap();
    assert_eq!(
        (task.task_id.as_str(), task.spec_name.as_deref()),
        ("T-1", Some("s"))
    );
    assert_eq!(
        (task.description.as_str(), task.acceptance_criteria.len()),
        ("d", 2)
    );
    let set = &task.settings;
    let executor = set.executor.as_ref().unwrap();
    assert_eq!(executor.prompt, PromptDelivery::Stdin);
    assert_eq!(executor.env_allow, ["AGENT_KEY"]);
    let build = set.build.on().unwrap();
    assert_eq!(
        build.command,
        CommandLine::Shell("npm run build".to_owned())
    );
    assert_eq!(build.env["NODE_ENV"], "production");
    assert_eq!(set.suites.on().unwrap()[0].name, "lint");
    assert_eq!(set.playbook_path.as_deref(), Some("p.toml"));
    assert_eq!(set.branch_prefix(), "bots");
    assert_eq!((&set.push, &set.pull_request), (&Switch::Off, &Switch::Off));
    assert_eq!(set.approval.on().unwrap().deadline.as_secs(), 8 * 3600);
    assert_eq!(set.timeout.unwrap().as_secs(), 7200);
    let approval = of(&["--name", "n", "--approval"], PROJECT)
        .unwrap()
        .settings
        .approval;
    assert_eq!(approval, Switch::On(usual_approval()));
}

#[test]
fn flags_go_over_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (context, description) = (dir.path().join("task.toml"), dir.path().join("what.md"));
    let text = "task_id = \"T-9\"\ntitle = \"old\"\ndescription = \"old\"\nslot_path = \"/slots/1\"\n\
                suites = [\"unit\"]\nexecutor = { command = [\"a\"], env = { A = \"1\" } }\n";
    std::fs::write(&context, text).unwrap();
    std::fs::write(&description, "new\nlines").unwrap();
    let paths = [context.to_str().unwrap(), description.to_str().unwrap()];
    let task = of(
        &[
            "--context",
            paths[0],
            "--description-file",
            paths[1],
            "--name",
            "new",
            "--exec",
            "b",
        ],
        PROJECT,
    )
    .unwrap();
    assert_eq!((task.task_id.as_str(), task.title.as_str()), ("T-9", "new"));
    assert_eq!(task.description, "new\nlines");
    assert_eq!(task.place, Some(TaskPlace::Slot("/slots/1".to_owned())));
    let executor = task.settings.executor.unwrap();
    assert_eq!(executor.command, CommandLine::Shell("b".to_owned()));
    assert_eq!(executor.env["A"], "1");
    assert_eq!(task.settings.suites.on().unwrap()[0].name, "unit");
    assert_eq!(task.settings.build, Switch::Unset);
}

#[test]
fn every_wrong_flag_is_said_at_once() {
    let error = of(
        &[
            "--context",
            "/nonexistent/task.json",
            "--exec",
            " ",
            "--build",
            "",
            "--suite",
            "unti",
            "--approval=none",
            "--timeout",
            "2",
            "--prompt-stdin",
        ],
        "suites = [{ name = \"unit\", run = \"u\" }]",
    )
    .unwrap_err();
    insta::assert_snapshot!(error);
    assert!(
        of(&["--prompt-stdin"], "")
            .unwrap_err()
            .to_string()
            .contains("--exec")
    );
    assert!(of(&["--timeout", "none"], "").is_err());
    let line = Line::try_parse_from(["task", "--description", "a", "--description-file", "b"]);
    assert!(line.is_err());
}

#[test]
fn files_are_of_a_size_and_texts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("what.md");
    let fault = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = of(&["--description-file", path.to_str().unwrap()], "").unwrap_err();
        error.faults()[0].to_string()
    };
    assert!(fault(&vec![b'x'; (1 << 20) + 1]).contains("larger than 1 MiB"));
    assert!(fault(b"\xff").contains("no text in UTF-8"));
}
