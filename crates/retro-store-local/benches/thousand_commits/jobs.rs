//! What storing costs a job that does next to nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use retro_domain::{
    CommitJob, Digest256, Epoch, Event, EventKind, JobEvent, JobFacts, LeaseOwner, Outcome,
    OutcomeCounts, Phase, RepoId, RunId, SuiteFingerprint, TestCase, TestId, Timestamp, Verdict,
};
use retro_store::{
    ArtifactScope, ArtifactStore as _, EventLog as _, JobStore as _, Manifest, PutCondition,
    ResourceUsage, ResultRecord, ResultStore as _,
};
use retro_store_local::LocalStores;

use super::history::{commit_id, key};

const JOBS: u64 = 4_000;
const STEPS: [&str; 5] = ["claim", "artifacts", "result", "completion", "events"];

pub(crate) async fn measure(folder: &Path) {
    let stores = LocalStores::open(&folder.join("jobs")).expect("a fresh data directory opens");
    let repo = RepoId::new("some", "project").expect("a plain name");
    let suite = SuiteFingerprint(Digest256::of(b"suite"));
    let job = |number| CommitJob {
        repo: repo.clone(),
        commit: commit_id(number),
        suite,
    };
    let jobs: Vec<CommitJob> = (0..JOBS).map(job).collect();
    let start = Instant::now();
    stores.jobs.enqueue(&jobs).await.expect("writable");
    println!(
        "{JOBS} jobs added in {:.1} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    let mut spent = [Duration::ZERO; STEPS.len()];
    let mut whole = Vec::new();
    for (number, job) in (0..).zip(&jobs) {
        let mut start = Instant::now();
        let begun = start;
        let mut lap = |step: usize| {
            let now = Instant::now();
            spent[step] += now - start;
            start = now;
        };
        one(&stores, job, number, &mut lap).await;
        whole.push(begun.elapsed());
    }
    let total: Duration = whole.iter().sum();
    whole.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{:.3} ms a job on average, {:.3} ms median, {:.2} ms at worst",
        ms(total) / JOBS as f64,
        ms(whole[whole.len() / 2]),
        ms(whole[whole.len() - 1])
    );
    for (step, spent) in STEPS.iter().zip(spent) {
        println!("{step:>12}: {:.3} ms", ms(spent) / JOBS as f64);
    }
}

async fn one(stores: &LocalStores, job: &CommitJob, number: u64, lap: &mut impl FnMut(usize)) {
    let now = Timestamp::from_unix_seconds(1_700_000_000);
    let claim = JobEvent::Claim {
        owner: LeaseOwner("host/1/worker 0".to_owned()),
        now,
        ttl: Duration::from_secs(60),
    };
    stores.jobs.apply(job, &claim).await.expect("it waits");
    lap(0);
    let epoch = Epoch(1);
    let scope = ArtifactScope {
        repo: job.repo.clone(),
        commit: job.commit,
        suite: job.suite,
        epoch,
    };
    let finished = stores.artifacts.finish(&scope, &Manifest::default()).await;
    finished.expect("writable");
    lap(1);
    let record = ResultRecord {
        key: key(number),
        repo: job.repo.clone(),
        commit: job.commit,
        suite_name: "unit".to_owned(),
        verdict: Verdict::Passed,
        started_at: now,
        usage: ResourceUsage::default(),
        ending: "exit code 0".to_owned(),
        notes: Vec::new(),
        epoch,
        artifacts: Some(scope),
        cases: vec![TestCase::new(TestId::command("unit"), Outcome::Passed)],
    };
    let stored = stores.results.put(&record, PutCondition::Absent).await;
    stored.expect("the key is new");
    lap(2);
    let verdict = Verdict::Passed;
    let complete = JobEvent::Complete {
        epoch,
        verdict,
        facts: JobFacts::default(),
    };
    stores.jobs.apply(job, &complete).await.expect("it is held");
    lap(3);
    let event = |place: u64, kind| Event {
        run: RunId::new(now, 1),
        seq: number * 3 + place,
        at: now,
        kind,
    };
    let commit = job.commit;
    let events = [
        event(1, EventKind::JobStarted { commit, worker: 0 }),
        event(
            2,
            EventKind::JobPhase {
                commit,
                worker: 0,
                phase: Phase::Test,
            },
        ),
        event(
            3,
            EventKind::JobFinished {
                commit,
                worker: 0,
                verdict: Verdict::Passed,
                counts: OutcomeCounts::default(),
                took: Duration::from_millis(1),
            },
        ),
    ];
    stores.events.append(&events).await.expect("they go on");
    lap(4);
}
