//! Whatever is stored is read back.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use retro_domain::{
    Attachment, Attempt, CacheKey, CommandLine, CommitId, Digest256, Event, EventKind, LeaseOwner,
    Location, Outcome, OutcomeCounts, Overlay, OverlayFile, Phase, RepoId, ResultFormat,
    ResultLocation, ResultSource, RunId, Suite, SuiteFingerprint, TestCase, TestId, Timestamp,
    ToolchainFingerprint, TreeId, UntestableReason, Verdict,
};

use super::*;
use crate::contract::samples::{repo, result};
use crate::{ArtifactEntry, BatchPlan, Manifest, RunCommit, RunRecord, RunStatus};

fn digest() -> impl Strategy<Value = Digest256> {
    any::<[u8; 32]>().prop_map(Digest256::from_bytes)
}

fn object_name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 20), vec(any::<u8>(), 32)]
}

pub(super) fn commit_id() -> impl Strategy<Value = CommitId> {
    object_name().prop_map(|raw| CommitId::from_bytes(&raw).expect("a good length"))
}

pub(super) fn moment() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_unix_millis)
}

fn verdict() -> impl Strategy<Value = Verdict> {
    use UntestableReason as R;
    prop_oneof![
        Just(Verdict::Passed),
        Just(Verdict::TestsFailed),
        Just(Verdict::TimedOut),
        any::<String>().prop_map(|it| Verdict::Untestable(R::BuildFailed(it))),
        any::<i32>().prop_map(|it| Verdict::Untestable(R::SkipCode(it))),
        any::<String>().prop_map(|it| Verdict::Untestable(R::NoResults(it))),
        any::<String>().prop_map(|it| Verdict::Untestable(R::OverlayConflict(it))),
        any::<String>().prop_map(|it| Verdict::Untestable(R::CommandMissing(it))),
    ]
}

fn micros() -> impl Strategy<Value = Duration> {
    (0..i64::MAX.unsigned_abs()).prop_map(Duration::from_micros)
}

prop_compose! {
    fn test_id()(
        suite in vec(any::<String>(), 0..3),
        class in option::of(any::<String>()),
        name in any::<String>(),
        parameters in option::of(any::<String>()),
    ) -> TestId {
        TestId { suite, class, name, parameters }
    }
}

pub(super) fn command() -> impl Strategy<Value = CommandLine> {
    prop_oneof![
        vec(any::<String>(), 0..3).prop_map(CommandLine::Argv),
        any::<String>().prop_map(CommandLine::Shell),
    ]
}

pub(super) fn limit() -> impl Strategy<Value = Option<Duration>> {
    option::of(any::<u64>().prop_map(Duration::from_millis))
}

prop_compose! {
    pub(super) fn suite_of_any_kind()(
        (name, work_dir) in any::<(String, String)>(),
        (build, run) in (option::of(command()), command()),
        results in vec((0..ResultFormat::ALL.len(), option::of(any::<String>())), 0..3),
        (build_timeout, timeout) in (limit(), limit()),
        skip_exit_codes in vec(any::<i32>(), 0..3),
        env_allow in vec(any::<String>(), 0..3),
        env in prop::collection::btree_map(any::<String>(), any::<String>(), 0..3),
        retries in any::<u32>(),
    ) -> Suite {
        let source = |(format, glob): (usize, Option<String>)| ResultSource {
            format: ResultFormat::ALL[format],
            location: glob.map_or(ResultLocation::Stdout, ResultLocation::Files),
        };
        let results = results.into_iter().map(source).collect();
        Suite {
            name, build, run, results, work_dir, build_timeout, timeout, skip_exit_codes, env_allow,
            env, retries,
        }
    }
}

prop_compose! {
    fn run_commit()(
        commit in commit_id(),
        tree in object_name(),
        parents in vec(commit_id(), 0..3),
        skips_ancestors in any::<bool>(),
        committed_at in moment(),
        author in any::<String>(),
        summary in any::<String>(),
        suite in prop_oneof![Just(Digest256::of(b"usual")), digest()],
        key in digest(),
    ) -> RunCommit {
        RunCommit {
            commit,
            tree: TreeId::from_bytes(&tree).expect("a good length"),
            parents,
            skips_ancestors,
            committed_at,
            author,
            summary,
            suite: SuiteFingerprint(suite),
            key: CacheKey::from_digest(key),
        }
    }
}

prop_compose! {
    fn attempt()(
        outcome in prop::sample::select(&Outcome::ALL[..]),
        duration in option::of(micros()),
        message in any::<Option<String>>(),
        kind in any::<Option<String>>(),
        detail in any::<Option<String>>(),
    ) -> Attempt {
        Attempt { outcome, duration, message, kind, detail }
    }
}

type Texts = Option<String>;

prop_compose! {
    fn texts_of_a_case()(
        texts in any::<(Texts, Texts, Texts, Texts, Texts)>(),
        location in option::of((any::<String>(), any::<Option<u32>>())),
        attempts in vec(attempt(), 0..3),
        attachments in vec(any::<(String, String)>(), 0..3),
        properties in vec(any::<(String, String)>(), 0..3),
    ) -> TestCase {
        let (message, kind, detail, stdout, stderr) = texts;
        let attachment = |(name, path)| Attachment { name, path };
        TestCase {
            message,
            kind,
            detail,
            stdout,
            stderr,
            location: location.map(|(file, line)| Location { file, line }),
            attempts,
            attachments: attachments.into_iter().map(attachment).collect(),
            properties,
            ..TestCase::new(TestId::named("x"), Outcome::Passed)
        }
    }
}

fn event_kind() -> impl Strategy<Value = EventKind> {
    let commit = commit_id;
    let counts =
        any::<[u64; 5]>().prop_map(|[passed, failed, errored, skipped, flaky]| OutcomeCounts {
            passed,
            failed,
            errored,
            skipped,
            flaky,
        });
    prop_oneof![
        any::<[u64; 4]>().prop_map(|[commits, trees, cached, to_run]| EventKind::RunStarted {
            commits,
            trees,
            cached,
            to_run,
        }),
        (commit(), any::<u32>())
            .prop_map(|(commit, worker)| EventKind::JobStarted { commit, worker }),
        (
            commit(),
            any::<u32>(),
            prop::sample::select(&Phase::ALL[..])
        )
            .prop_map(|(commit, worker, phase)| EventKind::JobPhase {
                commit,
                worker,
                phase,
            }),
        (commit(), any::<u32>(), verdict(), counts, micros()).prop_map(
            |(commit, worker, verdict, counts, took)| EventKind::JobFinished {
                commit,
                worker,
                verdict,
                counts,
                took,
            }
        ),
        (commit(), any::<u32>(), any::<String>()).prop_map(|(commit, worker, reason)| {
            EventKind::JobFailed {
                commit,
                worker,
                reason,
            }
        }),
        (commit(), any::<u32>())
            .prop_map(|(commit, worker)| EventKind::JobHandedBack { commit, worker }),
        any::<String>().prop_map(|message| EventKind::Warning { message }),
        (any::<[u64; 3]>(), any::<bool>()).prop_map(
            |([completed, failed, remaining], interrupted)| EventKind::RunFinished {
                completed,
                failed,
                remaining,
                interrupted,
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_run_is_read_back(
        request in any::<(String, String, String)>(),
        started_at in moment(),
        finished_at in option::of(moment()),
        status in prop::sample::select(&RunStatus::ALL[..]),
        commits in vec(run_commit(), 0..5),
        randomness in any::<u32>(),
    ) {
        let (suite_name, request, owner) = request;
        let run = RunRecord {
            id: RunId::new(started_at, randomness),
            repo: RepoId::new("a/b", "c").expect("a plain name"),
            suite_name,
            request,
            owner: LeaseOwner(owner),
            started_at,
            finished_at,
            status,
            commits,
        };
        let text = StoredRun::encode(&run).expect("it can be stored");
        let read = StoredRun::decode(&text, run.id.clone(), status, finished_at);
        prop_assert_eq!(read.expect("it can be read"), run);
        prop_assert_eq!(RunStatus::from_name(status.name()), Some(status));
    }

    #[test]
    fn every_event_is_read_back(kind in event_kind(), at in moment(), seq in any::<u64>()) {
        let event = Event { run: RunId::new(at, 1), seq, at, kind };
        let text = StoredEvent::new(&event).encode().expect("it can be stored");
        let read = StoredEvent::decode(&text, event.run.clone(), seq);
        prop_assert_eq!(read.expect("it can be read"), event);
    }

    #[test]
    fn the_texts_of_every_test_are_read_back(case in texts_of_a_case()) {
        let mut read = TestCase::new(case.id.clone(), case.outcome);
        if let Some(text) = StoredCaseDetail::encode(&case).expect("it can be stored") {
            StoredCaseDetail::decode_into(&text, &mut read).expect("it can be read");
        }
        prop_assert_eq!(read, case);
    }

    #[test]
    fn every_verdict_is_read_back(verdict in verdict()) {
        let text = StoredVerdict::encode(&verdict).expect("it can be stored");
        prop_assert_eq!(StoredVerdict::decode(&text).expect("it can be read"), verdict);
    }

    #[test]
    fn every_manifest_is_read_back(
        files in prop::collection::btree_map("[a-z é\"]{1,9}(/[a-z.]{3,9})?", (any::<u64>(), digest()), 0..5),
    ) {
        let entry = |(name, (size, digest))| ArtifactEntry { name, size, digest };
        let manifest = Manifest { entries: files.into_iter().map(entry).collect() };
        prop_assume!(manifest.checked().is_ok());
        let text = StoredManifest::encode(&manifest).expect("it can be stored");
        prop_assert_eq!(StoredManifest::decode(&text).expect("it can be read"), manifest);
    }

    #[test]
    fn every_result_is_read_back(
        cases in vec((texts_of_a_case(), test_id(), option::of(micros()), any::<bool>()), 0..4),
        verdict in verdict(),
        started_at in moment(),
        usage in [micros(), micros(), micros()],
        notes in vec(any::<String>(), 0..3),
        with_artifacts in any::<bool>(),
    ) {
        let mut result = result("tool", 1, Vec::new());
        for (mut case, id, duration, flaky) in cases {
            (case.id, case.duration, case.flaky) = (id, duration, flaky);
            result.cases.push(case);
        }
        (result.verdict, result.started_at, result.notes) = (verdict, started_at, notes);
        [result.usage.wall, result.usage.user, result.usage.system] = usage;
        if !with_artifacts {
            result.artifacts = None;
        }
        let text = StoredResult::encode(&result).expect("it can be stored");
        prop_assert_eq!(StoredResult::decode(&text).expect("it can be read"), result);
    }

    #[test]
    fn every_plan_of_a_batch_is_read_back(
        suites in vec(suite_of_any_kind(), 0..3),
        files in vec((any::<String>(), vec(any::<u8>(), 0..20), any::<bool>()), 0..3),
        patches in vec(vec(any::<u8>(), 0..20), 0..2),
        url in any::<String>(),
        toolchain in digest(),
        log_cap in any::<Option<u64>>(),
    ) {
        let file = |(path, content, executable)| OverlayFile { path, content, executable };
        let files = files.into_iter().map(file).collect();
        let plan = BatchPlan { repo: repo("tool"), url, suites, overlay: Overlay { files, patches }, toolchain: ToolchainFingerprint(toolchain), log_cap };
        let text = StoredBatchPlan::encode(&plan).expect("it can be stored");
        let read = StoredBatchPlan::decode(&text).expect("it can be read");
        for suite in &plan.suites {
            let own = suite.fingerprint();
            let of_jobs = own.with(plan.toolchain, plan.overlay.hash());
            prop_assert_eq!(read.suite(of_jobs).map(Suite::fingerprint), Some(own));
        }
        prop_assert_eq!(read, plan);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in any::<String>(), body in any::<String>()) {
        let object = format!(r#"{{"v":1,{body}}}"#);
        let mut case = TestCase::new(TestId::named("x"), Outcome::Passed);
        let id = RunId::new(Timestamp::default(), 0);
        for text in [&text, &object] {
            let _ = StoredManifest::decode(text);
            let _ = StoredVerdict::decode(text);
            let _ = StoredCaseDetail::decode_into(text, &mut case);
            let _ = StoredEvent::decode(text, id.clone(), 1);
            let _ = StoredRun::decode(text, id.clone(), RunStatus::Failed, None);
            let _ = StoredResult::decode(text);
            let _ = StoredBatchPlan::decode(text);
        }
    }
}
