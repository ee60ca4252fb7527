//! The summary of a run: counts, findings, where the logs are, what to type next.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use retro_analysis::Transition;
use retro_domain::{CacheKey, CommitId, TestId, Verdict};
use retro_store::{ResultStore, ResultSummary, RunRecord, RunStatus, StoreError};
use retro_workflow::{LookBackReport, RunView, StopCause};

use super::plan::count;
use super::{Paint, clip, commit_line, one_line};
use crate::ProcessIdentity;

/// Messages of failures, by the commit's result and the test.
pub type Messages = HashMap<(CacheKey, TestId), String>;

/// How many tests of one finding are listed.
const TESTS_LISTED: usize = 10;

/// The messages of the tests that began to fail, where they did.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn messages(view: &RunView, results: &dyn ResultStore) -> Result<Messages, StoreError> {
    let found = &view.findings;
    let mut places: Vec<usize> = found
        .broke
        .iter()
        .chain(&found.new_failures)
        .map(|found| found.commit)
        .collect();
    places.sort_unstable();
    places.dedup();
    let mut messages = Messages::new();
    for place in places {
        let key = view.commit(place).key;
        for case in results.failures(&key).await?.into_iter().flatten() {
            if let Some(message) = case.message.or(case.detail) {
                messages.insert((key, case.id), message);
            }
        }
    }
    Ok(messages)
}

/// The whole summary of a run. `name_run`: what to type next names it, since it is not the latest.
pub fn summary(
    view: &RunView,
    report: Option<&LookBackReport>,
    messages: &Messages,
    name_run: bool,
    paint: Paint,
) -> String {
    let mut page = Page {
        view,
        messages,
        name_run,
        paint,
        text: String::new(),
    };
    page.counts(report);
    page.transitions(paint.bad("BROKE"), &view.findings.broke);
    page.transitions(paint.bad("NEW, FAILING"), &view.findings.new_failures);
    page.transitions(paint.good("FIXED"), &view.findings.fixed);
    page.flaky();
    page.untestable();
    page.failing_from_start();
    page.trouble(report);
    page.next_steps();
    page.text
}

/// Transitions that are told together: where they were seen, who may be to blame, and since when.
type Group<'a> = (usize, &'a [usize], &'a [usize]);

struct Page<'a> {
    view: &'a RunView,
    messages: &'a Messages,
    name_run: bool,
    paint: Paint,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{line}");
    }

    fn counts(&mut self, report: Option<&LookBackReport>) {
        let run = &self.view.run;
        let commits = count(run.commits.len(), "commit");
        let mut head = format!(
            "run {}: {commits}, suite {}",
            run.id,
            one_line(&run.suite_name)
        );
        if let Some(ended) = run.finished_at {
            let took = super::duration(ended.since(run.started_at));
            let _ = write!(head, ", {took}");
        }
        self.line(head);
        let mut by_verdict: BTreeMap<&str, usize> = BTreeMap::new();
        for summary in &self.view.summaries {
            let name = summary
                .as_ref()
                .map_or("not run", |summary| match summary.verdict {
                    Verdict::Passed => "passed",
                    Verdict::TestsFailed => "with failed tests",
                    Verdict::Untestable(_) => "untestable",
                    Verdict::TimedOut => "timed out",
                });
            *by_verdict.entry(name).or_default() += 1;
        }
        let order = [
            "passed",
            "with failed tests",
            "untestable",
            "timed out",
            "not run",
        ];
        let parts: Vec<String> = order
            .into_iter()
            .filter_map(|name| {
                by_verdict
                    .get(name)
                    .map(|number| format!("{number} {name}"))
            })
            .collect();
        let newest = self.view.summaries.iter().rev().flatten().next();
        let tests = newest.map_or(0, |summary| summary.counts.total());
        let tests = usize::try_from(tests).unwrap_or(usize::MAX);
        let tests = if tests > 0 {
            format!("; {} in the newest", count(tests, "test"))
        } else {
            String::new()
        };
        self.line(format!("  {}{tests}", parts.join(", ")));
        if let Some(cause) = report.and_then(|report| report.stopped.as_ref()) {
            let why = match cause {
                StopCause::Interrupted => "interrupted",
                StopCause::FailFast => "stopped at the first failure (--fail-fast)",
                StopCause::TimeLimit => "its time was up (--time-limit)",
                StopCause::Fatal(_) => "it could not go on",
            };
            self.line(self.paint.doubtful(format!("  ended early: {why}")));
        }
        if report.is_none() {
            self.looked_up();
        }
    }

    /// How a run that is over, or another process's, stands.
    fn looked_up(&mut self) {
        let without = self.view.without_result();
        let standing = match self.view.run.status {
            RunStatus::Running if is_abandoned(&self.view.run) => {
                "abandoned: its process is gone; the same command goes on from here".to_owned()
            }
            RunStatus::Running => "still running".to_owned(),
            RunStatus::Interrupted => "was stopped before its end".to_owned(),
            RunStatus::Failed => "ended early: it could not go on".to_owned(),
            RunStatus::Finished if without > 0 => lost_results(without),
            RunStatus::Finished => return,
        };
        self.line(self.paint.doubtful(format!("  {standing}")));
    }

    /// Transitions, grouped by the commit where they were seen and by who may be to blame.
    fn transitions(&mut self, label: String, found: &[Transition]) {
        let mut groups: BTreeMap<Group<'_>, Vec<&Transition>> = BTreeMap::new();
        for transition in found {
            let key = (
                transition.commit,
                &*transition.suspects,
                &*transition.before,
            );
            groups.entry(key).or_default().push(transition);
        }
        for ((commit, suspects, _), transitions) in groups {
            let line = commit_line(self.view.commit(commit), self.paint);
            self.line("");
            self.line(format!("{label} {line}"));
            if suspects.len() > 1 {
                let untested = count(suspects.len() - 1, "commit");
                let text = format!("  it, or one of {untested} before it that gave no result:");
                self.line(self.paint.doubtful(text));
                self.commits(&suspects[..suspects.len() - 1]);
            }
            if transitions.iter().any(|transition| transition.open_ended) {
                let text = "  or a commit before this range: not every way back is in it";
                self.line(self.paint.doubtful(text));
            }
            let unlisted = self.unlisted(suspects);
            if unlisted {
                let text = "  or one between these and the nearest listed commit: the range leaves \
                            commits out";
                self.line(self.paint.doubtful(text));
            }
            for transition in transitions.iter().take(TESTS_LISTED) {
                let test = self.view.test(transition.test);
                let chance = if transition.unreliable {
                    " (flaky: may be chance)"
                } else {
                    ""
                };
                self.line(format!("  {}{chance}", one_line(&test.to_string())));
                let key = (self.view.commit(commit).key, test.clone());
                if let Some(message) = self.messages.get(&key) {
                    let message = clip(&one_line(message), 100);
                    self.line(self.paint.dim(format!("      {message}")));
                }
            }
            self.more(transitions.len());
        }
    }

    /// Whether commits between the suspects and the nearest results were left out of the range.
    fn unlisted(&self, suspects: &[usize]) -> bool {
        suspects
            .iter()
            .any(|&suspect| self.view.commit(suspect).skips_ancestors)
    }

    fn commits(&mut self, places: &[usize]) {
        for &place in places.iter().rev().take(TESTS_LISTED) {
            let line = commit_line(self.view.commit(place), self.paint);
            self.line(format!("    {line}"));
        }
        self.more(places.len());
    }

    fn more(&mut self, number: usize) {
        if number > TESTS_LISTED {
            self.line(format!("  … and {} more", number - TESTS_LISTED));
        }
    }

    fn flaky(&mut self) {
        let view = self.view;
        if view.findings.flaky.is_empty() {
            return;
        }
        self.line("");
        self.line(self.paint.doubtful("FLAKY"));
        for flaky in view.findings.flaky.iter().take(TESTS_LISTED) {
            let test = one_line(&view.test(flaky.test).to_string());
            let last = flaky
                .commits
                .last()
                .map(|&place| view.commit(place).commit.short());
            let commits = count(flaky.commits.len(), "commit");
            self.line(format!(
                "  {test} in {commits}, last {}",
                last.unwrap_or_default()
            ));
        }
        self.more(view.findings.flaky.len());
    }

    fn untestable(&mut self) {
        let view = self.view;
        for range in &view.findings.untestable {
            self.line("");
            let number = count(range.commits.len(), "commit");
            self.line(format!("{} {number}", self.paint.doubtful("UNTESTABLE")));
            self.commits(&range.commits);
            let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
            for summary in range
                .commits
                .iter()
                .filter_map(|&at| view.summaries[at].as_ref())
            {
                *reasons.entry(verdict(summary)).or_default() += 1;
            }
            for (reason, number) in reasons.iter().take(TESTS_LISTED) {
                let reason = clip(&one_line(reason), 160);
                match reasons.len() {
                    1 => self.line(format!("  {reason}")),
                    _ => self.line(format!("  {number} x {reason}")),
                }
            }
            self.more(reasons.len());
        }
        if !view.findings.untestable.is_empty() {
            self.line(self.paint.dim(
                "  remembered; when the reason was one that passes, --retry-untestable runs them again",
            ));
        }
    }

    fn failing_from_start(&mut self) {
        let view = self.view;
        let tests = &view.findings.failing_from_start;
        if tests.is_empty() {
            return;
        }
        self.line("");
        let label = self.paint.bad("FAILING FROM THE START");
        let older = match view.begins_with_history() {
            true => "",
            false => ": an older range shows where",
        };
        self.line(format!("{label} {}{older}", count(tests.len(), "test")));
        for &test in tests.iter().take(TESTS_LISTED) {
            self.line(format!("  {}", one_line(&view.test(test).to_string())));
        }
        self.more(tests.len());
    }

    fn trouble(&mut self, report: Option<&LookBackReport>) {
        let not_done: Vec<(CommitId, String)> = match report {
            Some(report) => report.failed.clone(),
            None => {
                let known = self.view.not_done.iter();
                let known =
                    known.map(|(place, why)| (self.view.commit(*place).commit, why.clone()));
                known.collect()
            }
        };
        if not_done.is_empty() {
            return;
        }
        self.line("");
        let label = self.paint.bad("NOT DONE");
        self.line(format!(
            "{label} {} (tried again by the next run)",
            count(not_done.len(), "commit")
        ));
        for (commit, reason) in not_done.iter().take(TESTS_LISTED) {
            self.line(format!(
                "  {} {}",
                self.paint.id(commit.short()),
                one_line(reason)
            ));
        }
        self.more(not_done.len());
    }

    fn next_steps(&mut self) {
        let view = self.view;
        let found = &view.findings;
        let first = found.broke.iter().chain(&found.new_failures).last();
        let commit = first.map(|first| first.commit).or_else(|| {
            view.summaries.iter().rposition(|summary| {
                summary
                    .as_ref()
                    .is_some_and(|summary| summary.verdict != Verdict::Passed)
            })
        });
        self.line("");
        match commit {
            Some(place) => {
                let id = view.commit(place).commit.short();
                let suite = match self.name_run {
                    true => format!(" --suite '{}'", one_line(&view.run.suite_name)),
                    false => String::new(),
                };
                self.line(format!("logs:  git retro log {id}{suite}"));
            }
            None => self.line(format!("all:   git retro show {}", view.run.id)),
        }
        if let Some(first) = first {
            let test = view.test(first.test).to_string().replace('\'', r"'\''");
            let run = match self.name_run {
                true => format!("--run {} ", view.run.id),
                false => String::new(),
            };
            // A name that looks like a flag.
            let dashes = if test.starts_with('-') { "-- " } else { "" };
            let test = one_line(&test);
            self.line(format!("why:   git retro why {run}{dashes}'{test}'"));
        }
    }
}

/// A run whose process is gone does not run any more, whatever its record says.
pub fn is_abandoned(run: &RunRecord) -> bool {
    run.status == RunStatus::Running && ProcessIdentity::is_gone(&run.owner.0)
}

/// Why so many commits of a finished run have no result.
pub fn lost_results(number: usize) -> String {
    let have = if number == 1 { "has" } else { "have" };
    format!(
        "{} {have} no result: removed by `git retro gc`, or never made; the same command makes what \
         is missing",
        count(number, "commit")
    )
}

/// A verdict with its reason.
pub fn verdict(summary: &ResultSummary) -> String {
    summary.verdict.to_string()
}
