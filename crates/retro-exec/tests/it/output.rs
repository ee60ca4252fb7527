//! What commands write.

use std::path::Path;

use retro_exec::{CancelToken, Captured, Ending, ExecError, Executor, find_truncation};

use crate::scratch::{Scratch, check_ending};

#[test]
fn a_gigabyte_passes_through_into_a_small_file() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("echo first; head -c 1073741824 /dev/zero; echo last");
    run.stdout.cap = 256 << 10;
    let before = own_peak();
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::Exited(0));
    assert_eq!(finished.stdout.bytes, (1 << 30) + 11);
    assert!(finished.stdout.truncated);
    let file = scratch.stdout();
    let found = find_truncation(&file).unwrap();
    assert_eq!(finished.stdout.marker_at, Some(found.at as u64));
    assert_eq!(found.left_out, (1 << 30) + 11 - (256 << 10));
    assert!(file.starts_with(b"first\n\0\0") && file.ends_with(b"\0\0last\n"));
    assert!(file.len() < (256 << 10) + 100);
    assert!(
        own_peak() - before < 16 << 10,
        "the caller's memory grew by {} KiB",
        own_peak() - before
    );
}

#[test]
fn both_streams_may_be_large_at_once() {
    let scratch = Scratch::new();
    let line = "head -c 20000000 /dev/zero & head -c 30000000 /dev/zero >&2; wait";
    let finished = scratch.run(&scratch.shell(line));
    assert_eq!(
        (finished.stdout.bytes, finished.stderr.bytes),
        (20_000_000, 30_000_000)
    );
}

#[test]
fn any_bytes_are_kept_as_they_are() {
    let scratch = Scratch::new();
    scratch.run(&scratch.shell(r"printf '\377\376\000\r\n\033[31mred\200'"));
    assert_eq!(scratch.stdout(), b"\xff\xfe\0\r\n\x1b[31mred\x80");
}

#[test]
fn two_streams_in_one_file_keep_their_order() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("echo one; echo two >&2; echo three");
    run.stderr = run.stdout.clone();
    let finished = scratch.run(&run);
    assert_eq!(scratch.stdout(), b"one\ntwo\nthree\n");
    assert_eq!(finished.stdout.bytes, 14);
    assert_eq!(finished.stderr, Captured::default());
}

#[test]
fn an_old_file_is_replaced() {
    let scratch = Scratch::new();
    std::fs::write(scratch.path("stdout"), "something long from an earlier run").unwrap();
    scratch.run(&scratch.shell("echo new"));
    assert_eq!(scratch.stdout(), b"new\n");
}

#[test]
fn a_full_disk_stops_the_command_and_is_told() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("yes");
    run.stdout.path = "/dev/full".into();
    let error = scratch.executor.run(&run, &CancelToken::new()).unwrap_err();
    assert!(
        matches!(&error, ExecError::DiskFull { path } if path == Path::new("/dev/full")),
        "{error}"
    );
    check_ending(&scratch.run(&scratch.shell("exit 4")), Ending::Exited(4));
}

#[test]
fn a_disk_that_is_full_at_the_very_end_is_told() {
    let scratch = Scratch::new();
    // So little that it is held back until the stream ends.
    let mut run = scratch.shell("echo");
    run.stdout.cap = 2;
    run.stdout.path = "/dev/full".into();
    let error = scratch.executor.run(&run, &CancelToken::new()).unwrap_err();
    assert!(matches!(error, ExecError::DiskFull { .. }), "{error}");
}

#[test]
fn a_file_that_cannot_be_created_is_named() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("touch $OUT/ran");
    run.stderr.path = scratch.path("no/such/folder");
    let error = scratch.executor.run(&run, &CancelToken::new()).unwrap_err();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
    assert!(!scratch.path("ran").exists());
}

/// The most memory that this process ever had resident, in KiB.
fn own_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
