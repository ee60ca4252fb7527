//! Interruptions, crashes and company: nothing is lost, nothing is touched.

use retro_testing::TreeSnapshot;
use retro_tests::{World, signal, wait_until};

/// Six commits and a repository with everything in it that could be disturbed.
fn busy_repository() -> World {
    let world = World::new();
    for number in 0..6 {
        world.repo.commit_files(
            &[("out.tap", "1..1\nok - a\n"), ("n", &number.to_string())],
            "x",
        );
    }
    world.repo.write("n", "stashed");
    world.repo.git(["stash"]);
    world.repo.write("staged", "staged");
    world.repo.git(["add", "staged"]);
    world.repo.write("staged", "staged, then changed");
    world.repo.write("untracked", "untracked");
    world.repo.write("n", "dirty");
    world
}

/// A command that logs each execution and hangs at one commit until a file appears.
fn hanging_line(world: &World) -> String {
    let folder = world.outside().display();
    format!(
        "echo \"$RETRO_COMMIT\" >> {folder}/executions; \
         if test $(cat n) = 2; then touch {folder}/hanging; \
         while ! test -e {folder}/go; do sleep 0.02; done; fi; cat out.tap"
    )
}

fn executions(world: &World) -> Vec<String> {
    let text = std::fs::read_to_string(world.outside().join("executions")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Stops a run in the middle, checks the repository, and resumes it.
fn check_stop(signals: &[i32]) {
    let world = busy_repository();
    let before = TreeSnapshot::of(world.repo.path());
    let line = hanging_line(&world);
    let args = [
        "run", "--jobs", "1", "--order", "oldest", "--", "sh", "-c", &line,
    ];
    let mut child = world.start(&args);
    wait_until("the command hangs", || {
        world.outside().join("hanging").exists()
    });
    for &number in signals {
        signal(&child, number);
    }
    let status = child.wait().unwrap();
    if signals == [libc::SIGINT] {
        assert_eq!(status.code(), Some(130));
    }
    let after = TreeSnapshot::of(world.repo.path());
    assert_eq!(after.differences(&before), Vec::<String>::new());
    assert_eq!(
        executions(&world).len(),
        3,
        "the third commit was in flight"
    );

    std::fs::write(world.outside().join("go"), "").unwrap();
    let said = world.expect(0, &args);
    assert!(said.stdout.contains("6 passed"), "{}", said.stdout);
    let all = executions(&world);
    assert_eq!(all.len(), 7, "only the commit in flight ran again: {all:?}");
    let after = TreeSnapshot::of(world.repo.path());
    assert_eq!(after.differences(&before), Vec::<String>::new());
}

#[test]
fn ctrl_c_ends_a_run_in_order_and_the_next_one_goes_on() {
    check_stop(&[libc::SIGINT]);
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() {
    check_stop(&[libc::SIGINT, libc::SIGINT]);
}

#[test]
fn kill_minus_nine_loses_the_commit_in_flight_and_nothing_else() {
    check_stop(&[libc::SIGKILL]);
}

#[test]
fn a_command_that_ignores_the_first_ctrl_c_ends_with_the_second() {
    let world = busy_repository();
    let hanging = world.outside().join("hanging");
    let line = format!(
        "trap '' TERM INT; touch {}; while :; do sleep 0.05; done",
        hanging.display()
    );
    let mut child = world.start(&["run", "--jobs", "1", "--", "sh", "-c", &line]);
    wait_until("the command hangs", || hanging.exists());
    signal(&child, libc::SIGINT);
    // Both signals may arrive as one unless the first was seen.
    let seen = world.data();
    assert!(seen.exists());
    std::thread::yield_now();
    let mut ended = None;
    wait_until("it ends", || {
        signal(&child, libc::SIGINT);
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(130));
}

#[test]
fn two_runs_at_once_share_the_work() {
    let world = busy_repository();
    let log = world.outside().join("executions");
    let line = format!(
        "echo \"$RETRO_COMMIT\" >> {}; sleep 0.1; cat out.tap",
        log.display()
    );
    let args = ["run", "--jobs", "2", "--", "sh", "-c", &line];
    let mut others: Vec<_> = (0..3).map(|_| world.start(&args)).collect();
    let said = world.expect(0, &args);
    assert!(said.stdout.contains("6 passed"), "{}", said.stdout);
    for other in &mut others {
        assert!(other.wait().unwrap().success());
    }
    let mut all = executions(&world);
    let total = all.len();
    all.sort();
    all.dedup();
    assert_eq!((total, all.len()), (6, 6), "each commit ran once");
}

#[test]
fn gc_removes_what_is_old_and_the_rest_stays() {
    let world = busy_repository();
    world.expect(0, &["run", "--", "cat", "out.tap"]);
    let said = world.expect(0, &["gc"]);
    assert!(
        said.stdout.contains("removed 0 runs, 0 results"),
        "{}",
        said.stdout
    );
    world.expect(0, &["gc", "--max-size", "1KiB", "--slots"]);
    let said = world.expect(0, &["run", "--", "cat", "out.tap"]);
    assert!(!said.stderr.contains("6 known"), "{}", said.stderr);
    assert!(said.stdout.contains("6 passed"), "{}", said.stdout);
}
