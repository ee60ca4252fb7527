//! Commits and rebases in the work tree of a task.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;

use retro_git::{
    BranchStart, CommitOutcome, GitError, GitTaskWorkspace, RebaseOutcome, Staged, TaskWorkspace,
};
use retro_testing::TreeSnapshot;

use crate::support::NoWait;
use crate::task_site::{Site, branch, commit, fetch, request, signer, start, write_hook};

fn created(outcome: CommitOutcome) -> (retro_domain::CommitId, usize, Vec<String>) {
    match outcome {
        CommitOutcome::Created {
            commit,
            files,
            warnings,
        } => (commit, files, warnings),
        other => panic!("{other:?}"),
    }
}

fn git(site: &Site, task: &GitTaskWorkspace, words: &[&str]) -> String {
    site.repo.git_in(task.work_tree(), words.iter().copied())
}

#[test]
fn every_kind_of_change_is_committed_and_ignored_files_are_not() {
    let site = Site::new();
    site.repo.commit_files(
        &[
            (".gitignore", "target\n*.log\n"),
            ("gone", ""),
            ("run", "x"),
        ],
        "more",
    );
    site.repo.git(["push", "-q", "origin", "main"]);
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    let at = |name: &str| task.work_tree().join(name);
    fs::remove_file(at("gone")).unwrap();
    fs::write(at("kept"), "2\n").unwrap();
    fs::set_permissions(at("run"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(at("deep/er")).unwrap();
    fs::write(at("deep/er/ä"), "").unwrap();
    symlink("/etc/passwd", at("link")).unwrap();
    fs::create_dir(at("target")).unwrap();
    fs::write(at("target/out"), "").unwrap();
    fs::write(at("build.log"), "").unwrap();
    git(&site, &task, &["add", "-f", "build.log"]);
    let (_, files, warnings) = created(commit(&mut task).unwrap());
    assert_eq!((files, warnings), (5, Vec::new()));
    let listed = git(
        &site,
        &task,
        &["-c", "core.quotePath=false", "ls-tree", "-r", "HEAD"],
    );
    for line in ["100755 blob", "120000 blob", "deep/er/ä"] {
        assert!(listed.contains(line), "{listed}");
    }
    assert!(!listed.contains("gone") && !listed.contains("log") && !listed.contains("out"));
    assert_eq!(git(&site, &task, &["status", "--porcelain"]), "");
    let head = task.head().unwrap();
    let nothing = CommitOutcome::NothingToCommit {
        head,
        warnings: Vec::new(),
    };
    assert_eq!(commit(&mut task).unwrap(), nothing);
}

#[test]
fn only_what_was_selected_is_committed() {
    let site = Site::new();
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    for name in ["one", "two*", "two-b"] {
        fs::write(task.work_tree().join(name), "").unwrap();
    }
    fs::remove_file(task.work_tree().join("kept")).unwrap();
    let paths = |paths: &[&str]| Staged::Paths(paths.iter().map(|p| p.to_string()).collect());
    let outcome = task.commit(&request(paths(&["two*", "kept"])));
    assert_eq!(created(outcome.unwrap()).1, 2);
    assert_eq!(
        git(&site, &task, &["ls-tree", "-r", "--name-only", "HEAD"]),
        "shared\ntwo*"
    );
    assert_eq!(
        git(&site, &task, &["status", "--porcelain"]),
        "?? one\n?? two-b"
    );
    fs::write(task.work_tree().join(".gitignore"), "one\n").unwrap();
    let outcome = task.commit(&request(paths(&["one", "nowhere"]))).unwrap();
    let CommitOutcome::NothingToCommit { warnings, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(warnings, ["one is ignored and was left out"]);
    for path in ["../x", "/etc/passwd", ".git/config", "a/.GIT/x", ""] {
        assert!(task.commit(&request(paths(&[path]))).is_err(), "{path}");
    }
}

#[test]
fn repositories_within_are_left_out_and_filters_are_not_run() {
    let site = Site::new();
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    let inner = task.work_tree().join("inner");
    fs::create_dir(&inner).unwrap();
    site.repo.git_in(&inner, ["init", "-q", "."]);
    fs::write(inner.join("file"), "").unwrap();
    site.repo.git_in(&inner, ["add", "."]);
    site.repo.git_in(&inner, ["commit", "-q", "-m", "inner"]);
    fs::write(
        task.work_tree().join(".gitattributes"),
        "*.bin filter=evil\n",
    )
    .unwrap();
    fs::write(task.work_tree().join("a.bin"), "data").unwrap();
    let ran = site.repo.outside().join("ran");
    git(
        &site,
        &task,
        &[
            "config",
            "filter.evil.clean",
            &format!("touch {}", ran.display()),
        ],
    );
    let (_, files, warnings) = created(commit(&mut task).unwrap());
    assert_eq!(files, 2);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("inner") && warnings[1].contains("a.bin"),
        "{warnings:?}"
    );
    assert!(!ran.exists());
}

#[test]
fn no_hook_runs() {
    let site = Site::new();
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    let ran = site.repo.outside().join("ran");
    let hooks = task.work_tree().join(".git/hooks");
    for name in [
        "pre-commit",
        "commit-msg",
        "post-commit",
        "pre-push",
        "post-checkout",
        "pre-rebase",
        "reference-transaction",
        "post-index-change",
    ] {
        write_hook(&hooks, name, &format!("touch {}\nexit 1", ran.display()));
    }
    let base = site.repo.head();
    site.change(&mut task, "new", "1\n");
    let moved = site.repo.commit_files(&[("kept", "2\n")], "second");
    site.repo.git(["push", "-q", "origin", "main"]);
    fetch(&mut task).unwrap();
    task.rebase(&branch(), Some(&base), &moved, &signer())
        .unwrap();
    crate::task_site::push(&site, &mut task, &[]).unwrap();
    assert!(!ran.exists());
}

#[test]
fn commits_that_an_executor_made_become_part_of_the_branch() {
    let site = Site::new();
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    let base = site.repo.head();
    git(&site, &task, &["checkout", "-q", "-b", "feature"]);
    fs::write(task.work_tree().join("theirs"), "").unwrap();
    git(&site, &task, &["add", "theirs"]);
    git(&site, &task, &["commit", "-q", "-m", "by the executor"]);
    let nothing = commit(&mut task).unwrap();
    assert!(
        matches!(nothing, CommitOutcome::NothingToCommit { .. }),
        "{nothing:?}"
    );
    assert_eq!(task.commits_since(Some(&base)).unwrap().len(), 1);
    assert_eq!(
        git(&site, &task, &["symbolic-ref", "HEAD"]),
        "refs/heads/retro/t/run-1"
    );
    // What has nothing to do with the branch is left alone.
    git(&site, &task, &["checkout", "-q", "--orphan", "elsewhere"]);
    git(&site, &task, &["commit", "-q", "-m", "elsewhere"]);
    let error = commit(&mut task).unwrap_err();
    assert!(
        error.to_string().contains("something else is checked out"),
        "{error}"
    );
}

#[test]
fn a_killed_git_leaves_nothing_in_the_way() {
    let site = Site::new();
    let (mut task, first) = site.begun(site.folder());
    let git_dir = task.work_tree().join(".git");
    for name in ["index.lock", "HEAD.lock", "refs/heads/retro/t/run-1.lock"] {
        fs::write(git_dir.join(name), "").unwrap();
    }
    fs::write(git_dir.join("index"), "garbage").unwrap();
    let second = site.change(&mut task, "new", "2\n");
    assert_eq!(task.commits_since(Some(&first)).unwrap(), [second]);
    assert_eq!(git(&site, &task, &["status", "--porcelain"]), "");
    fs::write(task.work_tree().join("new"), "3\n").unwrap();
    fs::write(task.work_tree().join("untracked"), "3\n").unwrap();
    fs::write(git_dir.join("index.lock"), "").unwrap();
    task.reset(&branch(), &first).unwrap();
    assert_eq!(task.head().unwrap(), Some(first));
    assert_eq!(git(&site, &task, &["status", "--porcelain"]), "");
    assert!(!task.work_tree().join("untracked").exists());
}

#[test]
fn a_rebase_that_does_not_fit_changes_nothing() {
    let site = Site::new();
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    let base = site.repo.head();
    site.change(&mut task, "fits", "1\n");
    let bad = site.change(&mut task, "shared", "a\nours\nc\n");
    let moved = site
        .repo
        .commit_files(&[("shared", "a\ntheirs\nc\n")], "second");
    site.repo.git(["push", "-q", "origin", "main"]);
    fetch(&mut task).unwrap();
    fs::write(task.work_tree().join("untracked"), "").unwrap();
    let before = TreeSnapshot::of(task.work_tree()).without(".git");
    let done = task
        .rebase(&branch(), Some(&base), &moved, &signer())
        .unwrap();
    let expected = RebaseOutcome::Conflict {
        commit: Some(bad),
        paths: vec!["shared".to_owned()],
    };
    assert_eq!(done, expected);
    assert_eq!(task.head().unwrap(), Some(bad));
    let after = TreeSnapshot::of(task.work_tree()).without(".git");
    assert_eq!(after.differences(&before), Vec::<String>::new());
    assert_eq!(
        git(&site, &task, &["status", "--porcelain"]),
        "?? untracked"
    );
}

#[test]
fn a_rebase_leaves_out_what_is_there_and_keeps_authors() {
    let site = Site::new();
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    let base = site.repo.head();
    site.change(&mut task, "same", "1\n");
    site.change(&mut task, "new", "1\n");
    let moved = site.repo.commit_files(&[("same", "1\n")], "the same");
    site.repo.git(["push", "-q", "origin", "main"]);
    fetch(&mut task).unwrap();
    let mut committer = signer();
    committer.name = "Other".to_owned();
    let done = task
        .rebase(&branch(), Some(&base), &moved, &committer)
        .unwrap();
    let RebaseOutcome::Rebased { tip, commits: 1 } = done else {
        panic!("{done:?}");
    };
    assert_eq!(task.commits_since(Some(&moved)).unwrap(), [tip]);
    assert_eq!(
        git(&site, &task, &["log", "-1", "--format=%an/%cn"]),
        "Retro/Other"
    );
    assert_eq!(git(&site, &task, &["status", "--porcelain"]), "");
    let again = task
        .rebase(&branch(), Some(&moved), &moved, &committer)
        .unwrap();
    assert_eq!(again, RebaseOutcome::UpToDate { tip });
    // Changes that are not committed are in nobody's way, or stop it.
    fs::write(task.work_tree().join("kept"), "mine\n").unwrap();
    let last = site.repo.commit_files(&[("kept", "theirs\n")], "third");
    site.repo.git(["push", "-q", "origin", "main"]);
    fetch(&mut task).unwrap();
    let done = task
        .rebase(&branch(), Some(&moved), &last, &committer)
        .unwrap();
    assert!(
        matches!(done, RebaseOutcome::Conflict { commit: None, .. }),
        "{done:?}"
    );
    assert_eq!(fs::read(task.work_tree().join("kept")).unwrap(), b"mine\n");
    assert_eq!(task.head().unwrap(), Some(tip));
}

#[test]
fn a_slot_of_somebody_elses_keeps_what_is_not_committed() {
    let site = Site::new();
    let slot = || {
        let pace = Arc::new(NoWait::default());
        GitTaskWorkspace::in_slot(site.repo.path(), site.folder(), pace)
    };
    let mut task = slot().unwrap();
    assert!(matches!(slot(), Err(GitError::Locked { .. })));
    let upstream = fetch(&mut task).unwrap();
    site.repo.write("kept", "mine\n");
    let error = task.start_branch(&branch(), &upstream, &[]).unwrap_err();
    assert!(error.to_string().contains("commit or stash"), "{error}");
    assert_eq!(fs::read(site.repo.path().join("kept")).unwrap(), b"mine\n");
    site.repo.git(["checkout", "-q", "kept"]);
    let started = task.start_branch(&branch(), &upstream, &[]).unwrap();
    let base = Some(site.repo.rev("main"));
    assert_eq!(started, BranchStart::Created { base });
    drop(task);
    assert!(slot().is_ok());
    let folder = site.repo.path().join("below");
    fs::create_dir(&folder).unwrap();
    let pace = Arc::new(NoWait::default());
    assert!(GitTaskWorkspace::in_slot(&folder, site.folder(), pace).is_err());
}

#[test]
fn a_folder_is_one_of_ours_or_left_alone() {
    let site = Site::new();
    let task = site.open(site.folder()).unwrap();
    let locked = site.open(site.folder());
    assert!(matches!(locked, Err(GitError::Locked { pid, .. }) if pid == std::process::id()));
    // A setting that leads out of the work tree does not.
    let trap = site.repo.outside().join("trap");
    fs::create_dir(&trap).unwrap();
    git(
        &site,
        &task,
        &["config", "core.worktree", &trap.display().to_string()],
    );
    drop(task);
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    assert!(task.work_tree().join("kept").exists());
    assert_eq!(fs::read_dir(&trap).unwrap().count(), 0);
    fs::write(trap.join("letter"), "").unwrap();
    assert!(site.open_at("trap", site.folder()).is_err());
}

#[test]
fn a_checkout_that_was_cut_off_is_completed() {
    let site = Site::new();
    let (task, commit) = site.begun(site.folder());
    let git_dir = task.work_tree().join(".git");
    fs::remove_file(task.work_tree().join("kept")).unwrap();
    fs::write(git_dir.join("git-retro-unsettled"), "retro/t/run-1").unwrap();
    drop(task);
    let task = site.open(site.folder()).unwrap();
    assert_eq!(git(&site, &task, &["status", "--porcelain"]), "");
    assert_eq!(task.head().unwrap(), Some(commit));
    // Done once, and not when nothing was to be done.
    fs::remove_file(task.work_tree().join("kept")).unwrap();
    fs::write(git_dir.join("git-retro-unsettled"), "retro/").unwrap();
    drop(task);
    let task = site.open(site.folder()).unwrap();
    assert_eq!(git(&site, &task, &["status", "--porcelain"]), " D kept");
    assert!(!git_dir.join("git-retro-unsettled").exists());
}

#[test]
fn a_branch_is_shown_as_a_patch_that_git_applies() {
    let site = Site::new();
    let mut task = site.open(site.folder()).unwrap();
    start(&mut task, &[]);
    let base = site.repo.head();
    fs::remove_file(task.work_tree().join("kept")).unwrap();
    fs::write(task.work_tree().join("new"), "no line break").unwrap();
    site.change(&mut task, "shared", "a\nB\nc\n");
    let patch = task.patch_since(Some(&base), 1 << 20).unwrap();
    assert!(!patch.is_cut);
    site.repo.git_with_input(["apply", "--index"], &patch.bytes);
    let tree = site.repo.git(["write-tree"]);
    assert_eq!(tree, git(&site, &task, &["rev-parse", "HEAD^{tree}"]));
    let cut = task.patch_since(Some(&base), 100).unwrap();
    assert!(cut.is_cut && cut.bytes.len() <= 100 && patch.bytes.starts_with(&cut.bytes));
    assert!(!task.patch_since(None, 1 << 20).unwrap().bytes.is_empty());
}

#[test]
fn names_in_any_encoding_are_committed_and_checked_out() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let site = Site::new();
    let (mut task, first) = site.begun(site.folder());
    let name = |bytes| task.work_tree().join(OsStr::from_bytes(bytes));
    let (folder, file) = (name(b"gr\xfc\xdfe/inner"), name(b"gr\xfc\xdfe/inner/f\xff"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(&file, "1").unwrap();
    let (second, files, _) = created(commit(&mut task).unwrap());
    assert_eq!(
        (files, task.files_changed_since(Some(&first)).unwrap().len()),
        (1, 1)
    );
    task.reset(&branch(), &first).unwrap();
    assert!(!folder.exists());
    task.reset(&branch(), &second).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"1");
    assert_eq!(git(&site, &task, &["status", "--porcelain"]), "");
}

#[test]
fn links_that_a_command_left_lead_nowhere() {
    let site = Site::new();
    site.repo.commit_files(&[("dir/file", "1\n")], "more");
    site.repo.git(["push", "-q", "origin", "main"]);
    let (mut task, first) = site.begun(site.folder());
    let outside = site.repo.outside().join("outside");
    fs::create_dir(&outside).unwrap();
    for name in ["file", "other"] {
        fs::write(outside.join(name), "precious").unwrap();
    }
    let before = TreeSnapshot::of(&outside);
    fs::remove_dir_all(task.work_tree().join("dir")).unwrap();
    symlink(&outside, task.work_tree().join("dir")).unwrap();
    commit(&mut task).unwrap();
    let listed = git(&site, &task, &["ls-tree", "HEAD", "dir"]);
    assert!(listed.starts_with("120000 blob"), "{listed}");
    task.reset(&branch(), &first).unwrap();
    assert_eq!(fs::read(task.work_tree().join("dir/file")).unwrap(), b"1\n");
    fs::remove_dir_all(task.work_tree().join("dir")).unwrap();
    symlink(&outside, task.work_tree().join("dir")).unwrap();
    task.reset(&branch(), &first).unwrap();
    assert_eq!(fs::read(task.work_tree().join("dir/file")).unwrap(), b"1\n");
    // Into a folder that the new commit does not have, or goes on with.
    fs::remove_dir_all(task.work_tree().join("dir")).unwrap();
    symlink(&outside, task.work_tree().join("dir")).unwrap();
    let base = site.repo.rev("main~1");
    task.reset(&branch(), &base).unwrap();
    assert!(!task.work_tree().join("dir").exists());
    task.reset(&branch(), &first).unwrap();
    let moved = site.repo.commit_files(&[("dir/other", "1\n")], "third");
    site.repo.git(["push", "-q", "origin", "main"]);
    fetch(&mut task).unwrap();
    fs::remove_dir_all(task.work_tree().join("dir")).unwrap();
    symlink(&outside, task.work_tree().join("dir")).unwrap();
    let done = task
        .rebase(&branch(), Some(&base), &moved, &signer())
        .unwrap();
    assert!(
        matches!(done, RebaseOutcome::Conflict { commit: None, .. }),
        "{done:?}"
    );
    assert_eq!(
        TreeSnapshot::of(&outside).differences(&before),
        Vec::<String>::new()
    );
    // Nor does a git directory that is another one's.
    let git_dir = task.work_tree().join(".git");
    drop(task);
    fs::rename(&git_dir, site.repo.outside().join("hidden")).unwrap();
    symlink(site.repo.path().join(".git"), &git_dir).unwrap();
    let error = site.open(site.folder()).err().unwrap();
    assert!(error.to_string().contains("another repository"), "{error}");
    fs::remove_file(&git_dir).unwrap();
    let text = format!("gitdir: {}/.git", site.repo.path().display());
    fs::write(&git_dir, text).unwrap();
    assert!(site.open(site.folder()).is_err());
}
