//! Items and their attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use retro_store::StoreError;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The partition key.
pub(super) const PARTITION: &str = "repo_id";
/// The sort key.
pub(super) const SORT: &str = "commit_suite";
/// Which write left the item as it is.
pub(super) const TOKEN: &str = "write_token";

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A key of the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

impl Key {
    pub(super) fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            sort: sort.into(),
        }
    }

    pub(super) fn item(&self) -> Item {
        Item::from([
            (PARTITION.to_owned(), text(&self.partition)),
            (SORT.to_owned(), text(&self.sort)),
        ])
    }

    /// The key of an item that was read.
    pub(super) fn of(item: &Item) -> Result<Self, StoreError> {
        Ok(Self::new(
            need_text(item, PARTITION, "an item")?,
            need_text(item, SORT, "an item")?,
        ))
    }
}

pub(super) fn find_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(super) fn need_text<'a>(item: &'a Item, name: &str, what: &str) -> Result<&'a str, StoreError> {
    find_text(item, name).ok_or_else(|| StoreError::corrupt(what, format!("it has no {name}")))
}

/// A number that may be absent.
pub(super) fn find_number<N: std::str::FromStr>(
    item: &Item,
    name: &str,
    what: &str,
) -> Result<Option<N>, StoreError> {
    let Some(value) = item.get(name) else {
        return Ok(None);
    };
    let parsed = value.as_n().ok().and_then(|digits| digits.parse().ok());
    match parsed {
        Some(number) => Ok(Some(number)),
        None => Err(StoreError::corrupt(
            what,
            format!("its {name} is {value:?}"),
        )),
    }
}

pub(super) fn need_number<N: std::str::FromStr>(
    item: &Item,
    name: &str,
    what: &str,
) -> Result<N, StoreError> {
    find_number(item, name, what)?
        .ok_or_else(|| StoreError::corrupt(what, format!("it has no {name}")))
}
