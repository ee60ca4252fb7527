//! Fetching what a branch is based on, into a repository with a work tree.

use git2::{Oid, Repository};

use super::Remote;
use super::fetch_history::find;
use super::link::{Link, Wish};
use super::options::{FetchNote, FetchOptions};
use super::retry::{GaveUp, persist};
use crate::GitError;

/// What a remote has, and is here now.
#[derive(Debug, Default)]
pub(crate) struct FoundUpstream {
    /// The full name of the branch that work is based on, and its tip; none in an empty repository.
    pub(crate) base: Option<(String, Oid)>,
    /// The tip of the branch that was asked for, where there is one.
    pub(crate) branch: Option<Oid>,
}

/// Fetches the branch called `base` (the remote's default branch, where that is `HEAD`) and `branch`, a
/// full name, each with all that is behind it.
pub(crate) fn fetch_upstream(
    remote: &Remote,
    repository: &Repository,
    base: &str,
    branch: &str,
    options: &FetchOptions<'_>,
    notes: &mut dyn FnMut(FetchNote),
) -> Result<FoundUpstream, GitError> {
    let link = Link::open(remote, options)?;
    let mut found = FoundUpstream::default();
    let done = persist(options, link.shown(), notes, |_| {
        link.exchange(repository, &mut |advertised| {
            found.branch = advertised.target(branch);
            let is_empty = advertised.references.is_empty();
            if is_empty && base == "HEAD" {
                found.base = None;
                return Ok(None);
            }
            let name = find(advertised, base)?;
            let tip = advertised.target(&format!("{name}^{{}}"));
            found.base = tip
                .or(advertised.target(&name))
                .map(|tip| (name.clone(), tip));
            let tracked = |name: &str| format!("+{name}:{}", tracking(name));
            let mut refspecs = vec![tracked(&name)];
            if found.branch.is_some() && branch != name {
                refspecs.push(tracked(branch));
            }
            let depth = None;
            Ok(Some(Wish { refspecs, depth }))
        })
    });
    match done {
        Ok(_) => Ok(found),
        Err(GaveUp::Final(error)) => Err(error),
        Err(GaveUp::Unwilling(why)) => Err(GitError::Refused {
            url: link.shown().to_owned(),
            why,
        }),
    }
}

/// Where what a remote's reference names is kept here.
pub(crate) fn tracking(name: &str) -> String {
    let short = name.strip_prefix("refs/heads/");
    match short {
        Some(short) => format!("refs/remotes/origin/{short}"),
        None => format!("refs/remotes/origin/{}", name.trim_start_matches("refs/")),
    }
}
