//! Many commands at once in one process.

use retro_exec::{CancelToken, Ending, Executor};

use crate::scratch::{CLOSE_OUTPUT, Scratch, check_ending, check_gone, daemon};

#[test]
fn eight_threads_that_each_leave_daemons_count_and_kill_their_own() {
    let scratches: Vec<Scratch> = (0..8).map(|_| Scratch::new()).collect();
    // One executor for all, as a real run has it.
    let executor = &scratches[0].executor;
    std::thread::scope(|scope| {
        for (index, scratch) in scratches.iter().enumerate() {
            scope.spawn(move || {
                for round in 0..5 {
                    let daemons = vec![daemon(CLOSE_OUTPUT); index % 3].join("; ");
                    let run = scratch.shell(&format!("echo $$; {daemons}\nexit {round}"));
                    let finished = executor.run(&run, &CancelToken::new()).unwrap();
                    check_ending(&finished, Ending::Exited(round));
                    assert_eq!(
                        finished.leaked.processes as usize,
                        index % 3,
                        "{finished:?}"
                    );
                    assert!(!finished.leaked.pipe_held, "{finished:?}");
                }
                if index % 3 > 0 {
                    check_gone(&scratch.pids("daemon"));
                }
            });
        }
    });
}

#[test]
fn one_token_stops_all_commands_that_run_with_it() {
    let scratch = Scratch::new();
    let token = CancelToken::new();
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let mut run = scratch.shell(&format!("touch $OUT/{name}; exec sleep 300"));
            run.stdout.path = scratch.path(&format!("{name}.out"));
            run.stderr.path = scratch.path(&format!("{name}.err"));
            let (executor, token) = (&scratch.executor, token.clone());
            threads.push(scope.spawn(move || executor.run(&run, &token)));
        }
        crate::scratch::wait_until("all run", || {
            ["a", "b", "c", "d"]
                .iter()
                .all(|name| scratch.path(name).exists())
        });
        token.cancel();
        for thread in threads {
            check_ending(&thread.join().unwrap().unwrap(), Ending::Cancelled);
        }
    });
}

#[test]
fn threads_may_come_and_go_while_their_supervisors_stay() {
    let scratch = Scratch::new();
    let run = scratch.shell("echo $PPID >> $OUT/parents");
    for _ in 0..5 {
        std::thread::scope(|scope| {
            scope.spawn(|| check_ending(&scratch.run(&run), Ending::Exited(0)));
        });
    }
    let mut parents = scratch.pids("parents");
    parents.dedup();
    assert_eq!(parents.len(), 1);
}
