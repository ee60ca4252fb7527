//! A small limit on texts leaves names and keys whole.

use retro_domain::TestCase;
use retro_test_report::{Collected, Options, parse_with};

const LONG: &str = "a rather long name of a test, as those of behaviour are";

fn reports() -> Vec<String> {
    let event = |action: &str, test: &str, more: &str| {
        format!(
            "{{\"Action\":\"{action}\",\"Package\":\"example.com/long/package\",\"Test\":\"{test}\"{more}}}\n"
        )
    };
    let output = ",\"Output\":\"    a_test.go:3: some more words than fit\\n\"";
    let fails = "{\"Action\":\"fail\",\"Package\":\"example.com/long/package\"}\n";
    let go = event("run", "TestOfSomethingOne", "")
        + &event("output", "TestOfSomethingOne", output)
        + &event("fail", "TestOfSomethingOne", "")
        + &event("pass", "TestOfSomethingTwo", "")
        + fails;
    let test = |name: &str| {
        format!(
            "{{\"name\":\"{LONG} {name}\",\"status\":\"failed\",\"message\":\"some words and more\",\"trace\":\"{}\"}}",
            "at some place ".repeat(20)
        )
    };
    let ctrf = format!(
        "{{\"reportFormat\":\"CTRF\",\"results\":{{\"tests\":[{},{}]}}}}",
        test("one"),
        test("two")
    );
    let rust = |name: &str| {
        format!(
            "{{\"type\":\"test\",\"event\":\"failed\",\"name\":\"{LONG} {name}\",\"stdout\":\"{}\"}}\n",
            "some words ".repeat(20)
        )
    };
    let libtest = format!(
        "{{\"type\":\"suite\",\"event\":\"started\",\"test_count\":2}}\n{}{}{}",
        rust("one"),
        rust("two"),
        "{\"type\":\"suite\",\"event\":\"failed\",\"passed\":0,\"failed\":2}\n"
    );
    let team = format!(
        "##teamcity[testFailed name='{LONG} one' details='{0}']\n##teamcity[testFailed name='{LONG} two' details='{0}']\n",
        "some words ".repeat(20)
    );
    let tap = format!("1..2\nnot ok 1 - {LONG} one\n# why\nok 2 - {LONG} two\n");
    vec![go, ctrf, libtest, team, tap]
}

fn read(report: &str, max_text: usize) -> Vec<TestCase> {
    let options = Options {
        max_text,
        ..Options::default()
    };
    let mut sink = Collected::default();
    parse_with(report.as_bytes(), None, &options, &mut sink).expect("a report");
    sink.cases
}

#[test]
fn names_are_the_same_whatever_the_limit() {
    for report in reports() {
        let ids = |cases: &[TestCase]| cases.iter().map(|case| case.id.clone()).collect::<Vec<_>>();
        let whole = ids(&read(&report, 1 << 20));
        assert_eq!(whole.len(), 2, "{report}");
        for max_text in [0, 4, 8, 16, 20, 64, 200] {
            let cases = read(&report, max_text);
            assert_eq!(ids(&cases), whole, "{max_text}: {report}");
            for text in cases
                .iter()
                .flat_map(|case| [&case.detail, &case.stdout])
                .flatten()
            {
                assert!(text.len() <= max_text + 140, "{max_text}: {text}");
            }
        }
    }
}
