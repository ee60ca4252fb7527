//! NUnit 2 and 3: one test per trap that real files hold.

mod reading;

use std::time::Duration;

use reading::{check, read, read_with, shown};
use retro_domain::Location;
use retro_test_report::{Format, Options};

fn pairs(properties: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = properties.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    pairs.collect()
}

#[test]
fn results_and_labels_of_version_3_are_outcomes() {
    let read = check(
        "<test-run><test-suite type='Assembly' name='/build/T.dll'>\
         <test-case name='a' fullname='N.C.a' result='Passed' runstate='Runnable'/>\
         <test-case name='b' fullname='N.C.b' result='Failed'/>\
         <test-case name='c' fullname='N.C.c' result='Failed' label='Error'/>\
         <test-case name='d' fullname='N.C.d' result='Failed' label='Invalid'/>\
         <test-case name='e' fullname='N.C.e' result='Failed' label='Cancelled'/>\
         <test-case name='f' fullname='N.C.f' result='Skipped' label='Ignored' runstate='Ignored'/>\
         <test-case name='g' fullname='N.C.g' result='Skipped' label='Explicit'/>\
         <test-case name='h' fullname='N.C.h' result='Inconclusive'/>\
         <test-case name='i' fullname='N.C.i' result='Warning'/>\
         <test-case name='j' fullname='N.C.j' result='Odd'/>\
         <test-case name='k' fullname='N.C.k' runstate='NotRunnable'/>\
         </test-suite></test-run>",
        &[
            "passed T.dll::N.C::a",
            "failed T.dll::N.C::b",
            "errored T.dll::N.C::c",
            "errored T.dll::N.C::d",
            "errored T.dll::N.C::e",
            "skipped T.dll::N.C::f",
            "skipped T.dll::N.C::g",
            "skipped T.dll::N.C::h",
            "passed T.dll::N.C::i",
            "errored T.dll::N.C::j",
            "skipped T.dll::N.C::k",
        ],
    );
    assert_eq!(read.warnings, ["line 1: \"Odd\" is no result"]);
    let properties = &read.cases[5].properties;
    assert_eq!(
        pairs(properties),
        [("label", "Ignored"), ("runstate", "Ignored")]
    );
    assert_eq!(pairs(&read.cases[8].properties), [("result", "Warning")]);
}

#[test]
fn attributes_of_version_2_are_outcomes() {
    check(
        "<test-results><test-suite name='/b/T.dll'><results>\
         <test-case name='N.C.a' executed='True' success='True' result='Success'/>\
         <test-case name='N.C.b' executed='True' success='False' result='Failure'/>\
         <test-case name='N.C.c' executed='True' success='False' result='Error'/>\
         <test-case name='N.C.d' executed='False' result='Ignored'/>\
         <test-case name='N.C.e' executed='False' result='NotRunnable'/>\
         <test-case name='N.C.f' executed='True' result='Inconclusive' success='False'/>\
         <test-case name='N.C.g' executed='False'><reason><message>why</message></reason></test-case>\
         <test-case name='N.C.h' executed='True' success='False'/>\
         <test-case name='N.C.i' executed='True' time='1.0'/>\
         <test-case name='N.C.j' executed='True'><failure/></test-case>\
         <test-case name='N.C.k'><failure><message>m</message></failure></test-case>\
         <test-case name='N.C.l'><reason><message>why</message></reason></test-case>\
         <test-case name='N.C.m' executed='true' result='Cancelled'/>\
         </results></test-suite></test-results>",
        &[
            "passed T.dll::N.C::a",
            "failed T.dll::N.C::b",
            "errored T.dll::N.C::c",
            "skipped T.dll::N.C::d",
            "skipped T.dll::N.C::e",
            "skipped T.dll::N.C::f",
            "skipped T.dll::N.C::g",
            "failed T.dll::N.C::h",
            "passed T.dll::N.C::i",
            "failed T.dll::N.C::j",
            "failed T.dll::N.C::k",
            "skipped T.dll::N.C::l",
            "errored T.dll::N.C::m",
        ],
    );
}

#[test]
fn roots_and_prefixes_do_not_matter() {
    check(
        "<test-suite type='Assembly' name='T.dll'><test-case name='x' classname='C'/></test-suite>",
        &["passed T.dll::C::x"],
    );
    check("<test-case name='N.C.x'/>", &["passed N.C::x"]);
    check(
        "<n:test-run xmlns:n='u'><n:test-case n:name='x' n:result='Failed'/></n:test-run>",
        &["failed x"],
    );
    let text = "<?xml version='1.0' encoding='utf-16'?><test-results name='é'>\
                <test-case name='\u{1f4a9}'/></test-results>";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(wide, &["passed \u{1f4a9}"]);
}

#[test]
fn names_are_the_same_in_both_versions() {
    let expected = [
        "passed T.dll::N.M.Fixture::plain",
        "passed T.dll::N.M.Fixture::rows[1,\"a.b\"]",
        "passed T.dll::N.M.Fixture(2.5)::other[(3), 4]",
        "passed T.dll::N.M.Fixture::a name of 1.5 words",
    ];
    check(
        "<test-run><test-suite type='Assembly' name='T.dll' fullname='/x/T.dll'>\
         <test-suite type='TestSuite' name='N'><test-suite type='TestSuite' name='M'>\
         <test-suite type='TestFixture' name='Fixture'>\
         <test-case name='plain' methodname='plain' classname='N.M.Fixture' fullname='N.M.Fixture.plain'/>\
         <test-suite type='ParameterizedMethod' name='rows'><test-case name='rows(1,\"a.b\")' methodname='rows' \
         classname='N.M.Fixture' fullname='N.M.Fixture.rows(1,\"a.b\")'/></test-suite></test-suite>\
         <test-suite type='ParameterizedFixture' name='Fixture'><test-suite type='TestFixture' name='Fixture(2.5)'>\
         <test-case name='other((3), 4)' methodname='other' classname='N.M.Fixture' \
         fullname='N.M.Fixture(2.5).other((3), 4)'/></test-suite></test-suite>\
         <test-case name='a name of 1.5 words' classname='N.M.Fixture' fullname='N.M.Fixture.a name of 1.5 words'/>\
         </test-suite></test-suite></test-suite></test-run>",
        &expected,
    );
    check(
        "<test-results name='C:\\x\\T.dll'><test-suite type='Test Project' name=''><results>\
         <test-suite type='Assembly' name='C:\\x\\T.dll'><results>\
         <test-suite type='Namespace' name='N'><results><test-suite type='Namespace' name='M'><results>\
         <test-suite type='TestFixture' name='Fixture'><results><test-case name='N.M.Fixture.plain'/>\
         <test-suite type='ParameterizedTest' name='rows'><results>\
         <test-case name='N.M.Fixture.rows(1,\"a.b\")'/></results></test-suite>\
         </results></test-suite><test-suite type='ParameterizedFixture' name='Fixture'><results>\
         <test-suite type='TestFixture' name='Fixture(2.5)'><results>\
         <test-case name='N.M.Fixture(2.5).other((3), 4)'/></results></test-suite></results></test-suite>\
         <test-suite type='TestFixture' name='Fixture'><results>\
         <test-case name='N.M.Fixture.a name of 1.5 words'/></results></test-suite></results></test-suite>\
         </results></test-suite></results></test-suite></results></test-suite></test-results>",
        &expected,
    );
}

#[test]
fn names_of_odd_writers_are_read_too() {
    // Old versions have full names of suites, and the assembly twice.
    check(
        "<test-results><test-suite name='/b/T.dll'><results><test-suite name='/b/T.dll'><results>\
         <test-suite name='N'><results><test-suite name='N.C'><results><test-case name='N.C.x'/></results>\
         </test-suite></results></test-suite></results></test-suite></results></test-suite></test-results>",
        &["passed T.dll::N.C::x"],
    );
    // A name without a class is in all of its suites.
    check(
        "<test-results><test-suite name='./T.dll'><test-suite name='Sums'><test-case name='adds'/>\
         </test-suite></test-suite></test-results>",
        &["passed T.dll/Sums::adds"],
    );
    // Pester has sentences for suites.
    check(
        "<test-results name='Pester'><test-suite type='Powershell' name='Pester'><results>\
         <test-suite type='TestFixture' name='Get-It (v. 2)'><results>\
         <test-case name='Get-It (v. 2).gets 1.5 of it' executed='True' result='Success'/></results>\
         </test-suite></results></test-suite></test-results>",
        &["passed Pester::Get-It (v. 2)::gets 1.5 of it"],
    );
    check(
        "<test-run><test-case/><test-case fullname='N.C.x'/><test-case name='  '/></test-run>",
        &["errored (unnamed)", "passed N.C::x", "errored (unnamed)"],
    );
}

#[test]
fn a_failure_tells_message_type_and_place() {
    let read = read(
        "<test-run><test-case name='x' classname='N.C' methodname='x' result='Failed' label='Error' duration='0,25'>\
         <failure><message><![CDATA[  System.Exception : it\nbroke]]></message>\
         <stack-trace><![CDATA[   at Lib.F() in /l/F.cs:line 1\n   at N.C.x() in /t/C.cs:line 7\n]]></stack-trace>\
         </failure><assertions><assertion result='Failed'><message>again</message><stack-trace>s</stack-trace>\
         </assertion></assertions><output><![CDATA[said <this>]]></output></test-case>\
         <test-case name='y' result='Skipped'><reason><message>why &amp; how</message></reason></test-case></test-run>",
    );
    let case = &read.cases[0];
    assert_eq!(case.message.as_deref(), Some("System.Exception : it"));
    assert_eq!(case.kind.as_deref(), Some("System.Exception"));
    assert_eq!(
        case.detail.as_deref(),
        Some(
            "  System.Exception : it\nbroke\n   at Lib.F() in /l/F.cs:line 1\n   at N.C.x() in /t/C.cs:line 7"
        )
    );
    let place = Location {
        file: "/t/C.cs".into(),
        line: Some(7),
    };
    assert_eq!(case.location, Some(place));
    assert_eq!(case.duration, Some(Duration::from_millis(250)));
    assert_eq!(case.stdout.as_deref(), Some("said <this>"));
    assert_eq!(read.cases[1].message.as_deref(), Some("why & how"));
}

#[test]
fn properties_categories_and_attachments_are_kept() {
    let read = read(
        "<test-run><test-case name='x' seed='1' id='0-1' asserts='2' description='d' site='Parent'>\
         <properties><property name='Author' value='me'/><property name='Category' value='slow'/></properties>\
         <categories><category name='old'/></categories><attachments><attachment>\
         <filePath>C:\\out\\shot.png</filePath><description>a shot</description></attachment></attachments>\
         </test-case></test-run>",
    );
    let expected = [
        ("asserts", "2"),
        ("description", "d"),
        ("site", "Parent"),
        ("Author", "me"),
        ("Category", "slow"),
        ("Category", "old"),
    ];
    assert_eq!(pairs(&read.cases[0].properties), expected);
    let file = &read.cases[0].attachments[0];
    assert_eq!(
        (file.name.as_str(), file.path.as_str()),
        ("shot.png", "C:\\out\\shot.png")
    );
}

#[test]
fn a_failed_setup_fails_the_run_unless_cases_say_it() {
    let failure = |text: &str| read(text).summary.run_failure;
    let suite = |site: &str, message: &str, inside: &str| {
        format!(
            "<test-run result='Failed'><test-suite type='TestFixture' name='F' result='Failed' site='{site}'>\
             <failure><message>{message}</message></failure>{inside}</test-suite></test-run>"
        )
    };
    let passed = "<test-case name='a' result='Passed'/>";
    let failed = "<test-case name='b' result='Failed' label='Error' site='Parent'/>";
    assert_eq!(
        failure(&suite("SetUp", "OneTimeSetUp: no disk", "")).as_deref(),
        Some("F failed outside of its tests: OneTimeSetUp: no disk")
    );
    assert_eq!(
        failure(&suite("SetUp", "OneTimeSetUp: no disk", failed)),
        None
    );
    assert_eq!(failure(&suite("Child", "One or more", failed)), None);
    assert_eq!(
        failure(&suite(
            "TearDown",
            "TearDown : late",
            &format!("{passed}{failed}")
        ))
        .as_deref(),
        Some("F failed outside of its tests: TearDown : late")
    );
    assert_eq!(
        failure("<test-run result='Failed' total='0'/>").as_deref(),
        Some("the report failed outside of its tests: no message")
    );
    // An assembly that could not be loaded.
    assert_eq!(
        failure(
            "<test-run result='Failed'><test-suite type='Assembly' name='/x/T.dll' runstate='NotRunnable' \
             result='Failed' label='Invalid'><reason><message>File not found</message></reason></test-suite></test-run>"
        )
        .as_deref(),
        Some("T.dll failed outside of its tests: File not found")
    );
    assert_eq!(
        failure(
            "<test-results><test-suite name='F' executed='True' success='False'>\
             <failure><message>TestFixtureSetUp failed in F</message></failure></test-suite></test-results>"
        )
        .as_deref(),
        Some("F failed outside of its tests: TestFixtureSetUp failed in F")
    );
    assert_eq!(
        failure("<test-results><test-suite name='F' success='True'/></test-results>"),
        None
    );
}

#[test]
fn claims_are_compared_and_never_trusted() {
    let warned = |text: &str| read(text).warnings;
    assert_eq!(
        warned(
            "<test-run total='3' failed='1' skipped='0' inconclusive='x'><test-case name='a'/></test-run>"
        ),
        [
            "line 1: \"x\" is no count",
            "line 1: the report claims 3 tests, has 1; 1 failures, has 0"
        ]
    );
    // Version 2 counts the inconclusive ones among those that ran, and not the others.
    assert_eq!(
        warned(
            "<test-results total='3' errors='1' failures='1' not-run='2' inconclusive='1' ignored='1' skipped='1'>\
             <test-case name='a' result='Failure'/><test-case name='b' result='Error'/>\
             <test-case name='c' result='Inconclusive'/><test-case name='d' result='Ignored'/>\
             <test-case name='e' result='Skipped'/></test-results>"
        ),
        [""; 0]
    );
}

#[test]
fn suites_tell_of_themselves() {
    let read = read(
        "<test-results name='T.dll' date='1970-01-01' time='00:00:01' total='1'>\
         <environment nunit-version='2.6' machine-name='h' user='u' cwd='/x'/>\
         <test-suite type='Assembly' name='/x/T.dll' time='1,5'><properties><property name='k' value='v'/></properties>\
         <results><test-case name='N.C.x' time='1.234,5'/></results><output>out</output></test-suite></test-results>",
    );
    let [assembly, whole] = &read.summary.suites[..] else {
        panic!("{:?}", read.summary.suites)
    };
    assert_eq!(assembly.path, ["T.dll"]);
    assert_eq!(assembly.duration, Some(Duration::from_millis(1500)));
    assert_eq!(pairs(&assembly.properties), [("k", "v")]);
    assert_eq!(assembly.stdout.as_deref(), Some("out"));
    assert_eq!(whole.started.map(|at| at.unix_millis()), Some(1000));
    assert_eq!(whole.hostname.as_deref(), Some("h"));
    assert_eq!(pairs(&whole.properties), [("nunit-version", "2.6")]);
    assert_eq!(
        read.cases[0].duration,
        Some(Duration::from_millis(1_234_500))
    );
}

#[test]
fn odd_times_are_no_reason_to_refuse_a_file() {
    let read = check(
        "<test-run start-time='soon'><test-case name='a' duration='fast'/><test-case name='b' duration=''/>\
         </test-run>",
        &["passed a", "passed b"],
    );
    assert_eq!(
        read.warnings,
        [
            "line 1: \"soon\" is no point in time",
            "line 1: \"fast\" is no duration"
        ]
    );
}

#[test]
fn texts_survive_what_xml_forbids() {
    let read = check(
        "<test-run><test-case name='a' result='Failed'><failure><message>1 < 2 & <b> </b> ]]> \u{1b} \0 &#x1b; \
         <![CDATA[<raw]]]]><![CDATA[>]]></message></failure></test-case></test-run>",
        &["failed a"],
    );
    assert_eq!(
        read.cases[0].message.as_deref(),
        Some("1 < 2 & <b> </b> ]]> \u{1b} \u{fffd} \u{1b} <raw]]>")
    );
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn what_was_complete_before_a_cut_is_kept() {
    let start = "<test-run total='9'><test-suite type='Assembly' name='T.dll'><test-case name='a'/>\
                 <test-case name='b'><failure><message>";
    for cut in ["", "<![CDATA[x", "x", "<", "<!-- x", "&am", "</mess"] {
        let read = check(format!("{start}{cut}"), &["passed T.dll::a"]);
        assert!(read.summary.truncated);
        assert_eq!(
            read.warnings,
            ["line 1: the file ends inside the test b, which is left out"]
        );
    }
    assert!(read("<test-run name='a").summary.truncated);
    assert!(!read("<test-run/>").summary.truncated);
}

#[test]
fn tags_that_do_not_fit_lose_no_case() {
    let read = check(
        "<test-run><test-case name='a'><failure><message>x</test-case></foo><test-case name='b'></test-run>",
        &["failed a", "passed b"],
    );
    assert_eq!(
        read.warnings,
        [
            "line 1: </test-case> comes before the end of 2 elements inside it",
            "line 1: </foo> closes nothing",
            "line 1: </test-run> comes before the end of 1 elements inside it",
        ]
    );
}

#[test]
fn texts_are_cut_at_the_limit() {
    let text = format!(
        "<test-run><test-case name='a' result='Failed'><failure><stack-trace>{0}</stack-trace></failure>\
         <output>{0}</output></test-case></test-run>",
        "x".repeat(1000)
    );
    let options = Options {
        max_text: 10,
        ..Options::default()
    };
    let read = read_with(text, Some(Format::Nunit), &options).unwrap();
    let cut = "xxxxxxxxxx\n[cut here: 990 more bytes]";
    assert_eq!(read.cases[0].detail.as_deref(), Some(cut));
    assert_eq!(read.cases[0].stdout.as_deref(), Some(cut));
    assert_eq!(shown(&read.cases), ["failed a"]);
}

#[test]
fn other_documents_are_refused() {
    for other in ["<testsuites/>", "<html/>", "TAP version 14\n1..0\n"] {
        assert!(read_with(other, Some(Format::Nunit), &Options::default()).is_err());
    }
}
