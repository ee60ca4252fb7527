//! Commands that cannot be started.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use retro_exec::{CancelToken, Ending, ExecError, Executor, Invocation};

use crate::scratch::{Scratch, check_ending};

#[track_caller]
fn check(scratch: &Scratch, run: &Invocation, expected: impl Fn(&ExecError) -> bool) -> ExecError {
    let error = scratch.executor.run(run, &CancelToken::new()).unwrap_err();
    assert!(expected(&error), "{error:?}");
    // The supervisor is none the worse for it.
    check_ending(&scratch.run(&scratch.shell("exit 4")), Ending::Exited(4));
    error
}

fn script(scratch: &Scratch, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = scratch.path(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn an_empty_command_is_refused() {
    let scratch = Scratch::new();
    check(&scratch, &scratch.command(&[]), |error| {
        matches!(error, ExecError::EmptyCommand)
    });
    check(&scratch, &scratch.command(&[""]), |error| {
        matches!(error, ExecError::EmptyCommand)
    });
}

#[test]
fn a_missing_command_is_named_with_the_places_searched() {
    let scratch = Scratch::new();
    let error = check(
        &scratch,
        &scratch.command(&["no-such-tool"]),
        ExecError::is_command_missing,
    );
    let expected = "command \"no-such-tool\" was not found; searched /usr/local/bin, /usr/bin, \
                    /bin; install it or extend PATH";
    assert_eq!(error.to_string(), expected);
    let run = scratch.command(&["./no-such-tool"]);
    let error = check(&scratch, &run, ExecError::is_command_missing);
    assert_eq!(
        error.to_string(),
        "command \"./no-such-tool\" was not found; check the path"
    );
}

#[test]
fn a_file_that_is_no_program_is_told_apart() {
    let scratch = Scratch::new();
    let unusable = |error: &ExecError| matches!(error, ExecError::NotExecutable { .. });
    script(&scratch, "work/plain", "#!/bin/sh\n", 0o644);
    script(
        &scratch,
        "work/unknown",
        "\x7fneither a script nor a program",
        0o755,
    );
    script(&scratch, "work/orphan", "#!/no/such/interpreter\n", 0o755);
    for (program, part) in [
        ("./plain", "chmod +x"),
        ("./unknown", "#!"),
        ("./orphan", "interpreter"),
        ("/", "directory"),
    ] {
        let error = check(&scratch, &scratch.command(&[program]), unusable);
        assert!(error.to_string().contains(part), "{error}");
        assert!(!error.is_command_missing() && !error.is_retryable());
    }
}

#[test]
fn a_working_directory_that_cannot_be_entered_is_named() {
    let scratch = Scratch::new();
    script(&scratch, "file", "", 0o644);
    for name in ["no-such-folder", "file"] {
        let mut run = scratch.shell("true");
        run.cwd = scratch.path(name);
        let expected = run.cwd.clone();
        check(
            &scratch,
            &run,
            |error| matches!(error, ExecError::WorkDir { path, .. } if *path == expected),
        );
    }
}

#[test]
fn what_cannot_be_passed_is_refused() {
    let scratch = Scratch::new();
    let refused = |error: &ExecError| matches!(error, ExecError::NotPassable { .. });
    check(&scratch, &scratch.command(&["echo", "a\0b"]), refused);
    for (name, value) in [("A\0", ""), ("A", "\0"), ("A=B", ""), ("", "")] {
        let mut run = scratch.command(&["true"]);
        run.env.push((name.into(), value.into()));
        check(&scratch, &run, refused);
    }
}

#[test]
fn a_command_line_that_is_too_long_is_refused() {
    let scratch = Scratch::new();
    let too_long = |error: &ExecError| matches!(error, ExecError::TooLong { .. });
    // More than the system takes in one argument, in all arguments, and than there is room for.
    for (length, count) in [(200_000, 1), (100_000, 70), (1 << 20, 9)] {
        let mut run = scratch.command(&["true"]);
        run.argv.extend(std::iter::repeat_n(
            OsString::from("x".repeat(length)),
            count,
        ));
        check(&scratch, &run, too_long);
    }
}

#[test]
fn programs_are_found_in_the_path_of_the_command() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path("work/bin")).unwrap();
    std::fs::create_dir_all(scratch.path("other")).unwrap();
    script(
        &scratch,
        "work/bin/tool",
        "#!/bin/sh\necho relative $0\n",
        0o755,
    );
    script(&scratch, "other/tool", "#!/bin/sh\necho absolute\n", 0o755);
    script(&scratch, "other/locked", "#!/bin/sh\n", 0o644);
    let with_path = |argv: &[&str], path: &str| {
        let mut run = scratch.command(argv);
        run.env = vec![("PATH".into(), path.into())];
        run
    };
    let other = scratch.path("other");
    let check_stdout = |run: &Invocation, expected: &str| {
        check_ending(&scratch.run(run), Ending::Exited(0));
        assert_eq!(String::from_utf8_lossy(&scratch.stdout()), expected);
    };
    let both = format!("/no/such:bin:{}", other.display());
    check_stdout(&with_path(&["tool"], &both), "relative bin/tool\n");
    check_stdout(
        &with_path(&["tool"], &format!("{}:bin", other.display())),
        "absolute\n",
    );
    check_stdout(&with_path(&["bin/tool"], "/no/such"), "relative bin/tool\n");
    let locked = |error: &ExecError| matches!(error, ExecError::NotExecutable { .. });
    check(&scratch, &with_path(&["locked"], &both), locked);
    let mut run = scratch.command(&["sh", "-c", "exit 7"]);
    run.env.clear();
    check_ending(&scratch.run(&run), Ending::Exited(7));
}

#[test]
fn only_trouble_that_may_pass_is_retryable() {
    let io = |number| ExecError::Io {
        doing: "starting a process".into(),
        source: std::io::Error::from_raw_os_error(number),
    };
    assert!(io(libc::EAGAIN).is_retryable() && io(libc::EMFILE).is_retryable());
    assert!(!io(libc::EIO).is_retryable() && !ExecError::EmptyCommand.is_retryable());
    assert!(
        !ExecError::DiskFull {
            path: Path::new("x").into()
        }
        .is_retryable()
    );
}
