//! What the container's entry point says of its settings, before anything else.

use std::process::{Command, Output};

#[expect(clippy::disallowed_methods, reason = "the real binary is started")]
fn commit_job(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retro-runner"));
    command.arg("commit-job").env_clear();
    command
        .envs(variables.iter().copied())
        .output()
        .expect("the runner starts")
}

fn lines(bytes: &[u8]) -> Vec<serde_json::Value> {
    let text = str::from_utf8(bytes).expect("the log is text");
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("each line is JSON")
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let output = commit_job(&[]);
    assert_eq!(output.status.code(), Some(2));
    let said = lines(&output.stdout)
        .iter()
        .map(ToString::to_string)
        .collect::<String>();
    for variable in [
        "REPO_URL",
        "COMMIT_HASH_TO_PROCESS",
        "DYNAMODB_TABLE_NAME",
        "S3_BUCKET_NAME",
    ] {
        assert!(said.contains(variable), "{variable}: {said}");
    }
}

#[test]
fn a_malformed_setting_is_named_with_its_value_but_a_secret_is_not() {
    let output = commit_job(&[
        ("REPO_URL", "https://user:hunter2@example.com/o/r.git"),
        ("COMMIT_HASH_TO_PROCESS", "main"),
        ("DYNAMODB_TABLE_NAME", "jobs"),
        ("S3_BUCKET_NAME", "logs"),
    ]);
    assert_eq!(output.status.code(), Some(2));
    let (log, people) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(log.contains("COMMIT_HASH_TO_PROCESS"), "{log}");
    assert!(log.contains("main"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
    assert!(!people.contains("hunter2"), "{people}");
}
