//! The help that people see.

use std::process::Command;

#[expect(clippy::disallowed_methods, reason = "the real binary prints it")]
fn help(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_git-retro"));
    command.args(args).env_clear().env("COLUMNS", "100");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_overview_lists_every_command() {
    insta::assert_snapshot!(help(&["-h"]));
}

#[test]
fn run_explains_its_flags() {
    insta::assert_snapshot!(help(&["run", "-h"]));
}

#[test]
fn the_version_is_printed() {
    assert_eq!(
        help(&["--version"]),
        format!("git-retro {}\n", env!("CARGO_PKG_VERSION"))
    );
}
