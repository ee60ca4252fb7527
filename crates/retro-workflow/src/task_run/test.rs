//! The suites of a task, on its work tree.

use std::time::Duration;

use retro_domain::{Outcome, PhaseOutcome, Suite, TaskPhase, TestCase, Verdict};

use super::command::Step;
use super::session::{Phase, Session};
use crate::collect::{Before, Ended, Places, collect};
use crate::judge::judge;

impl Session {
    pub(super) fn test(&mut self) -> Phase {
        let suites = self
            .run
            .context
            .settings
            .suites
            .on()
            .cloned()
            .unwrap_or_default();
        let mut failures = Vec::new();
        for suite in &suites {
            match self.run_suite(suite)? {
                PhaseOutcome::Done => {}
                PhaseOutcome::Failed(why) => failures.push(format!("{}: {why}", suite.name)),
                other => return Ok(other),
            }
        }
        Ok(match failures.is_empty() {
            true => PhaseOutcome::Done,
            false => PhaseOutcome::Failed(failures.join("; ")),
        })
    }

    fn run_suite(&mut self, suite: &Suite) -> Phase {
        let work_tree = match self.workspace() {
            Ok(workspace) => workspace.work_tree().to_owned(),
            Err(error) => return self.git_failed("opening the work tree", &error),
        };
        let time = self.time_for(TaskPhase::Test, None);
        if let Some(build) = &suite.build {
            let name = format!("test-{}-build", suite.name);
            let ran = self.command(
                &step(suite, &name, build.argv(), suite.build_timeout, time),
                &work_tree,
            );
            match self.meaning("its build", ran)? {
                PhaseOutcome::Done => {}
                other => return Ok(other),
            }
        }
        let name = format!("test-{}", suite.name);
        let stdout = self.file("logs").join(format!("{name}.stdout"));
        let scratch = self.file("tmp");
        let places = Places {
            work_tree: &work_tree,
            scratch: &scratch,
            stdout: &stdout,
        };
        let before = Before::look(suite, &places);
        let ran = self.command(
            &step(suite, &name, suite.run.argv(), suite.timeout, time),
            &work_tree,
        );
        let ran = match ran {
            Ok(ran) => ran,
            Err(why) => return Ok(PhaseOutcome::Failed(why)),
        };
        let ended = Ended {
            succeeded: ran.ending.is_success(),
            output_cut: ran.stdout.truncated,
        };
        let reading = collect(suite, &places, &before, ended);
        let judged = judge(suite, &ran.ending, reading);
        for note in judged.notes {
            self.warn(format!("{}: {note}", suite.name))?;
        }
        Ok(match judged.verdict {
            _ if ran.ending == retro_exec::Ending::Cancelled => PhaseOutcome::Interrupted,
            Verdict::Passed => PhaseOutcome::Done,
            Verdict::TestsFailed => PhaseOutcome::Failed(failed(&judged.cases)),
            Verdict::TimedOut => PhaseOutcome::TimedOut,
            Verdict::Untestable(reason) => PhaseOutcome::Failed(reason.to_string()),
        })
    }
}

fn step<'a>(
    suite: &'a Suite,
    name: &'a str,
    argv: Vec<String>,
    limit: Option<Duration>,
    time: Duration,
) -> Step<'a> {
    Step {
        name,
        argv,
        work_dir: &suite.work_dir,
        env_allow: &suite.env_allow,
        env: &suite.env,
        time: limit.map_or(time, |limit| limit.min(time)),
    }
}

/// What failed, in a line: the first tests by name.
fn failed(cases: &[TestCase]) -> String {
    const SHOWN: usize = 3;
    let is_failure = |case: &&TestCase| matches!(case.outcome, Outcome::Failed | Outcome::Errored);
    let tests: Vec<&TestCase> = cases.iter().filter(|case| !case.id.is_command()).collect();
    let failed: Vec<String> = tests
        .iter()
        .copied()
        .filter(is_failure)
        .map(|case| case.id.to_string())
        .collect();
    if failed.is_empty() {
        return "the command failed".to_owned();
    }
    let more = failed.len().saturating_sub(SHOWN);
    let mut text = format!("{} of {} tests failed: ", failed.len(), tests.len());
    text += &failed[..failed.len() - more].join(", ");
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}
