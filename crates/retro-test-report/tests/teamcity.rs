//! TeamCity service messages: one test per trap.

mod reading;

use std::time::Duration;

use reading::check;
use retro_domain::{Attachment, Location};

#[test]
fn messages_stand_in_other_text() {
    let read = check(
        "compiling\n##teamcity[testSuiteStarted name='math' timestamp='2024-05-01T10:00:00.000+0000']\n\
         progress ...##teamcity[testStarted name='adds |[1|]' captureStandardOutput='true' locationHint='file:///src/a.js:12']\n\
         printed\n##teamcity[testStdErr name='adds |[1|]' out='oops|n']\n\
         ##teamcity[testFailed type='comparisonFailure' name='adds |[1|]' message='1 isn|'t 2|nat all' details='at a.js' expected='2' actual='1']\n\
         ##teamcity[testFinished name='adds |[1|]' duration='1500']##teamcity[testIgnored name='later' message='slow']\n\
         ##teamcity[testStarted name='b']\n##teamcity[testMetadata testName='b' name='k' value='v']\n\
         ##teamcity[testMetadata type='artifact' value='a/log.txt']\n##teamcity[testIgnored name='b']\n\
         ##teamcity[testFinished name='b']\n##teamcity[testSuiteFinished name='math']\ndone\n",
        &[
            "failed math::adds [1]",
            "skipped math::later",
            "skipped math::b",
        ],
    );
    assert_eq!(read.warnings, [""; 0]);
    assert!(!read.summary.truncated);
    let adds = &read.cases[0];
    assert_eq!(adds.message.as_deref(), Some("1 isn't 2"));
    assert_eq!(adds.kind.as_deref(), Some("comparisonFailure"));
    assert_eq!(
        adds.detail.as_deref(),
        Some("1 isn't 2\nat all\nat a.js\nexpected: 2\nactual: 1")
    );
    assert_eq!(adds.duration, Some(Duration::from_millis(1500)));
    assert_eq!(
        (adds.stdout.as_deref(), adds.stderr.as_deref()),
        (Some("printed\n"), Some("oops\n"))
    );
    assert_eq!(
        adds.location,
        Some(Location {
            file: "/src/a.js".into(),
            line: Some(12)
        })
    );
    assert_eq!(read.cases[1].message.as_deref(), Some("slow"));
    assert_eq!(read.cases[2].properties, [("k".into(), "v".into())]);
    let log = Attachment {
        name: "log.txt".into(),
        path: "a/log.txt".into(),
    };
    assert_eq!(read.cases[2].attachments, [log]);
    assert_eq!(read.summary.suites[0].path, ["math"]);
    assert!(read.summary.suites[0].started.is_some());
}

#[test]
fn flows_have_suites_of_their_own() {
    let read = check(
        "##teamcity[testSuiteStarted name='all' flowId='0']\n##teamcity[flowStarted flowId='1' parent='0']\n##teamcity[flowStarted flowId='2' parent='0']\n\
         ##teamcity[testSuiteStarted name='one' flowId='1']\n##teamcity[testSuiteStarted name='two' flowId='2']\n\
         ##teamcity[testStarted name='t' flowId='1' timestamp='2024-05-01T10:00:00.000']\n##teamcity[testStarted name='t' flowId='2']\n\
         ##teamcity[testFailed name='t' message='m' flowId='2']\n##teamcity[testFinished name='t' flowId='1' timestamp='2024-05-01T10:00:00.250']\n\
         ##teamcity[testFinished name='t' flowId='2']\n##teamcity[testSuiteFinished name='two' flowId='2']\n\
         ##teamcity[testSuiteFinished name='one' flowId='1']\n##teamcity[flowFinished flowId='1']\n##teamcity[flowFinished flowId='2']\n\
         ##teamcity[testSuiteFinished name='all' flowId='0']\n",
        &["passed all/one::t", "failed all/two::t"],
    );
    assert_eq!(read.warnings, [""; 0]);
    assert_eq!(read.cases[0].duration, Some(Duration::from_millis(250)));
    assert!(!read.summary.truncated);
}

#[test]
fn tests_without_an_end_are_told() {
    let read = check(
        "##teamcity[testSuiteStarted name='s']\n##teamcity[testFailed name='a' message='m']\n##teamcity[testStarted name='b']\n\
         ##teamcity[testFinished name='b']\n##teamcity[testStarted name='c']\n##teamcity[testSuiteFinished name='s']\n",
        &["failed s::a", "passed s::b", "errored s::c"],
    );
    assert!(!read.summary.truncated);
    let read = check(
        "##teamcity[testStarted name='a']\n##teamcity[buildProblem description='the process died']\n",
        &["errored a"],
    );
    assert!(read.summary.truncated);
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some("the process died")
    );
    let read = check(
        "##teamcity[testSuiteStarted name='s']\n##teamcity[testIgnored name='a']\n##teamcity[testSta",
        &["skipped s::a"],
    );
    assert!(read.summary.truncated);
}

#[test]
fn ends_that_fit_nothing_are_warnings() {
    let read = check(
        "##teamcity[testSuiteFinished name='x']\n##teamcity[testFinished name='y']\n##teamcity[testIgnored name='a' message='|0x00e9']\n",
        &["skipped a"],
    );
    assert_eq!(read.warnings.len(), 1);
    assert_eq!(read.cases[0].message.as_deref(), Some("é"));
}

#[test]
fn tests_may_name_the_suites_around_them() {
    // As runners for IntelliJ write it: names are not repeated, and suites alternate.
    let read = check(
        "##teamcity[testSuiteStarted nodeId='1' parentNodeId='0' name='S']\n\
         ##teamcity[testStarted nodeId='2' parentNodeId='1' name='a']\n\
         ##teamcity[testSuiteStarted nodeId='3' parentNodeId='0' name='U']\n\
         ##teamcity[testStarted nodeId='4' parentNodeId='3' name='a']\n\
         ##teamcity[testStarted nodeId='5' parentNodeId='1' name='b']\n\
         ##teamcity[testFailed nodeId='2' message='m']\n##teamcity[testFinished nodeId='2' duration='5']\n\
         ##teamcity[testFinished nodeId='4']\n##teamcity[testIgnored nodeId='6' parentNodeId='3' name='c']\n\
         ##teamcity[testStdOut nodeId='5' out='said']\n##teamcity[testSuiteFinished nodeId='3']\n\
         ##teamcity[testFinished nodeId='5']\n##teamcity[testSuiteFinished nodeId='1' duration='9']\n",
        &["failed S::a", "passed U::a", "skipped U::c", "passed S::b"],
    );
    assert_eq!(read.warnings, [""; 0]);
    assert_eq!(
        (read.summary.truncated, read.summary.run_failure),
        (false, None)
    );
    assert_eq!(read.cases[0].duration, Some(Duration::from_millis(5)));
    assert_eq!(read.cases[3].stdout.as_deref(), Some("said"));
    let suites = &read.summary.suites;
    assert_eq!(
        (&*suites[0].path, &*suites[1].path),
        (&["U".to_owned()][..], &["S".to_owned()][..])
    );
    let read = check(
        "##teamcity[testSuiteStarted nodeId='1' parentNodeId='1' name='S']\n\
         ##teamcity[testStarted nodeId='2' parentNodeId='1' name='a']\n",
        &["errored S::a"],
    );
    assert!(read.summary.truncated);
}

#[test]
fn a_line_end_inside_a_value_ends_no_message() {
    let read = check(
        "##teamcity[testStarted name='a']\n##teamcity[testFailed name='a' message='one\n two|'s\n\nfour' details='x']rest\n\
         ##teamcity[testFinished name='a']\n",
        &["failed a"],
    );
    assert_eq!(read.warnings, [""; 0]);
    let case = &read.cases[0];
    assert_eq!(case.message.as_deref(), Some("one"));
    assert_eq!(case.detail.as_deref(), Some("one\n two's\n\nfour\nx"));
    // One that has no end at all takes nothing with it.
    let read = check(
        "##teamcity[testStarted name='a']\n##teamcity[testFailed name='a' message='one\nmore\n\
         ##teamcity[testFinished name='a']\n",
        &["passed a"],
    );
    assert_eq!(
        read.warnings,
        ["line 4: a message without an end was left out"]
    );
    let read = check(
        "##teamcity[testIgnored name='a']\n##teamcity[testFailed name='b' message='one\nmore\n",
        &["skipped a"],
    );
    assert!(read.summary.truncated);
}

#[test]
fn a_build_problem_alone_is_a_report() {
    let read = check("log\n##teamcity[buildProblem description='no disk']\n", &[]);
    assert_eq!(read.summary.run_failure.as_deref(), Some("no disk"));
}

#[test]
fn announced_tests_are_compared() {
    let text = |count: u64| {
        format!(
            "##teamcity[testCount count='{count}']\n##teamcity[testStarted name='a']\n\
             ##teamcity[testFinished name='a']\n"
        )
    };
    assert_eq!(check(text(1), &["passed a"]).warnings, [""; 0]);
    assert_eq!(
        check(text(5), &["passed a"]).warnings,
        ["5 tests were announced; there are 1"]
    );
}

/// Reads suites so deep, and one more of each name in the innermost, each with a test `a`, written
/// by `flow` or by node. The names of the tests.
fn deep_names(depth: usize, last: &[&str], by_node: bool) -> Vec<Vec<String>> {
    let mut text = String::new();
    let mut message = |name: &str, id: usize, parent: usize, more: &str| {
        let node = match by_node {
            true => format!(" nodeId='{id}' parentNodeId='{parent}'"),
            false => String::new(),
        };
        text += &format!("##teamcity[{name} {more}{node}]\n");
    };
    for at in 1..=depth {
        message("testSuiteStarted", at, at - 1, "name='s'");
    }
    for (at, last) in last.iter().enumerate() {
        let (id, name) = (depth + 1 + 2 * at, format!("name='{last}'"));
        message("testSuiteStarted", id, depth, &name);
        message("testStarted", id + 1, id, "name='a'");
        message("testFinished", id + 1, id, "name='a'");
        message("testSuiteFinished", id, depth, &name);
    }
    for at in (1..=depth).rev() {
        message("testSuiteFinished", at, at - 1, "name='s'");
    }
    let read = reading::read(text.as_bytes());
    assert!(!read.summary.truncated);
    let is_deep = depth + 1 > 100;
    assert_eq!(
        read.warnings.len(),
        usize::from(is_deep),
        "{:?}",
        read.warnings
    );
    let suites = &read.summary.suites;
    assert_eq!(suites.len(), depth + last.len());
    for (suite, case) in suites.iter().zip(&read.cases) {
        assert_eq!(suite.path, case.id.suite);
    }
    read.cases.into_iter().map(|case| case.id.suite).collect()
}

#[test]
fn suites_that_are_too_deep_are_a_digest_in_names() {
    for by_node in [false, true] {
        let names = deep_names(99, &["b"], by_node);
        assert_eq!((names[0].len(), &*names[0][99]), (100, "b"));
        for depth in [100, 101, 150] {
            let names = deep_names(depth, &["b", "c", "b"], by_node);
            assert!(names[0] == names[2] && names[0] != names[1], "{names:?}");
            assert_eq!(names[0].len(), 101);
            let count = depth - 99;
            let rest = &names[0][100];
            assert!(rest.starts_with(&format!("({count} more: ")), "{rest}");
        }
        assert_ne!(
            deep_names(100, &["b"], by_node),
            deep_names(101, &["b"], by_node)
        );
    }
    assert_eq!(
        deep_names(120, &["b"], false),
        deep_names(120, &["b"], true)
    );
}

#[test]
fn flows_go_on_where_deep_suites_are_open() {
    let deep = "##teamcity[testSuiteStarted name='s']\n".repeat(102);
    let inner = "##teamcity[flowStarted flowId='1' parent='']\n\
                 ##teamcity[testSuiteStarted name='b' flowId='1']\n\
                 ##teamcity[testStarted name='a' flowId='1']\n\
                 ##teamcity[testFinished name='a' flowId='1']\n\
                 ##teamcity[testSuiteFinished name='b' flowId='1']\n\
                 ##teamcity[testSuiteFinished name='x' flowId='1']\n\
                 ##teamcity[flowFinished flowId='1']\n";
    let own = "##teamcity[testSuiteStarted name='b']\n##teamcity[testStarted name='a']\n\
               ##teamcity[testFinished name='a']\n##teamcity[testSuiteFinished name='b']\n";
    let end = "##teamcity[testSuiteFinished name='s']\n".repeat(102);
    let read = reading::read(format!("{deep}{inner}{own}{end}").as_bytes());
    assert_eq!(read.cases[0].id, read.cases[1].id);
    assert!(!read.summary.truncated);
    assert!(
        read.warnings
            .iter()
            .any(|told| told.contains("\"x\" ends and was not open")),
        "{:?}",
        read.warnings
    );
}
