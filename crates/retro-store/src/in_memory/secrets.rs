//! Secrets in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{Secret, Secrets, StoreError};

/// [`Secrets`] in memory.
#[derive(Clone, Debug, Default)]
pub struct InMemorySecrets {
    secrets: BTreeMap<String, Secret>,
}

impl InMemorySecrets {
    /// The secrets of these names.
    pub fn new(secrets: impl IntoIterator<Item = (String, Secret)>) -> Self {
        Self {
            secrets: secrets.into_iter().collect(),
        }
    }
}

#[async_trait]
impl Secrets for InMemorySecrets {
    async fn read(&self, name: &str, key: Option<&str>) -> Result<Secret, StoreError> {
        let secret = self.secrets.get(name);
        let secret = secret.ok_or_else(|| StoreError::not_found(format!("the secret {name}")))?;
        match key {
            None => Ok(secret.clone()),
            Some(key) => secret.pick(name, key),
        }
    }
}
