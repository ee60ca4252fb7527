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
    let mut world = history(commits);
    world
        .repo
        .commit_files(&[("retro.toml", SUITE)], "what to run");
    let emulator = Emulator::with_runner("{}");
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
    // What is complete is not run again.
    let again = initiator(&world, 0, &[&start[..], &["--format", "json"]].concat());
    let again = document(&again);
    assert_eq!(
        (&again["queued"], &again["skipped"]),
        (&json!(0), &json!(10))
    );
    assert_eq!(again["executionArn"], Value::Null);
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
    assert!(matches!(outcome, Outcome::Error(_)), "{outcome:?}");
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
