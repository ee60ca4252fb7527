//! The image of a commit job: built from the Containerfile, without a daemon, and run as the tasks of a
//! batch, each part of which may do what its role allows and nothing else.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use retro_testing::{GitServer, Reaction};
use retro_tests::emulator::{Emulator, python, root};
use retro_tests::{Said, World, built};
use serde_json::{Value, json};

/// What the image has, beside the runner and what these need.
const PROGRAMS: [&str; 3] = ["sh", "cat", "grep"];

#[expect(
    clippy::disallowed_methods,
    reason = "the test starts tools, as a person would"
)]
fn said(program: &OsStr, arguments: &[&OsStr]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A root for the image: programs of this machine, and the libraries that they and the runner need. No
/// certificates, no users, no time zones.
#[expect(
    clippy::disallowed_methods,
    reason = "the test looks for programs of this machine"
)]
fn base(folder: &Path, runner: &Path) {
    let path = std::env::var_os("PATH").unwrap();
    let mut files = vec![runner.to_owned()];
    for program in PROGRAMS {
        let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
        let found = places.find(|place| place.is_file()).unwrap();
        copy(&found, &folder.join("bin").join(program));
        files.push(found);
    }
    for file in files {
        // `name => /place (address)`, or `/place (address)`.
        for word in said(OsStr::new("ldd"), &[file.as_ref()]).split_whitespace() {
            if word.starts_with('/') {
                copy(Path::new(word), &folder.join(word.trim_start_matches('/')));
            }
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
}

/// The image, as a layout.
fn image(folder: &Path) -> PathBuf {
    let runner = built("retro-runner");
    base(&folder.join("base"), &runner);
    copy(&runner, &folder.join("context/retro-runner"));
    let (base, layout) = (folder.join("base"), folder.join("layout"));
    let containerfile = root().join("infra/Containerfile");
    let context = folder.join("context");
    said(
        python().as_ref(),
        &[
            root().join("tests/servers/oci_image.py").as_ref(),
            OsStr::new("build"),
            containerfile.as_ref(),
            context.as_ref(),
            layout.as_ref(),
            OsStr::new("--base"),
            base.as_ref(),
        ],
    );
    layout
}

const SUITE: &str = "[[suites]]\nname = \"unit\"\nrun = [\"sh\", \"t.sh\"]\nresults = [{ format = \"tap\", stdout = true }]\n";

/// A test that fails at one of three commits, and much output.
fn history() -> World {
    let world = World::new();
    let long = "a line that says nothing\n".repeat(400_000);
    let script = "cat long results; ! grep -q '^not ok' results\n";
    world.repo.commit_files(
        &[("t.sh", script), ("long", &long), ("retro.toml", SUITE)],
        "a way to test",
    );
    for (number, result) in ["ok", "not ok", "ok"].iter().enumerate() {
        world.repo.commit_files(
            &[("results", &format!("1..1\n{result} 1 - a\n# {number}\n"))],
            &format!("commit {number}"),
        );
    }
    world
}

#[test]
fn a_batch_of_containers_does_what_its_roles_allow_and_no_more() {
    let mut world = history();
    let folder = tempfile::tempdir().unwrap();
    let layout = image(folder.path());
    let program = python();
    let script = root().join("tests/servers/oci_image.py");
    let emulator = Emulator::start(
        "{}",
        &["Repositories=octo/*"],
        &[
            program.as_ref(),
            script.as_ref(),
            OsStr::new("run"),
            layout.as_ref(),
        ],
    );
    // Addresses have an owner and a name.
    let owner = world.repo.outside().join("octo");
    std::fs::create_dir(&owner).unwrap();
    std::os::unix::fs::symlink(world.repo.path(), owner.join("tool")).unwrap();
    // The token is in the secret that the stack was told of.
    let git = GitServer::reacting(world.repo.outside(), |request| {
        match request.header("authorization") {
            Some("Basic eC1hY2Nlc3MtdG9rZW46dG9rZW4=") => Reaction::Serve,
            _ => Reaction::unauthorized(),
        }
    });
    for (name, value) in emulator.settings() {
        world.set(name, &value);
    }
    world.set("AWS_ACCESS_KEY_ID", "People");
    let url = git.url("octo/tool");
    let run = ["run", "--last", "3", "--backend", "aws", "--from", &url];
    let how = ["--results", "tap", "--format", "json", "--fail-on", "none"];
    let document = world.json(0, &[&run[..], &how, &["--", "sh", "t.sh"]].concat());
    let report = emulator.report();
    let commits = document["commits"].as_array().unwrap();
    let verdicts: Vec<&Value> = commits.iter().map(|commit| &commit["verdict"]).collect();
    assert_eq!(verdicts, ["passed", "tests-failed", "passed"], "{report:#}");
    let exits = report["tasks"].as_array().unwrap().iter();
    assert!(exits.map(|task| &task["exit_code"]).all(|code| *code == 0));
    // Another suite over the same range, started with the role of the function.
    let start = ["start", "--repo", &url, "--last", "3"];
    let mut initiator = world.program("retro-initiator", &start);
    initiator.env("AWS_ACCESS_KEY_ID", "InitiatorRole");
    initiator.env("RETRO_GIT_TOKEN_SECRET", "git");
    let said = Said::from(initiator.output().unwrap());
    assert_eq!(said.code, Some(0), "{}{}", said.stderr, said.stdout);
    // What each of them was seen to do. What a policy allows beyond that is for a bad day.
    let absent = "a look at an object that is not there, which is refused";
    let expected = json!({
        "denied": {},
        "used": {
            "People": [
                absent, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
                "s3:GetObject", "s3:ListBucket", "s3:PutObject", "states:DescribeExecution", "states:StartExecution",
            ],
            "InitiatorRole": [
                absent, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "s3:GetObject",
                "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue", "states:StartExecution",
            ],
            "StateMachineRole": [
                "dynamodb:Query", "ecs:DescribeTasks", "ecs:RunTask", "iam:PassRole",
            ],
            "TaskRole": [
                "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "s3:GetObject",
                "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue",
            ],
        },
    });
    assert_eq!(emulator.report()["permissions"], expected);
}
