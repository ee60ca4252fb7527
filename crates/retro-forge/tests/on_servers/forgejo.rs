//! What is Forgejo's own.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use retro_forge::PullRequests;
use retro_forge::contract::block_on;
use retro_forge::forgejo::Forgejo;
use retro_testing::{ForgeReaction, ForgeServer};

use crate::support::{HEAD, access, forgejo, names, spec, world};

async fn make() -> (Arc<dyn PullRequests>, ForgeServer) {
    let server = ForgeServer::forgejo(world());
    (Arc::new(forgejo(&server).0), server)
}

retro_forge::pull_requests_contract!(make);

#[test]
fn drafts_are_marked_in_their_titles() {
    let server = ForgeServer::forgejo(world());
    let forge = forgejo(&server).0;
    block_on(forge.open(&spec())).unwrap();
    let title = || server.world().open_of(HEAD)[0].title.clone();
    assert_eq!(title(), "WIP: Count things");
    // A person says that it is ready.
    let number = server.world().open_of(HEAD)[0].number;
    for pull in &mut server.world().pulls {
        if pull.number == number {
            pull.title = "Count things".to_owned();
        }
    }
    block_on(forge.open(&spec())).unwrap();
    assert_eq!(title(), "Count things");
}

#[test]
fn a_server_with_other_marks_for_drafts_is_told_of() {
    let mut world = world();
    world.draft_marks = names(&["draft:"]);
    let server = ForgeServer::forgejo(world);
    let opened = block_on(forgejo(&server).0.open(&spec())).unwrap();
    assert_eq!(opened.omitted.len(), 1, "{opened:?}");
    assert_eq!(opened.omitted[0].what, "the mark of a draft");
}

#[test]
fn two_that_were_made_at_once_become_one() {
    let mut world = world();
    // As when both looked before either was made.
    world.looks_first = false;
    let arrived = (Mutex::new(0), Condvar::new());
    let server = ForgeServer::forgejo_reacting(world, move |request| {
        if request.method == "POST" && request.path.ends_with("/pulls") {
            let (count, condition) = &arrived;
            let mut count = count.lock().unwrap();
            *count += 1;
            condition.notify_all();
            let limit = Duration::from_secs(20);
            drop(condition.wait_timeout_while(count, limit, |count| *count < 2));
        }
        ForgeReaction::Serve
    });
    let opened = block_on(async {
        let callers = [forgejo(&server).0, forgejo(&server).0]
            .map(|forge| tokio::spawn(async move { forge.open(&spec()).await }));
        let mut opened = Vec::new();
        for caller in callers {
            opened.push(caller.await.unwrap().unwrap());
        }
        opened
    });
    let world = server.world();
    let made = world
        .pulls
        .iter()
        .filter(|pull| pull.author == "robot")
        .count();
    assert_eq!(made, 2, "the race took place");
    let open = world.open_of(HEAD);
    assert_eq!(open.len(), 1);
    assert!(
        opened.iter().all(|it| it.number == open[0].number),
        "{opened:?}"
    );
    assert_eq!(
        opened.iter().filter(|it| it.adopted).count(),
        1,
        "{opened:?}"
    );
}

#[test]
fn labels_of_the_organization_count_too() {
    let mut world = world();
    world.owner_labels = Some(vec![
        (51, "a".into()),
        (52, "b".into()),
        (53, "ours".into()),
    ]);
    let server = ForgeServer::forgejo(world);
    let mut wanted = spec();
    wanted.labels = names(&["ours", "theirs", "last"]);
    let opened = block_on(forgejo(&server).0.open(&wanted)).unwrap();
    assert_eq!(
        server.world().open_of(HEAD)[0].labels,
        names(&["ours", "last"])
    );
    assert_eq!(opened.omitted.len(), 1);
    assert_eq!(
        opened.omitted[0].to_string(),
        "the label \"theirs\" was left out: there is no such label; create it"
    );
}

#[test]
fn a_token_without_the_right_to_label_opens_nevertheless() {
    let server = ForgeServer::forgejo(world());
    let (access, _) = access(retro_forge::ForgeKind::Forgejo, &server, "unlabelled-token");
    let mut wanted = spec();
    wanted.labels = names(&["bug"]);
    let opened = block_on(Forgejo::new(access).unwrap().open(&wanted)).unwrap();
    assert!(opened.omitted[0].why.contains("read:issue"), "{opened:?}");
    assert_eq!(server.world().open_of(HEAD).len(), 1);
}

#[test]
fn a_branch_that_the_forge_does_not_find_just_now_is_known_by_its_label() {
    let server = ForgeServer::forgejo(world());
    let forge = forgejo(&server).0;
    let opened = block_on(forge.open(&spec())).unwrap();
    server.world().branches.remove(HEAD);
    let found = block_on(forge.find(HEAD)).unwrap().unwrap();
    assert_eq!((found.number, found.head.as_str()), (opened.number, HEAD));
}

#[test]
fn what_was_merged_is_closed() {
    let server = ForgeServer::forgejo(world());
    let forge = forgejo(&server).0;
    let opened = block_on(forge.open(&spec())).unwrap();
    // Merged, and the list that is read first does not show it yet.
    for pull in &mut server.world().pulls {
        pull.is_merged = pull.number == opened.number;
    }
    block_on(forge.close(opened.number)).unwrap();
}
