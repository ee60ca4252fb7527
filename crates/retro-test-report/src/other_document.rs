//! What documents of other tools look like, for messages, and so that none of them is read as a
//! report without tests.

use crate::xml::{Attributes, Token, Tokens, local_name};

/// How many elements are looked at.
const MOST_ELEMENTS: usize = 20;

/// Shows the names and attributes of the first elements of a document, most documents need only
/// one, until `wants_more` says no.
pub(crate) fn first_elements(
    start: &[u8],
    mut wants_more: impl FnMut(&[u8], Attributes<'_>) -> bool,
) {
    let mut tokens = Tokens::new(start);
    let mut seen = 0;
    loop {
        match tokens.next() {
            Ok(Token::Start(tag)) => {
                let end = tag
                    .iter()
                    .position(|b| b.is_ascii_whitespace() || *b == b'/');
                let end = end.unwrap_or(tag.len());
                seen += 1;
                if !wants_more(local_name(&tag[..end]), Attributes::new(&tag[end..]))
                    || seen == MOST_ELEMENTS
                {
                    return;
                }
            }
            Ok(Token::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    // A tag that is cut off still has a name, when white space follows it.
    let cut = tokens.cut_tag();
    if let Some(end) = cut.iter().position(u8::is_ascii_whitespace) {
        wants_more(local_name(&cut[..end]), Attributes::new(&cut[end..]));
    }
}

/// What a document is that another tool wrote and that holds no report, although some of its
/// elements or keys are those of one.
pub(crate) fn other_document(start: &[u8]) -> Option<String> {
    let start = start.trim_ascii_start();
    if !start.starts_with(b"<") {
        return None;
    }
    let mut root: Option<String> = None;
    let mut kind = None;
    first_elements(start, |name, mut attributes| {
        let Some(root) = &root else {
            root = Some(shown(name));
            kind = match name {
                b"phpunit" | b"html" | b"HTML" => kind_of_root(name),
                b"test-suite" => attributes
                    .any(|(_, value)| value == ALLURE_1_NAME_SPACE)
                    .then_some(ALLURE_1),
                _ => None,
            };
            return kind.is_none();
        };
        kind = match (root.as_str(), name) {
            ("TestRun", b"FailedTests" | b"SuccessfulTests") => Some("a CppUnit report"),
            ("testcases", b"steps" | b"preconditions" | b"summary") => Some(TEST_LINK),
            (_, b"node_order" | b"externalid" | b"execution_type") => Some(TEST_LINK),
            (_, b"testcase") => {
                let has_number = attributes.any(|(name, _)| name == b"internalid");
                has_number.then_some(TEST_LINK)
            }
            ("test-suite", b"test-cases") => Some(ALLURE_1),
            ("test-suite", b"test-case") => is_allure_case(attributes).then_some(ALLURE_1),
            // A configuration without its usual root.
            ("testsuites" | "testsuite", b"directory") => Some("a PHPUnit configuration"),
            _ => None,
        };
        kind.is_none()
    });
    kind.zip(root).map(|(kind, root)| with_root(kind, &root))
}

/// Whether a `<test-case>` says its result as Allure does and not as NUnit does.
fn is_allure_case(attributes: Attributes<'_>) -> bool {
    let mut has_status = false;
    for (name, value) in attributes {
        match name {
            b"result" | b"success" | b"executed" => return false,
            b"status" => {
                has_status = matches!(
                    value,
                    b"failed" | b"broken" | b"canceled" | b"pending" | b"passed"
                );
            }
            _ => {}
        }
    }
    has_status
}

const ALLURE_1: &str =
    "results of Allure 1; convert them, or let the test runner write JUnit XML, too";

const ALLURE_1_NAME_SPACE: &[u8] = b"urn:model.allure.qatools.yandex.ru";

const TEST_LINK: &str = "tests described for TestLink, which did not run";

/// What an XML document looks like by its root.
pub(crate) fn xml_root(start: &[u8]) -> String {
    let mut root = None;
    first_elements(start, |name, _| {
        root = Some((kind_of_root(name), shown(name)));
        false
    });
    match root {
        Some((kind, root)) => with_root(kind.unwrap_or("XML of another kind"), &root),
        None => "XML without a single complete element".to_owned(),
    }
}

fn with_root(kind: &str, root: &str) -> String {
    format!("{kind} (its root element is <{root}>)")
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(80)]).into_owned()
}

fn kind_of_root(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"html" | b"HTML" => "a web page",
        b"phpunit" => "a PHPUnit configuration",
        b"coverage" | b"report" | b"CoverageSession" => "a coverage report",
        b"checkstyle" => "a Checkstyle report",
        b"pmd" | b"pmd-cpd" => "a PMD report",
        b"BugCollection" => "a SpotBugs report",
        b"testng-results" => "a TestNG result; TestNG writes JUnit XML, too",
        b"robot" => "a Robot Framework output; its option --xunit writes JUnit XML",
        b"Site" => "a CTest result; its option --output-junit writes JUnit XML",
        b"TestResult" | b"TestLog" => {
            "a Boost.Test report; its option --log_format=JUNIT writes JUnit XML"
        }
        b"TestCase" => "a Qt Test log; its option -o FILE,junitxml writes JUnit XML",
        b"Catch" | b"Catch2TestRun" => "Catch2's own XML; its reporter junit writes JUnit XML",
        b"doctest" => "doctest's own XML; its reporter junit writes JUnit XML",
        b"unittest-results" => "a UnitTest++ report",
        b"testExecutions" => "a list of test executions for SonarQube",
        b"testcases" => TEST_LINK,
        b"project" => "a build file of Maven or Ant",
        b"Error" => "an error message of a storage service",
        b"svg" | b"rss" | b"feed" | b"plist" => "XML that no test runner writes",
        _ => return None,
    })
}

/// Keys that tell JSON of one tool: all of them are in its first part.
const JSON_KINDS: [(&[&str], &str); 14] = [
    (
        &["numFailedTestSuites"],
        "JSON of Jest or Vitest; both write JUnit XML or CTRF with another reporter",
    ),
    (&["numFailedTests"], "JSON of Jest or Vitest"),
    (
        &["nodeid"],
        "JSON of a pytest plug-in; --junitxml=FILE writes JUnit XML",
    ),
    (&["$report_type"], "a log of pytest in JSON"),
    (
        &["protocolVersion", "runnerVersion"],
        "JSON of Dart's test runner",
    ),
    (
        &["stats", "passes"],
        "JSON of Mocha; its reporter xunit writes JUnit XML",
    ),
    (&["examples", "summary_line"], "JSON of RSpec"),
    (&["keyword", "elements"], "JSON of Cucumber"),
    (&["historyId"], "a result of Allure"),
    (&["runs", "driver"], "SARIF, findings of an analyser"),
    (
        &["suites", "specs"],
        "JSON of Playwright; its reporter junit writes JUnit XML",
    ),
    (&["statementMap"], "coverage in JSON"),
    (&["messages", "filePath", "errorCount"], "JSON of ESLint"),
    (
        &["reason", "package_id"],
        "messages of Cargo's compiler runs",
    ),
];

/// What JSON looks like by its keys.
pub(crate) fn json_kind(start: &[u8]) -> &'static str {
    let has = |key: &&str| {
        let quoted = format!("\"{key}\"");
        memchr::memmem::find(start, quoted.as_bytes()).is_some()
    };
    let kind = JSON_KINDS.iter().find(|(keys, _)| keys.iter().all(has));
    kind.map_or("JSON of another kind", |(_, kind)| kind)
}

/// What bytes that are no text look like by their first ones.
pub(crate) fn binary_kind(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [0x1f, 0x8b, ..] => "data compressed by gzip; unpack it first",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive; unpack it first",
        [b'B', b'Z', b'h', ..] => "data compressed by bzip2; unpack it first",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "data compressed by Zstandard; unpack it first",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "data compressed by xz; unpack it first",
        [0x89, b'P', b'N', b'G', ..] => "a picture",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [0x7f, b'E', b'L', b'F', ..] => "a program",
        _ if start.iter().take(4096).filter(|b| **b == 0).count() > 2 => "binary data",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_with_elements_of_a_report_are_told_from_reports() {
        for (start, expected) in [
            (
                "<?xml version='1.0'?>\n<TestRun>\n<FailedTests/>",
                Some("a CppUnit report (its root element is <TestRun>)"),
            ),
            (
                "<phpunit bootstrap='a.php'><testsuites><testsuite name='Unit'>",
                Some("a PHPUnit configuration (its root element is <phpunit>)"),
            ),
            (
                "<testsuites><testsuite name='Unit'><directory>tests</directory>",
                Some("a PHPUnit configuration (its root element is <testsuites>)"),
            ),
            (
                "<testcases><testcase name='a'><steps/>",
                Some(
                    "tests described for TestLink, which did not run (its root element is \
                     <testcases>)",
                ),
            ),
            (
                "<x:test-suite xmlns:x='urn:model.allure.qatools.yandex.ru'>",
                Some(
                    "results of Allure 1; convert them, or let the test runner write JUnit XML, too \
                     (its root element is <test-suite>)",
                ),
            ),
            (
                "<test-suite><test-case name='b' result='Passed' status='passed'/>",
                None,
            ),
            ("<testsuites><testsuite name='a'><testcase name='b'/>", None),
            ("<TestRun id='1'><Results/>", None),
            ("text", None),
        ] {
            assert_eq!(other_document(start.as_bytes()).as_deref(), expected);
        }
    }

    #[test]
    fn json_and_bytes_are_named() {
        let json = |text: &str| json_kind(text.as_bytes());
        assert!(json("{\"numFailedTests\":1,\"testResults\":[]}").contains("Jest"));
        assert!(json("{\"stats\":{},\"passes\":[]}").contains("Mocha"));
        assert_eq!(json("{\"a\":1}"), "JSON of another kind");
        assert_eq!(binary_kind(b"\0\0\0\0"), Some("binary data"));
        assert!(binary_kind(b"\x1f\x8b\x08").is_some_and(|kind| kind.contains("gzip")));
        assert_eq!(binary_kind(b"plain"), None);
    }
}
