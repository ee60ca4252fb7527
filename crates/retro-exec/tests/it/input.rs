//! What commands read.

use retro_exec::{CancelToken, Ending, ExecError, Executor, Stdin};

use crate::scratch::{Scratch, check_ending};

const LONG: usize = 16 << 20;

fn scratch_with(content: &[u8]) -> (Scratch, Stdin) {
    let scratch = Scratch::new();
    std::fs::write(scratch.path("prompt"), content).unwrap();
    let stdin = Stdin::File(scratch.path("prompt"));
    (scratch, stdin)
}

#[track_caller]
fn check(content: &[u8], line: &str, expected: &[u8]) {
    let (scratch, stdin) = scratch_with(content);
    for _ in 0..2 {
        let mut run = scratch.shell(line);
        run.stdin = stdin.clone();
        run.stdout.cap = u64::MAX;
        check_ending(&scratch.run(&run), Ending::Exited(0));
        assert!(scratch.stdout() == expected);
    }
    // The next command of the same supervisor has no input.
    check_ending(&scratch.run(&scratch.command(&["cat"])), Ending::Exited(0));
    assert_eq!(scratch.stdout(), b"");
}

#[test]
fn a_command_reads_the_file() {
    check(b"do it\nwell\n", "cat", b"do it\nwell\n");
    check(b"", "cat", b"");
    check(
        b"do it\nwell\n",
        "read line; echo \"$line\"; cat",
        b"do it\nwell\n",
    );
}

#[test]
fn more_than_a_pipe_holds_comes_through_while_output_flows() {
    let long = vec![b'x'; LONG];
    check(&long, "cat", &long);
    check(&long, "tee /dev/null | cat", &long);
}

#[test]
fn a_command_that_reads_late_in_part_or_not_at_all_is_no_trouble() {
    let long = vec![b'x'; LONG];
    check(&long, "true", b"");
    check(&long, "exec <&-; echo closed", b"closed\n");
    check(&long, "head -c 3", b"xxx");
    check(&long, "sleep 0.1; head -c 3", b"xxx");
}

#[test]
fn a_command_cannot_write_to_its_input() {
    let (scratch, stdin) = scratch_with(b"do it\n");
    let mut run = scratch.shell("echo more >&0");
    run.stdin = stdin;
    assert!(!scratch.run(&run).ending.is_success());
    assert_eq!(scratch.read("prompt"), b"do it\n");
}

#[test]
fn what_is_no_ordinary_file_is_refused_before_anything_starts() {
    let scratch = Scratch::new();
    check_ending(
        &scratch.run(&scratch.shell("mkfifo $OUT/pipe")),
        Ending::Exited(0),
    );
    for path in [
        scratch.path("missing"),
        scratch.path("work"),
        scratch.path("pipe"),
        "/dev/zero".into(),
    ] {
        let mut run = scratch.shell("touch $OUT/ran");
        run.stdin = Stdin::File(path.clone());
        let error = scratch.executor.run(&run, &CancelToken::new()).unwrap_err();
        assert!(matches!(&error, ExecError::Stdin { .. }), "{error}");
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
    assert!(!scratch.path("ran").exists());
}
