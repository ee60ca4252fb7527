//! From commit to commit, with the real git as the judge.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Bench;
use retro_git::{GitError, SlotOptions, SlotPool as _};
use retro_testing::{HistorySpec, ScratchRepo};

#[test]
fn a_walk_writes_only_what_differs() {
    let bench = Bench::new(ScratchRepo::with_history(HistorySpec {
        files: 60,
        commits: 8,
        changed_per_commit: 3,
    }));
    let mut slot = bench.slot();
    let commits = bench.repo.rev_list(["--reverse", "main"]);
    let first = bench.walk_to(&mut *slot, &commits[0]);
    assert_eq!(first.written, 60);
    for commit in &commits[1..] {
        let done = bench.walk_to(&mut *slot, commit);
        assert_eq!(
            (done.written, done.removed, done.restored, done.cleaned),
            (3, 0, 0, 0)
        );
    }
    let again = bench.walk_to(&mut *slot, &commits[7]);
    assert_eq!(again, Default::default());
}

#[test]
fn files_that_stay_keep_their_times() {
    let repo = ScratchRepo::new();
    let first = repo.commit_files(&[("stays", "1"), ("changes", "1")], "first");
    let second = repo.commit_files(&[("changes", "2")], "second");
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    bench.walk_to(&mut *slot, &first);
    let time = |name: &str| {
        std::fs::metadata(slot.work_tree().join(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let (stays, changes) = (time("stays"), time("changes"));
    slot.checkout(&second).unwrap();
    let time = |name: &str| {
        std::fs::metadata(slot.work_tree().join(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    assert_eq!(time("stays"), stays);
    assert!(time("changes") >= changes);
    // The commits are of 2023: no file may pretend to be that old.
    let a_day = std::time::Duration::from_secs(86_400);
    assert!(time("changes").elapsed().unwrap() < a_day);
}

#[test]
fn a_path_may_become_anything_else() {
    let repo = ScratchRepo::new();
    let shapes: [&dyn Fn(&Path); 6] = [
        &|path| std::fs::write(path, "plain").unwrap(),
        &|path| {
            std::fs::write(path, "run").unwrap();
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        },
        &|path| std::os::unix::fs::symlink("elsewhere", path).unwrap(),
        &|path| std::os::unix::fs::symlink("/", path).unwrap(),
        &|path| {
            std::fs::create_dir_all(path.join("deep/er")).unwrap();
            std::fs::write(path.join("deep/er/file"), "1").unwrap();
            std::fs::write(path.join("deep/er.x"), "1").unwrap();
        },
        &|_| {},
    ];
    let mut commits = Vec::new();
    for shape in shapes {
        let path = repo.path().join("thing");
        drop(std::fs::remove_dir_all(&path));
        drop(std::fs::remove_file(&path));
        shape(&path);
        repo.write("thing.txt", "sorts between the file and the folder");
        commits.push(repo.commit("shape"));
    }
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    for from in &commits {
        for to in &commits {
            bench.walk_to(&mut *slot, from);
            bench.walk_to(&mut *slot, to);
        }
    }
}

#[test]
fn a_link_out_of_the_tree_is_written_and_never_followed() {
    let repo = ScratchRepo::new();
    let outside = repo.outside().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file"), "untouched").unwrap();
    std::os::unix::fs::symlink(&outside, repo.path().join("dir")).unwrap();
    let link = repo.commit("a link");
    std::fs::remove_file(repo.path().join("dir")).unwrap();
    let folder = repo.commit_files(&[("dir/file", "inside"), ("dir/new", "inside")], "a folder");
    let empty = {
        repo.git(["rm", "-rq", "dir"]);
        repo.commit("nothing")
    };
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    for commit in [&link, &folder, &link, &empty, &folder, &empty] {
        bench.walk_to(&mut *slot, commit);
        // A command puts the link where the folder is, or where it will be.
        drop(std::fs::remove_dir_all(slot.work_tree().join("dir")));
        drop(std::os::unix::fs::symlink(
            &outside,
            slot.work_tree().join("dir"),
        ));
    }
    let names: Vec<_> = std::fs::read_dir(&outside).unwrap().collect();
    assert_eq!(names.len(), 1);
    assert_eq!(std::fs::read(outside.join("file")).unwrap(), b"untouched");
}

#[test]
fn other_names_of_a_replaced_file_keep_what_they_have() {
    let repo = ScratchRepo::new();
    let first = repo.commit_files(&[("a", "one")], "first");
    let second = repo.commit_files(&[("a", "two")], "second");
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    slot.checkout(&first).unwrap();
    let kept = slot.scratch().join("linked");
    std::fs::hard_link(slot.work_tree().join("a"), &kept).unwrap();
    bench.walk_to(&mut *slot, &second);
    assert_eq!(std::fs::read(&kept).unwrap(), b"one");
}

#[test]
fn names_need_not_be_text() {
    let repo = ScratchRepo::new();
    let name = std::ffi::OsStr::new("caf").to_owned();
    let mut bytes = std::os::unix::ffi::OsStringExt::into_vec(name);
    bytes.extend_from_slice(b"\xe9 \xff\n'\"");
    let name: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    repo.write(Path::new("d\u{e9}p\u{f4}t").join(&name), "1");
    let first = repo.commit("odd names");
    repo.write(Path::new("d\u{e9}p\u{f4}t").join(&name), "2");
    let second = repo.commit("odd names");
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    assert_eq!(bench.walk_to(&mut *slot, &first).written, 1);
    assert_eq!(bench.walk_to(&mut *slot, &second).written, 1);
}

#[test]
fn a_commit_of_ten_thousand_files_is_checked_out_and_left_again() {
    let repo = ScratchRepo::with_history(HistorySpec {
        files: 10_000,
        commits: 2,
        changed_per_commit: 5,
    });
    repo.git(["rm", "-rq", "src"]);
    let last = repo.commit_files(&[("only", "this")], "nearly nothing");
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    let commits = bench.repo.rev_list(["--reverse", "main"]);
    assert_eq!(slot.checkout(&commits[0]).unwrap().written, 10_000);
    bench.judge_clean(&*slot, &commits[0]);
    assert_eq!(bench.walk_to(&mut *slot, &commits[1]).written, 5);
    let done = bench.walk_to(&mut *slot, &last);
    assert_eq!(done.written, 1);
    assert!(done.removed >= 10_000);
}

#[test]
fn attributes_decide_on_line_ends_and_idents_as_git_does() {
    let repo = ScratchRepo::new();
    let text = "one\ntwo\n$Id$\n";
    let names = ["a.txt", "b.bat", "c.bin", "sub/d.txt", "sub/e.id", "m.crlf"];
    let contents = names.map(|name| (name, if name == "m.crlf" { "x\r\ny\n" } else { text }));
    let mut commits = Vec::new();
    for attributes in [
        "",
        "* text=auto eol=crlf\n",
        "*.bat text eol=crlf\n*.bin -text\n*.id ident\n",
        "* text eol=crlf\n*.bin binary\n[attr]both text ident eol=crlf\n*.id both\n",
        "*.txt crlf=input eol=crlf\n*.bat eol=crlf\n",
    ] {
        repo.write(".gitattributes", attributes);
        repo.write(
            "sub/.gitattributes",
            if attributes.len() > 40 {
                "d.txt -text\n"
            } else {
                ""
            },
        );
        for (name, content) in contents {
            repo.write(name, content);
        }
        // The blobs stay as written, so that only the attributes differ from commit to commit.
        repo.git([
            "-c",
            "core.attributesFile=/dev/null",
            "-c",
            "core.safecrlf=false",
            "add",
            "-A",
        ]);
        commits.push(repo.commit_index("attributes"));
    }
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    for from in &commits {
        for to in &commits {
            bench.walk_to(&mut *slot, from);
            bench.walk_to(&mut *slot, to);
        }
    }
}

#[test]
fn commands_inside_see_a_normal_repository() {
    let repo = ScratchRepo::new();
    repo.commit_files(&[("a", "1")], "first");
    repo.git(["tag", "-a", "v1.0", "-m", "one"]);
    let second = repo.commit_files(&[("a", "2")], "second");
    repo.git(["branch", "topic/x"]);
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    bench.walk_to(&mut *slot, &second);
    let git = |words: &[&str]| bench.repo.git_in(slot.work_tree(), words);
    assert!(git(&["describe"]).starts_with("v1.0-1-g"));
    assert_eq!(git(&["rev-parse", "topic/x", "main"]).lines().count(), 2);
    assert_eq!(git(&["log", "--format=%s"]), "second\nfirst");
    assert_eq!(git(&["fsck", "--no-dangling"]), "");
    assert_eq!(git(&["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
    assert!(slot.work_tree().join(".git").is_dir());
}

#[test]
fn a_clean_pool_starts_each_checkout_from_nothing() {
    let repo = ScratchRepo::new();
    let first = repo.commit_files(&[("a", "1"), (".gitignore", "built\n")], "first");
    let bench = Bench::new(repo);
    let options = SlotOptions {
        clean: true,
        ..SlotOptions::default()
    };
    let mut slot = bench.pool_with(options).acquire(None).unwrap();
    bench.walk_to(&mut *slot, &first);
    std::fs::write(slot.work_tree().join("built"), "ignored").unwrap();
    assert_eq!(bench.walk_to(&mut *slot, &first).written, 2);
    assert!(!slot.work_tree().join("built").exists());
}

#[test]
fn trees_that_would_leave_the_work_tree_are_refused() {
    let repo = ScratchRepo::new();
    repo.commit_files(&[("a", "1")], "first");
    let blob = repo.git(["rev-parse", "HEAD:a"]);
    let bench = Bench::new(repo);
    let repo = &bench.repo;
    let raw: Vec<u8> = blob
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    for name in ["..", ".git", ".GIT", "git~1", "a/b", ".g\u{200c}it"] {
        let tree = [b"100644 ", name.as_bytes(), b"\0", &raw].concat();
        let words = ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
        let tree = repo.git_with_input(words, &tree);
        let commit = repo
            .git(["commit-tree", "-m", "bad", &tree])
            .parse()
            .unwrap();
        let mut slot = bench.slot();
        let error = slot.checkout(&commit).unwrap_err();
        assert!(
            matches!(error, GitError::Unrepresentable { .. }),
            "{name:?}: {error}"
        );
        let shown = error.to_string();
        assert!(shown.contains(&commit.to_string()), "{shown}");
    }
}

#[test]
fn names_that_differ_in_letter_case_only_are_two_files() {
    let repo = ScratchRepo::new();
    let lower = repo.commit_files(&[("file", "1"), ("dir/x", "1")], "lower");
    let both = repo.commit_files(&[("File", "2"), ("Dir/x", "2")], "both");
    repo.git(["rm", "-rq", "file", "dir"]);
    let upper = repo.commit("upper");
    let bench = Bench::new(repo);
    let mut slot = bench.slot();
    for commit in [&lower, &upper, &lower, &both, &lower] {
        bench.walk_to(&mut *slot, commit);
    }
}
