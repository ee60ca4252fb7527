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
use crate::ParseError;
use crate::kept_text::append;
use crate::odd::Odd;
use crate::open_suite::OpenSuite;
use crate::output::Output;
use crate::spare::Spare;
use crate::xml::{Attributes, Marks, ReferenceText, Token, Tokens, local_name};

/// Suites deeper than this are left out of the names of tests, so that a hostile depth does not
/// make every name as long as the file.
const DEEPEST_NAME: usize = 100;

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
        suites: Vec::new(),
        cases: Vec::new(),
        open_cases: 0,
        spare: Spare::default(),
        texts: Vec::new(),
        results: Vec::new(),
        path: Vec::new(),
        path_stamp: 0,
        recognised: false,
    };
    loop {
        let (token, marks) = tokens.next_marked(document.holds_text())?;
        match token {
            Token::Start(tag) => document.start(tag, marks),
            Token::End(name) => document.end(local_name(name), name),
            Token::Text(piece) => document.text(|text| text.push(piece)),
            Token::Literal(piece) => document.text(|text| text.push_literal(piece)),
            Token::Eof => break,
        }
        if document.needs_line() {
            document.on_line(tokens.token_line());
        }
    }
    let cut_tag = tokens.cut_tag();
    let name_end = cut_tag
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(cut_tag.len());
    let cut_in_root = Element::of(local_name(&cut_tag[..name_end])).is_structure();
    document.recognised |= cut_in_root;
    let cut = tokens.is_cut();
    document.finish(cut);
    Ok(document.recognised)
}

/// The state of reading one document, or several after each other.
struct Document<'o, 's> {
    out: &'o mut Output<'s>,
    /// What was odd about the last token.
    odd: Odd,
    /// Whether the last token opened a case that is still open.
    case_opened: bool,
    open: Vec<Element>,
    suites: Vec<OpenSuite>,
    /// The cases that are open, and one behind them whose memory the next one gets.
    cases: Vec<OpenCase>,
    open_cases: usize,
    spare: Spare,
    /// The text of every open element that holds one.
    texts: Vec<ReferenceText>,
    /// The results and attempts that are open.
    results: Vec<ResultElement>,
    /// The names of the suites around.
    path: Vec<String>,
    /// Another number for every change of the path.
    path_stamp: u64,
    recognised: bool,
    /// What a writer of ours kept beside suites.
    kept: Kept,
}

impl Document<'_, '_> {
    fn start(&mut self, tag: &[u8], marks: &Marks) {
        let (name, attributes) = Attributes::of_tag(tag, marks);
        let element = Element::of(name);
        if let Some(open) = self.open.last()
            && open.holds_text()
            && !element.may_be_inside(open)
        {
            // Output that was not escaped: the tag belongs to the text.
            self.text(|text| {
                text.push_literal(b"<");
                text.push(tag);
                text.push_literal(b">");
            });
            return;
        }
        self.recognised |= element.is_structure();
        let mut element = element;
        match &element {
            Element::Property(_) => element = self.open_property(attributes),
            Element::Root | Element::Suite => self.open_suite(&element, attributes),
            Element::Case => {
                self.open_case(attributes);
                if tag.ends_with(b"/") {
                    // Most cases have nothing inside.
                    self.close_case();
                    return;
                }
            }
            Element::Result(outcome) | Element::Attempt(outcome) => {
                let result = ResultElement::new(*outcome, attributes, &mut self.spare);
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
        }
        self.open.push(element);
        if tag.ends_with(b"/") {
            self.close();
        }
    }

    fn open_case(&mut self, attributes: Attributes<'_>) {
        if self.open_cases == self.cases.len() {
            self.cases.push(OpenCase::default());
        }
        let case = &mut self.cases[self.open_cases];
        self.open_cases += 1;
        let most = self.out.options.max_text;
        case.open(attributes, most, &mut self.spare, &mut self.odd);
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

    fn open_suite(&mut self, element: &Element, attributes: Attributes<'_>) {
        if *element == Element::Root && self.suites.is_empty() {
            self.kept.begin();
        }
        let (mut suite, name) = suite::open(attributes, &mut self.odd);
        if *element == Element::Suite
            && let Some(name) = name
        {
            if self.path.len() < DEEPEST_NAME {
                self.path.push(name);
                self.path_stamp += 1;
                suite.named = true;
            } else {
                self.odd.push(format!(
                    "suites more than {DEEPEST_NAME} deep are left out of the names of tests"
                ));
            }
        }
        if suite.file.is_none() {
            suite.file = self.suites.last().and_then(|around| around.file.clone());
        }
        self.suites.push(suite);
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
                Element::Property(None)
            }
            None => Element::Property(Some(name)),
        }
    }

    fn property(&mut self, name: String, value: String) {
        if let Some(case) = self.case() {
            case.property(name, value);
        } else if let [around @ .., suite] = self.suites.as_mut_slice()
            && !self.kept.property(around.len(), &name, &value, self.out)
        {
            suite.property(name, value);
        }
    }

    /// Whether a text that comes now belongs to anything.
    fn holds_text(&self) -> bool {
        self.open.last().is_some_and(Element::holds_text)
    }

    fn text(&mut self, push: impl FnOnce(&mut ReferenceText)) {
        if self.holds_text()
            && let Some(text) = self.texts.last_mut()
        {
            push(text);
        }
    }

    fn end(&mut self, name: &[u8], whole_name: &[u8]) {
        let wanted = Element::of(name);
        let reach = self.open.len().saturating_sub(END_TAG_REACH);
        let inside = self.open[reach..]
            .iter()
            .rev()
            .position(|open| open.is_closed_by(&wanted));
        let in_text = self.holds_text();
        match inside {
            Some(0) => self.close(),
            // An end tag in a text that closes nothing near belongs to the text.
            None if in_text => self.text(|text| {
                text.push_literal(b"</");
                text.push(whole_name);
                text.push_literal(b">");
            }),
            None => {
                let name = String::from_utf8_lossy(&name[..name.len().min(100)]).into_owned();
                self.odd.push(format!("</{name}> closes nothing"));
            }
            Some(count) => {
                let name = String::from_utf8_lossy(&name[..name.len().min(100)]).into_owned();
                self.odd.push(format!(
                    "</{name}> comes before the end of {count} elements inside it"
                ));
                (0..=count).for_each(|_| self.close());
            }
        }
    }

    /// Closes the innermost element.
    fn close(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        let text = if element.holds_text() {
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
            Element::Root | Element::Suite => self.close_suite(element == Element::Root),
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
            Element::Property(Some(name)) => self.property(name, text.unwrap_or_default()),
            Element::Property(None) | Element::Properties | Element::Other(_) => {}
        }
    }

    /// Hands a text that was written over to the attempt, case or suite that wrote it.
    fn output(&mut self, is_stderr: bool, text: String) {
        let most = self.out.options.max_text;
        if let Some(attempt) = self.results.last_mut() {
            append(&mut attempt.extra, text, most);
        } else if let Some(case) = self.case() {
            case.output(is_stderr, text);
        } else if let Some(suite) = self.suites.last_mut() {
            suite.output(is_stderr, text, most);
        }
    }

    fn close_case(&mut self) {
        let Some(case) = self.cases[..self.open_cases].last_mut() else {
            return;
        };
        let around = Around {
            path: &self.path,
            stamp: self.path_stamp,
            file: self.suites.last().and_then(|suite| suite.file.as_deref()),
        };
        let (case, note) = case.finish(&around, &mut self.spare);
        if let Some(suite) = self.suites.last_mut() {
            suite.add(case.outcome, case.flaky);
        }
        match note {
            None => self.out.case(case),
            Some(note) => note.tell(self.out),
        }
        self.cases.truncate(self.open_cases);
        self.open_cases -= 1;
        self.case_opened = false;
    }

    fn pop_suite(&mut self) -> Option<OpenSuite> {
        let mut suite = self.suites.pop()?;
        if suite.named {
            suite.is_at(&self.path, self.out);
            self.path.pop();
            self.path_stamp += 1;
        }
        Some(suite)
    }

    fn close_suite(&mut self, is_root: bool) {
        let Some(suite) = self.pop_suite() else {
            return;
        };
        if let Some(claim) = suite.false_claim() {
            self.odd.push(claim);
        }
        if let Some(around) = self.suites.last_mut() {
            around.inner += suite.counts();
        }
        self.kept.tell(self.suites.len(), is_root, suite, self.out);
    }

    /// A failure of a suite itself, outside of its cases.
    fn suite_failed(&mut self, result: ResultElement) {
        let name = self
            .path
            .last()
            .cloned()
            .unwrap_or_else(|| "the report".to_owned());
        let attempt = result.into_attempt();
        let why = attempt
            .message
            .or(attempt.kind)
            .unwrap_or_else(|| "no message".to_owned());
        self.out
            .run_failure(format!("{name} failed outside of its tests: {why}"));
    }

    fn finish(&mut self, cut: bool) {
        if let Some(case) = self.cases[..self.open_cases].first() {
            let message = format!(
                "the file ends inside the test {}, which is left out",
                case.shown()
            );
            self.out.warn(case.line, message);
        }
        self.out.summary.truncated |= self.recognised && (cut || !self.open.is_empty());
        // Suites that were cut off have a path and a beginning worth telling.
        self.open_cases = 0;
        let is_in_root = self.open.first() == Some(&Element::Root);
        while let Some(suite) = self.pop_suite() {
            let is_root = is_in_root && self.suites.is_empty();
            self.kept.tell(self.suites.len(), is_root, suite, self.out);
        }
    }
}
