//! Networks and servers that fail.

use std::time::Duration;

use retro_git::{FetchNote, FetchWay, GitError};
use retro_testing::{Reaction, ServedRequest};

use crate::support::{Scene, remote};

/// Fetches a commit from a server that reacts like this, and checks it out; what was said.
fn survives(react: impl Fn(&ServedRequest) -> Reaction + Send + Sync + 'static) -> Vec<FetchNote> {
    survives_with(Duration::from_secs(60), react)
}

fn survives_with(
    stall_timeout: Duration,
    react: impl Fn(&ServedRequest) -> Reaction + Send + Sync + 'static,
) -> Vec<FetchNote> {
    let scene = Scene::with_commits(40);
    scene.allow_any_commit(true);
    let server = scene.server(react);
    let commit = scene.repo.rev("main~30");
    let mut options = scene.options();
    options.stall_timeout = stall_timeout;
    let (done, notes) = scene.fetch_with(&remote(&server.url("repo")), &commit, &options);
    assert_eq!(done.unwrap().way, FetchWay::ByHash, "{notes:?}");
    scene.check_out(&commit);
    assert_eq!(scene.fetched_commits(), 1);
    notes
}

fn tried_again(notes: &[FetchNote]) -> Vec<&str> {
    let reason = |note: &'_ FetchNote| matches!(note, FetchNote::TriesAgain { .. });
    assert!(notes.iter().all(reason), "{notes:?}");
    let reasons = notes.iter().map(|note| match note {
        FetchNote::TriesAgain { reason, .. } => reason.as_str(),
        _ => unreachable!("all are"),
    });
    reasons.collect()
}

#[test]
fn dropped_connections_are_made_again() {
    for place in [0, 1, 2] {
        let notes = survives(move |request| match request.number {
            number if number == place => Reaction::Drop,
            _ => Reaction::Serve,
        });
        let reasons = tried_again(&notes);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert!(reasons[0].contains("connection broke"), "{reasons:?}");
    }
}

#[test]
fn answers_that_are_cut_short_are_asked_for_again() {
    for (place, bytes) in [
        (0, 0),
        (0, 40),
        (1, 10),
        (2, 0),
        (2, 7),
        (2, 500),
        (2, 2_000),
    ] {
        let notes = survives(move |request| match request.number {
            number if number == place => Reaction::ServeAndDrop(bytes),
            _ => Reaction::Serve,
        });
        assert_eq!(tried_again(&notes).len(), 1, "{place}, {bytes}");
    }
}

#[test]
fn a_silent_server_is_given_up_and_asked_again() {
    for (place, bytes) in [(0, 40), (2, 500)] {
        let notes = survives_with(Duration::from_secs(2), move |request| {
            match request.number {
                number if number == place => Reaction::ServeAndStall(bytes),
                _ => Reaction::Serve,
            }
        });
        let reasons = tried_again(&notes);
        // More than one where the machine is as slow as a silent server.
        assert!(!reasons.is_empty(), "{place}, {bytes}");
        let is_silence = |reason: &&str| *reason == "the server stopped sending";
        assert!(reasons.iter().all(is_silence), "{reasons:?}");
    }
}

#[test]
fn a_server_that_is_busy_is_asked_later() {
    let busy = |status| {
        let header = ("Retry-After".to_owned(), "120".to_owned());
        Reaction::Answer(status, vec![header])
    };
    for status in [429, 500, 502, 503] {
        let notes = survives(move |request| match request.number {
            0 | 2 => busy(status),
            _ => Reaction::Serve,
        });
        assert_eq!(tried_again(&notes).len(), 2);
        for note in &notes {
            let FetchNote::TriesAgain { wait, reason, .. } = note else {
                panic!("{note}");
            };
            assert_eq!(*wait, Duration::from_secs(120));
            assert!(reason.contains(&status.to_string()), "{reason}");
        }
    }
}

#[test]
fn after_the_last_try_the_error_names_the_trouble() {
    let scene = Scene::with_commits(2);
    let server = scene.server(|_| Reaction::Answer(503, vec![]));
    let commit = scene.repo.rev("main");
    let url = server.url("repo").replace("http://", "http://me:hush@");
    let (done, notes) = scene.fetch(&remote(&url), &commit);
    let error = done.unwrap_err();
    assert!(
        matches!(error, GitError::Unreachable { tries: 6, .. }),
        "{error}"
    );
    assert!(
        error.is_retryable() && error.to_string().contains("503"),
        "{error}"
    );
    assert!(!format!("{error:?}{notes:?}").contains("hush"));
    assert_eq!(server.requests().len(), 6);
    assert_eq!(*scene.pace.0.lock().unwrap(), Duration::from_secs(31));
}

#[test]
fn a_server_that_is_not_there_is_trouble_of_the_network() {
    let scene = Scene::with_commits(2);
    let commit = scene.repo.rev("main");
    // Nobody else gets a port that was just free.
    let server = scene.server(|_| Reaction::Serve);
    let url = server.url("repo");
    drop(server);
    let mut options = scene.options();
    options.tries = 2;
    let (done, _) = scene.fetch_with(&remote(&url), &commit, &options);
    let error = done.unwrap_err();
    assert!(
        matches!(error, GitError::Unreachable { tries: 2, .. }),
        "{error}"
    );
}

#[test]
fn proxies_are_used_when_given() {
    let scene = Scene::with_commits(2);
    let commit = scene.repo.rev("main");
    let proxy = scene.server(|_| Reaction::Answer(403, vec![]));
    let remote =
        remote("http://repository.invalid/repo").with_proxy(format!("http://{}", proxy.address()));
    let mut options = scene.options();
    options.tries = 1;
    scene.fetch_with(&remote, &commit, &options).0.unwrap_err();
    let asked = proxy.requests();
    assert_eq!(asked[0].method, "CONNECT");
    assert_eq!(asked[0].path, "repository.invalid:80");
}
