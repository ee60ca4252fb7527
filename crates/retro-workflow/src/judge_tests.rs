use retro_domain::{ResultLocation, ResultSource};

use super::*;

fn suite(format: Option<ResultFormat>) -> Suite {
    let mut suite = Suite::new("unit", CommandLine::Shell("run-tests".into()));
    suite.results.extend(format.map(|format| ResultSource {
        format,
        location: ResultLocation::Stdout,
    }));
    suite
}

fn reading(outcomes: &[Outcome]) -> Reading {
    let case = |(index, &outcome): (usize, &Outcome)| {
        TestCase::new(TestId::named(format!("t{index}")), outcome)
    };
    Reading {
        cases: outcomes.iter().enumerate().map(case).collect(),
        reports: 1,
        ..Reading::default()
    }
}

/// The verdict, and what became of the command as a test of its own.
fn check(suite: &Suite, ending: Ending, reading: Reading, expected: &str) {
    let judged = judge(suite, &ending, reading);
    let command = judged.cases.iter().find(|case| case.id.is_command());
    let command = command.map_or("-", |case| case.outcome.name());
    assert_eq!(
        format!("{} {command}", judged.verdict.name()),
        expected,
        "{ending:?}"
    );
}

#[test]
fn the_table_of_endings_and_reports() {
    use Outcome::{Failed, Passed, Skipped};
    let junit = suite(Some(ResultFormat::Junit));
    let crash = Ending::Signalled {
        signal: 11,
        core_dumped: false,
    };
    let timeout = Ending::TimedOut {
        limit: std::time::Duration::from_secs(1),
    };
    let none = Reading::default;
    check(
        &junit,
        Ending::Exited(0),
        reading(&[Passed, Skipped]),
        "passed passed",
    );
    check(
        &junit,
        Ending::Exited(1),
        reading(&[Passed, Failed]),
        "tests-failed passed",
    );
    check(
        &junit,
        Ending::Exited(0),
        reading(&[Failed]),
        "tests-failed passed",
    );
    check(
        &junit,
        Ending::Exited(1),
        reading(&[Passed]),
        "tests-failed failed",
    );
    check(&junit, crash, reading(&[Passed]), "tests-failed errored");
    check(&junit, crash, reading(&[Failed]), "tests-failed errored");
    check(
        &junit,
        Ending::Exited(125),
        reading(&[Failed]),
        "untestable -",
    );
    check(&junit, timeout, reading(&[Failed]), "timed-out -");
    check(&junit, Ending::Exited(0), none(), "untestable -");
    check(&junit, Ending::Exited(101), none(), "untestable -");
    check(&junit, Ending::Exited(0), reading(&[]), "passed passed");
    check(&junit, Ending::Exited(5), reading(&[]), "untestable -");
    for exit_code_only in [suite(None), suite(Some(ResultFormat::ExitCode))] {
        check(&exit_code_only, Ending::Exited(0), none(), "passed passed");
        check(
            &exit_code_only,
            Ending::Exited(1),
            none(),
            "tests-failed failed",
        );
        check(&exit_code_only, crash, none(), "tests-failed errored");
        check(&exit_code_only, Ending::Exited(125), none(), "untestable -");
        check(&exit_code_only, Ending::Exited(127), none(), "untestable -");
    }
}

#[test]
fn a_report_that_ends_early_or_a_plan_not_met_fails_the_command() {
    let mut truncated = reading(&[Outcome::Passed]);
    truncated
        .problems
        .push("report.xml ends in the middle of a report".into());
    check(
        &suite(Some(ResultFormat::Junit)),
        Ending::Exited(0),
        truncated,
        "tests-failed failed",
    );
    let mut unmet = reading(&[Outcome::Passed]);
    unmet.run_failures.push("planned 3 tests, ran 1".into());
    check(
        &suite(Some(ResultFormat::Tap)),
        Ending::Exited(0),
        unmet,
        "tests-failed failed",
    );
}

#[test]
fn a_missing_result_says_what_was_looked_for() {
    let mut nothing = Reading::default();
    nothing
        .notes
        .push("no new file matches target/*.xml".into());
    let judged = judge(
        &suite(Some(ResultFormat::Junit)),
        &Ending::Exited(0),
        nothing,
    );
    let Verdict::Untestable(reason) = judged.verdict else {
        panic!("{judged:?}")
    };
    assert_eq!(
        reason.to_string(),
        "no readable result: exit code 0; no new file matches target/*.xml"
    );
}
