//! A caller that is killed leaves nothing behind.

use std::process::{Child, Command, Stdio};

use retro_exec::{CancelToken, Executor};

use crate::scratch::{Scratch, daemon, exists, is_zombie, wait_until};

/// Tells the process that this test starts where to work. Without it there is nothing to do.
const FOLDER: &str = "RETRO_EXEC_PARENT_DEATH_FOLDER";

/// The process that will be killed: runs the command of the test below, and never comes back.
#[test]
fn the_caller_that_is_killed() {
    #[expect(
        clippy::disallowed_methods,
        reason = "this test is started again as another process"
    )]
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let scratch = Scratch::new();
    let stubborn = daemon("signal.signal(signal.SIGTERM, signal.SIG_IGN)");
    let line = format!(
        "echo $PPID > $OUT/pids; trap '' TERM HUP INT; echo $$ >> $OUT/pids; \
         {stubborn}; cat $OUT/daemon >> $OUT/pids; \
         sh -c 'echo $$ >> $OUT/pids; setsid sh -c \"echo \\$\\$ >> $OUT/pids; sleep 300; :\"; :' & \
         while [ $(wc -l < $OUT/pids) -lt 5 ]; do sleep 0.01; done; touch $OUT/ready; \
         sleep 300"
    );
    let mut run = scratch.shell(&line);
    run.limits.hard = None;
    for (name, value) in &mut run.env {
        if name == "OUT" {
            *value = folder.clone();
        }
    }
    let finished = scratch.executor.run(&run, &CancelToken::new());
    panic!("the command ended before its caller: {finished:?}");
}

#[test]
fn a_caller_killed_by_sigkill_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let mut caller = start_caller(&scratch);
    wait_until("the command and its descendants run", || {
        assert_eq!(
            caller.try_wait().unwrap(),
            None,
            "the caller ended by itself"
        );
        scratch.path("ready").exists()
    });
    let pids = scratch.pids("pids");
    assert_eq!(pids.len(), 5, "{pids:?}");
    assert!(pids.iter().all(|pid| exists(*pid)), "{pids:?}");
    caller.kill().unwrap();
    caller.wait().unwrap();
    let (supervisor, descendants) = pids.split_first().unwrap();
    // The supervisor reaps all of them before it ends, so not even a zombie may stay.
    wait_until("they are gone", || {
        !descendants.iter().any(|pid| exists(*pid))
    });
    wait_until("their supervisor is gone", || {
        !exists(*supervisor) || is_zombie(*supervisor)
    });
}

fn start_caller(scratch: &Scratch) -> Child {
    let own = std::env::current_exe().unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "a caller outside of any supervisor is wanted"
    )]
    let mut command = Command::new(own);
    command
        .args(["--exact", "parent_death::the_caller_that_is_killed"])
        .env(FOLDER, scratch.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
