//! Whatever comes in, memory is bounded and grows with no more than the size of the input.
//!
//! Every input is made while it is read, and read twice: as large as it should be and a quarter of
//! that. Nothing here asks how long it takes; what was allocated in all is the measure of work, and
//! an input on which the work is quadratic would not come to its end.

mod ctrf;
mod dotnet;
mod go;
mod junit;
mod libtest_json;
mod lines;
mod measure;
mod nested;
mod teamcity;
mod xml;

use std::io::{BufReader, Cursor, Read};

use measure::{Use, measured};
use retro_domain::TestCase;
use retro_test_report::{Format, Options, ParseError, ReportSink, Summary, Warning, parse_with};

/// No input needs more, however hostile.
const MOST: i64 = 64 << 20;

/// Looks and forgets.
#[derive(Default)]
struct Looking {
    cases: u64,
    longest: usize,
    first: Option<TestCase>,
    warnings: Vec<String>,
}

impl ReportSink for Looking {
    fn case(&mut self, case: &TestCase) {
        self.cases += 1;
        for text in [&case.detail, &case.message, &case.stdout, &case.stderr] {
            self.longest = self.longest.max(text.as_ref().map_or(0, String::len));
        }
        if self.first.is_none() {
            self.first = Some(case.clone());
        }
    }

    fn warning(&mut self, warning: Warning) {
        self.warnings.push(warning.message);
    }
}

/// A text made of pieces that are made when they are asked for.
struct Pieces<F> {
    at: usize,
    count: usize,
    make: F,
    piece: Cursor<Vec<u8>>,
}

impl<F: Fn(usize, &mut Vec<u8>)> Read for Pieces<F> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.position() == self.piece.get_ref().len() as u64 && self.at < self.count {
            let piece = self.piece.get_mut();
            piece.clear();
            (self.make)(self.at, piece);
            self.piece.set_position(0);
            self.at += 1;
        }
        self.piece.read(into)
    }
}

fn pieces(count: usize, make: impl Fn(usize, &mut Vec<u8>)) -> impl Read {
    Pieces {
        at: 0,
        count,
        make,
        piece: Cursor::new(Vec::new()),
    }
}

/// As [`pieces`], of texts.
fn each(count: usize, make: impl Fn(usize) -> String) -> impl Read {
    pieces(count, move |at, out| {
        out.extend_from_slice(make(at).as_bytes());
    })
}

fn again(count: usize, piece: &str) -> impl Read + use<> {
    let piece = piece.as_bytes().to_vec();
    pieces(count, move |_, out| out.extend_from_slice(&piece))
}

fn text(text: &str) -> impl Read + use<> {
    Cursor::new(text.as_bytes().to_vec())
}

type Outcome = Result<Summary, ParseError>;

fn read(input: impl Read, format: Option<Format>) -> (Outcome, Looking, Use) {
    let mut sink = Looking::default();
    let options = Options::default();
    let (outcome, needed) =
        measured(|| parse_with(BufReader::new(input), format, &options, &mut sink));
    (outcome, sink, needed)
}

/// Reads an input of a size and of a quarter of it, and gives what came of the large one.
fn check<R: Read>(size: usize, input: impl Fn(usize) -> R) -> (Outcome, Looking) {
    check_all(MOST, None, size, input)
}

fn check_as<R: Read>(
    format: Option<Format>,
    size: usize,
    input: impl Fn(usize) -> R,
) -> (Outcome, Looking) {
    check_all(MOST, format, size, input)
}

/// As [`check`], of an input that is smaller than what is always allowed.
fn check_within<R: Read>(most: i64, size: usize, input: impl Fn(usize) -> R) -> (Outcome, Looking) {
    check_all(most, None, size, input)
}

fn check_all<R: Read>(
    most: i64,
    format: Option<Format>,
    size: usize,
    input: impl Fn(usize) -> R,
) -> (Outcome, Looking) {
    let (_, _, small) = read(input(size / 4), format);
    let (outcome, sink, large) = read(input(size), format);
    assert!(large.peak <= most, "held {} bytes", large.peak);
    // Buffers double when they are full, so that a little more than four times is honest.
    let most = small.asked * 5 + (4 << 20);
    assert!(large.asked <= most, "{small:?} became {large:?}");
    (outcome, sink)
}

fn summary(outcome: Outcome) -> Summary {
    outcome.expect("a report")
}

/// Checks that a large report needs no more memory than a small one, but for so many bytes, and
/// gives what came of the large one. The small one is larger than the start that is read at once.
fn check_ordinary<R: Read>(more: i64, input: impl Fn(usize) -> R) -> (Outcome, Looking) {
    let (_, _, small) = read(input(5_000), None);
    let (outcome, sink, large) = read(input(100_000), None);
    assert!(
        large.peak <= small.peak + more,
        "{small:?} became {large:?}"
    );
    (outcome, sink)
}

/// 64 KiB of lines with a reference, the way output has them.
fn lines(before: &str) -> String {
    let line = "a line of a text that does not end, of nearly sixty-four bytes\n";
    format!("{before}& {}", format!("{before}{line}").repeat(1024))
}

/// Checks that the text of the only case was kept up to the limit, and says that it was cut.
fn check_cut(sink: Looking, is_output: bool, start: &str) {
    let limit = Options::default().max_text;
    assert!((limit..limit + 100).contains(&sink.longest), "{start}");
    let case = sink.first.expect("a case");
    let text = if is_output { case.stdout } else { case.detail };
    let text = text.expect("a text");
    assert!(text.contains("[cut here: "), "{start}");
}
