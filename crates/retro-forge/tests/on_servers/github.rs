//! What is GitHub's own.

use std::sync::Arc;

use retro_forge::contract::block_on;
use retro_forge::{ForgeError, PullRequests, Refusal};
use retro_testing::ForgeServer;

use crate::support::{HEAD, github, names, spec, world};

async fn make() -> (Arc<dyn PullRequests>, ForgeServer) {
    let server = ForgeServer::github(world());
    (Arc::new(github(&server).0), server)
}

retro_forge::pull_requests_contract!(make);

#[test]
fn a_repository_without_drafts_says_so() {
    let mut world = world();
    world.has_drafts = false;
    let server = ForgeServer::github(world);
    let refused = block_on(github(&server).0.open(&spec()));
    let Err(ForgeError::Refused { why, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(why, Refusal::NoDrafts);
    let mut wanted = spec();
    wanted.is_draft = false;
    assert!(!block_on(github(&server).0.open(&wanted)).unwrap().adopted);
}

#[test]
fn labels_that_are_not_there_are_made() {
    let server = ForgeServer::github(world());
    let mut wanted = spec();
    wanted.labels = names(&["brand new"]);
    let opened = block_on(github(&server).0.open(&wanted)).unwrap();
    assert_eq!(opened.omitted, []);
    assert_eq!(
        server.world().open_of(HEAD)[0].labels,
        names(&["brand new"])
    );
}

#[test]
fn teams_are_asked_by_their_own_field() {
    let mut world = world();
    world.teams = names(&["counters"]);
    let server = ForgeServer::github(world);
    let mut wanted = spec();
    wanted.reviewers = names(&["acme/counters", "bob"]);
    for _ in 0..2 {
        let opened = block_on(github(&server).0.open(&wanted)).unwrap();
        assert_eq!(opened.omitted, []);
    }
    assert_eq!(server.world().open_of(HEAD)[0].teams, names(&["counters"]));
    let asked = |path: &str| {
        let requests = server.requests();
        requests
            .iter()
            .filter(|request| request.path.ends_with(path))
            .count()
    };
    assert_eq!(asked("/requested_reviewers"), 1);
}

#[test]
fn what_is_up_to_date_is_not_written_again() {
    let server = ForgeServer::github(world());
    let forge = github(&server).0;
    block_on(forge.open(&spec())).unwrap();
    let before = server.requests().len();
    block_on(forge.open(&spec())).unwrap();
    let methods: Vec<String> = server.requests()[before..]
        .iter()
        .map(|request| request.method.clone())
        .collect();
    assert_eq!(methods, ["GET"]);
}

#[test]
fn a_list_that_is_behind_is_looked_at_again() {
    let server = ForgeServer::github(world());
    let (forge, pace) = github(&server);
    let first = block_on(forge.open(&spec())).unwrap();
    server.world().stale_lists = 3;
    let again = block_on(forge.open(&spec())).unwrap();
    assert!(again.adopted);
    assert_eq!(again.number, first.number);
    assert!(pace.waited() > std::time::Duration::ZERO);
}

#[test]
fn a_name_of_another_kind_of_forge_is_refused() {
    let server = ForgeServer::github(world());
    let (access, _) = crate::support::access(retro_forge::ForgeKind::Forgejo, &server, "t");
    assert!(retro_forge::github::GitHub::new(access).is_err());
}
