//! Which names an artifact may have.

use crate::StoreError;

/// The name under which a finished scope's manifest is stored; no artifact may take it.
pub const MANIFEST_NAME: &str = "manifest.json";

/// How the names of files begin that a store writes before it renames them; no part of an
/// artifact's name may begin so.
pub const TEMPORARY_PREFIX: &str = ".retro-tmp-";

/// The longest name that every file system and object store takes, in bytes.
const MAX_NAME: usize = 900;
/// The longest part that every file system takes once a temporary suffix is added, in bytes.
const MAX_PART: usize = 200;

/// Checks that a name stays inside its scope wherever it is stored.
///
/// A name is relative, with `/` between parts. No part is empty, `.`, `..` or `.git` in any case,
/// holds a backslash or a control character, begins with [`TEMPORARY_PREFIX`], or is longer than
/// 200 bytes; the whole is not longer than 900 bytes and is not [`MANIFEST_NAME`].
///
/// # Errors
///
/// [`StoreError::Backend`] that says what is wrong with the name.
pub fn check_artifact_name(name: &str) -> Result<(), StoreError> {
    match fault(name) {
        None => Ok(()),
        Some(fault) => Err(StoreError::Backend {
            what: format!("storing the artifact {name:?}"),
            why: format!("an artifact's name must not {fault}"),
        }),
    }
}

fn fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("be empty");
    }
    if name.len() > MAX_NAME {
        return Some("be longer than 900 bytes");
    }
    if name.starts_with('/') {
        return Some("be absolute");
    }
    if name.contains('\\') {
        return Some("hold a backslash");
    }
    if name.chars().any(char::is_control) {
        return Some("hold a control character");
    }
    if name.eq_ignore_ascii_case(MANIFEST_NAME) {
        return Some("be that of the manifest");
    }
    name.split('/').find_map(|part| match part {
        "" => Some("have an empty part"),
        "." | ".." => Some("have a part that is a dot path"),
        _ if part.eq_ignore_ascii_case(".git") => Some("lead into a git folder"),
        _ if part.starts_with(TEMPORARY_PREFIX) => {
            Some("have a part that begins as temporary ones do")
        }
        _ if part.len() > MAX_PART => Some("have a part longer than 200 bytes"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_leave_its_scope_is_refused() {
        let check = |name: &str, allowed: bool| {
            assert_eq!(check_artifact_name(name).is_ok(), allowed, "{name:?}");
        };
        for good in [
            "stdout.log",
            "target/nextest/junit.xml",
            "a b.txt",
            "...",
            "..a/b..",
            ".gitignore",
            "deep/manifest.json",
            "é/ü",
        ] {
            check(good, true);
        }
        let long_part = "x".repeat(201);
        let long_name = "x/".repeat(460) + "x";
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            ".",
            "../x",
            "x/../y",
            "x/./y",
            "x//y",
            "x/",
            ".git/config",
            "x/.GIT/hooks",
            "a\\b",
            "a\0b",
            "a\nb",
            "a/.retro-tmp-1",
            "manifest.json",
            "Manifest.JSON",
            &long_part,
            &long_name,
        ] {
            check(bad, false);
        }
    }
}
