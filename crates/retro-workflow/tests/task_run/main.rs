//! Runs of tasks, in real work trees, with a remote that is a folder.

mod crashes;
mod site;

use std::sync::{Arc, Barrier};
use std::time::Duration;

use retro_domain::{
    ApprovalSettings, BuildSettings, CommandLine, GitStatus, PhaseOutcome, PullRequestSettings,
    Suite, Switch, TaskEnding, TaskPhase, TaskRunEvent, TaskRunStatus,
};
use retro_exec::Ending;
use retro_store::{TaskEventLog as _, TaskRunStore as _};
use site::{Site, change, id, task};

const BRANCH: &str = "retro/analyze-sales-data/run-1";

fn build() -> Switch<BuildSettings> {
    Switch::On(BuildSettings {
        command: CommandLine::Argv(vec!["make".into()]),
        work_dir: String::new(),
        env_allow: Vec::new(),
        env: [("NODE_ENV".to_owned(), "production".to_owned())].into(),
        timeout: None,
    })
}

fn has_ended(status: &TaskRunStatus, ending: TaskEnding) -> bool {
    *status == TaskRunStatus::Finished(ending)
}

#[tokio::test]
async fn a_change_is_made_committed_and_pushed() {
    let site = Site::new();
    let run = site.done(task()).await;
    assert!(
        has_ended(&run.state.status, TaskEnding::Done),
        "{:?}",
        run.state
    );
    assert_eq!(run.state.git, GitStatus::Pushed);
    assert_eq!(run.git.commit_sha, site.at_remote(BRANCH));
    assert_eq!(site.log(BRANCH), ["Analyze Sales Data [Task T-1]", "first"]);
    assert_eq!(
        site.names(),
        [
            "task_run_claimed",
            "task_phase_started",
            "task_phase_ended",
            "task_phase_started",
            "git_branch_created",
            "task_phase_ended",
            "task_phase_skipped",
            "task_phase_started",
            "task_phase_ended",
            "task_phase_started",
            "git_commit_created",
            "task_phase_ended",
            "task_phase_skipped",
            "task_phase_skipped",
            "task_phase_skipped",
            "task_phase_started",
            "git_push_success",
            "task_phase_ended",
            "task_phase_skipped",
            "task_phase_started",
            "task_phase_ended",
            "task_phase_started",
            "task_phase_ended",
            "task_run_finished",
        ]
    );
    let kept = site.store.read(&run.id, 0, 1_000).await.unwrap();
    assert_eq!(*site.events.lock().unwrap(), kept);
    assert_eq!(site.trees(), Vec::<std::path::PathBuf>::new());
    // The second run of the task has a number and a branch of its own.
    site.ask(2, task()).await;
    let second = site.run_with(2, site.services()).await.unwrap().run;
    assert_eq!(second.run_number, 2);
    assert!(site.at_remote("retro/analyze-sales-data/run-2").is_some());
}

#[tokio::test]
async fn a_pull_request_says_what_was_done_without_secrets() {
    let site = Site::with(|name, invocation, _| {
        change(invocation, "made.txt");
        let file = invocation
            .env
            .iter()
            .find(|it| it.0 == "RETRO_TASK_RESULT_FILE")
            .unwrap();
        if name == "execute" {
            std::fs::write(&file.1, "Summary: used hunter2 to look\n").unwrap();
        }
        Ending::Exited(i32::from(name == "build"))
    });
    let mut context = task();
    context.settings.build = build();
    context.settings.pull_request = Switch::On(PullRequestSettings {
        labels: vec!["retro".to_owned(), "unknown".to_owned()],
        title: Some("{spec_name}{title} #{run_number}".to_owned()),
        ..PullRequestSettings::default()
    });
    let run = site.done(context).await;
    assert_eq!(run.state.git, GitStatus::PrOpened);
    let open = site.forge.all_open();
    assert_eq!(run.git.pr_url.as_deref(), Some(open[0].url.as_str()));
    assert_eq!(open[0].title, "Analyze Sales Data #1");
    assert!(open[0].is_draft && open[0].labels == ["retro"], "{open:?}");
    assert!(
        open[0].body.contains("used *** to look"),
        "{}",
        open[0].body
    );
    assert!(open[0].body.contains("**failed**"), "{}", open[0].body);
    let names = site.names();
    assert!(
        names.contains(&"pull_request_opened") && names.contains(&"task_warning"),
        "{names:?}"
    );
    // A forge that refuses does not fail the run.
    let mut context = task();
    context.title = "Not pushed there".to_owned();
    context.settings.pull_request = Switch::On(PullRequestSettings::default());
    site.ask(2, context).await;
    let run = site.run_with(2, site.services()).await.unwrap().run;
    assert!(
        has_ended(&run.state.status, TaskEnding::Done),
        "{:?}",
        run.state
    );
    assert_eq!(run.state.git, GitStatus::Failed);
}

#[tokio::test]
async fn a_task_that_changes_nothing_pushes_nothing() {
    let site = Site::with(|_, _, _| Ending::Exited(0));
    let run = site.done(task()).await;
    assert!(
        has_ended(&run.state.status, TaskEnding::Done),
        "{:?}",
        run.state
    );
    let nothing = Some(&PhaseOutcome::NothingToDo);
    assert_eq!(run.state.outcome(TaskPhase::Commit), nothing);
    assert_eq!(site.branches(), ["main"]);
}

#[tokio::test]
async fn what_an_executor_committed_itself_is_pushed() {
    let site = Site::with(|_, invocation, _| {
        change(invocation, "own.txt");
        let repo = git2_free(&invocation.cwd);
        repo(&["add", "own.txt"]);
        repo(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qm",
            "own",
        ]);
        Ending::Exited(0)
    });
    let run = site.done(task()).await;
    assert!(
        has_ended(&run.state.status, TaskEnding::Done),
        "{:?}",
        run.state
    );
    assert_eq!(site.log(BRANCH), ["own", "first"]);
}

/// Git as an executor would use it.
#[expect(
    clippy::disallowed_methods,
    reason = "an executor is a program of its own"
)]
fn git2_free(folder: &std::path::Path) -> impl Fn(&[&str]) + use<> {
    let folder = folder.to_owned();
    move |words| {
        let mut git = std::process::Command::new("git");
        let done = git.current_dir(&folder).args(words).status().unwrap();
        assert!(done.success(), "{words:?}");
    }
}

#[tokio::test]
async fn a_failed_build_or_test_loses_nothing() {
    let site = Site::with(|name, invocation, _| {
        change(invocation, name);
        assert!(name != "build" || invocation.env.iter().any(|it| it.0 == "NODE_ENV"));
        Ending::Exited(i32::from(name != "execute"))
    });
    let mut context = task();
    context.settings.build = build();
    let suite = Suite::new(
        "unit",
        CommandLine::Argv(vec!["make".into(), "check".into()]),
    );
    context.settings.suites = Switch::On(vec![suite]);
    let run = site.done(context).await;
    assert!(
        has_ended(&run.state.status, TaskEnding::Done),
        "{:?}",
        run.state
    );
    let troubles: Vec<TaskPhase> = run.state.troubles().map(|(phase, _)| phase).collect();
    assert_eq!(troubles, [TaskPhase::Build, TaskPhase::Test]);
    assert_eq!(site.log(BRANCH).len(), 2);
}

#[tokio::test]
async fn what_a_failed_executor_made_is_kept() {
    let site = Site::with(|_, invocation, _| {
        change(invocation, "half.txt");
        Ending::Exited(3)
    });
    let run = site.done(task()).await;
    assert!(
        has_ended(&run.state.status, TaskEnding::Failed),
        "{:?}",
        run.state
    );
    assert_eq!(site.log(BRANCH).len(), 2);
    let PhaseOutcome::Failed(why) = run.state.outcome(TaskPhase::Execute).unwrap() else {
        panic!("{:?}", run.state);
    };
    assert!(why.contains("exit code 3"), "{why}");
}

#[tokio::test]
async fn a_task_with_faults_is_told_all_of_them_and_touches_nothing() {
    let site = Site::new();
    let mut context = task();
    context.task_id = String::new();
    context.title = String::new();
    let run = site.done(context).await;
    assert!(
        has_ended(&run.state.status, TaskEnding::Failed),
        "{:?}",
        run.state
    );
    let PhaseOutcome::Failed(why) = run.state.outcome(TaskPhase::Validate).unwrap() else {
        panic!("{:?}", run.state);
    };
    assert!(why.contains("task_id") && why.contains("title"), "{why}");
    assert_eq!(site.branches(), ["main"]);
}

#[tokio::test]
async fn a_run_that_is_stopped_commits_and_pushes_what_there_is() {
    let both = Arc::new(Barrier::new(2));
    let reached = Arc::clone(&both);
    let site = Site::with(move |_, invocation, cancel| {
        change(invocation, "half.txt");
        reached.wait();
        while !cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ending::Cancelled
    });
    site.ask(1, task()).await;
    let interrupt = site.interrupt.clone();
    let stop = tokio::task::spawn_blocking(move || {
        both.wait();
        interrupt.stop();
    });
    let run = site.run_with(1, site.services()).await.unwrap().run;
    stop.await.unwrap();
    assert!(
        has_ended(&run.state.status, TaskEnding::Interrupted),
        "{:?}",
        run.state
    );
    assert_eq!(site.log(BRANCH).len(), 2);
    let body = site
        .repo
        .git_in(&site.bare, ["log", "-1", "--format=%b", BRANCH]);
    assert!(body.contains("Interrupted"), "{body}");
}

#[tokio::test]
async fn a_run_that_somebody_else_cancels_ends_in_the_same_way() {
    let site = Site::with(|_, invocation, cancel| {
        change(invocation, "half.txt");
        while !cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ending::Cancelled
    });
    site.ask(1, task()).await;
    let store = site.store.clone();
    let cancel = tokio::spawn(async move {
        loop {
            let run = store.task_run(&id(1)).await.unwrap().unwrap();
            if run
                .state
                .in_hand
                .is_some_and(|(phase, _)| phase == TaskPhase::Execute)
            {
                store.apply(&id(1), &TaskRunEvent::Interrupt).await.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let run = site.run_with(1, site.services()).await.unwrap().run;
    cancel.await.unwrap();
    assert!(
        has_ended(&run.state.status, TaskEnding::Interrupted),
        "{:?}",
        run.state
    );
    assert_eq!(site.log(BRANCH).len(), 2);
}

#[tokio::test]
async fn an_approval_is_waited_for() {
    let deadline = Duration::from_secs(100);
    let mut context = task();
    context.settings.approval = Switch::On(ApprovalSettings { deadline });
    let site = Site::new();
    let run = site.done(context.clone()).await;
    assert!(
        matches!(run.state.status, TaskRunStatus::AwaitingApproval(_)),
        "{:?}",
        run.state
    );
    assert_eq!(site.branches(), ["main"]);
    site.store
        .apply(&id(1), &TaskRunEvent::Approve)
        .await
        .unwrap();
    let run = site.run_with(1, site.services()).await.unwrap().run;
    assert!(
        has_ended(&run.state.status, TaskEnding::Done),
        "{:?}",
        run.state
    );
    assert_eq!(site.log(BRANCH).len(), 2);
    // Nobody agrees to the second one.
    site.ask(2, context).await;
    site.run_with(2, site.services()).await.unwrap();
    let no = TaskRunEvent::Deny {
        reason: "no".to_owned(),
    };
    site.store.apply(&id(2), &no).await.unwrap();
    let run = site.run_with(2, site.services()).await.unwrap().run;
    assert!(
        has_ended(&run.state.status, TaskEnding::Refused),
        "{:?}",
        run.state
    );
    assert_eq!(site.branches(), ["main", BRANCH]);
}

#[tokio::test]
async fn a_branch_that_is_somebody_elses_is_left_alone() {
    let site = Site::new();
    site.repo
        .git(["push", "-q", "origin", &format!("main:{BRANCH}")]);
    let theirs = site.at_remote(BRANCH);
    let run = site.done(task()).await;
    assert!(
        has_ended(&run.state.status, TaskEnding::Done),
        "{:?}",
        run.state
    );
    assert_eq!(site.at_remote(BRANCH), theirs);
    assert_eq!(
        run.git.branch_name.unwrap().as_str(),
        "retro/analyze-sales-data/run-2"
    );
}
