//! Batches that the initiator starts, from its command line and as a Lambda function.

use retro_testing::{GitServer, Reaction};
use retro_tests::emulator::Emulator;
use retro_tests::{Said, World, wait_until};
use serde_json::{Value, json};

use crate::lambda::{Function, Outcome};
use crate::{essence, history};

const SUITE: &str = "[[suites]]\nname = \"unit\"\nrun = [\"sh\", \"t.sh\"]\nresults = [{ format = \"tap\", stdout = true }]\n";

fn initiator(world: &World, code: i32, args: &[&str]) -> Said {
    let said = Said::from(world.program("retro-initiator", args).output().unwrap());
    assert_eq!(
        said.code,
        Some(code),
        "{args:?}\n{}{}",
        said.stderr,
        said.stdout
    );
    said
}

fn document(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}\n{}", said.stdout))
}

/// A world with a history and an emulator, and the address of the repository.
pub(crate) fn scene(commits: usize) -> (World, Emulator, String) {
    scene_with(commits, &[])
}

/// The same with these parameters of the stack.
pub(crate) fn scene_with(commits: usize, parameters: &[&str]) -> (World, Emulator, String) {
    let mut world = history(commits);
    world
        .repo
        .commit_files(&[("retro.toml", SUITE)], "what to run");
    let emulator = Emulator::with_stack("{}", parameters);
    for (name, value) in emulator.settings() {
        world.set(name, &value);
    }
    let url = format!("file://{}", world.repo.path().display());
    (world, emulator, url)
}

#[test]
fn the_command_line_waits_and_says_what_a_run_on_this_machine_says() {
    let (world, _emulator, url) = scene(9);
    let start = ["start", "--repo", &url, "--last", "10"];
    let told = ["--format", "json", "--fail-on", "none"];
    // A dry run stores nothing.
    let dry = initiator(
        &world,
        0,
        &[&start[..], &["--dry-run", "--format", "json"]].concat(),
    );
    assert_eq!(document(&dry)["to_run"], 10);
    assert!(dry.stderr.contains("10 tasks"), "{}", dry.stderr);
    let dear = ["--max-cost-usd", "0.0001"];
    let dear = initiator(&world, 2, &[&start[..], &dear].concat());
    assert!(
        dear.stderr.contains("--max-cost-usd allows"),
        "{}",
        dear.stderr
    );
    let there = initiator(&world, 0, &[&start[..], &["--wait"], &told].concat());
    let here = world.json(
        0,
        &[&["run", "--last", "10", "--suite", "unit"], &told[..]].concat(),
    );
    assert_eq!(essence(&document(&there)), essence(&here));
    // What is complete is not counted, and not run again.
    let dry = initiator(
        &world,
        0,
        &[&start[..], &["--dry-run", "--format", "json"]].concat(),
    );
    assert_eq!(document(&dry)["to_run"], 0);
    assert!(dry.stderr.contains("10 more complete"), "{}", dry.stderr);
    let cheap = ["--max-cost-usd", "0.0001"];
    initiator(&world, 0, &[&start[..], &cheap].concat());
    let again = initiator(&world, 0, &[&start[..], &["--format", "json"]].concat());
    let again = document(&again);
    assert_eq!(
        (&again["queued"], &again["skipped"]),
        (&json!(0), &json!(10))
    );
    assert_eq!(again["executionArn"], Value::Null);
    // What is told of a job is how long its commands took.
    let slow = ["--last", "1", "--wait", "--", "sh", "-c", "sleep 0.05"];
    let slow = initiator(&world, 0, &[&start[..3], &slow].concat());
    assert!(slow.stderr.contains("[1/1]"), "{}", slow.stderr);
    assert!(!slow.stderr.contains("in 0.00 s"), "{}", slow.stderr);
    // With other tools it is.
    let tools = ["--toolchain", "image-2", "--format", "json"];
    let other = document(&initiator(&world, 0, &[&start[..], &tools].concat()));
    assert_eq!(
        (&other["queued"], &other["skipped"]),
        (&json!(10), &json!(0))
    );
    let batch = other["batchId"].as_str().unwrap();
    wait_until("the batch to end", || {
        world.retro(&["pull", batch]).code == Some(0)
    });
}

#[test]
fn a_tree_that_was_run_for_another_commit_is_taken_over() {
    let (world, _emulator, url) = scene(3);
    let start = ["start", "--repo", &url, "--last", "2", "--fail-on", "none"];
    initiator(&world, 0, &[&start[..], &["--wait"]].concat());
    // Another commit with the tree of the newest one.
    world
        .repo
        .commit_files(&[("retro.toml", SUITE)], "nothing changed");
    let told = ["--wait", "--format", "json"];
    let again = initiator(
        &world,
        0,
        &[
            &start[..1],
            &start[1..3],
            &["--last", "1", "--fail-on", "none"],
            &told,
        ]
        .concat(),
    );
    assert!(
        again.stderr.contains("0 tasks started, 1 complete"),
        "{}",
        again.stderr
    );
    let commits = document(&again)["commits"].clone();
    assert_eq!(commits[0]["summary"], "nothing changed", "{commits}");
    assert!(commits[0]["verdict"].is_string(), "{commits}");
}

#[test]
fn a_batch_that_could_not_be_started_is_taken_up_and_told() {
    let (world, _emulator, url) = scene(3);
    let start = ["start", "--repo", &url, "--last", "2"];
    let wrong = [
        "--state-machine",
        "arn:aws:states:us-east-1:123456789012:stateMachine:none",
    ];
    let failed = initiator(&world, 3, &[&start[..], &wrong].concat());
    let (_, rest) = failed
        .stderr
        .split_once("--batch ")
        .expect("it says how to go on");
    let batch = rest.split([',', ' ', ')']).next().unwrap().to_owned();
    let pulled = world.retro(&["pull", &batch]);
    assert_eq!(pulled.code, Some(3), "{}", pulled.stderr);
    assert!(
        pulled.stdout.contains("no execution was started"),
        "{}",
        pulled.stdout
    );
    // There is a new commit meanwhile.
    world.repo.commit_files(&[("new.txt", "x")], "later");
    let go_on = ["--batch", &batch, "--wait", "--fail-on", "none"];
    let done = initiator(&world, 0, &[&start[..], &go_on].concat());
    assert!(done.stderr.contains("as it was begun"), "{}", done.stderr);
    assert!(!done.stdout.contains("later"), "{}", done.stdout);
    // An id of another request is refused as such.
    let other = ["start", "--repo", &url, "--last", "1", "--batch", &batch];
    let refused = initiator(&world, 2, &other);
    assert!(
        refused.stderr.contains("begun for something else"),
        "{}",
        refused.stderr
    );
    // Whatever is missing is named at once.
    let mut bare = world.program("retro-initiator", &["start", "--repo", &url, "--last", "1"]);
    for name in [
        "RETRO_AWS_TABLE",
        "RETRO_AWS_BUCKET",
        "RETRO_AWS_STATE_MACHINE",
    ] {
        bare.env_remove(name);
    }
    let bare = Said::from(bare.output().unwrap());
    assert_eq!(bare.code, Some(2), "{}", bare.stderr);
    for key in ["aws.table", "aws.bucket", "aws.state-machine"] {
        assert!(bare.stderr.contains(key), "{}", bare.stderr);
    }
}

#[test]
fn the_function_starts_a_batch_once_for_each_request() {
    let (world, emulator, url) = scene(4);
    let mut program = world.program("retro-initiator", &[]);
    program.envs(emulator.function_settings());
    let function = Function::start(program);
    let event = json!({
        "repo_owner": "octo", "repo_name": "tool", "repo_url": url, "iterations": 4,
        "suites": ["unit"],
    });
    let answer = |id: &str, event: &Value| match function.invoke(id, event) {
        Outcome::Answer(answer) => answer,
        Outcome::Error(error) => panic!("{error}"),
    };
    let first = answer("request-1", &event);
    assert_eq!(first["statusCode"], 200, "{first}");
    assert_eq!(
        (&first["queued"], &first["skipped"]),
        (&json!(4), &json!(0)),
        "{first}"
    );
    assert!(
        first["executionArn"]
            .as_str()
            .unwrap()
            .contains(":execution:"),
        "{first}"
    );
    // The same request goes on with its batch, whatever became of its jobs meanwhile.
    let same = answer("request-1", &event);
    assert_eq!(same, first);
    let batch = first["batchId"].as_str().unwrap().to_owned();
    let with = |name: &str, value: Value| {
        let mut wrong = event.clone();
        if name == "range" {
            wrong.as_object_mut().unwrap().remove("iterations");
        }
        wrong[name] = value;
        wrong
    };
    for (wrong, why) in [
        (json!({"repo_owner": "octo"}), "repo_name"),
        (
            json!({"repo_owner": "octo", "repo_name": "tool", "repo_url": url, "range": "no..such"}),
            "no",
        ),
        (
            json!({"repo_owner": "octo", "repo_name": "tool", "repo_url": url, "iterations": 1, "suites": ["x"]}),
            "\"x\"",
        ),
        (with("iterations", json!(0)), "iterations is 0"),
        (with("range", json!("")), "range is blank"),
        (with("range", json!(" \t")), "range is blank"),
        (with("max_cost_usd", json!(-1)), "max_cost_usd is -1"),
        (with("repo_url", json!("")), "repo_url is blank"),
        (with("repo_url", json!("ftp://example.com/o/r")), "scheme"),
        (with("repo_url", json!("http://:80/o/r")), "address"),
        (
            with("repo_url", json!("git@example.com:o/r.git")),
            "https://example.com/o/r.git",
        ),
        (
            with("repo_url", json!("ssh://git@example.com/o/r")),
            "https://example.com/o/r",
        ),
    ] {
        let refused = answer("request-2", &wrong);
        assert_eq!(refused["statusCode"], 400, "{refused}");
        assert!(
            refused["message"].as_str().unwrap().contains(why),
            "{refused}"
        );
    }
    // Where the repository is not there, whoever called has to know, and to try again.
    let missing =
        json!({"repo_owner": "o", "repo_name": "r", "repo_url": "/no/such", "iterations": 1});
    let outcome = function.invoke("request-3", &missing);
    let Outcome::Error(error) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(error["errorType"], "RetroInitiatorError", "{error}");
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .contains("cannot be fetched"),
        "{error}"
    );
    // Exit status 3 says that some jobs are not over.
    wait_until("the batch to end", || {
        world.retro(&["pull", &batch]).code == Some(0)
    });
    let shown = world.json(0, &["show", &batch, "--format", "json"]);
    assert_eq!(
        shown["commits"].as_array().map(Vec::len),
        Some(4),
        "{shown}"
    );
}

#[test]
fn a_token_in_secrets_manager_opens_a_repository() {
    // `x-access-token:hush-hush`, as a header holds it.
    const HEADER: &str = "Basic eC1hY2Nlc3MtdG9rZW46aHVzaC1odXNo";
    let (mut world, emulator, _) = scene(3);
    emulator.store_secret("tokens", r#"{"token": "hush-hush"}"#);
    let folder = world.outside().join("served");
    std::fs::create_dir_all(folder.join("octo")).unwrap();
    std::os::unix::fs::symlink(world.repo.path(), folder.join("octo/tool")).unwrap();
    let server = GitServer::reacting(&folder, |request| match request.header("authorization") {
        Some(HEADER) => Reaction::Serve,
        _ => Reaction::unauthorized(),
    });
    let url = server.url("octo/tool");
    let start = ["start", "--repo", &url, "--last", "2", "--dry-run"];
    let refused = initiator(&world, 3, &start);
    assert!(
        refused.stderr.contains("cannot be fetched"),
        "{}",
        refused.stderr
    );
    world.set("RETRO_GIT_TOKEN_SECRET", "tokens#token");
    let opened = initiator(&world, 0, &start);
    assert_eq!(opened.stdout.lines().count(), 2, "{}", opened.stdout);
    assert!(!opened.stderr.contains("hush-hush"), "{}", opened.stderr);
    world.set("RETRO_GIT_TOKEN_SECRET", "tokens#other");
    let missing = initiator(&world, 2, &start);
    assert!(
        missing.stderr.contains("RETRO_GIT_TOKEN_SECRET"),
        "{}",
        missing.stderr
    );
}
