//! What revision expressions mean.

use git2::{ErrorCode, ObjectType, Oid};

use crate::GitError;
use crate::worktree::objects::Objects;

/// Where a walk starts, and what it leaves out with everything behind it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tips {
    pub(super) include: Vec<Oid>,
    pub(super) exclude: Vec<Oid>,
}

/// Reads revisions of one repository.
pub(super) struct Resolver<'a>(pub(super) &'a Objects);

impl Resolver<'_> {
    /// What several expressions mean together, as `git rev-list` reads them.
    pub(super) fn tips(&self, revisions: &[String]) -> Result<Tips, GitError> {
        let mut tips = Tips::default();
        for revision in revisions {
            self.add(&mut tips, revision)?;
        }
        Ok(tips)
    }

    fn add(&self, tips: &mut Tips, text: &str) -> Result<(), GitError> {
        let or_head = |part: &str| if part.is_empty() { "HEAD" } else { part }.to_owned();
        let inside = |part: &str| self.commit(part).map_err(|error| within(text, part, error));
        if let Some(rest) = text.strip_prefix('^') {
            tips.exclude.push(inside(rest)?);
        } else if let Some((left, right)) = split_outside_braces(text, "...") {
            let (left, right) = (inside(&or_head(left))?, inside(&or_head(right))?);
            let bases = self.0.repository().merge_bases(left, right);
            tips.include.extend([left, right]);
            // Two histories without a common commit have nothing to leave out.
            tips.exclude
                .extend(bases.iter().flat_map(|bases| bases.iter()));
        } else if let Some((left, right)) = split_outside_braces(text, "..") {
            tips.exclude.push(inside(&or_head(left))?);
            tips.include.push(inside(&or_head(right))?);
        } else if let Some(revision) = text.strip_suffix("^!") {
            let id = inside(revision)?;
            tips.include.push(id);
            tips.exclude.extend(self.parents(id)?);
        } else if let Some(revision) = text.strip_suffix("^@") {
            tips.include.extend(self.parents(inside(revision)?)?);
        } else if let Some((revision, number)) = text.rsplit_once("^-")
            && let Ok(number) = if number.is_empty() {
                Ok(1)
            } else {
                number.parse::<usize>()
            }
        {
            let id = inside(revision)?;
            let parents = self.parents(id)?;
            let parent = number.checked_sub(1).and_then(|index| parents.get(index));
            let parent = parent.ok_or_else(|| GitError::BadRevision {
                revision: text.to_owned(),
                why: format!("commit {id:.10} has no parent number {number}"),
            })?;
            tips.include.push(id);
            tips.exclude.push(*parent);
        } else {
            tips.include.push(self.commit(text)?);
        }
        Ok(())
    }

    /// The commit that a revision names; a tag is followed.
    pub(super) fn commit(&self, revision: &str) -> Result<Oid, GitError> {
        let bad = |why: String| GitError::BadRevision {
            revision: revision.to_owned(),
            why,
        };
        if revision.is_empty() || revision.contains('\0') {
            return Err(bad("it is empty or has a zero byte in it".to_owned()));
        }
        let object = self
            .0
            .repository()
            .revparse_single(revision)
            .map_err(|error| bad(self.why_not(revision, &error)))?;
        match object.peel(ObjectType::Commit) {
            Ok(commit) => Ok(commit.id()),
            Err(error) if error.code() == ErrorCode::NotFound => Err(self
                .0
                .failed(&error, &|| format!("the commit behind {revision}"))),
            Err(_) => {
                let kind = object.kind().map_or("object", |kind| kind.str());
                Err(bad(format!("it names a {kind}, not a commit")))
            }
        }
    }

    fn parents(&self, id: Oid) -> Result<Vec<Oid>, GitError> {
        Ok(super::find(self.0, id)?.parent_ids().collect())
    }

    fn why_not(&self, revision: &str, error: &git2::Error) -> String {
        let repository = self.0.repository();
        if repository.is_empty().unwrap_or(false) || repository.head().is_err_and(is_unborn) {
            return "there are no commits yet on the current branch".to_owned();
        }
        match error.code() {
            ErrorCode::Ambiguous => {
                return "several objects have names that start like this; give more digits"
                    .to_owned();
            }
            ErrorCode::InvalidSpec => return "it is not a revision expression".to_owned(),
            _ => {}
        }
        match self.nearest_name(revision) {
            Some(name) if name == revision => {
                return "its start is there, but nothing is where it leads".to_owned();
            }
            Some(name) => {
                return format!("no branch, tag or commit has this name; did you mean {name:?}?");
            }
            None => {}
        }
        if repository.is_shallow() {
            return "no branch, tag or commit has this name; this is a shallow clone, which may \
                    lack it: `git fetch --unshallow` gets the rest"
                .to_owned();
        }
        "no branch, tag or commit has this name".to_owned()
    }

    /// The branch or tag whose name is most like the name in a revision.
    fn nearest_name(&self, revision: &str) -> Option<String> {
        let end = revision
            .find(['~', '^', '@', ':'])
            .unwrap_or(revision.len());
        let given = &revision[..end];
        let references = self.0.repository().references().ok()?;
        references
            .flatten()
            .filter_map(|reference| reference.shorthand().ok().map(str::to_owned))
            .map(|name| (strsim::normalized_damerau_levenshtein(given, &name), name))
            .filter(|(likeness, _)| *likeness >= 0.6)
            .max_by(|left, right| left.0.total_cmp(&right.0))
            .map(|(_, name)| format!("{name}{}", &revision[end..]))
    }
}

fn is_unborn(error: git2::Error) -> bool {
    error.code() == ErrorCode::UnbornBranch
}

/// An error about a part of an expression also names the whole.
fn within(whole: &str, part: &str, error: GitError) -> GitError {
    match error {
        GitError::BadRevision { revision, why } if part != whole => GitError::BadRevision {
            revision,
            why: format!("{why} (in {whole:?})"),
        },
        other => other,
    }
}

/// Splits at the first `separator` that is not in braces and not part of a `:/text` search.
fn split_outside_braces<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    if text.starts_with(":/") {
        return None;
    }
    let mut depth = 0_i32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b'.' if depth == 0 && text[at..].starts_with(separator) => {
                return Some((&text[..at], &text[at + separator.len()..]));
            }
            _ => {}
        }
    }
    None
}
