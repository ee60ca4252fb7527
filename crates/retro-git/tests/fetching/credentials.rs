//! Who is asked for credentials, and who sees them.

use retro_git::GitError;
use retro_testing::{GitServer, Reaction, ServedRequest};

use crate::support::{Keyring, Scene, remote};

/// `me:hush` and `me:token`, as a header holds them.
const HUSH: &str = "Basic bWU6aHVzaA==";
const TOKEN: &str = "Basic bWU6dG9rZW4=";

fn wants(value: &'static str) -> impl Fn(&ServedRequest) -> Reaction {
    move |request| match request.header("authorization") {
        Some(given) if given == value => Reaction::Serve,
        _ => Reaction::unauthorized(),
    }
}

fn seen(server: &GitServer) -> Vec<Option<String>> {
    let requests = server.requests();
    let value = |request: &ServedRequest| request.header("authorization").map(str::to_owned);
    requests.iter().map(value).collect()
}

#[test]
fn credentials_are_asked_for_when_the_server_asks_and_then_kept() {
    let scene = Scene::with_commits(3);
    scene.allow_any_commit(true);
    let server = scene.server(wants(TOKEN));
    let keys = Keyring::of(&[("me", "hush"), ("me", "token")]);
    let commit = scene.repo.rev("main~1");
    let url = server.url("repo").replace("http://", "http://me@");
    let remote = remote(&url).with_credentials(keys.clone());
    scene.fetch(&remote, &commit).0.unwrap();
    let asked = keys.asked();
    assert_eq!(
        asked
            .iter()
            .map(|(_, attempt)| *attempt)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    let scope = &asked[0].0;
    assert_eq!((scope.scheme, scope.host.as_str()), ("http", "127.0.0.1"));
    assert_eq!(scope.port, server.address().port());
    assert_eq!(
        (scope.path.as_str(), scope.user.as_deref()),
        ("/repo", Some("me"))
    );
    let (hush, token) = (Some(HUSH.to_owned()), Some(TOKEN.to_owned()));
    assert_eq!(
        seen(&server),
        [None, hush, token.clone(), token.clone(), token]
    );
}

#[test]
fn a_server_that_does_not_ask_is_not_told() {
    let scene = Scene::with_commits(3);
    let server = GitServer::start(scene.repo.outside());
    let keys = Keyring::of(&[("me", "hush")]);
    let url = server.url("repo").replace("http://", "http://me:hush@");
    let remote = remote(&url).with_credentials(keys.clone());
    scene.fetch(&remote, &scene.repo.rev("main")).0.unwrap();
    assert!(keys.asked().is_empty());
    assert!(seen(&server).iter().all(Option::is_none));
}

#[test]
fn a_password_in_the_address_is_used_and_never_shown() {
    let scene = Scene::with_commits(3);
    let server = scene.server(wants(HUSH));
    let url = |secret: &str| {
        let user = format!("http://me:{secret}@");
        server.url("repo").replace("http://", &user)
    };
    let commit = scene.repo.rev("main");
    scene.fetch(&remote(&url("hush")), &commit).0.unwrap();
    let other = Scene::with_commits(3);
    let remote = remote(&url("token"));
    let (done, notes) = other.fetch(&remote, &commit);
    let error = done.unwrap_err();
    assert!(
        error.to_string().contains("does not take the credentials"),
        "{error}"
    );
    let shown = format!("{error} {error:?} {remote:?} {} {notes:?}", remote.url());
    assert!(
        !shown.contains("token") && shown.contains("***@127.0.0.1"),
        "{shown}"
    );
}

#[test]
fn without_good_credentials_there_is_an_end() {
    let scene = Scene::with_commits(3);
    let commit = scene.repo.rev("main");
    let check = |keys: Option<&[(&str, &str)]>, expected: &str, requests: usize| {
        let server = scene.server(wants(TOKEN));
        let mut remote = remote(&server.url("repo"));
        if let Some(keys) = keys {
            remote = remote.with_credentials(Keyring::of(keys));
        }
        let error = scene.fetch(&remote, &commit).0.unwrap_err();
        assert!(matches!(error, GitError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!format!("{error:?}").contains("hush"));
        assert_eq!(server.requests().len(), requests);
    };
    check(None, "there are none", 1);
    check(Some(&[]), "there are none", 1);
    check(Some(&[("me", "hush")]), "does not take", 2);
    check(Some(&[("me", "hush"); 9]), "does not take", 4);
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    let scene = Scene::with_commits(3);
    let commit = scene.repo.rev("main");
    let other = scene.server(wants(HUSH));
    let to = other.url("repo");
    let server = scene.server(move |request| match wants(HUSH)(request) {
        Reaction::Serve => Reaction::redirect(302, &format!("{to}/info/refs?{}", request.query)),
        refused => refused,
    });
    let keys = Keyring::of(&[("me", "hush"); 3]);
    let url = server.url("repo").replace("http://", "http://me:hush@");
    let (done, _) = scene.fetch(&remote(&url).with_credentials(keys.clone()), &commit);
    let error = done.unwrap_err().to_string();
    assert!(
        error.contains("only given to the host that was named"),
        "{error}"
    );
    assert_eq!(seen(&server), [None, Some(HUSH.to_owned())]);
    assert_eq!(seen(&other), [None]);
    assert!(keys.asked().is_empty());
}

#[test]
fn a_server_may_ask_late() {
    let scene = Scene::with_commits(3);
    let server = scene.server(|request| match request.is_first() {
        true => Reaction::Serve,
        false => wants(TOKEN)(request),
    });
    let remote = remote(&server.url("repo")).with_credentials(Keyring::of(&[("me", "token")]));
    scene.fetch(&remote, &scene.repo.rev("main")).0.unwrap();
}
