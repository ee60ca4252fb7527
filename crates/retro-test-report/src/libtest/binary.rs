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
    /// The test whose block of details is being read.
    block: Option<Block>,
    limit: usize,
    /// Bytes that names of tests may still take.
    names_left: usize,
    /// Failed tests there was no such room for, which were told without their details.
    told_early: u64,
    /// Whether some of them were told before the names of all, which then come again.
    are_names_lost: bool,
    /// Tests without a result there was no room for.
    forgotten: u64,
}

/// What all names of tests that are kept may take, with what is known of the tests.
const NAMES: usize = 16 << 20;

/// What a test takes beside its name.
const EACH: usize = 320;

/// The details of one test.
#[derive(Debug)]
struct Block {
    name: String,
    /// `None` when there was no room for the test they belong to.
    text: Option<KeptText>,
    /// The test itself, when it is not among the failed ones.
    test: Option<FailedTest>,
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
            names_left: NAMES,
            told_early: 0,
            are_names_lost: false,
            forgotten: 0,
        }
    }

    /// Takes the room of a test's name; false when there is none.
    fn enter(&mut self, name: &str) -> bool {
        let left = self.names_left.checked_sub(EACH + 2 * name.len());
        self.names_left = left.unwrap_or(self.names_left);
        left.is_some()
    }

    /// Keeps a failed test until its details come, or gives it back when there is no room.
    fn keep(&mut self, name: &str, test: FailedTest) -> Option<FailedTest> {
        if !self.failed.contains_key(name) && !self.enter(name) {
            return Some(test);
        }
        self.failed.insert(name.to_owned(), test);
        None
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
    pub(super) fn quiet_failure(&mut self, name: &str, out: &mut Output<'_>) {
        self.names_tests = true;
        if let Some(test) = self.learn_of_failure(name) {
            self.tell_early(name, test, out);
        }
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
        if !self.enter(&open.name) {
            self.forgotten += 1;
            return;
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
            match self.keep(name, failed) {
                Some(failed) => self.tell_early(name, failed, out),
                None if is_complete => self.tell_failure(name, None, out),
                None => {}
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
        let is_same = self.block.as_ref().is_some_and(|open| open.name == name);
        if is_same {
            return true;
        }
        let waits = self.failed.get(name).is_some_and(|test| !test.is_told);
        let is_unresolved = self.unresolved.contains_key(name);
        let is_unknown = !waits && !is_unresolved;
        if is_unknown && self.names_tests && self.block.is_some() && !self.are_names_lost {
            return false;
        }
        self.end_block(out);
        // Without all names, a block whose test is not known is one that was told early.
        let is_early = is_unknown && self.names_tests && self.are_names_lost;
        let is_new = !is_early && !waits && !self.failed.contains_key(name);
        self.block = Some(Block {
            name: name.to_owned(),
            text: (!is_early).then(|| KeptText::new(self.limit)),
            test: if is_new {
                self.learn_of_failure(name)
            } else {
                None
            },
        });
        true
    }

    pub(super) fn block_line(&mut self, line: &str) {
        let text = self.block.as_mut().and_then(|block| block.text.as_mut());
        if let Some(text) = text {
            text.push_line(line.as_bytes());
        }
    }

    /// Whether details are being read.
    pub(super) fn has_block(&self) -> bool {
        self.block.is_some()
    }

    pub(super) fn end_block(&mut self, out: &mut Output<'_>) {
        let Some(Block { name, text, test }) = self.block.take() else {
            return;
        };
        let detail = text.and_then(KeptText::finish_trimmed);
        match test {
            Some(test) => {
                self.are_names_lost = true;
                self.tell(&name, test, detail, out);
            }
            None => self.tell_failure(&name, detail, out),
        }
    }

    /// Whether a name is one of those that failed.
    pub(super) fn is_failed(&self, name: &str) -> bool {
        self.failed.contains_key(name)
            || self.unresolved.contains_key(name)
            || self.are_names_lost
            || self.block.as_ref().is_some_and(|open| open.name == name)
    }

    /// A name in the list at the end.
    pub(super) fn listed(&mut self, name: &str, out: &mut Output<'_>) {
        self.end_block(out);
        // Without all names, one that is not known is one that was told early.
        let is_known = self.failed.contains_key(name)
            || self.are_names_lost && !self.unresolved.contains_key(name);
        if !is_known && let Some(test) = self.learn_of_failure(name) {
            // Nothing more is said of it, and no name comes after the list.
            self.tell(name, test, None, out);
        }
    }

    /// Notes a failure that no line of its own told, or gives it back when there is no room.
    fn learn_of_failure(&mut self, name: &str) -> Option<FailedTest> {
        let open = self.unresolved.remove(name);
        let (mode, stdout) = open.map_or((None, None), |open| (open.mode, open.output.finish()));
        self.seen.add(Outcome::Failed, false);
        let test = FailedTest {
            mode,
            stdout,
            ..FailedTest::default()
        };
        self.keep(name, test)
    }

    /// Tells a failure whose details would come later.
    fn tell_early(&mut self, name: &str, test: FailedTest, out: &mut Output<'_>) {
        self.told_early += 1;
        self.are_names_lost = true;
        self.tell(name, test, None, out);
    }

    fn tell_failure(&mut self, name: &str, detail: Option<String>, out: &mut Output<'_>) {
        let Some(test) = self.failed.get_mut(name).filter(|test| !test.is_told) else {
            return;
        };
        // A mark that it was told stays, without what was told.
        let told = FailedTest {
            is_told: true,
            ..FailedTest::default()
        };
        let test = std::mem::replace(test, told);
        self.tell(name, test, detail, out);
    }

    fn tell(&self, name: &str, test: FailedTest, detail: Option<String>, out: &mut Output<'_>) {
        let mut case = self.case(name, test.mode, Outcome::Failed);
        case.duration = test.duration;
        case.stdout = test.stdout;
        let text = detail
            .as_deref()
            .or(case.stdout.as_deref())
            .unwrap_or_default();
        let (said, location) = failure_message(text);
        case.message = test.message.or(said);
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
        self.tell_what_is_missing(line, out);
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
        let claimed = passed.saturating_add(failed).saturating_add(ignored);
        out.summary.truncated |= self.seen.total() < claimed;
        if let Some(announced) = self.announced.filter(|announced| *announced != claimed) {
            out.summary.truncated |= claimed < announced;
            let message =
                format!("{announced} tests were announced; the result line counts {claimed}");
            out.warn(line, message);
        }
        if !ok && self.seen.failed == 0 {
            out.run_failure("a test binary failed without naming a failed test");
        }
        out.suite(SuiteMetadata {
            path: self.suite,
            duration: took,
            claimed: ClaimedCounts {
                tests: Some(claimed),
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
        self.tell_what_is_missing(line, out);
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

    fn tell_what_is_missing(&mut self, line: u64, out: &mut Output<'_>) {
        let (early, forgotten) = (self.told_early, self.forgotten);
        if early > 0 {
            let why = format!("{early} failed tests are too many to wait for their details");
            out.warn(line, why);
        }
        if forgotten > 0 {
            let why = format!("{forgotten} tests whose results are lost in output are left out");
            out.warn(line, why);
            out.summary.truncated = true;
        }
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
