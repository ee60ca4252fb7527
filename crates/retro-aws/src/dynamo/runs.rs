//! Runs in DynamoDB.

use std::collections::HashMap;

use retro_domain::{RepoId, RunId, Timestamp};
use retro_store::record::StoredRun;
use retro_store::{RunRecord, RunStatus, StoreError};

use super::expression::Change;
use super::item::{Item, Key, TOKEN, find_number, need_text, number, text};
use super::overflow::INLINE;
use super::run_index::{self, Place, Places};
use super::table::{Table, Wrote};

/// All of a run that never changes.
pub(super) const BODY: &str = "body";
/// Not `status`: the index of jobs is not to have runs.
const STATUS: &str = "run_status";
const FINISHED: &str = "finished_at_ms";

pub(super) fn key(run: &RunId) -> Key {
    Key::new(format!("run#{run}"), "run")
}

fn what(run: &RunId) -> String {
    format!("run {run}")
}

pub(super) fn place(run: &RunRecord) -> Place {
    Place {
        run: run.id.clone(),
        started_at: run.started_at,
    }
}

/// Stores a run: its places first, which say nothing until the run itself is there.
pub(super) async fn create(table: &Table, run: &RunRecord) -> Result<(), StoreError> {
    let what = what(&run.id);
    let key = key(&run.id);
    let exists = || StoreError::conflict(&what, "no such run", "a run of this id");
    if table.get(&key, "reading a run").await?.is_some() {
        return Err(exists());
    }
    let text_of_run = StoredRun::encode(run)?;
    let body = table
        .overflow
        .keep(BODY, text_of_run, INLINE, &format!("runs/{}", run.id))
        .await?;
    for key in run_index::keys(&run.repo, &place(run)) {
        let mut item = key.item();
        item.insert(TOKEN.to_owned(), text(table.writer.token()));
        // A place that exists is that of the same run.
        table.put_new(item, "storing a run").await?;
    }
    let mut item = key.item();
    item.extend(body);
    item.insert(STATUS.to_owned(), text(run.status.name()));
    if let Some(at) = run.finished_at {
        item.insert(FINISHED.to_owned(), number(at.unix_millis()));
    }
    item.insert(TOKEN.to_owned(), text(table.writer.token()));
    match table.put_new(item, "storing a run").await? {
        Wrote::Yes => Ok(()),
        Wrote::No => Err(exists()),
    }
}

/// Changes a run's status from the one that is expected.
pub(super) async fn set_status(
    table: &Table,
    run: &RunId,
    from: RunStatus,
    to: RunStatus,
    at: Timestamp,
) -> Result<(), StoreError> {
    let key = key(run);
    let mut change = Change::default();
    change.expect(STATUS, text(from.name()));
    change.set(STATUS, text(to.name()));
    if to == RunStatus::Running {
        change.remove(FINISHED);
    } else {
        change.set(FINISHED, number(at.unix_millis()));
    }
    if let Wrote::Yes = table.update(&key, change, "changing a run").await? {
        return Ok(());
    }
    let what = what(run);
    match table.get(&key, "reading a run").await? {
        None => Err(StoreError::not_found(what)),
        Some(item) => {
            let found = need_text(&item, STATUS, &what)?;
            Err(StoreError::conflict(what.as_str(), from.name(), found))
        }
    }
}

/// The run with this id.
pub(super) async fn find(table: &Table, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
    match table.get(&key(run), "reading a run").await? {
        None => Ok(None),
        Some(item) => read(table, run, &item).await.map(Some),
    }
}

/// The newest runs of a repository or of all.
pub(super) async fn list(
    table: &Table,
    repo: Option<&RepoId>,
    limit: usize,
) -> Result<Vec<RunRecord>, StoreError> {
    let mut runs = Vec::new();
    if limit == 0 {
        return Ok(runs);
    }
    let mut places = Places::new(table, repo);
    while let Some(page) = places.next().await? {
        let mut items = items_of(table, &page).await?;
        for place in page {
            let Some(item) = items.remove(&place.run) else {
                continue;
            };
            let run = read(table, &place.run, &item).await?;
            // A place of a run that was never stored may lie beside that of another of its id.
            if self::place(&run) == place && repo.is_none_or(|repo| run.repo == *repo) {
                runs.push(run);
            }
            if runs.len() == limit {
                return Ok(runs);
            }
        }
    }
    Ok(runs)
}

/// The items of the runs that exist.
pub(super) async fn items_of(
    table: &Table,
    places: &[Place],
) -> Result<HashMap<RunId, Item>, StoreError> {
    let by_key: HashMap<Key, &RunId> = places
        .iter()
        .map(|place| (key(&place.run), &place.run))
        .collect();
    let keys: Vec<Key> = by_key.keys().cloned().collect();
    let mut items = HashMap::new();
    for item in table.get_many(&keys, &[], "reading runs").await? {
        if let Some(run) = by_key.get(&Key::of(&item)?) {
            items.insert((*run).clone(), item);
        }
    }
    Ok(items)
}

/// The run of an item.
pub(super) async fn read(table: &Table, run: &RunId, item: &Item) -> Result<RunRecord, StoreError> {
    let what = what(run);
    let status = need_text(item, STATUS, &what)?;
    let status = RunStatus::from_name(status)
        .ok_or_else(|| StoreError::corrupt(&what, format!("its status is {status:?}")))?;
    let finished = find_number(item, FINISHED, &what)?.map(Timestamp::from_unix_millis);
    let body = table.overflow.find(item, BODY).await?;
    let body = body.ok_or_else(|| StoreError::corrupt(&what, "it has no body"))?;
    StoredRun::decode(&body, run.clone(), status, finished)
}
