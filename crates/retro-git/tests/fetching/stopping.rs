//! Ends that the caller asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use retro_git::{FetchNote, FetchWay, GitError};
use retro_testing::Reaction;

use crate::support::{Scene, remote};

/// Much longer than any of these tests may take, so that only a stop can end a wait.
const FOR_EVER: Duration = Duration::from_secs(3_600);

#[test]
fn a_wait_for_a_silent_server_can_be_cancelled() {
    for (place, bytes) in [(0, 40), (2, 500)] {
        let scene = Scene::with_commits(40);
        scene.allow_any_commit(true);
        let flag = Arc::new(AtomicBool::new(false));
        let to_set = Arc::clone(&flag);
        let server = scene.server(move |request| {
            if request.number < place {
                return Reaction::Serve;
            }
            to_set.store(true, Ordering::Relaxed);
            Reaction::ServeAndStall(bytes)
        });
        let mut options = scene.options();
        options.stall_timeout = FOR_EVER;
        options.cancelled = Some(Arc::clone(&flag));
        let commit = scene.repo.rev("main~30");
        let remote = remote(&server.url("repo"));
        let (done, notes) = scene.fetch_with(&remote, &commit, &options);
        let error = done.unwrap_err();
        assert!(matches!(error, GitError::Cancelled { .. }), "{error}");
        assert!(!error.is_retryable() && notes.is_empty(), "{notes:?}");
        // What is left is no hindrance.
        let server = scene.server(|_| Reaction::Serve);
        let remote = crate::support::remote(&server.url("repo"));
        let (done, _) = scene.fetch(&remote, &commit);
        assert_eq!(done.unwrap().way, FetchWay::ByHash);
        scene.check_out(&commit);
    }
}

#[test]
fn a_deadline_ends_a_wait() {
    let scene = Scene::with_commits(3);
    let server = scene.server(|_| Reaction::ServeAndStall(40));
    let mut options = scene.options();
    options.stall_timeout = FOR_EVER;
    options.deadline = Some(Instant::now() + Duration::from_millis(300));
    let commit = scene.repo.rev("main");
    let (done, _) = scene.fetch_with(&remote(&server.url("repo")), &commit, &options);
    let error = done.unwrap_err();
    assert!(matches!(error, GitError::TimeUp { .. }), "{error}");
}

#[test]
fn a_wait_for_the_next_try_can_be_cancelled() {
    let scene = Scene::with_commits(3);
    let server = scene.server(|_| Reaction::Answer(503, vec![]));
    let flag = Arc::new(AtomicBool::new(false));
    let mut options = scene.options();
    options.cancelled = Some(Arc::clone(&flag));
    let commit = scene.repo.rev("main");
    let mut cancel = |note: FetchNote| {
        assert!(matches!(note, FetchNote::TriesAgain { .. }));
        flag.store(true, Ordering::Relaxed);
    };
    let remote = remote(&server.url("repo"));
    let done = retro_git::fetch_commit(&remote, &scene.target(), &commit, &options, &mut cancel);
    assert!(matches!(done, Err(GitError::Cancelled { .. })));
    assert_eq!(server.requests().len(), 1);
}
