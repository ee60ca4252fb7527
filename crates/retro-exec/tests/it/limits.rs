//! Commands that are stopped.

use std::time::Duration;

use retro_exec::{CancelToken, Ending, Executor, Limits};

use crate::scratch::{DEADLINE, Scratch, check_ending, check_gone, daemon, wait_until};

const SHORT: Duration = Duration::from_millis(100);

fn soft(limit: Duration, grace: Duration) -> Limits {
    Limits {
        soft: Some(limit),
        hard: Some(DEADLINE),
        grace,
        ..Limits::default()
    }
}

#[test]
fn a_soft_limit_asks_the_command_to_end() {
    let scratch = Scratch::new();
    let mut run =
        scratch.shell("trap 'echo cleaned up; exit 0' TERM; while :; do sleep 0.01; done");
    run.limits = soft(SHORT, DEADLINE);
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::TimedOut { limit: SHORT });
    assert_eq!(scratch.stdout(), b"cleaned up\n");
}

#[test]
fn a_command_that_ignores_the_request_is_killed_after_its_grace() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("trap '' TERM; echo $$ > $OUT/pid; while :; do sleep 0.01; done");
    run.limits = soft(SHORT, SHORT);
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::TimedOut { limit: SHORT });
    assert!(finished.usage.wall > SHORT, "{:?}", finished.usage);
    check_gone(&scratch.pids("pid"));
}

#[test]
fn a_hard_limit_kills_without_asking() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("trap 'touch $OUT/asked' TERM; while :; do sleep 0.01; done");
    run.limits.hard = Some(SHORT);
    check_ending(&scratch.run(&run), Ending::TimedOut { limit: SHORT });
    assert!(!scratch.path("asked").exists());
}

#[test]
fn a_hard_limit_cuts_a_grace_short() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("trap '' TERM; while :; do sleep 0.01; done");
    run.limits = Limits {
        hard: Some(2 * SHORT),
        ..soft(SHORT, Duration::MAX)
    };
    check_ending(&scratch.run(&run), Ending::TimedOut { limit: SHORT });
}

#[test]
fn a_limit_that_is_not_reached_changes_nothing() {
    let scratch = Scratch::new();
    let mut run = scratch.command(&["true"]);
    run.limits = Limits {
        hard: Some(Duration::MAX),
        ..soft(Duration::MAX, Duration::MAX)
    };
    check_ending(&scratch.run(&run), Ending::Exited(0));
}

#[test]
fn a_stopped_command_is_woken_to_end() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("trap 'echo woken; exit 0' TERM; kill -STOP $$; exit 3");
    run.limits = soft(SHORT, DEADLINE);
    check_ending(&scratch.run(&run), Ending::TimedOut { limit: SHORT });
    assert_eq!(scratch.stdout(), b"woken\n");
}

#[test]
fn a_stopped_command_is_killed_by_a_hard_limit() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("kill -STOP $$");
    run.limits.hard = Some(SHORT);
    check_ending(&scratch.run(&run), Ending::TimedOut { limit: SHORT });
}

#[test]
fn descendants_in_other_groups_are_asked_too() {
    let scratch = Scratch::new();
    let line = "setsid sh -c 'trap \"touch $OUT/asked; exit\" TERM; touch $OUT/ready; \
                while :; do sleep 0.01; done' & wait";
    let token = CancelToken::new();
    let finished = std::thread::scope(|scope| {
        let run = scratch.shell(line);
        let thread = scope.spawn(|| scratch.executor.run(&{ run }, &token));
        wait_until("the descendant runs", || scratch.path("ready").exists());
        token.cancel();
        thread.join().unwrap().unwrap()
    });
    check_ending(&finished, Ending::Cancelled);
    assert!(scratch.path("asked").exists());
    assert_eq!(finished.leaked.processes, 0);
}

#[test]
fn a_descendant_cleans_up_within_the_grace_after_its_shell_has_died() {
    let scratch = Scratch::new();
    // The inner shell takes longer than the wait for leaked pipes.
    let line = "sh -c 'trap \"sleep 0.3; echo cleaned up; exit\" TERM; touch $OUT/ready; \
                while :; do sleep 0.01; done' & wait";
    let token = CancelToken::new();
    let finished = std::thread::scope(|scope| {
        let mut run = scratch.shell(line);
        run.limits.pipe_wait = Duration::from_millis(10);
        let thread = scope.spawn(|| scratch.executor.run(&{ run }, &token));
        wait_until("the descendant runs", || scratch.path("ready").exists());
        token.cancel();
        thread.join().unwrap().unwrap()
    });
    check_ending(&finished, Ending::Cancelled);
    assert_eq!(scratch.stdout(), b"cleaned up\n");
}

#[test]
fn a_daemon_that_ignores_the_request_is_killed_with_the_rest() {
    let scratch = Scratch::new();
    let daemon = daemon("signal.signal(signal.SIGTERM, signal.SIG_IGN)");
    let mut run = scratch.shell(&format!("{daemon}; touch $OUT/ready; exec sleep 300"));
    run.limits = Limits {
        grace: SHORT,
        ..run.limits
    };
    let token = CancelToken::new();
    let finished = std::thread::scope(|scope| {
        let thread = scope.spawn(|| scratch.executor.run(&{ run }, &token));
        wait_until("the daemon runs", || scratch.path("ready").exists());
        token.cancel();
        thread.join().unwrap().unwrap()
    });
    check_ending(&finished, Ending::Cancelled);
    assert_eq!(finished.leaked.processes, 1, "{finished:?}");
    check_gone(&scratch.pids("daemon"));
}
