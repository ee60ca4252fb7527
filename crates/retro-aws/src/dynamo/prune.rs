//! Removing runs and what belongs to them alone.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use retro_domain::{CommitJob, RepoId, Timestamp};
use retro_store::StoreError;

use super::item::{Item, Key, PARTITION, SORT, text};
use super::job_item::{self, STATUS};
use super::run_index::{self, Place, Places};
use super::runs::{self, BODY};
use super::table::Table;
use super::{events, overflow};
use crate::fault;

/// Removes runs that started before `before` and are not among the newest `keep_newest` of their
/// repository, with their events, and ended jobs that no remaining run has. Reads all jobs.
pub(super) async fn prune(
    table: &Table,
    before: Timestamp,
    keep_newest: usize,
) -> Result<u64, StoreError> {
    let mut seen: HashMap<RepoId, usize> = HashMap::new();
    let mut wanted: HashSet<CommitJob> = HashSet::new();
    let mut removed = 0;
    let mut places = Places::new(table, None);
    while let Some(page) = places.next().await? {
        let mut items = runs::items_of(table, &page).await?;
        for place in page {
            let Some(item) = items.remove(&place.run) else {
                // What is left of a run that was never stored whole, or not removed whole; a
                // younger one may be about to be stored.
                if place.started_at < before {
                    let key = run_index::key_among_all(&place);
                    table.delete(&key, "removing a run").await?;
                }
                continue;
            };
            let run = runs::read(table, &place.run, &item).await?;
            if runs::place(&run) != place {
                continue;
            }
            let rank = seen.entry(run.repo.clone()).or_default();
            *rank += 1;
            if *rank > keep_newest && run.started_at < before {
                remove_run(table, &run.repo, &place, &item).await?;
                removed += 1;
            } else {
                wanted.extend(run.commits.iter().map(|commit| CommitJob {
                    repo: run.repo.clone(),
                    commit: commit.commit,
                    suite: commit.suite,
                }));
            }
        }
    }
    remove_jobs(table, &wanted).await?;
    Ok(removed)
}

/// The run itself first: what is left of a removal that was cut short is seen by nobody.
async fn remove_run(
    table: &Table,
    repo: &RepoId,
    place: &Place,
    item: &Item,
) -> Result<(), StoreError> {
    let what = "removing a run";
    table.delete(&runs::key(&place.run), what).await?;
    table
        .overflow
        .forget(std::slice::from_ref(item), BODY)
        .await?;
    events::remove(table, &place.run).await?;
    let [all, of_repo] = run_index::keys(repo, place);
    table.delete(&of_repo, what).await?;
    table.delete(&all, what).await
}

/// Removes ended jobs that nobody wants.
async fn remove_jobs(table: &Table, wanted: &HashSet<CommitJob>) -> Result<(), StoreError> {
    let mut start: Option<HashMap<String, AttributeValue>> = None;
    loop {
        let page = table
            .client
            .scan()
            .table_name(&*table.name)
            .consistent_read(true)
            .filter_expression("#status IN (:complete, :failed)")
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_values(":complete", text("COMPLETE"))
            .expression_attribute_values(":failed", text("FAILED"))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, table.doing("listing jobs")))?;
        for item in page.items() {
            let key = Key::of(item)?;
            if !wanted.contains(&job_item::job(&key)?) {
                remove_job(table, &key, item).await?;
            }
        }
        match page.last_evaluated_key {
            Some(last) => start = Some(last),
            None => return Ok(()),
        }
    }
}

/// Removes a job unless it was asked for again meanwhile.
async fn remove_job(table: &Table, key: &Key, item: &Item) -> Result<(), StoreError> {
    let status = item.get(STATUS).cloned().unwrap_or_else(|| text(""));
    let answer = table
        .client
        .delete_item()
        .table_name(&*table.name)
        .key(PARTITION, text(&key.partition))
        .key(SORT, text(&key.sort))
        .condition_expression("#status = :status")
        .expression_attribute_names("#status", STATUS)
        .expression_attribute_values(":status", status)
        .send()
        .await;
    let refused = |error: &aws_sdk_dynamodb::operation::delete_item::DeleteItemError| {
        error.is_conditional_check_failed_exception()
    };
    match answer {
        Err(error) if error.as_service_error().is_some_and(refused) => Ok(()),
        Err(error) => Err(fault::from_sdk(&error, table.doing("removing a job"))),
        Ok(_) => {
            let items = std::slice::from_ref(item);
            for attribute in ["verdict", job_item::ERROR] {
                if item.contains_key(&overflow::object(attribute)) {
                    table.overflow.forget(items, attribute).await?;
                }
            }
            Ok(())
        }
    }
}
