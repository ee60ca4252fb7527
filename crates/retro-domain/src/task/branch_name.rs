//! Names of branches.

use std::fmt;
use std::str::FromStr;

use crate::Digest256;

/// Slugs are cut at this length.
const MAX_SLUG: usize = 50;
/// Longer names do not fit into the file names that servers make of them.
const MAX_NAME: usize = 200;

/// The name of a branch, without `refs/heads/`. Git takes every such name, see
/// `git check-ref-format --branch`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchName(String);

/// A text cannot be the name of a branch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} cannot be the name of a branch: {why}; choose another")]
pub struct BranchNameError {
    name: String,
    why: &'static str,
}

/// Lower-case letters, digits and single hyphens, made of any text: at most 50 characters, never empty.
///
/// Every run of other characters becomes one hyphen, and there is none at either end. A text without a
/// letter or digit of ASCII becomes `task-` and eight digits of its hash, which are always the same.
///
/// ```
/// use retro_domain::slug;
/// assert_eq!(slug("Analyze Sales Data!"), "analyze-sales-data");
/// assert_eq!(slug("データ"), slug("データ"));
/// ```
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == MAX_SLUG {
            break;
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() {
        let digest = Digest256::of(text.as_bytes()).to_string();
        slug = format!("task-{}", &digest[..8]);
    }
    slug
}

impl BranchName {
    /// The branch of a task's run: `PREFIX/SLUG/run-N`, or `SLUG/run-N` where the prefix is empty.
    ///
    /// Two tasks of one name have the same branches; who starts a run chooses a number that is free.
    ///
    /// # Errors
    ///
    /// When the prefix is one that git refuses.
    ///
    /// ```
    /// use retro_domain::BranchName;
    /// let name = BranchName::for_run("retro", "Analyze Sales Data", 1).unwrap();
    /// assert_eq!(name.as_str(), "retro/analyze-sales-data/run-1");
    /// ```
    pub fn for_run(prefix: &str, task: &str, run: u32) -> Result<Self, BranchNameError> {
        let slug = slug(task);
        match prefix {
            "" => format!("{slug}/run-{run}").parse(),
            prefix => format!("{prefix}/{slug}/run-{run}").parse(),
        }
    }

    /// The name, without `refs/heads/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with `refs/heads/`.
    pub fn reference(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl FromStr for BranchName {
    type Err = BranchNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match fault_of(name) {
            None => Ok(Self(name.to_owned())),
            Some(why) => Err(BranchNameError {
                name: name.chars().take(MAX_NAME).collect(),
                why,
            }),
        }
    }
}

/// What git has against a name. Beside that, `@` alone is refused, which git takes for `HEAD`, and what
/// is too long for a file.
fn fault_of(name: &str) -> Option<&'static str> {
    let is_forbidden = |letter: char| letter.is_ascii_control() || " ~^:?*[\\".contains(letter);
    let parts = || name.split('/');
    match name {
        "" => Some("it is empty"),
        "HEAD" | "@" => Some("it means the commit that is checked out"),
        _ if name.len() > MAX_NAME => Some("it is longer than 200 bytes"),
        _ if name.starts_with('-') => Some("it starts with a hyphen"),
        _ if name.ends_with('.') => Some("it ends with a dot"),
        _ if name.contains(is_forbidden) => {
            Some("it holds a space, a control character or one of ~^:?*[\\")
        }
        _ if name.contains("..") => Some("it holds two dots in a row"),
        _ if name.contains("@{") => Some("it holds @{"),
        _ if parts().any(str::is_empty) => {
            Some("it starts or ends with a slash or has two in a row")
        }
        _ if parts().any(|part| part.starts_with('.')) => Some("a part of it starts with a dot"),
        _ if parts().any(|part| part.ends_with(".lock")) => Some("a part of it ends with .lock"),
        _ => None,
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_are_short_and_plain() {
        let check = |text: &str, expected: &str| assert_eq!(slug(text), expected);
        check("Analyze Sales Data", "analyze-sales-data");
        check("  --a  B__c--  ", "a-b-c");
        check("Größe ändern", "gr-e-ndern");
        check("HEAD", "head");
        check("x.lock", "x-lock");
        check("", "task-e3b0c442");
        check("データ", "task-16773842");
        check(&"ab-".repeat(40), &"ab-".repeat(17)[..50]);
        check(&format!("{} tail", "a".repeat(49)), &"a".repeat(49));
    }

    #[test]
    fn names_that_git_refuses_are_refused() {
        let check = |name: &str, is_good: bool| {
            assert_eq!(name.parse::<BranchName>().is_ok(), is_good, "{name:?}");
        };
        for name in [
            "a",
            "a/b",
            "retro/x/run-1",
            "ä/ö",
            "a@b",
            "a{b",
            "head",
            "a-",
        ] {
            check(name, true);
        }
        for name in [
            "", "@", "HEAD", "-a", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a..b", "a.lock",
            "a.lock/b", "a b", "a~", "a^", "a:", "a?", "a*", "a[", "a\\", "a\n", "a\x7f", "a@{b",
        ] {
            check(name, false);
        }
        check(&"a".repeat(200), true);
        check(&"a".repeat(201), false);
        let error = BranchName::for_run("bad prefix", "t", 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"bad prefix/t/run-1\" cannot be the name of a branch: it holds a space, a control \
             character or one of ~^:?*[\\; choose another"
        );
        assert_eq!(BranchName::for_run("", "t", 2).unwrap().as_str(), "t/run-2");
    }

    proptest! {
        #[test]
        fn every_task_has_a_branch(task in any::<String>(), run in any::<u32>()) {
            let slug = slug(&task);
            prop_assert!((1..=50).contains(&slug.len()));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--"));
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            prop_assert!(slug.bytes().all(plain));
            prop_assert!(BranchName::for_run("retro", &task, run).is_ok());
        }
    }
}
