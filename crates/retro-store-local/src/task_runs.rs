//! Runs of tasks in SQLite.

use std::collections::HashMap;

use retro_domain::{
    Epoch, GitFacts, RunId, TaskRun, TaskRunEvent, TaskRunState, Timestamp, transition_task,
};
use retro_store::record::{StoredGitFacts, StoredTaskContext, StoredTaskState};
use retro_store::task_run_rules::{check_epoch, due_at, next_run_number, no_run};
use retro_store::{NewTaskRun, StoreError, TaskRunFilter};
use rusqlite::{OptionalExtension as _, Row, ToSql, Transaction};

use crate::database::{Database, ensure_repo, find_repo};
use crate::fault::{Fault, damaged};
use crate::result_row::Repos;

const COLUMNS: &str = "id, repo, number, created_at, context, state, git";
const UNFINISHED: &str = "
    SELECT id, repo, number, created_at, context, state, git FROM task_run
    WHERE due_at <= ?2 ORDER BY created_at, id LIMIT ?1";

pub(crate) fn create(database: &Database, run: &NewTaskRun) -> Result<TaskRun, StoreError> {
    let context = StoredTaskContext::encode(&run.context)?;
    database.write("storing a task run", |tx| {
        if let Some(stored) = find_in(tx, &run.id)? {
            run.check_same(&stored)?;
            return Ok(stored);
        }
        let repo = ensure_repo(tx, &run.repo)?;
        let task_id = run.context.task_id.as_str();
        let number = next_number(tx, repo, task_id)?;
        let stored = run.numbered(number)?;
        tx.prepare_cached(
            "INSERT INTO task_run (id, repo, task_id, number, created_at, due_at, context, state, git)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            run.id.as_str(),
            repo,
            task_id,
            number,
            run.created_at.unix_millis(),
            due_at(&stored.state.status).map(Timestamp::unix_millis),
            &context,
            StoredTaskState::encode(&stored.state)?,
            StoredGitFacts::encode(&stored.git)?,
        ))?;
        // As every later reader sees it.
        Ok(TaskRun {
            context: StoredTaskContext::decode(&context, &run.id)?,
            ..stored
        })
    })
}

/// Takes the next number of a task.
fn next_number(tx: &Transaction<'_>, repo: i64, task_id: &str) -> Result<u32, Fault> {
    let given: Option<u32> = tx
        .prepare_cached("SELECT runs FROM task WHERE repo = ?1 AND task_id = ?2")?
        .query_row((repo, task_id), |row| row.get(0))
        .optional()?;
    let number = next_run_number(given.unwrap_or_default())?;
    tx.prepare_cached(
        "INSERT INTO task (repo, task_id, runs) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET runs = excluded.runs",
    )?
    .execute((repo, task_id, number))?;
    Ok(number)
}

pub(crate) fn find(database: &Database, run: &RunId) -> Result<Option<TaskRun>, StoreError> {
    database.read("reading a task run", |tx| find_in(tx, run))
}

fn find_in(tx: &Transaction<'_>, run: &RunId) -> Result<Option<TaskRun>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM task_run WHERE id = ?1");
    Ok(read_runs(tx, &sql, &[&run.as_str()])?.pop())
}

pub(crate) fn list(
    database: &Database,
    filter: &TaskRunFilter,
    limit: usize,
) -> Result<Vec<TaskRun>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    database.read("listing task runs", |tx| {
        let repo = match &filter.repo {
            Some(repo) => match find_repo(tx, repo)? {
                Some(repo) => Some(repo),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let branch = filter.branch.as_ref().map(|branch| branch.as_str());
        let mut parameters: Vec<&dyn ToSql> = vec![&limit];
        if let Some(repo) = &repo {
            parameters.push(repo);
        }
        if let Some(task_id) = &filter.task_id {
            parameters.push(task_id);
        }
        if let Some(branch) = &branch {
            parameters.push(branch);
        }
        read_runs(tx, &listing(filter), &parameters)
    })
}

/// The query for the runs that are meant: its first parameter is how many at most, the others are
/// what the filter says, in its order.
fn listing(filter: &TaskRunFilter) -> String {
    let said = [
        (filter.repo.is_some(), "repo"),
        (filter.task_id.is_some(), "task_id"),
        (filter.branch.is_some(), "branch"),
    ];
    let columns = said.iter().filter(|(is_said, _)| *is_said);
    let tests: Vec<String> = (2..)
        .zip(columns)
        .map(|(place, (_, column))| format!("{column} = ?{place}"))
        .collect();
    let filter = match tests.as_slice() {
        [] => String::new(),
        tests => format!("WHERE {} ", tests.join(" AND ")),
    };
    format!("SELECT {COLUMNS} FROM task_run {filter}ORDER BY created_at DESC, id DESC LIMIT ?1")
}

pub(crate) fn unfinished(
    database: &Database,
    due: Option<Timestamp>,
    limit: usize,
) -> Result<Vec<TaskRun>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due = due.map_or(i64::MAX, Timestamp::unix_millis);
    database.read("listing task runs that are not over", |tx| {
        read_runs(tx, UNFINISHED, &[&limit, &due])
    })
}

pub(crate) fn apply(
    database: &Database,
    run: &RunId,
    event: &TaskRunEvent,
) -> Result<TaskRunState, StoreError> {
    database.write("changing a task run", |tx| {
        let state = state_of(tx, run)?;
        let next = transition_task(&state, event).map_err(StoreError::from)?;
        tx.prepare_cached("UPDATE task_run SET state = ?2, due_at = ?3 WHERE id = ?1")?
            .execute((
                run.as_str(),
                StoredTaskState::encode(&next)?,
                due_at(&next.status).map(Timestamp::unix_millis),
            ))?;
        Ok(next)
    })
}

pub(crate) fn set_git(
    database: &Database,
    run: &RunId,
    epoch: Epoch,
    git: &GitFacts,
) -> Result<(), StoreError> {
    let text = StoredGitFacts::encode(git)?;
    database.write("storing where a change is", |tx| {
        check_holder(tx, run, epoch)?;
        let branch = git.branch_name.as_ref().map(|branch| branch.as_str());
        tx.prepare_cached("UPDATE task_run SET git = ?2, branch = ?3 WHERE id = ?1")?
            .execute((run.as_str(), text, branch))?;
        Ok(())
    })
}

/// Checks that a caller with this epoch made the latest claim of a run.
pub(crate) fn check_holder(tx: &Transaction<'_>, run: &RunId, epoch: Epoch) -> Result<(), Fault> {
    Ok(check_epoch(&state_of(tx, run)?, epoch)?)
}

fn state_of(tx: &Transaction<'_>, run: &RunId) -> Result<TaskRunState, Fault> {
    let text: Option<String> = tx
        .prepare_cached("SELECT state FROM task_run WHERE id = ?1")?
        .query_row([run.as_str()], |row| row.get(0))
        .optional()?;
    let text = text.ok_or_else(|| no_run(run))?;
    Ok(StoredTaskState::decode(&text, run)?)
}

/// Removes old runs that are over, with their effects and events.
pub(crate) fn prune(
    database: &Database,
    before: Timestamp,
    keep_newest: usize,
) -> Result<u64, StoreError> {
    database.write("removing task runs", |tx| {
        let doomed = too_old(tx, before, keep_newest)?;
        for run in &doomed {
            for table in ["task_event", "effect"] {
                tx.prepare_cached(&format!("DELETE FROM {table} WHERE run = ?1"))?
                    .execute([run])?;
            }
            tx.prepare_cached("DELETE FROM task_run WHERE id = ?1")?
                .execute([run])?;
        }
        Ok(doomed.len() as u64)
    })
}

fn too_old(
    tx: &Transaction<'_>,
    before: Timestamp,
    keep_newest: usize,
) -> Result<Vec<String>, Fault> {
    let mut select = tx.prepare_cached(
        "SELECT id, repo, task_id, created_at, due_at IS NULL FROM task_run
         ORDER BY created_at DESC, id DESC",
    )?;
    let mut rows = select.query([])?;
    let mut seen: HashMap<(i64, String), usize> = HashMap::new();
    let mut doomed = Vec::new();
    while let Some(row) = rows.next()? {
        let rank = seen.entry((row.get(1)?, row.get(2)?)).or_default();
        *rank += 1;
        let (created_at, is_over): (i64, bool) = (row.get(3)?, row.get(4)?);
        if is_over && *rank > keep_newest && created_at < before.unix_millis() {
            doomed.push(row.get(0)?);
        }
    }
    Ok(doomed)
}

fn read_runs(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<TaskRun>, Fault> {
    let mut select = tx.prepare_cached(sql)?;
    let mut rows = select.query(parameters)?;
    let mut repos = Repos::default();
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(read_run(tx, row, &mut repos)?);
    }
    Ok(runs)
}

fn read_run(tx: &Transaction<'_>, row: &Row<'_>, repos: &mut Repos) -> Result<TaskRun, Fault> {
    let text = |column| -> Result<&str, Fault> {
        Ok(row
            .get_ref(column)?
            .as_str()
            .map_err(rusqlite::Error::from)?)
    };
    let id: RunId = text(0)?
        .parse()
        .map_err(|error| damaged("a task run", format!("{error}")))?;
    Ok(TaskRun {
        repo: repos.get(tx, row.get(1)?)?,
        run_number: row.get(2)?,
        created_at: Timestamp::from_unix_millis(row.get(3)?),
        context: StoredTaskContext::decode(text(4)?, &id)?,
        state: StoredTaskState::decode(text(5)?, &id)?,
        git: StoredGitFacts::decode(text(6)?, &id)?,
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use retro_store::contract::samples::repo;
    use rusqlite::Connection;

    /// How SQLite answers a query.
    fn plan(sql: &str) -> String {
        let mut database = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut database).unwrap();
        let mut explain = database
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let count = explain.parameter_count();
        let steps = explain.query_map(rusqlite::params_from_iter(vec![1; count]), |row| row.get(3));
        let steps: Result<Vec<String>, _> = steps.unwrap().collect();
        steps.unwrap().join("; ")
    }

    #[test]
    fn every_listing_goes_through_an_index() {
        let check = |filter: &TaskRunFilter, index: &str| {
            let plan = plan(&listing(filter));
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        };
        let all = TaskRunFilter::default();
        check(&all, "task_run_by_creation");
        let mut filter = all.clone();
        filter.repo = Some(repo("tool"));
        check(&filter, "task_run_by_repo");
        let mut filter = all.clone();
        filter.task_id = Some("T-1".to_owned());
        check(&filter, "task_run_by_task");
        let mut filter = all.clone();
        filter.branch = Some("x".parse().unwrap());
        check(&filter, "task_run_by_branch");
        let unfinished = plan(UNFINISHED);
        assert!(unfinished.contains("task_run_unfinished"), "{unfinished}");
    }
}
