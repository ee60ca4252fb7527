//! Who one is to a server.

use std::fmt;

/// Where credentials come from.
///
/// Asked only after a server has asked, and only for the host of the address that the caller gave:
/// never for one that a redirect led to.
pub trait Credentials: Send + Sync {
    /// The credential for this place; `None` when there is none (any more), which ends the fetch.
    ///
    /// `attempt` counts from 1; a later one means that the server did not take what was given before.
    fn credential(&self, scope: &CredentialScope, attempt: u32) -> Option<Credential>;
}

/// What a credential is wanted for.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialScope {
    /// `https` or `http`. Over http, what is given can be read on its way.
    pub scheme: &'static str,
    /// The host, in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path of the repository, with a slash at its start.
    pub path: String,
    /// The user that the address names. Some put a token there; it is not shown.
    pub user: Option<String>,
}

impl fmt::Debug for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scheme,
            host,
            port,
            path,
            user,
        } = self;
        let user = if user.is_some() { "***@" } else { "" };
        write!(f, "{scheme}://{user}{host}:{port}{path}")
    }
}

/// A user with a password or token. Its secret is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    user: String,
    secret: String,
}

impl Credential {
    /// A user with a password or a token. Where only the token counts, any user will do.
    pub fn new(user: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            secret: secret.into(),
        }
    }

    /// The value of an `Authorization` header.
    pub(super) fn basic(&self) -> String {
        format!(
            "Basic {}",
            base64(format!("{}:{}", self.user, self.secret).as_bytes())
        )
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(***)")
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            if place <= three.len() {
                let six = (bits >> (18 - 6 * place)) & 63;
                out.push(char::from(LETTERS[six as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_encoded_for_servers_and_hidden_from_people() {
        let check = |text: &str, expected: &str| assert_eq!(base64(text.as_bytes()), expected);
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("user:päss", "dXNlcjpww6Rzcw==");
        let credential = Credential::new("me", "hush");
        assert_eq!(credential.basic(), "Basic bWU6aHVzaA==");
        assert_eq!(format!("{credential:?}"), "Credential(***)");
        let scope = CredentialScope {
            scheme: "https",
            host: "h".to_owned(),
            port: 443,
            path: "/r".to_owned(),
            user: Some("token".to_owned()),
        };
        assert_eq!(format!("{scope:?}"), "https://***@h:443/r");
    }
}
