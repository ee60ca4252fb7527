//! Checks of pull requests.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{
    ForgeError, MAX_TITLE, Opened, PullRequest, PullRequestSpec, PullRequestText, PullRequests,
    Refusal, RepositoryFixture,
};

type Pulls = Arc<dyn PullRequests>;

const HEAD: &str = "retro/count-things/run-1";
const OTHER: &str = "retro/count-things/run-2";
const EMPTY: &str = "retro/nothing-done/run-1";

/// The repository that the checks expect. A forge may have open pull requests of other branches in
/// it, one of them from a fork whose branch is called `retro/count-things/run-1` as well.
pub fn repository() -> RepositoryFixture {
    let commits = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    let branches = [
        ("main", commits(&["a", "b"])),
        ("release/1.x", commits(&["a"])),
        (HEAD, commits(&["a", "b", "c"])),
        (OTHER, commits(&["a", "b", "d"])),
        (EMPTY, commits(&["a", "b"])),
    ];
    let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    RepositoryFixture {
        branches: branches
            .map(|(name, commits)| (name.to_owned(), commits))
            .into(),
        default_branch: "main".to_owned(),
        labels: strings(&["bug", "retro", "needs review", "naïve", "last"]),
        reviewers: strings(&["alice", "bob"]),
        author: "robot".to_owned(),
        has_drafts: true,
    }
}

fn text(title: &str, body: &str) -> PullRequestText {
    PullRequestText::new(title, body, &str::to_owned)
}

fn spec(head: &str) -> PullRequestSpec {
    PullRequestSpec {
        base: Some("main".to_owned()),
        ..PullRequestSpec::new(head, text("Count things", "It counts."))
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn opened(pulls: &Pulls, spec: &PullRequestSpec) -> Opened {
    pulls.open(spec).await.unwrap()
}

async fn found(pulls: &Pulls, head: &str) -> PullRequest {
    pulls.find(head).await.unwrap().expect("it is open")
}

async fn refusal(pulls: &Pulls, spec: &PullRequestSpec) -> Refusal {
    match pulls.open(spec).await {
        Err(ForgeError::Refused { why, .. }) => why,
        other => panic!("not refused: {other:?}"),
    }
}

/// As it was asked for.
pub async fn what_is_opened_is_found(pulls: Pulls) {
    assert_eq!(pulls.find(HEAD).await.unwrap(), None);
    let mut wanted = spec(HEAD);
    wanted.labels = names(&["retro", "last"]);
    wanted.reviewers = names(&["bob"]);
    let opened = opened(&pulls, &wanted).await;
    assert!(!opened.adopted);
    assert_eq!(opened.omitted, []);
    let found = found(&pulls, HEAD).await;
    assert_eq!((found.number, &found.url), (opened.number, &opened.url));
    assert_eq!((found.head.as_str(), found.base.as_str()), (HEAD, "main"));
    assert!(found.title.ends_with("Count things"), "{found:?}");
    assert_eq!(found.body, "It counts.");
    assert!(found.is_draft);
    assert_eq!(found.labels, names(&["retro", "last"]));
    assert_eq!(found.reviewers, names(&["bob"]));
}

/// Nothing that it has is taken away.
pub async fn what_is_open_is_adopted_and_brought_up_to_date(pulls: Pulls) {
    let mut wanted = spec(HEAD);
    wanted.labels = names(&["bug"]);
    wanted.reviewers = names(&["alice"]);
    let first = opened(&pulls, &wanted).await;
    wanted.text = text("Count more things", "It counts more.");
    wanted.labels = names(&["bug", "needs review"]);
    wanted.reviewers = names(&["bob", "alice"]);
    for _ in 0..2 {
        let again = opened(&pulls, &wanted).await;
        assert!(again.adopted);
        assert_eq!((again.number, &again.url), (first.number, &first.url));
        let found = found(&pulls, HEAD).await;
        assert!(found.title.ends_with("Count more things"), "{found:?}");
        assert_eq!(found.body, "It counts more.");
        assert_eq!(found.labels, names(&["bug", "needs review"]));
        assert_eq!(found.reviewers, names(&["alice", "bob"]));
    }
}

/// Whatever the specification says later.
pub async fn a_draft_stays_what_a_person_made_of_it(pulls: Pulls) {
    let mut wanted = spec(HEAD);
    wanted.is_draft = false;
    opened(&pulls, &wanted).await;
    wanted.is_draft = true;
    wanted.text = text("Other title", "Other text");
    assert!(opened(&pulls, &wanted).await.adopted);
    let ready = found(&pulls, HEAD).await;
    assert!(!ready.is_draft);
    assert_eq!(ready.title, "Other title");

    let mut draft = spec(OTHER);
    opened(&pulls, &draft).await;
    draft.is_draft = false;
    assert!(opened(&pulls, &draft).await.adopted);
    assert!(found(&pulls, OTHER).await.is_draft);
}

/// Each pair has its own.
pub async fn branches_and_bases_are_apart(pulls: Pulls) {
    let first = opened(&pulls, &spec(HEAD)).await;
    let other_head = opened(&pulls, &spec(OTHER)).await;
    let mut other_base = spec(HEAD);
    other_base.base = Some("release/1.x".to_owned());
    let other_base = opened(&pulls, &other_base).await;
    let numbers = BTreeSet::from([first.number, other_head.number, other_base.number]);
    assert_eq!(numbers.len(), 3);
    assert!(!other_head.adopted && !other_base.adopted);
    assert_eq!(found(&pulls, HEAD).await.number, first.number);
}

/// It is not brought back.
pub async fn what_was_closed_is_opened_anew(pulls: Pulls) {
    let first = opened(&pulls, &spec(HEAD)).await;
    pulls.close(first.number).await.unwrap();
    assert_eq!(pulls.find(HEAD).await.unwrap(), None);
    let second = opened(&pulls, &spec(HEAD)).await;
    assert!(!second.adopted);
    assert_ne!(second.number, first.number);
}

/// The others adopt it.
pub async fn of_many_callers_at_once_one_opens(pulls: Pulls) {
    let barrier = Arc::new(tokio::sync::Barrier::new(6));
    let callers: Vec<_> = (0..6)
        .map(|_| {
            let (pulls, barrier) = (Arc::clone(&pulls), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                pulls.open(&spec(HEAD)).await
            })
        })
        .collect();
    let mut all = Vec::new();
    for caller in callers {
        all.push(caller.await.expect("a caller does not panic").unwrap());
    }
    assert_eq!(
        all.iter().filter(|opened| !opened.adopted).count(),
        1,
        "{all:?}"
    );
    let numbers: BTreeSet<u64> = all.iter().map(|opened| opened.number).collect();
    assert_eq!(numbers.len(), 1, "{all:?}");
    assert_eq!(found(&pulls, HEAD).await.number, all[0].number);
}

/// By name.
pub async fn branches_that_are_not_there_are_refused(pulls: Pulls) {
    let mut wanted = spec("retro/never-pushed/run-1");
    let head = wanted.head.clone();
    assert_eq!(refusal(&pulls, &wanted).await, Refusal::NoHead(head));
    wanted.head = HEAD.to_owned();
    wanted.base = Some("gone".to_owned());
    assert_eq!(
        refusal(&pulls, &wanted).await,
        Refusal::NoBase("gone".to_owned())
    );
    assert_eq!(pulls.find(HEAD).await.unwrap(), None);
}

/// A branch that has no commit of its own.
pub async fn nothing_to_merge_is_refused(pulls: Pulls) {
    let expected = Refusal::NoCommits {
        head: EMPTY.to_owned(),
        base: "main".to_owned(),
    };
    assert_eq!(refusal(&pulls, &spec(EMPTY)).await, expected);
    assert_eq!(pulls.find(EMPTY).await.unwrap(), None);
}

/// And is adopted by that name, too.
pub async fn the_default_branch_is_the_base_unless_one_is_named(pulls: Pulls) {
    let mut wanted = spec(HEAD);
    wanted.base = None;
    let first = opened(&pulls, &wanted).await;
    assert_eq!(found(&pulls, HEAD).await.base, "main");
    wanted.base = Some("main".to_owned());
    let second = opened(&pulls, &wanted).await;
    assert!(second.adopted);
    assert_eq!(second.number, first.number);
}

/// The others are there nevertheless.
pub async fn labels_and_reviewers_that_cannot_be_are_left_out(pulls: Pulls) {
    let mut wanted = spec(HEAD);
    wanted.labels = names(&["bug", &"x".repeat(60), "naïve"]);
    wanted.reviewers = names(&["robot", "alice", "nobody"]);
    let opened = opened(&pulls, &wanted).await;
    let mut omitted: Vec<&str> = opened.omitted.iter().map(|it| it.what.as_str()).collect();
    omitted.sort_unstable();
    let label = format!("the label {:?}", "x".repeat(60));
    let expected = [
        label.as_str(),
        "the reviewer \"nobody\"",
        "the reviewer \"robot\"",
    ];
    assert_eq!(omitted, expected, "{opened:?}");
    let found = found(&pulls, HEAD).await;
    assert_eq!(found.labels, names(&["bug", "naïve"]));
    assert_eq!(found.reviewers, names(&["alice"]));
}

/// Nothing is asked of anybody.
pub async fn names_that_are_none_are_refused(pulls: Pulls) {
    for head in ["", "fork:branch", "a b", "a?state=all"] {
        let refused = pulls.open(&spec(head)).await;
        assert!(
            matches!(refused, Err(ForgeError::Invalid { .. })),
            "{head:?}"
        );
        let refused = pulls.find(head).await;
        assert!(
            matches!(refused, Err(ForgeError::Invalid { .. })),
            "{head:?}"
        );
    }
    let into_itself = pulls.open(&spec("main")).await;
    assert!(matches!(into_itself, Err(ForgeError::Invalid { .. })));
}

/// Doing it again is fine.
pub async fn closing_is_done_once_and_only_to_what_is_there(pulls: Pulls) {
    let opened = opened(&pulls, &spec(HEAD)).await;
    pulls.close(opened.number).await.unwrap();
    pulls.close(opened.number).await.unwrap();
    let refused = pulls.close(987_654).await;
    assert!(
        matches!(refused, Err(ForgeError::NotFound { .. })),
        "{refused:?}"
    );
}

/// As long as texts may be.
pub async fn long_and_strange_texts_survive(pulls: Pulls) {
    let mut wanted = spec(HEAD);
    let body = format!("\"quoted\" \\ é 🦀 <b>&amp;\n{}", "ü".repeat(40_000));
    wanted.text = text(&format!("\"é\" {}", "🦀".repeat(200)), &body);
    assert!(wanted.text.title().len() > MAX_TITLE - 5);
    opened(&pulls, &wanted).await;
    let found = found(&pulls, HEAD).await;
    assert!(
        found.title.ends_with(wanted.text.title()),
        "{}",
        found.title
    );
    assert_eq!(found.body, wanted.text.body());
}
