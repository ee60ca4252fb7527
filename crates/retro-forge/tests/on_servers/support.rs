//! What the tests share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use retro_domain::Timestamp;
use retro_forge::contract::pull_requests::repository;
use retro_forge::forgejo::Forgejo;
use retro_forge::github::GitHub;
use retro_forge::{
    ForgeAccess, ForgeKind, ForgePace, ForgeRepository, ForgeToken, PullRequestSpec,
    PullRequestText,
};
use retro_testing::{ForgeRights, ForgeServer, ForgeWorld, HeadIn};

pub(crate) const TOKEN: &str = "hunter2-token";
pub(crate) const HEAD: &str = "retro/count-things/run-1";

/// A clock that only waiting moves, and no chance.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Duration>);

impl Waiting {
    pub(crate) fn waited(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// When [`Waiting`] begins.
pub(crate) const START: i64 = 1_000_000;

impl ForgePace for Waiting {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(START).plus(self.waited())
    }

    fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }

    fn up_to(&self, _limit: u64) -> u64 {
        0
    }
}

/// The repository of the contract, with pull requests of others on several pages.
pub(crate) fn world() -> ForgeWorld {
    let repository = repository();
    let mut world = ForgeWorld::new(TOKEN);
    world.branches = repository.branches;
    world.default_branch = repository.default_branch;
    world.labels = (11..).zip(repository.labels).collect();
    world.reviewers = repository.reviewers;
    world.tokens[0].1 = repository.author;
    let mut token = |name: &str, rights| {
        world
            .tokens
            .push((name.to_owned(), "robot".to_owned(), rights));
    };
    token("blind-token", ForgeRights::Nothing);
    token("reading-token", ForgeRights::Read);
    token("unlabelled-token", ForgeRights::WriteWithoutIssues);
    world.add_open(HEAD, HeadIn::Fork("stranger".to_owned()), "main");
    world.add_open(HEAD, HeadIn::Gone, "main");
    for number in 0..5 {
        world.add_open(&format!("topic-{number}"), HeadIn::Own, "main");
    }
    world
}

/// The way to a server's repository.
pub(crate) fn access(
    kind: ForgeKind,
    server: &ForgeServer,
    token: &str,
) -> (ForgeAccess, Arc<Waiting>) {
    let pace = Arc::new(Waiting::default());
    let repository = ForgeRepository::from_remote(kind, &server.remote()).unwrap();
    let access = ForgeAccess::new(repository, ForgeToken::new(token), Arc::clone(&pace) as _);
    (access, pace)
}

pub(crate) fn github(server: &ForgeServer) -> (GitHub, Arc<Waiting>) {
    let (access, pace) = access(ForgeKind::GitHub, server, TOKEN);
    (GitHub::new(access).unwrap(), pace)
}

pub(crate) fn forgejo(server: &ForgeServer) -> (Forgejo, Arc<Waiting>) {
    let (access, pace) = access(ForgeKind::Forgejo, server, TOKEN);
    (Forgejo::new(access).unwrap(), pace)
}

/// A pull request that is wanted.
pub(crate) fn spec() -> PullRequestSpec {
    let text = PullRequestText::new("Count things", "It counts.", &str::to_owned);
    PullRequestSpec {
        base: Some("main".to_owned()),
        ..PullRequestSpec::new(HEAD, text)
    }
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
