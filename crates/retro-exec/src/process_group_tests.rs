//! The stand-in answers like the supervisor.

use std::io::{PipeReader, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

use super::Supervisor;
use crate::input::Streams;
use crate::invocation::{Capture, Invocation};
use crate::resources::{Resource, Resources};
use crate::wire::{Order, Report, StartStep};

fn begin(supervisor: &mut Supervisor, program: &str, line: &str) -> PipeReader {
    let capture = Capture {
        path: "/dev/null".into(),
        cap: 0,
    };
    let run = Invocation {
        argv: vec!["name".into(), "-c".into(), line.into()],
        cwd: "/".into(),
        env: vec![("ONE".into(), "1".into())],
        stdout: capture.clone(),
        stderr: capture,
        ..Invocation::default()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    let outputs = [writer.try_clone().unwrap().into(), writer.into()];
    let streams = Streams {
        outputs,
        input: None,
    };
    supervisor
        .begin(Path::new(program), &run, streams, None)
        .unwrap();
    reader
}

#[track_caller]
fn check_ended(supervisor: &mut Supervisor, expected: i32) {
    let report = supervisor.report();
    assert!(
        matches!(report, Some(Report::Ended { status, .. }) if status == expected),
        "{report:?}"
    );
    assert!(!supervisor.is_idle());
}

#[track_caller]
fn check_settled(supervisor: &mut Supervisor, expected: u32) {
    let report = supervisor.report();
    assert!(
        matches!(report, Some(Report::Settled { killed, .. }) if killed == expected),
        "{report:?}"
    );
    assert!(supervisor.is_idle());
}

fn is_ready(fd: BorrowedFd<'_>, patience: libc::c_int) -> bool {
    let mut watched = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the record is writable.
    unsafe { libc::poll(&mut watched, 1, patience) == 1 }
}

#[test]
fn a_run_can_wait_for_its_reports_and_for_being_woken() {
    let mut supervisor = Supervisor::start().unwrap();
    assert!(!is_ready(supervisor.wake().as_fd(), 0));
    assert!(!is_ready(supervisor.reports(), 0));
    begin(&mut supervisor, "/bin/sh", "exit 0");
    assert!(is_ready(supervisor.reports(), 60_000));
    check_ended(&mut supervisor, 0);
    check_settled(&mut supervisor, 0);
    assert!(!is_ready(supervisor.reports(), 0));
}

#[test]
fn one_stand_in_runs_one_command_after_another() {
    let mut supervisor = Supervisor::start().unwrap();
    for code in [0, 3] {
        let line = format!("echo $0 $ONE $HOME; exit {code}");
        let mut output = String::new();
        begin(&mut supervisor, "/bin/sh", &line)
            .read_to_string(&mut output)
            .unwrap();
        assert_eq!(output, "name 1\n");
        check_ended(&mut supervisor, code << 8);
        check_settled(&mut supervisor, 0);
    }
}

#[test]
fn a_command_that_cannot_start_leaves_the_stand_in_idle() {
    let mut supervisor = Supervisor::start().unwrap();
    begin(&mut supervisor, "/no/such/program", "");
    let expected = Report::NotStarted {
        step: StartStep::Exec,
        errno: libc::ENOENT,
    };
    assert_eq!(supervisor.report(), Some(expected));
    assert!(supervisor.is_idle());
}

#[test]
fn the_whole_group_is_asked_and_killed() {
    let mut supervisor = Supervisor::start().unwrap();
    let mut output = begin(&mut supervisor, "/bin/sh", "echo x; kill -STOP $$");
    output.read_exact(&mut [0; 2]).unwrap();
    supervisor.order(Order::Terminate);
    check_ended(&mut supervisor, libc::SIGTERM);
    check_settled(&mut supervisor, 0);

    let mut output = begin(
        &mut supervisor,
        "/bin/sh",
        "trap '' TERM; echo x; while :; do :; done",
    );
    output.read_exact(&mut [0; 2]).unwrap();
    supervisor.order(Order::Terminate);
    supervisor.order(Order::Kill);
    check_ended(&mut supervisor, libc::SIGKILL);
    check_settled(&mut supervisor, 0);
}

#[test]
fn leftovers_of_the_group_are_killed_and_told() {
    let mut supervisor = Supervisor::start().unwrap();
    begin(&mut supervisor, "/bin/sh", "sleep 1000 & exit 0");
    check_ended(&mut supervisor, 0);
    supervisor.order(Order::Kill);
    check_settled(&mut supervisor, 1);
}

#[test]
fn dropping_it_kills_the_group() {
    let mut supervisor = Supervisor::start().unwrap();
    let mut output = begin(&mut supervisor, "/bin/sh", "sleep 1000 & sleep 1000");
    drop(supervisor);
    // The end of the output shows that nobody holds the pipe any more.
    assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[test]
fn limits_of_resources_are_told_to_be_missing() {
    let supervisor = Supervisor::start().unwrap();
    let asked = Resources {
        open_files: Some(10),
        no_core_files: true,
        ..Resources::default()
    };
    let refused = supervisor.refused(&asked);
    let told: Vec<_> = refused.iter().map(|one| one.resource).collect();
    assert_eq!(told, [Resource::OpenFiles, Resource::CoreFiles]);
}
