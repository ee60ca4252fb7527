//! Branches of tasks: beginning, pushing and removing them, beside others who push, too.

use retro_domain::CommitId;
use retro_git::{BranchRemoval, BranchStart, GitError, NetworkLimits, PushOutcome, TaskWorkspace};
use retro_testing::Reaction;

use crate::support::remote;
use crate::task_site::{Site, branch, came_through, fetch, push, push_with, start};

#[test]
fn a_branch_goes_from_its_base_to_the_remote() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let mut task = site.open(remote(&server.url("bare"))).unwrap();
    let main = site.repo.head();
    assert_eq!(
        start(&mut task, &[]),
        BranchStart::Created { base: Some(main) }
    );
    let one = site.change(&mut task, "new", "1\n");
    let two = site.change(&mut task, "new", "2\n");
    assert_eq!(task.commits_since(Some(&main)).unwrap(), [two, one]);
    assert_eq!(task.files_changed_since(Some(&main)).unwrap(), ["new"]);
    assert_eq!(push(&site, &mut task, &[]).unwrap(), came_through(two));
    assert_eq!(site.pushed(), Some(two));
    site.check_remote();
    let again = push(&site, &mut task, &[]).unwrap();
    assert!(
        matches!(
            again,
            PushOutcome::Pushed {
                was_there: true,
                ..
            }
        ),
        "{again:?}"
    );
    // And on it goes.
    let three = site.change(&mut task, "new", "3\n");
    assert_eq!(push(&site, &mut task, &[]).unwrap(), came_through(three));
    let log = site.repo.git_in(
        &site.bare,
        ["log", "-1", "--format=%an %ae %at %s", &three.to_string()],
    );
    assert_eq!(
        log,
        "Retro retro@example.com 1800000000 feat: new [Task T-1]"
    );
}

#[test]
fn an_empty_remote_gets_its_first_commit() {
    let site = Site::empty();
    let server = site.server(|_| Reaction::Serve);
    let mut task = site.open(remote(&server.url("bare"))).unwrap();
    assert_eq!(start(&mut task, &[]), BranchStart::Created { base: None });
    assert_eq!(task.head().unwrap(), None);
    assert_eq!(task.commits_since(None).unwrap(), []);
    let commit = site.change(&mut task, "new", "1\n");
    assert_eq!(task.files_changed_since(None).unwrap(), ["new"]);
    assert_eq!(push(&site, &mut task, &[]).unwrap(), came_through(commit));
    assert_eq!(site.pushed(), Some(commit));
}

#[test]
fn a_branch_of_somebody_elses_is_left_alone() {
    let site = Site::new();
    let foreign = site.others_go_on("theirs", "1\n");
    let mut task = site.open(site.folder()).unwrap();
    let taken = BranchStart::Taken {
        tip: foreign,
        is_remote: true,
    };
    assert_eq!(start(&mut task, &[]), taken);
    assert_eq!(start(&mut task, &[site.repo.rev("main")]), taken);
    assert!(!task.work_tree().join("kept").exists());
}

#[test]
fn a_run_finds_its_own_branch_again() {
    let site = Site::new();
    let (mut task, commit) = site.begun(site.folder());
    let base = site.repo.rev("main");
    // In the same work tree, with changes that were not committed.
    std::fs::write(task.work_tree().join("new"), "2\n").unwrap();
    drop(task);
    task = site.open(site.folder()).unwrap();
    assert_eq!(
        start(&mut task, &[base]),
        BranchStart::Adopted { tip: commit }
    );
    assert_eq!(std::fs::read(task.work_tree().join("new")).unwrap(), b"2\n");
    let taken = BranchStart::Taken {
        tip: commit,
        is_remote: false,
    };
    assert_eq!(start(&mut task, &[]), taken);
    push(&site, &mut task, &[]).unwrap();
    // And in another one, where only the remote has it.
    let mut other = site.open_at("other", site.folder()).unwrap();
    assert_eq!(
        start(&mut other, &[commit]),
        BranchStart::Adopted { tip: commit }
    );
    assert!(other.work_tree().join("new").exists());
}

#[test]
fn commits_are_put_on_top_of_somebody_elses() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let (mut task, first) = site.begun(remote(&server.url("bare")));
    push(&site, &mut task, &[]).unwrap();
    let foreign = site.others_go_on("theirs", "1\n");
    let second = site.change(&mut task, "new", "2\n");
    let (done, notes) = push_with(
        &site,
        &mut task,
        &[first, second],
        &NetworkLimits::default(),
    );
    let PushOutcome::Pushed {
        commit, rebases: 1, ..
    } = done.unwrap()
    else {
        panic!("it was rebased once");
    };
    assert_eq!(site.pushed(), Some(commit));
    assert_eq!(task.head().unwrap(), Some(commit));
    let listed = site.repo.git_in(&site.bare, ["rev-list", "retro/t/run-1"]);
    let listed: Vec<CommitId> = listed.lines().map(|id| id.parse().unwrap()).collect();
    assert_eq!(listed, [commit, foreign, first, site.repo.rev("main")]);
    assert!(task.work_tree().join("theirs").exists());
    assert!(
        notes.iter().any(|note| note.contains("has moved")),
        "{notes:?}"
    );
    let status = site
        .repo
        .git_in(task.work_tree(), ["status", "--porcelain"]);
    assert_eq!(status, "");
}

#[test]
fn what_does_not_fit_is_rescued_and_theirs_is_kept() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let (mut task, first) = site.begun(remote(&server.url("bare")));
    push(&site, &mut task, &[]).unwrap();
    let foreign = site.others_go_on("new", "theirs\n");
    let second = site.change(&mut task, "new", "ours\n");
    std::fs::write(task.work_tree().join("output"), "built").unwrap();
    let done = push(&site, &mut task, &[first]).unwrap();
    let reference = format!("refs/heads/retro/rescue/retro/t/run-1-{}", second.short());
    let expected = PushOutcome::Rescued {
        commit: second,
        reference: reference.clone(),
        why: format!("{} does not fit: new", second.short()),
        foreign: vec![foreign],
    };
    assert_eq!(done, expected);
    assert_eq!(site.pushed(), Some(foreign));
    assert_eq!(site.at_remote(&reference), Some(second));
    assert_eq!(task.head().unwrap(), Some(second));
    let found = task.foreign_commits(&branch(), None, &[first]).unwrap();
    assert_eq!(found, [foreign]);
    let status = site
        .repo
        .git_in(task.work_tree(), ["status", "--porcelain"]);
    assert_eq!(status, "?? output");
    // Doing it again makes nothing else.
    assert_eq!(push(&site, &mut task, &[first]).unwrap(), expected);
}

#[test]
fn our_own_commits_are_replaced_and_nobody_elses() {
    let site = Site::new();
    let (mut task, first) = site.begun(site.folder());
    push(&site, &mut task, &[]).unwrap();
    let base = site.repo.rev("main");
    // The base goes on, and our commit is made again on top of it.
    site.repo.git(["checkout", "-q", "main"]);
    let moved = site.repo.commit_files(&[("kept", "2\n")], "second");
    site.repo.git(["push", "-q", "origin", "main"]);
    fetch(&mut task).unwrap();
    let signer = crate::task_site::signer();
    task.rebase(&branch(), Some(&base), &moved, &signer)
        .unwrap();
    let again = task.head().unwrap().unwrap();
    assert_ne!(again, first);
    // Written down or not makes the difference.
    let done = push(&site, &mut task, &[first]).unwrap();
    assert_eq!(done, came_through(again));
    assert_eq!(site.pushed(), Some(again));
}

#[test]
fn somebody_who_is_faster_than_the_server_keeps_his_commit() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let (mut task, _) = site.begun(remote(&server.url("bare")));
    let foreign = site.others_go_on("theirs", "1\n");
    site.repo.git([
        "push",
        "-q",
        "origin",
        ":refs/heads/retro/t/run-1",
        "HEAD:refs/heads/kept",
    ]);
    // Between the list of references and the update, once.
    let script = format!(
        "test -e raced && exit 0\ntouch raced\nunset GIT_QUARANTINE_PATH\n\
         git update-ref refs/heads/retro/t/run-1 {foreign}"
    );
    site.hook("pre-receive", &script);
    let done = push(&site, &mut task, &[]).unwrap();
    let PushOutcome::Pushed {
        commit, rebases: 1, ..
    } = done
    else {
        panic!("{done:?}");
    };
    let parent = site
        .repo
        .git_in(&site.bare, ["rev-parse", &format!("{commit}^")]);
    assert_eq!(parent, foreign.to_string());
}

#[test]
fn branches_are_removed_while_they_are_what_they_were() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let (mut task, commit) = site.begun(remote(&server.url("bare")));
    push(&site, &mut task, &[]).unwrap();
    let foreign = site.others_go_on("theirs", "1\n");
    let limits = NetworkLimits::default();
    let mut remove = |tip: &CommitId| {
        let removed = task.remove_remote_branch(&branch(), tip, &limits, &mut |_| {});
        removed.unwrap()
    };
    assert_eq!(remove(&commit), BranchRemoval::Moved { tip: foreign });
    assert_eq!(remove(&foreign), BranchRemoval::Removed);
    assert_eq!(site.pushed(), None);
    assert_eq!(remove(&foreign), BranchRemoval::NotThere);
    let mut remove = |tip| task.remove_branch(&branch(), tip).unwrap();
    assert_eq!(remove(&foreign), BranchRemoval::Moved { tip: commit });
    assert_eq!(remove(&commit), BranchRemoval::Removed);
    assert_eq!(remove(&commit), BranchRemoval::NotThere);
    assert!(task.work_tree().join("new").exists());
    assert_eq!(task.head().unwrap(), Some(commit));
}

#[test]
fn no_setting_of_the_work_tree_leads_a_push_elsewhere() {
    let site = Site::new();
    let (mut task, _) = site.begun(site.folder());
    site.repo.git(["init", "-q", "--bare", "../trap"]);
    let url = format!("file://{}", site.bare.display());
    let trap = site.repo.outside().join("trap");
    for setting in ["insteadOf", "pushInsteadOf"] {
        let name = format!("url.{}.{setting}", trap.display());
        site.repo.git_in(task.work_tree(), ["config", &name, &url]);
        let error = push(&site, &mut task, &[]).unwrap_err();
        assert!(matches!(error, GitError::PushRefused { .. }), "{error}");
        assert!(error.to_string().contains("nsteadOf"), "{error}");
        site.repo
            .git_in(task.work_tree(), ["config", "--unset", &name]);
    }
    assert_eq!(site.repo.git_in(&trap, ["for-each-ref"]), "");
    push(&site, &mut task, &[]).unwrap();
}

#[test]
fn foreign_letters_in_names_and_words_of_a_server_do_no_harm() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    for name in ["größe", "日本"] {
        let refspec = format!("main:refs/heads/{name}");
        site.repo.git(["push", "-q", "origin", &refspec]);
    }
    let (mut task, commit) = site.begun(remote(&server.url("bare")));
    site.hook(
        "post-receive",
        "printf 'gr\\303\\274\\303\\237e \\377\\n' >&2",
    );
    assert_eq!(push(&site, &mut task, &[]).unwrap(), came_through(commit));
    site.check_remote();
}
