use std::time::Duration;

use proptest::prelude::*;
use retro_domain::{Outcome, Timestamp};

use super::super::sample::{cases, summary};
use super::*;
use crate::parse;

fn read(document: &[u8]) -> (Collected, crate::Summary) {
    let mut read = Collected::default();
    let summary = parse(document, None, &mut read).unwrap();
    (read, summary)
}

fn written(cases: &[TestCase], summary: &crate::Summary) -> String {
    let mut document = Vec::new();
    let mut writer = JunitWriter::new(&mut document);
    cases.iter().for_each(|case| writer.case(case).unwrap());
    writer.end(summary).unwrap();
    writer.finish().unwrap();
    String::from_utf8(document).unwrap()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(cases in cases(), mut summary in summary()) {
        let document = written(&cases, &summary);
        let (read, told) = read(document.as_bytes());
        prop_assert_eq!(&read.cases, &cases, "{}", document);
        prop_assert_eq!(read.warnings, [], "{}", document);
        (summary.format, summary.counts) = (told.format, told.counts);
        prop_assert_eq!(&told, &summary, "{}", document);
    }
}

#[test]
fn the_document_is_as_others_expect_it() {
    let mut passed = TestCase::new("sums".into_id(), Outcome::Passed);
    passed.duration = Some(Duration::from_millis(1_250));
    let mut failed = TestCase::new("carries".into_id(), Outcome::Failed);
    failed.message = Some("9 + 1 < 10".to_owned());
    failed.kind = Some("AssertionError".to_owned());
    failed.detail = Some("line 1\nline 2".to_owned());
    failed.stdout = Some("adding".to_owned());
    failed.location = Some(retro_domain::Location {
        file: "math.py".to_owned(),
        line: Some(3),
    });
    failed.attachments.push(retro_domain::Attachment {
        name: "shot.png".to_owned(),
        path: "out/shot.png".to_owned(),
    });
    let mut alone = TestCase::new(retro_domain::TestId::named("alone"), Outcome::Skipped);
    alone.message = Some("no network".to_owned());
    let suite = SuiteMetadata {
        path: vec!["math".to_owned()],
        started: Some(Timestamp::from_unix_millis(1_700_000_000_250)),
        duration: Some(Duration::from_secs(2)),
        hostname: Some("ada".to_owned()),
        properties: vec![("python".to_owned(), "3.14".to_owned())],
        stdout: Some("set up".to_owned()),
        ..SuiteMetadata::default()
    };
    let cases = [passed, failed, alone];
    let mut summary = crate::Summary::new(Format::Tap);
    summary.suites.push(suite.clone());
    summary.run_failure = Some("Bail out! no database".to_owned());
    let document = written(&cases, &summary);
    insta::assert_snapshot!(document);
    let (read, told) = read(document.as_bytes());
    assert_eq!(read.cases, cases);
    assert_eq!(told.suites, [suite]);
    assert_eq!(told.run_failure, summary.run_failure);
}

#[test]
fn a_document_like_any_other_has_nothing_of_ours() {
    let document = "<testsuites tests=\"1\" failures=\"0\" errors=\"0\"><testsuite name=\"s\" tests=\"1\" \
                    failures=\"0\" errors=\"0\" skipped=\"0\" time=\"1.500\"><testcase name=\"a\"/></testsuite>\
                    </testsuites>";
    let (found, summary) = read(document.as_bytes());
    let again = written(&found.cases, &summary);
    assert!(!again.contains("git-retro"), "{again}");
    assert_eq!(read(again.as_bytes()), (found, summary));
}

#[test]
fn reports_that_are_written_together_stay_apart() {
    let case = |name: &str| TestCase::new(name.into_id(), Outcome::Passed);
    let suite = |path: &[&str], host: &str| SuiteMetadata {
        path: path.iter().map(|&name| name.to_owned()).collect(),
        hostname: Some(host.to_owned()),
        ..SuiteMetadata::default()
    };
    let mut document = Vec::new();
    let mut writer = JunitWriter::new(&mut document);
    let mut suites = Vec::new();
    for host in ["ada", "eve"] {
        let mut summary = crate::Summary::new(Format::Tap);
        summary.suites = vec![
            suite(&["math", "decimal"], host),
            suite(&["math"], host),
            suite(&["math"], host),
            suite(&[], host),
        ];
        summary.truncated = host == "eve";
        summary.run_failure = Some("no disk".to_owned());
        writer.begin(host);
        writer.case(&case("sums")).unwrap();
        writer.end(&summary).unwrap();
        suites.extend(summary.suites);
    }
    writer.finish().unwrap();
    let (read, told) = read(&document);
    assert_eq!(read.cases, [case("sums"), case("sums")]);
    assert_eq!(read.warnings, []);
    assert_eq!(told.suites, suites);
    assert_eq!(told.run_failure.unwrap(), "ada: no disk (and 1 more)");
    assert!(told.truncated);
    let document = String::from_utf8(document).unwrap();
    assert_eq!(document.matches("<testsuite name=\"decimal\"").count(), 2);
    assert!(
        document.contains("name=\"the report ends before its end: eve\""),
        "{document}"
    );
}

#[test]
fn nothing_is_written_before_the_end() {
    let mut document = Vec::new();
    let mut writer = JunitWriter::new(&mut document);
    writer
        .case(&TestCase::new("a".into_id(), Outcome::Passed))
        .unwrap();
    writer.truncated().unwrap();
    drop(writer);
    assert_eq!(document, b"");
}

trait IntoId {
    fn into_id(self) -> retro_domain::TestId;
}

impl IntoId for &str {
    fn into_id(self) -> retro_domain::TestId {
        retro_domain::TestId {
            suite: vec!["math".to_owned(), "decimal".to_owned()],
            class: Some("Sum".to_owned()),
            ..retro_domain::TestId::named(self)
        }
    }
}
