//! Pins every stored form: a change here is a change of what users have on disk.

use super::*;
use crate::contract::event_log::every_kind;
use crate::contract::samples::{case, full_case, repo, result, run, suite, verdicts};
use crate::{ArtifactEntry, BatchPlan, Manifest, RunStatus};
use retro_domain::{
    CommandLine, Digest256, Outcome, Overlay, OverlayFile, ResultFormat, ResultLocation,
    ResultSource, Suite, ToolchainFingerprint,
};

fn is_corrupt(error: &StoreError) -> bool {
    matches!(error, StoreError::Corrupt { .. })
}

#[test]
fn verdicts_keep_their_form() {
    let expected = [
        r#""passed""#,
        r#""tests-failed""#,
        r#""timed-out""#,
        r#"{"untestable":{"build-failed":"exit code 101"}}"#,
        r#"{"untestable":{"skip-code":-3}}"#,
        r#"{"untestable":{"no-results":"no \"file\"\n"}}"#,
        r#"{"untestable":{"overlay-conflict":"a/b"}}"#,
        r#"{"untestable":{"command-missing":"./test"}}"#,
    ];
    for (verdict, expected) in verdicts().into_iter().zip(expected) {
        assert_eq!(StoredVerdict::encode(&verdict).unwrap(), expected);
        assert_eq!(StoredVerdict::decode(expected).unwrap(), verdict);
    }
}

#[test]
fn a_manifest_keeps_its_form() {
    let manifest = Manifest {
        entries: vec![ArtifactEntry {
            name: "a/log".to_owned(),
            size: 0,
            digest: Digest256::of(b""),
        }],
    };
    let expected = concat!(
        r#"{"v":1,"artifacts":[{"name":"a/log","size":0,"sha256":""#,
        r#"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}"#
    );
    assert_eq!(StoredManifest::encode(&manifest).unwrap(), expected);
    assert_eq!(StoredManifest::decode(expected).unwrap(), manifest);
}

#[test]
fn a_run_keeps_its_form() {
    let run = run("tool", 5, [1]);
    let commit = &run.commits[0];
    let expected = format!(
        concat!(
            r#"{{"v":1,"owner":"some/group","name":"tool","suite":"unit tests","#,
            r#""request":"--last 20 -- cargo test","holder":"host/5","#,
            r#""started_at_ms":1700000005123,"suites":["{}"],"commits":[{{"id":"{}","tree":"{}","#,
            r#""parents":["{}"],"skips":false,"at_ms":1699998995123,"#,
            r#""author":"Author 1 <é@example.com>","summary":"fix \"1\"\t🐛","suite":0,"#,
            r#""key":"{}"}}]}}"#
        ),
        commit.suite.0,
        commit.commit,
        commit.tree,
        commit.parents[0],
        commit.key.digest(),
    );
    assert_eq!(StoredRun::encode(&run).unwrap(), expected);
    let read = StoredRun::decode(&expected, run.id.clone(), RunStatus::Running, None);
    assert_eq!(read.unwrap(), run);
}

#[test]
fn the_texts_of_a_test_keep_their_form() {
    let full = full_case("x");
    let expected = concat!(
        r#"{"v":1,"message":"it said so","kind":"AssertionError","detail":"a\n  b\n","#,
        r#""location":["src/a b.rs",4294967295],"stdout":"out","stderr":"","attempts":["#,
        r#"{"outcome":"passed","micros":5,"message":"Passed in 5","detail":"at line 3\nat line 4"},"#,
        r#"{"outcome":"failed","micros":0,"message":"Failed in 0","detail":"at line 3\nat line 4"}],"#,
        r#""attachments":[["shot","../shot.png"]],"properties":[["k","v"],["k",""]]}"#
    );
    let text = StoredCaseDetail::encode(&full).unwrap();
    assert_eq!(text.as_deref(), Some(expected));
    let bare = case("bare", Outcome::Passed);
    assert_eq!(StoredCaseDetail::encode(&bare).unwrap(), None);
}

#[test]
fn events_keep_their_form() {
    let commit = crate::contract::samples::commit(1).to_string();
    let expected: [&str; 19] = [
        r#"{"run-started":{"commits":4,"trees":3,"cached":2,"to_run":18446744073709551615}}"#,
        r#"{"job-started":{"commit":"ID","worker":0}}"#,
        r#"{"job-failed":{"commit":"ID","worker":1,"reason":"no space left"}}"#,
        r#"{"job-handed-back":{"commit":"ID","worker":4294967295}}"#,
        r#"{"warning":{"message":""}}"#,
        r#"{"run-finished":{"completed":1,"failed":2,"remaining":3,"interrupted":true}}"#,
        r#"{"job-phase":{"commit":"ID","worker":2,"phase":"checkout"}}"#,
        r#"{"job-phase":{"commit":"ID","worker":2,"phase":"build"}}"#,
        r#"{"job-phase":{"commit":"ID","worker":2,"phase":"test"}}"#,
        r#"{"job-phase":{"commit":"ID","worker":2,"phase":"retry"}}"#,
        r#"{"job-phase":{"commit":"ID","worker":2,"phase":"record"}}"#,
        FINISHED[0],
        FINISHED[1],
        FINISHED[2],
        FINISHED[3],
        FINISHED[4],
        FINISHED[5],
        FINISHED[6],
        FINISHED[7],
    ];
    let events = every_kind();
    assert_eq!(events.len(), expected.len());
    for (event, kind) in events.into_iter().zip(expected) {
        let text = StoredEvent::new(&event).encode().unwrap();
        let at = event.at.unix_millis();
        let kind = kind.replace("ID", &commit).replace("REST", REST);
        assert_eq!(text, format!(r#"{{"v":1,"at_ms":{at},"what":{kind}}}"#));
        let read = StoredEvent::decode(&text, event.run.clone(), event.seq).unwrap();
        assert_eq!(read, event);
    }
}

const REST: &str = concat!(
    r#""counts":{"passed":1,"failed":2,"errored":3,"skipped":4,"flaky":5},"#,
    r#""took_micros":1500001"#
);

const FINISHED: [&str; 8] = [
    r#"{"job-finished":{"commit":"ID","worker":3,"verdict":"passed",REST}}"#,
    r#"{"job-finished":{"commit":"ID","worker":3,"verdict":"tests-failed",REST}}"#,
    r#"{"job-finished":{"commit":"ID","worker":3,"verdict":"timed-out",REST}}"#,
    r#"{"job-finished":{"commit":"ID","worker":3,"verdict":{"untestable":{"build-failed":"exit code 101"}},REST}}"#,
    r#"{"job-finished":{"commit":"ID","worker":3,"verdict":{"untestable":{"skip-code":-3}},REST}}"#,
    r#"{"job-finished":{"commit":"ID","worker":3,"verdict":{"untestable":{"no-results":"no \"file\"\n"}},REST}}"#,
    r#"{"job-finished":{"commit":"ID","worker":3,"verdict":{"untestable":{"overlay-conflict":"a/b"}},REST}}"#,
    r#"{"job-finished":{"commit":"ID","worker":3,"verdict":{"untestable":{"command-missing":"./test"}},REST}}"#,
];

#[test]
fn a_newer_form_is_refused_with_a_way_out() {
    for text in [r#"{"v":2,"artifacts":[]}"#, r#"{"v":2,"something":"else"}"#] {
        let error = StoredManifest::decode(text).expect_err("it is newer");
        assert!(matches!(error, StoreError::Backend { .. }), "{error:?}");
        assert!(error.to_string().contains("update git-retro"), "{error}");
    }
}

#[test]
fn damage_is_told_from_a_newer_form() {
    let manifest_with = |name: &str| {
        let digest = Digest256::of(b"");
        format!(r#"{{"v":1,"artifacts":[{{"name":"{name}","size":0,"sha256":"{digest}"}}]}}"#)
    };
    for text in [
        "",
        "{",
        "[]",
        r#"{"artifacts":[]}"#,
        r#"{"v":1}"#,
        r#"{"v":1,"artifacts":[],"more":1}"#,
        r#"{"v":1,"artifacts":[{"name":"a","size":0,"sha256":"00"}]}"#,
        &manifest_with("../a"),
    ] {
        let error = StoredManifest::decode(text).expect_err("it is damaged");
        assert!(is_corrupt(&error), "{text}: {error:?}");
    }
    assert!(is_corrupt(
        &StoredVerdict::decode("\"well\"").expect_err("no such verdict")
    ));
}

#[test]
fn a_result_keeps_its_form() {
    let mut result = result("tool", 1, vec![case("a", Outcome::Failed)]);
    result.cases[0].message = Some("m".to_owned());
    result.notes.push("n".to_owned());
    let expected = format!(
        concat!(
            r#"{{"v":1,"key":"{}","owner":"some/group","name":"tool","commit":"{}","#,
            r#""suite_name":"unit","verdict":"passed","started_at_ms":1700000001123,"#,
            r#""usage":{{"wall_micros":1000001,"user_micros":2,"system_micros":0,"#,
            r#""max_rss":1099511627776}},"ending":"exit code 0","notes":["n"],"epoch":1,"#,
            r#""suite":"{}","cases":[{{"name":"a","outcome":"failed","#,
            r#""texts":{{"v":1,"message":"m"}}}}]}}"#
        ),
        result.key.digest(),
        result.commit,
        suite(1).0,
    );
    assert_eq!(StoredResult::encode(&result).unwrap(), expected);
    assert_eq!(StoredResult::decode(&expected).unwrap(), result);
}

#[test]
fn the_plan_of_a_batch_keeps_its_form() {
    let mut suite = Suite::new("unit", CommandLine::Shell("make check".to_owned()));
    suite.results.push(ResultSource {
        format: ResultFormat::Junit,
        location: ResultLocation::Files("out/*.xml".to_owned()),
    });
    let plan = BatchPlan {
        repo: repo("tool"),
        url: "https://example.com/some/group/tool".to_owned(),
        suites: vec![suite],
        overlay: Overlay {
            files: vec![OverlayFile {
                path: "a".to_owned(),
                content: b"x".to_vec(),
                executable: false,
            }],
            patches: vec![vec![0xff, 0x0a]],
        },
        toolchain: ToolchainFingerprint(Digest256::of(b"")),
        log_cap: None,
    };
    let expected = concat!(
        r#"{"v":1,"owner":"some/group","name":"tool","url":"https://example.com/some/group/tool","#,
        r#""suites":[{"name":"unit","run":{"shell":"make check"},"#,
        r#""results":[{"format":"junit","files":"out/*.xml"}],"build_timeout_ms":3600000,"#,
        r#""timeout_ms":3600000,"skip_exit_codes":[125],"env_allow":[],"env":{},"retries":0}],"#,
        r#""toolchain":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","#,
        r#""files":[{"path":"a","content":{"text":"x"},"executable":false}],"#,
        r#""patches":[{"hex":"ff0a"}]}"#
    );
    assert_eq!(StoredBatchPlan::encode(&plan).unwrap(), expected);
    assert_eq!(StoredBatchPlan::decode(expected).unwrap(), plan);
    let capped = BatchPlan {
        log_cap: Some(u64::MAX),
        ..plan
    };
    let expected = expected.replace("ff0a\"}]}", "ff0a\"}],\"log_cap\":18446744073709551615}");
    assert_eq!(StoredBatchPlan::encode(&capped).unwrap(), expected);
    assert_eq!(StoredBatchPlan::decode(&expected).unwrap(), capped);
}
