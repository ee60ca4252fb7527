//! Traps of XML reports that are neither of one dialect nor hostile.

mod reading;

use reading::{check, read};

#[test]
fn nothing_in_a_document_type_is_a_test() {
    check(
        "<!DOCTYPE t [<?pi ]> <testcase name=\"y\"/> ?><!-- ]> <testcase name='x'/> -->]>\
         <testsuite><testcase name='a'/></testsuite>",
        &["passed a"],
    );
}

#[test]
fn tests_in_what_a_test_wrote_are_text() {
    let fake =
        "<testsuite name='f'><testcase name='fake'></testcase><testcase name='f2'/></testsuite>";
    let read = check(
        format!(
            "<testsuite name='s'><testcase name='a'><system-out>log: {fake} end</system-out></testcase>\
             <testcase name='b'><failure>was {fake}, <failure>inner</failure> and <testcase> too</failure></testcase>\
             <testcase name='c'/></testsuite>"
        ),
        &["passed s::a", "failed s::b", "passed s::c"],
    );
    assert_eq!(read.warnings, [""; 0]);
    assert_eq!(read.cases[0].stdout, Some(format!("log: {fake} end")));
    let detail = format!("was {fake}, <failure>inner</failure> and <testcase> too");
    assert_eq!(read.cases[1].detail, Some(detail));
    let read = check(
        "<test-run><test-case name='a' result='Passed'><output>got <test-case name='f'></test-case> here</output>\
         </test-case><test-case name='b' result='Passed'/></test-run>",
        &["passed a", "passed b"],
    );
    let expected = "got <test-case name='f'></test-case> here";
    assert_eq!(read.cases[0].stdout.as_deref(), Some(expected));
}

#[test]
fn a_text_without_an_end_hides_no_test_in_silence() {
    let read = check(
        "<testsuite name='s'><testcase name='a'><failure>x<testcase name='b'/></testsuite>",
        &["failed s::a"],
    );
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        ["line 1: </testsuite> comes before the end of 2 elements inside it"]
    );
    let read = check(
        "<test-run><test-suite><test-case name='a'><output>x<test-case name='b'/></test-suite></test-run>",
        &["passed a"],
    );
    assert!(read.summary.truncated);
}

#[test]
fn attributes_without_quotes_end_before_the_slash() {
    let read = check(
        "<testsuite name=s><testcase name=a time=1.5/><testcase classname=x/y name=b/></testsuite>",
        &["passed s::a", "passed s::x/y::b"],
    );
    assert_eq!(read.cases[0].duration.map(|it| it.as_millis()), Some(1_500));
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn what_is_left_out_of_a_test_is_told() {
    let warnings = |inside: String| {
        let read = read(format!(
            "<testsuite name='s'><testcase name='a'>{inside}</testcase></testsuite>"
        ));
        let without_line = |it: &String| it.split_once(": ").unwrap().1.to_owned();
        read.warnings.iter().map(without_line).collect::<Vec<_>>()
    };
    let told = "500 properties, attachments, results or attempts of the test a are left out, or their \
                texts: one test may have 1000 of each, and 8 texts of full length";
    assert_eq!(
        warnings("<property name='n' value='v'/>".repeat(1_500)),
        [told]
    );
    assert_eq!(
        warnings("<rerunFailure message='m'/>".repeat(1_500)),
        [told]
    );
    assert_eq!(warnings("<skipped/>".repeat(1_500)), [told]);
    assert_eq!(
        warnings(format!(
            "<system-out>{}</system-out>",
            "[[ATTACHMENT|a]]\n".repeat(1_500)
        )),
        [told]
    );
    assert_eq!(
        warnings("<property name='n' value='v'/>".repeat(1_000)),
        [""; 0]
    );
}

#[test]
fn what_is_left_out_of_a_suite_is_told() {
    let property = "<property name='n' value='v'/>".repeat(1_500);
    let told = "line 1: 500 properties or other texts of s are left out: one suite may have 1000 properties, \
                all suites together 16 MiB";
    for report in [
        format!("<testsuite name='s'><properties>{property}</properties></testsuite>"),
        format!(
            "<test-run><test-suite name='s'><properties>{property}</properties></test-suite></test-run>"
        ),
    ] {
        assert_eq!(read(report).warnings, [told]);
    }
    let read = read(format!(
        "<test-run><test-case name='a' result='Passed'><properties>{property}</properties></test-case></test-run>"
    ));
    assert!(
        read.warnings[0]
            .starts_with("line 1: 500 properties or attachments of the test a are left out"),
        "{:?}",
        read.warnings
    );
}

#[test]
fn the_place_of_a_work_tree_is_no_part_of_a_name() {
    let report = |folder: &str| {
        format!(
            "<testsuites><testsuite name='{folder}/phpunit.xml' tests='2'><testsuite name='Unit'>\
             <testsuite name='App\\FooTest' file='{folder}/tests/FooTest.php'>\
             <testcase name='testA' file='{folder}/tests/FooTest.php' line='3' class='App\\FooTest' \
             classname='App.FooTest'/></testsuite><testcase name='plain'/></testsuite>\
             <testcase name='direct' class='Direct'/></testsuite></testsuites>"
        )
    };
    for folder in ["/builds/slot1", "/builds/slot2", "C:\\builds\\7"] {
        let read = check(
            report(folder),
            &[
                "passed Unit/App\\FooTest::testA",
                "passed Unit::plain",
                "passed Direct::direct",
            ],
        );
        let suite = &read.summary.suites[2];
        assert_eq!(suite.path, [""; 0]);
        let name = ("name".to_owned(), format!("{folder}/phpunit.xml"));
        assert_eq!(suite.properties, [name]);
        assert_eq!(read.summary.suites[0].path, ["Unit", "App\\FooTest"]);
    }
    // Where nothing else tells tests apart, the file does.
    check(
        "<testsuites><testsuite name='/builds/a.js'><testcase name='x'/></testsuite>\
         <testsuite name='/builds/b.js'><testcase name='x' classname='/builds/b'/></testsuite>\
         <testsuite name='/api/users'><testcase name='x' classname='c'/></testsuite></testsuites>",
        &[
            "passed /builds/a.js::x",
            "passed /builds/b.js::/builds/b::x",
            "passed /api/users::c::x",
        ],
    );
}

#[test]
fn end_tags_are_looked_for_among_open_elements_only() {
    let read = check(
        "<testsuite><a><b><testcase name='x'></b></testcase><testcase name='y'/></a></a></testsuite>",
        &["passed x", "passed y"],
    );
    assert_eq!(
        read.warnings,
        [
            "line 1: </b> comes before the end of 1 elements inside it",
            "line 1: </testcase> closes nothing",
            "line 1: </a> closes nothing",
        ]
    );
}

#[test]
fn long_texts_of_a_file_are_short_in_warnings() {
    let long = "x".repeat(60_000);
    let read = read(format!(
        "<testsuite name='{long}' tests='{long}' time='{long}'><testcase name='{long}' time='{long}'>"
    ));
    assert!(!read.warnings.is_empty());
    assert!(read.warnings.iter().all(|it| it.len() < 1_100));
}
