//! A look back inside another program: in-memory stores, an event sink of its own, and only the git
//! adapter chosen from git-retro's.
//!
//! `cargo run --example embed -- REPOSITORY COMMAND...`

use std::sync::Arc;

use retro_domain::{Clock, CommandLine, Event, Overlay, Suite, Timestamp};
use retro_exec::ChildProcesses;
use retro_git::{CommitQuery, GitRepository, GitSlotPool, Selection, SlotOptions};
use retro_store::{
    InMemoryArtifactStore, InMemoryEventLog, InMemoryJobStore, InMemoryResultStore, JobStore,
};
use retro_workflow::{
    EventSink, Interrupt, LookBackOptions, LookBackRequest, Reuse, Services, look_back, plan,
    view_run,
};

struct Printed;

impl EventSink for Printed {
    fn event(&self, event: &Event) {
        eprintln!("{:>4} {:?}", event.seq, event.kind);
    }
}

struct Unmoved;

impl Clock for Unmoved {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(1_700_000_000)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let repository = GitRepository::discover(words.next().unwrap_or(".".into()).as_ref())?;
    let folder = tempfile::tempdir()?;
    let (jobs, results) = (InMemoryJobStore::default(), InMemoryResultStore::default());
    let suite = Suite::new("embedded", CommandLine::Argv(words.collect()));
    let request = LookBackRequest {
        toolchain: retro_workflow::unknown_toolchain(),
        suites: suite.into(),
        commits: CommitQuery::new(Selection::Last {
            count: 10,
            tip: None,
        }),
        overlay: Overlay::default(),
        reuse: Reuse::All,
        described: "the ten newest commits".into(),
    };
    let plan = Arc::new(plan(&request, &repository, &results).await?);
    let services = Services {
        slots: Arc::new(GitSlotPool::open(
            &repository,
            folder.path(),
            SlotOptions::default(),
        )?),
        executor: Arc::new(ChildProcesses::new()),
        jobs: Arc::new(jobs.clone()),
        results: Arc::new(results.clone()),
        artifacts: Arc::new(InMemoryArtifactStore::default()),
        events: Arc::new(InMemoryEventLog::default()),
        clock: Arc::new(Unmoved),
    };
    let options = LookBackOptions::new("embedder", folder.path().join("home"));
    let report = look_back(plan, services, options, Arc::new(Printed), Interrupt::new()).await?;
    let run = jobs
        .run(&report.run)
        .await?
        .ok_or("the run is not stored")?;
    let view = view_run(run, &results).await?;
    println!(
        "{} broke, {} fixed",
        view.findings.broke.len(),
        view.findings.fixed.len()
    );
    Ok(())
}
