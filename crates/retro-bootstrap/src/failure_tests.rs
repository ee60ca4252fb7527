use std::io;

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("cannot write the results of {commit}")]
struct Outer {
    commit: &'static str,
    source: Middle,
}

#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
struct Middle {
    path: &'static str,
    source: io::Error,
}

fn disk_full() -> Outer {
    Outer {
        commit: "1a2b3c4",
        source: Middle {
            path: "/data/results.db",
            source: io::Error::new(io::ErrorKind::StorageFull, "no space left on device"),
        },
    }
}

#[test]
fn an_error_is_shown_with_its_causes_and_a_hint() {
    let failure = Failure::from_error(ExitCode::Incomplete, &disk_full())
        .with_hint("free some space, or move the data with --data-dir");
    insta::assert_snapshot!(failure.render(false));
}

#[test]
fn colour_marks_the_labels_only() {
    let failure = Failure::from_error(ExitCode::Incomplete, &disk_full()).with_hint("free space");
    insta::assert_snapshot!(
        failure
            .render(true)
            .escape_debug()
            .to_string()
            .replace("\\n", "\n")
    );
}

#[test]
fn a_cause_that_its_parent_already_tells_is_said_once() {
    let failure = Failure::from_error(ExitCode::Incomplete, &disk_full());
    assert_eq!(
        failure.causes,
        ["/data/results.db: no space left on device"]
    );
}

#[test]
fn context_goes_on_top() {
    let failure = Failure::usage("no such revision: v9").context("cannot list the commits");
    assert_eq!(failure.to_string(), "cannot list the commits");
    assert_eq!(failure.causes, ["no such revision: v9"]);
}

#[test]
fn control_characters_cannot_reach_the_terminal() {
    let failure = Failure::usage("no such file: a\u{1b}[2Jb\nsecond line\r");
    assert_eq!(
        failure.render(false),
        "error: no such file: a\\u{1b}[2Jb\nsecond line\n"
    );
}
