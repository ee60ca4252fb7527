//! Servers that refuse, reject or fail while something is pushed.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use retro_git::{GitError, NetworkLimits, PushOutcome, TaskWorkspace};
use retro_testing::{Reaction, ServedRequest};

use crate::support::remote;
use crate::task_site::{Site, branch, came_through, push, push_with};

fn is_push(request: &ServedRequest) -> bool {
    request.method == "POST" && request.path.ends_with("/git-receive-pack")
}

#[test]
fn a_hook_that_says_no_is_quoted_and_nothing_is_lost() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let (mut task, commit) = site.begun(remote(&server.url("bare")));
    site.hook(
        "pre-receive",
        "printf 'no \\377 pushes\\non Fridays\\033[31m' >&2\nexit 1",
    );
    let error = push(&site, &mut task, &[]).unwrap_err();
    let GitError::PushRejected { reference, why, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(reference, "refs/heads/retro/t/run-1");
    assert!(why.contains("pre-receive hook declined"), "{why}");
    assert!(why.contains("pushes on Fridays"), "{why}");
    assert!(
        !error.is_retryable() && !error.to_string().contains('\x1b'),
        "{error}"
    );
    assert_eq!(
        server
            .requests()
            .iter()
            .filter(|request| is_push(request))
            .count(),
        1
    );
    assert_eq!((task.head().unwrap(), site.pushed()), (Some(commit), None));
    std::fs::remove_file(site.bare.join("hooks/pre-receive")).unwrap();
    assert_eq!(push(&site, &mut task, &[]).unwrap(), came_through(commit));
}

#[test]
fn a_protected_branch_stays_as_it_is() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let (mut task, commit) = site.begun(remote(&server.url("bare")));
    site.hook(
        "update",
        "test \"$1\" = refs/heads/retro/t/run-1 && echo protected >&2 && exit 1\nexit 0",
    );
    let error = push(&site, &mut task, &[]).unwrap_err();
    assert!(
        matches!(&error, GitError::PushRejected { why, .. } if why.contains("protected")),
        "{error}"
    );
    std::fs::remove_file(site.bare.join("hooks/update")).unwrap();
    push(&site, &mut task, &[]).unwrap();
    site.repo
        .git_in(&site.bare, ["config", "receive.denyDeletes", "true"]);
    let limits = NetworkLimits::default();
    let removed = task.remove_remote_branch(&branch(), &commit, &limits, &mut |_| {});
    assert!(
        matches!(removed, Err(GitError::PushRejected { .. })),
        "{removed:?}"
    );
    assert_eq!(site.pushed(), Some(commit));
}

#[test]
fn a_push_whose_end_is_not_known_is_looked_up() {
    // What becomes of the first push, and whether it came through.
    let check = |reaction: Reaction, was_there: bool| {
        let site = Site::new();
        let is_first = AtomicBool::new(true);
        let server = site.server(move |request| {
            let swap = || is_first.swap(false, std::sync::atomic::Ordering::SeqCst);
            match is_push(request) && swap() {
                true => reaction.clone(),
                false => Reaction::Serve,
            }
        });
        let (mut task, commit) = site.begun(remote(&server.url("bare")));
        let (done, notes) = push_with(&site, &mut task, &[], &NetworkLimits::default());
        let PushOutcome::Pushed {
            was_there: found,
            rebases: 0,
            ..
        } = done.unwrap()
        else {
            panic!("it was pushed");
        };
        assert_eq!(found, was_there, "{notes:?}");
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert_eq!(site.pushed(), Some(commit));
        site.check_remote();
    };
    check(Reaction::Drop, false);
    check(Reaction::Answer(503, Vec::new()), false);
    check(Reaction::ServeAndDrop(0), true);
    check(Reaction::ServeAndDrop(10), true);
}

#[test]
fn a_server_that_is_gone_is_given_up_after_a_while() {
    let site = Site::new();
    let server = site.server(|request| match is_push(request) {
        true => Reaction::Drop,
        false => Reaction::Serve,
    });
    let (mut task, commit) = site.begun(remote(&server.url("bare")));
    let error = push(&site, &mut task, &[]).unwrap_err();
    assert!(
        matches!(error, GitError::PushUnreachable { tries: 6, .. }),
        "{error}"
    );
    assert!(error.is_retryable());
    assert_eq!(task.head().unwrap(), Some(commit));
}

#[test]
fn a_server_that_takes_no_pushes_is_not_asked_twice() {
    let site = Site::new();
    site.repo
        .git_in(&site.bare, ["config", "http.receivepack", "false"]);
    let server = site.server(|_| Reaction::Serve);
    let (mut task, _) = site.begun(remote(&server.url("bare")));
    let before = server.requests().len();
    let error = push(&site, &mut task, &[]).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { .. }), "{error}");
    assert!(error.to_string().contains("403"), "{error}");
    assert_eq!(server.requests().len(), before + 1);
}

#[test]
fn a_push_ends_when_somebody_wants_it_to() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let (mut task, _) = site.begun(remote(&server.url("bare")));
    let mut limits = NetworkLimits {
        cancelled: Some(Arc::new(AtomicBool::new(true))),
        deadline: None,
    };
    let error = push_with(&site, &mut task, &[], &limits).0.unwrap_err();
    assert_eq!(error.to_string(), "pushing was cancelled");
    limits.cancelled = None;
    limits.deadline = Some(Instant::now());
    let error = push_with(&site, &mut task, &[], &limits).0.unwrap_err();
    assert!(matches!(error, GitError::TimeUp { .. }), "{error}");
    assert_eq!(site.pushed(), None);
}

#[test]
fn a_server_that_says_nothing_more_is_left_at_the_deadline() {
    let site = Site::new();
    let server = site.server(|request| match is_push(request) {
        true => Reaction::ServeAndStall(0),
        false => Reaction::Serve,
    });
    let (mut task, commit) = site.begun(remote(&server.url("bare")));
    let limits = NetworkLimits {
        cancelled: None,
        deadline: Some(Instant::now() + Duration::from_secs(2)),
    };
    let error = push_with(&site, &mut task, &[], &limits).0.unwrap_err();
    assert!(
        matches!(&error, GitError::TimeUp { doing } if doing == "pushing"),
        "{error}"
    );
    // It comes through, which the next one finds.
    let end = Instant::now() + Duration::from_secs(60);
    while site.pushed().is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    let done = push(&site, &mut task, &[]).unwrap();
    let PushOutcome::Pushed { was_there, .. } = done else {
        panic!("{done:?}");
    };
    assert!(was_there);
    assert_eq!(site.pushed(), Some(commit));
}
