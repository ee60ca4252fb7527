//! Checks of writing results and reading them back.

use std::sync::Arc;
use std::time::Duration;

use retro_domain::{Outcome, TestCase, TestId};

use super::samples::{at, case, full_case, key, repo, result, scope, verdicts};
use super::{at_once, exactly_one, is_backend, is_conflict, refused};
use crate::{
    OutcomeTable, PutCondition, ResultRecord, ResultStore, ResultSummary, Revision, TestPattern,
};

type Store = Arc<dyn ResultStore>;

async fn put(store: &Store, record: &ResultRecord) {
    let revision = store.put(record, PutCondition::Absent).await.unwrap();
    assert_eq!(revision, Revision(1));
}

async fn summary(store: &Store, number: u64) -> Option<ResultSummary> {
    store.summaries(&[key(number)]).await.unwrap().remove(0)
}

/// Checks that all of a result is what was stored, in stored precision.
pub(super) async fn check_stored(store: &Store, record: &ResultRecord, revision: u64) {
    let expected = record.in_stored_precision();
    let found = store.summaries(&[record.key]).await.unwrap();
    assert_eq!(found, [Some(expected.summary(Revision(revision)))]);
    let cases = store.cases(&record.key).await.unwrap();
    assert_eq!(cases.as_deref(), Some(&expected.cases[..]));
}

/// With everything a result and a test can have.
pub async fn a_result_is_read_back_as_it_was_stored(store: Store) {
    let mut record = result(
        "tool",
        1,
        vec![
            full_case("z"),
            full_case("a"),
            case("plain", Outcome::Passed),
            case("bad", Outcome::Errored),
            case("", Outcome::Skipped),
        ],
    );
    record.notes = vec!["a \"note\"".to_owned(), String::new()];
    record.ending = "killed by SIGSEGV".to_owned();
    put(&store, &record).await;
    check_stored(&store, &record, 1).await;
    let mut bare = result("tool", 2, vec![case("x", Outcome::Failed)]);
    bare.artifacts = None;
    put(&store, &bare).await;
    check_stored(&store, &bare, 1).await;
    let mut lent = result("tool", 3, Vec::new());
    lent.artifacts = Some(crate::ArtifactScope {
        repo: repo("other"),
        ..scope(77, 5)
    });
    put(&store, &lent).await;
    check_stored(&store, &lent, 1).await;
}

/// Never an error.
pub async fn what_nobody_stored_is_absent(store: Store) {
    let test = TestId::named("x");
    for step in 0..2 {
        assert_eq!(store.summaries(&[key(9)]).await.unwrap(), [None]);
        assert_eq!(store.cases(&key(9)).await.unwrap(), None);
        assert_eq!(store.failures(&key(9)).await.unwrap(), None);
        assert_eq!(store.history(&test, &[key(9)]).await.unwrap(), [None]);
        let table = store.outcomes(&[key(9), key(9)]).await.unwrap();
        let empty = OutcomeTable {
            tests: Vec::new(),
            rows: vec![None, None],
        };
        assert_eq!(table, empty);
        let all = TestPattern("*".to_owned());
        let found = store.find_tests(&repo("none"), &all, 9).await.unwrap();
        assert_eq!(found, []);
        assert_eq!(store.summaries(&[]).await.unwrap(), []);
        if step == 0 {
            put(&store, &result("tool", 1, vec![case("x", Outcome::Passed)])).await;
        }
    }
}

/// A commit whose build failed has one.
pub async fn a_result_without_tests_is_a_result(store: Store) {
    let record = result("tool", 1, Vec::new());
    put(&store, &record).await;
    check_stored(&store, &record, 1).await;
    assert_eq!(store.failures(&key(1)).await.unwrap(), Some(Vec::new()));
    let table = store.outcomes(&[key(1)]).await.unwrap();
    assert_eq!(table.rows, [Some(Vec::new())]);
}

/// And leaves the one that is there.
pub async fn a_first_result_needs_absence(store: Store) {
    let first = result("tool", 1, vec![case("x", Outcome::Passed)]);
    put(&store, &first).await;
    let second = result("other", 1, vec![case("y", Outcome::Passed)]);
    refused(store.put(&second, PutCondition::Absent).await, is_conflict);
    check_stored(&store, &first, 1).await;
    let pattern = TestPattern("y".to_owned());
    let found = store.find_tests(&repo("other"), &pattern, 9).await.unwrap();
    assert_eq!(found, [], "what was refused left something");
}

/// Not an older one, not a newer one, and not none.
pub async fn a_replacement_needs_the_current_revision(store: Store) {
    let record = |outcome| result("tool", 1, vec![case("x", outcome)]);
    let replace = |revision, outcome| {
        let record = record(outcome);
        let store = Arc::clone(&store);
        async move {
            let condition = PutCondition::Revision(Revision(revision));
            store.put(&record, condition).await
        }
    };
    refused(replace(1, Outcome::Failed).await, is_conflict);
    assert_eq!(summary(&store, 1).await, None);
    put(&store, &record(Outcome::Passed)).await;
    refused(replace(2, Outcome::Failed).await, is_conflict);
    refused(replace(0, Outcome::Failed).await, is_conflict);
    assert_eq!(replace(1, Outcome::Failed).await.unwrap(), Revision(2));
    refused(replace(1, Outcome::Skipped).await, is_conflict);
    assert_eq!(replace(2, Outcome::Errored).await.unwrap(), Revision(3));
    check_stored(&store, &record(Outcome::Errored), 3).await;
}

/// Nothing of the replaced one shines through.
pub async fn a_replacement_takes_the_place_of_everything(store: Store) {
    let mut first = result("tool", 1, vec![full_case("a"), case("b", Outcome::Failed)]);
    first.notes = vec!["n".to_owned()];
    put(&store, &first).await;
    let mut second = result("other", 1, vec![case("c", Outcome::Passed)]);
    second.artifacts = None;
    second.commit = super::samples::commit(8);
    second.started_at = at(500);
    let condition = PutCondition::Revision(Revision(1));
    store.put(&second, condition).await.unwrap();
    check_stored(&store, &second, 2).await;
    let table = store.outcomes(&[key(1)]).await.unwrap();
    assert_eq!(table.tests, [TestId::named("c")]);
    let gone = store.history(&TestId::named("b"), &[key(1)]).await.unwrap();
    assert_eq!(gone, [None]);
}

/// Before anything is written.
pub async fn a_test_that_occurs_twice_is_refused(store: Store) {
    let twice = vec![
        case("x", Outcome::Passed),
        case("y", Outcome::Passed),
        case("x", Outcome::Failed),
    ];
    let record = result("tool", 1, twice);
    refused(store.put(&record, PutCondition::Absent).await, is_backend);
    assert_eq!(summary(&store, 1).await, None);
}

/// The one that succeeded is the one that is read.
pub async fn of_many_first_results_at_once_exactly_one_is_stored(store: Store) {
    let record = |index: usize| {
        let name = format!("test of {index}");
        result("tool", 1, vec![case(&name, Outcome::Passed)])
    };
    let answers = at_once(6, |index| {
        let (store, record) = (Arc::clone(&store), record(index));
        async move { store.put(&record, PutCondition::Absent).await }
    })
    .await;
    exactly_one(&answers, is_conflict);
    let winner = answers.iter().position(Result::is_ok).expect("one");
    check_stored(&store, &record(winner), 1).await;
}

/// As with first ones.
pub async fn of_many_replacements_at_once_exactly_one_is_stored(store: Store) {
    put(&store, &result("tool", 1, Vec::new())).await;
    let answers = at_once(6, |index| {
        let store = Arc::clone(&store);
        async move {
            let record = result("tool", 1, vec![case(&index.to_string(), Outcome::Passed)]);
            let condition = PutCondition::Revision(Revision(1));
            store.put(&record, condition).await
        }
    })
    .await;
    exactly_one(&answers, is_conflict);
}

/// Results of commits in parallel bring the same new tests, in different orders.
pub async fn many_writers_of_new_tests_do_not_mix_them_up(store: Store) {
    let record = |writer: u64, round: u64| {
        let cases = (0..30_u64)
            .map(|index| (index * (writer * 2 + 1) + round * 17) % 61)
            .map(|index| {
                let outcome = Outcome::ALL[usize::try_from(index % 4).expect("small")];
                case(&format!("test {index}"), outcome)
            })
            .collect();
        result("tool", writer * 100 + round, cases)
    };
    at_once(5, |writer| {
        let store = Arc::clone(&store);
        async move {
            for round in 0..8 {
                put(&store, &record(writer as u64, round)).await;
            }
        }
    })
    .await;
    for (writer, round) in (0..5).flat_map(|writer| (0..8).map(move |round| (writer, round))) {
        check_stored(&store, &record(writer, round), 1).await;
    }
}

/// Whatever a test says.
pub async fn strange_texts_survive(store: Store) {
    let texts = [
        "\0",
        "\u{1f}\u{1b}n\u{1f}",
        "'; DROP TABLE result; --",
        "line\r\nline\u{2028}",
        "\u{feff}\u{10ffff}",
        "%_*?[",
    ];
    let mut cases: Vec<TestCase> = texts
        .iter()
        .map(|text| TestCase {
            message: Some((*text).to_owned()),
            stdout: Some(text.repeat(3)),
            properties: vec![((*text).to_owned(), (*text).to_owned())],
            ..case(text, Outcome::Failed)
        })
        .collect();
    cases.push(TestCase {
        stderr: Some("0123456789abcdef".repeat(1 << 17)),
        ..case("loud", Outcome::Failed)
    });
    let record = result("tool", 1, cases);
    put(&store, &record).await;
    check_stored(&store, &record, 1).await;
    assert_eq!(
        store.failures(&key(1)).await.unwrap(),
        Some(record.in_stored_precision().cases)
    );
}

/// See [`CompactDuration`](crate::CompactDuration).
pub async fn durations_are_kept_in_the_stored_precision(store: Store) {
    let durations = [
        None,
        Some(Duration::ZERO),
        Some(Duration::from_nanos(1_999)),
        Some(Duration::from_micros((1 << 31) - 1)),
        Some(Duration::new(3600, 123_456_789)),
        Some(Duration::MAX),
    ];
    let cases = durations.iter().enumerate().map(|(index, duration)| {
        let mut case = case(&index.to_string(), Outcome::Passed);
        case.duration = *duration;
        case
    });
    let mut record = result("tool", 1, cases.collect());
    record.usage.wall = Duration::new(1, 999);
    record.cases[0].attempts = full_case("x").attempts;
    record.cases[0].attempts[0].duration = Some(Duration::MAX);
    put(&store, &record).await;
    check_stored(&store, &record, 1).await;
    let kept = record.in_stored_precision();
    assert_eq!(kept.cases[2].duration, Some(Duration::from_micros(1)));
    assert_eq!(kept.usage.wall, Duration::from_secs(1));
}

/// With its reason.
pub async fn every_verdict_survives(store: Store) {
    for (number, verdict) in (1..).zip(verdicts()) {
        let mut record = result("tool", number, Vec::new());
        record.verdict = verdict;
        put(&store, &record).await;
        check_stored(&store, &record, 1).await;
    }
}
