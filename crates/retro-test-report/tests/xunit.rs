//! xUnit.net 1, 2 and 3: one test per trap that real files hold.

mod reading;

use std::time::Duration;

use reading::{check, read, read_with};
use retro_domain::Location;
use retro_test_report::{Format, Options};

fn pairs(properties: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = properties.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    pairs.collect()
}

#[test]
fn results_are_outcomes() {
    let read = check(
        "<assemblies><assembly name='C:\\b\\T.dll'><collection name='c'>\
         <test name='N.C.a' type='N.C' method='a' result='Pass'/>\
         <test name='N.C.b' type='N.C' method='b' result='Fail'/>\
         <test name='N.C.c' type='N.C' method='c' result='Skip'><reason><![CDATA[why]]></reason></test>\
         <test name='N.C.d' type='N.C' method='d' result='NotRun'/>\
         <test name='N.C.e' type='N.C' method='e' result='Odd'/>\
         <test name='N.C.f' type='N.C' method='f'/>\
         <test name='N.C.g' type='N.C' method='g'><failure/></test>\
         <test name='N.C.h' type='N.C' method='h'><reason>r</reason></test>\
         <test name='N.C.i' type='N.C' method='i' result='Pass'><failure/></test>\
         </collection></assembly></assemblies>",
        &[
            "passed T.dll::N.C::a",
            "failed T.dll::N.C::b",
            "skipped T.dll::N.C::c",
            "skipped T.dll::N.C::d",
            "errored T.dll::N.C::e",
            "errored T.dll::N.C::f",
            "failed T.dll::N.C::g",
            "skipped T.dll::N.C::h",
            "failed T.dll::N.C::i",
        ],
    );
    assert_eq!(read.cases[2].message.as_deref(), Some("why"));
    assert_eq!(pairs(&read.cases[3].properties), [("result", "NotRun")]);
    assert_eq!(
        read.warnings,
        [
            "line 1: \"Odd\" is no result",
            "line 1: N.C.f has no result"
        ]
    );
}

#[test]
fn all_three_versions_give_the_same_names() {
    let expected = ["passed T.dll::N.C::a", "skipped T.dll::N.C::b"];
    check(
        "<assembly name='/b/T.dll' run-date='2010-01-01' run-time='10:00:00' total='2' passed='1' failed='0' \
         skipped='1' time='0.1'><class name='N.C' total='2' passed='1' failed='0' skipped='1'>\
         <test name='N.C.a' type='N.C' method='a' result='Pass' time='0.1'/>\
         <test name='N.C.b' type='N.C' method='b' result='Skip'><reason><message>why</message></reason></test>\
         </class></assembly>",
        &expected,
    );
    check(
        "<assemblies timestamp='06/15/2018 18:09:29'><assembly name='/b/T.dll' total='2' passed='1' failed='0' \
         skipped='1' errors='0'><errors/><collection name='Test collection for N.C' total='2' passed='1' failed='0' \
         skipped='1'><test name='N.C.a' type='N.C' method='a' result='Pass'><traits/></test>\
         <test name='N.C.b' type='N.C' method='b' result='Skip'><reason>why</reason></test></collection></assembly></assemblies>",
        &expected,
    );
    let third = check(
        "<x:assemblies xmlns:x='u' schema-version='3' id='1' computer='h' start-rtf='1970-01-01T00:00:01.5+00:00'>\
         <x:assembly name='/b/T.dll' id='2' start-rtf='1970-01-01T00:00:02+00:00' total='2' failed='0' \
         skipped='0' not-run='1' errors='0'><x:collection id='3' name='c'>\
         <x:test id='4' name='N.C.a' type='N.C' method='a' result='Pass' time='0.4' start-rtf='x' \
         source-file='/t/C.cs' source-line='5'/>\
         <x:test id='5' name='N.C.b' type='N.C' method='b' result='NotRun'/></x:collection></x:assembly></x:assemblies>",
        &expected,
    );
    assert_eq!(third.warnings, [""; 0]);
    let place = Location {
        file: "/t/C.cs".into(),
        line: Some(5),
    };
    assert_eq!(third.cases[0].location, Some(place));
    let [assembly, whole] = &third.summary.suites[..] else {
        panic!("{:?}", third.summary.suites)
    };
    assert_eq!(assembly.path, ["T.dll"]);
    assert_eq!(assembly.started.map(|at| at.unix_millis()), Some(2000));
    assert_eq!(whole.started.map(|at| at.unix_millis()), Some(1500));
    assert_eq!(whole.hostname.as_deref(), Some("h"));
}

#[test]
fn parameters_and_names_for_show_are_told_apart() {
    check(
        "<assembly total='7'>\
         <test name='N.C.rows(x: 1, s: \"a.b\")' type='N.C' method='rows' result='Pass'/>\
         <test name='Adds one (or two).' type='N.C' method='adds' result='Pass'/>\
         <test name='other(1)' type='N.C' method='adds' result='Pass'/>\
         <test name='adds one' type='N.C' method='adds_one' result='Pass'/>\
         <test name='N.C.adds one(x: 1)' type='N.C' method='adds_one' result='Pass'/>\
         <test name='Adds one (or two).' type='N.C' method='adds_again' result='Pass'/>\
         <test name='x' type='' method='' result='Pass'/></assembly>",
        &[
            "passed N.C::rows[x: 1, s: \"a.b\"]",
            "passed N.C::adds[Adds one (or two).]",
            "passed N.C::adds[other(1)]",
            "passed N.C::adds_one",
            "passed N.C::adds_one[x: 1]",
            "passed N.C::adds_again[Adds one (or two).]",
            "passed x",
        ],
    );
}

#[test]
fn a_failure_tells_message_type_and_place() {
    let read = read(
        "<assemblies><assembly name='T'><collection><test name='N.C.x' type='N.C' method='x' result='Fail' time='0,25'>\
         <failure exception-type='Xunit.Sdk.EqualException'><message>\n <![CDATA[Not equal\nExpected: 1]]>\n</message>\
         <stack-trace><![CDATA[   at N.C.x() in /t/C.cs:line 7]]></stack-trace></failure>\
         <output><![CDATA[said <this>]]></output><warnings><warning>slow</warning></warnings>\
         <traits><trait name='Category' value='a'/></traits><attachments><attachment name='note'>text</attachment>\
         <attachment name='shot' media-type='image/png'>QUJD</attachment></attachments></test>\
         </collection></assembly></assemblies>",
    );
    let case = &read.cases[0];
    assert_eq!(case.message.as_deref(), Some("Not equal"));
    assert_eq!(case.kind.as_deref(), Some("Xunit.Sdk.EqualException"));
    assert_eq!(
        case.detail.as_deref(),
        Some(" Not equal\nExpected: 1\n   at N.C.x() in /t/C.cs:line 7")
    );
    assert_eq!(case.location.as_ref().and_then(|l| l.line), Some(7));
    assert_eq!(case.duration, Some(Duration::from_millis(250)));
    assert_eq!(case.stdout.as_deref(), Some("said <this>"));
    assert_eq!(
        pairs(&case.properties),
        [
            ("warning", "slow"),
            ("Category", "a"),
            ("attachment note", "text"),
            ("attachment shot", "(image/png, 4 bytes in base64)"),
        ]
    );
}

#[test]
fn errors_outside_of_tests_fail_the_run() {
    let failure = |text: &str| read(text).summary.run_failure;
    assert_eq!(
        failure(
            "<assemblies><assembly name='/b/T.dll' errors='2'><errors><error type='test-class-cleanup' name='N.C'>\
             <failure exception-type='System.Exception'><message>late</message><stack-trace>s</stack-trace></failure>\
             </error><error type='fatal'><failure exception-type='X'/></error></errors></assembly></assemblies>"
        )
        .as_deref(),
        Some("T.dll failed outside of its tests (test-class-cleanup N.C): late (and 1 more)")
    );
    assert_eq!(
        failure("<assemblies><assembly name='/b/T.dll' errors='1'/></assemblies>").as_deref(),
        Some("T.dll claims 1 errors outside of its tests and names none")
    );
    assert_eq!(
        failure(
            "<assembly name='T.dll' total='0'><class name='N.C'><failure exception-type='X'><message>fixture</message>\
             </failure></class></assembly>"
        )
        .as_deref(),
        Some("N.C failed outside of its tests: fixture")
    );
    assert_eq!(
        failure("<assemblies><assembly name='T' errors='0'><errors/></assembly></assemblies>"),
        None
    );
}

#[test]
fn claims_are_compared_and_never_trusted() {
    let read = read(
        "<assemblies><assembly name='T' total='3' failed='1' skipped='x' run-date='2018-38-06' run-time='1:2:3'>\
         <collection name='c' total='2'><test name='a' result='Pass'/></collection></assembly></assemblies>",
    );
    assert_eq!(
        read.warnings,
        [
            "line 1: \"x\" is no count",
            "line 1: \"2018-38-06 1:2:3\" is no point in time",
            "line 1: c claims 2 tests, has 1",
            "line 1: T claims 3 tests, has 1; 1 failures, has 0"
        ]
    );
}

#[test]
fn texts_survive_what_xml_forbids() {
    let read = check(
        "<assembly total='1'><test name='a' result='Fail'><failure><message>1 < 2 & <b> <class> </b> ]]> &#x1b;\
         </message></failure><output><collection></output></test></assembly>",
        &["failed a"],
    );
    assert_eq!(
        read.cases[0].message.as_deref(),
        Some("1 < 2 & <b> <class> </b> ]]> \u{1b}")
    );
    assert_eq!(read.cases[0].stdout.as_deref(), Some("<collection>"));
}

#[test]
fn what_was_complete_before_a_cut_is_kept() {
    let start = "<assemblies><assembly name='T' total='9' errors='1'><collection><test name='a' result='Pass'/>\
                 <test name='b' result='Fail'><failure><message>";
    for cut in ["", "<![CDATA[x", "x", "<", "<!-- x", "&am", "</mess"] {
        let read = check(format!("{start}{cut}"), &["passed T::a"]);
        assert!(read.summary.truncated);
        assert_eq!(
            read.warnings,
            ["line 1: the file ends inside the test b, which is left out"]
        );
    }
    assert!(read("<assemblies timestamp='").summary.truncated);
    assert!(!read("<assemblies/>").summary.truncated);
}

#[test]
fn texts_are_cut_at_the_limit() {
    let text = format!(
        "<assemblies><test name='a' result='Fail'><failure><stack-trace>{0}</stack-trace></failure>\
         <output>{0}</output></test></assemblies>",
        "x".repeat(1000)
    );
    let options = Options {
        max_text: 10,
        ..Options::default()
    };
    let read = read_with(text, Some(Format::Xunit), &options).unwrap();
    let cut = "xxxxxxxxxx\n[cut here: 990 more bytes]";
    assert_eq!(read.cases[0].detail.as_deref(), Some(cut));
    assert_eq!(read.cases[0].stdout.as_deref(), Some(cut));
}

#[test]
fn other_assemblies_are_refused() {
    for other in [
        "<assembly manifestVersion='1.0' xmlns='urn:schemas-microsoft-com:asm.v1'><trustInfo/></assembly>",
        "<assembly><id>bin</id><formats><format>zip</format></formats></assembly>",
    ] {
        for format in [None, Some(Format::Xunit)] {
            let refused = read_with(other, format, &Options::default()).is_err();
            assert!(refused, "{other}");
        }
    }
    for other in [
        "<testsuites/>",
        "<coverage><class/></coverage>",
        "TAP version 14\n1..0\n",
    ] {
        assert!(read_with(other, Some(Format::Xunit), &Options::default()).is_err());
    }
}
