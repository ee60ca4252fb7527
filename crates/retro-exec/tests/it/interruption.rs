//! Commands that are interrupted before they are terminated.

use std::time::Duration;

use retro_exec::{CancelToken, Ending, Executor, Finished, Limits};

use crate::scratch::{DEADLINE, Scratch, check_ending, check_gone, wait_until};

const SHORT: Duration = Duration::from_millis(100);
const SPIN: &str = "touch $OUT/ready; while :; do sleep 0.01; done";

/// Runs a line, and cancels it when it is ready.
fn cancelled(
    scratch: &Scratch,
    line: &str,
    interrupt: Option<Duration>,
    grace: Duration,
) -> Finished {
    let token = CancelToken::new();
    std::thread::scope(|scope| {
        let mut run = scratch.shell(line);
        run.limits = Limits {
            interrupt,
            grace,
            ..run.limits
        };
        let thread = scope.spawn(|| scratch.executor.run(&{ run }, &token));
        wait_until("the command is ready", || scratch.path("ready").exists());
        token.cancel();
        thread.join().unwrap().unwrap()
    })
}

fn killed() -> Option<Ending> {
    Some(Ending::Signalled {
        signal: libc::SIGKILL,
        core_dumped: false,
    })
}

#[test]
fn a_command_that_ends_when_interrupted_is_told_as_it_ended() {
    let scratch = Scratch::new();
    let line =
        format!("trap 'echo interrupted; exit 130' INT; trap 'echo terminated' TERM; {SPIN}");
    let finished = cancelled(&scratch, &line, Some(DEADLINE), DEADLINE);
    check_ending(&finished, Ending::Cancelled);
    assert_eq!(finished.status, Some(Ending::Exited(130)));
    assert_eq!(scratch.stdout(), b"interrupted\n");
}

#[test]
fn a_limit_of_time_interrupts_too() {
    let scratch = Scratch::new();
    let mut run = scratch.shell(&format!("trap 'exit 130' INT; {SPIN}"));
    run.limits = Limits {
        soft: Some(SHORT),
        interrupt: Some(DEADLINE),
        ..run.limits
    };
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::TimedOut { limit: SHORT });
    assert_eq!(finished.status, Some(Ending::Exited(130)));
}

#[test]
fn a_command_that_exits_with_130_by_itself_is_told_as_that() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("exit 130");
    run.limits.interrupt = Some(DEADLINE);
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::Exited(130));
    assert_eq!(finished.status, Some(Ending::Exited(130)));
}

#[test]
fn a_command_that_goes_on_when_interrupted_is_terminated() {
    let scratch = Scratch::new();
    let line = format!("trap 'echo interrupted' INT; trap 'echo terminated; exit 3' TERM; {SPIN}");
    let finished = cancelled(&scratch, &line, Some(SHORT), DEADLINE);
    check_ending(&finished, Ending::Cancelled);
    assert_eq!(finished.status, Some(Ending::Exited(3)));
    assert_eq!(scratch.stdout(), b"interrupted\nterminated\n");
}

#[test]
fn a_command_that_ignores_both_requests_is_killed() {
    let scratch = Scratch::new();
    let line = format!("trap '' INT TERM; echo $$ > $OUT/pid; {SPIN}");
    let finished = cancelled(&scratch, &line, Some(SHORT), SHORT);
    check_ending(&finished, Ending::Cancelled);
    assert_eq!(finished.status, killed());
    check_gone(&scratch.pids("pid"));
}

#[test]
fn a_command_that_ends_only_when_interrupted_is_not_when_nobody_asked_for_it() {
    let scratch = Scratch::new();
    let line = format!("trap 'echo interrupted; exit 130' INT; trap '' TERM; {SPIN}");
    let finished = cancelled(&scratch, &line, None, SHORT);
    assert_eq!(finished.status, killed());
    assert_eq!(scratch.stdout(), b"");
}

#[test]
fn descendants_in_other_groups_are_interrupted_and_terminated() {
    let scratch = Scratch::new();
    // The outer shell dies of the interrupt, or when its child has ended.
    let line = format!(
        "setsid sh -c 'trap \"echo interrupted\" INT; trap \"echo terminated; exit\" TERM; \
         echo $$ > $OUT/pid; {SPIN}'; :"
    );
    let finished = cancelled(&scratch, &line, Some(SHORT), DEADLINE);
    check_ending(&finished, Ending::Cancelled);
    assert_eq!(scratch.stdout(), b"interrupted\nterminated\n");
    assert_eq!(finished.leaked.processes, 0);
    check_gone(&scratch.pids("pid"));
}

#[test]
fn stubborn_descendants_in_other_groups_are_killed_after_their_command_ended() {
    let scratch = Scratch::new();
    // Started in the background, so that the command itself ends at once.
    let line = format!(
        "trap 'exit 130' INT; setsid sh -c 'trap \"\" INT TERM; echo $$ > $OUT/pid; \
         exec >/dev/null 2>&1; {SPIN}' & while :; do sleep 0.01; done"
    );
    let finished = cancelled(&scratch, &line, Some(SHORT), SHORT);
    check_ending(&finished, Ending::Cancelled);
    assert_eq!(finished.status, Some(Ending::Exited(130)));
    assert!(finished.leaked.processes >= 1, "{finished:?}");
    check_gone(&scratch.pids("pid"));
}

#[test]
fn a_stopped_command_is_woken_to_be_interrupted() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("trap 'echo woken; exit 130' INT; kill -STOP $$; exit 3");
    run.limits = Limits {
        soft: Some(SHORT),
        interrupt: Some(DEADLINE),
        ..run.limits
    };
    assert_eq!(scratch.run(&run).status, Some(Ending::Exited(130)));
    assert_eq!(scratch.stdout(), b"woken\n");
}
