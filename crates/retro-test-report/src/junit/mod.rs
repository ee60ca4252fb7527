//! JUnit XML.
//!
//! There is no one JUnit format: what counts is `<testcase>`, at any depth, and the elements inside
//! it. The elements that are open are a list and not the call stack, so depth costs nothing.

mod case;
mod element;
mod kept;
mod result;
mod suite;

use std::io::BufRead;

use self::case::{Around, OpenCase};
use self::element::Element;
use self::kept::Kept;
use self::result::ResultElement;
use self::suite::Suites;
use crate::ParseError;
use crate::kept_text::append;
use crate::odd::{Odd, short};
use crate::output::Output;
use crate::spare::Spare;
use crate::xml::{
    Attributes, MOST_HELD, MOST_OPEN, Marks, NameCounts, ReferenceText, TOO_DEEP, Token, Tokens,
    local_name,
};

/// How far an end tag looks for its start tag.
const END_TAG_REACH: usize = 256;

/// Reads a document; whether it was a JUnit report at all.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let mut tokens = Tokens::new(reader).keeping(out.options.max_text);
    let mut document = Document {
        kept: Kept::new(out.options.max_text),
        out,
        odd: Odd::default(),
        case_opened: false,
        open: Vec::new(),
        open_names: NameCounts::new(),
        raw_names: NameCounts::new(),
        has_raw_case: false,
        declared_in_text: false,
        suites: Suites::default(),
        cases: Vec::new(),
        open_cases: 0,
        spare: Spare::default(),
        texts: Vec::new(),
        results: Vec::new(),
        property_name: String::new(),
        recognised: false,
        is_too_deep: false,
    };
    loop {
        let (token, marks) = tokens.next_marked(document.holds_text())?;
        match token {
            Token::Start(tag) => document.start(tag, marks),
            Token::End(name) => document.end(local_name(name), name),
            Token::Text(piece) => {
                document.declared_in_text &= piece.trim_ascii().is_empty();
                document.text(|text| text.push(piece));
            }
            Token::Literal(piece) => {
                document.declared_in_text = false;
                document.text(|text| text.push_literal(piece));
            }
            Token::Declaration => document.declaration(),
            Token::Eof => break,
        }
        if document.needs_line() {
            document.on_line(tokens.token_line());
            if document.is_too_deep {
                break;
            }
        }
    }
    let cut_tag = tokens.cut_tag();
    let name_end = cut_tag
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(cut_tag.len());
    let cut_in_root = Element::of(local_name(&cut_tag[..name_end])).is_structure();
    document.recognised |= cut_in_root;
    let cut = tokens.is_cut() || document.is_too_deep;
    document.finish(cut);
    let recognised = document.recognised;
    out.notices = std::mem::take(tokens.notices());
    Ok(recognised)
}

/// The state of reading one document, or several after each other.
struct Document<'o, 's> {
    out: &'o mut Output<'s>,
    /// What was odd about the last token.
    odd: Odd,
    /// Whether the last token opened a case that is still open.
    case_opened: bool,
    open: Vec<Element>,
    /// The end tags that would close one of them.
    open_names: NameCounts,
    /// The tags that began in the text that is open, and belong to it.
    raw_names: NameCounts,
    has_raw_case: bool,
    /// Whether nothing but white space came since a declaration in the text that is open: a root
    /// that comes now is that of another document.
    declared_in_text: bool,
    suites: Suites,
    /// The cases that are open, and one behind them whose memory the next one gets.
    cases: Vec<OpenCase>,
    open_cases: usize,
    spare: Spare,
    /// The text of every open element that holds one.
    texts: Vec<ReferenceText>,
    /// The results and attempts that are open.
    results: Vec<ResultElement>,
    /// The name of the property whose value is the text that is open.
    property_name: String,
    recognised: bool,
    /// Whether more is open than can be kept, which ends the reading.
    is_too_deep: bool,
    /// What a writer of ours kept beside suites.
    kept: Kept,
}

impl Document<'_, '_> {
    fn start(&mut self, tag: &[u8], marks: &Marks) {
        let (name, attributes) = Attributes::of_tag(tag, marks);
        let element = Element::of(name);
        if std::mem::take(&mut self.declared_in_text) && element.is_root() {
            self.begin();
        }
        if let Some(&open) = self.open.last()
            && open.holds_text()
            && !element.may_be_inside(open)
        {
            self.raw_start(element, tag);
            return;
        }
        self.recognised |= element.is_structure();
        if self.open.len() >= MOST_OPEN {
            self.stop();
            return;
        }
        let mut element = element;
        match element {
            Element::Property(_) => element = self.open_property(attributes),
            Element::Root | Element::Suite => {
                let is_root = element == Element::Root;
                let room = &mut self.out.suite_room;
                self.suites.open(is_root, attributes, room, &mut self.odd);
            }
            Element::Case => {
                self.open_case(attributes);
                if self.is_too_deep {
                    return;
                }
                if tag.ends_with(b"/") {
                    // Most cases have nothing inside.
                    self.close_case();
                    return;
                }
            }
            Element::Result(outcome) | Element::Attempt(outcome) => {
                let result = ResultElement::new(outcome, attributes, &mut self.spare);
                self.results.push(result);
            }
            _ => {}
        }
        if element.holds_text() {
            let limit = match self.open_cases {
                0 => self.out.suite_text_left(),
                _ => self.out.options.max_text,
            };
            let text = ReferenceText::new(limit);
            self.texts.push(text.filling(self.spare.take()));
            self.forget_raw_names();
        }
        self.open_names.add(element.end());
        self.open.push(element);
        if tag.ends_with(b"/") {
            self.close();
        }
    }

    /// Output that was not escaped: the tag belongs to the text, and so does its end tag.
    fn raw_start(&mut self, element: Element, tag: &[u8]) {
        self.text(|text| {
            text.push_literal(b"<");
            text.push(tag);
            text.push_literal(b">");
        });
        self.has_raw_case |= element == Element::Case;
        if !tag.ends_with(b"/") {
            self.raw_names.add(element.end());
        }
    }

    fn forget_raw_names(&mut self) {
        self.raw_names.clear();
        self.has_raw_case = false;
    }

    fn stop(&mut self) {
        self.is_too_deep = true;
        self.odd.push(TOO_DEEP.to_owned());
    }

    fn open_case(&mut self, attributes: Attributes<'_>) {
        let around = self.cases[..self.open_cases].last();
        let held = around.map_or(0, OpenCase::held);
        if held > MOST_HELD {
            self.stop();
            return;
        }
        if self.open_cases == self.cases.len() {
            self.cases.push(OpenCase::default());
        }
        let case = &mut self.cases[self.open_cases];
        self.open_cases += 1;
        let most = self.out.options.max_text;
        case.open(attributes, most, held, &mut self.spare, &mut self.odd);
        self.case_opened = true;
    }

    /// Whether anybody asks for the line of the last token. Most lines are never counted.
    fn needs_line(&self) -> bool {
        self.case_opened || !self.odd.is_empty()
    }

    fn on_line(&mut self, line: u64) {
        if std::mem::take(&mut self.case_opened)
            && let Some(case) = self.case()
        {
            case.line = line;
        }
        self.odd.tell(line, self.out);
    }

    /// The innermost case that is open.
    fn case(&mut self) -> Option<&mut OpenCase> {
        self.cases[..self.open_cases].last_mut()
    }

    fn open_property(&mut self, attributes: Attributes<'_>) -> Element {
        let (mut name, mut value) = (String::new(), None);
        for (key, raw) in attributes {
            match key {
                b"name" => name = Attributes::text(raw),
                b"value" => value = Some(Attributes::text(raw)),
                _ => {}
            }
        }
        match value {
            Some(value) => {
                self.property(name, value);
                Element::Property(false)
            }
            None => {
                self.property_name = name;
                Element::Property(true)
            }
        }
    }

    fn property(&mut self, name: String, value: String) {
        if let Some(case) = self.case() {
            case.property(name, value);
        } else if let Some(around) = self.suites.around()
            && !self.kept.property(around, &name, &value, self.out)
            && let Some(suite) = self.suites.innermost()
        {
            suite.property(name, value, &mut self.out.suite_room);
        }
    }

    /// Whether a text that comes now belongs to anything.
    fn holds_text(&self) -> bool {
        self.open.last().is_some_and(|open| open.holds_text())
    }

    fn text(&mut self, push: impl FnOnce(&mut ReferenceText)) {
        if self.holds_text()
            && let Some(text) = self.texts.last_mut()
        {
            push(text);
        }
    }

    fn end(&mut self, name: &[u8], whole_name: &[u8]) {
        self.declared_in_text = false;
        let wanted = Element::of(name);
        let in_text = self.holds_text();
        let closes = if in_text && self.raw_names.remove(wanted.end()) {
            None
        } else {
            self.closes(wanted)
        };
        match closes {
            Some(0) => self.close(),
            // An end tag in a text that closes nothing near belongs to the text.
            None if in_text => self.text(|text| {
                text.push_literal(b"</");
                text.push(whole_name);
                text.push_literal(b">");
            }),
            None => {
                let name = short(&String::from_utf8_lossy(name));
                self.odd.push(format!("</{name}> closes nothing"));
            }
            Some(count) => {
                let name = short(&String::from_utf8_lossy(name));
                self.odd.push(format!(
                    "</{name}> comes before the end of {count} elements inside it"
                ));
                // What was taken for text may have been tests, for the text had no end.
                self.out.summary.truncated |= in_text && self.has_raw_case;
                (0..=count).for_each(|_| self.close());
            }
        }
    }

    /// How many elements are open inside of the one near that an end tag closes.
    fn closes(&self, end: Element) -> Option<usize> {
        if !self.open_names.has(end.end()) {
            return None;
        }
        let reach = self.open.len().saturating_sub(END_TAG_REACH);
        let mut near = self.open[reach..].iter().rev();
        near.position(|open| open.is_closed_by(end))
    }

    /// Closes the innermost element.
    fn close(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        self.open_names.remove(element.end());
        let text = if element.holds_text() {
            self.forget_raw_names();
            self.texts.pop()
        } else {
            None
        };
        if self.open_cases == 0
            && let Some(text) = &text
        {
            self.out.spend_suite_text(text.len());
        }
        let text = text.and_then(|text| match element {
            Element::Stdout | Element::Stderr => text.finish(),
            _ => text.finish_trimmed(),
        });
        match element {
            Element::Root | Element::Suite => {
                let is_root = element == Element::Root;
                self.suites
                    .close(is_root, &mut self.kept, self.out, &mut self.odd);
            }
            Element::Case => self.close_case(),
            Element::Result(outcome) => {
                let Some(mut result) = self.results.pop() else {
                    return;
                };
                result.detail = text;
                if let Some(case) = self.case() {
                    case.result(result);
                } else if outcome.is_failure() && !self.suites.is_empty() {
                    self.suite_failed(result);
                }
            }
            Element::Attempt(_) => {
                let Some(mut attempt) = self.results.pop() else {
                    return;
                };
                attempt.detail = attempt.detail.or(text);
                if let Some(case) = self.case() {
                    case.attempt(attempt.into_attempt());
                }
            }
            Element::AttemptDetail => {
                if let Some(attempt) = self.results.last_mut() {
                    attempt.detail = text;
                }
            }
            Element::Stdout | Element::Stderr => {
                if let Some(text) = text {
                    self.output(element == Element::Stderr, text);
                }
            }
            Element::Property(true) => {
                let name = std::mem::take(&mut self.property_name);
                self.property(name, text.unwrap_or_default());
            }
            Element::Property(false) | Element::Properties | Element::Other(_) => {}
        }
    }

    /// Hands a text that was written over to the attempt, case or suite that wrote it.
    fn output(&mut self, is_stderr: bool, text: String) {
        let most = self.out.options.max_text;
        if let Some(attempt) = self.results.last_mut() {
            append(&mut attempt.extra, text, most);
        } else if let Some(case) = self.case() {
            case.output(is_stderr, text);
        } else if let Some(suite) = self.suites.innermost() {
            suite.output(is_stderr, text, most);
        }
    }

    fn close_case(&mut self) {
        let Some(case) = self.cases[..self.open_cases].last_mut() else {
            return;
        };
        if self.suites.path.may_be_dated() {
            let room = &mut self.out.suite_room;
            self.suites.settle_date(case.class(), room);
        }
        let around = Around {
            path: &self.suites.path,
            file: self.suites.file(),
        };
        let (case, note) = case.finish(&around, &mut self.spare, &mut self.odd);
        self.suites.add(case);
        match note {
            None => self.out.case(case),
            Some(note) => note.tell(self.out),
        }
        self.cases.truncate(self.open_cases);
        self.open_cases -= 1;
        self.case_opened = false;
    }

    /// A failure of a suite itself, outside of its cases.
    fn suite_failed(&mut self, result: ResultElement) {
        let name = self
            .suites
            .path
            .last()
            .map_or("the report".to_owned(), short);
        let attempt = result.into_attempt();
        let why = attempt
            .message
            .or(attempt.kind)
            .unwrap_or_else(|| "no message".to_owned());
        self.out
            .run_failure(format!("{name} failed outside of its tests: {why}"));
    }

    fn declaration(&mut self) {
        if self.holds_text() {
            self.declared_in_text = true;
        } else {
            self.begin();
        }
    }

    /// Another document begins. Where the one before it did not end, it was cut off, and nothing of
    /// it is around what comes now; but elements around whole documents stay open when they are no
    /// part of names.
    fn begin(&mut self) {
        if self.open_cases == 0 && self.suites.path.is_empty() && !self.holds_text() {
            return;
        }
        if self.open_cases == 0 {
            let name = self.suites.path.last().map(short).unwrap_or_default();
            self.odd.push(format!(
                "a document ends inside the suite {name}, and another one begins"
            ));
        }
        self.out.summary.truncated = true;
        self.cut("a document");
        self.open.clear();
        self.open_names.clear();
        self.forget_raw_names();
        self.texts.clear();
        self.results.clear();
        self.cases.truncate(1);
    }

    fn finish(&mut self, cut: bool) {
        self.out.summary.truncated |= self.recognised && (cut || !self.open.is_empty());
        self.cut("the file");
    }

    /// Leaves what is open, for `whole` ends here.
    fn cut(&mut self, whole: &str) {
        if let Some(case) = self.cases[..self.open_cases].first() {
            let message = format!(
                "{whole} ends inside the test {}, which is left out",
                case.shown()
            );
            self.out.warn(case.line, message);
        }
        self.open_cases = 0;
        self.case_opened = false;
        let is_in_root = self.open.first() == Some(&Element::Root);
        self.suites.cut(is_in_root, &mut self.kept, self.out);
    }
}
