//! Servers and networks in trouble.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use retro_forge::contract::block_on;
use retro_forge::github::GitHub;
use retro_forge::{ForgeAccess, ForgeError, ForgeKind, ForgeRepository, ForgeToken, PullRequests};
use retro_testing::{ForgeReaction, ForgeReply, ForgeServer, ServedRequest};

use crate::support::{HEAD, START, TOKEN, access, github, spec, world};

/// Answers this to the first so many requests.
fn first(count: usize, reply: ForgeReply) -> impl Fn(&ServedRequest) -> ForgeReaction {
    move |request| match request.number < count {
        true => ForgeReaction::Answer(reply.clone()),
        false => ForgeReaction::Serve,
    }
}

fn is_create(request: &ServedRequest) -> bool {
    request.method == "POST" && request.path.ends_with("/pulls")
}

#[test]
fn limits_are_waited_for() {
    let limited = |status| ForgeReply::error(status, "wait");
    let reset = (START + 20).to_string();
    for (reply, seconds) in [
        (limited(429).with("Retry-After", "7"), 7),
        (limited(403).with("Retry-After", "7"), 7),
        (
            limited(403)
                .with("X-RateLimit-Remaining", "0")
                .with("X-RateLimit-Reset", &reset),
            21,
        ),
        (
            ForgeReply::error(403, "You have exceeded a secondary rate limit."),
            60,
        ),
    ] {
        let server = ForgeServer::github_reacting(world(), first(1, reply));
        let (forge, pace) = github(&server);
        block_on(forge.open(&spec())).unwrap();
        assert_eq!(pace.waited(), Duration::from_secs(seconds));
    }
}

#[test]
fn limits_that_last_are_told_with_their_time() {
    let reset = (START + 3_000).to_string();
    let reply = ForgeReply::error(403, "API rate limit exceeded")
        .with("X-RateLimit-Remaining", "0")
        .with("X-RateLimit-Reset", &reset);
    let server = ForgeServer::github_reacting(world(), first(usize::MAX, reply));
    let (forge, pace) = github(&server);
    let error = block_on(forge.open(&spec())).unwrap_err();
    assert!(error.is_retryable());
    assert!(
        error.to_string().ends_with("try again in 3001 s"),
        "{error}"
    );
    assert_eq!(
        (pace.waited(), server.requests().len()),
        (Duration::ZERO, 1)
    );
}

#[test]
fn servers_in_trouble_are_asked_again_and_given_up() {
    for status in [500, 502, 503] {
        let reply = ForgeReply::error(status, "oh");
        let server = ForgeServer::github_reacting(world(), first(2, reply.clone()));
        block_on(github(&server).0.open(&spec())).unwrap();
        let server = ForgeServer::github_reacting(world(), first(usize::MAX, reply));
        let error = block_on(github(&server).0.open(&spec())).unwrap_err();
        assert!(
            matches!(error, ForgeError::Unavailable { tries: 6, .. }),
            "{error}"
        );
        assert!(error.is_retryable());
        assert_eq!(server.requests().len(), 6);
    }
}

#[test]
fn what_was_made_before_the_connection_broke_is_adopted() {
    for reaction in [ForgeReaction::ServeAndDrop, ForgeReaction::Drop] {
        let is_first = AtomicBool::new(true);
        let is_made = reaction == ForgeReaction::ServeAndDrop;
        let server = ForgeServer::github_reacting(world(), move |request| {
            match is_create(request) && is_first.swap(false, Ordering::SeqCst) {
                true => reaction.clone(),
                false => ForgeReaction::Serve,
            }
        });
        let mut wanted = spec();
        wanted.labels = vec!["bug".to_owned()];
        let opened = block_on(github(&server).0.open(&wanted)).unwrap();
        assert_eq!(opened.adopted, is_made);
        let world = server.world();
        assert_eq!(world.open_of(HEAD).len(), 1);
        assert_eq!(world.open_of(HEAD)[0].labels, ["bug"]);
    }
}

#[test]
fn every_request_may_be_the_last_and_the_next_call_completes_it() {
    let mut wanted = spec();
    wanted.labels = vec!["bug".to_owned()];
    wanted.reviewers = vec!["alice".to_owned()];
    let server = ForgeServer::github(world());
    block_on(github(&server).0.open(&wanted)).unwrap();
    let steps = server.requests().len();
    assert!(steps >= 4, "looking, opening, labels, reviewers");
    for step in 0..steps {
        for last in [ForgeReaction::Drop, ForgeReaction::ServeAndDrop] {
            let is_broken = Arc::new(AtomicBool::new(true));
            let broken = Arc::clone(&is_broken);
            let server = ForgeServer::github_reacting(world(), move |request| {
                match request.number.cmp(&step) {
                    _ if !broken.load(Ordering::SeqCst) => ForgeReaction::Serve,
                    std::cmp::Ordering::Less => ForgeReaction::Serve,
                    std::cmp::Ordering::Equal => last.clone(),
                    std::cmp::Ordering::Greater => ForgeReaction::Drop,
                }
            });
            block_on(github(&server).0.open(&wanted)).unwrap_err();
            is_broken.store(false, Ordering::SeqCst);
            block_on(github(&server).0.open(&wanted)).unwrap();
            let world = server.world();
            let open = world.open_of(HEAD);
            assert_eq!(open.len(), 1, "after {step}");
            assert_eq!(open[0].labels, ["bug"], "after {step}");
            assert_eq!(open[0].reviewers, ["alice"], "after {step}");
        }
    }
}

#[test]
fn nobody_waits_past_the_deadline() {
    let reply = ForgeReply::error(503, "oh").with("Retry-After", "100");
    let server = ForgeServer::github_reacting(world(), first(usize::MAX, reply));
    let (forge, pace) = github(&server);
    let error = block_on(forge.open(&spec())).unwrap_err();
    assert!(
        matches!(error, ForgeError::Unavailable { tries: 3, .. }),
        "{error}"
    );
    assert_eq!(pace.waited(), Duration::from_secs(200));
    let (mut access, _) = access(ForgeKind::GitHub, &server, TOKEN);
    access.limits.deadline = Duration::ZERO;
    let error = block_on(GitHub::new(access).unwrap().find(HEAD)).unwrap_err();
    assert!(matches!(error, ForgeError::TimeUp { .. }), "{error}");
}

#[test]
fn a_caller_who_wants_an_end_gets_one() {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let server = ForgeServer::github_reacting(world(), move |_| {
        set.store(true, Ordering::SeqCst);
        ForgeReaction::Drop
    });
    let (mut access, _) = access(ForgeKind::GitHub, &server, TOKEN);
    access.cancelled = Some(flag);
    let error = block_on(GitHub::new(access).unwrap().open(&spec())).unwrap_err();
    assert!(matches!(error, ForgeError::Cancelled { .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_is_no_forge_is_told_of() {
    let page = ForgeReply {
        status: 200,
        headers: Vec::new(),
        body: b"<html>hunter2</html>".to_vec(),
    };
    let server = ForgeServer::github_reacting(world(), first(usize::MAX, page));
    let error = block_on(github(&server).0.find(HEAD)).unwrap_err();
    assert!(matches!(error, ForgeError::Unexpected { .. }), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn an_address_that_nobody_should_click_on_is_refused() {
    let pull = serde_json::json!([{
        "number": 1, "html_url": "javascript:alert(1)", "title": "t", "state": "open",
        "head": { "ref": HEAD, "repo": { "full_name": "acme/widgets" } },
        "base": { "ref": "main", "repo": { "full_name": "acme/widgets" } },
    }]);
    let page = ForgeReply::json(200, &pull);
    let server = ForgeServer::github_reacting(world(), first(usize::MAX, page));
    let error = block_on(github(&server).0.find(HEAD)).unwrap_err();
    assert!(error.to_string().contains("not one of the web"), "{error}");
}

#[test]
fn a_list_without_end_is_given_up() {
    let page = ForgeReply::json(200, &serde_json::json!([]))
        .with("Link", "<http://elsewhere.invalid/x?page=2>; rel=\"next\"");
    let server = ForgeServer::github_reacting(world(), first(usize::MAX, page));
    let error = block_on(github(&server).0.find(HEAD)).unwrap_err();
    assert!(error.to_string().contains("does not end"), "{error}");
    // Nothing went to the host that the list names.
    assert_eq!(server.requests().len(), 2);
}

/// A server that says this, and nothing more until the client goes away.
fn silent(said: &'static [u8]) -> (std::net::SocketAddr, std::thread::JoinHandle<()>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let limit = Some(Duration::from_secs(20));
        stream.set_read_timeout(limit).unwrap();
        stream.write_all(said).unwrap();
        drop(stream.read_to_end(&mut Vec::new()));
    });
    (address, server)
}

#[test]
fn a_server_that_falls_silent_is_trouble_that_may_pass() {
    for said in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[",
    ] {
        let (address, server) = silent(said.as_bytes());
        let interface = format!("http://{address}/api/v3");
        let repository =
            ForgeRepository::at(ForgeKind::GitHub, &interface, "acme", "widgets").unwrap();
        let pace = Arc::new(crate::support::Waiting::default());
        let mut access = ForgeAccess::new(repository, ForgeToken::new(TOKEN), pace);
        access.limits.attempt = Duration::from_millis(300);
        access.limits.tries = 1;
        let error = block_on(GitHub::new(access).unwrap().find(HEAD)).unwrap_err();
        assert!(
            matches!(error, ForgeError::Unavailable { tries: 1, .. }),
            "{error}"
        );
        server.join().unwrap();
    }
}

#[test]
fn nobody_there_is_trouble_that_may_pass() {
    let server = ForgeServer::github(world());
    let (forge, _) = github(&server);
    drop(server);
    let error = block_on(forge.find(HEAD)).unwrap_err();
    assert!(matches!(error, ForgeError::Unavailable { .. }), "{error}");
}
