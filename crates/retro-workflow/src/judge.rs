//! From how a command ended and what it reported to a verdict. Pure.

use std::collections::BTreeMap;

use retro_domain::{
    CommandLine, Outcome, RepeatRule, ResultFormat, Suite, TestCase, TestId, UntestableReason,
    Verdict,
};
use retro_exec::Ending;

use crate::collect::Reading;

/// What one execution of a suite's run command says.
#[derive(Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) cases: Vec<TestCase>,
    pub(crate) notes: Vec<String>,
    /// The command exited with 0, and nothing went wrong beside the tests. That it passed without
    /// this only says that its failed tests explain how it ended.
    pub(crate) clean: bool,
}

impl Judgement {
    /// Joins two executions of the same commit: a test that passed in one of them is passed. The
    /// command itself has passed where it was clean once; where it never was, it has failed if it
    /// failed at all.
    pub(crate) fn join(self, again: Self) -> Self {
        let clean = self.clean || again.clean;
        let mut cases: BTreeMap<TestId, TestCase> = BTreeMap::new();
        for case in self.cases.into_iter().chain(again.cases) {
            let merged = match cases.remove(&case.id) {
                Some(earlier) => {
                    // How each execution saw the test counts, and not the attempts inside of one,
                    // which may be those of another test of the same name.
                    let passed = [&earlier, &case].map(|it| it.outcome == Outcome::Passed);
                    let forgiven = passed.contains(&true) && (clean || !case.id.is_command());
                    earlier.merge(
                        case,
                        match forgiven {
                            true => RepeatRule::AnyPassPasses,
                            false => RepeatRule::AnyFailureFails,
                        },
                    )
                }
                None => case,
            };
            cases.insert(merged.id.clone(), merged);
        }
        let cases: Vec<TestCase> = cases.into_values().collect();
        let failed = cases.iter().any(|case| case.outcome.is_failure());
        let mut notes = self.notes;
        notes.extend(again.notes);
        Self {
            verdict: match failed {
                true => Verdict::TestsFailed,
                false => Verdict::Passed,
            },
            cases,
            notes,
            clean,
        }
    }
}

/// Judges one execution.
///
/// The command as a whole is recorded as a test of its own ([`TestId::command`]) beside the tests
/// it reported. It fails when something went wrong that no test accounts for: an exit code other
/// than 0 while every test passed, a crash, a report that ends early. For a suite without reports
/// it is the only test.
pub(crate) fn judge(suite: &Suite, ending: &Ending, reading: Reading) -> Judgement {
    let Reading {
        mut cases,
        reports,
        problems,
        run_failures,
        mut notes,
        ..
    } = reading;
    let untestable = |reason, notes| Judgement {
        verdict: Verdict::Untestable(reason),
        cases: Vec::new(),
        notes,
        clean: false,
    };
    match ending {
        Ending::Exited(code) if suite.skip_exit_codes.contains(code) => {
            return untestable(UntestableReason::SkipCode(*code), notes);
        }
        Ending::TimedOut { .. } => {
            return Judgement {
                verdict: Verdict::TimedOut,
                cases,
                notes,
                clean: false,
            };
        }
        _ => {}
    }
    if reports == 0 && matches!(suite.run, CommandLine::Shell(_)) && *ending == Ending::Exited(127)
    {
        let why = "the shell did not find a program of the command (exit code 127)".to_owned();
        return untestable(UntestableReason::NoResults(why), notes);
    }
    let succeeded = *ending == Ending::Exited(0);
    if reports == 0 && !is_exit_code_only(suite) {
        let why = no_results(ending, &problems, &notes);
        return untestable(UntestableReason::NoResults(why), notes);
    }
    if reports > 0 && cases.is_empty() && !succeeded {
        let why = format!("the command ran no test ({ending})");
        return untestable(UntestableReason::NoResults(why), notes);
    }
    let any_failed = cases.iter().any(|case| case.outcome.is_failure());
    let mut unexplained: Vec<String> = Vec::new();
    match ending {
        Ending::Exited(0) => {}
        Ending::Exited(_) if any_failed => {}
        _ => unexplained.push(ending.to_string()),
    }
    if !any_failed || !problems.is_empty() {
        unexplained.extend(problems.iter().cloned());
    }
    if !any_failed {
        unexplained.extend(run_failures.iter().cloned());
    }
    notes.extend(problems);
    notes.extend(run_failures);
    let outcome = match (unexplained.is_empty(), ending) {
        (true, _) => Outcome::Passed,
        (false, Ending::Exited(_)) => Outcome::Failed,
        (false, _) => Outcome::Errored,
    };
    let mut command = TestCase::new(TestId::command(&suite.name), outcome);
    command.message = (!unexplained.is_empty()).then(|| unexplained.join("; "));
    let failed = any_failed || outcome.is_failure();
    cases.push(command);
    let verdict = if failed {
        Verdict::TestsFailed
    } else {
        Verdict::Passed
    };
    Judgement {
        verdict,
        cases,
        notes,
        clean: succeeded && outcome == Outcome::Passed,
    }
}

/// Whether the exit code alone may stand for a result: the suite says so, or names no results.
fn is_exit_code_only(suite: &Suite) -> bool {
    suite
        .results
        .iter()
        .all(|source| source.format == ResultFormat::ExitCode)
}

fn no_results(ending: &Ending, problems: &[String], notes: &[String]) -> String {
    let looked: Vec<&str> = match (problems, notes) {
        ([], []) => vec!["nothing that was written is a report"],
        ([], notes) => notes.iter().map(String::as_str).take(3).collect(),
        (problems, _) => problems.iter().map(String::as_str).take(3).collect(),
    };
    format!("{ending}; {}", looked.join("; "))
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
