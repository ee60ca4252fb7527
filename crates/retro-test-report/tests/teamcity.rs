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
