//! Fetching from other repositories, and pushing to them.
//!
//! libgit2 speaks the protocol and writes the packs; how bytes get to a server and back is this
//! module's: http and https over one TLS stack (rustls with ring), ssh over a connection that the
//! caller makes ([`SshCommand`]; without one, ssh addresses are refused), and plain folders.
//!
//! No hook, filter or submodule plays a part, no environment variable is read, and no setting of the
//! user's decides where anything is fetched from.

mod advertisement;
mod credentials;
mod fetch_commit;
mod fetch_history;
mod folder;
mod http;
mod link;
mod options;
mod reference_update;
mod remote_url;
mod retry;
mod session;
mod ssh;
mod upstream;
mod watch;

use std::fmt;
use std::sync::Arc;

pub use self::credentials::{Credential, CredentialScope, Credentials};
pub use self::fetch_commit::{FetchedCommit, fetch_commit};
pub use self::fetch_history::{FetchedHistory, HistoryRequest, fetch_history};
pub use self::options::{FetchNote, FetchOptions, FetchWay, Pace};
pub(crate) use self::reference_update::{ReferenceAnswer, ReferenceUpdate, update_reference};
pub use self::remote_url::{RemoteUrl, SshTarget};
pub use self::ssh::{SshChannel, SshCommand};
pub(crate) use self::upstream::{fetch_upstream, tracking};

use crate::GitError;

/// A repository somewhere else, and how to get at it.
#[derive(Clone)]
pub struct Remote {
    url: RemoteUrl,
    credentials: Option<Arc<dyn Credentials>>,
    ssh: Option<Arc<dyn SshCommand>>,
    certificates: Option<Vec<u8>>,
    proxy: Option<String>,
}

impl Remote {
    /// The repository at an https, http, ssh or file URL, at `user@host:path`, or in a folder.
    ///
    /// A password in the URL is given to its host when that asks for one, before [`Credentials`] are
    /// asked; it is shown in no error.
    ///
    /// # Errors
    ///
    /// [`GitError::BadUrl`] when it is none of these.
    pub fn new(url: &str) -> Result<Self, GitError> {
        Ok(Self {
            url: RemoteUrl::parse(url)?,
            credentials: None,
            ssh: None,
            certificates: None,
            proxy: None,
        })
    }

    /// Where it is. Shown without user and password.
    pub fn url(&self) -> &RemoteUrl {
        &self.url
    }

    /// Asks these when an http or https server wants credentials.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Connects with this when the address is one of ssh.
    #[must_use]
    pub fn with_ssh(mut self, ssh: Arc<dyn SshCommand>) -> Self {
        self.ssh = Some(ssh);
        self
    }

    /// Trusts these authorities, in PEM, in place of the ones that are built in (Mozilla's).
    #[must_use]
    pub fn with_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates = Some(pem.into());
        self
    }

    /// Goes through this proxy, `http://HOST:PORT`. Proxies in the environment are not looked at.
    #[must_use]
    pub fn with_proxy(mut self, proxy: impl Into<String>) -> Self {
        self.proxy = Some(proxy.into());
        self
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
