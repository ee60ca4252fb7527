//! One test binary, from `running N tests` to `test result:`.

use std::collections::BTreeMap;
use std::time::Duration;

use retro_domain::{Location, Outcome, OutcomeCounts, TestCase, TestId};

use super::line::{Ended, ResultLine, TestLine, ended_after_output};
use crate::kept_text::KeptText;
use crate::output::Output;
use crate::panic_message::failure_message;
use crate::{ClaimedCounts, SuiteMetadata};

/// A binary whose end was not read yet.
///
/// Tests go out as their lines come, but for failed ones, whose details follow at the end: their
/// names wait here.
#[derive(Debug)]
pub(super) struct Binary {
    suite: Vec<String>,
    announced: Option<u64>,
    seen: OutcomeCounts,
    failed: BTreeMap<String, FailedTest>,
    /// The test whose output is being printed between its name and its result.
    open: Option<OpenTest>,
    /// Tests whose result was lost in output.
    unresolved: BTreeMap<String, OpenTest>,
    /// The latest of them, when no test came after it.
    last_unresolved: Option<String>,
    /// Bytes of output that the unresolved tests keep together.
    unresolved_bytes: usize,
    names_tests: bool,
    /// The failed test whose block of details is being read.
    block: Option<(String, KeptText)>,
    limit: usize,
}

#[derive(Debug, Default)]
struct FailedTest {
    mode: Option<String>,
    message: Option<String>,
    duration: Option<Duration>,
    stdout: Option<String>,
    is_told: bool,
}

#[derive(Debug)]
struct OpenTest {
    name: String,
    mode: Option<String>,
    output: KeptText,
    last_line: String,
}

impl Binary {
    pub(super) fn new(suite: Vec<String>, announced: Option<u64>, limit: usize) -> Self {
        Self {
            suite,
            announced,
            seen: OutcomeCounts::default(),
            failed: BTreeMap::new(),
            open: None,
            unresolved: BTreeMap::new(),
            last_unresolved: None,
            unresolved_bytes: 0,
            names_tests: false,
            block: None,
            limit,
        }
    }

    /// A test's line.
    pub(super) fn test(&mut self, line: TestLine<'_>, out: &mut Output<'_>) {
        self.names_tests = true;
        self.last_unresolved = None;
        match line.ended {
            Some(ended) => {
                self.ended(
                    line.name,
                    line.mode.map(ToOwned::to_owned),
                    ended,
                    None,
                    out,
                );
            }
            None => {
                self.open = Some(OpenTest {
                    name: line.name.to_owned(),
                    mode: line.mode.map(ToOwned::to_owned),
                    output: KeptText::new(self.limit),
                    last_line: String::new(),
                });
                self.output(line.rest);
            }
        }
    }

    /// A failed test that quiet output names.
    pub(super) fn quiet_failure(&mut self, name: &str) {
        self.names_tests = true;
        self.learn_of_failure(name);
    }

    /// A line that a test printed between its name and its result.
    pub(super) fn output(&mut self, line: &str) {
        if let Some(open) = &mut self.open
            && !line.trim().is_empty()
        {
            open.output.push_line(line.as_bytes());
            open.last_line.clear();
            // Only its end can be a result, and a line can be as long as a file.
            let cut = line.len().saturating_sub(1000);
            let cut = (cut..=line.len())
                .find(|&at| line.is_char_boundary(at))
                .unwrap_or(0);
            open.last_line.push_str(&line[cut..]);
        }
    }

    /// Whether a test is open that printed output.
    pub(super) fn has_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the output of the open test ends with a result.
    pub(super) fn has_result(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|open| ended_after_output(&open.last_line).is_some())
    }

    /// Gives the open test the result that its last line of output ends with.
    pub(super) fn resolve(&mut self, out: &mut Output<'_>) {
        let Some(open) = self.open.take() else { return };
        match ended_after_output(&open.last_line) {
            Some(ended) => {
                let stdout = open
                    .output
                    .finish()
                    .map(|text| without_result(&text, ended.outcome));
                let stdout = stdout.filter(|text| !text.trim().is_empty());
                self.ended(&open.name, open.mode, ended, stdout, out);
            }
            None => self.unresolved(open),
        }
    }

    fn unresolved(&mut self, mut open: OpenTest) {
        // Together they keep no more output than one test may.
        if self.unresolved_bytes + open.output.len() > self.limit {
            open.output = KeptText::new(self.limit);
        }
        self.unresolved_bytes += open.output.len();
        self.last_unresolved = Some(open.name.clone());
        self.unresolved.insert(open.name.clone(), open);
    }

    fn ended(
        &mut self,
        name: &str,
        mode: Option<String>,
        ended: Ended,
        stdout: Option<String>,
        out: &mut Output<'_>,
    ) {
        self.seen.add(ended.outcome, false);
        if ended.outcome == Outcome::Failed {
            // What was printed at once does not come again at the end.
            let is_complete = stdout.is_some();
            let failed = FailedTest {
                mode,
                message: ended.message,
                duration: ended.duration,
                stdout,
                is_told: false,
            };
            self.failed.insert(name.to_owned(), failed);
            if is_complete {
                self.tell_failure(name, None, out);
            }
            return;
        }
        let mut case = self.case(name, mode, ended.outcome);
        case.message = ended.message;
        case.duration = ended.duration;
        case.stdout = stdout;
        case.properties
            .extend(ended.bench.map(|bench| ("bench".to_owned(), bench)));
        out.case(case);
    }

    fn case(&self, name: &str, mode: Option<String>, outcome: Outcome) -> TestCase {
        let id = TestId {
            suite: self.suite.clone(),
            ..TestId::named(name)
        };
        let mut case = TestCase::new(id, outcome);
        case.location = documentation_test(name);
        case.properties
            .extend(mode.map(|mode| ("mode".to_owned(), mode)));
        case
    }

    /// Begins a failed test's details; false when the name is none that failed, so that the line
    /// belongs to the details before it.
    pub(super) fn begin_block(&mut self, name: &str, out: &mut Output<'_>) -> bool {
        let is_same = self.block.as_ref().is_some_and(|(open, _)| open == name);
        if is_same {
            return true;
        }
        let waits = self.failed.get(name).is_some_and(|test| !test.is_told);
        let is_unresolved = self.unresolved.contains_key(name);
        if !waits && !is_unresolved && self.names_tests && self.block.is_some() {
            return false;
        }
        self.end_block(out);
        if !waits && !self.failed.contains_key(name) {
            self.learn_of_failure(name);
        }
        self.block = Some((name.to_owned(), KeptText::new(self.limit)));
        true
    }

    pub(super) fn block_line(&mut self, line: &str) {
        if let Some((_, text)) = &mut self.block {
            text.push_line(line.as_bytes());
        }
    }

    pub(super) fn end_block(&mut self, out: &mut Output<'_>) {
        if let Some((name, text)) = self.block.take() {
            self.tell_failure(&name, text.finish_trimmed(), out);
        }
    }

    /// Whether a name is one of those that failed.
    pub(super) fn is_failed(&self, name: &str) -> bool {
        self.failed.contains_key(name)
            || self.unresolved.contains_key(name)
            || self.block.as_ref().is_some_and(|(open, _)| open == name)
    }

    /// A name in the list at the end.
    pub(super) fn listed(&mut self, name: &str, out: &mut Output<'_>) {
        self.end_block(out);
        if !self.failed.contains_key(name) {
            self.learn_of_failure(name);
        }
    }

    /// Notes a failure that no line of its own told.
    fn learn_of_failure(&mut self, name: &str) {
        let open = self.unresolved.remove(name);
        let (mode, stdout) = open.map_or((None, None), |open| (open.mode, open.output.finish()));
        self.seen.add(Outcome::Failed, false);
        self.failed.insert(
            name.to_owned(),
            FailedTest {
                mode,
                stdout,
                ..FailedTest::default()
            },
        );
    }

    fn tell_failure(&mut self, name: &str, detail: Option<String>, out: &mut Output<'_>) {
        let Some(test) = self.failed.get_mut(name).filter(|test| !test.is_told) else {
            return;
        };
        test.is_told = true;
        let FailedTest {
            mode,
            message,
            duration,
            stdout,
            ..
        } = std::mem::take(test);
        // A mark that it was told stays, without what was told.
        self.failed.insert(
            name.to_owned(),
            FailedTest {
                is_told: true,
                ..FailedTest::default()
            },
        );
        let mut case = self.case(name, mode, Outcome::Failed);
        case.duration = duration;
        case.stdout = stdout;
        let text = detail
            .as_deref()
            .or(case.stdout.as_deref())
            .unwrap_or_default();
        let (said, location) = failure_message(text);
        case.message = message.or(said);
        // A panic in a documentation test is in a file that exists only while it runs.
        case.location = case.location.or(location);
        case.detail = detail;
        out.case(case);
    }

    /// The end, as `test result:` tells it.
    pub(super) fn finish(mut self, line: u64, result: ResultLine, out: &mut Output<'_>) {
        self.end_block(out);
        let left = self.unresolved.len() as u64;
        if left > 0 && self.seen.passed + left == result.passed {
            for open in std::mem::take(&mut self.unresolved).into_values() {
                let plain = Ended {
                    outcome: Outcome::Passed,
                    message: None,
                    duration: None,
                    bench: None,
                };
                self.ended(&open.name, open.mode, plain, open.output.finish(), out);
            }
        }
        self.tell_all_failures(out);
        let ResultLine {
            ok,
            passed,
            failed,
            ignored,
            took,
        } = result;
        let seen = [self.seen.passed, self.seen.failed, self.seen.skipped];
        if seen != [passed, failed, ignored] {
            let message = format!(
                "the result line claims {passed} passed, {failed} failed, {ignored} ignored; \
                 the lines before it name {}, {} and {}",
                seen[0], seen[1], seen[2]
            );
            out.warn(line, message);
        }
        out.summary.truncated |=
            self.seen.total() < passed.saturating_add(failed).saturating_add(ignored);
        if !ok && self.seen.failed == 0 {
            out.run_failure("a test binary failed without naming a failed test");
        }
        out.suite(SuiteMetadata {
            path: self.suite,
            duration: took,
            claimed: ClaimedCounts {
                tests: Some(passed.saturating_add(failed).saturating_add(ignored)),
                failures: Some(failed),
                errors: None,
                skipped: Some(ignored),
            },
            ..SuiteMetadata::default()
        });
    }

    /// The end without a result line. `death` is what told it, when it was no mere end of the
    /// file: then the test that was running is the one that brought the binary down.
    pub(super) fn died(mut self, line: u64, death: Option<&str>, out: &mut Output<'_>) {
        self.end_block(out);
        self.tell_all_failures(out);
        let running = self
            .last_unresolved
            .take()
            .and_then(|name| self.unresolved.remove(&name));
        match (running, death) {
            (Some(open), Some(death)) => {
                let mut case = self.case(&open.name, open.mode, Outcome::Errored);
                case.message = Some(format!(
                    "the test binary ended while this test ran: {death}"
                ));
                case.detail = open.output.finish();
                self.seen.add(Outcome::Errored, false);
                out.case(case);
            }
            (Some(open), None) => {
                out.warn(
                    line,
                    format!(
                        "the file ends inside the test {}, which is left out",
                        open.name
                    ),
                );
            }
            (None, _) => {}
        }
        out.summary.truncated = true;
        let name = self.suite.first().map_or("a test binary", String::as_str);
        let of = self
            .announced
            .map_or(String::new(), |count| format!(" of {count}"));
        let why = death.map_or(String::new(), |death| format!(": {death}"));
        out.run_failure(format!(
            "{name} ended without a result line after {}{of} tests{why}",
            self.seen.total()
        ));
    }

    fn tell_all_failures(&mut self, out: &mut Output<'_>) {
        let waiting = self.failed.iter().filter(|(_, test)| !test.is_told);
        let names: Vec<String> = waiting.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.tell_failure(&name, None, out);
        }
    }
}

/// Output without the result that ends its last line.
fn without_result(text: &str, outcome: Outcome) -> String {
    let text = text.trim_end();
    let words: &[&str] = if outcome == Outcome::Failed {
        &["FAILED"]
    } else {
        &["ok"]
    };
    let cut = words.iter().find_map(|word| text.strip_suffix(word));
    cut.unwrap_or(text).to_owned()
}

/// Where a documentation test is: `src/lib.rs - name (line 12)`.
pub(crate) fn documentation_test(name: &str) -> Option<Location> {
    let (file, rest) = name.split_once(" - ")?;
    let (_, line) = rest.rsplit_once("(line ")?;
    let line = line.strip_suffix(')')?.parse().ok()?;
    Some(Location {
        file: file.replace('\\', "/"),
        line: Some(line),
    })
}
