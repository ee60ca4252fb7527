//! Checks of task runs apart from their leases.

use std::collections::BTreeSet;
use std::sync::Arc;

use retro_domain::{
    EffectId, EffectKind, EffectRecord, Epoch, GitFacts, RunId, Switch, TaskEvent, TaskEventKind,
    TaskPlace, TaskPlan, TaskRun, TaskRunState, TaskSettings,
};

use super::samples::{at, repo};
use super::task_samples::{
    claim_task, finish_task_run, full_task, git_facts, new_task_run, task_run_id,
};
use super::{at_once, is_backend, is_conflict, is_not_found, refused};
use crate::{NewTaskRun, StoreError, TaskEventLog, TaskJournal, TaskRunFilter, TaskRunStore};

type Store = Arc<dyn TaskRunStore>;
/// Removing runs removes what the others have of them.
type Stores = (Store, Arc<dyn TaskJournal>, Arc<dyn TaskEventLog>);

async fn create(store: &Store, name: &str, task_id: &str, number: u32) -> TaskRun {
    let run = new_task_run(name, task_id, number);
    store.create_task_run(&run).await.unwrap()
}

async fn ids(store: &Store, filter: &TaskRunFilter, limit: usize) -> Vec<RunId> {
    let runs = store.task_runs(filter, limit).await.unwrap();
    runs.into_iter().map(|run| run.id).collect()
}

fn numbered<const N: usize>(numbers: [u32; N]) -> [RunId; N] {
    numbers.map(task_run_id)
}

/// And nothing else is known of it.
pub async fn a_new_run_waits_with_number_one((store, ..): Stores) {
    let asked = new_task_run("tool", "T-1", 1);
    let expected = TaskRun {
        id: asked.id.clone(),
        repo: asked.repo.clone(),
        run_number: 1,
        created_at: asked.created_at,
        context: asked.context.clone(),
        state: TaskRunState::new(TaskPlan::of(&asked.context.settings)),
        git: GitFacts::default(),
    };
    assert_eq!(store.task_run(&asked.id).await.unwrap(), None);
    assert_eq!(store.create_task_run(&asked).await.unwrap(), expected);
    assert_eq!(store.task_run(&asked.id).await.unwrap(), Some(expected));
    assert_eq!(store.task_run(&task_run_id(2)).await.unwrap(), None);
}

/// On, off and not said.
pub async fn a_task_is_read_back_with_every_setting((store, ..): Stores) {
    let off = TaskSettings {
        build: Switch::Off,
        suites: Switch::Off,
        deploy: Switch::Off,
        push: Switch::Off,
        pull_request: Switch::Off,
        approval: Switch::Off,
        ..TaskSettings::default()
    };
    for (number, settings) in [
        (1, None),
        (2, Some(off)),
        (3, Some(TaskSettings::default())),
    ] {
        let mut asked = new_task_run("tool", "T-1", number);
        asked.context = full_task("T-1");
        if let Some(settings) = settings {
            asked.context.settings = settings;
        }
        let plan = TaskPlan::of(&asked.context.settings);
        let made = store.create_task_run(&asked).await.unwrap();
        assert_eq!((&made.context, made.state.plan), (&asked.context, plan));
        let read = store.task_run(&asked.id).await.unwrap();
        assert_eq!(read, Some(made));
    }
}

/// A store looks nothing up.
pub async fn what_stands_for_a_secret_stays_what_it_is((store, ..): Stores) {
    let mut asked = new_task_run("tool", "T-1", 1);
    asked.context = full_task("T-1");
    let texts = ["$HOME", "${HOME}", "{env:HOME}", "env:HOME", "secret:token"];
    if let Some(executor) = &mut asked.context.settings.executor {
        let entries = texts.map(|text| (format!("NAME {text}"), text.to_owned()));
        executor.env.extend(entries);
    }
    store.create_task_run(&asked).await.unwrap();
    let read = store.task_run(&asked.id).await.unwrap();
    assert_eq!(read.map(|run| run.context), Some(asked.context));
}

/// It would be stored; and the error does not show it.
pub async fn an_address_with_a_password_is_refused((store, ..): Stores) {
    for url in [
        "https://me:hush@example.com/o/r",
        "https://hush@example.com/o/r",
    ] {
        let mut asked = new_task_run("tool", "T-1", 1);
        asked.context.place = Some(TaskPlace::Repository(url.to_owned()));
        let is_silent = |error: &StoreError| !error.to_string().contains("hush");
        refused(store.create_task_run(&asked).await, |error| {
            is_backend(error) && is_silent(error)
        });
        assert_eq!(store.task_run(&asked.id).await.unwrap(), None);
    }
    let made = create(&store, "tool", "T-1", 1).await;
    assert_eq!(made.run_number, 1, "a refused run takes no number");
}

/// Each with numbers of its own.
pub async fn numbers_count_the_runs_of_a_task_in_a_repository((store, ..): Stores) {
    let asked = [
        ("tool", "T-1", 1),
        ("tool", "T-1", 2),
        ("tool", "T-2", 1),
        ("other", "T-1", 1),
        ("tool", "t-1", 1),
        ("tool", "", 1),
        ("tool", "T-1", 3),
        ("other", "T-1", 2),
    ];
    for (number, (name, task_id, expected)) in (1..).zip(asked) {
        let made = create(&store, name, task_id, number).await;
        assert_eq!(made.run_number, expected, "{name} {task_id}");
    }
}

/// Even when it has changed since, and the task is worded in another way.
pub async fn asking_again_returns_what_is_there((store, ..): Stores) {
    let mut asked = new_task_run("tool", "T-1", 1);
    let first = store.create_task_run(&asked).await.unwrap();
    assert_eq!(store.create_task_run(&asked).await.unwrap(), first);
    store.apply(&first.id, &claim_task("a", 0)).await.unwrap();
    let claimed = store.task_run(&first.id).await.unwrap().expect("it exists");
    asked.created_at = at(9);
    asked.context.title = "Another title".to_owned();
    assert_eq!(store.create_task_run(&asked).await.unwrap(), claimed);
    assert_eq!(create(&store, "tool", "T-1", 2).await.run_number, 2);
}

/// The first one stays.
pub async fn another_run_of_an_id_is_a_conflict((store, ..): Stores) {
    let first = create(&store, "tool", "T-1", 1).await;
    let same = new_task_run("tool", "T-1", 1);
    let place = Some(TaskPlace::Slot("/slots/2".to_owned()));
    let changes: [&dyn Fn(&mut NewTaskRun); 3] = [
        &|run| run.repo = repo("other"),
        &|run| run.context.task_id = "T-2".to_owned(),
        &|run| run.context.place.clone_from(&place),
    ];
    for change in changes {
        let mut other = same.clone();
        change(&mut other);
        refused(store.create_task_run(&other).await, is_conflict);
    }
    assert_eq!(store.task_run(&first.id).await.unwrap(), Some(first));
    assert_eq!(create(&store, "tool", "T-1", 2).await.run_number, 2);
    assert_eq!(create(&store, "tool", "T-2", 3).await.run_number, 1);
}

/// No two have one, and there is no gap.
pub async fn of_many_runs_at_once_each_has_its_number((store, ..): Stores) {
    let numbers = at_once(8, |index| {
        let store = Arc::clone(&store);
        async move {
            let number = u32::try_from(index).expect("small") + 1;
            create(&store, "tool", "T-1", number).await.run_number
        }
    })
    .await;
    let numbers: BTreeSet<u32> = numbers.into_iter().collect();
    assert_eq!(numbers, (1..=8).collect());
}

/// Everybody sees the same.
pub async fn of_many_tries_of_one_run_one_is_made((store, ..): Stores) {
    let runs = at_once(8, |_| {
        let store = Arc::clone(&store);
        async move { create(&store, "tool", "T-1", 1).await }
    })
    .await;
    assert!(runs.iter().all(|run| *run == runs[0]), "{runs:?}");
    assert_eq!(create(&store, "tool", "T-1", 2).await.run_number, 2);
}

/// All, of a repository, of a task, of both; by id when they were asked for together.
pub async fn runs_are_listed_newest_first((store, ..): Stores) {
    create(&store, "tool", "T-1", 3).await;
    create(&store, "tool", "T-2", 1).await;
    create(&store, "other", "T-1", 2).await;
    let mut twin = new_task_run("tool", "T-1", 4);
    twin.created_at = at(3);
    store.create_task_run(&twin).await.unwrap();
    let filter = |name: Option<&str>, task_id: Option<&str>| TaskRunFilter {
        repo: name.map(repo),
        task_id: task_id.map(str::to_owned),
        branch: None,
    };
    let list = async |name, task_id, limit| ids(&store, &filter(name, task_id), limit).await;
    assert_eq!(list(None, None, 10).await, numbered([4, 3, 2, 1]));
    assert_eq!(list(None, None, 2).await, numbered([4, 3]));
    assert_eq!(list(None, None, usize::MAX).await.len(), 4);
    assert_eq!(list(Some("tool"), None, 10).await, numbered([4, 3, 1]));
    assert_eq!(list(Some("tool"), None, 0).await, numbered([]));
    assert_eq!(list(Some("absent"), None, 9).await, numbered([]));
    assert_eq!(list(None, Some("T-1"), 10).await, numbered([4, 3, 2]));
    assert_eq!(list(None, Some("T-1"), 1).await, numbered([4]));
    assert_eq!(list(None, Some("T-9"), 10).await, numbered([]));
    assert_eq!(list(Some("tool"), Some("T-1"), 10).await, numbered([4, 3]));
    assert_eq!(list(Some("other"), Some("T-2"), 10).await, numbered([]));
    let whole = store.task_runs(&filter(Some("other"), None), 1).await;
    assert_eq!(
        whole.unwrap().first(),
        store.task_run(&task_run_id(2)).await.unwrap().as_ref()
    );
}

/// Once they have one, and no longer when they have another.
pub async fn runs_are_found_by_their_branch((store, ..): Stores) {
    let runs = [("tool", "T-1", 1), ("tool", "T-2", 2), ("other", "T-1", 3)];
    for (name, task_id, number) in runs {
        let id = create(&store, name, task_id, number).await.id;
        store.apply(&id, &claim_task("a", 0)).await.unwrap();
    }
    let filter = |name: Option<&str>, number: u64| TaskRunFilter {
        repo: name.map(repo),
        task_id: None,
        branch: git_facts(number).branch_name,
    };
    let find = async |name, number| ids(&store, &filter(name, number), 10).await;
    let set = async |run: u32, number| {
        let facts = git_facts(number);
        let set = store.set_git(&task_run_id(run), Epoch(1), &facts).await;
        set.unwrap();
    };
    assert_eq!(find(None, 7).await, numbered([]));
    for run in 1..=3 {
        set(run, 7).await;
    }
    assert_eq!(find(None, 7).await, numbered([3, 2, 1]));
    assert_eq!(find(Some("tool"), 7).await, numbered([2, 1]));
    let mut of_task = filter(None, 7);
    of_task.task_id = Some("T-1".to_owned());
    assert_eq!(ids(&store, &of_task, 10).await, numbered([3, 1]));
    set(2, 8).await;
    assert_eq!(find(None, 7).await, numbered([3, 1]));
    assert_eq!(find(None, 8).await, numbered([2]));
    let none = GitFacts::default();
    let id = task_run_id(1);
    store.set_git(&id, Epoch(1), &none).await.unwrap();
    assert_eq!(find(None, 7).await, numbered([3]));
    let read = store.task_run(&id).await.unwrap().expect("it exists");
    assert_eq!(read.git, none);
}

/// With everything there is to say.
pub async fn where_a_change_is_is_said_by_the_holder_alone((store, ..): Stores) {
    let (id, facts, other) = (task_run_id(1), git_facts(1), git_facts(4));
    let illegal = |error: &StoreError| matches!(error, StoreError::TaskTransition(_));
    let set = |epoch, facts| store.set_git(&id, Epoch(epoch), facts);
    refused(set(1, &facts).await, is_not_found);
    create(&store, "tool", "T-1", 1).await;
    refused(set(0, &facts).await, illegal);
    store.apply(&id, &claim_task("a", 0)).await.unwrap();
    set(1, &facts).await.unwrap();
    store.apply(&id, &claim_task("b", 60)).await.unwrap();
    for epoch in [0, 1, 3] {
        refused(set(epoch, &other).await, illegal);
    }
    let read = async || store.task_run(&id).await.unwrap().expect("it exists").git;
    assert_eq!(read().await, facts);
    set(2, &other).await.unwrap();
    assert_eq!(read().await, other);
}

/// However old they are.
pub async fn pruning_keeps_the_newest_runs_of_each_task((store, ..): Stores) {
    let runs = [
        ("tool", "T-1"),
        ("tool", "T-1"),
        ("tool", "T-1"),
        ("tool", "T-2"),
        ("other", "T-1"),
        ("tool", "T-1"),
    ];
    for (number, (name, task_id)) in (1..).zip(runs) {
        let run = create(&store, name, task_id, number).await;
        finish_task_run(&*store, &run.id).await;
    }
    let left = async || ids(&store, &TaskRunFilter::default(), 10).await;
    assert_eq!(store.prune_task_runs(at(1), 0).await.unwrap(), 0);
    assert_eq!(store.prune_task_runs(at(6), 2).await.unwrap(), 2);
    assert_eq!(left().await, numbered([6, 5, 4, 3]));
    assert_eq!(store.prune_task_runs(at(6), 0).await.unwrap(), 3);
    assert_eq!(left().await, numbered([6]));
    assert_eq!(store.prune_task_runs(at(9), 0).await.unwrap(), 1);
    assert_eq!(left().await, numbered([]));
}

/// Whoever has them, and however old they are.
pub async fn pruning_spares_runs_that_are_not_over((store, ..): Stores) {
    for number in 1..=3 {
        create(&store, "tool", "T-1", number).await;
    }
    let claimed = task_run_id(2);
    store.apply(&claimed, &claim_task("a", 0)).await.unwrap();
    finish_task_run(&*store, &task_run_id(3)).await;
    assert_eq!(store.prune_task_runs(at(9), 0).await.unwrap(), 1);
    let left = ids(&store, &TaskRunFilter::default(), 10).await;
    assert_eq!(left, numbered([2, 1]));
}

/// Of the removed runs alone.
pub async fn pruning_takes_effects_and_events((store, journal, log): Stores) {
    for number in 1..=2 {
        let run = create(&store, "tool", "T-1", number).await.id;
        finish_task_run(&*store, &run).await;
        let id = EffectId {
            run: run.clone(),
            kind: EffectKind::Push,
            ordinal: 1,
        };
        let effect = EffectRecord::intended(id, "x");
        journal.intend(&effect, Epoch(1)).await.unwrap();
        let event = TaskEvent {
            run,
            seq: 1,
            at: at(1),
            kind: TaskEventKind::Warning {
                message: "x".to_owned(),
            },
        };
        log.append(&[event]).await.unwrap();
    }
    assert_eq!(store.prune_task_runs(at(9), 1).await.unwrap(), 1);
    for (number, left) in [(1, 0), (2, 1)] {
        let run = task_run_id(number);
        assert_eq!(journal.effects(&run).await.unwrap().len(), left);
        assert_eq!(log.read(&run, 0, 9).await.unwrap().len(), left);
    }
}

/// The branch of a removed run may be there still.
pub async fn no_number_comes_back((store, ..): Stores) {
    for number in 1..=3 {
        let made = create(&store, "tool", "T-1", number).await;
        assert_eq!(made.run_number, number);
        finish_task_run(&*store, &made.id).await;
        assert_eq!(store.prune_task_runs(at(9), 0).await.unwrap(), 1);
    }
}
