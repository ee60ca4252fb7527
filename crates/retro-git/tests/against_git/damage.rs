//! Whatever a command does to a work tree, the next checkout makes it the commit again.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use retro_domain::CommitId;
use retro_testing::ScratchRepo;

use crate::support::Bench;

fn sample() -> (Bench, Vec<CommitId>) {
    let repo = ScratchRepo::new();
    let files = [
        ("a.txt", "same size 1"),
        ("src/lib.rs", "lib 1"),
        ("src/deep/er/file", "deep 1"),
        ("run.sh", "#!/bin/sh"),
        (".gitignore", "/build/\n*.o\n"),
        ("src/.gitignore", "!keep.o\n"),
    ];
    let first = repo.commit_files(&files, "first");
    let script = repo.path().join("run.sh");
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    symlink("a.txt", repo.path().join("link")).unwrap();
    let second = repo.commit_files(&[("src/lib.rs", "lib 2"), ("new/file", "n")], "second");
    repo.git(["rm", "-q", "new/file", "src/deep/er/file"]);
    let third = repo.commit_files(&[("src/lib.rs", "lib 3")], "third");
    (Bench::new(repo), vec![first, second, third])
}

/// Damages the work tree of each commit and goes to each commit from there.
fn check(name: &str, damage: impl Fn(&Path, &Bench)) {
    let (bench, commits) = sample();
    let mut slot = bench.slot();
    for from in &commits {
        for to in &commits {
            bench.walk_to(&mut *slot, from);
            damage(slot.work_tree(), &bench);
            let done = bench.walk_to(&mut *slot, to);
            // Nothing is left to find the second time.
            let again = bench.walk_to(&mut *slot, to);
            assert_eq!(again, Default::default(), "{name}: after {done:?}");
        }
    }
}

#[test]
fn a_change_of_the_same_size_in_the_same_moment_is_seen() {
    check("same size", |tree, _| {
        fs::write(tree.join("a.txt"), "same size 2").unwrap()
    });
}

#[test]
fn a_change_behind_a_forged_time_is_seen() {
    check("forged time", |tree, _| {
        let path = tree.join("a.txt");
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "same size 2").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(time).unwrap();
    });
}

#[test]
fn files_that_became_something_else_are_put_back() {
    check("removed", |tree, _| {
        fs::remove_file(tree.join("a.txt")).unwrap()
    });
    check("a folder", |tree, _| {
        fs::remove_file(tree.join("a.txt")).unwrap();
        fs::create_dir_all(tree.join("a.txt/x/y")).unwrap();
        fs::write(tree.join("a.txt/x/y/z"), "z").unwrap();
    });
    check("a link", |tree, _| {
        fs::remove_file(tree.join("a.txt")).unwrap();
        symlink("/etc/passwd", tree.join("a.txt")).unwrap();
    });
    check("a pipe", |tree, _| {
        fs::remove_file(tree.join("a.txt")).unwrap();
        let path = std::ffi::CString::new(tree.join("a.txt").to_str().unwrap()).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path.as_c_str(),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
    });
    check("a second name", |tree, _| {
        fs::remove_file(tree.join("run.sh")).unwrap();
        fs::hard_link(tree.join("a.txt"), tree.join("run.sh")).unwrap();
    });
    check("modes", |tree, _| {
        fs::set_permissions(tree.join("a.txt"), PermissionsExt::from_mode(0o777)).unwrap();
        fs::set_permissions(tree.join("run.sh"), PermissionsExt::from_mode(0o4600)).unwrap();
        fs::set_permissions(tree.join("src/lib.rs"), PermissionsExt::from_mode(0o000)).unwrap();
    });
}

#[test]
fn folders_that_became_something_else_are_put_back() {
    check("removed", |tree, _| {
        fs::remove_dir_all(tree.join("src")).unwrap()
    });
    check("a file", |tree, _| {
        fs::remove_dir_all(tree.join("src")).unwrap();
        fs::write(tree.join("src"), "file").unwrap();
    });
    check("a link", |tree, bench| {
        let outside = bench.repo.outside().join("outside");
        drop(fs::create_dir(&outside));
        fs::remove_dir_all(tree.join("src")).unwrap();
        symlink(&outside, tree.join("src")).unwrap();
    });
    check("moved and copied back", |tree, _| {
        fs::rename(tree.join("src"), tree.join("moved")).unwrap();
        fs::create_dir(tree.join("src")).unwrap();
        fs::copy(tree.join("moved/lib.rs"), tree.join("src/lib.rs")).unwrap();
    });
    check("shut", |tree, _| {
        for folder in ["src/deep", "src"] {
            let path = tree.join(folder);
            if path.exists() {
                fs::write(path.join("stray"), "x").unwrap();
                fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
            }
        }
        fs::set_permissions(tree, PermissionsExt::from_mode(0o500)).unwrap();
    });
}

#[test]
fn the_whole_work_tree_may_be_gone() {
    check("removed", |tree, _| fs::remove_dir_all(tree).unwrap());
    check("a file", |tree, _| {
        fs::remove_dir_all(tree).unwrap();
        fs::write(tree, "file").unwrap();
    });
    check("a link", |tree, bench| {
        let other = bench.repo.outside().join("other");
        drop(fs::create_dir(&other));
        fs::remove_dir_all(tree).unwrap();
        symlink(&other, tree).unwrap();
    });
    check("emptied", |tree, _| {
        for entry in fs::read_dir(tree).unwrap() {
            let path = entry.unwrap().path();
            drop(fs::remove_dir_all(&path));
            drop(fs::remove_file(&path));
        }
    });
}

#[test]
fn the_git_directory_is_put_back() {
    let git = |name: &str, words: &'static [&'static str]| {
        check(name, |tree, bench| drop(bench.repo.git_in(tree, words)));
    };
    git("a branch", &["checkout", "-q", "-b", "mine"]);
    git("a commit", &["commit", "-q", "--allow-empty", "-m", "mine"]);
    git("staged", &["rm", "-q", "--cached", "a.txt"]);
    git("a tag", &["tag", "-a", "mine", "-m", "mine"]);
    git("a setting", &["config", "core.bare", "true"]);
    git(
        "a moved branch",
        &["update-ref", "refs/heads/main", "HEAD~0"],
    );
    git("packed", &["pack-refs", "--all"]);
    check("a stash", |tree, bench| {
        fs::write(tree.join("a.txt"), "to be stashed").unwrap();
        bench.repo.git_in(tree, ["stash", "-q"]);
    });
    check("locks", |tree, _| {
        for name in ["index.lock", "HEAD.lock", "config.lock", "MERGE_HEAD"] {
            fs::write(tree.join(".git").join(name), "").unwrap();
        }
    });
    check("a broken index", |tree, _| {
        fs::write(tree.join(".git/index"), "x").unwrap()
    });
    check("an index with another name", |tree, bench| {
        let other = bench.repo.outside().join("linked-index");
        drop(fs::remove_file(&other));
        fs::hard_link(tree.join(".git/index"), other).unwrap();
    });
    check("no git directory", |tree, _| {
        fs::remove_dir_all(tree.join(".git")).unwrap()
    });
    check("a git file", |tree, _| {
        fs::remove_dir_all(tree.join(".git")).unwrap();
        fs::write(tree.join(".git"), "gitdir: /nowhere").unwrap();
    });
    check("a link to the user's", |tree, bench| {
        fs::remove_dir_all(tree.join(".git")).unwrap();
        symlink(bench.repo.path().join(".git"), tree.join(".git")).unwrap();
    });
    check("another repository", |tree, bench| {
        fs::remove_dir_all(tree.join(".git")).unwrap();
        bench.repo.git_in(tree, ["init", "-q"]);
    });
    check("a repository inside", |tree, bench| {
        bench.repo.git_in(tree, ["init", "-q", "src"]);
        bench.repo.git_in(tree, ["init", "-q", "fresh"]);
        fs::write(tree.join("fresh/x.o"), "x").unwrap();
    });
}

#[test]
fn the_users_git_directory_is_not_written_through_a_link() {
    let (bench, commits) = sample();
    let before = retro_testing::fingerprint(bench.repo.path());
    let mut slot = bench.slot();
    slot.checkout(&commits[0]).unwrap();
    let tree = slot.work_tree().to_owned();
    fs::remove_dir_all(tree.join(".git")).unwrap();
    symlink(bench.repo.path().join(".git"), tree.join(".git")).unwrap();
    slot.checkout(&commits[1]).unwrap();
    assert_eq!(retro_testing::fingerprint(bench.repo.path()), before);
}

#[test]
fn what_nobody_asked_for_is_removed_and_what_is_ignored_stays() {
    let (bench, commits) = sample();
    let mut slot = bench.slot();
    bench.walk_to(&mut *slot, &commits[0]);
    let tree = slot.work_tree().to_owned();
    let write = |path: &str| {
        fs::create_dir_all(tree.join(path).parent().unwrap()).unwrap();
        fs::write(tree.join(path), "x").unwrap();
    };
    let ignored = [
        "build/out/x",
        "x.o",
        "src/deep/y.o",
        "made/inner/z.o",
        ".venv/.gitignore",
        ".venv/lib/x",
    ];
    ignored.iter().for_each(|path| write(path));
    fs::write(tree.join(".venv/.gitignore"), "*\n").unwrap();
    let strays = [
        "stray",
        "src/keep.o",
        "src/deep/stray",
        "made/stray",
        "dir/only/strays",
        "src/.git/x",
    ];
    strays.iter().for_each(|path| write(path));
    fs::create_dir_all(tree.join("empty/folders")).unwrap();
    slot.checkout(&commits[1]).unwrap();
    bench.judge_clean(&*slot, &commits[1]);
    for path in ignored {
        assert!(tree.join(path).exists(), "{path} is gone");
    }
    for path in strays.iter().chain(&["dir", "empty"]) {
        assert!(!tree.join(path).exists(), "{path} is still there");
    }
    // New ones beside ignored ones are found as well, and one that hides behind a new rule.
    write("made/inner/stray");
    write("made/new");
    fs::write(tree.join("new/.gitignore"), "hidden\n").unwrap();
    write("new/hidden");
    slot.checkout(&commits[1]).unwrap();
    bench.judge_clean(&*slot, &commits[1]);
    for path in [
        "made/inner/stray",
        "made/new",
        "new/hidden",
        "new/.gitignore",
    ] {
        assert!(!tree.join(path).exists(), "{path} is still there");
    }
    // What an ignore file hid for a while is found when it is as committed again.
    fs::write(tree.join(".gitignore"), "*\n").unwrap();
    write("hidden/too");
    slot.checkout(&commits[1]).unwrap();
    assert!(!tree.join("hidden").exists());
    // An ignored folder whose last file goes has no reason to stay.
    fs::remove_file(tree.join("made/inner/z.o")).unwrap();
    slot.checkout(&commits[1]).unwrap();
    assert!(!tree.join("made").exists());
}

#[test]
fn a_commit_with_other_rules_ignores_other_files() {
    let repo = ScratchRepo::new();
    let strict = repo.commit_files(
        &[("a", "1"), ("sub/b", "1"), (".gitignore", "*.tmp\n")],
        "rules",
    );
    let loose = repo.commit_files(&[(".gitignore", "# none\n"), ("a", "2")], "none");
    repo.git(["rm", "-q", ".gitignore"]);
    let without = repo.commit("no file");
    let bench = Bench::new(repo);
    for target in [&loose, &without] {
        let mut slot = bench.slot();
        slot.checkout(&strict).unwrap();
        let stray = slot.work_tree().join("sub/x.tmp");
        fs::write(&stray, "x").unwrap();
        slot.checkout(&strict).unwrap();
        assert!(stray.exists());
        slot.checkout(target).unwrap();
        assert!(!stray.exists());
        bench.judge_clean(&*slot, target);
    }
}

#[test]
fn a_very_deep_folder_is_removed() {
    let (bench, commits) = sample();
    let mut slot = bench.slot();
    slot.checkout(&commits[0]).unwrap();
    let mut deep = slot.work_tree().to_owned();
    for _ in 0..900 {
        deep.push("dd");
    }
    // Longer paths than the system takes are made from inside.
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("x"), "x").unwrap();
    fs::rename(
        slot.work_tree().join("dd"),
        slot.work_tree().join("a-folder"),
    )
    .unwrap();
    fs::remove_file(slot.work_tree().join("a.txt")).unwrap();
    fs::rename(
        slot.work_tree().join("a-folder"),
        slot.work_tree().join("a.txt"),
    )
    .unwrap();
    bench.walk_to(&mut *slot, &commits[1]);
}
