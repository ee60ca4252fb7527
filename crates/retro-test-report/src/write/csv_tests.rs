use proptest::prelude::*;
use retro_domain::{Attachment, Location, Outcome, TestCase, TestId};

use super::super::extra::attempts_of_json;
use super::super::sample::cases;
use super::*;

/// Reads a line of the table again.
fn case_of(line: &csv::StringRecord) -> TestCase {
    let column = |name: &str| {
        let at = COLUMNS.iter().position(|column| *column == name).unwrap();
        line[at].to_owned()
    };
    let text = |name: &str| Some(column(name)).filter(|text| !text.is_empty());
    let list = |name: &str| text(name).unwrap_or_else(|| "[]".to_owned());
    let id = TestId {
        suite: serde_json::from_str(&list("suite")).unwrap(),
        class: text("class"),
        name: column("name"),
        parameters: text("parameters"),
    };
    assert_eq!(column("test"), id.to_string());
    let outcome = Outcome::ALL
        .into_iter()
        .find(|outcome| outcome.name() == column("outcome"))
        .unwrap();
    let attachments: Vec<(String, String)> = serde_json::from_str(&list("attachments")).unwrap();
    TestCase {
        flaky: column("flaky") == "true",
        duration: text("seconds").map(|text| {
            let (whole, part) = text.split_once('.').unwrap();
            std::time::Duration::new(
                whole.parse().unwrap(),
                format!("{part:0<9}").parse().unwrap(),
            )
        }),
        message: text("message"),
        kind: text("type"),
        detail: text("detail"),
        location: text("file").map(|file| Location {
            file,
            line: text("line").map(|line| line.parse().unwrap()),
        }),
        stdout: text("stdout"),
        stderr: text("stderr"),
        attempts: attempts_of_json(&list("attempts")).unwrap(),
        attachments: attachments
            .into_iter()
            .map(|(name, path)| Attachment { name, path })
            .collect(),
        properties: serde_json::from_str(&list("properties")).unwrap(),
        ..TestCase::new(id, outcome)
    }
}

/// An empty text is an absent one here.
fn without_empty_texts(mut case: TestCase) -> TestCase {
    for text in [
        &mut case.id.class,
        &mut case.id.parameters,
        &mut case.message,
        &mut case.kind,
        &mut case.detail,
        &mut case.stdout,
        &mut case.stderr,
    ] {
        text.take_if(|text| text.is_empty());
    }
    case.location.take_if(|place| place.file.is_empty());
    case
}

proptest! {
    #[test]
    fn what_is_written_reads_back(cases in cases()) {
        let cases: Vec<TestCase> = cases.into_iter().map(without_empty_texts).collect();
        let mut table = Vec::new();
        let mut writer = CsvWriter::new(&mut table);
        cases.iter().for_each(|case| writer.case(case).unwrap());
        writer.finish().unwrap();
        let mut reader = csv::Reader::from_reader(&table[..]);
        prop_assert_eq!(reader.headers().unwrap(), &COLUMNS[..]);
        let read: Vec<TestCase> =
            reader.records().map(|line| case_of(&line.unwrap())).collect();
        prop_assert_eq!(read, cases);
    }
}

#[test]
fn a_run_that_failed_has_a_line() {
    let mut table = Vec::new();
    let mut writer = CsvWriter::new(&mut table);
    writer.run_failure("no, \"disk\"").unwrap();
    writer.finish().unwrap();
    let mut reader = csv::Reader::from_reader(&table[..]);
    let case = case_of(&reader.records().next().unwrap().unwrap());
    assert_eq!(case.outcome, Outcome::Errored);
    assert_eq!(case.message.as_deref(), Some("no, \"disk\""));
    let mark = ("git-retro".to_owned(), "run-failure".to_owned());
    assert_eq!(case.properties, [mark]);
}

#[test]
fn cases_of_several_reports_say_which() {
    let mut table = Vec::new();
    let mut writer = CsvWriter::new(&mut table);
    for (report, suite) in [("a.tap", &["a/b"][..]), ("b.tap", &["a", "b"])] {
        let mut case = TestCase::new(TestId::named("n"), Outcome::Passed);
        case.id.suite = suite.iter().map(|&name| name.to_owned()).collect();
        writer.begin(report);
        writer.case(&case).unwrap();
    }
    writer.truncated().unwrap();
    writer.finish().unwrap();
    let mut reader = csv::Reader::from_reader(&table[..]);
    let last = reader
        .headers()
        .unwrap()
        .iter()
        .next_back()
        .unwrap()
        .to_owned();
    assert_eq!(last, "report");
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    let column = |at: usize| {
        lines
            .iter()
            .map(|line| line[at].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(column(COLUMNS.len()), ["a.tap", "b.tap", "b.tap"]);
    // What people are shown is the same for both, what the table says is not.
    assert_eq!(column(0)[..2], ["a/b::n", "a/b::n"]);
    assert_eq!(column(1)[..2], [r#"["a/b"]"#, r#"["a","b"]"#]);
}

#[test]
fn a_table_without_cases_has_a_header_once_it_is_finished() {
    let mut table = Vec::new();
    drop(CsvWriter::new(&mut table));
    assert_eq!(table, b"");
    CsvWriter::new(&mut table).finish().unwrap();
    assert!(table.starts_with(b"test,suite,") && table.ends_with(b"properties\r\n"));
}
