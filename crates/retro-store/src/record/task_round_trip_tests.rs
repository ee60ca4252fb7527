//! Whatever is stored of task runs is read back.

use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use retro_domain::{
    ApprovalSettings, BranchName, BuildSettings, DeploySettings, DeployTarget, Epoch,
    ExecutorSettings, GitFacts, GitStatus, Lease, LeaseOwner, PathRule, PhaseOutcome,
    PromptDelivery, PullRequestSettings, RunId, SkipReason, Suite, Switch, TaskContext, TaskEnding,
    TaskEvent, TaskEventKind, TaskPhase, TaskPlace, TaskPlan, TaskRunState, TaskRunStatus,
    TaskSettings, Timestamp,
};

use super::round_trip_tests::{command, commit_id, limit, moment, suite_of_any_kind};
use super::*;

type Text = Option<String>;

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(any::<String>(), 0..3)
}

fn env() -> impl Strategy<Value = std::collections::BTreeMap<String, String>> {
    btree_map(any::<String>(), any::<String>(), 0..3)
}

fn switch<T: Clone + std::fmt::Debug>(
    on: impl Strategy<Value = T>,
) -> impl Strategy<Value = Switch<T>> {
    (0..3_u8, on).prop_map(|(which, on)| match which {
        0 => Switch::Unset,
        1 => Switch::Off,
        _ => Switch::On(on),
    })
}

prop_compose! {
    fn executor()(
        command in command(),
        is_file in any::<bool>(),
        env_allow in texts(),
        env in env(),
        timeout in limit(),
    ) -> ExecutorSettings {
        let prompt = if is_file { PromptDelivery::File } else { PromptDelivery::Stdin };
        ExecutorSettings { command, prompt, env_allow, env, timeout }
    }
}

prop_compose! {
    fn build()(
        command in command(),
        work_dir in any::<String>(),
        env_allow in texts(),
        env in env(),
        timeout in limit(),
    ) -> BuildSettings {
        BuildSettings { command, work_dir, env_allow, env, timeout }
    }
}

fn rules() -> impl Strategy<Value = Vec<PathRule>> {
    let rule = any::<(String, String)>().prop_map(|(glob, value)| PathRule { glob, value });
    vec(rule, 0..3)
}

prop_compose! {
    fn deploy()(
        output in any::<String>(),
        (is_folder, place) in any::<(bool, String)>(),
        delete in any::<bool>(),
        content_types in rules(),
        cache_headers in rules(),
        preview_url in any::<Text>(),
    ) -> DeploySettings {
        let target = if is_folder { DeployTarget::Folder(place) } else { DeployTarget::Prefix(place) };
        DeploySettings { output, target, delete, content_types, cache_headers, preview_url }
    }
}

prop_compose! {
    fn pull_request()(
        is_draft in any::<bool>(),
        (base, title, body) in any::<(Text, Text, Text)>(),
        labels in texts(),
        reviewers in texts(),
    ) -> PullRequestSettings {
        PullRequestSettings { is_draft, base, title, body, labels, reviewers }
    }
}

prop_compose! {
    fn settings()(
        (run_branch_prefix, commit_template, playbook_path) in any::<(Text, Text, Text)>(),
        timeout in limit(),
        executor in option::of(executor()),
        build in switch(build()),
        suites in switch(vec(suite_of_any_kind(), 0..2)),
        deploy in switch(deploy()),
        push in switch(Just(())),
        pull_request in switch(pull_request()),
        deadline in switch(any::<u64>()),
    ) -> TaskSettings {
        let approval = match deadline {
            Switch::Unset => Switch::Unset,
            Switch::Off => Switch::Off,
            Switch::On(millis) => Switch::On(ApprovalSettings {
                deadline: Duration::from_millis(millis),
            }),
        };
        TaskSettings {
            run_branch_prefix, commit_template, timeout, playbook_path, executor, build, suites,
            deploy, push, pull_request, approval,
        }
    }
}

fn place() -> impl Strategy<Value = TaskPlace> {
    prop_oneof![
        any::<String>().prop_map(TaskPlace::Slot),
        any::<String>().prop_map(TaskPlace::Repository),
    ]
}

prop_compose! {
    fn task()(
        (task_id, title, description) in any::<(String, String, String)>(),
        (spec_name, required_skill, slot_id, branch_name) in any::<(Text, Text, Text, Text)>(),
        acceptance_criteria in texts(),
        dependencies in texts(),
        place in option::of(place()),
        settings in settings(),
    ) -> TaskContext {
        TaskContext {
            task_id, spec_name, title, description, acceptance_criteria, dependencies,
            required_skill, place, slot_id, branch_name, settings,
        }
    }
}

fn phase() -> impl Strategy<Value = TaskPhase> {
    prop::sample::select(&TaskPhase::ALL[..])
}

fn outcome() -> impl Strategy<Value = PhaseOutcome> {
    prop_oneof![
        Just(PhaseOutcome::Done),
        Just(PhaseOutcome::NothingToDo),
        any::<String>().prop_map(PhaseOutcome::Failed),
        any::<String>().prop_map(PhaseOutcome::Broken),
        Just(PhaseOutcome::TimedOut),
        Just(PhaseOutcome::Interrupted),
    ]
}

fn ending() -> impl Strategy<Value = TaskEnding> {
    prop::sample::select(&TaskEnding::ALL[..])
}

fn status(epoch: u64) -> impl Strategy<Value = TaskRunStatus> {
    let epoch = Epoch(epoch);
    prop_oneof![
        Just(TaskRunStatus::Pending),
        (any::<String>(), moment()).prop_map(move |(owner, expires_at)| {
            let owner = LeaseOwner(owner);
            TaskRunStatus::Running(Lease {
                owner,
                epoch,
                expires_at,
            })
        }),
        moment().prop_map(TaskRunStatus::AwaitingApproval),
        ending().prop_map(TaskRunStatus::Finished),
    ]
}

prop_compose! {
    fn state()(epoch in any::<u64>())(
        epoch in Just(Epoch(epoch)),
        status in status(epoch),
        plan in any::<[bool; 6]>(),
        in_hand in option::of((phase(), any::<u32>())),
        outcomes in btree_map(phase(), outcome(), 0..12),
        git in prop::sample::select(&GitStatus::ALL[..]),
        interrupted_in in option::of(phase()),
    ) -> TaskRunState {
        let [approval, build, test, deploy, push, pull_request] = plan;
        let plan = TaskPlan { approval, build, test, deploy, push, pull_request };
        TaskRunState { status, epoch, plan, in_hand, outcomes, git, interrupted_in }
    }
}

fn branch() -> impl Strategy<Value = BranchName> {
    (any::<String>(), any::<u32>()).prop_map(|(task, run)| {
        let name = BranchName::for_run("ä", &task, run);
        name.expect("the prefix is good")
    })
}

prop_compose! {
    fn git()(
        branch_name in option::of(branch()),
        base in option::of(commit_id()),
        commit_sha in option::of(commit_id()),
        pr_url in any::<Text>(),
    ) -> GitFacts {
        GitFacts { branch_name, base, commit_sha, pr_url }
    }
}

fn git_event() -> impl Strategy<Value = TaskEventKind> {
    use TaskEventKind as K;
    prop_oneof![
        (branch(), option::of(commit_id()), any::<bool>()).prop_map(
            |(branch, base, is_adopted)| K::GitBranchCreated {
                branch,
                base,
                is_adopted,
            }
        ),
        (commit_id(), any::<u64>())
            .prop_map(|(commit, files)| K::GitCommitCreated { commit, files }),
        (any::<String>(), commit_id())
            .prop_map(|(reference, commit)| K::GitPushSuccess { reference, commit }),
        any::<(String, Text)>().prop_map(|(reason, rescue)| K::GitPushFailed { reason, rescue }),
        any::<(String, bool)>()
            .prop_map(|(url, is_adopted)| K::PullRequestOpened { url, is_adopted }),
        any::<(String, String)>()
            .prop_map(|(operation, reason)| K::GitOperationFailed { operation, reason }),
    ]
}

fn other_event() -> impl Strategy<Value = TaskEventKind> {
    use TaskEventKind as K;
    let reason = prop::sample::select(&SkipReason::ALL[..]);
    prop_oneof![
        any::<(String, u32)>()
            .prop_map(|(runner, run_number)| K::RunClaimed { runner, run_number }),
        (phase(), any::<u32>()).prop_map(|(phase, tries)| K::PhaseStarted { phase, tries }),
        (phase(), outcome()).prop_map(|(phase, outcome)| K::PhaseEnded { phase, outcome }),
        (phase(), reason).prop_map(|(phase, reason)| K::PhaseSkipped { phase, reason }),
        moment().prop_map(|until| K::AwaitingApproval { until }),
        any::<(String, bool)>()
            .prop_map(|(by, is_approved)| K::ApprovalDecided { by, is_approved }),
        any::<String>().prop_map(|by| K::Interrupted { by }),
        any::<String>().prop_map(|message| K::Warning { message }),
        ending().prop_map(|ending| K::RunFinished { ending }),
    ]
}

fn id() -> RunId {
    RunId::new(Timestamp::default(), 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_task_is_read_back(task in task()) {
        let text = StoredTaskContext::encode(&task).expect("it can be stored");
        let read = StoredTaskContext::decode(&text, &id()).expect("it can be read");
        let prints = |task: &TaskContext| {
            let suites = task.settings.suites.on().cloned().unwrap_or_default();
            suites.iter().map(Suite::fingerprint).collect::<Vec<_>>()
        };
        prop_assert_eq!(prints(&read), prints(&task));
        prop_assert_eq!(read, task);
    }

    #[test]
    fn every_state_is_read_back(state in state()) {
        let text = StoredTaskState::encode(&state).expect("it can be stored");
        let read = StoredTaskState::decode(&text, &id());
        prop_assert_eq!(read.expect("it can be read"), state);
    }

    #[test]
    fn every_place_in_git_is_read_back(git in git()) {
        let text = StoredGitFacts::encode(&git).expect("it can be stored");
        let read = StoredGitFacts::decode(&text, &id());
        prop_assert_eq!(read.expect("it can be read"), git);
    }

    #[test]
    fn every_event_of_a_task_run_is_read_back(
        kind in prop_oneof![git_event(), other_event()],
        at in moment(),
        seq in any::<u64>(),
    ) {
        let event = TaskEvent { run: RunId::new(at, 1), seq, at, kind };
        let text = StoredTaskEvent::encode(&event).expect("it can be stored");
        let read = StoredTaskEvent::decode(&text, event.run.clone(), seq);
        prop_assert_eq!(read.expect("it can be read"), event);
    }

    #[test]
    fn no_text_makes_a_reader_of_task_runs_panic(text in any::<String>(), body in any::<String>()) {
        let object = format!(r#"{{"v":1,{body}}}"#);
        for text in [&text, &object] {
            let _ = StoredTaskContext::decode(text, &id());
            let _ = StoredTaskState::decode(text, &id());
            let _ = StoredGitFacts::decode(text, &id());
            let _ = StoredTaskEvent::decode(text, id(), 1);
        }
    }
}
