//! Pins the stored forms of task runs: a change here is a change of what users have on disk.

use super::*;
use crate::contract::samples::{at, commit};
use crate::contract::task_samples::{
    every_task_event, full_task, git_facts, outcomes, task, task_run_id,
};
use retro_domain::{
    Epoch, GitFacts, GitStatus, Lease, LeaseOwner, Switch, TaskContext, TaskEnding, TaskPhase,
    TaskPlan, TaskRunState, TaskRunStatus,
};

fn check_task(context: &TaskContext, expected: &str) {
    assert_eq!(StoredTaskContext::encode(context).unwrap(), expected);
    let read = StoredTaskContext::decode(expected, &task_run_id(1));
    assert_eq!(read.unwrap(), *context);
}

#[test]
fn a_task_with_everything_keeps_its_form() {
    let expected = concat!(
        r#"{"v":1,"task_id":"T-1","spec_name":"sales","title":"Analyze \"Sales\" Data 📈","#,
        r#""description":"Look at\n\tthe numbers.","acceptance_criteria":["there is a page",""],"#,
        r#""dependencies":["T-0"],"required_skill":"sql","#,
        r#""place":{"repository":"https://example.com/o/r"},"slot_id":"slot-7","#,
        r#""branch_name":"feature/sales","settings":{"run_branch_prefix":"bots","#,
        r#""commit_template":"{title}","timeout_ms":3600001,"playbook_path":"ci/playbook.toml","#,
        r#""executor":{"command":{"argv":["agent","-p","{prompt_file}"]},"prompt":"stdin","#,
        r#""env_allow":["LC_*"],"env":{"MODEL":"small"},"timeout_ms":60000},"#,
        r#""build":{"on":{"command":{"shell":"npm run build"},"work_dir":"web","#,
        r#""env_allow":["NPM_CONFIG_REGISTRY"],"env":{"NODE_ENV":"production"}}},"#,
        r#""suites":{"on":[{"name":"unit","run":{"shell":"make check"},"#,
        r#""results":[{"format":"junit","files":"out/*.xml"}],"build_timeout_ms":3600000,"#,
        r#""timeout_ms":3600000,"skip_exit_codes":[125],"env_allow":[],"env":{},"retries":0}]},"#,
        r#""deploy":{"on":{"output":"web/dist","target":{"prefix":"previews/sales"},"#,
        r#""delete":true,"content_types":[{"glob":"*.wasm","value":"application/wasm"}],"#,
        r#""cache_headers":[{"glob":"assets/**","value":"max-age=31536000"},"#,
        r#"{"glob":"*","value":"no-cache"}],"preview_url":"https://example.com/{task_id}"}},"#,
        r#""push":{"on":null},"pull_request":{"on":{"is_draft":false,"base":"main","#,
        r#""title":"{title}","body":"by a machine","labels":["bot"],"reviewers":["ann","bob"]}},"#,
        r#""approval":{"on":{"deadline_ms":86400000}}}}"#
    );
    check_task(&full_task("T-1"), expected);
}

#[test]
fn a_task_with_little_keeps_its_form() {
    let mut context = task("T-1");
    context.settings.build = Switch::Off;
    context.settings.push = Switch::Off;
    let expected = concat!(
        r#"{"v":1,"task_id":"T-1","title":"Task T-1","description":"Do it.","#,
        r#""acceptance_criteria":[],"dependencies":[],"place":{"slot":"/slots/1"},"#,
        r#""settings":{"build":"off","push":"off"}}"#
    );
    check_task(&context, expected);
    let empty = concat!(
        r#"{"v":1,"task_id":"","title":"","description":"","acceptance_criteria":[],"#,
        r#""dependencies":[],"settings":{}}"#
    );
    check_task(&TaskContext::default(), empty);
}

fn check_state(state: &TaskRunState, expected: &str) {
    assert_eq!(StoredTaskState::encode(state).unwrap(), expected);
    let read = StoredTaskState::decode(expected, &task_run_id(1));
    assert_eq!(read.unwrap(), *state);
}

#[test]
fn the_state_of_a_run_keeps_its_form() {
    const PLAN: &str = concat!(
        r#""plan":{"approval":true,"build":false,"test":false,"deploy":false,"push":true,"#,
        r#""pull_request":false},"#
    );
    let plan = TaskPlan {
        approval: true,
        push: true,
        ..TaskPlan::default()
    };
    let mut state = TaskRunState::new(plan);
    let check_status = |state: &TaskRunState, status: &str| {
        let expected = format!(
            r#"{{"v":1,"status":{status},"epoch":{},{PLAN}"outcomes":{{}},"git":"pending"}}"#,
            state.epoch.0,
        );
        check_state(state, &expected);
    };
    check_status(&state, r#""pending""#);
    state.epoch = Epoch(2);
    state.status = TaskRunStatus::AwaitingApproval(at(60));
    check_status(
        &state,
        r#"{"awaiting-approval":{"until_ms":1700000060123}}"#,
    );
    for ending in TaskEnding::ALL {
        state.status = TaskRunStatus::Finished(ending);
        check_status(&state, &format!(r#"{{"finished":"{}"}}"#, ending.name()));
    }
    state.status = TaskRunStatus::Running(Lease {
        owner: LeaseOwner("host/1".to_owned()),
        epoch: Epoch(2),
        expires_at: at(60),
    });
    let running = r#"{"running":{"owner":"host/1","expires_at_ms":1700000060123}}"#;
    check_status(&state, running);
    state.in_hand = Some((TaskPhase::PullRequest, 3));
    state.outcomes = TaskPhase::ALL.into_iter().zip(outcomes()).collect();
    state.git = GitStatus::PrOpened;
    state.interrupted_in = Some(TaskPhase::CleanUp);
    let expected = format!(
        concat!(
            r#"{{"v":1,"status":{},"epoch":2,{}"in_hand":{{"phase":"pull_request","tries":3}},"#,
            r#""outcomes":{{"approval":{{"failed":"exit code 1"}},"build":"interrupted","#,
            r#""commit":"timed-out","execute":{{"broken":"no space\n\"left\""}},"#,
            r#""prepare":"nothing-to-do","validate":"done"}},"git":"pr_opened","#,
            r#""interrupted_in":"clean_up"}}"#
        ),
        running, PLAN,
    );
    check_state(&state, &expected);
}

#[test]
fn where_a_change_is_keeps_its_form() {
    let check = |git: &GitFacts, expected: &str| {
        assert_eq!(StoredGitFacts::encode(git).unwrap(), expected);
        let read = StoredGitFacts::decode(expected, &task_run_id(1));
        assert_eq!(read.unwrap(), *git);
    };
    check(&GitFacts::default(), r#"{"v":1}"#);
    let expected = format!(
        concat!(
            r#"{{"v":1,"branch":"retro/ä-1/run-1","base":"{}","commit":"{}","#,
            r#""pull_request":"https://example.com/o/r/pulls/1"}}"#
        ),
        commit(1),
        commit(2),
    );
    check(&git_facts(1), &expected);
}

/// Those of the phases, outcomes, reasons and endings follow.
const KINDS: [&str; 13] = [
    r#"{"run-claimed":{"runner":"host/1","run_number":4294967295}}"#,
    r#"{"awaiting-approval":{"until_ms":1700000060123}}"#,
    r#"{"approval-decided":{"by":"ann","is_approved":true}}"#,
    r#"{"git-branch-created":{"branch":"retro/x/run-1","base":"ONE","is_adopted":false}}"#,
    r#"{"git-branch-created":{"branch":"retro/x/run-1","is_adopted":true}}"#,
    r#"{"git-commit-created":{"commit":"THREE","files":18446744073709551615}}"#,
    r#"{"git-push-success":{"reference":"refs/heads/x","commit":"ONE"}}"#,
    r#"{"git-push-failed":{"reason":"moved","rescue":"refs/heads/retro/rescue/x"}}"#,
    r#"{"git-push-failed":{"reason":""}}"#,
    r#"{"pull-request-opened":{"url":"https://example.com/1","is_adopted":true}}"#,
    r#"{"git-operation-failed":{"operation":"rebase","reason":"a\n\"b\""}}"#,
    r#"{"interrupted":{"by":"SIGINT"}}"#,
    r#"{"warning":{"message":"📈"}}"#,
];
const PHASES: &str = "validate prepare approval execute commit build test deploy push pull_request \
                      report clean_up";
const OUTCOMES: [&str; 6] = [
    r#""done""#,
    r#""nothing-to-do""#,
    r#"{"failed":"exit code 1"}"#,
    r#"{"broken":"no space\n\"left\""}"#,
    r#""timed-out""#,
    r#""interrupted""#,
];
const REASONS: &str = "not_planned interrupted not_valid no_work_tree not_approved not_executed \
                       executor_failed nothing_changed build_failed not_pushed";

#[test]
fn events_of_task_runs_keep_their_form() {
    let (one, three) = (commit(1).to_string(), commit(3).to_string());
    let with_commits = |kind: &str| kind.replace("ONE", &one).replace("THREE", &three);
    let mut expected: Vec<String> = KINDS.into_iter().map(with_commits).collect();
    let phases = PHASES.split(' ');
    expected.extend(
        phases.map(|name| format!(r#"{{"phase-started":{{"phase":"{name}","tries":1}}}}"#)),
    );
    expected
        .extend(OUTCOMES.map(|outcome| {
            format!(r#"{{"phase-ended":{{"phase":"build","outcome":{outcome}}}}}"#)
        }));
    expected.extend(REASONS.split(' ').map(|reason| {
        format!(r#"{{"phase-skipped":{{"phase":"pull_request","reason":"{reason}"}}}}"#)
    }));
    expected.extend(
        ["done", "failed", "interrupted", "refused"]
            .map(|ending| format!(r#"{{"run-finished":{{"ending":"{ending}"}}}}"#)),
    );
    let events = every_task_event();
    assert_eq!(events.len(), expected.len());
    for (event, kind) in events.into_iter().zip(expected) {
        let text = StoredTaskEvent::encode(&event).unwrap();
        let at = event.at.unix_millis();
        assert_eq!(text, format!(r#"{{"v":1,"at_ms":{at},"what":{kind}}}"#));
        let read = StoredTaskEvent::decode(&text, event.run.clone(), event.seq);
        assert_eq!(read.unwrap(), event);
    }
}

#[test]
fn damage_and_newer_forms_of_task_runs_are_told_apart() {
    let run = task_run_id(1);
    let is_newer = |error: StoreError| error.to_string().contains("update git-retro");
    let is_damaged = |error: StoreError| matches!(error, StoreError::Corrupt { .. });
    let newer = r#"{"v":2,"more":"and more"}"#;
    assert!(is_newer(
        StoredTaskContext::decode(newer, &run).expect_err("newer")
    ));
    assert!(is_newer(
        StoredTaskState::decode(newer, &run).expect_err("newer")
    ));
    assert!(is_newer(
        StoredGitFacts::decode(newer, &run).expect_err("newer")
    ));
    assert!(is_newer(
        StoredTaskEvent::decode(newer, run.clone(), 1).expect_err("newer")
    ));
    for text in [r#"{"v":1,"more":1}"#, r#"{"v":1,"branch":"a..b"}"#, "{"] {
        let read = StoredGitFacts::decode(text, &run);
        assert!(is_damaged(read.expect_err(text)), "{text}");
    }
    let good = StoredTaskState::encode(&TaskRunState::new(TaskPlan::default())).unwrap();
    for (from, to) in [
        (r#""git":"pending""#, r#""git":"lost""#),
        (r#""outcomes":{}"#, r#""outcomes":{"lunch":"done"}"#),
        (r#""status":"pending""#, r#""status":{"finished":"well"}"#),
        (r#""push":"#, r#""pull":"#),
    ] {
        let text = good.replace(from, to);
        assert_ne!(text, good);
        let read = StoredTaskState::decode(&text, &run);
        assert!(is_damaged(read.expect_err(&text)), "{text}");
    }
}
