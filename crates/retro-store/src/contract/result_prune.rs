//! Checks of removing results.

use std::sync::Arc;

use retro_domain::{Outcome, TestCase, TestId};

use super::result_store::check_stored;
use super::samples::{at, case, full_case, key, repo, result, scope};
use crate::{PutCondition, ResultRecord, ResultStore, TestPattern};

type Store = Arc<dyn ResultStore>;

async fn put(store: &Store, record: &ResultRecord) {
    store.put(record, PutCondition::Absent).await.unwrap();
}

/// Which of the results 1 to 9 there are.
async fn left(store: &Store) -> Vec<u64> {
    let found = store
        .summaries(&(1..10).map(key).collect::<Vec<_>>())
        .await
        .unwrap();
    (1..10)
        .zip(found)
        .filter_map(|(number, summary)| summary.map(|_| number))
        .collect()
}

/// A result is as old as its claim; one claimed at the moment itself stays.
pub async fn pruning_by_age_takes_older_results_and_names_their_artifacts(store: Store) {
    for number in [4, 2, 3] {
        put(&store, &result("tool", number, vec![full_case("x")])).await;
    }
    let mut bare = result("tool", 1, Vec::new());
    bare.artifacts = None;
    put(&store, &bare).await;
    assert_eq!(store.prune(at(1), None, &[]).await.unwrap(), []);
    let scopes = store.prune(at(4), None, &[]).await.unwrap();
    assert_eq!(scopes, [scope(2, 1), scope(3, 1)]);
    assert_eq!(left(&store).await, [4]);
    assert_eq!(store.cases(&key(2)).await.unwrap(), None);
    check_stored(&store, &result("tool", 4, vec![full_case("x")]), 1).await;
}

/// Whatever a byte is, the newest results are what is left.
pub async fn pruning_by_size_takes_the_oldest_first(store: Store) {
    for number in [3, 1, 4, 2] {
        let said = number.to_string().repeat(100_000);
        let case = TestCase {
            stdout: Some(said),
            ..case("x", Outcome::Passed)
        };
        put(&store, &result("tool", number, vec![case])).await;
    }
    let mut seen = Vec::new();
    for limit in [u64::MAX, 450_000, 350_000, 250_000, 150_000, 0] {
        store.prune(at(-1), Some(limit), &[]).await.unwrap();
        seen.push(left(&store).await);
    }
    let expected: [&[u64]; 6] = [&[1, 2, 3, 4], &[1, 2, 3, 4], &[2, 3, 4], &[3, 4], &[4], &[]];
    assert_eq!(seen, expected);
}

/// By age and by size.
pub async fn pruning_spares_what_is_to_be_kept(store: Store) {
    for number in 1..=4 {
        put(&store, &result("tool", number, Vec::new())).await;
    }
    let keep = [key(2), key(77)];
    let scopes = store.prune(at(4), Some(0), &keep).await.unwrap();
    assert_eq!(scopes.len(), 3);
    assert_eq!(left(&store).await, [2]);
}

/// Those that another result has stay.
pub async fn pruning_forgets_tests_that_no_result_has(store: Store) {
    let both = || case("both", Outcome::Passed);
    put(
        &store,
        &result("tool", 1, vec![case("old", Outcome::Passed), both()]),
    )
    .await;
    put(
        &store,
        &result("tool", 2, vec![both(), case("new", Outcome::Failed)]),
    )
    .await;
    store.prune(at(2), None, &[]).await.unwrap();
    let all = TestPattern("*".to_owned());
    let found = store.find_tests(&repo("tool"), &all, 9).await.unwrap();
    assert_eq!(found, ["both", "new"].map(TestId::named));
    let table = store.outcomes(&[key(1), key(2)]).await.unwrap();
    assert_eq!((table.tests.len(), table.rows[0].is_none()), (2, true));
}

/// Also when it has tests and texts that were removed with the last result that had them.
pub async fn what_is_stored_after_pruning_is_read_back(store: Store) {
    let record = |number| {
        let said = TestCase {
            message: Some("the same words".to_owned()),
            ..case("y", Outcome::Failed)
        };
        let own = case(&format!("own {number}"), Outcome::Skipped);
        result("tool", number, vec![own, full_case("x"), said])
    };
    put(&store, &record(1)).await;
    put(&store, &record(2)).await;
    for number in 3..8 {
        store.prune(at(number), None, &[]).await.unwrap();
        let number = u64::try_from(number).expect("small");
        put(&store, &record(number)).await;
        check_stored(&store, &record(number), 1).await;
        if number > 4 {
            put(&store, &result("tool", 90 + number, Vec::new())).await;
        }
    }
    assert_eq!(left(&store).await, [7]);
}
