//! Measuring a data directory, and taking away what nobody needs.

use std::fs;
use std::path::PathBuf;

use retro_domain::{CommitJob, Epoch, JobEvent, JobFacts, Outcome, Verdict};
use retro_store::contract::block_on;
use retro_store::contract::samples::{at, case, claim, key, repo, result, run, scope};
use retro_store::{
    ArtifactContent, ArtifactScope, ArtifactStore as _, EventLog as _, JobStore as _, Manifest,
    PutCondition, ResultStore as _, RunStore as _, StoreError,
};
use retro_store_local::{CollectedGarbage, LocalStores};
use tempfile::TempDir;

fn open() -> (LocalStores, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (LocalStores::open(folder.path()).unwrap(), folder)
}

fn job_of(scope: &ArtifactScope) -> CommitJob {
    CommitJob {
        repo: scope.repo.clone(),
        commit: scope.commit,
        suite: scope.suite,
    }
}

async fn claimed(stores: &LocalStores, scope: &ArtifactScope) {
    let job = job_of(scope);
    stores
        .jobs
        .enqueue(std::slice::from_ref(&job))
        .await
        .unwrap();
    stores.jobs.apply(&job, &claim("a", 0)).await.unwrap();
}

async fn put_log(stores: &LocalStores, scope: &ArtifactScope, finish: bool) {
    let content = ArtifactContent::Bytes(vec![b'x'; 1_000]);
    let entry = stores.artifacts.put(scope, "a/log", content).await.unwrap();
    if finish {
        let entries = vec![entry];
        stores
            .artifacts
            .finish(scope, &Manifest { entries })
            .await
            .unwrap();
    }
}

/// The files of a scope, by the documented layout.
fn folder_of(folder: &TempDir, scope: &ArtifactScope) -> PathBuf {
    let root = folder.path().join("artifacts").join(scope.repo.to_string());
    let suite = scope.suite.0.to_string();
    root.join(scope.commit.to_string())
        .join(&suite[..12])
        .join(scope.epoch.0.to_string())
}

#[test]
fn a_scope_goes_when_neither_a_result_nor_a_job_can_need_it() {
    let (stores, folder) = open();
    block_on(async {
        let running = scope(1, 1);
        claimed(&stores, &running).await;
        put_log(&stores, &running, false).await;

        let abandoned = scope(2, 1);
        claimed(&stores, &abandoned).await;
        put_log(&stores, &abandoned, false).await;
        let revoke = JobEvent::Revoke { epoch: Epoch(1) };
        stores
            .jobs
            .apply(&job_of(&abandoned), &revoke)
            .await
            .unwrap();

        let referenced = scope(3, 1);
        put_log(&stores, &referenced, true).await;
        let record = result("tool", 3, Vec::new());
        stores
            .results
            .put(&record, PutCondition::Absent)
            .await
            .unwrap();

        let failed = scope(4, 1);
        claimed(&stores, &failed).await;
        put_log(&stores, &failed, true).await;
        let fail = JobEvent::Fail {
            epoch: Epoch(1),
            reason: "disk".to_owned(),
        };
        stores.jobs.apply(&job_of(&failed), &fail).await.unwrap();

        let unknown = scope(5, 1);
        put_log(&stores, &unknown, true).await;
        let superseded = scope(1, 0);
        put_log(&stores, &superseded, true).await;

        let collected = stores.remove_unreferenced().unwrap();
        assert_eq!(collected.scopes, 3);
        assert!(collected.bytes > 3_000, "{collected:?}");
        for (scope, stays) in [
            (&running, true),
            (&abandoned, false),
            (&referenced, true),
            (&failed, true),
            (&unknown, false),
            (&superseded, false),
        ] {
            assert_eq!(folder_of(&folder, scope).exists(), stays, "{scope:?}");
        }
        let repository = folder.path().join("artifacts/some/group/tool");
        let commits = fs::read_dir(repository).unwrap().count();
        assert_eq!(commits, 3, "empty folders are left");
        let again = stores.remove_unreferenced().unwrap();
        assert_eq!(again, CollectedGarbage::default());
    });
}

#[test]
fn an_empty_scope_goes_with_its_result() {
    let (stores, _folder) = open();
    block_on(async {
        let (kept, gone) = (scope(1, 1), scope(2, 1));
        for scope in [&kept, &gone] {
            stores
                .artifacts
                .finish(scope, &Manifest::default())
                .await
                .unwrap();
        }
        let record = result("tool", 1, Vec::new());
        stores
            .results
            .put(&record, PutCondition::Absent)
            .await
            .unwrap();
        stores.remove_unreferenced().unwrap();
        let manifest = async |scope| stores.artifacts.manifest(scope).await.unwrap();
        assert_eq!(manifest(&kept).await, Some(Manifest::default()));
        assert_eq!(manifest(&gone).await, None);
    });
}

#[test]
fn pruning_by_size_counts_artifacts() {
    let (stores, _folder) = open();
    block_on(async {
        for number in 1..=3 {
            let scope = scope(number, 1);
            let content = ArtifactContent::Bytes(vec![0; 1_000_000]);
            let entry = stores.artifacts.put(&scope, "log", content).await.unwrap();
            let entries = vec![entry];
            stores
                .artifacts
                .finish(&scope, &Manifest { entries })
                .await
                .unwrap();
            let record = result("tool", number, Vec::new());
            stores
                .results
                .put(&record, PutCondition::Absent)
                .await
                .unwrap();
        }
        let before = stores.usage().unwrap();
        assert_eq!(before.results, 3);
        let removed = stores
            .results
            .prune(at(0), Some(1_500_000), &[])
            .await
            .unwrap();
        assert_eq!(removed, [scope(1, 1), scope(2, 1)]);
        for scope in &removed {
            stores.artifacts.remove(scope).await.unwrap();
        }
        let after = stores.usage().unwrap();
        assert_eq!(after.results, 1);
        let freed = before.artifact_bytes - after.artifact_bytes;
        assert!((2_000_000..2_010_000).contains(&freed), "{freed}");
    });
}

#[test]
fn a_compacted_database_is_smaller_and_still_whole() {
    let (stores, _folder) = open();
    block_on(async {
        for number in 1..=20 {
            let mut case = case("loud", Outcome::Failed);
            case.stdout = Some(format!("{number:07}\n").repeat(10_000));
            let record = result("tool", number, vec![case]);
            stores
                .results
                .put(&record, PutCondition::Absent)
                .await
                .unwrap();
        }
        stores.results.prune(at(20), None, &[]).await.unwrap();
        let before = stores.usage().unwrap();
        stores.compact().unwrap();
        let after = stores.usage().unwrap();
        assert!(after.database_bytes < 400_000, "{after:?} of {before:?}");
        let cases = stores.results.cases(&key(20)).await.unwrap();
        assert_eq!(cases.map(|cases| cases.len()), Some(1));
    });
}

#[test]
fn the_events_of_a_removed_run_go_with_it() {
    let (stores, _folder) = open();
    block_on(async {
        let event = |run: &retro_store::RunRecord| retro_domain::Event {
            run: run.id.clone(),
            seq: 1,
            at: at(0),
            kind: retro_domain::EventKind::Warning {
                message: "x".to_owned(),
            },
        };
        let (old, new) = (run("tool", 1, 0..1), run("tool", 2, 0..1));
        for run in [&old, &new] {
            stores.runs.create_run(run).await.unwrap();
            stores.events.append(&[event(run)]).await.unwrap();
        }
        stores.runs.prune_runs(at(2), 0).await.unwrap();
        let count = async |run: &retro_store::RunRecord| {
            stores.events.read(&run.id, 0, 9).await.unwrap().len()
        };
        assert_eq!((count(&old).await, count(&new).await), (0, 1));
    });
}

#[test]
fn no_link_in_the_data_directory_is_followed() {
    use std::os::unix::fs::symlink;
    let (stores, folder) = open();
    let outside = tempfile::tempdir().unwrap();
    let precious = outside.path().join("precious");
    fs::write(&precious, b"precious").unwrap();
    block_on(async {
        let scope = scope(1, 1);
        put_log(&stores, &scope, true).await;
        let stored = folder_of(&folder, &scope).join("a/log");
        fs::remove_file(&stored).unwrap();
        symlink(&precious, &stored).unwrap();
        let read = stores.artifacts.read(&scope, "a/log").await;
        assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
        fs::remove_file(&stored).unwrap();
        let read = stores.artifacts.read(&scope, "a/log").await;
        assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");

        let led_away = self::scope(2, 1);
        let commit = folder_of(&folder, &led_away);
        let commit = commit.ancestors().nth(2).unwrap();
        symlink(outside.path(), commit).unwrap();
        let content = ArtifactContent::Bytes(b"x".to_vec());
        let put = stores.artifacts.put(&led_away, "log", content).await;
        assert!(matches!(put, Err(StoreError::Backend { .. })), "{put:?}");

        let full_of_links = self::scope(3, 1);
        put_log(&stores, &full_of_links, true).await;
        symlink(
            outside.path(),
            folder_of(&folder, &full_of_links).join("link"),
        )
        .unwrap();
        stores.artifacts.remove(&full_of_links).await.unwrap();
        assert!(!folder_of(&folder, &full_of_links).exists());
    });
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn a_file_is_moved_in_and_loses_its_odd_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let (stores, folder) = open();
    let path = folder.path().join("log");
    fs::write(&path, b"content").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    block_on(async {
        let scope = scope(1, 1);
        let content = ArtifactContent::File(path.clone());
        stores.artifacts.put(&scope, "log", content).await.unwrap();
        assert!(!path.exists(), "it was copied");
        let mode = fs::metadata(folder_of(&folder, &scope).join("log"))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    });
}

#[test]
fn another_handle_can_finish_what_one_has_put() {
    let (stores, folder) = open();
    let other = LocalStores::open(folder.path()).unwrap();
    block_on(async {
        let scope = scope(1, 1);
        let content = ArtifactContent::Bytes(b"content".to_vec());
        let entry = stores.artifacts.put(&scope, "log", content).await.unwrap();
        let mut wrong = entry.clone();
        wrong.digest = retro_domain::Digest256::of(b"other");
        let manifest = |entry| Manifest {
            entries: vec![entry],
        };
        let refused = other.artifacts.finish(&scope, &manifest(wrong)).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })));
        other
            .artifacts
            .finish(&scope, &manifest(entry))
            .await
            .unwrap();
        assert!(
            stores
                .artifacts
                .read(&scope, "log")
                .await
                .unwrap()
                .is_some()
        );
    });
}

#[test]
fn two_handles_do_not_mix_up_tests_over_a_prune() {
    let (stores, folder) = open();
    let other = LocalStores::open(folder.path()).unwrap();
    block_on(async {
        let record = |number: u64| {
            let names = [format!("own {number}"), "shared".to_owned()];
            let mut cases = names.map(|name| case(&name, Outcome::Failed)).to_vec();
            cases[1].message = Some("the same words".to_owned());
            result("tool", number, cases)
        };
        for number in 1..9 {
            let by = if number % 2 == 0 { &stores } else { &other };
            by.results
                .put(&record(number), PutCondition::Absent)
                .await
                .unwrap();
            if number % 3 == 0 {
                let before = at(i64::try_from(number).unwrap() + 1);
                by.results.prune(before, None, &[]).await.unwrap();
            }
        }
        for number in 7..9 {
            let cases = stores.results.cases(&key(number)).await.unwrap();
            assert_eq!(cases, Some(record(number).in_stored_precision().cases));
        }
    });
}

#[test]
fn a_complete_job_survives_its_process() {
    let (stores, folder) = open();
    let scope = scope(1, 1);
    block_on(async {
        claimed(&stores, &scope).await;
        let complete = JobEvent::Complete {
            epoch: Epoch(1),
            verdict: Verdict::TestsFailed,
            facts: JobFacts::default(),
        };
        let state = stores.jobs.apply(&job_of(&scope), &complete).await.unwrap();
        drop(stores);
        let again = LocalStores::open(folder.path()).unwrap();
        assert_eq!(again.jobs.job(&job_of(&scope)).await.unwrap(), Some(state));
        assert_eq!(again.runs.runs(Some(&repo("tool")), 9).await.unwrap(), []);
    });
}

/// A job made anew would start its epochs over, and meet the artifacts of its former life.
#[test]
fn a_job_stays_as_long_as_a_result_has_artifacts_of_it() {
    let (stores, _folder) = open();
    block_on(async {
        let scope = scope(1, 1);
        let job = job_of(&scope);
        claimed(&stores, &scope).await;
        put_log(&stores, &scope, true).await;
        let mut record = result(scope.repo.name(), 1, vec![case("t", Outcome::Passed)]);
        record.commit = scope.commit;
        record.artifacts = Some(scope.clone());
        stores
            .results
            .put(&record, PutCondition::Absent)
            .await
            .unwrap();
        let done = JobEvent::Complete {
            epoch: Epoch(1),
            verdict: Verdict::Passed,
            facts: JobFacts::default(),
        };
        stores.jobs.apply(&job, &done).await.unwrap();
        stores.runs.prune_runs(at(1_000_000), 0).await.unwrap();
        assert!(
            stores.jobs.job(&job).await.unwrap().is_some(),
            "its artifacts are there"
        );
        stores
            .results
            .prune(at(1_000_000), None, &[])
            .await
            .unwrap();
        stores.runs.prune_runs(at(1_000_000), 0).await.unwrap();
        assert_eq!(stores.jobs.job(&job).await.unwrap(), None);
    });
}
