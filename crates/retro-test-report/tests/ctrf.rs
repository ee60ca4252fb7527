//! Common Test Report Format: one test per trap.

mod reading;

use std::time::Duration;

use reading::{check, read_with};
use retro_domain::{Attachment, Location, Outcome};
use retro_test_report::{Format, Options, ParseError};

fn report(tests: &str) -> String {
    format!(
        "{{\"reportFormat\":\"CTRF\",\"results\":{{\"tool\":{{\"name\":\"t\"}},\"tests\":[{tests}]}}}}"
    )
}

#[test]
fn a_test_keeps_what_is_told_of_it() {
    let read = check(
        report(
            r#"{"name":"adds","status":"failed","duration":1500,"suite":["math","sum"],"message":"1 is not 2\nat all",
            "trace":"at sum.js:3","filePath":"src/sum.js","line":3,"parameters":{"b":2,"a":[1,"x"]},"rawStatus":"broken",
            "stdout":["one","two"],"stderr":"oops","attachments":[{"name":"shot","contentType":"image/png","path":"a/b.png"},{}],
            "tags":["slow"],"labels":{"owner":"me"},"extra":{"k":1,"deep":{"x":[]}},"browser":"b","flaky":false,"retries":0,
            "steps":[{"name":"one","status":"passed"},{"name":"two","status":"failed"}],"unknown":[[[{}]]]}"#,
        ),
        &["failed math/sum::adds[a=[1, x], b=2]"],
    );
    let case = &read.cases[0];
    assert_eq!(case.message.as_deref(), Some("1 is not 2"));
    assert_eq!(
        case.detail.as_deref(),
        Some("1 is not 2\nat all\nat sum.js:3")
    );
    assert_eq!(case.duration, Some(Duration::from_millis(1500)));
    assert_eq!(
        case.location,
        Some(Location {
            file: "src/sum.js".into(),
            line: Some(3)
        })
    );
    assert_eq!(
        (case.stdout.as_deref(), case.stderr.as_deref()),
        (Some("one\ntwo"), Some("oops"))
    );
    assert_eq!(
        case.attachments,
        [Attachment {
            name: "shot".into(),
            path: "a/b.png".into()
        }]
    );
    let properties: Vec<String> = case
        .properties
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(
        properties,
        [
            "rawStatus=broken",
            "browser=b",
            "tag=slow",
            "owner=me",
            "k=1",
            "failed step=two"
        ]
    );
}

#[test]
fn statuses_become_outcomes() {
    let status = |words: &str| format!("{{\"name\":\"n\",{words}}}");
    let all = [
        r#""status":"passed""#,
        r#""status":"failed""#,
        r#""status":"skipped""#,
        r#""status":"pending""#,
        r#""status":"other""#,
        r#""status":"other","rawStatus":"timedOut""#,
        r#""status":"exotic""#,
        r#""duration":1"#,
    ];
    let read = check(
        report(&all.map(status).join(",")),
        &[
            "passed n",
            "failed n",
            "skipped n",
            "skipped n",
            "skipped n",
            "errored n",
            "skipped n",
            "skipped n",
        ],
    );
    assert_eq!(read.warnings.len(), 2);
}

#[test]
fn retries_are_attempts() {
    let read = check(
        report(
            r#"{"name":"a","status":"passed","retries":1,"retryAttempts":[{"attempt":1,"status":"failed","message":"no"}]},
            {"name":"b","status":"passed","flaky":true,"retries":2,"suite":"s"},
            {"name":"c","status":"failed","flaky":true,"filePath":"x/c.js"}"#,
        ),
        &["passed a", "passed s::b", "failed x/c.js::c"],
    );
    let flaky: Vec<bool> = read.cases.iter().map(|case| case.flaky).collect();
    assert_eq!(flaky, [true, true, false]);
    let attempts: Vec<Outcome> = read.cases[0].attempts.iter().map(|a| a.outcome).collect();
    assert_eq!(attempts, [Outcome::Passed, Outcome::Failed]);
}

#[test]
fn counts_that_differ_are_told_wherever_they_stand() {
    let summary = r#""summary":{"tests":2,"passed":2,"failed":0,"skipped":0,"pending":0,"other":0,"start":1700000000000,"stop":1700000002000}"#;
    let tests = r#""tests":[{"name":"a","status":"passed"}]"#;
    let environment = r#""environment":{"appName":"x","extra":{}}"#;
    for parts in [[summary, tests, environment], [tests, environment, summary]] {
        let read = check(
            format!(
                "{{\"results\":{{\"tool\":{{\"name\":\"t\"}},{}}}}}",
                parts.join(",")
            ),
            &["passed a"],
        );
        assert_eq!(
            read.warnings,
            ["the summary claims 2 tests, has 1; 2 passed, has 1"]
        );
        assert!(read.summary.truncated);
        let suite = &read.summary.suites[0];
        assert_eq!(
            (suite.path.join("/"), suite.duration),
            ("t".into(), Some(Duration::from_secs(2)))
        );
        assert_eq!(suite.properties, [("appName".into(), "x".into())]);
    }
}

#[test]
fn what_is_cut_off_keeps_what_was_complete() {
    let (one, two) = (
        r#"{"name":"a","status":"passed"}"#,
        r#"{"name":"b","status":"failed"}"#,
    );
    let whole = report(&format!("{one},{two}"));
    let end = |test: &str| whole.find(test).unwrap() + test.len();
    for at in 0..whole.len() {
        let Ok(read) = read_with(&whole[..at], Some(Format::Ctrf), &Options::default()) else {
            assert!(at <= 22, "{at}");
            continue;
        };
        let complete = usize::from(at >= end(one)) + usize::from(at >= end(two));
        assert_eq!(read.cases.len(), complete, "{at}");
        assert!(read.summary.truncated, "{at}");
    }
}

#[test]
fn a_document_that_breaks_off_in_nonsense_says_where() {
    let broken = report("{\"name\":\"a\",\"status\":\"passed\"},\n oops");
    let error = read_with(broken, None, &Options::default()).err().unwrap();
    assert!(
        matches!(error, ParseError::Malformed { line: 2, .. }),
        "{error}"
    );
}

#[test]
fn other_documents_are_no_report() {
    for other in [
        "{}",
        "{\"results\":[]}",
        "[1]",
        "{\"results\":{\"tool\":{}}}",
        "7",
        "{\"tests\":[]}",
    ] {
        let error = read_with(other, Some(Format::Ctrf), &Options::default()).err();
        assert!(
            matches!(error, Some(ParseError::NotAReport { .. })),
            "{other}"
        );
    }
}

#[test]
fn odd_types_stop_nothing() {
    check(
        report(
            r#"null,7,{"name":12,"status":"passed","suite":{"a":1},"duration":"15","line":-1,"tags":"x","attachments":[1],"extra":[],"stdout":{}},
            {"name":"\ud83d","status":"passed","message":null}"#,
        ),
        &["passed 12", "passed \u{fffd}"],
    );
}

#[test]
fn claimed_counts_are_compared_word_by_word() {
    let of = |summary: &str| {
        let tests = "{\"name\":\"a\",\"status\":\"pending\"},{\"name\":\"b\",\"status\":\"other\",\"rawStatus\":\"timedOut\"}";
        let tool = "\"tool\":{\"name\":\"t\"}";
        format!("{{\"results\":{{{tool},\"summary\":{{{summary}}},\"tests\":[{tests}]}}}}")
    };
    let fitting = "\"tests\":2,\"passed\":0,\"failed\":0,\"skipped\":0,\"pending\":1,\"other\":1";
    let read = check(of(fitting), &["skipped a", "errored b"]);
    assert_eq!(read.warnings, [""; 0]);
    let read = check(
        of("\"tests\":2,\"skipped\":7,\"pending\":3,\"other\":2"),
        &["skipped a", "errored b"],
    );
    assert_eq!(
        read.warnings,
        ["the summary claims 7 skipped, has 0; 3 pending, has 1; 2 other, has 1"]
    );
    assert_eq!(read.summary.suites[0].claimed.skipped, Some(10));
    assert!(!read.summary.truncated);
}

#[test]
fn a_number_too_large_is_none() {
    let read = check(
        "{\"reportFormat\":\"CTRF\",\"results\":{\"tests\":[{\"name\":\"a\",\"status\":\"passed\",\"duration\":1e400}]}}",
        &["passed a"],
    );
    assert_eq!(read.cases[0].duration, None);
}

#[test]
fn documents_may_follow_each_other() {
    let summary = |tests: u32| format!(r#""summary":{{"tests":{tests},"passed":1,"failed":0}},"#);
    let document = |tests: u32, name: &str| {
        let test = format!(r#"{{"name":"{name}","status":"passed"}}"#);
        report(&test).replacen("\"tests\"", &format!("{}\"tests\"", summary(tests)), 1)
    };
    let (one, two) = (document(1, "a"), document(1, "b"));
    let read = check(format!("{one}\n{two}"), &["passed a", "passed b"]);
    assert_eq!(read.warnings, [""; 0]);
    assert_eq!(read.summary.suites.len(), 2);
    // The counts of each are its own.
    let read = check(
        format!("{one}{}", document(2, "b")),
        &["passed a", "passed b"],
    );
    assert_eq!(read.warnings, ["the summary claims 2 tests, has 1"]);
    let read = check(format!("{one}{{}}"), &["passed a"]);
    assert_eq!(
        read.warnings,
        ["a document after the report is no CTRF report"]
    );
    let read = check(format!("{one}{}", &two[..two.len() - 9]), &["passed a"]);
    assert!(read.summary.truncated);
    let error = read_with(format!("{one} and more"), None, &Options::default());
    assert!(matches!(error.err(), Some(ParseError::Malformed { .. })));
}
