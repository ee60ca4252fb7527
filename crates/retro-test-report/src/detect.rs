//! Telling a format from its first bytes.

use crate::Format;
use crate::decoded::sniff_and_decode;
use crate::other_document::{binary_kind, first_elements, json_kind, other_document, xml_root};
use crate::{ctrf, go, libtest, libtest_json, tap, teamcity, trx, xunit};

/// The format of a file that starts with these bytes, or `None` when it is none of them.
///
/// Names play no part. Some kilobytes are enough; a runner's own words before its report do not
/// matter as long as the report begins within them.
///
/// ```
/// use retro_test_report::{Format, detect};
///
/// assert_eq!(detect(b"<testsuite name='s'>"), Some(Format::Junit));
/// assert_eq!(detect(b"TAP version 14\n1..2\n"), Some(Format::Tap));
/// assert_eq!(detect(b"dear diary,\n"), None);
/// ```
pub fn detect(start: &[u8]) -> Option<Format> {
    detect_decoded(&sniff_and_decode(start).ok()?)
}

/// As [`detect`], of bytes that are UTF-8 already.
pub(crate) fn detect_decoded(start: &[u8]) -> Option<Format> {
    if start.trim_ascii_start().starts_with(b"<") {
        return of_xml(start);
    }
    if ctrf::is_evidence(start) {
        return Some(Format::Ctrf);
    }
    // Cargo names a binary before what it prints, of whatever format that is.
    let mut binary = None;
    let lines = || start.split(|&b| b == b'\n');
    let by_line = lines().find_map(|line| {
        if let Some(format) = line_of(line) {
            Some(format)
        } else if libtest::is_evidence(line) {
            binary = Some(Format::Libtest);
            let is_named = libtest::binary_name(&String::from_utf8_lossy(line)).is_some();
            binary.filter(|_| !is_named)
        } else {
            tap::is_evidence(line).then_some(Format::Tap)
        }
    });
    match by_line.or(binary) {
        // A line that begins with `ok` may be any tool's; a plan or a version is TAP's alone.
        Some(Format::Tap) if !lines().any(tap::is_heading) => {
            let begins_xml = |line: &[u8]| line.trim_ascii_start().starts_with(b"<");
            let xml = || lines().any(begins_xml).then(|| of_xml(start)).flatten();
            xml().or(Some(Format::Tap))
        }
        Some(Format::GoText) if is_gotestsum(start) => None,
        // A report may follow other output in the same stream.
        other => other
            .or_else(|| of_xml(start))
            .or_else(|| tap::is_nothing_else(start).then_some(Format::Tap)),
    }
}

/// Whether this is what gotestsum prints on a console: of passed tests there is only its own line,
/// of failed ones there is Go's, too.
fn is_gotestsum(start: &[u8]) -> bool {
    let mut is_told = false;
    for line in start.split(|&b| b == b'\n') {
        // Go's own words on what passed.
        if line.starts_with(b"--- PASS: ") || line.starts_with(b"ok  \t") {
            return false;
        }
        is_told |= is_line_of_gotestsum(line);
    }
    is_told
}

/// Whether a line is like `PASS a/b.TestC (0.00s)`, `PASS  a/b (1ms)` or `✓  a/b (1ms)`.
fn is_line_of_gotestsum(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(&line[..line.len().min(1000)]) else {
        return false;
    };
    let Some((word, rest)) = line.trim_end().split_once(' ') else {
        return false;
    };
    let is_word = matches!(word, "PASS" | "FAIL" | "SKIP" | "EMPTY");
    let is_mark = matches!(word, "✓" | "✖" | "∅" | "✅" | "❌" | "➖");
    let (name, took) = match rest.trim_start().split_once(" (") {
        Some((name, took)) => (name, took),
        None => return false,
    };
    let is_package = rest.starts_with(' ');
    let is_time = took.starts_with("cached)")
        || took.starts_with(|c: char| c.is_ascii_digit())
            && took
                .split_once(')')
                .is_some_and(|(took, _)| took.ends_with('s'));
    let kinds = [".Test", ".Example", ".Fuzz", ".Benchmark"];
    let is_test = kinds.iter().any(|kind| name.contains(kind));
    is_time
        && !name.contains(char::is_whitespace)
        && (is_package && (is_word || is_mark) || is_word && is_test)
}

/// The format that alone has lines like this one.
fn line_of(line: &[u8]) -> Option<Format> {
    if go::is_json_evidence(line) {
        Some(Format::GoJson)
    } else if libtest_json::is_evidence(line) {
        Some(Format::LibtestJson)
    } else if teamcity::is_evidence(line) {
        Some(Format::TeamCity)
    } else if go::is_text_evidence(line) {
        Some(Format::GoText)
    } else {
        None
    }
}

/// The XML format of the first element that belongs to one.
fn of_xml(start: &[u8]) -> Option<Format> {
    if other_document(start).is_some() {
        return None;
    }
    let mut found = None;
    let (mut in_test_run, mut has_test_run) = (false, false);
    first_elements(start, |name, attributes| {
        found = match name {
            b"testsuites" | b"testsuite" | b"testcase" | b"testrun" => Some(Format::Junit),
            b"TestRun" => trx::is_run_of_report(attributes).then_some(Format::Trx),
            name if in_test_run && trx::is_part_of_run(name) => Some(Format::Trx),
            b"test-run" | b"test-results" | b"test-suite" | b"test-case" => Some(Format::Nunit),
            b"assemblies" => Some(Format::Xunit),
            b"assembly" => xunit::is_assembly_of_report(attributes).then_some(Format::Xunit),
            _ => None,
        };
        // Other tools have an element of this name, too.
        in_test_run = name == b"TestRun";
        has_test_run |= in_test_run;
        found.is_none()
    });
    let has_result = || memchr::memmem::find(start, b"<UnitTestResult").is_some();
    found.or_else(|| (has_test_run && has_result()).then_some(Format::Trx))
}

/// What bytes that are no report look like, for a message. `asked` is the format that they were
/// said to be.
pub(crate) fn looks_like(start: &[u8], asked: Option<Format>) -> String {
    if let Some(other) = other_document(start) {
        return other;
    }
    match (detect_decoded(start), asked) {
        (Some(format), Some(asked)) if format != asked => {
            let (seen, asked) = (format.title(), asked.title());
            return format!("{seen} rather than {asked}, which was asked for");
        }
        (Some(format), _) => {
            let title = format.title();
            return format!("{title}, but no test and no result can be read from it");
        }
        (None, _) => {}
    }
    if let Some(kind) = binary_kind(start) {
        return kind.to_owned();
    }
    let start = start.trim_ascii_start();
    let text = String::from_utf8_lossy(&start[..start.len().min(4096)]);
    if text.starts_with('<') {
        return xml_root(start);
    }
    if text.starts_with(['{', '[']) {
        return json_kind(start).to_owned();
    }
    if text
        .lines()
        .any(|line| tap::is_evidence(line.trim_start().as_bytes()))
    {
        return "TAP of which every line is indented: subtests without the tests around them"
            .to_owned();
    }
    if is_gotestsum(start) {
        return "the console of gotestsum; --junitfile=FILE and --jsonfile=FILE write what is read here"
            .to_owned();
    }
    if let Some((_, kind)) = TEXTS.iter().find(|(words, _)| text.contains(words)) {
        return (*kind).to_owned();
    }
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .trim();
    let shown: String = line.chars().take(80).filter(|c| !c.is_control()).collect();
    format!("text that begins with {shown:?}")
}

/// Words of tools that print no report unless they are asked to.
const TEXTS: [(&str, &str); 4] = [
    (
        "= test session starts =",
        "the text of pytest; --junitxml=FILE writes JUnit XML",
    ),
    (
        "Nextest run ID ",
        "the text of cargo-nextest; its profile's setting junit.path writes JUnit XML",
    ),
    (
        "All tests successful.\nFiles=",
        "the summary of prove; --verbose prints the tests themselves",
    ),
    (
        "Test Summary Report\n----",
        "the summary of prove; --verbose prints the tests themselves",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: &str, expected: Option<Format>) {
        assert_eq!(detect(start.as_bytes()), expected, "{start:?}");
        let wide: Vec<u8> = format!("\u{feff}{start}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(detect(&wide), expected, "{start:?} as UTF-16");
    }

    #[test]
    fn formats_are_told_from_their_first_lines() {
        use Format::{Junit, Libtest, Tap};
        check("<testsuites/>", Some(Junit));
        check(
            "\n <?xml version=\"1.0\"?><!-- <x> --><!DOCTYPE a><j:testsuite x='1'>",
            Some(Junit),
        );
        check("<testcase name=\"a\"/>", Some(Junit));
        check("<testsuites name=\"a", Some(Junit));
        check("npm noise\n> run\n<testsuites>", Some(Junit));
        check("TAP version 13", Some(Tap));
        check("tap Version 14\n", Some(Tap));
        check("noise\n1..3\nok 1\n", Some(Tap));
        check("1..0 # SKIP no network", Some(Tap));
        check("ok 1 - a\n", Some(Tap));
        check("not ok - a\n", Some(Tap));
        check("ok 1\nok\n", Some(Tap));
        check("not ok 1", Some(Tap));
        check("\nrunning 1 test\ntest a ... ok\n", Some(Libtest));
        check("test a::b ... ok\n", Some(Libtest));
        check(
            "     Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)\n\nrunning 0 tests\n",
            Some(Libtest),
        );
    }

    #[test]
    fn formats_of_lines_and_of_json_are_told_apart() {
        use Format::{Ctrf, GoJson, GoText, LibtestJson, TeamCity};
        check(
            "go: downloading x\n{\"Time\":\"2024\",\"Action\":\"start\",\"Package\":\"a\"}\n",
            Some(GoJson),
        );
        check(
            "{\"ImportPath\":\"a\",\"Action\":\"build-output\",\"Output\":\"x\"}\n",
            Some(GoJson),
        );
        check("ok  \tgithub.com/a/b\t0.01s\n", Some(GoText));
        check("=== RUN   TestA\nrunning 1 test\n", Some(GoText));
        check("--- FAIL: TestA (0.00s)\n", Some(GoText));
        check("# a\n./a.go:1:1: x\nFAIL\ta [build failed]\n", Some(GoText));
        check("pkg: a\nBenchmarkA-8 100 2.5 ns/op\n", Some(GoText));
        check("?   \ta/b\t[no test files]\n", Some(GoText));
        check(
            "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 6 }\n",
            Some(LibtestJson),
        );
        check(
            "   Compiling a\n{\"type\":\"test\",\"event\":\"ok\",\"name\":\"a\"}\n",
            Some(LibtestJson),
        );
        check("{\"reportFormat\": \"CTRF\", \"specVersion\":", Some(Ctrf));
        check("{\"results\": {\"tool\": {}, \"tests\": [", Some(Ctrf));
        check(
            "noise\n##teamcity[testSuiteStarted name='a']\n",
            Some(TeamCity),
        );
        check("x##teamcity[testIgnored name='a']", Some(TeamCity));
    }

    #[test]
    fn formats_of_dotnet_are_told_from_their_roots() {
        use Format::{Nunit, Trx, Xunit};
        check("<TestRun id='2'>", Some(Trx));
        check("<x:TestRun xmlns:x='u' id='2'>", Some(Trx));
        check("<test-run id='2'>", Some(Nunit));
        check("<!-- note --><n:test-results name='a", Some(Nunit));
        check("<test-suite>", Some(Nunit));
        check("<test-case/>", Some(Nunit));
        check("<assemblies/>", Some(Xunit));
        check("<assembly name='a.dll' run-date='2018-06-15'>", Some(Xunit));
        check("<assembly name='a.dll' total='1", Some(Xunit));
        check("<TestRun><Times/><Results/>", Some(Trx));
        check(
            "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2006'/>",
            Some(Trx),
        );
    }

    #[test]
    fn other_things_are_no_report() {
        for other in [
            "",
            "all is well",
            "OK\n",
            "ok then\n",
            "ok\n",
            "ok\nok\n",
            "not ok\n",
            "ok\nall is well\n",
            "running fast\n",
            "test results are in\n",
            "{\"type\":\"suite\",\"event\":\"over\"}",
            "{\"Action\":\"jump\"}",
            "{\"results\":[]}",
            "##teamcity[progressMessage 'x']\n",
            "<html><body>",
            "<assembly manifestVersion='1.0'>",
            "<?xml version=\"1.0\"?>",
            "1...5\n",
            "1..two\n",
            "<TestRun><FailedTests/><SuccessfulTests><Test id='1'><Name>a</Name></Test>",
            "<TestRun/>",
            "<phpunit><testsuites><testsuite name='Unit'><directory>tests</directory>",
            "<testsuite><testcase internalid='1' name='a'><summary/>",
            "<html><body><testsuite name='a'>",
            "<TestCase name='a'><TestFunction name='b'/>",
            "    1..2\n    ok 1\n",
        ] {
            check(other, None);
        }
    }

    #[test]
    fn a_line_that_only_begins_with_ok_does_not_hide_a_document() {
        let document = "<?xml version='1.0'?>\n<testsuites><testsuite name='a'>";
        check(
            &format!("PASS a.js\nok 1 thing\n{document}"),
            Some(Format::Junit),
        );
        check(&format!("ok 1 thing\n1..1\n{document}"), Some(Format::Tap));
    }

    #[test]
    fn the_console_of_gotestsum_is_no_text_of_go() {
        let failed = "=== RUN   TestB\n--- FAIL: TestB (0.00s)\n";
        for own in [
            "PASS a/b.TestA (0.00s)\n",
            "SKIP a/b.TestA/c.d (0.00s)\n",
            "FAIL a/b.ExampleA (0.10s)\n",
            "✖  a/b (20ms)\n",
            "PASS  a/b (cached)\n",
            "✓  a/b (1ms) (coverage: 3.0% of statements)\n",
        ] {
            check(&format!("{own}{failed}"), None);
            check(&format!("{failed}{own}"), None);
            check(
                &format!("{failed}--- PASS: TestC (0.00s)\n{own}"),
                Some(Format::GoText),
            );
            let told = looks_like(format!("{own}{failed}").as_bytes(), None);
            assert!(told.contains("gotestsum"), "{told}");
        }
        for other in [
            "PASS\n",
            "FAIL a/b (see below)\n",
            "PASS all of it (1s)\n",
            "FAIL\ta/b\t0.1s\n",
        ] {
            check(&format!("{other}{failed}"), Some(Format::GoText));
        }
    }

    #[test]
    fn what_is_no_report_is_named() {
        for (start, expected) in [
            (
                "<test-run/>",
                "NUnit XML rather than go test text, which was asked for",
            ),
            (
                "<TestRun><Results>",
                "TRX (Visual Studio) rather than go test text, which was asked for",
            ),
            (
                "<checkstyle><file/>",
                "a Checkstyle report (its root element is <checkstyle>)",
            ),
            ("<foo/>", "XML of another kind (its root element is <foo>)"),
            (
                "{\"Action\":\"run\"}",
                "go test JSON rather than go test text, which was asked for",
            ),
            ("{\"a\":1}", "JSON of another kind"),
            (
                "\nerror: no such thing\n",
                "text that begins with \"error: no such thing\"",
            ),
            ("<?xml?>", "XML without a single complete element"),
            (
                "TAP version 13",
                "TAP rather than go test text, which was asked for",
            ),
            (
                "  1..1\n  ok 1",
                "TAP of which every line is indented: subtests without the tests around them",
            ),
            (
                "=== RUN   TestA",
                "go test text, but no test and no result can be read from it",
            ),
            (
                "== test session starts ==\ncollected 1 item\n",
                "the text of pytest; --junitxml=FILE writes JUnit XML",
            ),
        ] {
            assert_eq!(looks_like(start.as_bytes(), Some(Format::GoText)), expected);
        }
    }
}
