//! JUnit XML: one test per trap that real files hold.

mod reading;

use std::time::Duration;

use reading::{check, read, read_with, shown};
use retro_domain::{Location, Outcome};
use retro_test_report::{Format, Options, ParseError};

#[test]
fn a_panic_is_told_without_the_number_of_its_thread() {
    let report = "<testsuites><testsuite name='demo'><testcase name='t' classname='demo'>\
        <failure message=\"thread 't' (4711) panicked at src/lib.rs:3:5\" type='test failure with exit code 101'>\
        thread 't' (4711) panicked at src/lib.rs:3:5:\nassertion `left == right` failed\n  left: 1\n</failure>\
        </testcase></testsuite></testsuites>";
    let read = check(report, &["failed demo::t"]);
    assert_eq!(
        read.cases[0].message.as_deref(),
        Some("assertion `left == right` failed")
    );
}

#[test]
fn cases_count_at_any_depth_and_under_any_root() {
    check(
        "<testsuites name='all'><testsuite name='a'><testsuite name='b'><testcase classname='C' name='x'/>\
         </testsuite><testsuite><testcase name='y'/></testsuite></testsuite><testcase name='z'/></testsuites>",
        &["passed a/b::C::x", "passed a::y", "passed z"],
    );
    check("<testcase name='alone'/>", &["passed alone"]);
    check(
        "<testrun><testsuite name='s'><testcase name='x'/></testsuite></testrun>",
        &["passed s::x"],
    );
    check(
        "<p:testsuites xmlns:p='u'><p:testcase name='x'/></p:testsuites>",
        &["passed x"],
    );
    check(
        "<?xml version='1.0'?><testsuites><testcase name='unit'/></testsuites>\n\
         <?xml version='1.0'?><testsuites><testcase name='doc'/></testsuites>",
        &["passed unit", "passed doc"],
    );
}

#[test]
fn the_worst_result_of_a_case_counts() {
    let read = check(
        "<testsuite><testcase name='a'><failure/></testcase>\
         <testcase name='b'><failure message='f'>F</failure><error type='T' message='e'>E</error></testcase>\
         <testcase name='c'><skipped/><failure></failure></testcase>\
         <testcase name='d'><skipped message='why'/></testcase><testcase name='e'></testcase></testsuite>",
        &["failed a", "errored b", "failed c", "skipped d", "passed e"],
    );
    let b = &read.cases[1];
    assert_eq!(b.message.as_deref(), Some("e"));
    assert_eq!(b.kind.as_deref(), Some("T"));
    assert_eq!(b.detail.as_deref(), Some("E\n\n[failed] f\nF"));
    assert_eq!(read.cases[3].message.as_deref(), Some("why"));
}

#[test]
fn tests_that_did_not_run_are_skipped() {
    check(
        "<testsuite><testcase name='a' status='notrun'/><testcase name='b' status='notrun' result='suppressed'/>\
         <testcase name='c' result='skipped'/><testcase name='d' status='disabled'/>\
         <testcase name='e' status='run' result='completed'/>\
         <testcase name='f' status='notrun'><failure/></testcase></testsuite>",
        &[
            "skipped a",
            "skipped b",
            "skipped c",
            "skipped d",
            "passed e",
            "failed f",
        ],
    );
}

#[test]
fn flaky_and_rerun_elements_are_attempts() {
    let read = check(
        "<testsuite name='s'><testcase name='flaky' time='1'><flakyFailure message='m1' type='T'>\
         <stackTrace>trace</stackTrace><system-out>o</system-out></flakyFailure><flakyError/></testcase>\
         <testcase name='broken'><failure message='m'>d</failure><rerunFailure message='m2' time='0.5'>d2\
         <system-err>e</system-err></rerunFailure></testcase>\
         <testcase name='rerun'><rerunFailure/></testcase>\
         <testcase name='skipped'><skipped/><rerunError/></testcase></testsuite>",
        &[
            "passed s::flaky",
            "failed s::broken",
            "passed s::rerun",
            "skipped s::skipped",
        ],
    );
    let flags: Vec<(bool, usize)> = read
        .cases
        .iter()
        .map(|case| (case.flaky, case.attempts.len()))
        .collect();
    assert_eq!(flags, [(true, 3), (false, 2), (true, 2), (false, 2)]);
    assert_eq!(read.summary.counts.flaky, 2);
    let failed = read.cases[0]
        .attempts
        .iter()
        .find(|a| a.outcome == Outcome::Failed)
        .unwrap();
    assert_eq!(failed.detail.as_deref(), Some("trace"));
    assert_eq!(
        (failed.message.as_deref(), failed.kind.as_deref()),
        (Some("m1"), Some("T"))
    );
    let rerun = read.cases[1]
        .attempts
        .iter()
        .find(|a| a.message.as_deref() == Some("m2"))
        .unwrap();
    assert_eq!(
        (rerun.detail.as_deref(), rerun.duration),
        (Some("d2"), Some(Duration::from_millis(500)))
    );
    assert_eq!(
        read.cases[1].stderr, None,
        "the output of an attempt is not the case's"
    );
}

#[test]
fn places_are_read_and_inherited() {
    let read = read(
        "<testsuite name='s' file='suite.py'><testcase name='a' file='a.py' line='12'/>\
         <testcase name='b' lineno='7'/><testcase name='c' line='x'/></testsuite>",
    );
    let places: Vec<_> = read
        .cases
        .iter()
        .map(|c| c.location.as_ref().map(|l| (l.file.as_str(), l.line)))
        .collect();
    assert_eq!(
        places,
        [
            Some(("a.py", Some(12))),
            Some(("suite.py", Some(7))),
            Some(("suite.py", None))
        ]
    );
}

#[test]
fn a_rust_panic_tells_its_place() {
    let read = read(
        "<testsuite name='nextest'><testcase name='t'><failure type='test failure'>\
         thread 't' (12) panicked at src/lib.rs:10:5:&#10;boom</failure></testcase></testsuite>",
    );
    let expected = Location {
        file: "src/lib.rs".into(),
        line: Some(10),
    };
    assert_eq!(read.cases[0].location, Some(expected));
}

#[test]
fn output_properties_and_attachments_are_kept() {
    let read = read(
        "<testsuite><testcase name='a' assertions='3'><properties><property name='k' value='v'/>\
         <property name='t'>text</property><property name='attachment' value='/x/y.png'/></properties>\
         <system-out>one [[ATTACHMENT|/tmp/shot.png]]</system-out><system-out>two [[PROPERTY|p=q]]</system-out>\
         <system-err><![CDATA[err]]></system-err></testcase></testsuite>",
    );
    let case = &read.cases[0];
    let pairs: Vec<_> = case
        .properties
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [("assertions", "3"), ("k", "v"), ("t", "text"), ("p", "q")]
    );
    let files: Vec<_> = case.attachments.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(files, ["y.png", "shot.png"]);
    assert_eq!(
        case.stdout.as_deref(),
        Some("one [[ATTACHMENT|/tmp/shot.png]]\ntwo [[PROPERTY|p=q]]")
    );
    assert_eq!(case.stderr.as_deref(), Some("err"));
}

#[test]
fn suites_tell_of_themselves() {
    let read = read(
        "<testsuites><testsuite name='s' tests='1' failures='0' time='1,5' hostname='h' \
         timestamp='1970-01-01T00:00:01'><properties><property name='k' value='v'/></properties>\
         <testcase name='a'/><system-out>out</system-out></testsuite></testsuites>",
    );
    let suite = &read.summary.suites[0];
    assert_eq!(suite.path, ["s"]);
    assert_eq!(suite.started.map(|at| at.unix_millis()), Some(1000));
    assert_eq!(suite.duration, Some(Duration::from_millis(1500)));
    assert_eq!(suite.hostname.as_deref(), Some("h"));
    assert_eq!(
        (suite.claimed.tests, suite.claimed.failures),
        (Some(1), Some(0))
    );
    assert_eq!(suite.properties, [("k".to_owned(), "v".to_owned())]);
    assert_eq!(suite.stdout.as_deref(), Some("out"));
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn a_failure_of_a_suite_fails_the_run() {
    let read = read(
        "<testsuite name='s' errors='1'><error message='no class' type='T'>trace</error></testsuite>",
    );
    assert_eq!(read.summary.counts.total(), 0);
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some("s failed outside of its tests: no class")
    );
    let skipped = reading::read("<testsuite name='s'><skipped/></testsuite>");
    assert_eq!(skipped.summary.run_failure, None);
}

#[test]
fn claims_are_compared_and_never_trusted() {
    let warned = |text: &str| read(text).warnings;
    let wrong = warned(
        "<testsuite name='s' tests='5' failures='1' errors='x'><testcase name='a'/></testsuite>",
    );
    assert_eq!(
        wrong,
        [
            "line 1: \"x\" is no count",
            "line 1: s claims 5 tests, has 1; 1 failures, has 0"
        ]
    );
    // Inner suites counted or not, skipped tests counted or not, errors among failures or not.
    let inner = "<testsuite name='o' tests='1' skipped='0'><testcase name='a'/><testsuite name='i' tests='1' \
                 failures='1' skipped='1'><testcase name='b'><error/></testcase>\
                 <testcase name='c'><skipped/></testcase></testsuite></testsuite>";
    assert_eq!(warned(inner), [""; 0]);
}

#[test]
fn odd_times_are_no_reason_to_refuse_a_file() {
    let read = check(
        "<testsuite name='s' timestamp='soon'><testcase name='a' time='fast'/><testcase name='b' time='-1'/>\
         <testcase name='c' time='1,234.5'/><testcase name='d' time=''/></testsuite>",
        &["passed s::a", "passed s::b", "passed s::c", "passed s::d"],
    );
    assert_eq!(
        read.cases[2].duration,
        Some(Duration::from_millis(1_234_500))
    );
    assert_eq!(
        read.warnings,
        [
            "line 1: \"soon\" is no point in time",
            "line 1: \"fast\" is no duration",
            "line 1: \"-1\" is no duration"
        ]
    );
}

#[test]
fn texts_survive_what_xml_forbids() {
    let read = check(
        "\n <?xml version='1.1'?>\r\n<testsuite><testcase name='a &lt; b &#x1b;'><failure message='x &amp; y'>\
         1 < 2 & \u{1b}[31mred\0 ]]> List<String> </b> &#0;&#x1b; <![CDATA[<raw]]]]><![CDATA[>]]>\
         </failure></testcase></testsuite>",
        &["failed a < b \u{1b}"],
    );
    assert_eq!(read.cases[0].message.as_deref(), Some("x & y"));
    assert_eq!(
        read.cases[0].detail.as_deref(),
        Some("1 < 2 & \u{1b}[31mred\u{fffd} ]]> List<String> </b> \u{fffd}\u{1b} <raw]]>")
    );
    assert!(!read.summary.truncated);
}

#[test]
fn encodings_are_told_from_the_bytes() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-16\"?><testsuite name=\"é\"><testcase name=\"\u{1f4a9}\"/></testsuite>";
    let expected = ["passed é::\u{1f4a9}"];
    check(text, &expected);
    check(format!("\u{feff}{text}"), &expected);
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let wide: Vec<u8> = text.encode_utf16().flat_map(order).collect();
        check(wide, &expected);
    }
    check(
        b"<?xml version='1.0' encoding='ISO-8859-1'?><testsuite name='\xe9'><testcase name='x'/></testsuite>",
        &["passed é::x"],
    );
    check(
        b"<testsuite><testcase name='\xff'/></testsuite>",
        &["passed \u{fffd}"],
    );
}

#[test]
fn what_was_complete_before_a_cut_is_kept() {
    let start = "<testsuites><testsuite name='s'><testcase name='a'/><testcase name='b'><failure>";
    for cut in ["", "<![CDATA[x", "x", "<", "<!-- x", "&am", "</fail"] {
        let read = check(format!("{start}{cut}"), &["passed s::a"]);
        assert!(read.summary.truncated);
        assert_eq!(
            read.warnings,
            ["line 1: the file ends inside the test b, which is left out"]
        );
    }
    assert!(read("<testsuites name='a").summary.truncated);
    assert!(!read("<testsuites/>").summary.truncated);
}

#[test]
fn tags_that_do_not_fit_lose_no_case() {
    let read = check(
        "<testsuite name='s'><testcase name='a'><failure>x</testcase></foo><testcase name='b'></testsuite>",
        &["failed s::a", "passed s::b"],
    );
    assert_eq!(
        read.warnings,
        [
            "line 1: </testcase> comes before the end of 1 elements inside it",
            "line 1: </foo> closes nothing",
            "line 1: </testsuite> comes before the end of 1 elements inside it",
        ]
    );
}

#[test]
fn a_case_without_a_name_has_a_stable_one() {
    check(
        "<testsuite><testcase/><testcase classname='C'/><testcase name='' id='7'/></testsuite>",
        &["passed (unnamed)", "passed C::(unnamed)", "passed 7"],
    );
}

#[test]
fn an_empty_report_is_fine_and_other_things_are_not() {
    let empty = read("<?xml version='1.0'?><testsuites/>");
    assert_eq!(
        (empty.summary.counts.total(), empty.summary.truncated),
        (0, false)
    );
    let refused = |text: &str| match read_with(text, Some(Format::Junit), &Options::default()) {
        Err(ParseError::NotAReport { looks_like }) => looks_like,
        Err(other) => panic!("{text}: {other}"),
        Ok(_) => panic!("{text} was read"),
    };
    assert_eq!(
        refused("<coverage/>"),
        "a coverage report (its root element is <coverage>)"
    );
    assert_eq!(
        refused("<test-run/>"),
        "NUnit XML rather than JUnit XML, which was asked for"
    );
    assert_eq!(
        refused("TAP version 13\n1..0\n"),
        "TAP rather than JUnit XML, which was asked for"
    );
    assert_eq!(
        refused("Error: it broke"),
        "text that begins with \"Error: it broke\""
    );
    for blank in ["", " \n\t", "\u{feff}", "\0\0\0"] {
        let error = read_with(blank, Some(Format::Junit), &Options::default()).err();
        assert!(matches!(error, Some(ParseError::Empty)), "{blank:?}");
    }
}

#[test]
fn a_report_may_follow_other_output() {
    let read = read(
        "> jest --ci\n\nnoise 1 < 2\n<?xml version='1.0'?><testsuite><testcase name='a'/></testsuite>\nbye",
    );
    assert_eq!(shown(&read.cases), ["passed a"]);
}

#[test]
fn texts_are_cut_at_the_limit() {
    let text = format!(
        "<testsuite><testcase name='a'><failure>{0}</failure><system-out>{0}</system-out></testcase></testsuite>",
        "x".repeat(1000)
    );
    let options = Options {
        max_text: 10,
        ..Options::default()
    };
    let read = read_with(text, None, &options).unwrap();
    let cut = "xxxxxxxxxx\n[cut here: 990 more bytes]";
    assert_eq!(read.cases[0].detail.as_deref(), Some(cut));
    assert_eq!(read.cases[0].stdout.as_deref(), Some(cut));
}

#[test]
fn outputs_that_are_directives_are_kept_up_to_a_limit() {
    let outputs: String = (0..1_500)
        .map(|at| format!("<system-out>[[PROPERTY|n{at}=v]]\n[[ATTACHMENT|a{at}]]</system-out>"))
        .collect();
    let read = read(format!(
        "<testsuite><testcase name='x'>{outputs}</testcase></testsuite>"
    ));
    let case = &read.cases[0];
    assert_eq!(
        (case.properties.len(), case.attachments.len()),
        (1_000, 1_000)
    );
    assert_eq!(case.stdout, None);
}
