//! Calls on the table.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValuesOnConditionCheckFailure,
};
use retro_domain::Clock;
use retro_store::StoreError;

use super::expression::Change;
use super::item::{Item, Key, PARTITION, SORT, TOKEN, find_text, text};
use super::overflow::Overflow;
use crate::fault::{self, Doing};
use crate::pace::Pace;
use crate::s3::S3Objects;
use crate::writer::Writer;

/// How many items one request reads.
const READ_BATCH: usize = 100;

/// The table and what goes with it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: Arc<str>,
    place: Arc<str>,
    pub(super) overflow: Overflow,
    pub(super) writer: Writer,
    pub(super) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How a conditional write ended.
pub(super) enum Wrote {
    Yes,
    /// The condition did not hold; nothing was written.
    No,
}

impl Table {
    pub(super) fn new(
        client: Client,
        name: &str,
        objects: S3Objects,
        writer: Writer,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client,
            name: name.into(),
            place: format!("the table {name}").into(),
            overflow: Overflow::new(objects),
            writer,
            clock,
        }
    }

    pub(super) fn doing<'a>(&'a self, what: &'a str) -> Doing<'a> {
        Doing {
            what,
            place: &self.place,
        }
    }

    /// One item, as of now.
    pub(super) async fn get(&self, key: &Key, what: &str) -> Result<Option<Item>, StoreError> {
        self.client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(key.item()))
            .consistent_read(true)
            .send()
            .await
            .map(|answer| answer.item)
            .map_err(|error| fault::from_sdk(&error, self.doing(what)))
    }

    /// The items of these keys that exist, as of now, in any order. The keys must differ.
    pub(super) async fn get_many(
        &self,
        keys: &[Key],
        attributes: &[&str],
        what: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for batch in keys.chunks(READ_BATCH) {
            let mut left: Vec<Item> = batch.iter().map(Key::item).collect();
            let mut pace = Pace::new(12);
            while !left.is_empty() {
                let answer = self
                    .client
                    .batch_get_item()
                    .request_items(&*self.name, wanted(left, attributes)?)
                    .send()
                    .await
                    .map_err(|error| fault::from_sdk(&error, self.doing(what)))?;
                for items in answer.responses.unwrap_or_default().into_values() {
                    found.extend(items);
                }
                // What the table had no room for now is asked for again.
                left = answer
                    .unprocessed_keys
                    .unwrap_or_default()
                    .remove(&*self.name)
                    .map(|rest| rest.keys)
                    .unwrap_or_default();
                if !left.is_empty() && !pace.wait().await {
                    return Err(StoreError::Unavailable {
                        why: format!("{what} in {}: it is busy", self.place),
                    });
                }
            }
        }
        Ok(found)
    }

    /// Writes a new item, which must carry the token of this write.
    pub(super) async fn put_new(&self, item: Item, what: &str) -> Result<Wrote, StoreError> {
        let key = Key::of(&item)?;
        let token = find_text(&item, TOKEN).unwrap_or_default().to_owned();
        let answer = self
            .client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", PARTITION)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Wrote::Yes);
        };
        let is_ours = |item: &Item| find_text(item, TOKEN) == Some(token.as_str());
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                let there = match refusal.item() {
                    Some(there) => Some(there.clone()),
                    // Not every service says what is there.
                    None => self.get(&key, what).await?,
                };
                Ok(wrote(there.as_ref().is_some_and(is_ours)))
            }
            _ => {
                let failure = fault::from_sdk(&error, self.doing(what));
                self.believe(failure, &key, is_ours, what).await
            }
        }
    }

    /// Changes an item under the condition of the change, and leaves the token of this write.
    pub(super) async fn update(
        &self,
        key: &Key,
        mut change: Change,
        what: &str,
    ) -> Result<Wrote, StoreError> {
        change.set(TOKEN, text(self.writer.token()));
        let answer = self
            .client
            .update_item()
            .table_name(&*self.name)
            .set_key(Some(key.item()))
            .update_expression(change.update())
            .condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names.clone()))
            .set_expression_attribute_values(Some(change.values.clone()))
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Wrote::Yes);
        };
        let is_done = |item: &Item| change.is_done(item);
        let refused = error
            .as_service_error()
            .is_some_and(UpdateItemError::is_conditional_check_failed_exception);
        if refused {
            // By somebody else's write, or by an earlier attempt at this one.
            let item = self.get(key, what).await?;
            return Ok(wrote(item.as_ref().is_some_and(is_done)));
        }
        let failure = fault::from_sdk(&error, self.doing(what));
        self.believe(failure, key, is_done, what).await
    }

    /// A write whose answer was lost may have happened: the item says so.
    async fn believe(
        &self,
        failure: StoreError,
        key: &Key,
        is_done: impl Fn(&Item) -> bool,
        what: &str,
    ) -> Result<Wrote, StoreError> {
        if !failure.is_retryable() {
            return Err(failure);
        }
        match self.get(key, what).await {
            Ok(Some(item)) if is_done(&item) => Ok(Wrote::Yes),
            _ => Err(failure),
        }
    }

    /// Removes an item; one that is not there is fine.
    pub(super) async fn delete(&self, key: &Key, what: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&*self.name)
            .set_key(Some(key.item()))
            .send()
            .await
            .map(drop)
            .map_err(|error| fault::from_sdk(&error, self.doing(what)))
    }

    /// The items of a partition, as of now, page by page.
    pub(super) fn partition<'a>(&'a self, partition: String, what: &'a str) -> Partition<'a> {
        Partition {
            table: self,
            partition,
            what,
            from: None,
            backwards: false,
            page: None,
            next: Some(None),
        }
    }
}

fn wrote(done: bool) -> Wrote {
    if done { Wrote::Yes } else { Wrote::No }
}

fn wanted(keys: Vec<Item>, attributes: &[&str]) -> Result<KeysAndAttributes, StoreError> {
    let mut names = HashMap::new();
    let mut projection = Vec::new();
    for (index, attribute) in attributes.iter().enumerate() {
        let placeholder = format!("#a{index}");
        projection.push(placeholder.clone());
        names.insert(placeholder, (*attribute).to_owned());
    }
    let some = !attributes.is_empty();
    KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .consistent_read(true)
        .set_projection_expression(some.then(|| projection.join(", ")))
        .set_expression_attribute_names(some.then_some(names))
        .build()
        .map_err(|error| StoreError::backend("reading items", error.to_string()))
}

/// See [`Table::partition`].
pub(super) struct Partition<'a> {
    table: &'a Table,
    partition: String,
    what: &'a str,
    /// The least sort key, or the greatest when going backwards.
    pub(super) from: Option<String>,
    /// From the greatest sort key down.
    pub(super) backwards: bool,
    /// How many items are wanted at once.
    pub(super) page: Option<i32>,
    /// Where the next page begins; `None` after the last.
    next: Option<Option<HashMap<String, AttributeValue>>>,
}

impl Partition<'_> {
    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Item>>, StoreError> {
        let Some(start) = self.next.take() else {
            return Ok(None);
        };
        let table = self.table;
        let mut query = table
            .client
            .query()
            .table_name(&*table.name)
            .consistent_read(true)
            .scan_index_forward(!self.backwards)
            .set_limit(self.page)
            .set_exclusive_start_key(start)
            .expression_attribute_names("#partition", PARTITION)
            .expression_attribute_values(":partition", text(&self.partition));
        query = match &self.from {
            None => query.key_condition_expression("#partition = :partition"),
            Some(from) => {
                let sign = if self.backwards { "<=" } else { ">=" };
                query
                    .key_condition_expression(format!(
                        "#partition = :partition AND #sort {sign} :from"
                    ))
                    .expression_attribute_names("#sort", SORT)
                    .expression_attribute_values(":from", text(from))
            }
        };
        let page = query
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, table.doing(self.what)))?;
        self.next = page.last_evaluated_key.map(Some);
        Ok(Some(page.items.unwrap_or_default()))
    }
}
