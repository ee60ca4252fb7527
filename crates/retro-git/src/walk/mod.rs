//! Which commits a query selects.

mod lineage;
mod path_filter;
mod revisions;

use std::collections::HashSet;

use git2::{Commit, Oid, Sort};
use retro_domain::{CommitId, RepoId, Timestamp, TreeId};

use self::lineage::{Lineage, Visited};
use self::path_filter::PathFilter;
use self::revisions::{Resolver, Tips};
use crate::worktree::objects::Objects;
use crate::{
    CommitInfo, CommitList, CommitQuery, GitError, GitRepository, History, MergePolicy, Selection,
};

/// A walk that has met this many commits in a row from before `since` takes it that no younger one
/// follows. Clocks of committers differ, so the first one proves nothing.
const OLD_COMMITS_IN_A_ROW: usize = 100;

impl History for GitRepository {
    fn repo_id(&self) -> RepoId {
        // Every linked work tree belongs to one repository: that of the main one.
        let common = self.common_dir();
        let place = match (common.file_name(), common.parent()) {
            (Some(name), Some(root)) if name == ".git" => root,
            _ => common,
        };
        let path = place.to_string_lossy();
        let unnamed = || RepoId::new("local", "repository");
        RepoId::from_location(&path)
            .or_else(|_| unnamed())
            .expect("a name of plain letters is one")
    }

    fn commits(&self, query: &CommitQuery) -> Result<CommitList, GitError> {
        let objects = self.objects();
        let shallow = shallow_boundary(self)?;
        Walk {
            objects: &objects,
            shallow,
            query,
            paths: PathFilter::new(&query.paths)?,
        }
        .run()
    }

    fn resolve(&self, revision: &str) -> Result<CommitInfo, GitError> {
        let objects = self.objects();
        let id = Resolver(&objects).commit(revision)?;
        info(&find(&objects, id)?)
    }

    fn read_file(&self, commit: &CommitId, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let objects = self.objects();
        let id = Oid::from_bytes(commit.as_bytes())
            .map_err(|error| GitError::git(&format!("reading commit {commit}"), &error))?;
        let mut tree = objects.tree_of(id)?;
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            let entries = objects.tree(tree)?;
            let entry = entries
                .into_iter()
                .find(|entry| entry.name.to_bytes() == part.as_bytes());
            use crate::worktree::objects::EntryKind as Kind;
            match entry {
                Some(entry) if parts.peek().is_some() && entry.kind == Kind::Folder => {
                    tree = entry.id;
                }
                Some(entry)
                    if parts.peek().is_none()
                        && matches!(entry.kind, Kind::File | Kind::Executable | Kind::Symlink) =>
                {
                    return objects
                        .with_blob(entry.id, || path.to_owned(), <[u8]>::to_vec)
                        .map(Some);
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}

struct Walk<'a> {
    objects: &'a Objects,
    shallow: HashSet<Oid>,
    query: &'a CommitQuery,
    paths: PathFilter,
}

impl Walk<'_> {
    fn run(&self) -> Result<CommitList, GitError> {
        let (visited, wanted) = match &self.query.selection {
            Selection::Last { count, tip } => {
                let tip = Resolver(self.objects).commit(tip.as_deref().unwrap_or("HEAD"))?;
                let tips = Tips {
                    include: vec![tip],
                    exclude: Vec::new(),
                };
                self.walk(&tips, *count)?
            }
            Selection::Revisions(revisions) => {
                let tips = Resolver(self.objects).tips(revisions)?;
                match (
                    tips.include.as_slice(),
                    tips.exclude.as_slice(),
                    revisions.as_slice(),
                ) {
                    // One revision alone is that commit, and not everything behind it.
                    ([single], [], [_]) => self.listed(&[*single])?,
                    _ => self.walk(&tips, usize::MAX)?,
                }
            }
            Selection::Listed(revisions) => {
                let resolver = Resolver(self.objects);
                let ids: Vec<Oid> = revisions
                    .iter()
                    .map(|revision| resolver.commit(revision))
                    .collect::<Result<_, _>>()?;
                self.lineage_of(&ids)?
            }
        };
        let mut warnings = Vec::new();
        if let Some(boundary) = visited
            .iter()
            .find(|commit| self.shallow.contains(&commit.id))
        {
            warnings.push(format!(
                "the repository is a shallow clone: nothing before commit {:.10} is there; `git \
                 fetch --unshallow` gets the rest",
                boundary.id
            ));
        }
        let mut lineage = Lineage::new(visited, &wanted);
        lineage.sample(self.query.every);
        let (order, parents) = lineage.oldest_first();
        let commits = order
            .into_iter()
            .map(|id| info(&find(self.objects, id)?))
            .collect::<Result<_, _>>()?;
        Ok(CommitList {
            commits,
            parents,
            warnings,
        })
    }

    /// Walks from the tips, newest first, until `count` commits pass the filters: every commit met,
    /// and those that passed. History is read no further than that takes.
    fn walk(&self, tips: &Tips, count: usize) -> Result<(Vec<Visited>, HashSet<Oid>), GitError> {
        let doing = "walking the history";
        let failed =
            |error: &git2::Error| self.objects.failed(error, &|| "part of the history".into());
        let mut walk = self
            .objects
            .repository()
            .revwalk()
            .map_err(|error| GitError::git(doing, &error))?;
        // Unsorted is newest first too, and the only order that libgit2 walks without reading
        // everything beforehand.
        walk.set_sorting(Sort::NONE)
            .map_err(|error| GitError::git(doing, &error))?;
        if self.query.first_parent {
            walk.simplify_first_parent()
                .map_err(|error| GitError::git(doing, &error))?;
        }
        for &tip in &tips.include {
            walk.push(tip).map_err(|error| failed(&error))?;
        }
        for &tip in &tips.exclude {
            walk.hide(tip).map_err(|error| failed(&error))?;
        }
        let (mut visited, mut wanted) = (Vec::new(), HashSet::new());
        let mut old_in_a_row = 0;
        while wanted.len() < count {
            let Some(id) = walk.next() else { break };
            let commit = find(self.objects, id.map_err(|error| failed(&error))?)?;
            let one = self.visit(&commit);
            let is_old = self
                .query
                .since
                .is_some_and(|since| committed_at(&commit) < since);
            old_in_a_row = if is_old { old_in_a_row + 1 } else { 0 };
            if !is_old && self.passes(&commit, &one)? {
                wanted.insert(one.id);
            }
            visited.push(one);
            if old_in_a_row >= OLD_COMMITS_IN_A_ROW {
                break;
            }
        }
        Ok((visited, wanted))
    }

    /// Exactly these commits, where they pass the filters.
    fn listed(&self, ids: &[Oid]) -> Result<(Vec<Visited>, HashSet<Oid>), GitError> {
        let (mut visited, mut wanted) = (Vec::new(), HashSet::new());
        for &id in ids {
            let commit = find(self.objects, id)?;
            let one = self.visit(&commit);
            let is_old = self
                .query
                .since
                .is_some_and(|since| committed_at(&commit) < since);
            if !is_old && self.passes(&commit, &one)? {
                wanted.insert(id);
            }
            visited.push(one);
        }
        Ok((visited, wanted))
    }

    /// Exactly these commits, with what lies between them, so that it is known which are ancestors of
    /// which. What is older than the oldest of them is not read.
    fn lineage_of(&self, ids: &[Oid]) -> Result<(Vec<Visited>, HashSet<Oid>), GitError> {
        let (listed, wanted) = self.listed(ids)?;
        let oldest = listed
            .iter()
            .map(|commit| commit.seconds)
            .min()
            .unwrap_or(0);
        let mut open = listed.clone();
        let mut visited = Vec::new();
        let mut seen: HashSet<Oid> = HashSet::new();
        while let Some(one) = open.pop() {
            if !seen.insert(one.id) {
                continue;
            }
            for &parent in &one.parents {
                if seen.contains(&parent) {
                    continue;
                }
                let parent = self.visit(&find(self.objects, parent)?);
                if parent.seconds >= oldest {
                    open.push(parent);
                }
            }
            visited.push(one);
        }
        Ok((visited, wanted))
    }

    fn visit(&self, commit: &Commit<'_>) -> Visited {
        let mut parents: Vec<Oid> = if self.shallow.contains(&commit.id()) {
            Vec::new()
        } else {
            commit.parent_ids().collect()
        };
        if self.query.first_parent {
            parents.truncate(1);
        }
        Visited {
            id: commit.id(),
            parents,
            seconds: commit.time().seconds(),
        }
    }

    /// Whether a commit passes every filter but `since`.
    fn passes(&self, commit: &Commit<'_>, visited: &Visited) -> Result<bool, GitError> {
        let is_merge = commit.parent_count() > 1;
        let merge_is_fine = match self.query.merges {
            MergePolicy::Include => true,
            MergePolicy::Exclude => !is_merge,
            MergePolicy::Only => is_merge,
        };
        let is_late = self
            .query
            .until
            .is_some_and(|until| committed_at(commit) > until);
        if !merge_is_fine || is_late {
            return Ok(false);
        }
        self.paths.passes(self.objects, visited)
    }
}

/// The commits whose parents a shallow clone does not have.
fn shallow_boundary(repository: &GitRepository) -> Result<HashSet<Oid>, GitError> {
    let path = repository.common_dir().join("shallow");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text
            .lines()
            .filter_map(|line| Oid::from_str(line).ok())
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(HashSet::new()),
        Err(error) => Err(GitError::io(path, error)),
    }
}

fn find(objects: &Objects, id: Oid) -> Result<Commit<'_>, GitError> {
    objects
        .repository()
        .find_commit(id)
        .map_err(|error| objects.failed(&error, &|| format!("commit {id}")))
}

fn committed_at(commit: &Commit<'_>) -> Timestamp {
    Timestamp::from_unix_seconds(commit.time().seconds())
}

fn info(commit: &Commit<'_>) -> Result<CommitInfo, GitError> {
    let broken = || GitError::Git {
        doing: format!("reading commit {}", commit.id()),
        why: "its object ids are not of a known kind".to_owned(),
    };
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    Ok(CommitInfo {
        id: commit_id(commit.id()).ok_or_else(broken)?,
        tree: TreeId::from_bytes(commit.tree_id().as_bytes()).ok_or_else(broken)?,
        parents: commit
            .parent_ids()
            .map(|id| commit_id(id).ok_or_else(broken))
            .collect::<Result<_, _>>()?,
        committed_at: committed_at(commit),
        author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
        summary: message
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default()
            .trim_end()
            .to_owned(),
    })
}

pub(crate) fn commit_id(id: Oid) -> Option<CommitId> {
    CommitId::from_bytes(id.as_bytes())
}
