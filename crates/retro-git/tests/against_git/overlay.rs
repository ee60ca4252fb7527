//! Files and patches laid over commits.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use retro_domain::{CommitId, Overlay, OverlayFile};
use retro_git::{OverlayError, SlotPool as _, check_overlay};
use retro_testing::ScratchRepo;

use crate::support::Bench;

fn numbered(range: std::ops::Range<u32>) -> String {
    range.map(|line| format!("line {line}\n")).collect()
}

fn sample() -> (Bench, Vec<CommitId>) {
    let repo = ScratchRepo::new();
    let text = numbered(0..30);
    let files = [
        ("text", text.as_str()),
        ("dir/file", "1\n"),
        (".gitignore", "*.o\n/out/\n"),
    ];
    let first = repo.commit_files(&files, "first");
    symlink("/", repo.path().join("link")).unwrap();
    let second = repo.commit_files(&[("text", &(numbered(100..110) + &text))], "second");
    (Bench::new(repo), vec![first, second])
}

fn file(path: &str, content: &str) -> OverlayFile {
    OverlayFile {
        path: path.to_owned(),
        content: content.as_bytes().to_vec(),
        executable: false,
    }
}

fn files(files: &[(&str, &str)]) -> Overlay {
    Overlay {
        files: files
            .iter()
            .map(|(path, content)| file(path, content))
            .collect(),
        patches: Vec::new(),
    }
}

fn patches(patches: &[&str]) -> Overlay {
    Overlay {
        files: Vec::new(),
        patches: patches
            .iter()
            .map(|patch| patch.as_bytes().to_vec())
            .collect(),
    }
}

#[test]
fn files_replace_what_is_there_and_are_taken_away_again() {
    let (bench, commits) = sample();
    let overlay = files(&[
        ("text", "laid over"),
        ("new/deep/file", "new"),
        ("dir", "a file where a folder was"),
        ("out/ignored.o", "ignored"),
        ("link/through", "not through the link"),
    ]);
    for commit in [&commits[1], &commits[0], &commits[1]] {
        let mut slot = bench.slot();
        bench.walk_to(&mut *slot, commit);
        slot.apply_overlay(&overlay).unwrap();
        let read = |path: &str| fs::read_to_string(slot.work_tree().join(path)).unwrap();
        assert_eq!(read("text"), "laid over");
        assert_eq!(read("new/deep/file"), "new");
        assert_eq!(read("dir"), "a file where a folder was");
        assert_eq!(read("link/through"), "not through the link");
        bench.walk_to(&mut *slot, &commits[0]);
        assert!(!slot.work_tree().join("out").exists());
        slot.apply_overlay(&overlay).unwrap();
        // Given back with the overlay still on; the next user takes it away, crash or not.
    }
    let mut slot = bench.slot();
    bench.walk_to(&mut *slot, &commits[1]);
    slot.apply_overlay(&overlay).unwrap();
    let state = slot.work_tree().with_file_name("state");
    drop(slot);
    fs::remove_file(state).unwrap();
    bench.walk_to(&mut *bench.slot(), &commits[1]);
    assert!(!std::path::Path::new("/through").exists());
}

#[test]
fn executable_files_are() {
    let (bench, commits) = sample();
    let mut slot = bench.slot();
    slot.checkout(&commits[0]).unwrap();
    let mut overlay = files(&[("run", "#!/bin/sh\n")]);
    overlay.files[0].executable = true;
    slot.apply_overlay(&overlay).unwrap();
    let mode = fs::metadata(slot.work_tree().join("run"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o100, 0o100);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let (bench, commits) = sample();
    let mut slot = bench.slot();
    slot.checkout(&commits[0]).unwrap();
    for path in [
        "../x",
        "a/../../x",
        "/etc/x",
        ".git/config",
        "a/.GIT/x",
        "",
        "a//b",
        "./a",
    ] {
        check_overlay(&files(&[(path, "x")])).unwrap_err();
        let result = slot.apply_overlay(&files(&[(path, "x")]));
        assert!(
            matches!(result, Err(OverlayError::DoesNotFit(_))),
            "{path:?}: {result:?}"
        );
    }
    assert_eq!(bench.walk_to(&mut *slot, &commits[0]), Default::default());
}

#[test]
fn patches_apply_as_with_git() {
    let (bench, commits) = sample();
    let repo = &bench.repo;
    // What changes each kind of thing, made by git itself on the first commit.
    repo.git(["checkout", "-q", "--detach", &commits[0].to_string()]);
    let text = numbered(0..30);
    repo.write(
        "text",
        text.replace("line 5\n", "line five\n") + "no line break at the end",
    );
    repo.write("added", "added\n");
    repo.git(["mv", "dir/file", "moved"]);
    repo.git(["add", "-A"]);
    let patch = repo.git(["diff", "--cached", "-M"]) + "\n";
    check_overlay(&patches(&[&patch])).unwrap();
    repo.git(["reset", "-q", "--hard"]);
    for commit in &commits {
        let mut slot = bench.pool().acquire(None).unwrap();
        bench.walk_to(&mut *slot, commit);
        slot.apply_overlay(&patches(&[&patch])).unwrap();
        let found = bench.found(&*slot);
        slot.checkout(commit).unwrap();
        // The judge: git apply in the same work tree.
        let path = bench.repo.outside().join("the.patch");
        fs::write(&path, &patch).unwrap();
        bench
            .repo
            .git_in(slot.work_tree(), ["apply", path.to_str().unwrap()]);
        assert_eq!(found.differences(&bench.found(&*slot)), [""; 0]);
        bench.walk_to(&mut *slot, commit);
    }
}

#[test]
fn patches_build_on_each_other() {
    let (bench, commits) = sample();
    let mut slot = bench.slot();
    slot.checkout(&commits[0]).unwrap();
    let add = "diff --git a/n b/n\nnew file mode 100755\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n+one\n+two\n";
    let change = "diff --git a/n b/n\n--- a/n\n+++ b/n\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n";
    slot.apply_overlay(&patches(&[add, change])).unwrap();
    let path = slot.work_tree().join("n");
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\nthree\n");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o100,
        0o100
    );
    let delete = "diff --git a/n b/n\ndeleted file mode 100755\n--- a/n\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-three\n";
    slot.checkout(&commits[0]).unwrap();
    slot.apply_overlay(&patches(&[add, change, delete]))
        .unwrap();
    assert!(!path.exists());
    bench.walk_to(&mut *slot, &commits[0]);
}

#[test]
fn what_fits_no_commit_is_told_from_what_fits_another() {
    let change = |path: &str| {
        format!("diff --git a/n b/{path}\n--- a/n\n+++ b/{path}\n@@ -1 +1 @@\n-1\n+2\n")
    };
    check_overlay(&patches(&[&change("n"), &change("elsewhere")])).unwrap();
    let link =
        "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/\n";
    let binary =
        "diff --git a/b b/b\nindex 1111111..2222222 100644\nBinary files a/b and b/b differ\n";
    for (bad, why) in [
        ("no patch at all", "git diff"),
        ("", "git diff"),
        (&*change(".git/config"), ".git/config"),
        (link, "symbolic link"),
        (binary, "binary"),
    ] {
        let said = check_overlay(&patches(&[&change("n"), bad]))
            .unwrap_err()
            .to_string();
        assert!(said.contains("patch 2") && said.contains(why), "{said}");
    }
}

#[test]
fn a_patch_that_does_not_fit_changes_nothing() {
    let (bench, commits) = sample();
    let good =
        "diff --git a/dir/file b/dir/file\n--- a/dir/file\n+++ b/dir/file\n@@ -1 +1 @@\n-1\n+2\n";
    for (bad, why) in [
        (
            "diff --git a/text b/text\n--- a/text\n+++ b/text\n@@ -1,2 +1,2 @@\n-something else\n+x\n line 1\n",
            "hunk 1",
        ),
        (
            "diff --git a/nowhere b/nowhere\n--- a/nowhere\n+++ b/nowhere\n@@ -1 +1 @@\n-1\n+2\n",
            "nowhere is not in the commit",
        ),
        (
            "diff --git a/text b/text\nnew file mode 100644\n--- /dev/null\n+++ b/text\n@@ -0,0 +1 @@\n+1\n",
            "text",
        ),
        ("no patch at all", "patch 2"),
        ("", "patch 2"),
        (
            "diff --git a/dir/file b/../../x\n--- a/dir/file\n+++ b/../../x\n@@ -1 +1 @@\n-2\n+3\n",
            "",
        ),
    ] {
        let mut slot = bench.slot();
        slot.checkout(&commits[0]).unwrap();
        match slot.apply_overlay(&patches(&[good, bad])) {
            Err(OverlayError::DoesNotFit(said)) => assert!(said.contains(why), "{bad:?}: {said}"),
            other => panic!("{bad:?}: {other:?}"),
        }
        assert_eq!(
            bench.walk_to(&mut *slot, &commits[0]),
            Default::default(),
            "{bad:?}"
        );
    }
}
