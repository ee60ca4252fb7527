//! Secrets Manager.

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use retro_store::{Secret, Secrets, StoreError};

use crate::clients::AwsClients;
use crate::fault::{self, Doing};

/// [`Secrets`] in Secrets Manager, by name or ARN. The current version is read.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// The secrets of an account and region.
    pub fn new(clients: &AwsClients) -> Self {
        Self {
            client: clients.secrets(),
        }
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn read(&self, name: &str, key: Option<&str>) -> Result<Secret, StoreError> {
        let answer = self.client.get_secret_value().secret_id(name).send().await;
        let value = match answer {
            Ok(value) => value,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                return Err(StoreError::not_found(format!("the secret {name}")));
            }
            Err(error) => {
                let place = format!("the secret {name}");
                let doing = Doing {
                    what: "reading a value",
                    place: &place,
                };
                return Err(fault::from_sdk(&error, doing));
            }
        };
        let Some(text) = value.secret_string else {
            return Err(StoreError::backend(
                format!("reading the secret {name}"),
                "it is binary: store a text",
            ));
        };
        let secret = Secret::new(text);
        match key {
            None => Ok(secret),
            Some(key) => secret.pick(name, key),
        }
    }
}
