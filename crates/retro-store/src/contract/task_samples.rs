//! Values for the checks of task runs: the same number makes the same value.

use std::time::Duration;

use retro_domain::{
    ApprovalSettings, BuildSettings, CommandLine, DeploySettings, DeployTarget, Epoch,
    ExecutorSettings, GitFacts, GitStatus, LeaseOwner, PathRule, PhaseOutcome, PromptDelivery,
    PullRequestSettings, ResultFormat, ResultLocation, ResultSource, RunId, SkipReason, Suite,
    Switch, TaskContext, TaskEnding, TaskEvent, TaskEventKind, TaskPhase, TaskPlace, TaskRunEvent,
    TaskRunState, TaskSettings, Timestamp, next_phase,
};

use super::samples::{at, commit, repo};
use crate::{NewTaskRun, TaskRunStore};

/// How long the leases of [`claim_task`] last.
pub const TASK_TTL: Duration = Duration::from_secs(60);

/// A task with nothing that it need not have.
pub fn task(id: &str) -> TaskContext {
    TaskContext {
        task_id: id.to_owned(),
        title: format!("Task {id}"),
        description: "Do it.".to_owned(),
        place: Some(TaskPlace::Slot("/slots/1".to_owned())),
        ..TaskContext::default()
    }
}

/// A task with everything that a task can have.
pub fn full_task(id: &str) -> TaskContext {
    let text = |text: &str| Some(text.to_owned());
    let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect();
    TaskContext {
        task_id: id.to_owned(),
        spec_name: text("sales"),
        title: "Analyze \"Sales\" Data 📈".to_owned(),
        description: "Look at\n\tthe numbers.".to_owned(),
        acceptance_criteria: list(&["there is a page", ""]),
        dependencies: list(&["T-0"]),
        required_skill: text("sql"),
        place: Some(TaskPlace::Repository("https://example.com/o/r".to_owned())),
        slot_id: text("slot-7"),
        branch_name: text("feature/sales"),
        settings: full_settings(),
    }
}

fn full_settings() -> TaskSettings {
    let text = |text: &str| Some(text.to_owned());
    let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect();
    let env = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    let rule = |glob: &str, value: &str| PathRule {
        glob: glob.to_owned(),
        value: value.to_owned(),
    };
    let mut suite = Suite::new("unit", CommandLine::Shell("make check".to_owned()));
    suite.results.push(ResultSource {
        format: ResultFormat::Junit,
        location: ResultLocation::Files("out/*.xml".to_owned()),
    });
    TaskSettings {
        run_branch_prefix: text("bots"),
        commit_template: text("{title}"),
        timeout: Some(Duration::from_millis(3_600_001)),
        playbook_path: text("ci/playbook.toml"),
        executor: Some(ExecutorSettings {
            command: CommandLine::Argv(list(&["agent", "-p", "{prompt_file}"])),
            prompt: PromptDelivery::Stdin,
            env_allow: list(&["LC_*"]),
            env: env("MODEL", "small"),
            timeout: Some(Duration::from_secs(60)),
        }),
        build: Switch::On(BuildSettings {
            command: CommandLine::Shell("npm run build".to_owned()),
            work_dir: "web".to_owned(),
            env_allow: list(&["NPM_CONFIG_REGISTRY"]),
            env: env("NODE_ENV", "production"),
            timeout: None,
        }),
        suites: Switch::On(vec![suite]),
        deploy: Switch::On(DeploySettings {
            output: "web/dist".to_owned(),
            target: DeployTarget::Prefix("previews/sales".to_owned()),
            delete: true,
            content_types: vec![rule("*.wasm", "application/wasm")],
            cache_headers: vec![rule("assets/**", "max-age=31536000"), rule("*", "no-cache")],
            preview_url: text("https://example.com/{task_id}"),
        }),
        push: Switch::On(()),
        pull_request: Switch::On(PullRequestSettings {
            is_draft: false,
            base: text("main"),
            title: text("{title}"),
            body: text("by a machine"),
            labels: list(&["bot"]),
            reviewers: list(&["ann", "bob"]),
        }),
        approval: Switch::On(ApprovalSettings {
            deadline: Duration::from_secs(86_400),
        }),
    }
}

/// The id of a run that was asked for at a moment.
pub fn task_run_id(number: u32) -> RunId {
    RunId::new(at(i64::from(number)), number)
}

/// A run of a task of the repository `name`, asked for `number` seconds after some moment.
pub fn new_task_run(name: &str, task_id: &str, number: u32) -> NewTaskRun {
    NewTaskRun {
        id: task_run_id(number),
        repo: repo(name),
        created_at: at(i64::from(number)),
        context: task(task_id),
    }
}

/// A claim by a runner for [`TASK_TTL`].
pub fn claim_task(owner: &str, seconds: i64) -> TaskRunEvent {
    TaskRunEvent::Claim {
        owner: LeaseOwner(owner.to_owned()),
        now: at(seconds),
        ttl: TASK_TTL,
    }
}

/// Claims a run and brings it to its end, each phase with nothing to do.
///
/// # Panics
///
/// When the store refuses.
pub async fn finish_task_run(store: &dyn TaskRunStore, run: &RunId) {
    let mut state = store.apply(run, &claim_task("r", 0)).await.unwrap();
    let epoch = state.epoch;
    while let Some(phase) = next_phase(&state) {
        let begin = TaskRunEvent::Begin { epoch, phase };
        store.apply(run, &begin).await.unwrap();
        let outcome = PhaseOutcome::NothingToDo;
        let end = TaskRunEvent::End {
            epoch,
            phase,
            outcome,
        };
        state = store.apply(run, &end).await.unwrap();
    }
}

/// What can become of a run with an approval, by a holder of this epoch at this moment.
pub fn task_run_events(state: &TaskRunState, epoch: Epoch, now: Timestamp) -> Vec<TaskRunEvent> {
    use TaskRunEvent as E;
    let begun = state.in_hand.map(|(phase, _)| phase);
    let phase = begun
        .or_else(|| next_phase(state))
        .unwrap_or(TaskPhase::CleanUp);
    let ttl = TASK_TTL;
    let mut events = vec![
        E::Claim {
            owner: LeaseOwner(format!("runner at {now:?}")),
            now,
            ttl,
        },
        E::Renew { epoch, now, ttl },
        E::HandBack { epoch },
        E::Revoke { epoch },
        E::Begin { epoch, phase },
        E::AwaitApproval {
            epoch,
            until: now.plus(ttl),
        },
        E::Approve,
        E::Deny {
            reason: "no \"reason\"\n".to_owned(),
        },
        E::Expire { now },
        E::Interrupt,
    ];
    events.extend(outcomes().map(|outcome| E::End {
        epoch,
        phase,
        outcome,
    }));
    events.extend(GitStatus::ALL.map(|status| E::Git { epoch, status }));
    events
}

/// Every kind of outcome.
pub fn outcomes() -> [PhaseOutcome; 6] {
    [
        PhaseOutcome::Done,
        PhaseOutcome::NothingToDo,
        PhaseOutcome::Failed("exit code 1".to_owned()),
        PhaseOutcome::Broken("no space\n\"left\"".to_owned()),
        PhaseOutcome::TimedOut,
        PhaseOutcome::Interrupted,
    ]
}

/// Where a change is, on a branch with this number.
pub fn git_facts(number: u64) -> GitFacts {
    GitFacts {
        branch_name: Some(format!("retro/ä-{number}/run-1").parse().expect("a name")),
        base: Some(commit(number)),
        commit_sha: Some(commit(number + 1)),
        pr_url: Some(format!("https://example.com/o/r/pulls/{number}")),
    }
}

/// An event of every kind, with every phase, outcome, reason and ending.
pub fn every_task_event() -> Vec<TaskEvent> {
    use TaskEventKind as K;
    let text = |text: &str| text.to_owned();
    let branch = || "retro/x/run-1".parse().expect("a name");
    let mut kinds = vec![
        K::RunClaimed {
            runner: text("host/1"),
            run_number: u32::MAX,
        },
        K::AwaitingApproval { until: at(60) },
        K::ApprovalDecided {
            by: text("ann"),
            is_approved: true,
        },
        K::GitBranchCreated {
            branch: branch(),
            base: Some(commit(1)),
            is_adopted: false,
        },
        K::GitBranchCreated {
            branch: branch(),
            base: None,
            is_adopted: true,
        },
        K::GitCommitCreated {
            commit: commit(3),
            files: u64::MAX,
        },
        K::GitPushSuccess {
            reference: text("refs/heads/x"),
            commit: commit(1),
        },
        K::GitPushFailed {
            reason: text("moved"),
            rescue: Some(text("refs/heads/retro/rescue/x")),
        },
        K::GitPushFailed {
            reason: String::new(),
            rescue: None,
        },
        K::PullRequestOpened {
            url: text("https://example.com/1"),
            is_adopted: true,
        },
        K::GitOperationFailed {
            operation: text("rebase"),
            reason: text("a\n\"b\""),
        },
        K::Interrupted { by: text("SIGINT") },
        K::Warning {
            message: text("📈"),
        },
    ];
    kinds.extend(TaskPhase::ALL.map(|phase| K::PhaseStarted { phase, tries: 1 }));
    kinds.extend(outcomes().map(|outcome| K::PhaseEnded {
        phase: TaskPhase::Build,
        outcome,
    }));
    kinds.extend(SkipReason::ALL.map(|reason| K::PhaseSkipped {
        phase: TaskPhase::PullRequest,
        reason,
    }));
    kinds.extend(TaskEnding::ALL.map(|ending| K::RunFinished { ending }));
    let event = |(seq, kind)| TaskEvent {
        run: task_run_id(1),
        seq,
        at: at(i64::try_from(seq).expect("small")),
        kind,
    };
    (1..).zip(kinds).map(event).collect()
}
