//! Fetching one commit.

use std::path::{Path, PathBuf};

use git2::Oid;
use retro_domain::CommitId;

use super::Remote;
use super::advertisement::Advertised;
use super::folder::{RemoteFolder, reference_to};
use super::link::{Link, Wish};
use super::options::{FetchNote, FetchOptions, FetchWay};
use super::retry::{GaveUp, persist};
use crate::GitError;

/// How deep branches are fetched in search of a commit, before everything is.
const DEPTHS: [u32; 3] = [50, 500, 5_000];
const BRANCHES: &str = "+refs/heads/*:refs/retro/heads/*";
const TAGS: &str = "+refs/tags/*:refs/retro/tags/*";
const EVERY_REFERENCE: &str = "+refs/*:refs/retro/all/*";

/// A commit that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedCommit {
    /// The git directory it is in: [`GitRepository::open`](crate::GitRepository::open) opens it.
    pub git_dir: PathBuf,
    /// The way that it came.
    pub way: FetchWay,
    /// How many bytes were fetched, everything included that did not lead to the commit.
    pub received_bytes: u64,
}

/// Fetches a commit with its tree, and as little else as the remote allows, into a bare git directory
/// of git-retro's own: an empty folder, one that is made, or one that this was called with before.
/// `HEAD` of that repository names the commit afterwards.
///
/// First the commit is asked for by its hash, alone. When the remote does not give that (not every
/// server gives commits by their hash, and a folder is not read by depth), then a reference that
/// names it is, then all branches and tags, deeper and deeper, and in the end everything. `notes` are
/// told why.
///
/// Trouble on the network is met with further tries, see [`FetchOptions`]; what a process that died
/// left in the folder is removed. A crash leaves a folder that the next call goes on with.
///
/// # Errors
///
/// [`GitError::UnknownCommit`] when the remote does not have it, [`GitError::Refused`] when it will
/// not give anything, [`GitError::Unreachable`] after the last try, [`GitError::Cancelled`] and
/// [`GitError::TimeUp`] as the options ask for, [`GitError::Locked`] while another process fetches
/// into the folder. No error shows a secret.
pub fn fetch_commit(
    remote: &Remote,
    into: &Path,
    commit: &CommitId,
    options: &FetchOptions<'_>,
    notes: &mut dyn FnMut(FetchNote),
) -> Result<FetchedCommit, GitError> {
    let folder = RemoteFolder::open(into)?;
    folder.remove_leftovers(notes)?;
    if folder.has_fetched(commit) {
        folder.keep(commit)?;
        return Ok(fetched(&folder, FetchWay::AlreadyThere, 0));
    }
    let link = Link::open(remote, options)?;
    let mut search = Search {
        folder: &folder,
        link: &link,
        commit,
        options,
        received: 0,
    };
    let mut ways = ways();
    let mut way = FetchWay::ByHash;
    loop {
        let reason = match search.try_way(way, notes)? {
            Tried::Found => {
                folder.keep(commit)?;
                return Ok(fetched(&folder, way, search.received));
            }
            Tried::NotFound(reason) => reason,
        };
        let next = ways.find(|next| search.is_worthwhile(*next));
        let Some(next) = next else {
            return Err(match way {
                FetchWay::EveryReference if !reason.was_refused => GitError::UnknownCommit {
                    commit: commit.to_string(),
                    url: link.shown().to_owned(),
                },
                _ => GitError::Refused {
                    url: link.shown().to_owned(),
                    why: reason.text,
                },
            });
        };
        notes(FetchNote::FellBack {
            from: way,
            to: next,
            reason: reason.text,
        });
        way = next;
    }
}

/// What is tried when the hash alone does not do.
fn ways() -> impl Iterator<Item = FetchWay> {
    std::iter::once(FetchWay::ByReference)
        .chain(DEPTHS.map(FetchWay::Deepening))
        .chain([FetchWay::Everything, FetchWay::EveryReference])
}

fn fetched(folder: &RemoteFolder, way: FetchWay, received_bytes: u64) -> FetchedCommit {
    FetchedCommit {
        git_dir: folder.path().to_owned(),
        way,
        received_bytes,
    }
}

struct Search<'a> {
    folder: &'a RemoteFolder,
    link: &'a Link,
    commit: &'a CommitId,
    options: &'a FetchOptions<'a>,
    received: u64,
}

enum Tried {
    Found,
    NotFound(Reason),
}

struct Reason {
    text: String,
    was_refused: bool,
}

impl Search<'_> {
    fn is_worthwhile(&self, way: FetchWay) -> bool {
        match way {
            FetchWay::ByHash | FetchWay::ByReference | FetchWay::Deepening(_) => {
                self.link.knows_depth()
            }
            _ => true,
        }
    }

    fn try_way(
        &mut self,
        way: FetchWay,
        notes: &mut dyn FnMut(FetchNote),
    ) -> Result<Tried, GitError> {
        let not_found = |text: &str, was_refused| {
            let text = text.to_owned();
            Ok(Tried::NotFound(Reason { text, was_refused }))
        };
        if !self.is_worthwhile(way) {
            return not_found("a folder gives no single commits", true);
        }
        let (folder, link, commit) = (self.folder, self.link, self.commit);
        let done = persist(self.options, link.shown(), notes, |notes| {
            folder
                .remove_leftovers(notes)
                .map_err(super::session::Failure::Final)?;
            link.exchange(&folder.repository, &mut |advertised| {
                Ok(wish(way, commit, advertised))
            })
        });
        match done {
            Ok(Some(bytes)) => {
                self.received += bytes;
                if folder.holds(commit) {
                    return Ok(Tried::Found);
                }
                not_found("the commit is not part of that", false)
            }
            Ok(None) => not_found("no reference names the commit", false),
            Err(GaveUp::Unwilling(why)) => not_found(&why, true),
            Err(GaveUp::Final(error)) => Err(error),
        }
    }
}

fn wish(way: FetchWay, commit: &CommitId, advertised: &Advertised) -> Option<Wish> {
    let branches_and_tags = || vec![BRANCHES.to_owned(), TAGS.to_owned()];
    let (refspecs, depth) = match way {
        FetchWay::ByHash => (vec![format!("+{commit}:{}", reference_to(commit))], Some(1)),
        FetchWay::ByReference => {
            let id = Oid::from_bytes(commit.as_bytes()).ok()?;
            let name = advertised.reference_to(id)?;
            (vec![format!("+{name}:refs/retro/by-reference")], Some(1))
        }
        FetchWay::Deepening(depth) => (branches_and_tags(), Some(depth)),
        FetchWay::Everything => (branches_and_tags(), None),
        FetchWay::EveryReference => (vec![EVERY_REFERENCE.to_owned()], None),
        FetchWay::AlreadyThere | FetchWay::Branch(_) => return None,
    };
    Some(Wish { refspecs, depth })
}
