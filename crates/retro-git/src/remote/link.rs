//! One exchange after the other with a remote, by libgit2.

use std::sync::Arc;

use git2::{
    AutotagOption, Direction, ErrorClass, ErrorCode, FetchOptions as GitOptions, Oid,
    RemoteCallbacks, Repository,
};

use super::Remote;
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
    address: String,
    shown: String,
    stop: Stop,
    registered: Option<Registered>,
    _watch: Option<Watch>,
}

/// What a remote says it has.
pub(super) struct Advertised {
    /// References with what they name; for a tag there is `NAME^{}`, too.
    pub(super) references: Vec<(String, Oid)>,
    /// The branch that its `HEAD` names.
    pub(super) default_branch: Option<String>,
}

/// What is wanted of it.
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
                    registered: None,
                    _watch: None,
                });
            }
        };
        Ok(Self {
            address: registered.address(),
            shown,
            stop,
            registered: Some(registered),
            _watch: watch,
        })
    }

    /// Where this leads, without user and password.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether it can be asked for less than everything.
    pub(super) fn knows_depth(&self) -> bool {
        self.registered.is_some()
    }

    /// Looks what the remote has, lets `choose` say what of it is wanted, and fetches that: the bytes
    /// that came, or nothing when nothing was wanted.
    pub(super) fn exchange(
        &self,
        repository: &Repository,
        choose: &mut dyn FnMut(&Advertised) -> Result<Option<Wish>, GitError>,
    ) -> Result<Option<u64>, Failure> {
        let failed = |error: git2::Error| self.failure(&error, repository);
        if let Some(registered) = &self.registered {
            drop(registered.session().take_failure());
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
        let advertised = Advertised::of(connection.list().map_err(failed)?);
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
    fn failure(&self, error: &git2::Error, repository: &Repository) -> Failure {
        if let Err(stopped) = self.stop.check() {
            return stopped;
        }
        let session = self.registered.as_ref().map(Registered::session);
        if let Some(failure) = session.and_then(|session| session.take_failure()) {
            return failure;
        }
        let why = error.message().to_owned();
        match (error.class(), error.code()) {
            // It lacks what the request needs: depths, or commits by their hash.
            (ErrorClass::Invalid, _) | (_, ErrorCode::Invalid) => Failure::Unwilling(why),
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

impl Advertised {
    fn of(heads: &[git2::RemoteHead<'_>]) -> Self {
        let head = heads.iter().find(|head| head.name() == "HEAD");
        let named = head.and_then(|head| head.symref_target());
        let references = heads
            .iter()
            .map(|head| (head.name().to_owned(), head.oid()))
            .collect();
        Self {
            references,
            default_branch: named.map(str::to_owned),
        }
    }

    /// What a reference names.
    pub(super) fn target(&self, name: &str) -> Option<Oid> {
        let found = self.references.iter().find(|(known, _)| known == name);
        found.map(|(_, id)| *id)
    }

    /// A reference that names a commit, directly or through a tag.
    pub(super) fn reference_to(&self, commit: Oid) -> Option<&str> {
        let names = self.references.iter().filter(|(_, id)| *id == commit);
        let mut names = names.map(|(name, _)| name.strip_suffix("^{}").unwrap_or(name));
        let first = names.next()?;
        if first == "HEAD" {
            return names.next().or(Some(first));
        }
        Some(first)
    }
}
