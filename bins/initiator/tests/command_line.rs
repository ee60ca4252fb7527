//! What the command line says when it is not given what it needs.

use std::process::{Command, Output};

#[expect(clippy::disallowed_methods, reason = "the real binary is started")]
fn initiator(args: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a folder for the home of nobody");
    let mut command = Command::new(env!("CARGO_BIN_EXE_retro-initiator"));
    command
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .env("COLUMNS", "100");
    command.output().expect("the initiator starts")
}

fn refused(code: i32, args: &[&str]) -> String {
    let output = initiator(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert!(output.stdout.is_empty(), "{args:?}");
    said
}

#[test]
fn the_help_lists_every_flag() {
    let output = initiator(&["start", "-h"]);
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).expect("text"));
}

#[test]
fn what_is_missing_is_named() {
    assert!(refused(2, &["start"]).contains("--repo"));
    let empty = tempfile::tempdir().expect("a folder");
    let nowhere = empty.path().join("nothing");
    let nowhere = nowhere.to_str().expect("a path in Unicode");
    let said = refused(3, &["start", "--repo", nowhere, "--", "true"]);
    assert!(said.contains("cannot be fetched"), "{said}");
    assert!(said.contains("check the address"), "{said}");
    let said = refused(2, &["start", "--repo", "", "--", "true"]);
    assert!(said.starts_with("error: "), "{said}");
}
