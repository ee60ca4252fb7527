//! One exchange after the other with a remote, by libgit2.

use std::path::PathBuf;
use std::sync::Arc;

use git2::{
    AutotagOption, Direction, ErrorClass, ErrorCode, FetchOptions as GitOptions, RemoteCallbacks,
    Repository,
};

use super::Remote;
use super::advertisement::Advertised;
use super::http::{HttpOpener, HttpSettings};
use super::options::{FetchOptions, Stop};
use super::remote_url::{Kind, file_url};
use super::session::{Failure, Registered, register};
use super::ssh::SshOpener;
use super::watch::Watch;
use crate::GitError;

/// The depth that means all of it to a server, for a repository that is shallow now.
const UNSHALLOW: i32 = i32::MAX;

/// A remote, ready for exchanges.
pub(super) struct Link {
    pub(super) address: String,
    pub(super) shown: String,
    pub(super) stop: Stop,
    pub(super) side: Side,
    _watch: Option<Watch>,
}

/// Where the other side is.
pub(super) enum Side {
    Server(Registered),
    Folder(PathBuf),
}

/// What is wanted of a remote.
pub(super) struct Wish {
    pub(super) refspecs: Vec<String>,
    /// How many commits deep; all of them when absent.
    pub(super) depth: Option<u32>,
}

impl Link {
    pub(super) fn open(remote: &Remote, options: &FetchOptions<'_>) -> Result<Self, GitError> {
        // Before anything looks for a transport.
        register()?;
        let shown = remote.url.to_string();
        let stop = options.stop();
        let refused = |why: String| GitError::Refused {
            url: shown.clone(),
            why,
        };
        let mut watch = None;
        let registered = match remote.url.kind() {
            Kind::Http(url) => {
                let settings = HttpSettings {
                    credentials: remote.credentials.clone(),
                    certificates: remote.certificates.as_deref(),
                    proxy: remote.proxy.as_deref(),
                };
                let opener = Arc::new(HttpOpener::new(url, shown.clone(), settings, options)?);
                watch = Some(Watch::start(opener.agent(), stop.clone()));
                Registered::new(Box::new(opener), stop.clone())?
            }
            Kind::Ssh(target) => {
                let command = remote.ssh.clone().ok_or_else(|| {
                    refused("there is no ssh here; use https with a token".to_owned())
                })?;
                let target = target.clone();
                let opener = SshOpener { target, command };
                Registered::new(Box::new(opener), stop.clone())?
            }
            Kind::Local(path) => {
                let path = path
                    .canonicalize()
                    .map_err(|error| refused(format!("it cannot be opened: {error}")))?;
                return Ok(Self {
                    address: file_url(&path),
                    shown,
                    stop,
                    side: Side::Folder(path),
                    _watch: None,
                });
            }
        };
        Ok(Self {
            address: registered.address(),
            shown,
            stop,
            side: Side::Server(registered),
            _watch: watch,
        })
    }

    /// Where this leads, without user and password.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether it can be asked for less than everything.
    pub(super) fn knows_depth(&self) -> bool {
        matches!(self.side, Side::Server(_))
    }

    /// Looks what the remote has, lets `choose` say what of it is wanted, and fetches that: the bytes
    /// that came, or nothing when nothing was wanted.
    pub(super) fn exchange(
        &self,
        repository: &Repository,
        choose: &mut dyn FnMut(&Advertised) -> Result<Option<Wish>, GitError>,
    ) -> Result<Option<u64>, Failure> {
        let failed = |error: git2::Error| self.failure(&error, repository);
        if let Side::Server(registered) = &self.side {
            registered.session().start(false);
        }
        let mut remote = repository.remote_anonymous(&self.address).map_err(failed)?;
        if remote.url().ok() != Some(self.address.as_str()) {
            return Err(Failure::Final(GitError::Refused {
                url: self.shown.clone(),
                why: "a setting of git's (url.….insteadOf) puts another address in its place; \
                      name that one"
                    .to_owned(),
            }));
        }
        let mut connection = remote
            .connect_auth(Direction::Fetch, Some(self.callbacks()), None)
            .map_err(failed)?;
        let advertised = match &self.side {
            Side::Server(registered) => registered.session().advertised(),
            Side::Folder(path) => Advertised::of_folder(path).map_err(failed)?,
        };
        let wish = match choose(&advertised) {
            Ok(Some(wish)) => wish,
            Ok(None) => return Ok(None),
            Err(error) => return Err(Failure::Final(error)),
        };
        let depth = match wish.depth {
            Some(depth) => i32::try_from(depth).unwrap_or(UNSHALLOW),
            None if repository.is_shallow() => UNSHALLOW,
            None => 0,
        };
        let mut options = GitOptions::new();
        options
            .remote_callbacks(self.callbacks())
            .update_fetchhead(false)
            .download_tags(AutotagOption::None)
            .depth(depth);
        let remote = connection.remote();
        remote
            .fetch(&wish.refspecs, Some(&mut options), Some("fetch"))
            .map_err(failed)?;
        Ok(Some(remote.stats().received_bytes() as u64))
    }

    fn callbacks(&self) -> RemoteCallbacks<'static> {
        let stop = self.stop.clone();
        let mut callbacks = RemoteCallbacks::new();
        callbacks.transfer_progress(move |_| stop.check().is_ok());
        callbacks
    }

    /// What libgit2's error means; what our own side knows of it comes first.
    pub(super) fn failure(&self, error: &git2::Error, repository: &Repository) -> Failure {
        if let Err(stopped) = self.stop.check() {
            return stopped;
        }
        let session = match &self.side {
            Side::Server(registered) => Some(registered.session()),
            Side::Folder(_) => None,
        };
        if let Some(failure) = session.and_then(|session| session.take_failure()) {
            return failure;
        }
        let why = error.message().to_owned();
        match (error.class(), error.code()) {
            // It lacks what the request needs: depths, or commits by their hash.
            (ErrorClass::Invalid, _) | (_, ErrorCode::Invalid) => Failure::Unwilling(why),
            _ if why.starts_with("remote error: ") => Failure::Unwilling(why),
            _ if why.contains("No space left") => Failure::Final(GitError::DiskFull {
                path: repository.path().to_owned(),
            }),
            (ErrorClass::Net | ErrorClass::Indexer | ErrorClass::Zlib, _) if session.is_some() => {
                Failure::Network { why, wait: None }
            }
            _ => Failure::Final(GitError::git(
                &format!("fetching from {}", self.shown),
                error,
            )),
        }
    }
}
