//! Objects in memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::locked;
use crate::{ObjectLocation, ObjectStore, StoreError};

/// An [`ObjectStore`] in memory. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct InMemoryObjectStore {
    objects: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

#[async_trait]
impl ObjectStore for InMemoryObjectStore {
    async fn put_new(&self, name: &str, content: Vec<u8>) -> Result<(), StoreError> {
        match locked(&self.objects).entry(name.to_owned()) {
            Entry::Occupied(_) => Err(StoreError::conflict(
                format!("the object {name}"),
                "no such object",
                "an object of this name",
            )),
            Entry::Vacant(place) => {
                place.insert(content);
                Ok(())
            }
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(locked(&self.objects).get(name).cloned())
    }

    fn locate(&self, name: &str) -> ObjectLocation {
        ObjectLocation {
            bucket: "memory".to_owned(),
            key: name.to_owned(),
        }
    }
}
