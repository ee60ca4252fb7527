//! JUnit XML, as the schema of Jenkins' xUnit plugin (`junit-10.xsd`) has it, which other readers
//! such as GitLab's accept too.

mod case;
mod suite;
mod text;

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};

use retro_domain::{OutcomeCounts, TestCase};

use self::suite::Element;
use self::text::{attribute, indent, is_plain};
use super::extra::{self, as_xml_text};
use super::whole::{DocumentExtra, Note, SuiteExtra};
use crate::{Collected, Format, Options, SuiteMetadata, Summary, parse_with};

/// Writes a JUnit document, case by case.
///
/// Cases stand in their order, inside one `<testsuite>` for each suite of their ids; a suite that
/// comes again later is opened again. Counts are those of the cases. They stand before the cases, so
/// that nothing goes to the writer below until [`finish`](Self::finish): until then the text of every
/// case is kept in memory.
///
/// That the run failed beyond its tests, or that a report was cut off, is written as an errored test in
/// a suite `git-retro`, so that other readers take the run for a failed one.
///
/// The schema has no place for some of what a case may hold: where it is, its parameters, its
/// attachments and properties, what XML cannot carry. Attachments and properties are written as
/// `[[ATTACHMENT|path]]` and `[[PROPERTY|name=value]]` in a `<system-out>` of their own, and what is
/// still missing as a property `git-retro`, so that [`parse`](crate::parse) gives back the same cases,
/// the same suites, and that the run failed.
///
/// ```
/// use retro_test_report::{Collected, JunitWriter, Outcome, TestCase, TestId, parse};
///
/// let mut case = TestCase::new(TestId::named("adds"), Outcome::Failed);
/// case.id.suite.push("math".into());
/// case.message = Some("1 + 1 was 3".into());
///
/// let mut document = Vec::new();
/// let mut writer = JunitWriter::new(&mut document);
/// writer.case(&case)?;
/// writer.run_failure("the database is gone")?;
/// writer.finish()?;
///
/// let mut read = Collected::default();
/// let summary = parse(&document[..], None, &mut read)?;
/// assert_eq!(read.cases, [case]);
/// assert_eq!(summary.run_failure.as_deref(), Some("the database is gone"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JunitWriter<W: Write> {
    to: W,
    /// The text of the cases, each on lines of its own.
    cases: String,
    steps: Vec<Step>,
    elements: Vec<Element>,
    /// The elements that are open.
    open: Vec<usize>,
    /// How many elements ended.
    ended: u32,
    all: OutcomeCounts,
    /// The report that cases come from, when it was named.
    report: Option<String>,
    /// The first element of that report.
    first: usize,
    told: Vec<Told>,
    left_out: u64,
    subtests: OutcomeCounts,
    notes: Vec<(Note, Option<String>)>,
}

enum Step {
    Open(usize),
    /// Cases, up to this place in their text.
    Cases(usize),
    Close,
}

/// What stands for a suite that is told.
enum Told {
    Element(usize),
    /// The root of the document.
    Root(Box<SuiteMetadata>),
}

/// Elements deeper than this are not written: readers leave them out of names.
const DEEPEST: usize = 100;

/// So much text is written at once.
const AT_ONCE: usize = 1 << 16;

impl<W: Write> JunitWriter<W> {
    /// Begins a document. Nothing is written yet.
    pub fn new(to: W) -> Self {
        Self {
            to,
            cases: String::new(),
            steps: Vec::new(),
            elements: Vec::new(),
            open: Vec::new(),
            ended: 0,
            all: OutcomeCounts::default(),
            report: None,
            first: 0,
            told: Vec::new(),
            left_out: 0,
            subtests: OutcomeCounts::default(),
            notes: Vec::new(),
        }
    }

    /// Names the report that what follows comes from, where there are several. Suites of two reports
    /// are apart even if they share a name.
    pub fn begin(&mut self, report: &str) {
        self.end_report();
        self.report = Some(report.to_owned());
    }

    /// Takes a case.
    ///
    /// # Errors
    ///
    /// When what is kept beside the case cannot be written; no case is known to be of that kind.
    pub fn case(&mut self, case: &TestCase) -> io::Result<()> {
        self.go_to(written_path(&case.id.suite));
        self.line(case, |text| case::exact(text, case))
    }

    /// Takes what is known of a report as a whole: its suites, whether the run failed beyond its tests,
    /// and whether the report was cut off.
    ///
    /// # Errors
    ///
    /// As [`case`](Self::case).
    pub fn end(&mut self, summary: &Summary) -> io::Result<()> {
        if let Some(why) = &summary.run_failure {
            self.run_failure(why)?;
        }
        if summary.truncated {
            self.truncated()?;
        }
        self.left_out += summary.suites_left_out;
        self.subtests += summary.subtests;
        self.suites(&summary.suites);
        Ok(())
    }

    /// Takes what is known of the suites of the cases before, in the order in which a reader shall tell
    /// it. A suite that has no case is written too.
    pub fn suites(&mut self, suites: &[SuiteMetadata]) {
        self.close_to(0);
        self.demote_root();
        let is_first = self.told.is_empty() && self.first == 0;
        let root = suites
            .last()
            .filter(|last| is_first && last.path.is_empty());
        let inner = &suites[..suites.len() - usize::from(root.is_some())];
        let mut places = self.places(inner);
        for suite in inner {
            let path = written_path(&suite.path);
            let place = places.get_mut(path).and_then(VecDeque::pop_front);
            let element = place.unwrap_or_else(|| self.empty(path));
            self.elements[element].metadata = Some(suite.clone());
            self.told.push(Told::Element(element));
        }
        if let Some(root) = root {
            self.told.push(Told::Root(Box::new(root.clone())));
        }
        self.end_report();
    }

    /// Notes that the run failed beyond its tests.
    ///
    /// # Errors
    ///
    /// As [`case`](Self::case).
    pub fn run_failure(&mut self, why: &str) -> io::Result<()> {
        let note = Note::run_failure(why, self.report.as_deref());
        self.notes.push((note, self.report.clone()));
        Ok(())
    }

    /// Notes that tests may be missing.
    ///
    /// # Errors
    ///
    /// As [`case`](Self::case).
    pub fn truncated(&mut self) -> io::Result<()> {
        self.notes.push((Note::Truncated, self.report.clone()));
        Ok(())
    }

    /// Writes the document.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn finish(mut self) -> io::Result<()> {
        self.close_to(0);
        self.write_notes()?;
        let mut document = self.document_extra()?;
        if document.is_some() && self.elements.is_empty() {
            // There has to be an element that it is in.
            self.empty(&[extra::NAME.to_owned()]);
            document = self.document_extra()?;
        }
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        if self.is_bare() {
            text.push_str("<testsuites>\n");
        } else {
            suite::open_root(&mut text, self.all, self.root());
        }
        let (mut path, mut written) = (Vec::new(), 0);
        for step in &self.steps {
            match step {
                Step::Open(at) => {
                    let element = &self.elements[*at];
                    suite::open(&mut text, &path, element, document.take())?;
                    path.push(element.name.clone());
                }
                Step::Cases(end) => {
                    self.to.write_all(text.as_bytes())?;
                    self.to.write_all(&self.cases.as_bytes()[written..*end])?;
                    text.clear();
                    written = *end;
                }
                Step::Close => {
                    indent(&mut text, path.len());
                    path.pop();
                    text.push_str("</testsuite>\n");
                }
            }
            if text.len() > AT_ONCE {
                self.to.write_all(text.as_bytes())?;
                text.clear();
            }
        }
        text.push_str("</testsuites>\n");
        self.to.write_all(text.as_bytes())?;
        self.to.flush()
    }

    /// Adds a case to the text and to the counts of what is open.
    fn line(
        &mut self,
        case: &TestCase,
        write: impl FnOnce(&mut String) -> io::Result<()>,
    ) -> io::Result<()> {
        self.all.add(case.outcome, case.flaky);
        for &open in &self.open {
            self.elements[open].counts.add(case.outcome, case.flaky);
        }
        indent(&mut self.cases, self.open.len() + 1);
        write(&mut self.cases)?;
        self.cases.push('\n');
        let end = self.cases.len();
        match self.steps.last_mut() {
            Some(Step::Cases(last)) => *last = end,
            _ => self.steps.push(Step::Cases(end)),
        }
        Ok(())
    }

    /// What was noted, in a suite of its own.
    fn write_notes(&mut self) -> io::Result<()> {
        let notes = std::mem::take(&mut self.notes);
        if !notes.is_empty() {
            self.go_to(&[extra::NAME.to_owned()]);
        }
        for (note, report) in &notes {
            let case = note.case(report.as_deref());
            self.line(&case, |text| case::note(text, note, &case))?;
        }
        self.close_to(0);
        Ok(())
    }

    /// What a reader would not know of the document as a whole.
    fn document_extra(&self) -> io::Result<Option<String>> {
        let mut document = DocumentExtra::new(self.left_out, self.subtests);
        let number = |told: &Told| match told {
            Told::Element(at) => Some(self.elements[*at].number),
            Told::Root(_) => None,
        };
        let numbers: Vec<u32> = self.told.iter().filter_map(number).collect();
        if !numbers.iter().copied().eq(0..self.ended) {
            document.suites = Some(numbers);
        }
        let root = self.root();
        document.root = root.map(|root| suite::missing_of_root(self.all, root));
        // A reader tells of the root when that has counts, which the root of a bare document has not.
        let expected = DocumentExtra {
            root: (!self.is_bare()).then(SuiteExtra::default),
            ..DocumentExtra::default()
        };
        if document == expected {
            return Ok(None);
        }
        Ok(Some(as_xml_text(&document)?))
    }

    /// Whether there is nothing to write.
    fn is_bare(&self) -> bool {
        self.elements.is_empty() && self.told.is_empty()
    }

    fn root(&self) -> Option<&SuiteMetadata> {
        match self.told.last() {
            Some(Told::Root(root)) => Some(root),
            _ => None,
        }
    }

    /// Makes an element of what was told of the root: the root is no longer the one of one report.
    fn demote_root(&mut self) {
        if let Some(Told::Root(root)) = self.told.pop_if(|told| matches!(told, Told::Root(_))) {
            let element = self.empty(&[]);
            self.elements[element].metadata = Some(*root);
            self.told.push(Told::Element(element));
        }
    }

    /// The elements of the present report that some suites may stand for, by their paths.
    fn places(&self, suites: &[SuiteMetadata]) -> HashMap<Vec<String>, VecDeque<usize>> {
        let mut places: HashMap<Vec<String>, VecDeque<usize>> = HashMap::new();
        for suite in suites {
            places
                .entry(written_path(&suite.path).to_vec())
                .or_default();
        }
        if places.is_empty() {
            return places;
        }
        for at in self.first..self.elements.len() {
            if self.elements[at].metadata.is_some() {
                continue;
            }
            let (mut path, mut next) = (Vec::new(), Some(at));
            while let Some(element) = next.map(|at| &self.elements[at]) {
                path.push(element.name.clone());
                next = element.parent;
            }
            path.reverse();
            // The one that stands for no suite.
            path.retain(|name| !name.is_empty());
            if let Some(found) = places.get_mut(&path) {
                found.push_back(at);
            }
        }
        places
    }

    fn end_report(&mut self) {
        self.close_to(0);
        self.first = self.elements.len();
    }

    /// An element of its own, without cases.
    fn empty(&mut self, path: &[String]) -> usize {
        self.close_to(0);
        self.go_to(path);
        let last = self.elements.len() - 1;
        self.close_to(0);
        last
    }

    /// Closes and opens suites until those of `path` are open. A case without a suite gets one
    /// without a name, since the schema wants one.
    fn go_to(&mut self, path: &[String]) {
        let none = [String::new()];
        let names = if path.is_empty() { &none[..] } else { path };
        let same = self
            .open
            .iter()
            .zip(names)
            .take_while(|(open, name)| self.elements[**open].name == **name)
            .count();
        self.close_to(same);
        for name in &names[same..] {
            let parent = self.open.last().copied();
            self.open.push(self.elements.len());
            self.steps.push(Step::Open(self.elements.len()));
            self.elements.push(Element {
                name: name.clone(),
                parent,
                counts: OutcomeCounts::default(),
                number: 0,
                metadata: None,
            });
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth
            && let Some(element) = self.open.pop()
        {
            self.steps.push(Step::Close);
            self.elements[element].number = self.ended;
            self.ended += 1;
        }
    }
}

/// The path that elements can stand for; nothing where they cannot, and the id is kept apart.
fn written_path(path: &[String]) -> &[String] {
    let plain = path.len() <= DEEPEST && path.iter().all(|name| !name.is_empty() && is_plain(name));
    if plain { path } else { &[] }
}

/// A part of a document inside of suites that say nothing but their names.
fn inside(path: &[String], part: &str) -> String {
    let mut document = String::new();
    for name in path {
        document.push_str("<testsuite");
        attribute(&mut document, "name", name);
        document.push('>');
    }
    document.push_str(part);
    document.push_str(&"</testsuite>".repeat(path.len()));
    document
}

/// What a reader makes of a document that was just written.
fn read_back(document: &str) -> (Vec<TestCase>, Vec<SuiteMetadata>) {
    let mut read = Collected::default();
    let options = Options {
        max_text: usize::MAX,
        ..Options::default()
    };
    match parse_with(
        document.as_bytes(),
        Some(Format::Junit),
        &options,
        &mut read,
    ) {
        Ok(summary) => (read.cases, summary.suites),
        Err(_) => Default::default(),
    }
}

#[cfg(test)]
#[path = "junit_tests.rs"]
mod tests;
