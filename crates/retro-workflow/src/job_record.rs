//! Storing what a job found.

use std::collections::HashSet;
use std::fs;

use retro_domain::{CommitNote, JobEvent, JobFacts, OutcomeCounts, Phase, Verdict};
use retro_store::record::StoredResult;
use retro_store::{
    ArtifactContent, ArtifactScope, Manifest, PutCondition, ResultRecord, StoreError,
};

use crate::job_run::{JobRun, Said, Stop};
use crate::scratch::Folders;

/// The result of a job among its artifacts, as a [`StoredResult`], where a look back is
/// [self-contained](crate::LookBackOptions::self_contained). No other artifact has this name.
pub const RESULT_NAME: &str = "result.json";

impl JobRun<'_> {
    /// Stores artifacts, then the result, then the job's end: each implies the one before it.
    pub(crate) fn store(&self, said: Said) -> Result<(Verdict, OutcomeCounts), Stop> {
        self.phase(Phase::Record);
        if self.shared.leases.is_lost(self.worker) {
            return Err(Stop::Stopped);
        }
        let verdict = said.verdict.clone().unwrap_or(Verdict::Passed);
        let mut counts = OutcomeCounts::default();
        for case in said.cases.iter().filter(|case| !case.id.is_command()) {
            counts.add(case.outcome, case.flaky);
        }
        let done = JobEvent::Complete {
            epoch: self.epoch,
            verdict: verdict.clone(),
            facts: JobFacts {
                counts,
                took: self.shared.services.clock.now().since(self.started_at),
                commit: Some(CommitNote {
                    committed_at: self.commit.committed_at,
                    summary: self.commit.summary.clone(),
                }),
            },
        };
        self.shared.wait(self.store_all(said, &verdict, &done))?;
        Ok((verdict, counts))
    }

    async fn store_all(
        &self,
        mut said: Said,
        verdict: &Verdict,
        done: &JobEvent,
    ) -> Result<(), Stop> {
        let services = &self.shared.services;
        let scope = self.scope();
        let mut manifest = Manifest::default();
        let mut names = HashSet::from([RESULT_NAME.to_owned()]);
        let contents: Vec<(String, ArtifactContent)> = std::mem::take(&mut said.files)
            .into_iter()
            .map(|(name, path)| (unlike(name, &mut names), ArtifactContent::File(path)))
            .collect();
        let kept: Vec<String> = contents.iter().map(|(name, _)| name.clone()).collect();
        let answers = services.artifacts.put_many(&scope, contents).await?;
        for (name, answer) in kept.into_iter().zip(answers) {
            match answer {
                Ok(entry) => manifest.entries.push(entry),
                Err(error) => said.notes.push(format!("{name} was not kept: {error}")),
            }
        }
        let record = ResultRecord {
            key: self.planned.key,
            repo: scope.repo.clone(),
            commit: scope.commit,
            suite_name: self.suite.name.clone(),
            verdict: verdict.clone(),
            started_at: self.started_at,
            usage: said.usage,
            ending: said.ending,
            notes: said.notes,
            epoch: self.epoch,
            artifacts: Some(scope.clone()),
            cases: said.cases,
        };
        if self.shared.options.self_contained {
            let text = ArtifactContent::Bytes(StoredResult::encode(&record)?.into_bytes());
            let entry = services.artifacts.put(&scope, RESULT_NAME, text).await?;
            manifest.entries.push(entry);
        }
        manifest.entries.sort_by(|a, b| a.name.cmp(&b.name));
        services.artifacts.finish(&scope, &manifest).await?;
        let condition = match self.planned.replaces {
            Some(revision) => PutCondition::Revision(revision),
            None => PutCondition::Absent,
        };
        match services.results.put(&record, condition).await {
            Ok(_) => {}
            // Another process has stored the same key meanwhile; its result stands.
            Err(StoreError::Conflict { .. }) => services.artifacts.remove(&scope).await?,
            Err(error) => return Err(error.into()),
        }
        services.jobs.apply(self.job, done).await?;
        Ok(())
    }

    /// Stores the logs of a job that was stopped, as far as that succeeds: nobody relies on them.
    pub(crate) fn keep_logs(&self) {
        if self.shared.leases.is_lost(self.worker) {
            return;
        }
        let scope = self.scope();
        let Ok(logs) = fs::read_dir(Folders::logs_in(self.slot.scratch())) else {
            return;
        };
        let files = logs
            .flatten()
            .filter(|log| log.metadata().is_ok_and(|it| it.is_file() && it.len() > 0));
        let named = files.filter_map(|log| Some((log.file_name().into_string().ok()?, log.path())));
        self.shared.wait(async {
            for (name, path) in named {
                let content = ArtifactContent::File(path);
                let put = self
                    .shared
                    .services
                    .artifacts
                    .put(&scope, &name, content)
                    .await;
                if put.is_err() {
                    break;
                }
            }
        });
    }

    fn scope(&self) -> ArtifactScope {
        ArtifactScope {
            repo: self.shared.plan.repo.clone(),
            commit: self.commit.commit,
            suite: self.planned.suite,
            epoch: self.epoch,
        }
    }
}

/// The name, or another one when it is taken: the same path below the work tree and below the
/// scratch folder, or two names that only differ in bytes that are not UTF-8.
fn unlike(name: String, taken: &mut HashSet<String>) -> String {
    let mut free = name.clone();
    let mut number = 2;
    while !taken.insert(free.clone()) {
        free = format!("{name}.{number}");
        number += 1;
    }
    free
}
