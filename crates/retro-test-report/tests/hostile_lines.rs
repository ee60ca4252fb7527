//! Input that means harm, and input that is only odd, for the formats of events and messages.

mod reading;

use std::io::{BufRead, BufReader, Cursor, Read};

use proptest::prelude::*;
use reading::{check, read, read_with, shown};
use retro_domain::TestCase;
use retro_test_report::{Collected, Format, Options, ReportSink, detect, parse, parse_with};

const FORMATS: [Format; 5] = [
    Format::GoJson,
    Format::GoText,
    Format::LibtestJson,
    Format::Ctrf,
    Format::TeamCity,
];

/// Everything that came out, for comparison.
fn outcome(bytes: &[u8], format: Option<Format>, capacity: usize, options: &Options) -> String {
    let mut sink = Collected::default();
    let reader = BufReader::with_capacity(capacity, bytes);
    let result = parse_with(reader, format, options, &mut sink);
    format!("{result:?} {sink:?}")
}

fn check_any(bytes: &[u8]) {
    let _ = detect(bytes);
    let formats = FORMATS.into_iter().map(Some).chain([None]);
    for format in formats {
        let options = Options {
            max_text: 16,
            ..Options::default()
        };
        let whole = outcome(bytes, format, 1 << 16, &options);
        assert_eq!(whole, outcome(bytes, format, 1, &options));
        assert_eq!(whole, outcome(bytes, format, 7, &options));
    }
}

const LINES: [&str; 62] = [
    "{\"Action\":\"start\",\"Package\":\"p\"}",
    "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}",
    "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA/b\"}",
    "{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"TestA\",\"Output\":\"    a_test.go:1: é\\ud83d long and more\\n\"}",
    "{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"TestA/b\",\"Output\":\"panic: x\\n\"}",
    "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"FAIL\\tp [build failed]\\n\"}",
    "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"no end\"}",
    "{\"Action\":\"pause\",\"Package\":\"p\",\"Test\":\"TestA\"}",
    "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\",\"Elapsed\":-1e300}",
    "{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"TestA/b\",\"Elapsed\":\"x\"}",
    "{\"Action\":\"skip\",\"Package\":\"q\",\"Test\":\"TestC\",\"Elapsed\":1e30}",
    "{\"Action\":\"fail\",\"Package\":\"p\"}",
    "{\"Action\":\"pass\",\"Package\":\"p\"}",
    "{\"Action\":\"build-output\",\"ImportPath\":\"p [p.test]\",\"Output\":\"# p\\n\"}",
    "{\"Action\":\"attr\",\"Package\":\"p\",\"Test\":\"TestA\",\"Key\":\"k\",\"Value\":\"v\"}",
    "=== RUN   TestA",
    "=== RUN   TestA/b",
    "=== PAUSE TestA",
    "=== CONT  TestA",
    "=== NAME  TestA/b",
    "--- PASS: TestA (0.00s)",
    "    --- FAIL: TestA/b (1.00s)",
    "é--- SKIP: TestA (0.00s)",
    "é=== RUN   TestB",
    "    a_test.go:3: bad",
    "panic: é",
    "PASS",
    "FAIL",
    "ok  \tp\t0.1s",
    "FAIL\tp\t0.1s",
    "FAIL\tp [build failed]",
    "# p [p.test]",
    "pkg: p",
    "BenchmarkA-8 100 2.5 ns/op",
    "coverage: 1%",
    "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 2 }",
    "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"a\" }",
    "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"p::b$é#2\" }",
    "{ \"type\": \"test\", \"event\": \"ok\", \"name\": \"p::b$é#2\" }",
    "{ \"type\": \"test\", \"event\": \"failed\", \"name\": \"a\", \"stdout\": \"thread 'a' (1) panicked at é\" }",
    "{ \"type\": \"test\", \"event\": \"ignored\", \"name\": \"src\\lib.rs\" }",
    "{ \"type\": \"bench\", \"name\": \"a\", \"median\": 1, \"deviation\": 2 }",
    "{ \"type\": \"suite\", \"event\": \"failed\", \"passed\": 18446744073709551615, \"failed\": 1 }",
    "error: test failed, to rerun",
    "     Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)",
    "##teamcity[testSuiteStarted name='s' flowId='1']",
    "##teamcity[flowStarted flowId='2' parent='1']",
    "##teamcity[testStarted name='é|0xd83d' flowId='2' captureStandardOutput='true']",
    "x##teamcity[testFailed name='é|0xd83d' flowId='2' message='m|n' details='d' expected='é']y",
    "##teamcity[testFinished name='é|0xd83d' flowId='2' duration='-1']",
    "##teamcity[testSuiteFinished name='s' flowId='1']",
    "##teamcity[flowFinished flowId='2']",
    "##teamcity[testIgnored name='i'",
    "##teamcity[testMetadata value='v'] ##teamcity[testStdOut name='é' out='|']",
    "{\"results\":{\"tests\":[",
    "{\"name\":\"n\",\"status\":\"failed\",\"parameters\":{\"é\":[[1]]},\"stdout\":[\"éééééééééééééééééé\"]},",
    "{\"name\":\"n\",\"retryAttempts\":[{\"status\":\"passed\"},7],\"duration\":1e400},",
    "],\"summary\":{\"tests\":1e30}}}",
    "{\"é\":\"\\u00",
    "[[[[",
    "\u{1b}[31m é",
    "",
];

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check_any(&bytes);
    }

    #[test]
    fn no_lines_make_a_reader_panic(
        lines in prop::collection::vec(prop::sample::select(&LINES[..]), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let text = lines.join("\n");
        check_any(text.as_bytes());
        check_any(&text.as_bytes()[..cut.index(text.len() + 1)]);
    }

    #[test]
    fn no_parts_of_json_make_a_reader_panic(
        parts in prop::collection::vec(prop::sample::select(&[
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\"results\"", "\"tests\"", "\"name\"", "\"status\":\"passed\"",
            "1", "-", "1e9", "null", "true", "é", "\\u12", "\n", " ", "{\"results\":{\"tests\":[{",
        ][..]), 0..60),
    ) {
        check_any(parts.concat().as_bytes());
    }

    /// Wherever a report is cut, every case whose end was read is there, and the cut is noticed.
    #[test]
    fn a_cut_loses_no_complete_case(
        kinds in prop::collection::vec(0..3_usize, 1..8),
        which in 0..FORMATS.len(),
        cut in any::<prop::sample::Index>(),
    ) {
        let format = FORMATS[which];
        let (start, cases, end) = report(format, &kinds);
        let mut text = start;
        let mut ends = Vec::new();
        for case in &cases {
            text.push_str(case);
            ends.push(text.trim_end().len());
        }
        text.push_str(end);
        let whole = read_with(&text, Some(format), &Options::default()).unwrap();
        prop_assert_eq!(whole.summary.counts.total(), kinds.len() as u64);
        prop_assert!(!whole.summary.truncated, "{:?}", whole.warnings);
        let at = cut.index(text.trim_end().len());
        let complete = ends.iter().filter(|end| **end <= at).count();
        let Ok(part) = read_with(&text.as_bytes()[..at], Some(format), &Options::default()) else {
            prop_assert_eq!(complete, 0);
            return Ok(());
        };
        prop_assert!(part.cases.len() >= complete, "{} of {}", part.cases.len(), complete);
        // The output of a test binary alone ends with the verdict.
        let kept = String::from_utf8_lossy(&text.as_bytes()[..at]);
        let is_verdict = matches!(kept.lines().last(), Some("PASS" | "FAIL"));
        let is_alone = format == Format::GoText && is_verdict && !kept.contains("exit");
        prop_assert!(part.summary.truncated || is_alone, "{}", kept);
        let names = |cases: &[TestCase]| {
            // Without its last line, text does not tell the package of its tests.
            let mut cases = cases.to_vec();
            cases.iter_mut().for_each(|case| case.id.suite.clear());
            shown(&cases)
        };
        prop_assert_eq!(&names(&part.cases)[..complete], &names(&whole.cases)[..complete]);
    }
}

/// The start, the cases and the end of a valid report.
fn report(format: Format, kinds: &[usize]) -> (String, Vec<String>, &'static str) {
    let count = |kind: usize| kinds.iter().filter(|k| **k == kind).count();
    let failed = kinds.contains(&1);
    let case = |(at, kind): (usize, &usize)| match format {
        Format::GoJson => {
            let action = ["pass", "fail", "skip"][*kind];
            let of = format!("\"Package\":\"p\",\"Test\":\"Test{at}\"");
            format!(
                "{{\"Action\":\"run\",{of}}}\n{{\"Action\":\"output\",{of},\"Output\":\"é\\n\"}}\n{{\"Action\":\"{action}\",{of}}}\n"
            )
        }
        Format::GoText => {
            let word = ["PASS", "FAIL", "SKIP"][*kind];
            format!("=== RUN   Test{at}\n    a_test.go:{at}: é\n--- {word}: Test{at} (0.00s)\n")
        }
        Format::LibtestJson => {
            let word = ["ok", "failed", "ignored"][*kind];
            format!(
                "{{\"type\":\"test\",\"event\":\"started\",\"name\":\"t{at}\"}}\n{{\"type\":\"test\",\"event\":\"{word}\",\"name\":\"t{at}\"}}\n"
            )
        }
        Format::Ctrf => {
            let word = ["passed", "failed", "skipped"][*kind];
            let comma = if at > 0 { "," } else { "" };
            format!(
                "{comma}{{\"name\":\"t{at}\",\"extra\":{{\"a\":[\"é\"]}},\"status\":\"{word}\"}}\n"
            )
        }
        _ => {
            let name = format!("name='t{at}'");
            let middle = [
                "",
                "##teamcity[testFailed NAME message='é']\n",
                "##teamcity[testIgnored NAME]\n",
            ][*kind];
            format!(
                "##teamcity[testStarted {name}]\n{}##teamcity[testFinished {name}]\n",
                middle.replace("NAME", &name)
            )
        }
    };
    let mut cases: Vec<String> = kinds.iter().enumerate().map(case).collect();
    match format {
        Format::GoJson if failed => (
            String::new(),
            cases,
            "{\"Action\":\"fail\",\"Package\":\"p\"}\n",
        ),
        Format::GoJson => (
            String::new(),
            cases,
            "{\"Action\":\"pass\",\"Package\":\"p\"}\n",
        ),
        Format::GoText if failed => (String::new(), cases, "FAIL\nexit status 1\nFAIL\tp\t0.1s\n"),
        Format::GoText => (String::new(), cases, "PASS\nok  \tp\t0.1s\n"),
        Format::LibtestJson => {
            let start = format!(
                "{{\"type\":\"suite\",\"event\":\"started\",\"test_count\":{}}}\n",
                kinds.len()
            );
            let end = format!(
                "{{\"type\":\"suite\",\"event\":\"{}\",\"passed\":{},\"failed\":{},\"ignored\":{}}}\n",
                if failed { "failed" } else { "ok" },
                count(0),
                count(1),
                count(2),
            );
            // The end belongs to the last case, for it differs.
            if let Some(last) = cases.last_mut() {
                last.push_str(&end);
            }
            (start, cases, "")
        }
        Format::Ctrf => ("{\"results\":{\"tests\":[".to_owned(), cases, "]}}"),
        _ => (
            "##teamcity[testSuiteStarted name='s']\n".to_owned(),
            cases,
            "##teamcity[testSuiteFinished name='s']\n",
        ),
    }
}

/// Counts and forgets.
#[derive(Default)]
struct Counting(u64);

impl ReportSink for Counting {
    fn case(&mut self, _: &TestCase) {
        self.0 += 1;
    }
}

fn count(reader: impl BufRead, format: Format) -> (u64, bool) {
    let mut sink = Counting::default();
    let summary = parse(reader, Some(format), &mut sink).unwrap();
    (sink.0, summary.truncated)
}

#[test]
fn one_string_without_end_is_kept_in_part() {
    let options = Options {
        max_text: 1_000,
        ..Options::default()
    };
    for (format, start, end) in [
        (
            Format::LibtestJson,
            "{\"type\":\"test\",\"event\":\"failed\",\"name\":\"a\",\"stdout\":\"",
            "\"}\n",
        ),
        (
            Format::Ctrf,
            "{\"results\":{\"tests\":[{\"name\":\"a\",\"trace\":\"",
            "\",\"status\":\"failed\"}]}}",
        ),
        (
            Format::GoJson,
            "{\"Action\":\"run\",\"Package\":\"\",\"Test\":\"a\"}\n{\"Action\":\"output\",\"Package\":\"\",\"Test\":\"a\",\"Output\":\"",
            "\"}\n{\"Action\":\"fail\",\"Package\":\"\",\"Test\":\"a\"}\n",
        ),
        (Format::GoText, "=== RUN   a\n", "\n--- FAIL: a (0.00s)\n"),
    ] {
        let middle = std::io::repeat(b'x').take(20 << 20);
        let whole = Cursor::new(start).chain(middle).chain(Cursor::new(end));
        let mut sink = Collected::default();
        parse_with(BufReader::new(whole), Some(format), &options, &mut sink).unwrap();
        assert_eq!(shown(&sink.cases), ["failed a"], "{start}");
        let detail = sink.cases[0].detail.as_deref().unwrap();
        assert!(detail.len() < 5_000, "{}", detail.len());
    }
}

#[test]
fn one_line_is_a_report_when_it_says_so() {
    check(
        "{\"type\":\"test\",\"event\":\"ok\",\"name\":\"a\"}",
        &["passed a"],
    );
    assert!(read("=== RUN   TestA").summary.truncated);
}

#[test]
fn a_line_without_end_is_one_line() {
    for format in FORMATS {
        let middle = std::io::repeat(b'{').take(20 << 20);
        let mut sink = Counting::default();
        let _ = parse(BufReader::new(middle), Some(format), &mut sink);
        assert_eq!(sink.0, 0);
    }
    let start = "##teamcity[testStarted name='a']\n##teamcity[testFailed name='a' details='";
    let middle = std::io::repeat(b'x').take(20 << 20);
    let end = "']\n##teamcity[testFinished name='a']\n";
    let whole = Cursor::new(start).chain(middle).chain(Cursor::new(end));
    assert_eq!(count(BufReader::new(whole), Format::TeamCity), (1, false));
}

#[test]
fn deep_values_are_no_stack() {
    for deep in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 20)] {
        let text = format!(
            "{{\"results\":{{\"tests\":[{{\"name\":\"a\",\"status\":\"passed\"}},{{\"name\":\"b\",\"extra\":{deep}"
        );
        assert_eq!(count(text.as_bytes(), Format::Ctrf), (1, true));
        let line = format!(
            "{{\"type\":\"test\",\"event\":\"ok\",\"name\":\"a\",\"x\":{deep}\n{{\"type\":\"test\",\"event\":\"ok\",\"name\":\"b\"}}\n"
        );
        assert_eq!(count(line.as_bytes(), Format::LibtestJson).0, 1);
    }
    let closed = format!(
        "{{\"results\":{{\"tests\":[{{\"name\":\"b\",\"extra\":{}{}}}]}}}}",
        "[".repeat(1 << 20),
        "]".repeat(1 << 20)
    );
    assert_eq!(count(closed.as_bytes(), Format::Ctrf), (1, false));
}

/// Lines that are made as they are read.
struct Made<F>(F, u64, u64, Vec<u8>, usize);

impl<F: Fn(u64) -> String> Read for Made<F> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.4 == self.3.len() && self.1 < self.2 {
            self.3 = (self.0)(self.1).into_bytes();
            self.1 += 1;
            self.4 = 0;
        }
        let count = (&self.3[self.4..]).read(into)?;
        self.4 += count;
        Ok(count)
    }
}

fn made(count: u64, line: impl Fn(u64) -> String) -> impl BufRead {
    BufReader::new(Made(line, 0, count, Vec::new(), 0))
}

#[test]
fn a_million_open_tests_are_bounded_and_said() {
    const MANY: u64 = 1_000_000;
    type Line = fn(u64) -> String;
    let lines: [(Format, Line); 4] = [
        (Format::GoJson, |at| {
            format!("{{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"Test{at}\"}}\n")
        }),
        (Format::GoText, |at| format!("=== RUN   Test{at}\n")),
        (Format::LibtestJson, |at| {
            format!("{{\"type\":\"test\",\"event\":\"started\",\"name\":\"t{at}\"}}\n")
        }),
        (Format::TeamCity, |at| {
            format!("##teamcity[testStarted name='t' flowId='{at}']\n")
        }),
    ];
    for (format, line) in lines {
        let mut sink = Told::default();
        let summary = parse(made(MANY, line), Some(format), &mut sink).unwrap();
        assert!(summary.truncated, "{format:?}");
        assert!(
            (1_000..200_000).contains(&sink.cases),
            "{format:?} {}",
            sink.cases
        );
        assert!(
            sink.warning.contains("too many"),
            "{format:?}: {}",
            sink.warning
        );
    }
}

#[derive(Default)]
struct Told {
    cases: u64,
    warning: String,
}

impl ReportSink for Told {
    fn case(&mut self, _: &TestCase) {
        self.cases += 1;
    }

    fn warning(&mut self, warning: retro_test_report::Warning) {
        if self.warning.is_empty() {
            self.warning = warning.message;
        }
    }
}

#[test]
fn tests_that_end_are_counted_however_many_are_open() {
    let lines = |at: u64| {
        let action = if at < 300_000 { "run" } else { "pass" };
        format!(
            "{{\"Action\":\"{action}\",\"Package\":\"p\",\"Test\":\"Test{}\"}}\n",
            at % 300_000
        )
    };
    let end = "{\"Action\":\"pass\",\"Package\":\"p\"}\n";
    let whole = made(600_000, lines).chain(end.as_bytes());
    assert_eq!(count(whole, Format::GoJson), (300_000, false));
}

#[test]
fn one_package_of_many_tests_is_bounded() {
    let lines = |at: u64| {
        format!(
            "=== RUN   Test{at}\n{}\n--- PASS: Test{at} (0.00s)\n",
            "x".repeat(200)
        )
    };
    let end = "ok  \tp\t0.1s\n";
    let mut sink = Told::default();
    let whole = made(300_000, lines).chain(end.as_bytes());
    let summary = parse(whole, None, &mut sink).unwrap();
    assert_eq!((sink.cases, summary.truncated), (300_000, false));
    assert!(sink.warning.contains("too many tests"), "{}", sink.warning);
}
