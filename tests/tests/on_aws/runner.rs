//! What becomes of what runners are told: wrong things, and settings.

use retro_tests::emulator::Emulator;
use retro_tests::{Said, World, wait_until};
use serde_json::{Value, json};

use crate::initiator::scene;
use crate::lambda::{Function, Outcome};

/// Runs the runner as a task would, for one commit, told this besides.
fn commit_job(world: &World, emulator: &Emulator, commit: &str, told: &[(&str, &str)]) -> Said {
    let mut program = world.program("retro-runner", &["commit-job"]);
    program
        .env("AWS_ACCESS_KEY_ID", "TaskRole")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL", emulator.address())
        .env("DYNAMODB_TABLE_NAME", emulator.output("TableName"))
        .env("S3_BUCKET_NAME", emulator.output("BucketName"))
        .env(
            "REPO_URL",
            format!("file://{}", world.repo.path().display()),
        )
        .env("COMMIT_HASH_TO_PROCESS", commit)
        .envs(told.iter().copied());
    Said::from(program.output().unwrap())
}

fn only_job(emulator: &Emulator, commit: &str) -> Value {
    let mut jobs = emulator.jobs_of(commit);
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

#[test]
fn a_plan_or_suite_that_is_not_there_fails_the_job_that_is_known() {
    let (world, emulator, url) = scene(5);
    let start = ["start", "--repo", &url, "--last", "1"];
    let started = world.program("retro-initiator", &start).output().unwrap();
    let batch = String::from_utf8(started.stdout).unwrap().trim().to_owned();
    let newest = world.repo.rev("HEAD").to_string();
    wait_until("the batch to end", || {
        only_job(&emulator, &newest)["status"] == "COMPLETE"
    });
    let bucket = emulator.output("BucketName");
    let uri = |key: &str| format!("s3://{bucket}/{key}");
    emulator.store_object("plans/odd.json", "no plan at all");
    let (plan, odd) = (uri(&format!("plans/{batch}.json")), uri("plans/odd.json"));
    let absent = uri("plans/absent.json");
    let suite = "5".repeat(64);
    for (back, plan, why) in [
        (1, plan.as_str(), "has no suite with the fingerprint"),
        (2, odd.as_str(), "there is no plan at"),
        (3, absent.as_str(), "there is no plan at"),
        (4, "nowhere", "RETRO_PLAN is \"nowhere\""),
    ] {
        let commit = world.repo.rev(&format!("HEAD~{back}")).to_string();
        let told = [("RETRO_PLAN", plan), ("RETRO_SUITE", suite.as_str())];
        let said = commit_job(&world, &emulator, &commit, &told);
        assert_eq!(said.code, Some(2), "{plan}: {}", said.stdout);
        let job = only_job(&emulator, &commit);
        assert_eq!(job["status"], "FAILED", "{job}");
        let reason = job["error_message"].as_str().unwrap();
        assert!(reason.contains(why), "{reason}");
        assert!(job.get("lease_owner").is_none(), "{job}");
    }
    // A job that is done stays so, whatever a late runner is told.
    let done = only_job(&emulator, &newest);
    let (_, suite) = done["commit_suite"]
        .as_str()
        .unwrap()
        .split_once('#')
        .unwrap();
    let told = [("RETRO_PLAN", "nowhere"), ("RETRO_SUITE", suite)];
    let said = commit_job(&world, &emulator, &newest, &told);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    assert_eq!(only_job(&emulator, &newest), done);
    let denied = &emulator.report()["permissions"]["denied"];
    assert_eq!(*denied, serde_json::json!({}));
}

#[test]
fn settings_of_slots_and_output_are_followed_or_refused() {
    let (world, emulator, url) = scene(3);
    let checkout = "[slots]\nsubmodules = \"checkout\"\n\n";
    let suite = std::fs::read_to_string(world.repo.path().join("retro.toml")).unwrap();
    let plain = world.repo.rev("HEAD").to_string();
    world.repo.commit_files(
        &[("retro.toml", &format!("{checkout}{suite}"))],
        "wants more",
    );
    let newest = world.repo.rev("HEAD").to_string();
    let why = "slots.submodules is \"checkout\"";
    // In all three ways that a batch is started.
    let remote = ["run", "--backend", "aws", "--from", &url, "--last", "1"];
    let said = world.expect(2, &remote);
    assert!(said.stderr.contains(why), "{}", said.stderr);
    let start = ["start", "--repo", &url, "--last", "1"];
    let said = Said::from(world.program("retro-initiator", &start).output().unwrap());
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains(why), "{}", said.stderr);
    let mut program = world.program("retro-initiator", &[]);
    program.envs(emulator.function_settings());
    let function = Function::start(program);
    let event = json!({"repo_owner": "o", "repo_name": "r", "repo_url": url, "iterations": 1});
    let Outcome::Answer(answer) = function.invoke("r-1", &event) else {
        panic!("it is answered");
    };
    assert_eq!(answer["statusCode"], 400, "{answer}");
    assert!(
        answer["message"].as_str().unwrap().contains(why),
        "{answer}"
    );
    assert_eq!(emulator.keys(), Vec::<String>::new());
    assert!(emulator.jobs_of(&newest).is_empty());
    // And by a runner on its own.
    let said = commit_job(&world, &emulator, &newest, &[]);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    assert!(said.stdout.contains("slots.submodules"), "{}", said.stdout);

    // The limit on output goes with the batch.
    let loud =
        "i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i + 1)); done; echo 1..1; echo ok 1";
    let words = [
        "--submodules",
        "skip",
        "--log-cap",
        "2KiB",
        "--results",
        "tap",
    ];
    let command = ["--", "sh", "-c", loud];
    world.expect(0, &[&remote[..], &words, &command].concat());
    let kept = world.expect(0, &["log", "HEAD", "--file", "test.stderr"]);
    assert!(kept.stdout.len() < 3_000, "{}", kept.stdout.len());
    // A runner on its own fetched no history, and does not complain of that.
    let said = commit_job(&world, &emulator, &plain, &[]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    assert!(!said.stdout.contains("shallow"), "{}", said.stdout);
}
