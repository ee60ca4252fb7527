//! Repositories that lack something, and places that are none.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use retro_git::{
    CommitQuery, GitError, GitRepository, GitSlotPool, History as _, Selection, SlotOptions,
    SlotPool as _,
};
use retro_testing::{HistorySpec, ScratchRepo, TreeSnapshot};

use crate::support::Bench;

fn all() -> CommitQuery {
    CommitQuery::new(Selection::Last {
        count: usize::MAX,
        tip: None,
    })
}

#[test]
fn a_place_that_is_no_repository_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("not/there")] {
        match GitRepository::discover(&path) {
            Err(GitError::NotARepository { path: named }) => assert_eq!(named, path),
            Err(other) => panic!("{other}"),
            Ok(repository) => panic!("{} was found", repository.root().display()),
        }
    }
}

#[test]
fn a_repository_is_found_from_inside_and_however_it_is_laid_out() {
    let repo = ScratchRepo::new();
    let first = repo.commit_files(&[("deep/er/file", "1")], "first");
    let inside = GitRepository::discover(&repo.path().join("deep/er")).unwrap();
    assert_eq!(inside.root(), repo.path());
    assert_eq!(inside.git_dir(), repo.path().join(".git"));
    assert!(inside.repo_id().to_string().starts_with("local/repo-"));

    let linked = repo.outside().join("linked");
    repo.git([
        "worktree",
        "add",
        "-q",
        "--detach",
        linked.to_str().unwrap(),
    ]);
    repo.git(["commit", "-q", "--allow-empty", "-m", "only on main"]);
    let bare = repo.outside().join("bare.git");
    repo.git(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    for (path, head) in [(&linked, first), (&bare, repo.head())] {
        let found = GitRepository::discover(path).unwrap();
        assert_eq!(found.root(), path);
        assert_eq!(found.repo_id() == inside.repo_id(), path == &linked);
        assert_eq!(found.resolve("HEAD").unwrap().id, head);
        let slots = repo.outside().join("slots");
        let pool = GitSlotPool::open(&found, &slots, SlotOptions::default()).unwrap();
        let mut slot = pool.acquire(None).unwrap();
        slot.checkout(&head).unwrap();
        assert_eq!(
            fs::read(slot.work_tree().join("deep/er/file")).unwrap(),
            b"1"
        );
        assert_eq!(repo.git_in(slot.work_tree(), ["status", "--porcelain"]), "");
    }
    let trees = repo.git(["worktree", "list"]);
    assert_eq!(
        trees.lines().count(),
        2,
        "slots are none of git's work trees: {trees}"
    );
}

#[test]
fn repositories_may_have_odd_names() {
    let mut odd = b"two words \xff # \"quoted\"".to_vec();
    for name in [odd.clone(), {
        odd.extend_from_slice(b"\nline");
        odd
    }] {
        let repo = ScratchRepo::named(std::ffi::OsString::from_vec(name.clone()));
        let commit = repo.commit_files(&[("a", "1")], "first");
        let found = GitRepository::discover(repo.path()).unwrap();
        let slots = repo.outside().join("slots");
        let pool = GitSlotPool::open(&found, &slots, SlotOptions::default()).unwrap();
        let mut slot = pool.acquire(None).unwrap();
        slot.checkout(&commit).unwrap();
        assert_eq!(fs::read(slot.work_tree().join("a")).unwrap(), b"1");
        // Real git reads the objects through a path with such a name, too.
        assert_eq!(
            repo.git_in(slot.work_tree(), ["status", "--porcelain"]),
            "",
            "{name:?}"
        );
        assert_eq!(
            repo.git_in(slot.work_tree(), ["log", "--format=%s"]),
            "first"
        );
    }
}

#[test]
fn a_shallow_clone_works_up_to_its_boundary() {
    let origin = ScratchRepo::with_history(HistorySpec {
        files: 10,
        commits: 9,
        changed_per_commit: 2,
    });
    let bench = Bench::new(origin.clone_with(["--depth", "4"]));
    let repository = GitRepository::discover(bench.repo.path()).unwrap();
    let list = repository.commits(&all()).unwrap();
    assert_eq!(list.commits.len(), 4);
    assert_eq!(list.parents, [vec![], vec![0], vec![1], vec![2]]);
    assert_eq!(list.warnings.len(), 1);
    assert!(list.warnings[0].contains("shallow"), "{:?}", list.warnings);
    let range = Selection::Revisions(vec!["HEAD~2..HEAD".to_owned()]);
    let list_of_two = repository.commits(&CommitQuery::new(range)).unwrap();
    assert_eq!(
        (list_of_two.commits.len(), list_of_two.warnings.len()),
        (2, 0)
    );
    let error = repository.resolve("HEAD~6").unwrap_err();
    assert!(error.to_string().contains("--unshallow"), "{error}");
    let mut slot = bench.slot();
    for commit in &list.commits {
        slot.checkout(&commit.id).unwrap();
        bench.judge_clean(&*slot, &commit.id);
    }
    assert_eq!(
        bench
            .repo
            .git_in(slot.work_tree(), ["log", "--oneline"])
            .lines()
            .count(),
        4
    );
}

#[test]
fn a_partial_clone_works_as_far_as_it_goes() {
    let origin = ScratchRepo::with_history(HistorySpec {
        files: 10,
        commits: 5,
        changed_per_commit: 2,
    });
    origin.git(["config", "uploadpack.allowFilter", "true"]);
    let clone = origin.clone_with(["--filter=blob:none"]);
    let repository = GitRepository::discover(clone.path()).unwrap();
    assert_eq!(repository.commits(&all()).unwrap().commits.len(), 5);
    let bench = Bench::new(clone);
    let mut slot = bench.slot();
    // The clone checked its branch out and so has what that needs.
    slot.checkout(&bench.repo.head()).unwrap();
    let error = slot.checkout(&bench.repo.rev("HEAD~3")).unwrap_err();
    match &error {
        GitError::MissingObject { hint, .. } => assert!(hint.contains("partial clone"), "{hint}"),
        other => panic!("{other}"),
    }
}

#[test]
fn a_pruned_object_is_missed_and_the_slot_recovers() {
    let repo = ScratchRepo::new();
    let first = repo.commit_files(&[("a", "1"), ("b", "1")], "first");
    let second = repo.commit_files(&[("a", "only here"), ("b", "2")], "second");
    let third = repo.commit_files(&[("a", "3")], "third");
    let blob = repo.git(["rev-parse", &format!("{second}:a")]);
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    bench.walk_to(&mut *slot, &first);
    fs::remove_file(
        bench
            .repo
            .path()
            .join(".git/objects")
            .join(&blob[..2])
            .join(&blob[2..]),
    )
    .unwrap();
    let error = slot.checkout(&second).unwrap_err();
    match &error {
        GitError::MissingObject { what, hint } => {
            assert!(what.contains(&blob) && what.contains("(a)"), "{what}");
            assert!(hint.contains("git fsck"), "{hint}");
        }
        other => panic!("{other}"),
    }
    assert_eq!(slot.current(), None);
    bench.walk_to(&mut *slot, &third);
    bench.walk_to(&mut *slot, &first);
    let nowhere = "1234567890123456789012345678901234567890".parse().unwrap();
    assert!(matches!(
        slot.checkout(&nowhere),
        Err(GitError::MissingObject { .. })
    ));
    // Nothing was touched for a commit that is not there.
    assert_eq!(slot.current(), Some(first));
    assert_eq!(bench.walk_to(&mut *slot, &first), Default::default());
}

#[test]
fn objects_that_are_packed_meanwhile_are_still_found() {
    let bench = Bench::new(ScratchRepo::with_history(HistorySpec {
        files: 10,
        commits: 6,
        changed_per_commit: 2,
    }));
    let commits = bench.repo.rev_list(["--reverse", "main"]);
    let mut slot = bench.slot();
    for commit in &commits {
        bench.walk_to(&mut *slot, commit);
        bench.repo.git(["repack", "-adfq", "--depth", "5"]);
        bench.repo.git(["prune-packed"]);
    }
}

#[test]
fn the_users_repository_is_untouched_whatever_happens() {
    let repo = ScratchRepo::new();
    let files = [
        ("a", "1"),
        ("b", "1"),
        ("sub/c", "1"),
        (".gitignore", "*.o\n"),
    ];
    let first = repo.commit_files(&files, "first");
    let second = repo.commit_files(&[("a", "2")], "second");
    repo.write("a", "stashed");
    repo.git(["stash", "-q"]);
    repo.write("b", "staged");
    repo.git(["add", "b"]);
    repo.write("b", "dirty");
    repo.write("untracked", "x");
    repo.write("ignored.o", "x");
    repo.git(["config", "core.hooksPath", "hooks"]);
    repo.write("hooks/post-checkout", "#!/bin/sh\ntouch hooked\n");
    let script = repo.path().join("hooks/post-checkout");
    fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let before = TreeSnapshot::of(repo.path());
    let bench = Bench::new(repo);
    let repository = GitRepository::discover(bench.repo.path()).unwrap();
    repository.commits(&all()).unwrap();
    repository.resolve("stash@{0}").unwrap();
    let mut slot = bench.slot();
    for commit in [&first, &second, &first] {
        slot.checkout(commit).unwrap();
        let git = |words: &[&str]| bench.repo.git_in(slot.work_tree(), words);
        fs::write(slot.work_tree().join("a"), "changed").unwrap();
        git(&["commit", "-qam", "a commit of the command"]);
        git(&["tag", "-f", "of-the-command"]);
        git(&["checkout", "-q", "-b", "of-the-command"]);
        git(&["gc", "-q"]);
    }
    drop(slot);
    let mut slot = bench.slot();
    slot.checkout(&second).unwrap();
    let after = TreeSnapshot::of(bench.repo.path());
    assert_eq!(after.differences(&before), [""; 0]);
    assert_eq!(after.fingerprint(), before.fingerprint());
}
