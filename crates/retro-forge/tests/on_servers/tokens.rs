//! Where tokens go, and where not.

use retro_forge::contract::block_on;
use retro_forge::forgejo::Forgejo;
use retro_forge::github::GitHub;
use retro_forge::{ForgeError, ForgeKind, PullRequests};
use retro_testing::{ForgeReaction, ForgeReply, ForgeServer};

use crate::support::{HEAD, TOKEN, access, forgejo, github, spec, world};

fn refusal(kind: ForgeKind, token: &str) -> ForgeError {
    let (forge, _server): (Box<dyn PullRequests>, _) = match kind {
        ForgeKind::GitHub => {
            let server = ForgeServer::github(world());
            let (access, _) = access(kind, &server, token);
            (Box::new(GitHub::new(access).unwrap()), server)
        }
        ForgeKind::Forgejo => {
            let server = ForgeServer::forgejo(world());
            let (access, _) = access(kind, &server, token);
            (Box::new(Forgejo::new(access).unwrap()), server)
        }
    };
    let error = block_on(forge.open(&spec())).unwrap_err();
    assert!(!error.is_retryable());
    assert!(
        !format!("{error} {error:?}").contains("token-"),
        "{error:?}"
    );
    error
}

#[test]
fn what_a_token_may_not_do_is_told_apart() {
    for kind in [ForgeKind::GitHub, ForgeKind::Forgejo] {
        for token in ["unknown-token", "reading-token"] {
            let error = refusal(kind, token);
            assert!(
                matches!(error, ForgeError::Forbidden { .. }),
                "{kind:?} {token}: {error}"
            );
        }
        let error = refusal(kind, "blind-token");
        assert!(
            matches!(error, ForgeError::NotFound { .. }),
            "{kind:?}: {error}"
        );
    }
}

#[test]
fn a_token_that_is_none_is_not_sent() {
    let server = ForgeServer::github(world());
    for token in ["", "  ", "two\nlines", "naïve"] {
        let (access, _) = access(ForgeKind::GitHub, &server, token);
        let error = GitHub::new(access).unwrap_err();
        assert!(matches!(error, ForgeError::Invalid { .. }), "{error}");
    }
    assert_eq!(server.requests(), []);
}

#[test]
fn a_server_that_repeats_the_token_does_not_make_it_known() {
    let server = ForgeServer::github_reacting(world(), |request| {
        let said = request.header("authorization").unwrap_or_default();
        ForgeReaction::Answer(ForgeReply::error(403, &format!("not with {said}")))
    });
    let (forge, _) = github(&server);
    let error = block_on(forge.open(&spec())).unwrap_err();
    let shown = format!("{error} {error:?} {forge:?}");
    assert!(shown.contains("not with Bearer ***"), "{shown}");
    assert!(!shown.contains(TOKEN), "{shown}");
}

#[test]
fn no_redirect_takes_the_token_elsewhere() {
    let elsewhere = ForgeServer::forgejo(world());
    for status in [301, 302, 307, 308] {
        let location = format!(
            "http://{}/api/v1/repos/acme/widgets/pulls",
            elsewhere.address()
        );
        let near = format!("//{}/", elsewhere.address());
        for location in [location, near, String::new()] {
            let server = ForgeServer::forgejo_reacting(world(), move |_| {
                let reply = ForgeReply::error(status, "moved").with("Location", &location);
                ForgeReaction::Answer(reply)
            });
            let error = block_on(forgejo(&server).0.open(&spec())).unwrap_err();
            assert!(error.to_string().contains("another host"), "{error}");
        }
    }
    assert_eq!(elsewhere.requests(), []);
}

#[test]
fn redirects_on_the_same_host_are_followed() {
    let server = ForgeServer::github_reacting(world(), |request| {
        let path = request.path.replace("/moved", "");
        if request.path == path && request.number < 100 && !request.query.contains("again") {
            let location = format!(
                "{path}?{}",
                format!("{}&again", request.query).trim_matches('&')
            );
            if request.method == "GET" {
                return ForgeReaction::Answer(
                    ForgeReply::error(301, "moved").with("Location", &location),
                );
            }
        }
        ForgeReaction::Serve
    });
    // The double does not know the word, which shows that it came to where it was sent.
    let error = block_on(github(&server).0.find(HEAD)).unwrap_err();
    assert!(
        error.to_string().contains("the query cannot be read"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_repository_that_moved_is_not_written_to_blindly() {
    let server = ForgeServer::github_reacting(world(), |request| {
        if request.method == "POST" {
            let reply = ForgeReply::error(301, "moved").with("Location", "/api/v3/elsewhere");
            return ForgeReaction::Answer(reply);
        }
        ForgeReaction::Serve
    });
    let error = block_on(github(&server).0.open(&spec())).unwrap_err();
    assert!(error.to_string().contains("another name"), "{error}");
}

#[test]
fn redirects_without_end_end() {
    let server = ForgeServer::github_reacting(world(), |request| {
        let reply = ForgeReply::error(302, "moved").with("Location", &request.path);
        ForgeReaction::Answer(reply)
    });
    let error = block_on(github(&server).0.find(HEAD)).unwrap_err();
    assert!(error.to_string().contains("again and again"), "{error}");
}
