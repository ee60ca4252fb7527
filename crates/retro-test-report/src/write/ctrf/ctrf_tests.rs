use std::time::Duration;

use proptest::prelude::*;
use retro_domain::{Outcome, TestId};
use serde_json::Value;

use super::super::sample::{cases, summary};
use super::*;
use crate::{Collected, Format, parse};

fn written(cases: &[TestCase], summary: &Summary) -> String {
    let mut document = Vec::new();
    let mut writer = CtrfWriter::new(&mut document);
    cases.iter().for_each(|case| writer.case(case).unwrap());
    writer.end(summary).unwrap();
    writer.finish().unwrap();
    String::from_utf8(document).unwrap()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(cases in cases(), mut summary in summary()) {
        let document = written(&cases, &summary);
        let mut read = Collected::default();
        let told = parse(document.as_bytes(), None, &mut read).unwrap();
        prop_assert_eq!(&read.cases, &cases, "{}", document);
        prop_assert_eq!(read.warnings, [], "{}", document);
        (summary.format, summary.counts) = (told.format, told.counts);
        prop_assert_eq!(&told, &summary, "{}", document);
    }
}

#[test]
fn the_document_is_as_others_expect_it() {
    let mut failed = TestCase::new(TestId::named("carries"), Outcome::Failed);
    failed.id.suite = vec!["math".to_owned(), "decimal".to_owned()];
    failed.duration = Some(Duration::from_millis(12));
    failed.message = Some("9 + 1 was 0".to_owned());
    failed.detail = Some("at math.py:3".to_owned());
    failed.location = Some(retro_domain::Location {
        file: "math.py".to_owned(),
        line: Some(3),
    });
    failed.stdout = Some("adding\nagain".to_owned());
    failed.attachments.push(retro_domain::Attachment {
        name: "shot.png".to_owned(),
        path: "out/shot.png".to_owned(),
    });
    let mut errored = TestCase::new(TestId::named("alone"), Outcome::Errored);
    errored.kind = Some("OSError".to_owned());
    let suite = SuiteMetadata {
        started: Some(retro_domain::Timestamp::from_unix_millis(1_700_000_000_250)),
        duration: Some(Duration::from_secs(2)),
        ..SuiteMetadata::default()
    };
    let mut summary = Summary::new(Format::Tap);
    summary.suites.push(suite);
    summary.run_failure = Some("Bail out! no database".to_owned());
    let document = written(&[failed, errored], &summary);
    insta::assert_snapshot!(document);
}

#[test]
fn the_reports_that_are_written_together_are_named_where_they_failed() {
    let mut document = Vec::new();
    let mut writer = CtrfWriter::new(&mut document);
    writer.begin("a.tap");
    writer.truncated().unwrap();
    writer.begin("b.tap");
    writer.run_failure("no disk").unwrap();
    writer.finish().unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let tests = &document["results"]["tests"];
    assert_eq!(tests[0]["name"], "the report ends before its end: a.tap");
    assert_eq!(
        tests[1]["name"],
        "the run failed outside of its tests: b.tap"
    );
    assert_eq!(tests[1]["status"], "failed");
    assert_eq!(document["results"]["summary"]["failed"], 2);
}

#[test]
fn nothing_is_written_before_there_is_anything() {
    let mut document = Vec::new();
    drop(CtrfWriter::new(&mut document));
    assert_eq!(document, b"");
}
