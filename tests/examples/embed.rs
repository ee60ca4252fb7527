//! A look back inside another program: stores in memory, an event sink of its own, and only the git
//! adapter and the processes taken from git-retro.
//!
//! `cargo run --example embed -- REPOSITORY COMMAND...`

use std::sync::Arc;

use retro_domain::{CommandLine, Event, Suite, Timestamp};
use retro_exec::ChildProcesses;
use retro_git::{CommitQuery, GitRepository, GitSlotPool, Selection, SlotOptions};
use retro_workflow::{
    Interrupt, LookBackOptions, LookBackRequest, Services, look_back, plan, view_run,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let repository = GitRepository::discover(words.next().unwrap_or(".".into()).as_ref())?;
    let folder = tempfile::tempdir()?;
    let slots = GitSlotPool::open(&repository, folder.path(), SlotOptions::default())?;
    let clock = || Timestamp::from_unix_seconds(1_700_000_000);
    let services = Services::in_memory(slots, ChildProcesses::new(), clock);

    let suite = Suite::new("embedded", CommandLine::Argv(words.collect()));
    let newest = Selection::Last {
        count: 10,
        tip: None,
    };
    let request = LookBackRequest::new(suite, CommitQuery::new(newest));
    let plan = Arc::new(plan(&request, &repository, &*services.results).await?);

    let sink = |event: &Event| eprintln!("{:>4} {:?}", event.seq, event.kind);
    let options = LookBackOptions::new("embedder", folder.path().join("home"));
    let (all, stop) = (services.clone(), Interrupt::new());
    let report = look_back(plan, all, options, Arc::new(sink), stop).await?;

    let run = services.runs.run(&report.run).await?;
    let view = view_run(run.ok_or("the run is not stored")?, &*services.results).await?;
    let (broke, fixed) = (view.findings.broke.len(), view.findings.fixed.len());
    println!("{broke} broke, {fixed} fixed");
    Ok(())
}
