//! Submodules and Git LFS: left alone, or filled from what the user's repository has.

use std::fs;

use retro_domain::CommitId;
use retro_git::{LfsPolicy, SlotOptions, SlotPool as _, SubmodulePolicy};
use retro_testing::ScratchRepo;

use crate::support::Bench;

/// A repository with a submodule that has a submodule, in two versions, and a commit without.
fn with_submodules() -> (Bench, Vec<CommitId>, Vec<ScratchRepo>) {
    let innermost = ScratchRepo::named("innermost");
    innermost.commit_files(&[("deep", "1")], "innermost");
    let inner = ScratchRepo::named("inner");
    inner.commit_files(&[("file", "1")], "inner");
    let url = |repo: &ScratchRepo| repo.path().to_str().unwrap().to_owned();
    inner.git(["submodule", "add", "-q", &url(&innermost), "sub/deep"]);
    inner.commit("inner with a submodule");

    let outer = ScratchRepo::new();
    let without = outer.commit_files(&[("file", "1")], "without");
    outer.git([
        "submodule",
        "add",
        "-q",
        "--name",
        "a name",
        &url(&inner),
        "libs/inner",
    ]);
    outer.git(["submodule", "update", "-q", "--init", "--recursive"]);
    let first = outer.commit("with");
    inner.commit_files(&[("file", "2"), ("new", "2")], "inner goes on");
    outer.git_in(&outer.path().join("libs/inner"), ["pull", "-q"]);
    let second = outer.commit("with the next");
    (
        Bench::new(outer),
        vec![without, first, second],
        vec![inner, innermost],
    )
}

#[test]
fn skipped_submodules_are_empty_folders_and_said_once() {
    let (bench, commits, _others) = with_submodules();
    let mut slot = bench.slot();
    let mut warnings = Vec::new();
    for commit in [0, 1, 2, 1, 0, 2] {
        warnings.extend(bench.walk_to(&mut *slot, &commits[commit]).warnings);
        if commit > 0 {
            let folder = slot.work_tree().join("libs/inner");
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
            fs::write(folder.join("stray"), "of a command").unwrap();
        }
    }
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("submodules are left empty"),
        "{warnings:?}"
    );
}

#[test]
fn submodules_are_checked_out_from_what_is_there() {
    let (bench, commits, _others) = with_submodules();
    let options = SlotOptions {
        submodules: SubmodulePolicy::Checkout,
        ..SlotOptions::default()
    };
    let pool = bench.pool_with(options);
    for _ in 0..2 {
        let mut slot = pool.acquire(None).unwrap();
        for commit in [1, 2, 0, 2, 1] {
            let done = slot.checkout(&commits[commit]).unwrap();
            assert_eq!(done.warnings, [""; 0]);
            bench.judge_clean(&*slot, &commits[commit]);
            let inner = slot.work_tree().join("libs/inner");
            if commit == 0 {
                assert!(!slot.work_tree().join("libs").exists());
                continue;
            }
            assert_eq!(
                fs::read_to_string(inner.join("file")).unwrap(),
                commit.to_string()
            );
            assert_eq!(
                fs::read_to_string(inner.join("sub/deep/deep")).unwrap(),
                "1"
            );
            let status = bench
                .repo
                .git_in(slot.work_tree(), ["submodule", "status", "--recursive"]);
            assert_eq!(status.lines().count(), 2, "{status}");
            let head = bench.repo.git_in(&inner, ["log", "-1", "--format=%s"]);
            assert!(head.starts_with("inner"), "{head}");
            // A command's changes in there are found like others.
            fs::write(inner.join("file"), "x").unwrap();
            fs::write(inner.join("sub/deep/stray"), "x").unwrap();
            fs::remove_file(inner.join(".git/HEAD")).unwrap();
        }
    }
}

#[test]
fn a_submodule_nobody_has_is_left_empty_and_named() {
    let (bench, commits, _others) = with_submodules();
    fs::remove_dir_all(bench.repo.path().join(".git/modules")).unwrap();
    fs::remove_dir_all(bench.repo.path().join("libs")).unwrap();
    let options = SlotOptions {
        submodules: SubmodulePolicy::Checkout,
        ..SlotOptions::default()
    };
    let mut slot = bench.pool_with(options).acquire(None).unwrap();
    let done = slot.checkout(&commits[1]).unwrap();
    assert_eq!(done.warnings.len(), 1);
    assert!(
        done.warnings[0].contains("libs/inner"),
        "{:?}",
        done.warnings
    );
    assert_eq!(
        fs::read_dir(slot.work_tree().join("libs/inner"))
            .unwrap()
            .count(),
        0
    );
}

const CONTENT: &str = "the real content of a large file\n";
/// `printf` of the above, through `sha256sum`.
fn pointer() -> (String, String) {
    let digest = retro_domain::Digest256::of(CONTENT.as_bytes()).to_string();
    let text = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {}\n",
        CONTENT.len()
    );
    (digest, text)
}

fn with_lfs() -> (Bench, Vec<CommitId>) {
    let repo = ScratchRepo::new();
    let (digest, pointer) = pointer();
    let attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";
    let files = [
        (".gitattributes", attributes),
        ("large.bin", pointer.as_str()),
        ("plain.bin", "plain"),
    ];
    let first = repo.commit_files(&files, "first");
    let second = repo.commit_files(&[("other.bin", &pointer), ("a", "1")], "second");
    let lost = pointer.replace(&digest[..4], "0000");
    let third = repo.commit_files(&[("large.bin", &lost)], "third");
    let store = repo
        .path()
        .join(".git/lfs/objects")
        .join(&digest[..2])
        .join(&digest[2..4]);
    fs::create_dir_all(&store).unwrap();
    fs::write(store.join(&digest), CONTENT).unwrap();
    (Bench::new(repo), vec![first, second, third])
}

#[test]
fn skipped_lfs_files_are_pointers_and_said_once() {
    let (bench, commits) = with_lfs();
    let mut slot = bench.slot();
    let warnings: Vec<String> = commits
        .iter()
        .flat_map(|commit| bench.walk_to(&mut *slot, commit).warnings)
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("LFS"), "{warnings:?}");
}

#[test]
fn lfs_files_are_filled_from_the_local_store() {
    let (bench, commits) = with_lfs();
    let options = SlotOptions {
        lfs: LfsPolicy::Checkout,
        ..SlotOptions::default()
    };
    let pool = bench.pool_with(options);
    for _ in 0..2 {
        let mut slot = pool.acquire(None).unwrap();
        for commit in [0, 1, 0, 1] {
            let done = slot.checkout(&commits[commit]).unwrap();
            assert_eq!(done.warnings, [""; 0]);
            bench.judge_clean(&*slot, &commits[commit]);
            let read = |name: &str| fs::read_to_string(slot.work_tree().join(name)).unwrap();
            assert_eq!(read("large.bin"), CONTENT);
            assert_eq!(read("plain.bin"), "plain");
            assert_eq!(slot.checkout(&commits[commit]).unwrap(), Default::default());
            fs::write(slot.work_tree().join("large.bin"), "changed").unwrap();
        }
        let done = slot.checkout(&commits[2]).unwrap();
        assert_eq!(done.warnings.len(), 1);
        assert!(
            done.warnings[0].contains("git lfs fetch"),
            "{:?}",
            done.warnings
        );
        bench.judge_clean(&*slot, &commits[2]);
    }
}
