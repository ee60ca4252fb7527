//! Opening the pull request of a run.

use retro_domain::{
    CommitFacts, EffectKind, GitFacts, GitStatus, PULL_REQUEST_FACTS, PhaseOutcome, TaskEventKind,
    TaskPhase, Template,
};
use retro_forge::{Check, CheckOutcome, Description, PullRequestSpec, PullRequestText, describe};

use super::session::{Phase, Session, chain};

impl Session {
    pub(super) fn pull_request(&mut self) -> Phase {
        let Some(wanted) = self.run.context.settings.pull_request.on().cloned() else {
            return Ok(PhaseOutcome::NothingToDo);
        };
        let Some(forge) = self.services.pull_requests.clone() else {
            let why =
                "this runner knows no forge of the repository: say which it is, and give a token";
            return Ok(PhaseOutcome::Broken(why.to_owned()));
        };
        let Some(branch) = self.run.git.branch_name.clone() else {
            return Ok(PhaseOutcome::NothingToDo);
        };
        let text = match self.text() {
            Ok(text) => text,
            Err(error) => return Ok(PhaseOutcome::Failed(error.to_string())),
        };
        let spec = PullRequestSpec {
            head: branch.as_str().to_owned(),
            base: wanted.base,
            text,
            is_draft: wanted.is_draft,
            labels: wanted.labels,
            reviewers: wanted.reviewers,
        };
        let into = spec.base.as_deref().unwrap_or("the default branch");
        let effect = self.intend(EffectKind::PullRequest, &format!("{branch} into {into}"))?;
        match self.wait(forge.open(&spec)) {
            Ok(opened) => {
                if effect.receipt.is_none() {
                    self.receipt(&effect.id, &opened.url)?;
                }
                let git = GitFacts {
                    pr_url: Some(opened.url.clone()),
                    ..self.run.git.clone()
                };
                self.set_git(git)?;
                self.reached(GitStatus::PrOpened)?;
                for omission in &opened.omitted {
                    self.warn(omission.to_string())?;
                }
                self.record(TaskEventKind::PullRequestOpened {
                    url: opened.url,
                    is_adopted: opened.adopted,
                })?;
                Ok(PhaseOutcome::Done)
            }
            Err(error) => {
                let reason = chain(&error);
                self.reached(GitStatus::Failed)?;
                self.record(TaskEventKind::GitOperationFailed {
                    operation: "opening the pull request".to_owned(),
                    reason: reason.clone(),
                })?;
                Ok(PhaseOutcome::Broken(reason))
            }
        }
    }

    /// Title and text: the usual ones, or what the task sets in their place.
    fn text(&self) -> Result<PullRequestText, retro_domain::TemplateError> {
        let task = &self.run.context;
        let declared = self.declared();
        let checks = self.checks();
        let checks: Vec<Check<'_>> = checks
            .iter()
            .map(|(name, outcome, detail)| Check {
                name,
                outcome: *outcome,
                detail,
            })
            .collect();
        let redact = |text: &str| (self.services.redact)(text);
        let usual = describe(
            &Description {
                title: &task.title,
                task_id: &task.task_id,
                spec_name: task.spec_name.as_deref(),
                run_id: self.run.id.as_str(),
                description: &task.description,
                acceptance_criteria: &task.acceptance_criteria,
                summary: declared.summary.as_deref(),
                checks: &checks,
                links: &[],
            },
            &redact,
        );
        let set = task.settings.pull_request.on();
        let rendered = |template: Option<&String>| {
            let template = template.map(|text| Template::parse(text, &PULL_REQUEST_FACTS));
            let template = template.transpose()?;
            let fact = |name: &str| self.fact(name, declared.summary.as_deref());
            Ok::<_, retro_domain::TemplateError>(template.map(|it| it.render(fact)))
        };
        let title = rendered(set.and_then(|it| it.title.as_ref()))?;
        let body = rendered(set.and_then(|it| it.body.as_ref()))?;
        if title.is_none() && body.is_none() {
            return Ok(usual);
        }
        let title = title.unwrap_or_else(|| usual.title().to_owned());
        let body = body.unwrap_or_else(|| usual.body().to_owned());
        Ok(PullRequestText::new(&title, &body, &redact))
    }

    /// What a template's place stands for.
    fn fact(&self, name: &str, summary: Option<&str>) -> String {
        let (run, task) = (&self.run, &self.run.context);
        let list = |items: &[String]| {
            let lines = items.iter().map(|item| format!("- {item}\n"));
            lines.collect::<String>()
        };
        let facts = CommitFacts::of(task, run.run_number);
        match name {
            "task_name" => facts.task_name.to_owned(),
            "run_number" => run.run_number.to_string(),
            "task_id" => task.task_id.clone(),
            "spec_name" => task.spec_name.clone().unwrap_or_default(),
            "title" => task.title.clone(),
            "description" => task.description.clone(),
            "acceptance_criteria" => list(&task.acceptance_criteria),
            "branch_name" => run
                .git
                .branch_name
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            "commit_sha" => run
                .git
                .commit_sha
                .map_or_else(String::new, |it| it.to_string()),
            "summary" => summary.unwrap_or_default().to_owned(),
            "tests" => list(
                &self
                    .checks()
                    .iter()
                    .map(|(name, outcome, detail)| {
                        let outcome = match outcome {
                            CheckOutcome::Passed => "passed",
                            CheckOutcome::Failed => "failed",
                            CheckOutcome::Skipped => "was not done",
                        };
                        format!("{name} {outcome} {detail}").trim_end().to_owned()
                    })
                    .collect::<Vec<_>>(),
            ),
            // There are no deploys and no links yet.
            _ => String::new(),
        }
    }

    /// How build, tests and deploy went.
    fn checks(&self) -> Vec<(&'static str, CheckOutcome, String)> {
        let state = &self.run.state;
        let phases = [TaskPhase::Build, TaskPhase::Test, TaskPhase::Deploy];
        let planned = phases.into_iter().filter(|phase| state.plan.has(*phase));
        planned
            .map(|phase| match state.outcome(phase) {
                Some(outcome) if outcome.is_good() => {
                    (phase.name(), CheckOutcome::Passed, String::new())
                }
                Some(PhaseOutcome::Failed(why) | PhaseOutcome::Broken(why)) => {
                    (phase.name(), CheckOutcome::Failed, why.clone())
                }
                Some(other) => (phase.name(), CheckOutcome::Failed, other.name().to_owned()),
                None => (phase.name(), CheckOutcome::Skipped, String::new()),
            })
            .collect()
    }
}
