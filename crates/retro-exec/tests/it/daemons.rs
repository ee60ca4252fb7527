//! Nothing outlives a command, however it tries.

use std::time::Duration;

use retro_exec::{CancelToken, Ending, ExecError, Executor};

use crate::scratch::{
    CLOSE_OUTPUT, Scratch, check_ending, check_gone, daemon, exists, is_zombie, wait_until,
};

#[test]
fn a_background_process_is_killed_and_reported() {
    let scratch = Scratch::new();
    let finished =
        scratch.run(&scratch.shell("sleep 300 >/dev/null 2>&1 & echo $! > $OUT/pid; echo done"));
    check_ending(&finished, Ending::Exited(0));
    assert_eq!(finished.leaked.processes, 1);
    assert!(!finished.leaked.pipe_held);
    assert_eq!(scratch.stdout(), b"done\n");
    check_gone(&scratch.pids("pid"));
}

#[test]
fn a_daemon_is_killed_and_reported() {
    let scratch = Scratch::new();
    let finished = scratch.run(&scratch.shell(&daemon(CLOSE_OUTPUT)));
    check_ending(&finished, Ending::Exited(0));
    assert_eq!(finished.leaked.processes, 1);
    assert!(!finished.leaked.pipe_held);
    check_gone(&scratch.pids("daemon"));
}

#[test]
fn a_daemon_that_holds_the_pipe_does_not_hold_the_caller() {
    let scratch = Scratch::new();
    let mut run = scratch.shell(&format!("echo before; {}", daemon("pass")));
    run.limits.pipe_wait = Duration::from_millis(100);
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::Exited(0));
    assert!(finished.leaked.pipe_held);
    assert_eq!(finished.leaked.processes, 1);
    assert_eq!(scratch.stdout(), b"before\n");
    check_gone(&scratch.pids("daemon"));
}

#[test]
fn a_pipe_that_is_let_go_in_time_loses_nothing() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("(sleep 0.2; echo late) & echo early");
    run.limits.pipe_wait = Duration::from_secs(30);
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::Exited(0));
    assert!(!finished.leaked.is_any(), "{finished:?}");
    assert_eq!(scratch.stdout(), b"early\nlate\n");
    assert!(finished.usage.wall < Duration::from_secs(30));
}

#[test]
fn many_processes_in_many_groups_are_killed() {
    let scratch = Scratch::new();
    let line = "i=0; while [ $i -lt 150 ]; do \
                setsid sh -c 'echo $$ >> $OUT/pids; trap \"\" TERM HUP; sleep 300; :' >/dev/null 2>&1 & \
                i=$((i+1)); done; while [ $(wc -l < $OUT/pids) -lt 150 ]; do sleep 0.01; done";
    let finished = scratch.run(&scratch.shell(line));
    check_ending(&finished, Ending::Exited(0));
    let pids = scratch.pids("pids");
    assert_eq!(pids.len(), 150);
    check_gone(&pids);
    assert!(finished.leaked.processes >= 150, "{finished:?}");
}

#[test]
fn a_process_that_runs_away_by_forking_is_caught() {
    // Each generation starts the next, in a session of its own, and ends: whoever looks for it finds
    // a number that is gone.
    let runaway = r#"
import os, time
end = time.time() + 120
os.dup2(os.open("/dev/null", os.O_RDWR), 1); os.dup2(1, 2)
open(os.environ["OUT"] + "/ran", "w").close()
if os.fork(): os._exit(0)
while time.time() < end:
    os.setsid()
    if os.fork(): os._exit(0)
"#;
    let scratch = Scratch::new();
    let finished = scratch.run(&scratch.command(&["python3", "-c", runaway]));
    check_ending(&finished, Ending::Exited(0));
    assert!(scratch.path("ran").exists());
    assert!(finished.leaked.processes >= 1, "{finished:?}");
}

#[test]
fn a_keeper_that_restarts_its_child_is_caught() {
    let scratch = Scratch::new();
    let keeper = "for again in 1 2 3 4 5 6 7 8 9; do setsid sleep 30; done";
    let line = format!(
        "setsid sh -c '{keeper}' >/dev/null 2>&1 & setsid sh -c '{keeper}' >/dev/null 2>&1 &"
    );
    let finished = scratch.run(&scratch.shell(&line));
    check_ending(&finished, Ending::Exited(0));
    assert!(finished.leaked.processes >= 2, "{finished:?}");
}

#[test]
fn a_command_that_fills_the_process_table_is_stopped() {
    let scratch = Scratch::new();
    let line = "python3 -c '
import os, resource, signal
made = 0
try:
    while made < 500:
        if os.fork() == 0:
            os.setsid()
            signal.alarm(300)
            signal.pause()
        made += 1
except OSError: pass
open(os.environ[\"OUT\"] + \"/full\", \"w\").close()
signal.alarm(300)
signal.pause()'";
    let token = CancelToken::new();
    let finished = std::thread::scope(|scope| {
        let run = scratch.shell(line);
        let thread = scope.spawn(|| scratch.executor.run(&{ run }, &token));
        wait_until("the table is full", || scratch.path("full").exists());
        token.kill();
        thread.join().unwrap().unwrap()
    });
    check_ending(&finished, Ending::Cancelled);
}

#[test]
fn a_command_that_kills_its_supervisor_is_reported_and_the_next_one_runs() {
    let scratch = Scratch::new();
    let line = "echo $$ > $OUT/pids; sleep 300 & echo $! >> $OUT/pids; kill -KILL $PPID; wait";
    let error = scratch
        .executor
        .run(&scratch.shell(line), &CancelToken::new())
        .unwrap_err();
    assert!(matches!(error, ExecError::SupervisorLost), "{error}");
    assert!(error.is_retryable());
    // They are the init process's to reap now, so a zombie may be there for a moment.
    for pid in scratch.pids("pids") {
        wait_until("it is gone", || !exists(pid) || is_zombie(pid));
    }
    check_ending(&scratch.run(&scratch.shell("exit 4")), Ending::Exited(4));
}

#[test]
fn an_idle_supervisor_that_was_killed_is_replaced() {
    let scratch = Scratch::new();
    scratch.run(&scratch.shell("echo $PPID > $OUT/supervisor"));
    let supervisor = scratch.pids("supervisor")[0];
    // SAFETY: the supervisor is a child of this process that nobody has waited for.
    assert_eq!(unsafe { libc::kill(supervisor as i32, libc::SIGKILL) }, 0);
    wait_until("it is dead", || is_zombie(supervisor));
    check_ending(&scratch.run(&scratch.shell("exit 4")), Ending::Exited(4));
}

#[test]
fn a_supervisor_that_the_command_has_stopped_still_kills_it() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("echo $$ > $OUT/pids; kill -STOP $PPID; exec sleep 300");
    run.limits.hard = Some(Duration::from_millis(200));
    let finished = scratch.run(&run);
    check_ending(
        &finished,
        Ending::TimedOut {
            limit: Duration::from_millis(200),
        },
    );
    check_gone(&scratch.pids("pids"));
}

#[test]
fn dropping_the_executor_ends_its_supervisors() {
    let scratch = Scratch::new();
    scratch.run(&scratch.shell("echo $PPID > $OUT/supervisor"));
    let supervisor = scratch.pids("supervisor");
    assert!(exists(supervisor[0]));
    let Scratch { executor, .. } = scratch;
    drop(executor);
    check_gone(&supervisor);
}
