//! TRX: one test per trap that real files hold.

mod reading;

use std::time::Duration;

use reading::{check, read, read_with, shown};
use retro_domain::Location;
use retro_test_report::{Format, Options};

fn pairs(properties: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = properties.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    pairs.collect()
}

/// A report of these results, with these definitions after them.
fn run(results: &str, definitions: &str) -> String {
    format!(
        "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'><Results>{results}</Results>\
         <TestDefinitions>{definitions}</TestDefinitions></TestRun>"
    )
}

#[test]
fn outcomes_are_read() {
    let words = [
        ("Passed", "passed"),
        ("Failed", "failed"),
        ("Error", "errored"),
        ("Timeout", "errored"),
        ("Aborted", "errored"),
        ("Inconclusive", "skipped"),
        ("NotExecuted", "skipped"),
        ("NotRunnable", "skipped"),
        ("Disconnected", "errored"),
        ("Warning", "passed"),
        ("Pending", "skipped"),
        ("InProgress", "errored"),
        ("Completed", "passed"),
        ("PassedButRunAborted", "passed"),
        ("Odd", "errored"),
    ];
    for (word, expected) in words {
        let read = read(run(
            &format!("<UnitTestResult testName='a' outcome='{word}'/>"),
            "",
        ));
        assert_eq!(shown(&read.cases), [format!("{expected} a")], "{word}");
        let is_plain = ["Passed", "Failed", "Error", "NotExecuted"].contains(&word);
        assert_eq!(read.cases[0].properties.is_empty(), is_plain, "{word}");
        assert_eq!(read.warnings.is_empty(), word != "Odd", "{word}");
    }
    // Visual Studio leaves out what is its default.
    let read = check(run("<UnitTestResult testName='a'/>", ""), &["errored a"]);
    assert_eq!(
        read.cases[0].message.as_deref(),
        Some("the report gives no outcome")
    );
}

const RESULTS: &str = "<UnitTestResult testId='{00000000-0000-0000-0000-00000000000A}' testName='adds' outcome='Passed'/>\
    <UnitTestResult testId='b' testName='N.C.rows(x: 1.5)' outcome='Passed'/>\
    <UnitTestResult testId='c' testName='N.Other.x' outcome='Passed'/>";

const DEFINITIONS: &str = "<UnitTest name='adds' storage='c:\\b\\t.dll' id='00000000-0000-0000-0000-00000000000a' priority='2'>\
    <Description>sums</Description><TestCategory><TestCategoryItem TestCategory='fast'/></TestCategory>\
    <Owners><Owner name='me'/></Owners><Properties><Property><Key>k</Key><Value>v</Value></Property></Properties>\
    <TestMethod className='N.C, T, Version=1.0.0.0' name='adds'/></UnitTest>\
    <UnitTest name='N.C.rows' storage='/b/t.dll' id='b'><TestMethod className='N.C' name='rows'/></UnitTest>";

#[test]
fn classes_come_from_definitions_before_or_after() {
    let expected = [
        "passed t.dll::N.C::adds",
        "passed t.dll::N.C::rows[x: 1.5]",
        "passed N.Other::x",
    ];
    let after = check(run(RESULTS, DEFINITIONS), &expected);
    let before = check(
        format!(
            "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2006'>\
             <TestDefinitions>{DEFINITIONS}</TestDefinitions><Results>{RESULTS}</Results></TestRun>"
        ),
        &expected,
    );
    assert_eq!(after.cases, before.cases);
    assert_eq!(
        pairs(&after.cases[0].properties),
        [
            ("priority", "2"),
            ("description", "sums"),
            ("category", "fast"),
            ("owner", "me"),
            ("k", "v")
        ]
    );
    // Without them, the name tells what it can.
    check(
        run(RESULTS, ""),
        &[
            "passed adds",
            "passed N.C::rows[x: 1.5]",
            "passed N.Other::x",
        ],
    );
}

#[test]
fn prefixes_and_encodings_do_not_matter() {
    let text = "<?xml version='1.0' encoding='utf-16'?><t:TestRun xmlns:t='u'><t:Results>\
                <t:UnitTestResult testName='é' outcome='Passed'/></t:Results></t:TestRun>";
    check(text, &["passed é"]);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    check(wide, &["passed é"]);
}

#[test]
fn rows_of_data_count_and_not_what_sums_them_up() {
    let row = |number: u32, outcome: &str| {
        format!(
            "<UnitTestResult testId='a' testName='adds (Data Row {number})' outcome='{outcome}' \
             resultType='DataDrivenDataRow'/>"
        )
    };
    let test = |outcome: &str, rows: &str| {
        run(
            &format!(
                "<UnitTestResult testId='a' testName='adds' outcome='{outcome}' resultType='DataDrivenTest'>\
                 <InnerResults>{rows}</InnerResults></UnitTestResult>"
            ),
            "<UnitTest id='a'><TestMethod className='N.C' name='adds'/></UnitTest>",
        )
    };
    let rows = row(0, "Passed") + &row(1, "Failed");
    check(
        test("Failed", &rows),
        &[
            "passed N.C::adds[Data Row 0]",
            "failed N.C::adds[Data Row 1]",
        ],
    );
    // A failure that no row says, and no rows at all.
    check(
        test("Error", &row(0, "Passed")),
        &["passed N.C::adds[Data Row 0]", "errored N.C::adds"],
    );
    check(test("NotExecuted", ""), &["skipped N.C::adds"]);
    // `vstest` counted the sum as one more.
    for total in [2, 3] {
        let text = test("Failed", &rows).replace(
            "</TestRun>",
            &format!("<ResultSummary outcome='Failed'><Counters total='{total}'/></ResultSummary></TestRun>"),
        );
        assert_eq!(read(text).warnings, [""; 0]);
    }
}

#[test]
fn other_kinds_of_tests_count_too() {
    check(
        "<TestRun><Results><WebTestResult testName='w' outcome='Passed'><ResultFiles><ResultFile path='a\\w.log'/>\
         </ResultFiles><Details><WebTestResult/></Details></WebTestResult><GenericTestResult testName='g' outcome='Failed'/>\
         <ManualTestResult testName='m' outcome='Pending'/><TestResultAggregation testName='o' outcome='Passed'>\
         <InnerResults><UnitTestResult testName='i' outcome='Passed'/></InnerResults></TestResultAggregation>\
         </Results></TestRun>",
        &["passed w", "failed g", "skipped m", "passed i", "passed o"],
    );
}

#[test]
fn output_failures_and_files_are_kept() {
    let read = read(run(
        "<UnitTestResult testName='N.C.x' outcome='Failed' duration='1.00:00:01.5000000' computerName='h'><Output>\
         <StdOut>out &lt;1&gt;</StdOut><StdErr>err</StdErr><DebugTrace>trace</DebugTrace><ErrorInfo>\
         <Message>Test method N.C.x threw exception: \n System.Exception: it broke</Message>\
         <StackTrace>   at N.C.x() in c:\\t\\C.cs:line 7\n</StackTrace></ErrorInfo>\
         <TextMessages><Message>said</Message><Message>more</Message></TextMessages></Output>\
         <CollectorDataEntries><Collector><UriAttachments><UriAttachment><A href='h\\video.mp4'/></UriAttachment>\
         </UriAttachments></Collector></CollectorDataEntries><ResultFiles><ResultFile path='h/shot.png'/></ResultFiles>\
         </UnitTestResult>",
        "",
    ));
    let case = &read.cases[0];
    assert_eq!(case.duration, Some(Duration::from_millis(86_401_500)));
    assert_eq!(case.stdout.as_deref(), Some("out <1>\ntrace\nsaid\nmore"));
    assert_eq!(case.stderr.as_deref(), Some("err"));
    assert_eq!(
        case.message.as_deref(),
        Some("Test method N.C.x threw exception:")
    );
    assert_eq!(case.kind.as_deref(), Some("System.Exception"));
    let place = Location {
        file: "c:\\t\\C.cs".into(),
        line: Some(7),
    };
    assert_eq!(case.location, Some(place));
    let files: Vec<_> = case.attachments.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(files, ["video.mp4", "shot.png"]);
    assert_eq!(read.summary.suites[0].hostname.as_deref(), Some("h"));
}

#[test]
fn the_summary_may_fail_the_run() {
    let failure = |outcome: &str, infos: &str, results: &str| {
        let text = format!(
            "<TestRun><ResultSummary outcome='{outcome}'><RunInfos>{infos}</RunInfos></ResultSummary>\
             <Results>{results}</Results></TestRun>"
        );
        read(text).summary.run_failure
    };
    let info = |outcome: &str, text: &str| {
        format!("<RunInfo outcome='{outcome}'><Text>{text}</Text></RunInfo>")
    };
    let failed = "<UnitTestResult testName='a' outcome='Failed'/>";
    assert_eq!(failure("Completed", "", ""), None);
    assert_eq!(failure("Failed", "", failed), None);
    assert_eq!(
        failure("Failed", "", "").as_deref(),
        Some("the run as a whole is Failed")
    );
    assert_eq!(
        failure("Aborted", "", failed).as_deref(),
        Some("the run as a whole is Aborted")
    );
    let crash = info("Error", "Test host process crashed");
    assert_eq!(
        failure("Failed", &crash, failed).as_deref(),
        Some("the run failed outside of its tests: Test host process crashed")
    );
    // xUnit.net's adapter reports every failed test again.
    let noise = info("Error", "[xUnit.net 00:00:01.01]     a [FAIL]");
    assert_eq!(failure("Failed", &noise, failed), None);
    assert!(failure("Completed", &noise, "").is_some());
    assert_eq!(failure("Completed", &info("Warning", "no test"), ""), None);
}

#[test]
fn the_run_tells_of_itself() {
    let read = read(
        "<TestRun name='r'><Times start='1970-01-01T00:00:01Z' finish='1970-01-01T00:00:03Z' creation='x'/>\
         <Results><UnitTestResult testName='a' outcome='Passed'/></Results><ResultSummary outcome='Completed'>\
         <Counters total='2' executed='2' passed='1' failed='1' error='0' timeout='1' notExecuted='0'/>\
         <Output><StdOut>out</StdOut></Output><RunInfos><RunInfo outcome='Warning'><Text>slow</Text></RunInfo></RunInfos>\
         <CollectorDataEntries><Collector><UriAttachments><UriAttachment><A href='c.coverage'/></UriAttachment>\
         </UriAttachments></Collector></CollectorDataEntries></ResultSummary></TestRun>",
    );
    assert_eq!(
        read.warnings,
        [
            "line 1: the run says: slow",
            "line 1: the report claims 2 tests, has 1; 1 failures, has 0; 1 errors, has 0"
        ]
    );
    let run = &read.summary.suites[0];
    assert_eq!(run.started.map(|at| at.unix_millis()), Some(1000));
    assert_eq!(run.duration, Some(Duration::from_secs(2)));
    assert_eq!(run.stdout.as_deref(), Some("out"));
    assert_eq!(
        pairs(&run.properties),
        [("name", "r"), ("attachment", "c.coverage")]
    );
    assert_eq!((run.claimed.tests, run.claimed.errors), (Some(2), Some(1)));
}

#[test]
fn what_was_complete_before_a_cut_is_kept() {
    let start = "<TestRun><Results><UnitTestResult testId='a' testName='N.C.a' outcome='Passed'/>\
                 <UnitTestResult testId='b' testName='b' outcome='Failed'><Output><StdOut>";
    for cut in ["", "<![CDATA[x", "x", "<", "<!-- x", "&am", "</Std"] {
        let read = check(format!("{start}{cut}"), &["passed N.C::a"]);
        assert!(read.summary.truncated);
        assert_eq!(
            read.warnings,
            ["line 1: the file ends inside the test b, which is left out"]
        );
    }
    assert!(read("<TestRun id='").summary.truncated);
    assert!(!read("<TestRun id='1'/>").summary.truncated);
}

#[test]
fn two_runs_in_one_file_are_both_read() {
    let text = run(RESULTS, DEFINITIONS);
    assert_eq!(read(format!("{text}\n{text}")).summary.counts.passed, 6);
}

#[test]
fn texts_are_cut_at_the_limit() {
    let text = run(
        &format!(
            "<UnitTestResult testName='a' outcome='Failed'><Output><StdOut>{0}</StdOut><ErrorInfo>\
             <StackTrace>{0}</StackTrace></ErrorInfo></Output></UnitTestResult>",
            "x".repeat(1000)
        ),
        "",
    );
    let options = Options {
        max_text: 10,
        ..Options::default()
    };
    let read = read_with(text, Some(Format::Trx), &options).unwrap();
    let cut = "xxxxxxxxxx\n[cut here: 990 more bytes]";
    assert_eq!(read.cases[0].detail.as_deref(), Some(cut));
    assert_eq!(read.cases[0].stdout.as_deref(), Some(cut));
}

#[test]
fn other_documents_are_refused() {
    for other in ["<testsuites/>", "<html/>", "TAP version 14\n1..0\n"] {
        assert!(read_with(other, Some(Format::Trx), &Options::default()).is_err());
    }
}
