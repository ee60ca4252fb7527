//! What a command sees of its caller: nothing.

use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;

use retro_exec::{CancelToken, Ending, Executor};

use crate::scratch::{Scratch, check_ending};

#[test]
fn the_environment_is_exactly_the_one_given() {
    let scratch = Scratch::new();
    let mut run = scratch.command(&["/usr/bin/env", "-0"]);
    run.env = vec![
        ("B".into(), "two words\nand a line".into()),
        ("A".into(), "".into()),
        (
            "NOT_UTF8".into(),
            OsString::from_vec(vec![0xff, b'=', 0xfe]),
        ),
    ];
    check_ending(&scratch.run(&run), Ending::Exited(0));
    assert_eq!(
        scratch.stdout(),
        b"B=two words\nand a line\0A=\0NOT_UTF8=\xff=\xfe\0"
    );
}

#[test]
fn arguments_arrive_as_they_are() {
    let scratch = Scratch::new();
    let mut run = scratch.command(&["/usr/bin/printf", r"[%s]", "", " a  b ", "$HOME;*", "-n"]);
    run.argv.push(OsString::from_vec(vec![0xff]));
    check_ending(&scratch.run(&run), Ending::Exited(0));
    assert_eq!(scratch.stdout(), b"[][ a  b ][$HOME;*][-n][\xff]");
}

#[test]
fn no_descriptor_is_inherited_but_the_three_standard_ones() {
    let scratch = Scratch::new();
    let file = std::fs::File::create(scratch.path("open")).unwrap();
    // SAFETY: plain system calls on a descriptor of this test; both copies stay open over an exec.
    let (inherited, high) = unsafe {
        libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0);
        (
            libc::dup(file.as_raw_fd()),
            libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, 700),
        )
    };
    assert!(inherited > 2 && high >= 700);
    for _ in 0..2 {
        // `ls` itself opens one more, the folder that it lists.
        let finished = scratch.run(&scratch.command(&["ls", "/proc/self/fd"]));
        check_ending(&finished, Ending::Exited(0));
        assert_eq!(scratch.stdout(), b"0\n1\n2\n3\n");
    }
}

#[test]
fn standard_input_is_empty() {
    let scratch = Scratch::new();
    check_ending(&scratch.run(&scratch.command(&["cat"])), Ending::Exited(0));
    assert_eq!(scratch.stdout(), b"");
}

#[test]
fn signals_are_as_a_shell_would_have_them() {
    let scratch = Scratch::new();
    let run = scratch.command(&[
        "grep",
        "-E",
        "^Sig(Blk|Ign)|^NSpgid|^NSsid|^Pid",
        "/proc/self/status",
    ]);
    check_ending(&scratch.run(&run), Ending::Exited(0));
    let text = String::from_utf8(scratch.stdout()).unwrap();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(field("SigBlk:"), "0000000000000000");
    assert_eq!(field("SigIgn:"), "0000000000000000");
    assert_eq!(
        field("Pid:"),
        field("NSpgid:"),
        "it leads its own process group"
    );
    assert_eq!(field("Pid:"), field("NSsid:"), "it leads its own session");
}

#[test]
fn the_working_directory_is_the_one_given() {
    let scratch = Scratch::new();
    scratch.run(&scratch.command(&["pwd"]));
    let expected = format!(
        "{}\n",
        scratch.path("work").canonicalize().unwrap().display()
    );
    assert_eq!(scratch.stdout(), expected.as_bytes());
}

#[test]
fn a_command_may_remove_its_working_directory() {
    let scratch = Scratch::new();
    let finished = scratch.run(&scratch.shell("rm -rf ../work; echo removed"));
    check_ending(&finished, Ending::Exited(0));
    assert_eq!(scratch.stdout(), b"removed\n");
    let error = scratch
        .executor
        .run(&scratch.shell("true"), &CancelToken::new())
        .unwrap_err();
    assert!(error.to_string().contains("work"), "{error}");
}

#[test]
fn the_supervisor_hides_its_memory_and_environment_from_its_commands() {
    // For an unprivileged user this makes the files unreadable; the owner shows it for root as well.
    let scratch = Scratch::new();
    scratch.run(&scratch.shell("echo $PPID > $OUT/supervisor; stat -c %u /proc/$PPID/environ"));
    assert_eq!(scratch.stdout(), b"0\n");
    let supervisor = scratch.pids("supervisor")[0];
    let name = std::fs::read_to_string(format!("/proc/{supervisor}/comm")).unwrap();
    assert_eq!(name, "retro-exec\n");
}
