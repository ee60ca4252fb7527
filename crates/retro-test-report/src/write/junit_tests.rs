use std::time::Duration;

use proptest::prelude::*;

use super::super::sample::cases;
use super::*;

fn read(document: &[u8]) -> (Collected, crate::Summary) {
    let mut read = Collected::default();
    let summary = parse(document, None, &Options::default(), &mut read).unwrap();
    (read, summary)
}

fn written(cases: &[TestCase], suites: &[SuiteMetadata]) -> String {
    let mut document = Vec::new();
    write_junit(&mut document, cases, suites).unwrap();
    String::from_utf8(document).unwrap()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(cases in cases()) {
        let document = written(&cases, &[]);
        let (read, summary) = read(document.as_bytes());
        prop_assert_eq!(&read.cases, &cases, "{}", document);
        prop_assert_eq!(read.warnings, []);
        prop_assert!(!summary.truncated);
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
    let document = written(&cases, std::slice::from_ref(&suite));
    insta::assert_snapshot!(document);
    let (read, summary) = read(document.as_bytes());
    assert_eq!(read.cases, cases);
    let told = summary.suites.iter().find(|told| told.path == suite.path);
    let mut told = told.unwrap().clone();
    told.claimed = suite.claimed;
    assert_eq!(told, suite);
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
