//! What is too large for an item.

use retro_domain::Digest256;
use retro_store::StoreError;

use super::item::{Item, find_text, text};
use crate::s3::S3Objects;

/// An item may have 400 KB; the rest is for its other attributes.
pub(super) const INLINE: usize = 350 * 1000;
/// Where the objects are, below the prefix. No repository's owner is called so, and S3 counts the
/// character among the safe ones.
const FOLDER: &str = "!overflow";
/// A longer text is not read back: a run over some 300,000 commits.
const LIMIT: u64 = 256 << 20;

/// Keeps a text in its item, or beside it in the bucket.
#[derive(Clone, Debug)]
pub(super) struct Overflow {
    objects: S3Objects,
}

impl Overflow {
    pub(super) fn new(objects: S3Objects) -> Self {
        Self { objects }
    }

    /// The address of what is called `name` in the bucket.
    pub(super) fn location(&self, name: &str) -> String {
        self.objects.location(name)
    }

    /// The attribute that holds a text: `ATTRIBUTE` itself, or `ATTRIBUTE_object` with the name of
    /// an object when the text is longer than `inline` bytes. The object is named by its content,
    /// below `!overflow/` and `below`, so that it is written before the item and never changes.
    pub(super) async fn keep(
        &self,
        attribute: &str,
        content: String,
        inline: usize,
        below: &str,
    ) -> Result<Item, StoreError> {
        if content.len() <= inline {
            return Ok(Item::from([(attribute.to_owned(), text(content))]));
        }
        let name = format!("{FOLDER}/{below}/{}", Digest256::of(content.as_bytes()));
        self.objects.put(&name, content.into_bytes()).await?;
        Ok(Item::from([(object(attribute), text(name))]))
    }

    /// The text that [`keep`](Self::keep) kept; `None` when the item has neither attribute.
    pub(super) async fn find(
        &self,
        item: &Item,
        attribute: &str,
    ) -> Result<Option<String>, StoreError> {
        if let Some(name) = find_text(item, &object(attribute)) {
            return self.read(name).await.map(Some);
        }
        Ok(find_text(item, attribute).map(str::to_owned))
    }

    async fn read(&self, name: &str) -> Result<String, StoreError> {
        let place = self.objects.location(name);
        let Some(bytes) = self.objects.get(name, LIMIT).await? else {
            return Err(StoreError::corrupt(
                place,
                "an item refers to it and it is gone",
            ));
        };
        if !name.ends_with(&Digest256::of(&bytes).to_string()) {
            return Err(StoreError::corrupt(
                place,
                "its content is not what was stored",
            ));
        }
        String::from_utf8(bytes).map_err(|error| StoreError::corrupt(place, error.to_string()))
    }

    /// Removes what items keep beside them.
    pub(super) async fn forget(&self, items: &[Item], attribute: &str) -> Result<(), StoreError> {
        let object = object(attribute);
        let names: Vec<String> = items
            .iter()
            .filter_map(|item| find_text(item, &object).map(str::to_owned))
            .collect();
        self.objects.remove(&names).await
    }
}

/// The attribute with the name of the object in place of the text.
pub(super) fn object(attribute: &str) -> String {
    format!("{attribute}_object")
}
