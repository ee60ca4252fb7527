//! Names of repositories.

use std::fmt;

use crate::Digest256;

/// Names a repository: an owner (possibly several parts, as in nested groups) and a name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RepoId {
    owner: String,
    name: String,
}

/// A text does not name a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{location:?} does not name a repository: {why}; expected OWNER/NAME, an https, ssh or file URL, or an absolute path"
)]
pub struct RepoIdError {
    location: String,
    why: &'static str,
}

impl RepoId {
    /// A repository with this owner and name.
    ///
    /// # Errors
    ///
    /// When a part is empty, is `.` or `..`, or holds a character other than letters, digits, `-`,
    /// `_` and `.` (the owner may hold `/` between parts): such a name could leave the folder or
    /// prefix that is made from it.
    pub fn new(owner: &str, name: &str) -> Result<Self, RepoIdError> {
        let part_is_good = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-_.~".contains(c))
        };
        if owner.split('/').all(part_is_good) && part_is_good(name) {
            Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
            })
        } else {
            Err(RepoIdError {
                location: format!("{owner}/{name}"),
                why: "a part is empty, is a dot path, or has a character that names do not have",
            })
        }
    }

    /// The repository at an https, http, ssh, git or file URL, an scp-like `user@host:path`,
    /// `OWNER/NAME`, or an absolute path. A user, password, port or trailing `.git` is left out.
    ///
    /// A path has no owner: it becomes `local` and the folder's name with eight digits of the
    /// path's hash, so that two folders of one name stay apart.
    ///
    /// # Errors
    ///
    /// When nothing in the text can serve as owner and name. The error never shows a password.
    ///
    /// ```
    /// use retro_domain::RepoId;
    /// let id = RepoId::from_location("git@example.com:group/sub/tool.git").unwrap();
    /// assert_eq!((id.owner(), id.name()), ("group/sub", "tool"));
    /// ```
    pub fn from_location(location: &str) -> Result<Self, RepoIdError> {
        let fail = |why| RepoIdError {
            location: redact_userinfo(location),
            why,
        };
        if let Some((scheme, rest)) = location.split_once("://") {
            return match scheme {
                "file" => Ok(Self::from_path(rest)),
                "https" | "http" | "ssh" | "git" | "git+ssh" => {
                    let (_, path) = rest.split_once('/').ok_or_else(|| fail("it has no path"))?;
                    let path = path.split(['?', '#']).next().unwrap_or(path);
                    Self::from_owner_path(path)
                        .ok_or_else(|| fail("its path has no owner and name"))
                }
                _ => Err(fail("its scheme is not known")),
            };
        }
        if location.starts_with('/') {
            return Ok(Self::from_path(location));
        }
        let path = match location.split_once(':') {
            Some((host, path)) if !host.is_empty() && !host.contains('/') => path,
            _ => location,
        };
        Self::from_owner_path(path).ok_or_else(|| fail("it has no owner and name"))
    }

    fn from_owner_path(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let (owner, name) = path.rsplit_once('/')?;
        Self::new(owner, name).ok()
    }

    fn from_path(path: &str) -> Self {
        let trimmed = path.trim_end_matches('/');
        let folder = trimmed.strip_suffix("/.git").unwrap_or(trimmed);
        let stem = folder.rsplit('/').next().unwrap_or_default();
        let stem = stem.strip_suffix(".git").unwrap_or(stem);
        let clean: String = stem
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        let clean = clean.trim_matches('.');
        let clean = if clean.is_empty() {
            "repository"
        } else {
            clean
        };
        let hash = Digest256::of(folder.as_bytes()).to_string();
        Self {
            owner: "local".to_owned(),
            name: format!("{clean}-{}", &hash[..8]),
        }
    }

    /// The owner; parts of nested groups are separated by `/`.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name within the owner.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// The location without the part before `@`, which may hold a password.
fn redact_userinfo(location: &str) -> String {
    match (location.find("://"), location.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}***{}", &location[..scheme + 3], &location[at..])
        }
        _ => location.to_owned(),
    }
}

#[cfg(test)]
#[path = "repo_id_tests.rs"]
mod tests;
