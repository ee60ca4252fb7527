//! Credentials for git.

use retro_aws::{AwsClients, SecretsManager};
use retro_git::{Credential, CredentialScope, Credentials};
use retro_store::Secrets as _;

use crate::commit_job::Trouble;
use crate::config::{GitCredentials, TokenSource};

/// A token, over https only.
pub(crate) struct Token {
    user: String,
    token: String,
}

impl Credentials for Token {
    fn credential(&self, scope: &CredentialScope, attempt: u32) -> Option<Credential> {
        let is_loopback = scope.host == "127.0.0.1" || scope.host == "localhost";
        let is_private = scope.scheme == "https" || is_loopback;
        // A token that was not taken will not be taken again.
        let user = scope.user.clone().unwrap_or_else(|| self.user.clone());
        (is_private && attempt == 1).then(|| Credential::new(user, self.token.clone()))
    }
}

/// The token that the configuration names.
pub(crate) async fn token(
    git: &GitCredentials,
    clients: &AwsClients,
) -> Result<Option<Token>, Trouble> {
    let token = match &git.token {
        TokenSource::None => return Ok(None),
        TokenSource::Given(token) => token.clone(),
        TokenSource::File(path) => std::fs::read_to_string(path).map_err(|error| {
            let path = path.display();
            Trouble::told(format!(
                "RETRO_GIT_TOKEN_FILE: {path} cannot be read: {error}"
            ))
        })?,
        TokenSource::Secret(name, key) => secret(clients, name, key.as_deref()).await?,
    };
    Ok(Some(Token {
        user: git.user.clone(),
        token: token.trim().to_owned(),
    }))
}

async fn secret(clients: &AwsClients, name: &str, key: Option<&str>) -> Result<String, Trouble> {
    let secret = SecretsManager::new(clients).read(name, key).await;
    let secret =
        secret.map_err(|error| Trouble::told(format!("RETRO_GIT_TOKEN_SECRET: {error}")))?;
    Ok(secret.expose().to_owned())
}
