use proptest::prelude::*;

use super::super::sample::cases;
use super::*;

fn written(cases: &[TestCase], suites: &[SuiteMetadata]) -> String {
    let mut document = Vec::new();
    let mut writer = CtrfWriter::new(&mut document).unwrap();
    cases.iter().for_each(|case| writer.case(case).unwrap());
    writer.suites(suites);
    writer.finish().unwrap();
    String::from_utf8(document).unwrap()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(cases in cases()) {
        let document = written(&cases, &[]);
        let mut read = Collected::default();
        let summary = parse(document.as_bytes(), None, &Options::default(), &mut read).unwrap();
        prop_assert_eq!(&read.cases, &cases, "{}", document);
        prop_assert!(!summary.truncated);
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
    let document = written(&[failed, errored], &[suite]);
    insta::assert_snapshot!(document);
}
