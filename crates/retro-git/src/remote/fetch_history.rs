//! Fetching a history, to list its commits.

use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};
use retro_domain::CommitId;

use super::Remote;
use super::advertisement::Advertised;
use super::folder::RemoteFolder;
use super::link::{Link, Wish};
use super::options::{FetchNote, FetchOptions, FetchWay};
use super::retry::{GaveUp, persist};
use super::session::Failure;
use crate::GitError;
use crate::walk::commit_id;

/// Which history is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryRequest {
    /// How many commits deep, counted from the tip along every parent; all of them when absent.
    pub depth: Option<u32>,
    /// The branches and tags it ends at, by their names with or without `refs/heads/` or `refs/tags/`;
    /// `HEAD`, which is also meant when there is none, is the remote's default branch.
    pub tips: Vec<String>,
}

/// A history that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedHistory {
    /// The git directory it is in: [`GitRepository::open`](crate::GitRepository::open) opens it.
    pub git_dir: PathBuf,
    /// Where the first of its tips is; `HEAD` of that repository names it.
    pub tip: CommitId,
    /// How many bytes were fetched.
    pub received_bytes: u64,
}

/// Fetches the history behind branches or tags, to a depth, into a bare git directory of git-retro's
/// own, as [`fetch_commit`](super::fetch_commit) does with one commit. Packs go to disk as they come;
/// none is held in memory.
///
/// A remote that knows no depth gives all of it, and `notes` are told.
///
/// # Errors
///
/// [`GitError::BadRevision`] when there is no such branch or tag or no commit at all; otherwise as
/// [`fetch_commit`](super::fetch_commit).
pub fn fetch_history(
    remote: &Remote,
    into: &Path,
    request: &HistoryRequest,
    options: &FetchOptions<'_>,
    notes: &mut dyn FnMut(FetchNote),
) -> Result<FetchedHistory, GitError> {
    let folder = RemoteFolder::open(into)?;
    folder.remove_leftovers(notes)?;
    let link = Link::open(remote, options)?;
    let mut depth = request.depth.map(|depth| depth.max(1));
    let fall_back = |depth, notes: &mut dyn FnMut(FetchNote), reason: &str| {
        notes(FetchNote::FellBack {
            from: FetchWay::Branch(depth),
            to: FetchWay::Branch(None),
            reason: reason.to_owned(),
        });
    };
    if depth.is_some() && !link.knows_depth() {
        fall_back(depth, notes, "a folder is not read by depth");
        depth = None;
    }
    let (reference, received_bytes) = loop {
        let mut reference = None;
        let done = persist(options, link.shown(), notes, |notes| {
            folder.remove_leftovers(notes).map_err(Failure::Final)?;
            link.exchange(&folder.repository, &mut |advertised| {
                let head = ["HEAD".to_owned()];
                let tips = match request.tips.as_slice() {
                    [] => &head,
                    tips => tips,
                };
                let names = tips.iter().map(|tip| find(advertised, tip));
                let names = names.collect::<Result<Vec<String>, _>>()?;
                let refspecs = names.iter().map(|name| format!("+{name}:{name}"));
                let refspecs = refspecs.collect();
                reference = names.into_iter().next();
                Ok(Some(Wish { refspecs, depth }))
            })
        });
        match (done, reference) {
            (Ok(bytes), Some(reference)) => break (reference, bytes.unwrap_or(0)),
            (Err(GaveUp::Unwilling(why)), _) if depth.is_some() => {
                fall_back(depth, notes, &why);
                depth = None;
            }
            (Err(GaveUp::Final(error)), _) => return Err(error),
            (Err(GaveUp::Unwilling(why)), _) => {
                let url = link.shown().to_owned();
                return Err(GitError::Refused { url, why });
            }
            (Ok(_), None) => return Err(nothing_there(None)),
        }
    };
    let tip = set_head(&folder, &reference)?;
    Ok(FetchedHistory {
        git_dir: folder.path().to_owned(),
        tip,
        received_bytes,
    })
}

/// The full name of the reference that is meant.
pub(super) fn find(advertised: &Advertised, tip: &str) -> Result<String, GitError> {
    if tip == "HEAD" {
        let default = advertised.default_branch.as_deref();
        let default = default.filter(|name| advertised.target(name).is_some());
        // Servers of old do not say which branch is the default one.
        let guessed = || {
            let head = advertised.target("HEAD")?;
            let mut branches = advertised.references.iter();
            let found = branches.find(|(name, id)| name.starts_with("refs/heads/") && *id == head);
            found.map(|(name, _)| name.as_str())
        };
        return default
            .or_else(guessed)
            .map(str::to_owned)
            .ok_or_else(|| nothing_there(None));
    }
    [
        tip.to_owned(),
        format!("refs/heads/{tip}"),
        format!("refs/tags/{tip}"),
    ]
    .into_iter()
    .find(|name| name.starts_with("refs/") && advertised.target(name).is_some())
    .ok_or_else(|| nothing_there(Some(tip)))
}

fn nothing_there(tip: Option<&str>) -> GitError {
    match tip {
        Some(tip) => GitError::BadRevision {
            revision: tip.to_owned(),
            why: "the remote has no branch or tag of this name".to_owned(),
        },
        None => GitError::BadRevision {
            revision: "HEAD".to_owned(),
            why: "the remote has no default branch with a commit in it; name a branch".to_owned(),
        },
    }
}

/// Makes `HEAD` name what the reference names.
fn set_head(folder: &RemoteFolder, reference: &str) -> Result<CommitId, GitError> {
    let failed = |error: git2::Error| GitError::git("keeping what was fetched", &error);
    let repository = &folder.repository;
    let found = repository.find_reference(reference).map_err(failed)?;
    let commit: Oid = found.peel(ObjectType::Commit).map_err(failed)?.id();
    if reference.starts_with("refs/heads/") {
        repository.set_head(reference).map_err(failed)?;
    } else {
        repository.set_head_detached(commit).map_err(failed)?;
    }
    commit_id(commit).ok_or_else(|| GitError::Git {
        doing: "reading what was fetched".to_owned(),
        why: "its object ids are not of a known kind".to_owned(),
    })
}
