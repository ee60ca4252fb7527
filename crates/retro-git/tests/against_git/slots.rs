//! Slots between users: locks, crashes, and the choice of one.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use retro_domain::CommitId;
use retro_git::{GitRepository, GitSlotPool, Slot, SlotOptions, SlotPool};
use retro_testing::{HistorySpec, ScratchRepo};

use crate::support::Bench;

fn sample(commits: usize) -> (Bench, Vec<CommitId>) {
    let repo = ScratchRepo::with_history(HistorySpec {
        files: 30,
        commits,
        changed_per_commit: 4,
    });
    let commits = repo.rev_list(["--reverse", "main"]);
    (Bench::new(repo), commits)
}

#[test]
fn two_users_never_get_the_same_slot() {
    let (bench, commits) = sample(3);
    let trees: Vec<_> = std::thread::scope(|scope| {
        let users: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| bench.pool().acquire(Some(&commits[0])).unwrap()))
            .collect();
        users.into_iter().map(|user| user.join().unwrap()).collect()
    });
    let distinct: HashSet<&Path> = trees.iter().map(|slot| slot.work_tree()).collect();
    assert_eq!(distinct.len(), 8);
}

#[test]
fn a_slot_that_was_given_back_is_used_again() {
    let (bench, commits) = sample(3);
    let mut slot = bench.slot();
    bench.walk_to(&mut *slot, &commits[0]);
    let path = slot.work_tree().to_owned();
    fs::write(slot.scratch().join("log"), "kept").unwrap();
    drop(slot);
    let mut slot = bench.slot();
    assert_eq!(slot.work_tree(), path);
    assert_eq!(slot.current(), Some(commits[0]));
    assert_eq!(fs::read(slot.scratch().join("log")).unwrap(), b"kept");
    let done = bench.walk_to(&mut *slot, &commits[1]);
    assert_eq!((done.written, done.restored), (4, 0));
    // Damage done between two users is found as well.
    drop(slot);
    fs::write(path.join("stray"), "x").unwrap();
    let damaged = fs::read_dir(path.join("src/area_00/part_0000"))
        .unwrap()
        .next();
    fs::write(damaged.unwrap().unwrap().path(), "x").unwrap();
    let done = bench.walk_to(&mut *bench.slot(), &commits[1]);
    assert_eq!((done.written, done.restored, done.cleaned), (0, 1, 1));
}

#[test]
fn the_slot_nearest_to_the_commit_is_taken() {
    let (bench, commits) = sample(9);
    let mut slots = [bench.slot(), bench.slot(), bench.slot()];
    for (slot, commit) in slots.iter_mut().zip([0, 4, 8]) {
        slot.checkout(&commits[commit]).unwrap();
    }
    drop(slots);
    let nearest = |near: usize| {
        bench
            .pool()
            .acquire(Some(&commits[near]))
            .unwrap()
            .current()
    };
    assert_eq!(nearest(8), Some(commits[8]));
    assert_eq!(nearest(5), Some(commits[4]));
    assert_eq!(nearest(1), Some(commits[0]));
}

/// What a crash left, and how to make that of a work tree in order.
type Crash<'a> = (&'a str, &'a dyn Fn(&Path));

#[test]
fn a_slot_whose_last_user_died_is_read_in_full() {
    let (bench, commits) = sample(3);
    let crashes: [Crash<'_>; 7] = [
        ("between commits", &|_| {}),
        ("in the middle of writing", &|tree| {
            let folder = tree.join("src/area_00/part_0000");
            for entry in fs::read_dir(folder).unwrap().take(2) {
                fs::write(entry.unwrap().path(), "half a fi").unwrap();
            }
        }),
        ("in the middle of removing", &|tree| {
            fs::remove_dir_all(tree.join("src/area_00/part_0001")).unwrap();
        }),
        ("while writing the index", &|tree| {
            let index = fs::read(tree.join(".git/index")).unwrap();
            fs::write(tree.join(".git/index"), &index[..index.len() / 2]).unwrap();
        }),
        ("before HEAD", &|tree| {
            fs::remove_file(tree.join(".git/HEAD")).unwrap()
        }),
        ("before anything", &|tree| fs::remove_dir_all(tree).unwrap()),
        ("with files of its own", &|tree| {
            fs::create_dir_all(tree.join("a/b/c")).unwrap();
            fs::write(tree.join("a/b/c/d"), "x").unwrap();
        }),
    ];
    for (name, crash) in crashes {
        let mut slot = bench.slot();
        bench.walk_to(&mut *slot, &commits[0]);
        let tree = slot.work_tree().to_owned();
        drop(slot);
        fs::remove_file(tree.with_file_name("state")).unwrap();
        crash(&tree);
        let mut slot = bench.slot();
        assert_eq!(slot.work_tree(), tree, "{name}");
        assert_eq!(slot.current(), None, "{name}");
        bench.walk_to(&mut *slot, &commits[1]);
        bench.walk_to(&mut *slot, &commits[2]);
    }
}

#[test]
fn a_state_that_does_not_read_back_is_no_state() {
    let (bench, commits) = sample(2);
    let mut slot = bench.slot();
    slot.checkout(&commits[0]).unwrap();
    let tree = slot.work_tree().to_owned();
    drop(slot);
    let state = tree.with_file_name("state");
    let bytes = fs::read(&state).unwrap();
    for damaged in [
        &bytes[..0],
        &bytes[..bytes.len() - 1],
        b"git-retro slot state 0\n",
    ] {
        fs::write(&state, damaged).unwrap();
        let mut slot = bench.slot();
        assert_eq!(slot.current(), None);
        bench.walk_to(&mut *slot, &commits[1]);
    }
}

#[test]
fn other_options_make_the_old_state_void() {
    let repo = ScratchRepo::new();
    let commit = repo.commit_files(&[("a", "1")], "first");
    let bench = Bench::new(repo);
    let keeping = SlotOptions {
        keep: vec!["*.keep".to_owned(), "/cache/".to_owned()],
        ..SlotOptions::default()
    };
    let mut slot = bench.pool_with(keeping).acquire(None).unwrap();
    bench.walk_to(&mut *slot, &commit);
    fs::write(slot.work_tree().join("x.keep"), "x").unwrap();
    fs::create_dir(slot.work_tree().join("cache")).unwrap();
    fs::write(slot.work_tree().join("cache/y"), "y").unwrap();
    slot.checkout(&commit).unwrap();
    bench.judge_clean(&*slot, &commit);
    assert!(slot.work_tree().join("x.keep").exists() && slot.work_tree().join("cache/y").exists());
    drop(slot);
    let mut slot = bench.slot();
    bench.walk_to(&mut *slot, &commit);
}

/// Set in the process that the tests below start, which is this test binary again: the repository and
/// the slots folder.
const CHILD: &str = "RETRO_GIT_TEST_CHILD";

/// Starts `test` of this binary in a process of its own, in which `child_pool` gives a pool.
#[expect(
    clippy::disallowed_methods,
    reason = "a process that can be killed is what is tested"
)]
fn start(test: &str, bench: &Bench) -> (Child, impl Iterator<Item = String> + use<>) {
    let program = std::env::current_exe().expect("this test binary");
    let slots = bench.slots_dir();
    let mut child = Command::new(program)
        .args([test, "--exact", "--nocapture", "--test-threads", "1"])
        .env(
            CHILD,
            format!("{}\n{}", bench.repo.path().display(), slots.display()),
        )
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test binary starts");
    let output = child.stdout.take().expect("its output was asked for");
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    // The harness prints lines of its own.
    (
        child,
        lines.filter_map(|line| line.split_once("slot: ").map(|(_, rest)| rest.to_owned())),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is how the child knows that it is one"
)]
fn child_pool() -> Option<GitSlotPool> {
    let setting = std::env::var(CHILD).ok()?;
    let (repo, slots) = setting.split_once('\n')?;
    let repository = GitRepository::discover(Path::new(repo)).unwrap();
    Some(GitSlotPool::open(&repository, Path::new(slots), SlotOptions::default()).unwrap())
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_lock_of_a_killed_process_is_void() {
    if let Some(pool) = child_pool() {
        let slot = pool.acquire(None).unwrap();
        println!("slot: {}", slot.work_tree().display());
        loop {
            std::thread::park();
        }
    }
    let (bench, _) = sample(2);
    let (child, mut lines) = start("slots::the_lock_of_a_killed_process_is_void", &bench);
    let theirs = lines.next().expect("the child has a slot");
    let ours = bench.slot();
    assert_ne!(ours.work_tree(), Path::new(&theirs));
    kill(child);
    let freed = bench.slot();
    assert_eq!(freed.work_tree(), Path::new(&theirs));
}

#[test]
fn a_process_killed_at_any_moment_leaves_a_slot_that_can_be_used() {
    if let Some(pool) = child_pool() {
        let mut slot = pool.acquire(None).unwrap();
        let commits = commits_of(&*slot);
        for round in 0.. {
            for commit in &commits {
                slot.checkout(commit).unwrap();
                fs::write(slot.work_tree().join("stray"), "x").unwrap();
                println!("slot: {round}");
            }
        }
    }
    let (bench, commits) = sample(12);
    fs::create_dir_all(bench.slots_dir()).unwrap();
    let list: Vec<String> = commits.iter().map(CommitId::to_string).collect();
    fs::write(bench.slots_dir().join("commits"), list.join("\n")).unwrap();
    let name = "slots::a_process_killed_at_any_moment_leaves_a_slot_that_can_be_used";
    for lines_before in [1, 2, 5, 9, 14, 22, 33] {
        let (child, lines) = start(name, &bench);
        assert_eq!(lines.take(lines_before).count(), lines_before);
        kill(child);
        let mut slot = bench.slot();
        assert_eq!(slot.current(), None);
        for commit in [&commits[lines_before % 12], &commits[3]] {
            bench.walk_to(&mut *slot, commit);
        }
    }
    let numbers = fs::read_dir(bench.slots_dir()).unwrap().count();
    assert_eq!(numbers, 2, "one repository, and the list of commits");
}

/// The commits that the parent wrote down beside the slots.
fn commits_of(slot: &dyn Slot) -> Vec<CommitId> {
    let list = slot.work_tree().ancestors().nth(3).unwrap().join("commits");
    let text = fs::read_to_string(list).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn slots_that_nobody_uses_can_be_emptied() {
    let (bench, commits) = sample(2);
    let mut used = bench.slot();
    let mut free = bench.slot();
    bench.walk_to(&mut *used, &commits[0]);
    bench.walk_to(&mut *free, &commits[0]);
    let tree = free.work_tree().to_owned();
    drop(free);
    assert_eq!(bench.pool().empty_free_slots().unwrap(), 1);
    assert!(!tree.exists());
    bench.walk_to(&mut *used, &commits[1]);
    let mut again = bench.slot();
    assert_eq!((again.work_tree(), again.current()), (&*tree, None));
    assert_eq!(bench.walk_to(&mut *again, &commits[1]).written, 30);
}
