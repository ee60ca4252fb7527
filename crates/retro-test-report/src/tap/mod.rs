//! TAP, versions 12 to 14.
//!
//! The outermost tests are the cases. A test that is `TODO`, passed or not, is
//! [`Skipped`](Outcome::Skipped) with the property `todo` = `ok` or `not ok`: its result was
//! declared not to count.

mod diagnostics;
mod level;
mod line;
mod plan;

use std::io::BufRead;

use self::diagnostics::Diagnostics;
use self::level::{Handed, Level, Pending, Subtests};
use self::line::{
    Line, Planned, TestLine, classify, file_of_absolute, indentation, is_end_of_script, is_half,
    is_summary, is_verdict, is_version, plan, script, script_of_absolute, skip_all_reason,
    todo_list, unescape, without_indentation,
};
use crate::ParseError;
use crate::foreign::Foreign;
use crate::kept_text::{KeptText, lossy};
use crate::lines::Lines;
use crate::output::Output;

/// Subtests deeper than this are read as if they were this deep.
const DEEPEST: usize = 100;

/// Columns of one level of subtests.
const STEP: usize = 4;

/// Reads a stream; whether there was any TAP in it.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let limit = out.options.max_text;
    let mut lines = Lines::new(reader, limit.max(4096));
    let mut stream = Stream {
        out,
        number: 0,
        levels: vec![Level::outermost(String::new())],
        handed: Handed::new(),
        block: None,
        after_test: false,
        output: KeptText::new(limit),
        recognised: false,
        bailed_out: false,
        in_script: false,
        has_ended: false,
        announced_file: None,
        foreign: Foreign::default(),
        has_end: true,
    };
    while let Some((line, has_end)) = lines.next_and_end()? {
        stream.number += 1;
        stream.has_end = has_end;
        stream.line(&lossy(line));
    }
    stream.finish();
    Ok(stream.recognised)
}

/// Whether a line can only be TAP. `ok` and a word alone is not enough: `go test` prints that too.
pub(crate) fn is_evidence(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(&line[..line.len().min(200)]);
    if is_heading(line.as_bytes()) {
        return true;
    }
    match classify(&line) {
        Line::Test(TestLine {
            number: Some(_), ..
        }) => true,
        Line::Test(TestLine { ok: false, .. }) => line.len() > "not ok".len(),
        Line::Test(_) => line.starts_with("ok - "),
        _ => false,
    }
}

/// Whether there is nothing but tests that say little of themselves. One of them has to have its
/// number: many programs print `ok` and mean no test.
pub(crate) fn is_nothing_else(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let mut is_numbered = false;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let are_tests = lines.all(|line| match classify(line) {
        Line::Test(test) => {
            is_numbered |= test.number.is_some();
            test.description.is_empty()
        }
        _ => false,
    });
    are_tests && is_numbered
}

/// Whether a line is a version or a plan, which no other format has.
pub(crate) fn is_heading(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(&line[..line.len().min(200)]);
    let is_plan = |(planned, rest): (Planned, &str)| {
        let is_end = rest.is_empty() || rest.starts_with(['#', ';']) || rest.starts_with("todo ");
        // Other ranges may be any tool's.
        planned.first == 1 && is_end
    };
    is_version(line.trim_start()) || plan(line.trim_end()).is_some_and(is_plan)
}

struct Stream<'o, 's> {
    out: &'o mut Output<'s>,
    number: u64,
    /// The stream itself, and the subtests that are open.
    levels: Vec<Level>,
    handed: Handed,
    /// The indentation of the YAML block that is open.
    block: Option<usize>,
    /// Whether nothing but comments came since the last test.
    after_test: bool,
    /// Lines that are no TAP: output of the test whose line comes next.
    output: KeptText,
    recognised: bool,
    bailed_out: bool,
    /// Whether prove said which script the output is of.
    in_script: bool,
    /// Whether that script's end was told.
    has_ended: bool,
    /// The file that a `# Subtest:` named by its absolute path.
    announced_file: Option<String>,
    foreign: Foreign,
    /// Whether the line has an end, which only the last one of a file may be without.
    has_end: bool,
}

impl Stream<'_, '_> {
    fn line(&mut self, line: &str) {
        let (indent, text) = indentation(line);
        if let Some(block) = self.block {
            if text.is_empty()
                || (indent >= block && !(indent == block && text.trim_end() == "..."))
            {
                let inner = without_indentation(line, block);
                self.diagnostics(|diagnostics| diagnostics.yaml_line(inner));
                return;
            }
            // Less indented than the block: its end, or a line that ends a block which has none.
            self.block = None;
            if text.trim_end() == "..." {
                self.diagnostics(Diagnostics::close);
                return;
            }
        }
        let kind = classify(text);
        let is_structure = indent.is_multiple_of(STEP);
        let depth = (indent / STEP).min(DEEPEST);
        match kind {
            Line::Blank => {}
            Line::YamlStart if self.after_test && indent > 0 => self.block = Some(indent),
            Line::Comment(comment) => self.comment(comment),
            // A version says what the stream is, however it is indented.
            Line::Version => {
                self.recognised = true;
                if let Some(level) = self.levels.last_mut() {
                    level.next_number = 1;
                }
            }
            _ if !is_structure => self.text(line),
            // prove has no other word for a script that passed.
            Line::Test(_) if self.in_script && depth == 0 && is_verdict(text) => {
                self.settle(0);
                self.flush(0);
                self.has_ended = true;
            }
            Line::Test(mut test) => {
                self.settle(depth);
                if self.has_end || self.is_whole(depth, text, &mut test) {
                    self.test(depth, test);
                }
            }
            Line::Plan(planned, rest) => {
                self.settle(depth);
                if !self.has_end && self.levels[depth].plan.may_be_cut(planned.count()) {
                    self.cut();
                } else {
                    self.plan(depth, planned, rest);
                }
            }
            Line::BailOut(reason) => {
                self.recognised = true;
                self.bailed_out = true;
                self.out
                    .run_failure(format!("Bail out! {reason}").trim_end());
            }
            Line::Subtest(name) => {
                self.settle(depth);
                self.after_test = false;
                if depth == 0 && script_of_absolute(name).is_some() {
                    self.announced_file = Some(unescape(name.into()).into_owned());
                }
                self.levels[depth].announce(depth, name);
            }
            Line::OpenBrace if self.levels.get(depth).is_some_and(|l| l.pending.is_some()) => {
                self.settle(depth);
                if let Some(pending) = &mut self.levels[depth].pending {
                    pending.opens = true;
                }
            }
            Line::CloseBrace if depth + 1 < self.levels.len() || self.holds_open(depth) => {
                self.settle(depth);
                self.flush(depth);
            }
            Line::Pragma => {}
            _ if indent == 0 => self.outermost_text(line),
            _ => self.text(line),
        }
    }

    fn holds_open(&self, depth: usize) -> bool {
        let level = self.levels.get(depth);
        level
            .and_then(|level| level.pending.as_ref())
            .is_some_and(|pending| pending.opens)
    }

    fn text(&mut self, line: &str) {
        self.after_test = false;
        self.output.push_line(line.as_bytes());
    }

    /// A line that is no TAP, but may be what prove says of the scripts it runs.
    fn outermost_text(&mut self, line: &str) {
        if let Some(script) = script(line).filter(|_| self.may_begin_script()) {
            self.begin_script(script);
        } else if is_end_of_script(line) {
            self.has_ended = true;
        } else if let Some(status) = line.strip_prefix("Dubious, test returned ") {
            self.settle(0);
            self.flush(0);
            self.has_ended = true;
            // A script that counts its failed tests in its status says nothing more by that.
            if self.levels[0].failed == 0 || status.split(' ').next() == Some("255") {
                self.script_failed(line);
            }
        } else {
            self.foreign.look(self.number, line, self.out);
            self.text(line);
        }
    }

    /// Whether another script may begin here: a line that looks like it may be a test's output.
    fn may_begin_script(&self) -> bool {
        let plan = &self.levels[0].plan;
        self.has_ended || plan.is_met() || plan.tests + plan.plans == 0
    }

    fn begin_script(&mut self, script: &str) {
        self.end_of_stream(false);
        // Folders of one machine are no part of a name.
        let name = file_of_absolute(script).unwrap_or(script);
        self.levels[0] = Level::outermost(name.to_owned());
        self.output.take();
        self.after_test = false;
        (self.in_script, self.has_ended) = (true, false);
    }

    fn script_failed(&mut self, why: &str) {
        let name = &self.levels[0].name;
        let head = if name.is_empty() { "" } else { ": " };
        self.out.run_failure(format!("{name}{head}{why}"));
    }

    /// Whether a test's line that has no end is a test. The last line of many files that are
    /// complete has none, so all that reads as a test counts; only a number that may be the first
    /// digits of the one that was due says nothing.
    fn is_whole(&mut self, depth: usize, text: &str, test: &mut TestLine<'_>) -> bool {
        if self.levels[depth].begins_next_number(test) {
            self.cut();
            return false;
        }
        self.out.summary.truncated |= is_half(text, test);
        if !text.ends_with('s') {
            // The unit may be cut.
            test.duration = None;
        }
        self.out.warn(
            self.number,
            "the last line has no line end: its test counts, but the line may be cut",
        );
        true
    }

    fn cut(&mut self) {
        self.recognised = true;
        self.out.summary.truncated = true;
        self.out
            .warn(self.number, "the last line is cut, and was left out");
    }

    fn comment(&mut self, comment: &str) {
        if is_summary(comment) {
            // That a script died is more than its tests say.
            if comment.starts_with("Looks like your test ") {
                self.script_failed(comment);
            }
            return;
        }
        let failed = self.levels.last().and_then(|level| level.pending.as_ref());
        if failed.is_some_and(|pending| pending.outcome.is_failure()) && !comment.is_empty() {
            self.diagnostics(|diagnostics| diagnostics.comment(comment));
        }
    }

    fn diagnostics(&mut self, add: impl FnOnce(&mut Diagnostics)) {
        let limit = self.out.options.max_text;
        if let Some(pending) = self
            .levels
            .last_mut()
            .and_then(|level| level.pending.as_mut())
        {
            add(pending
                .diagnostics
                .get_or_insert_with(|| self.handed.diagnostics(limit)));
        }
    }

    fn test(&mut self, depth: usize, test: TestLine<'_>) {
        self.recognised = true;
        self.flush(depth);
        let level = &mut self.levels[depth];
        level.plan.tests += 1;
        let number = test.number.unwrap_or(level.next_number);
        let is_todo = !level.todo.is_empty() && level.todo.binary_search(&number).is_ok();
        let in_sequence = test.number.is_none_or(|number| number == level.next_number);
        level.next_number = number.saturating_add(1);
        if !in_sequence && depth == 0 && !std::mem::replace(&mut level.out_of_sequence, true) {
            self.out.warn(
                self.number,
                "the numbers of tests are not in sequence from here on",
            );
        }
        let subtests = std::mem::take(&mut level.unclaimed);
        let ordinal = level.plan.tests;
        let spare = &mut self.handed.spare;
        let is_file = depth == 0
            && self
                .announced_file
                .take()
                .is_some_and(|file| file == test.description);
        let mut test = Pending::new(test, ordinal, subtests, self.output.take(), spare);
        if is_file {
            test.be_file();
        }
        if is_todo {
            test.be_todo();
        }
        level.pending = Some(test);
        self.after_test = true;
    }

    fn plan(&mut self, depth: usize, planned: Planned, rest: &str) {
        self.recognised = true;
        self.after_test = false;
        let (first, count) = (planned.first, planned.count());
        let level = &mut self.levels[depth];
        if level.plan.add(count) || level.plan.tests == 0 {
            level.next_number = first;
        }
        if first > 1 {
            let why = format!(
                "the plan begins with test {first}: the ones before are not in this stream"
            );
            self.out.warn(self.number, why);
        }
        level.todo = todo_list(rest).unwrap_or_default();
        if level.plan.is_met() && count > 0 {
            // What comes now is about the whole.
            self.flush(depth);
        }
        let level = &mut self.levels[depth];
        if depth == 0 {
            if level.todo.is_empty() && rest.starts_with("todo") {
                let why = "a list of tests to do in a plan is read only when `;` ends it";
                self.out.warn(self.number, why);
            }
            if let Some(reason) = skip_all_reason(rest) {
                self.out
                    .warn(self.number, format!("all tests are skipped: {reason}"));
            }
            if level.plan.plans == 2 {
                self.out.warn(self.number, "there is more than one plan");
            }
        }
    }

    /// Makes `depth` the innermost level: closes what is deeper, opens what is missing.
    fn settle(&mut self, depth: usize) {
        while self.levels.len() > depth + 1 {
            self.close_level();
        }
        while self.levels.len() < depth + 1 {
            let outer = self.levels.len() - 1;
            if !self.holds_open(outer) {
                self.flush(outer);
            }
            let level = self.levels[outer].open_inner();
            self.levels.push(level);
        }
    }

    /// Closes the innermost level; its results go to the test around it, or wait for it.
    fn close_level(&mut self) {
        self.flush(self.levels.len() - 1);
        let Some(level) = self.levels.pop() else {
            return;
        };
        if let Some(outer) = self.levels.last_mut() {
            let mut subtests = level.results;
            subtests.plan_missed = level.plan.missed();
            match outer.pending.as_mut().filter(|pending| pending.opens) {
                Some(pending) => pending.subtests.add(subtests),
                None => outer.unclaimed.add(subtests),
            }
        }
    }

    /// Hands over the test that waits at a level.
    fn flush(&mut self, depth: usize) {
        let Some(pending) = self.levels[depth].pending.take() else {
            return;
        };
        self.after_test = false;
        if depth > 0 {
            self.levels[depth].results.count(&pending);
            if !self.out.options.subtests {
                self.out.summary.subtests.add(pending.outcome, false);
                self.handed.forget(pending);
                return;
            }
        }
        self.levels[depth].failed += u64::from(pending.outcome.is_failure());
        let first = usize::from(!self.in_script);
        let names = self.levels[..=depth].iter().skip(first);
        let path = names.map(|level| level.name.clone()).collect();
        let case = self.handed.fill(pending, path);
        if depth == 0 {
            self.out.case(case)
        } else {
            self.out.subtest(case)
        }
    }

    fn finish(&mut self) {
        self.end_of_stream(true);
    }

    /// The end of the file, or of one script's output in it.
    fn end_of_stream(&mut self, is_last: bool) {
        self.settle(0);
        self.flush(0);
        let level = &mut self.levels[0];
        let unclaimed = std::mem::take(&mut level.unclaimed);
        if unclaimed != Subtests::default() {
            self.out
                .warn(self.number, "the subtests at the end belong to no test");
        }
        let plan = level.plan;
        if !self.recognised || self.has_ended && plan.plans == 0 && plan.tests == 0 {
            return;
        }
        self.out.summary.truncated |= self.block.take().is_some();
        if let Some(why) = plan.missed() {
            self.out.summary.truncated |= plan.tests < plan.planned() && !self.bailed_out;
            if !self.bailed_out {
                self.script_failed(&why);
            }
        } else if plan.plans == 0 && !self.bailed_out && (is_last || plan.tests > 0) {
            self.out.summary.truncated = true;
            self.out.warn(
                self.number,
                "there is no plan: tests may be missing at the end",
            );
        }
    }
}
