//! What commands may use.

use std::time::Duration;

use retro_exec::{CancelToken, ChildProcesses, Ending, Executor, Finished, Resource, Resources};

use crate::scratch::{Scratch, check_ending};

/// Runs a line and gives the limits that its process had, soft and hard, by their first words.
fn limits_of(scratch: &Scratch, resources: Resources, name: &str) -> Vec<String> {
    let mut run = scratch.command(&["cat", "/proc/self/limits"]);
    run.limits.resources = resources;
    let finished = scratch.run(&run);
    assert_eq!(finished.enforcement.not_applied, []);
    let text = String::from_utf8(scratch.stdout()).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    line.split_whitespace().take(2).map(str::to_owned).collect()
}

#[test]
fn limits_of_a_process_are_those_that_were_asked_for() {
    let scratch = Scratch::new();
    let none = Resources::default();
    let check = |resources: Resources, name: &str, expected: [&str; 2]| {
        let before = limits_of(&scratch, Resources::default(), name);
        assert_eq!(limits_of(&scratch, resources, name), expected);
        // The next command of the same supervisor has the caller's.
        assert_eq!(limits_of(&scratch, Resources::default(), name), before);
    };
    let data = Some(512 << 20);
    check(
        Resources {
            data,
            ..none.clone()
        },
        "Max data size",
        ["536870912"; 2],
    );
    let address_space = Some(1 << 30);
    let asked = Resources {
        address_space,
        ..none.clone()
    };
    check(asked, "Max address space", ["1073741824"; 2]);
    let processor_time = Some(Duration::from_millis(2500));
    let asked = Resources {
        processor_time,
        ..none.clone()
    };
    check(asked, "Max cpu time", ["3", "8"]);
    let open_files = Some(32);
    check(
        Resources {
            open_files,
            ..none.clone()
        },
        "Max open files",
        ["32"; 2],
    );
    let user_processes = Some(20_000);
    let asked = Resources {
        user_processes,
        ..none.clone()
    };
    check(asked, "Max processes", ["20000"; 2]);
    let no_core_files = true;
    check(
        Resources {
            no_core_files,
            ..none
        },
        "Max core file size",
        ["1"; 2],
    );
}

#[test]
fn a_limit_above_the_callers_does_not_raise_it() {
    let scratch = Scratch::new();
    let mine = limits_of(&scratch, Resources::default(), "Max open files");
    let open_files = Some(u64::MAX - 1);
    let asked = Resources {
        open_files,
        ..Resources::default()
    };
    let hard = &mine[1];
    assert_eq!(
        limits_of(&scratch, asked, "Max open files"),
        [hard.clone(), hard.clone()]
    );
}

#[test]
fn descendants_have_the_limits_too() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("setsid sh -c 'ulimit -n'");
    run.limits.resources.open_files = Some(33);
    scratch.run(&run);
    assert_eq!(scratch.stdout(), b"33\n");
}

#[test]
fn memory_beyond_the_data_of_a_process_is_refused_to_it() {
    let scratch = Scratch::new();
    let program = "try:\n  bytearray(256 << 20)\nexcept MemoryError:\n  print('refused')";
    let mut run = scratch.command(&["python3", "-c", program]);
    run.limits.resources.data = Some(128 << 20);
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::Exited(0));
    assert_eq!(scratch.stdout(), b"refused\n");
}

#[test]
fn a_command_that_uses_up_its_processor_time_is_told_as_that() {
    let scratch = Scratch::new();
    let limit = Duration::from_secs(1);
    let mut run = scratch.shell("while :; do :; done");
    run.limits.resources.processor_time = Some(limit);
    let finished = scratch.run(&run);
    check_ending(&finished, Ending::OutOfProcessorTime { limit });
    let signal = libc::SIGXCPU;
    assert!(
        matches!(finished.status, Some(Ending::Signalled { signal: by, .. }) if by == signal),
        "{finished:?}"
    );
}

/// Runs what takes 256 MiB, within 64 MiB and three processes.
fn greedy(executor: &ChildProcesses, scratch: &Scratch) -> Finished {
    let mut run = scratch.command(&["python3", "-c", "bytearray(256 << 20)"]);
    run.limits.resources = Resources {
        memory: Some(64 << 20),
        processor_percent: Some(50),
        processes: Some(3),
        ..Resources::default()
    };
    executor.run(&run, &CancelToken::new()).unwrap()
}

/// Says which of both it has seen: a machine without a cgroup for us is no reason to see nothing.
#[test]
fn too_much_memory_ends_the_command_or_is_told_to_be_unlimited() {
    let scratch = Scratch::new();
    let finished = greedy(&scratch.executor, &scratch);
    let told = &finished.enforcement.not_applied;
    match told.iter().find(|one| one.resource == Resource::Memory) {
        None => {
            check_ending(&finished, Ending::OutOfMemory { limit: 64 << 20 });
            assert!(finished.enforcement.memory_kills > 0, "{finished:?}");
        }
        Some(told) => {
            check_ending(&finished, Ending::Exited(0));
            assert_eq!(finished.enforcement.memory_kills, 0);
            assert!(
                told.to_string().starts_with("memory is not limited: "),
                "{told}"
            );
            assert!(told.reason.contains("cgroup"), "{told}");
        }
    }
}

#[test]
fn a_cgroup_that_is_none_limits_nothing_and_says_so() {
    let scratch = Scratch::new();
    let executor = ChildProcesses::new().with_cgroup(scratch.path("nowhere"));
    let finished = greedy(&executor, &scratch);
    check_ending(&finished, Ending::Exited(0));
    let told: Vec<_> = finished
        .enforcement
        .not_applied
        .iter()
        .map(|one| one.resource)
        .collect();
    assert_eq!(
        told,
        [Resource::Memory, Resource::Processors, Resource::Processes]
    );
}

#[test]
fn a_cgroup_that_cannot_be_joined_limits_nothing_and_says_so() {
    let scratch = Scratch::new();
    // Files in place of a cgroup: limits can be written, and nobody can join.
    let folder = scratch.path("cgroup");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("cgroup.controllers"), "cpu memory pids\n").unwrap();
    std::fs::write(folder.join("cgroup.subtree_control"), "cpu memory pids\n").unwrap();
    let executor = ChildProcesses::new().with_cgroup(folder);
    let finished = greedy(&executor, &scratch);
    check_ending(&finished, Ending::Exited(0));
    let told = &finished.enforcement.not_applied;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].reason.starts_with("joining the cgroup: "),
        "{told:?}"
    );
}
