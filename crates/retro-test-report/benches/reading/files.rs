//! The files that are read: generated, the same on every run.

use std::fmt::Write as _;

/// One file, and what is in it.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) is_xml: bool,
    pub(crate) tests: u64,
    pub(crate) text: String,
}

/// A name that makes a file.
type Recipe = (&'static str, fn() -> Sample);

/// Every file by its short name.
pub(crate) const ALL: [Recipe; 4] = [
    ("text", || with_text(100_000)),
    ("empty", || empty(600_000)),
    ("tap", || tap(500_000)),
    ("yaml", || tap_with_yaml(500_000)),
];

const XML_START: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"all\">\n";

const STEPS: &str = "  at step %: opened the connection &amp; sent the request\n  \
    at step %: the reply had 200 &lt;ok&gt;\n";

/// Cases with what tests write; every tenth one failed.
fn with_text(tests: u64) -> Sample {
    let mut text = XML_START.to_owned();
    for at in 0..tests {
        open_suite(&mut text, at, 100, at % 100 == 0);
        let _ = writeln!(
            text,
            "    <testcase classname=\"suite.module_{}.TestClass\" name=\"test_case_{at}\" time=\"0.{:03}\">",
            at / 100,
            at % 1000
        );
        if at % 10 == 0 {
            let _ = write!(
                text,
                "      <failure message=\"expected {at} &gt; 0\" type=\"AssertionError\">Traceback (most recent call last):\n  \
                 File \"tests/module.py\", line 17, in test\n    assert value &gt; 0\nAssertionError: expected {at} &gt; 0\n</failure>\n"
            );
        }
        text.push_str("      <system-out>");
        for step in 0..5 {
            text.push_str(&STEPS.replace('%', &step.to_string()));
        }
        text.push_str("</system-out>\n    </testcase>\n");
        if at % 100 == 99 || at + 1 == tests {
            text.push_str("  </testsuite>\n");
        }
    }
    text.push_str("</testsuites>\n");
    Sample {
        name: "JUnit, with text",
        is_xml: true,
        tests,
        text,
    }
}

/// Cases without anything inside.
fn empty(tests: u64) -> Sample {
    let mut text = XML_START.to_owned();
    for at in 0..tests {
        open_suite(&mut text, at, 1000, at % 1000 == 0);
        let _ = writeln!(
            text,
            "    <testcase classname=\"suite.module_{:03}.Class\" name=\"test_case_{at:06}\" time=\"0.{:03}\"/>",
            at / 1000,
            at % 1000
        );
        if at % 1000 == 999 || at + 1 == tests {
            text.push_str("  </testsuite>\n");
        }
    }
    text.push_str("</testsuites>\n");
    Sample {
        name: "JUnit, empty cases",
        is_xml: true,
        tests,
        text,
    }
}

fn open_suite(text: &mut String, at: u64, cases: u64, is_first: bool) {
    if is_first {
        let _ = writeln!(
            text,
            "  <testsuite name=\"module_{}\" tests=\"{cases}\" time=\"1.5\" timestamp=\"2024-05-06T07:08:09Z\">",
            at / cases
        );
    }
}

/// Lines alone; every fiftieth test is skipped, every hundredth failed.
fn tap(tests: u64) -> Sample {
    let mut text = format!("TAP version 13\n1..{tests}\n");
    for at in 1..=tests {
        let _ = match at % 100 {
            0 => write!(text, "not ok {at} - "),
            _ => write!(text, "ok {at} - "),
        };
        let _ = write!(
            text,
            "module {} handles the request of a client and gives the answer to it, {at:06}",
            at % 97
        );
        text.push_str(if at % 50 == 7 {
            " # SKIP no network\n"
        } else {
            "\n"
        });
    }
    Sample {
        name: "TAP, lines alone",
        is_xml: false,
        tests,
        text,
    }
}

/// A block of YAML after every test; every tenth one failed.
fn tap_with_yaml(tests: u64) -> Sample {
    let mut text = "TAP version 14\n".to_owned();
    for at in 1..=tests {
        let _ = if at % 10 == 0 {
            writeln!(
                text,
                "not ok {at} - answers request {at}\n  ---\n  message: 'it was {at}'\n  at:\n    file: a.js\n    line: 7\n  ..."
            )
        } else {
            writeln!(
                text,
                "ok {at} - the module answers request {at}\n  ---\n  duration_ms: {}.{:03}\n  ...",
                at % 7,
                at % 1000
            )
        };
    }
    let _ = writeln!(text, "1..{tests}");
    Sample {
        name: "TAP, with YAML",
        is_xml: false,
        tests,
        text,
    }
}
