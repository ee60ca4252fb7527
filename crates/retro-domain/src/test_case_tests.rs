use super::*;
use proptest::prelude::*;

fn case(outcome: Outcome, message: &str) -> TestCase {
    let message = Some(message.to_owned());
    TestCase {
        message,
        ..TestCase::new(TestId::named("t"), outcome)
    }
}

fn check(first: Outcome, second: Outcome, rule: RepeatRule, expected: (Outcome, bool)) {
    let merged = case(first, "a").merge(case(second, "b"), rule);
    assert_eq!(
        (merged.outcome, merged.flaky),
        expected,
        "{first:?} {second:?} {rule:?}"
    );
}

#[test]
fn a_pass_after_a_failure_is_flaky_among_attempts_and_a_failure_among_namesakes() {
    use Outcome::{Errored, Failed, Passed, Skipped};
    use RepeatRule::{AnyFailureFails, AnyPassPasses};
    check(Failed, Passed, AnyPassPasses, (Passed, true));
    check(Failed, Passed, AnyFailureFails, (Failed, false));
    check(Failed, Errored, AnyPassPasses, (Errored, false));
    check(Passed, Skipped, AnyPassPasses, (Passed, false));
    check(Passed, Passed, AnyFailureFails, (Passed, false));
}

fn any_case() -> impl Strategy<Value = TestCase> {
    (prop::sample::select(&Outcome::ALL[..]), "[ab]{0,2}").prop_map(|(o, m)| case(o, &m))
}

proptest! {
    /// Attempts are a set: no order of arrival changes anything that is decided.
    #[test]
    fn merging_does_not_depend_on_order(
        cases in prop::collection::vec(any_case(), 1..6),
        rule in prop::sample::select(vec![RepeatRule::AnyPassPasses, RepeatRule::AnyFailureFails]),
    ) {
        let join = |list: Vec<TestCase>| list.into_iter().reduce(|a, b| a.merge(b, rule)).unwrap();
        let forwards = join(cases.clone());
        let backwards = join(cases.into_iter().rev().collect());
        prop_assert_eq!(forwards.outcome, backwards.outcome);
        prop_assert_eq!(forwards.flaky, backwards.flaky);
        prop_assert_eq!(forwards.attempts, backwards.attempts);
    }
}
