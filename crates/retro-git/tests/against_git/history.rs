//! Which commits a query selects, beside what `git rev-list` says.

use std::collections::HashSet;

use retro_domain::{CommitId, Timestamp};
use retro_git::{
    CommitList, CommitQuery, GitError, GitRepository, History as _, MergePolicy, Selection,
};
use retro_testing::{HistorySpec, ScratchRepo};

/// Two branches, merged twice; a tag; files in two folders.
fn sample() -> ScratchRepo {
    let repo = ScratchRepo::new();
    repo.commit_files(&[("src/a.rs", "1")], "start");
    repo.git(["tag", "-a", "v1.0", "-m", "one"]);
    repo.commit_files(&[("src/b.rs", "1")], "second: fix the parser");
    repo.git(["checkout", "-q", "-b", "topic"]);
    repo.commit_files(&[("docs/x.md", "1")], "topic: docs");
    repo.commit_files(&[("src/c.rs", "1")], "topic: code");
    repo.git(["checkout", "-q", "main"]);
    repo.commit_files(&[("src/a.rs", "2")], "main: more");
    merge(&repo, "topic");
    repo.git(["tag", "v2.0"]);
    repo.git(["checkout", "-q", "topic"]);
    repo.commit_files(&[("docs/y.md", "1")], "topic: later");
    repo.git(["checkout", "-q", "main"]);
    repo.commit_files(&[("src/d.rs", "1")], "main: later");
    merge(&repo, "topic");
    repo.commit_files(&[("README", "1")], "end");
    repo
}

fn merge(repo: &ScratchRepo, branch: &str) {
    let message = format!("merge {branch}");
    repo.git(["merge", "-q", "--no-ff", "-m", &message, branch]);
    repo.tick();
}

fn list(repo: &ScratchRepo, query: &CommitQuery) -> CommitList {
    let repository = GitRepository::discover(repo.path()).unwrap();
    let list = repository
        .commits(query)
        .unwrap_or_else(|error| panic!("{query:?}: {error}"));
    let mut seen = HashSet::new();
    for (index, commit) in list.commits.iter().enumerate() {
        assert!(seen.insert(commit.id), "{query:?} lists a commit twice");
        assert!(
            list.parents[index].iter().all(|&parent| parent < index),
            "{query:?} is out of order"
        );
    }
    list
}

fn ids(list: &CommitList) -> Vec<CommitId> {
    list.commits.iter().map(|commit| commit.id).collect()
}

fn revisions(words: &[&str]) -> CommitQuery {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    CommitQuery::new(Selection::Revisions(words))
}

fn last(count: usize) -> CommitQuery {
    CommitQuery::new(Selection::Last { count, tip: None })
}

/// The query selects what `git rev-list ARGS` does.
fn check(repo: &ScratchRepo, query: &CommitQuery, args: &[&str]) {
    let found: HashSet<CommitId> = ids(&list(repo, query)).into_iter().collect();
    let expected: HashSet<CommitId> = repo.rev_list(args).into_iter().collect();
    assert_eq!(found, expected, "{query:?} against rev-list {args:?}");
}

#[test]
fn ranges_mean_what_they_mean_to_git() {
    let repo = sample();
    for words in [
        &["v1.0..main"][..],
        &["v1.0.."],
        &["..topic"],
        &["main...topic"],
        &["v2.0...topic"],
        &["^v1.0", "main"],
        &["main", "^topic", "^v2.0"],
        &["main^!"],
        &["main~1^!"],
        &["main~1^@"],
        &["main~1^-"],
        &["main~1^-2"],
        &["HEAD~3..HEAD"],
        &["v2.0~1..v2.0^{commit}"],
        &["main", "topic"],
        &["main..main"],
    ] {
        check(&repo, &revisions(words), words);
    }
    for single in [
        "main",
        "v1.0",
        "HEAD~3",
        "main~1^2",
        ":/fix the",
        "topic^{/docs}",
        "@",
        "main@{0}",
    ] {
        let found = ids(&list(&repo, &revisions(&[single])));
        assert_eq!(found, repo.rev_list(["-1", single]), "{single}");
    }
    repo.git(["branch", "-q", "--set-upstream-to=topic", "main"]);
    check(&repo, &revisions(&["@{u}..main"]), &["@{u}..main"]);
}

#[test]
fn filters_mean_what_they_mean_to_git() {
    let repo = sample();
    let all = last(usize::MAX);
    let with = |change: &dyn Fn(&mut CommitQuery)| {
        let mut query = all.clone();
        change(&mut query);
        query
    };
    check(&repo, &all, &["HEAD"]);
    check(
        &repo,
        &with(&|q| q.first_parent = true),
        &["--first-parent", "HEAD"],
    );
    check(
        &repo,
        &with(&|q| q.merges = MergePolicy::Exclude),
        &["--no-merges", "HEAD"],
    );
    check(
        &repo,
        &with(&|q| q.merges = MergePolicy::Only),
        &["--merges", "HEAD"],
    );
    let moment = 1_700_000_000 + 60 * 4;
    let at = Some(Timestamp::from_unix_seconds(moment));
    let since = format!("--since=@{moment}");
    let until = format!("--until=@{moment}");
    check(&repo, &with(&|q| q.since = at), &[&since, "HEAD"]);
    check(&repo, &with(&|q| q.until = at), &[&until, "HEAD"]);
    for (glob, pathspec) in [
        ("src", "src"),
        ("src/*.rs", "src/*.rs"),
        ("docs/", "docs/"),
        ("*.md", "*.md"),
        ("README", "README"),
        ("nothing", "nothing"),
    ] {
        let query = with(&|q| {
            q.paths = vec![glob.to_owned()];
            q.merges = MergePolicy::Exclude;
        });
        check(&repo, &query, &["--no-merges", "HEAD", "--", pathspec]);
        let query = with(&|q| {
            q.paths = vec![glob.to_owned()];
            q.first_parent = true;
        });
        check(&repo, &query, &["--first-parent", "HEAD", "--", pathspec]);
    }
}

#[test]
fn the_newest_that_pass_the_filters_are_counted() {
    let repo = sample();
    for count in [0, 1, 3, 5, 100] {
        let number = format!("-{count}");
        check(&repo, &last(count), &[&number, "HEAD"]);
        let mut query = last(count);
        query.merges = MergePolicy::Exclude;
        check(&repo, &query, &[&number, "--no-merges", "HEAD"]);
        let mut query = last(count);
        query.first_parent = true;
        check(&repo, &query, &[&number, "--first-parent", "HEAD"]);
    }
    let tip = Some("v2.0".to_owned());
    check(
        &repo,
        &CommitQuery::new(Selection::Last { count: 2, tip }),
        &["-2", "v2.0"],
    );
}

#[test]
fn parents_are_seen_through_what_was_left_out() {
    let repo = sample();
    let mut query = last(usize::MAX);
    query.merges = MergePolicy::Exclude;
    let list = list(&repo, &query);
    let parents_of = |subject: &str| {
        let index = list
            .commits
            .iter()
            .position(|commit| commit.summary == subject)
            .unwrap();
        let mut names: Vec<&str> = list.parents[index]
            .iter()
            .map(|&parent| list.commits[parent].summary.as_str())
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(parents_of("start"), [""; 0]);
    assert_eq!(parents_of("topic: later"), ["topic: code"]);
    assert_eq!(parents_of("main: later"), ["main: more", "topic: code"]);
    assert_eq!(parents_of("end"), ["main: later", "topic: later"]);
}

#[test]
fn listed_commits_are_exactly_those() {
    let repo = sample();
    let names = ["main", "v1.0", "main~2"].map(str::to_owned).to_vec();
    let list = list(&repo, &CommitQuery::new(Selection::Listed(names)));
    let subjects: Vec<&str> = list
        .commits
        .iter()
        .map(|commit| commit.summary.as_str())
        .collect();
    assert_eq!(subjects, ["start", "main: later", "end"]);
    assert_eq!(list.parents, [vec![], vec![0], vec![1]]);
}

#[test]
fn every_nth_keeps_both_ends() {
    let repo = ScratchRepo::with_history(HistorySpec {
        files: 3,
        commits: 10,
        changed_per_commit: 1,
    });
    let mut query = last(usize::MAX);
    query.every = 4;
    let list = list(&repo, &query);
    let subjects: Vec<&str> = list
        .commits
        .iter()
        .map(|commit| commit.summary.as_str())
        .collect();
    assert_eq!(subjects, ["commit 0", "commit 1", "commit 5", "commit 9"]);
    assert_eq!(list.parents, [vec![], vec![0], vec![1], vec![2]]);
}

#[test]
fn a_commit_is_told_of_as_it_is() {
    let repo = ScratchRepo::new();
    repo.write("a", "1");
    repo.git(["add", "-A"]);
    let tree = repo.git(["write-tree"]);
    let raw = format!(
        "tree {tree}\nauthor J\u{fc}rgen <j@x> 1600000000 +0200\ncommitter C <c@x> 1600000100 -0500\n\n\
         \nsubject line  \nmore\n\nbody\n"
    );
    let bytes = raw.replace('\u{fc}', "~").into_bytes();
    let bytes: Vec<u8> = bytes
        .into_iter()
        .map(|byte| if byte == b'~' { 0xfc } else { byte })
        .collect();
    let id = repo.git_with_input(["hash-object", "-t", "commit", "-w", "--stdin"], &bytes);
    let info = GitRepository::discover(repo.path())
        .unwrap()
        .resolve(&id)
        .unwrap();
    assert_eq!(info.author, "J\u{fffd}rgen");
    assert_eq!(info.summary, "subject line");
    assert_eq!(
        info.committed_at,
        Timestamp::from_unix_seconds(1_600_000_100)
    );
    assert_eq!(info.tree.to_string(), tree);
    assert_eq!(info.parents, []);
}

#[test]
fn files_of_commits_can_be_read() {
    let repo = sample();
    let repository = GitRepository::discover(repo.path()).unwrap();
    let read = |rev: &str, path: &str| repository.read_file(&repo.rev(rev), path).unwrap();
    assert_eq!(read("v1.0", "src/a.rs").as_deref(), Some(&b"1"[..]));
    assert_eq!(read("main", "src/a.rs").as_deref(), Some(&b"2"[..]));
    for path in ["src", "nothing", "src/a.rs/x", "", "src/../README"] {
        assert_eq!(read("main", path), None, "{path:?}");
    }
}

#[test]
fn a_bad_revision_is_named_with_what_may_have_been_meant() {
    let repo = sample();
    let repository = GitRepository::discover(repo.path()).unwrap();
    for (given, bad, hint) in [
        ("topc", "topc", "did you mean \"topic\"?"),
        ("v1.0..man~2", "man~2", "did you mean \"main~2\"?"),
        (
            "nonsense-entirely",
            "nonsense-entirely",
            "no branch, tag or commit",
        ),
        ("main:src", "main:src", "it names a tree"),
        ("^nope", "nope", "in \"^nope\""),
        ("main^2", "main^2", "nothing is where it leads"),
        ("", "", "empty"),
    ] {
        match repository.commits(&revisions(&[given])) {
            Err(GitError::BadRevision { revision, why }) => {
                assert_eq!(revision, bad);
                assert!(why.contains(hint), "{given}: {why}");
            }
            other => panic!("{given}: {other:?}"),
        }
    }
    let empty = ScratchRepo::new();
    let error = GitRepository::discover(empty.path())
        .unwrap()
        .commits(&last(5))
        .unwrap_err();
    assert!(error.to_string().contains("no commits yet"), "{error}");
}

#[test]
fn the_last_few_of_a_long_history_do_not_need_the_rest() {
    let repo = ScratchRepo::with_history(HistorySpec {
        files: 2,
        commits: 300,
        changed_per_commit: 1,
    });
    // Everything older than the last 50 commits is made unreadable.
    for id in repo.rev_list(["main~50"]) {
        let id = id.to_string();
        let path = repo
            .path()
            .join(".git/objects")
            .join(&id[..2])
            .join(&id[2..]);
        drop(std::fs::remove_file(path));
    }
    let packs = repo.path().join(".git/objects/pack");
    let packed = std::fs::read_dir(&packs).unwrap().count() > 0;
    if packed {
        // The bulk import made a pack: unpack it, so that single objects can go.
        unpack_all_but_old(&repo);
    }
    assert_eq!(list(&repo, &last(20)).commits.len(), 20);
    let repository = GitRepository::discover(repo.path()).unwrap();
    let error = repository.commits(&last(200)).unwrap_err();
    assert!(matches!(error, GitError::MissingObject { .. }), "{error}");
}

fn unpack_all_but_old(repo: &ScratchRepo) {
    let old = repo.rev_list(["main~50"]);
    let packs = repo.path().join(".git/objects/pack");
    for entry in std::fs::read_dir(&packs).unwrap() {
        let path = entry.unwrap().path();
        let away = repo.outside().join(path.file_name().unwrap());
        std::fs::rename(&path, &away).unwrap();
        if away.extension().is_some_and(|ending| ending == "pack") {
            let bytes = std::fs::read(&away).unwrap();
            repo.git_with_input(["unpack-objects", "-q"], &bytes);
        }
    }
    for id in old {
        let id = id.to_string();
        std::fs::remove_file(
            repo.path()
                .join(".git/objects")
                .join(&id[..2])
                .join(&id[2..]),
        )
        .unwrap();
    }
}

#[test]
fn what_no_branch_of_a_remote_reaches_is_not_on_it() {
    let repo = sample();
    let all: Vec<CommitId> = repo.rev_list(["--reverse", "HEAD"]);
    let left = || {
        let repository = GitRepository::discover(repo.path()).unwrap();
        repository.not_on_remote("origin", &all).unwrap()
    };
    assert_eq!(left(), all);
    repo.git(["update-ref", "refs/remotes/other/main", "HEAD"]);
    assert_eq!(left(), all);
    repo.git([
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/gone",
    ]);
    repo.git(["update-ref", "refs/remotes/origin/a/b", "v2.0"]);
    let expected = repo.rev_list(["--reverse", "HEAD", "^v2.0"]);
    let found: HashSet<CommitId> = left().into_iter().collect();
    assert_eq!(found, expected.into_iter().collect());
    repo.git(["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert_eq!(left(), []);
}
