//! How commands end.

use std::time::Duration;

use retro_exec::{CancelToken, Captured, Ending, Executor};

use crate::scratch::{Scratch, check_ending, wait_until};

#[track_caller]
fn check(line: &str, expected: Ending) {
    let scratch = Scratch::new();
    let finished = scratch.run(&scratch.shell(line));
    check_ending(&finished, expected);
    assert!(!finished.leaked.is_any(), "{finished:?}");
}

#[test]
fn an_exit_code_is_told_as_it_is() {
    for code in [0, 1, 2, 125, 127, 255] {
        check(&format!("exit {code}"), Ending::Exited(code));
    }
}

#[test]
fn a_signal_is_told_by_its_number() {
    let signalled = |signal| Ending::Signalled {
        signal,
        core_dumped: false,
    };
    check("ulimit -c 0; kill -SEGV $$", signalled(libc::SIGSEGV));
    check("kill -KILL $$", signalled(libc::SIGKILL));
    check("kill -TERM $$", signalled(libc::SIGTERM));
    check("kill -PIPE $$", signalled(libc::SIGPIPE));
}

#[test]
fn a_core_dump_is_told() {
    let scratch = Scratch::new();
    let finished = scratch.run(&scratch.shell("ulimit -c unlimited; kill -ABRT $$"));
    // Whether the kernel writes one depends on the machine's core_pattern.
    assert!(matches!(
        finished.ending,
        Ending::Signalled {
            signal: libc::SIGABRT,
            ..
        }
    ));
}

#[test]
fn a_finished_command_reports_what_it_wrote_and_used() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("echo out; echo error >&2; sleep 0.05; :");
    run.limits.soft = Some(Duration::from_secs(600));
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::Exited(0));
    assert_eq!(scratch.stdout(), b"out\n");
    assert_eq!(scratch.read("stderr"), b"error\n");
    assert_eq!(
        finished.stdout,
        Captured {
            bytes: 4,
            truncated: false,
            marker_at: None,
            redacted: 0
        }
    );
    assert_eq!(finished.stderr.bytes, 6);
    assert!(
        finished.usage.wall >= Duration::from_millis(50),
        "{:?}",
        finished.usage
    );
    assert!(finished.usage.max_rss > 100 << 10, "{:?}", finished.usage);
}

#[test]
fn processor_time_and_memory_of_descendants_are_counted() {
    let scratch = Scratch::new();
    let line = "sh -c 'python3 -c \"x = bytearray(96 << 20); sum(range(3000000))\"'; true";
    let finished = scratch.run(&scratch.shell(line));
    check_ending(&finished, Ending::Exited(0));
    assert!(finished.usage.max_rss > 96 << 20, "{:?}", finished.usage);
    assert!(
        finished.usage.user > Duration::from_millis(5),
        "{:?}",
        finished.usage
    );
}

#[test]
fn memory_of_the_caller_is_not_counted_as_the_commands() {
    let ballast = vec![1u8; 200 << 20];
    let scratch = Scratch::new();
    let finished = scratch.run(&scratch.command(&["true"]));
    assert!(ballast.iter().all(|byte| *byte == 1));
    assert!(finished.usage.max_rss < 50 << 20, "{:?}", finished.usage);
}

#[test]
fn a_cancelled_token_starts_nothing() {
    let scratch = Scratch::new();
    let token = CancelToken::new();
    token.cancel();
    let finished = scratch
        .executor
        .run(&scratch.shell("touch $OUT/ran"), &token)
        .unwrap();
    check_ending(&finished, Ending::Cancelled);
    assert!(!scratch.path("ran").exists());
    assert_eq!(scratch.stdout(), b"");
}

#[test]
fn a_cancellation_wakes_the_run_at_once() {
    let scratch = Scratch::new();
    let token = CancelToken::new();
    let finished = std::thread::scope(|scope| {
        let run = scratch.shell("touch $OUT/started; exec sleep 300");
        let thread = scope.spawn(|| scratch.executor.run(&{ run }, &token));
        wait_until("the command runs", || scratch.path("started").exists());
        token.cancel();
        thread.join().unwrap().unwrap()
    });
    check_ending(&finished, Ending::Cancelled);
    // Its grace is 10 s, and nothing ignored the signal.
    assert!(
        finished.usage.wall < Duration::from_secs(10),
        "{:?}",
        finished.usage
    );
}

#[test]
fn a_kill_cuts_the_grace_short() {
    let scratch = Scratch::new();
    let token = CancelToken::new();
    let finished = std::thread::scope(|scope| {
        let line = "trap 'touch $OUT/asked' TERM; touch $OUT/started; while :; do sleep 0.01; done";
        let mut run = scratch.shell(line);
        run.limits.grace = Duration::from_secs(100_000);
        let thread = scope.spawn(|| scratch.executor.run(&{ run }, &token));
        wait_until("the command runs", || scratch.path("started").exists());
        token.cancel();
        wait_until("the command was asked to end", || {
            scratch.path("asked").exists()
        });
        token.kill();
        thread.join().unwrap().unwrap()
    });
    check_ending(&finished, Ending::Cancelled);
}

#[test]
fn one_supervisor_serves_many_commands() {
    let scratch = Scratch::new();
    for code in 0..20 {
        let finished =
            scratch.run(&scratch.shell(&format!("echo $PPID >> $OUT/parents; exit {code}")));
        check_ending(&finished, Ending::Exited(code));
    }
    let mut parents = scratch.pids("parents");
    parents.dedup();
    assert_eq!(parents.len(), 1);
}
