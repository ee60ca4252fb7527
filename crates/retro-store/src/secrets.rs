//! Values that nobody is to see.

use std::fmt;

use async_trait::async_trait;

use crate::StoreError;

/// A secret value. It shows in no `Debug`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where secrets are kept. Errors never say anything of a value.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secret of this name (or whatever else names it in the store), or the text under one key
    /// of it when it is a JSON object.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when there is no such secret, or no such key in it with a text;
    /// [`StoreError::Backend`] when a key is asked for and the secret is no JSON object.
    async fn read(&self, name: &str, key: Option<&str>) -> Result<Secret, StoreError>;
}

impl Secret {
    /// The text under one key of a secret that is a JSON object, as [`Secrets::read`] wants it;
    /// `name` names the secret in errors.
    ///
    /// # Errors
    ///
    /// As [`Secrets::read`].
    pub fn pick(&self, name: &str, key: &str) -> Result<Secret, StoreError> {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&self.0);
        // What the parser says may quote the value.
        let Ok(serde_json::Value::Object(mut object)) = parsed else {
            return Err(StoreError::backend(
                format!("reading {key:?} of the secret {name}"),
                "the secret is no JSON object: store one, or ask for the whole secret",
            ));
        };
        match object.remove(key) {
            Some(serde_json::Value::String(text)) => Ok(Self(text)),
            _ => Err(StoreError::not_found(format!(
                "a text under {key:?} in the secret {name}"
            ))),
        }
    }
}
