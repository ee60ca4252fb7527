//! Checks of asking about results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use retro_domain::{CacheKey, Outcome, OutcomeCounts, TestCase, TestId};

use super::samples::{case, full_case, key, repo, result};
use crate::{CaseSummary, OutcomeTable, PutCondition, ResultRecord, ResultStore, TestPattern};

type Store = Arc<dyn ResultStore>;

async fn put(store: &Store, record: &ResultRecord) {
    store.put(record, PutCondition::Absent).await.unwrap();
}

/// Absent and repeated ones included.
pub async fn summaries_come_in_the_order_asked_for(store: Store) {
    for number in [1, 2, 3] {
        put(&store, &result("tool", number, Vec::new())).await;
    }
    let asked = [3, 9, 1, 3].map(key);
    let found = store.summaries(&asked).await.unwrap();
    let keys: Vec<Option<CacheKey>> = found
        .iter()
        .map(|summary| summary.as_ref().map(|summary| summary.key))
        .collect();
    assert_eq!(keys, [Some(key(3)), None, Some(key(1)), Some(key(3))]);
}

fn flaky(name: &str) -> TestCase {
    TestCase {
        flaky: true,
        ..case(name, Outcome::Passed)
    }
}

/// Failed, errored, or passed as flaky: with all they say, sorted.
pub async fn failures_are_the_tests_worth_a_look(store: Store) {
    let failing = TestCase {
        outcome: Outcome::Failed,
        flaky: false,
        ..full_case("failing")
    };
    let cases = vec![
        flaky("z"),
        case("passed", Outcome::Passed),
        case("skipped", Outcome::Skipped),
        case("errored", Outcome::Errored),
        failing.clone(),
    ];
    put(&store, &result("tool", 1, cases)).await;
    let expected = vec![case("errored", Outcome::Errored), flaky("z"), failing];
    assert_eq!(store.failures(&key(1)).await.unwrap(), Some(expected));
}

/// It stands for what no test explains.
pub async fn the_command_is_not_counted(store: Store) {
    let command = TestCase::new(TestId::command("unit"), Outcome::Failed);
    let cases = vec![
        command.clone(),
        case("a", Outcome::Passed),
        flaky("b"),
        case("c", Outcome::Skipped),
        case("d", Outcome::Errored),
    ];
    put(&store, &result("tool", 1, cases)).await;
    let summary = store.summaries(&[key(1)]).await.unwrap().remove(0);
    let expected = OutcomeCounts {
        passed: 2,
        failed: 0,
        errored: 1,
        skipped: 1,
        flaky: 1,
    };
    assert_eq!(summary.expect("it is stored").counts, expected);
    let failures = store.failures(&key(1)).await.unwrap().expect("stored");
    assert!(failures.contains(&command), "but it is a failure");
}

/// Across repositories, with gaps.
pub async fn the_history_of_a_test_follows_the_keys(store: Store) {
    let slow = TestCase {
        duration: Some(Duration::from_micros(7_000_001)),
        ..case("x", Outcome::Failed)
    };
    let other = || case("other", Outcome::Errored);
    put(&store, &result("tool", 1, vec![case("x", Outcome::Passed)])).await;
    put(&store, &result("tool", 2, vec![other(), slow])).await;
    put(&store, &result("tool", 3, vec![other()])).await;
    put(&store, &result("fork", 4, vec![other(), flaky("x")])).await;
    let at = |outcome, flaky, micros: Option<u64>| {
        Some(CaseSummary {
            outcome,
            flaky,
            duration: micros.map(Duration::from_micros),
        })
    };
    let asked = [4, 3, 9, 2, 1, 4].map(key);
    let history = store.history(&TestId::named("x"), &asked).await.unwrap();
    let expected = [
        at(Outcome::Passed, true, None),
        None,
        None,
        at(Outcome::Failed, false, Some(7_000_001)),
        at(Outcome::Passed, false, None),
        at(Outcome::Passed, true, None),
    ];
    assert_eq!(history, expected);
    let unknown = store.history(&TestId::named("y"), &asked).await.unwrap();
    assert_eq!(unknown, [None; 6]);
}

/// What a table says about each result, by name.
fn by_name(table: &OutcomeTable) -> Vec<Option<BTreeMap<TestId, (Outcome, bool)>>> {
    let unique: std::collections::HashSet<&TestId> = table.tests.iter().collect();
    assert_eq!(unique.len(), table.tests.len(), "a test has two columns");
    let named = |row: &crate::OutcomeRow| {
        assert!(
            row.len() <= table.tests.len(),
            "a row is longer than the table"
        );
        let named = table.tests.iter().cloned().zip(row);
        named
            .filter_map(|(test, cell)| Some((test, (*cell)?)))
            .collect()
    };
    table
        .rows
        .iter()
        .map(|row| row.as_ref().map(named))
        .collect()
}

async fn check_outcomes(store: &Store, records: &[ResultRecord], asked: &[u64]) -> OutcomeTable {
    let keys: Vec<CacheKey> = asked.iter().copied().map(key).collect();
    let table = store.outcomes(&keys).await.unwrap();
    let expected = keys.iter().map(|key| {
        let record = records.iter().find(|record| record.key == *key)?;
        let cases = record.cases.iter();
        Some(
            cases
                .map(|case| (case.id.clone(), (case.outcome, case.flaky)))
                .collect(),
        )
    });
    assert_eq!(by_name(&table), expected.collect::<Vec<_>>());
    table
}

/// Where tests come, go, and are renamed.
pub async fn outcomes_agree_with_the_tests_of_each_result(store: Store) {
    let record = |number: u64| {
        let cases = (number..number + 10).map(|index| {
            let outcome = Outcome::ALL[usize::try_from((index * number) % 4).expect("small")];
            TestCase {
                flaky: index % 5 == 0,
                ..case(&format!("test {index}"), outcome)
            }
        });
        result("tool", number, cases.collect())
    };
    let records: Vec<ResultRecord> = (0..20).map(record).collect();
    for record in &records {
        put(&store, record).await;
    }
    check_outcomes(&store, &records, &(0..20).collect::<Vec<_>>()).await;
    check_outcomes(&store, &records, &[19, 77, 3, 3, 0]).await;
    let one = check_outcomes(&store, &records, &[5]).await;
    assert_eq!(one.tests.len(), 10, "only tests that some result has");
    let none = check_outcomes(&store, &records, &[]).await;
    assert_eq!(none, OutcomeTable::default());
}

/// Clones share keys, and their tests have the same names.
pub async fn clones_of_a_repository_share_the_columns_of_a_table(store: Store) {
    let records = [
        result(
            "tool",
            1,
            vec![case("a", Outcome::Passed), case("b", Outcome::Failed)],
        ),
        result(
            "clone",
            2,
            vec![case("c", Outcome::Passed), case("b", Outcome::Passed)],
        ),
        result("clone", 3, vec![case("a", Outcome::Skipped)]),
    ];
    for record in &records {
        put(&store, record).await;
    }
    let table = check_outcomes(&store, &records, &[1, 2, 3]).await;
    assert_eq!(table.tests.len(), 3);
}

/// And only there.
pub async fn tests_are_found_in_their_repository_by_pattern(store: Store) {
    let names = ["parse", "parse all", "net::parse[1]", "write"];
    let cases = names.map(|name| case(name, Outcome::Passed)).to_vec();
    put(&store, &result("tool", 1, cases)).await;
    put(
        &store,
        &result("tool", 2, vec![case("parse", Outcome::Failed)]),
    )
    .await;
    put(
        &store,
        &result("other", 3, vec![case("parser", Outcome::Passed)]),
    )
    .await;
    let check = async |name: &str, pattern: &str, limit, expected: &[&str]| {
        let pattern = TestPattern(pattern.to_owned());
        let found = store
            .find_tests(&repo(name), &pattern, limit)
            .await
            .unwrap();
        let expected: Vec<TestId> = expected.iter().map(|name| TestId::named(*name)).collect();
        assert_eq!(found, expected, "{pattern:?} in {name}");
    };
    check("tool", "parse", 9, &["parse"]).await;
    check("tool", "arse", 9, &["net::parse[1]", "parse", "parse all"]).await;
    check("tool", "arse", 2, &["net::parse[1]", "parse"]).await;
    check("tool", "*e", 9, &["parse", "write"]).await;
    check("tool", "parse[1]", 9, &["net::parse[1]"]).await;
    check("other", "*", 9, &["parser"]).await;
    check("absent", "*", 9, &[]).await;
    check("tool", "*", 0, &[]).await;
}

/// A suite of three tests beside one of thousands, in one repository.
pub async fn tests_far_apart_in_the_history_are_not_mixed_up(store: Store) {
    let many = (0..3_000).map(|index| case(&format!("m{index}"), Outcome::Passed));
    let few = vec![
        TestCase {
            duration: Some(Duration::from_micros(5)),
            ..full_case("first")
        },
        case("m0", Outcome::Failed),
        case("m2999", Outcome::Skipped),
        case("last", Outcome::Errored),
    ];
    let records = [
        result("tool", 1, many.collect()),
        result("tool", 2, few),
        result("tool", 3, vec![case("m1500", Outcome::Failed)]),
    ];
    for record in &records {
        put(&store, record).await;
        super::result_store::check_stored(&store, record, 1).await;
    }
    check_outcomes(&store, &records, &[1, 2, 3]).await;
    check_outcomes(&store, &records, &[3, 2]).await;
    let keys = [1, 2, 3].map(key);
    let check = async |name: &str, expected: [Option<Outcome>; 3]| {
        let history = store.history(&TestId::named(name), &keys).await.unwrap();
        let outcomes = history.iter().map(|it| it.map(|it| it.outcome));
        assert_eq!(outcomes.collect::<Vec<_>>(), expected, "{name}");
    };
    use Outcome::{Errored, Failed, Passed, Skipped};
    check("m0", [Some(Passed), Some(Failed), None]).await;
    check("m1500", [Some(Passed), None, Some(Failed)]).await;
    check("m2999", [Some(Passed), Some(Skipped), None]).await;
    check("last", [None, Some(Errored), None]).await;
}
