//! One `<testcase>`, from its start tag to its end.

use retro_domain::{Attachment, Attempt, Location, Outcome, TestCase, TestId};

use super::result::{self, ResultElement};
use crate::directives::{attachment, directives, only_directives};
use crate::kept_text::append;
use crate::numbers;
use crate::odd::{Odd, quoted, short};
use crate::panic_message::find_panic;
use crate::spare::{self, Spare};
use crate::suite_path::{Copied, SuitePath, is_absolute};
use crate::write::extra::{self, Extra};
use crate::write::whole::Note;
use crate::xml::{Attributes, Value};

/// The most properties, attachments, results and attempts kept of one case.
pub(super) const MOST_ITEMS: usize = 1_000;

/// How many texts of full length the results, attempts and properties of one case may have.
const ROOM: usize = 8;

/// The suites around a case.
pub(super) struct Around<'a> {
    /// Their names.
    pub(super) path: &'a SuitePath,
    /// Where they are.
    pub(super) file: Option<&'a str>,
}

/// A case whose end was not read yet. It is filled again with one case after the other.
#[derive(Debug)]
pub(super) struct OpenCase {
    pub(super) line: u64,
    /// What is known so far.
    case: TestCase,
    /// Which path the case has a copy of.
    copied: Copied,
    id: Option<String>,
    file: Option<String>,
    source_line: Option<u32>,
    not_run: bool,
    /// The worst of its results, those that were not kept included.
    worst: Option<Outcome>,
    /// Whether anything is known but name, class and duration. Of most cases nothing is.
    has_more: bool,
    results: Vec<ResultElement>,
    /// How many bytes one text may have.
    most: usize,
    /// How many bytes results, attempts and properties may still have.
    room: usize,
    /// How many results, attempts, properties and attachments there was no room for.
    left_out: u64,
    /// How many bytes the cases around it hold.
    around: usize,
}

impl Default for OpenCase {
    fn default() -> Self {
        Self {
            line: 0,
            case: TestCase::new(TestId::default(), Outcome::Passed),
            copied: Copied::default(),
            id: None,
            file: None,
            source_line: None,
            not_run: false,
            worst: None,
            has_more: false,
            results: Vec::new(),
            most: 0,
            room: 0,
            left_out: 0,
            around: 0,
        }
    }
}

impl OpenCase {
    /// Forgets the case before, but for its memory.
    fn reset(&mut self, spare: &mut Spare) {
        let case = &mut self.case;
        spare::empty(&mut case.id.name);
        case.duration = None;
        if !std::mem::take(&mut self.has_more) {
            return;
        }
        case.flaky = false;
        for text in [
            &mut case.id.parameters,
            &mut case.message,
            &mut case.kind,
            &mut case.detail,
            &mut case.stdout,
            &mut case.stderr,
            &mut self.id,
            &mut self.file,
        ] {
            if text.is_some() {
                spare.give(text.take());
            }
        }
        if let Some(location) = case.location.take() {
            spare.give(Some(location.file));
        }
        for (name, value) in case.properties.drain(..) {
            spare.give(Some(name));
            spare.give(Some(value));
        }
        case.attempts.clear();
        case.attachments.clear();
        self.source_line = None;
        self.not_run = false;
        self.worst = None;
        self.left_out = 0;
        self.results.clear();
    }

    /// How many bytes it holds, and the cases around it.
    pub(super) fn held(&self) -> usize {
        let id = &self.case.id;
        let texts = [
            &id.class,
            &self.id,
            &self.file,
            &self.case.stdout,
            &self.case.stderr,
        ];
        let items = self.results.len() + self.case.attempts.len();
        let pairs = self.case.properties.len() + self.case.attachments.len();
        let spent = self.most.saturating_mul(ROOM) - self.room;
        let fixed = size_of::<Self>() + items * size_of::<Attempt>() + pairs * 48;
        self.around + fixed + spent + id.name.len() + result::size(texts)
    }

    /// Reads the start tag.
    pub(super) fn open(
        &mut self,
        mut attributes: Attributes<'_>,
        most: usize,
        around: usize,
        spare: &mut Spare,
        odd: &mut Odd,
    ) {
        self.reset(spare);
        self.around = around;
        self.most = most;
        self.room = most.saturating_mul(ROOM);
        let (mut left_out, mut has_class) = (0_usize, false);
        while let Some((name, value)) = attributes.next_value() {
            let slot = match name {
                b"name" => {
                    if self.case.id.name.is_empty() {
                        value.append_to(&mut self.case.id.name);
                    }
                    continue;
                }
                b"classname" | b"class" => {
                    if !has_class {
                        let class = self.case.id.class.get_or_insert_with(|| spare.take());
                        spare::empty(class);
                        value.append_to(class);
                        has_class = !class.is_empty();
                    }
                    continue;
                }
                b"time" | b"duration" => {
                    self.duration(value, odd);
                    continue;
                }
                b"file" | b"filepath" => &mut self.file,
                b"id" => &mut self.id,
                b"line" | b"lineno" => {
                    self.has_more = true;
                    let text = value.cow();
                    self.source_line = self.source_line.or_else(|| text.trim().parse().ok());
                    continue;
                }
                b"status" | b"result" => {
                    self.status(name, value, spare);
                    continue;
                }
                _ => {
                    if self.case.properties.len() < MOST_ITEMS {
                        let name = spare.copy(&Attributes::cow(name));
                        let value = spare.copy(&value.cow());
                        self.property(name, value);
                    } else {
                        left_out += 1;
                    }
                    continue;
                }
            };
            self.has_more = true;
            if slot.is_none() {
                let mut text = spare.take();
                value.append_to(&mut text);
                if text.is_empty() {
                    spare.give(Some(text));
                } else {
                    *slot = Some(text);
                }
            }
        }
        if !has_class {
            spare.give(self.case.id.class.take());
        }
        if left_out > 0 {
            odd.push(format!("{left_out} attributes of one test are left out"));
        }
    }

    fn duration(&mut self, value: Value<'_>, odd: &mut Odd) {
        if self.case.duration.is_some() {
            return;
        }
        self.case.duration = numbers::plain_seconds(value.raw);
        if self.case.duration.is_none() {
            let text = value.cow();
            self.case.duration = numbers::duration(&text);
            if self.case.duration.is_none() && !text.trim().is_empty() {
                odd.push(format!("{} is no duration", quoted(&text)));
            }
        }
    }

    fn status(&mut self, name: &[u8], value: Value<'_>, spare: &mut Spare) {
        self.has_more = true;
        let mut text = spare.copy(&value.cow());
        text.make_ascii_lowercase();
        self.not_run |= matches!(
            text.as_str(),
            "notrun" | "suppressed" | "skipped" | "disabled"
        );
        if matches!(text.as_str(), "run" | "completed" | "passed") {
            spare.give(Some(text));
        } else {
            let name = spare.copy(&String::from_utf8_lossy(name));
            self.property(name, text);
        }
    }

    /// What to call it in a message.
    pub(super) fn shown(&self) -> &str {
        match self.case.id.name.as_str() {
            "" => self.case.id.class.as_deref().unwrap_or("without a name"),
            name => name,
        }
    }

    /// Its class; empty when it has none.
    pub(super) fn class(&self) -> &str {
        self.case.id.class.as_deref().unwrap_or_default()
    }

    /// Takes a result. When there is no more room for its texts, only its outcome.
    pub(super) fn result(&mut self, mut result: ResultElement) {
        self.worst = self.worst.max(Some(result.outcome));
        self.has_more = true;
        if self.results.len() < MOST_ITEMS {
            if !self.has_room(result.size()) {
                result.strip();
                self.left_out += 1;
            }
            self.results.push(result);
        } else {
            self.left_out += 1;
        }
    }

    /// Takes an attempt. When there is no more room for its texts, only its outcome.
    pub(super) fn attempt(&mut self, mut attempt: Attempt) {
        self.has_more = true;
        if self.case.attempts.len() < MOST_ITEMS {
            let texts = [&attempt.message, &attempt.kind, &attempt.detail];
            if !self.has_room(result::size(texts)) {
                (attempt.message, attempt.kind, attempt.detail) = (None, None, None);
                self.left_out += 1;
            }
            self.case.attempts.push(attempt);
        } else {
            self.left_out += 1;
        }
    }

    /// Takes so many bytes of the room there is, if it has as many.
    fn has_room(&mut self, bytes: usize) -> bool {
        let left = self.room.checked_sub(bytes);
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }

    /// A property; one called `attachment…` points at a file.
    pub(super) fn property(&mut self, name: String, value: String) {
        self.has_more = true;
        if name.starts_with("attachment") {
            self.attachment(attachment(&value));
        } else {
            self.plain_property(name, value);
        }
    }

    fn plain_property(&mut self, name: String, value: String) {
        if self.case.properties.len() < MOST_ITEMS && self.has_room(name.len() + value.len()) {
            self.case.properties.push((name, value));
        } else {
            self.left_out += 1;
        }
    }

    fn attachment(&mut self, attachment: Option<Attachment>) {
        let Some(file) = attachment else { return };
        if self.case.attachments.len() < MOST_ITEMS
            && self.has_room(file.name.len() + file.path.len())
        {
            self.case.attachments.push(file);
        } else {
            self.left_out += 1;
        }
    }

    /// Takes an output. One that holds directives and nothing else is no output.
    pub(super) fn output(&mut self, is_stderr: bool, text: String) {
        self.has_more = true;
        if is_stderr {
            append(&mut self.case.stderr, text, self.most);
        } else if let Some(found) = only_directives(&text, MOST_ITEMS) {
            for file in found.attachments {
                self.attachment(Some(file));
            }
            for (name, value) in found.properties {
                self.plain_property(name, value);
            }
            self.left_out += found.left_out;
        } else {
            append(&mut self.case.stdout, text, self.most);
        }
    }

    /// The finished case, in the suites around it; and what it stands for, when it is no test.
    pub(super) fn finish(
        &mut self,
        around: &Around<'_>,
        spare: &mut Spare,
        odd: &mut Odd,
    ) -> (&TestCase, Option<Note>) {
        let case = &mut self.case;
        let class = case.id.class.as_deref();
        let tells_files_apart =
            around.path.has_files() && class.is_some_and(|class| !is_absolute(class));
        let (copied, copy) = (&mut self.copied, &mut case.id.suite);
        around.path.copy_to(tells_files_apart, copied, copy);
        if case.id.name.is_empty() {
            case.id
                .name
                .push_str(self.id.as_deref().unwrap_or("(unnamed)"));
        }
        self.has_more |= around.file.is_some();
        if !self.has_more {
            case.outcome = Outcome::Passed;
            return (&self.case, None);
        }
        let mut extra = self.take_extra();
        let case = &mut self.case;
        self.left_out += add_directives(case);
        if self.left_out > 0 {
            odd.push(format!(
                "{} properties, attachments, results or attempts of the test {} are left out, or their texts: \
                 one test may have {MOST_ITEMS} of each, and {ROOM} texts of full length",
                self.left_out,
                short(&case.id.name)
            ));
        }
        if let Some(id) = self.id.take_if(|id| *id != case.id.name) {
            case.properties.push((spare.copy("id"), id));
        }
        let ran = if self.not_run {
            Outcome::Skipped
        } else {
            Outcome::Passed
        };
        case.outcome = self.worst.map_or(ran, |worst| worst.max(ran));
        take_results(case, &mut self.results, self.most, spare);
        let file = match self.file.take() {
            Some(mut file) => {
                // ExUnit writes `file:line`, others `file:line:column`.
                let mut told = None;
                for _ in 0..2 {
                    let Some((len, line)) = line_at_end(&file) else {
                        break;
                    };
                    file.truncate(len);
                    told = Some(line);
                }
                self.source_line = self.source_line.or(told);
                Some(file)
            }
            None => around.file.map(|file| spare.copy(file)),
        };
        case.location = file.map(|file| Location {
            file,
            line: self.source_line,
        });
        if case.location.is_none() && case.outcome.is_failure() {
            let text = case
                .detail
                .as_deref()
                .or(case.message.as_deref())
                .unwrap_or_default();
            case.location = find_panic(text).and_then(|panic| panic.location);
        }
        if !case.attempts.is_empty() {
            case.attempts.push(Attempt {
                outcome: case.outcome,
                duration: case.duration,
                message: case.message.clone(),
                kind: case.kind.clone(),
                detail: case.detail.clone(),
            });
            case.flaky = case.outcome == Outcome::Passed
                && case
                    .attempts
                    .iter()
                    .any(|attempt| attempt.outcome.is_failure());
            case.attempts.sort();
        }
        let note = extra.as_mut().and_then(|extra| extra.note.take());
        if let Some(extra) = extra {
            extra.put_back(case);
            // What was put back need not be the path around.
            self.copied = Copied::default();
        }
        (case, note)
    }

    /// What a writer of ours kept beside the plain form.
    fn take_extra(&mut self) -> Option<Extra> {
        let properties = &mut self.case.properties;
        let at = properties
            .iter()
            .position(|(name, _)| name == extra::NAME)?;
        let extra = serde_json::from_str(&properties[at].1).ok()?;
        properties.remove(at);
        Some(extra)
    }
}

/// What a case says about itself in its output. Gives how much of it was left out.
fn add_directives(case: &mut TestCase) -> u64 {
    let mut left_out = 0;
    for text in [&case.stdout, &case.stderr].into_iter().flatten() {
        let found = directives(text, MOST_ITEMS);
        case.attachments.extend(found.attachments);
        case.properties.extend(found.properties);
        left_out += found.left_out;
    }
    left_out
}

/// The number behind the last colon of a file, and how long the file is before that.
fn line_at_end(file: &str) -> Option<(usize, u32)> {
    let (before, digits) = file.rsplit_once(':')?;
    let is_number = digits.bytes().all(|b| b.is_ascii_digit());
    let line = digits.parse().ok().filter(|_| is_number)?;
    (!before.is_empty()).then_some((before.len(), line))
}

/// Message and text of the result that decides, and what the others say after it.
fn take_results(
    case: &mut TestCase,
    results: &mut Vec<ResultElement>,
    most: usize,
    spare: &mut Spare,
) {
    let outcome = case.outcome;
    let Some(at) = results.iter().position(|result| result.outcome == outcome) else {
        return;
    };
    let deciding = &mut results[at];
    case.message = deciding.message();
    case.detail = deciding.take_full_text();
    case.kind = deciding.kind.take();
    for (place, result) in results.drain(..).enumerate() {
        if place != at {
            let text = result.aside();
            if !text.is_empty() {
                let text = format!("\n[{}] {text}", result.outcome.name());
                append(&mut case.detail, text, most);
            }
        }
        result.give_back(spare);
    }
}
