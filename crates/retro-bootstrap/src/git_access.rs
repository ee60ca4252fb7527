//! What a fetch needs of its process: credentials, time and chance.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use retro_aws::trusted_certificates;
use retro_aws::{AwsClients, SecretsManager};
use retro_git::{Credential, CredentialScope, Credentials, Pace};
use retro_store::Secrets as _;

use crate::aws::random;
use crate::{ExitCode, Failure};

/// Variables that say which credentials git has, and what each is for.
pub const GIT_VARIABLES: &[(&str, &str)] = &[
    ("RETRO_GIT_TOKEN", "a token for git over https; or"),
    ("RETRO_GIT_TOKEN_FILE", "a file with it; or"),
    (
        "RETRO_GIT_TOKEN_SECRET",
        "the name or ARN of a secret in Secrets Manager, with #KEY at its end for one key of a JSON object",
    ),
    (
        "RETRO_GIT_USER",
        "the user that goes with the token; x-access-token when absent",
    ),
];

/// Where the credentials for git come from.
#[derive(Clone)]
pub struct GitCredentials {
    user: String,
    token: TokenSource,
}

#[derive(Clone)]
enum TokenSource {
    None,
    Given(String),
    File(PathBuf),
    /// The name or ARN of a secret, and the key in it when it is a JSON object.
    Secret(String, Option<String>),
}

impl fmt::Debug for GitCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GitCredentials(***)")
    }
}

impl GitCredentials {
    /// What the [variables](GIT_VARIABLES) say; the second value is what is wrong with them.
    pub fn from_variables(
        mut variable: impl FnMut(&'static str) -> Option<String>,
    ) -> (Self, Option<&'static str>) {
        let user = variable("RETRO_GIT_USER");
        let given = variable("RETRO_GIT_TOKEN").map(TokenSource::Given);
        let file = variable("RETRO_GIT_TOKEN_FILE").map(|path| TokenSource::File(path.into()));
        let secret = variable("RETRO_GIT_TOKEN_SECRET").map(|name| match name.split_once('#') {
            Some((name, key)) => TokenSource::Secret(name.to_owned(), Some(key.to_owned())),
            None => TokenSource::Secret(name, None),
        });
        let mut sources: Vec<TokenSource> = [given, file, secret].into_iter().flatten().collect();
        let fault = (sources.len() > 1).then_some(
            "and its family (_FILE, _SECRET) are set together: only one says what the token is",
        );
        let credentials = Self {
            user: user.unwrap_or_else(|| "x-access-token".to_owned()),
            token: sources.pop().unwrap_or(TokenSource::None),
        };
        (credentials, fault)
    }

    /// The token, read from where it is; `None` when there is none. `clients` is asked when it is a
    /// secret.
    ///
    /// # Errors
    ///
    /// When the file or the secret cannot be read, and what `clients` says.
    pub async fn token(
        &self,
        clients: impl AsyncFnOnce() -> Result<AwsClients, Failure>,
    ) -> Result<Option<GitToken>, Failure> {
        let token = match &self.token {
            TokenSource::None => return Ok(None),
            TokenSource::Given(token) => token.clone(),
            TokenSource::File(path) => std::fs::read_to_string(path).map_err(|error| {
                Failure::from_error(ExitCode::Usage, &error).context(format!(
                    "RETRO_GIT_TOKEN_FILE: {} cannot be read",
                    path.display()
                ))
            })?,
            TokenSource::Secret(name, key) => {
                let secret = SecretsManager::new(&clients().await?)
                    .read(name, key.as_deref())
                    .await;
                let secret = secret.map_err(|error| {
                    Failure::from_error(ExitCode::Usage, &error)
                        .context("RETRO_GIT_TOKEN_SECRET cannot be read")
                })?;
                secret.expose().to_owned()
            }
        };
        Ok(Some(GitToken {
            user: self.user.clone(),
            token: token.trim().to_owned(),
        }))
    }
}

/// A token, for servers over https only, or on this machine.
pub struct GitToken {
    user: String,
    token: String,
}

impl fmt::Debug for GitToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GitToken(***)")
    }
}

impl Credentials for GitToken {
    fn credential(&self, scope: &CredentialScope, attempt: u32) -> Option<Credential> {
        let is_loopback = scope.host == "127.0.0.1" || scope.host == "localhost";
        let is_private = scope.scheme == "https" || is_loopback;
        // A token that was not taken will not be taken again.
        let user = scope.user.clone().unwrap_or_else(|| self.user.clone());
        (is_private && attempt == 1).then(|| Credential::new(user, self.token.clone()))
    }
}

/// The machine's own time and chance.
#[derive(Clone, Copy, Debug)]
pub struct MachinePace;

impl Pace for MachinePace {
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn up_to(&self, limit: u64) -> u64 {
        random() % limit.saturating_add(1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(variables: &[(&str, &str)]) -> (GitCredentials, Option<&'static str>) {
        GitCredentials::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_secret_may_name_a_key() {
        let (git, fault) = credentials(&[("RETRO_GIT_TOKEN_SECRET", "git#token")]);
        assert_eq!(fault, None);
        let TokenSource::Secret(name, key) = git.token else {
            panic!("it is a secret");
        };
        assert_eq!((name.as_str(), key.as_deref()), ("git", Some("token")));
    }

    #[test]
    fn two_tokens_are_one_too_many() {
        let (_, fault) = credentials(&[("RETRO_GIT_TOKEN", "a"), ("RETRO_GIT_TOKEN_FILE", "/b")]);
        assert!(fault.is_some());
    }

    #[test]
    fn a_token_does_not_show_and_goes_to_private_servers_alone() {
        let (git, _) = credentials(&[("RETRO_GIT_TOKEN", "hunter2")]);
        assert!(!format!("{git:?}").contains("hunter2"));
        let token = GitToken {
            user: "u".to_owned(),
            token: "hunter2".to_owned(),
        };
        assert!(!format!("{token:?}").contains("hunter2"));
        let asks = |scheme: &'static str, host: &str, attempt| {
            let scope = CredentialScope {
                scheme,
                host: host.to_owned(),
                port: 443,
                path: "/o/r".to_owned(),
                user: None,
            };
            token.credential(&scope, attempt).is_some()
        };
        assert!(asks("https", "example.com", 1));
        assert!(asks("http", "127.0.0.1", 1));
        assert!(!asks("http", "example.com", 1));
        assert!(!asks("https", "example.com", 2));
    }
}
