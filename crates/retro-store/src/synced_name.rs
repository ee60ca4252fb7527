//! Which names the files of a synchronised place may have.

use crate::{SYNC_MANIFEST_NAME, TEMPORARY_PREFIX};

/// What keeps a part of a path from being one of a synchronised place; `None` when nothing does.
pub(crate) fn part_fault(part: &str) -> Option<&'static str> {
    match part {
        "" => Some("is empty"),
        "." | ".." => Some("leads elsewhere"),
        _ if part.eq_ignore_ascii_case(".git") => Some("is a git folder"),
        _ if part.starts_with(TEMPORARY_PREFIX) => Some("begins as temporary ones do"),
        _ if part.contains('\\') => Some("holds a backslash"),
        _ if part.chars().any(char::is_control) => Some("holds a control character"),
        _ => None,
    }
}

/// Whether a file of a place may have this name: it is relative, each part of it is a name of its
/// own, and it is not that of the manifest. What a manifest says is removed by name, so a damaged
/// one must not lead anywhere else.
pub fn is_synced_name(name: &str) -> bool {
    name != SYNC_MANIFEST_NAME && name.split('/').all(|part| part_fault(part).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_is_none() {
        let check = |name: &str, allowed| assert_eq!(is_synced_name(name), allowed, "{name:?}");
        for good in [
            "a",
            "a/b é.js",
            "manifest.json",
            "a/.retro-sync.json",
            ".gitignore",
            "...",
        ] {
            check(good, true);
        }
        for bad in [
            "",
            "/a",
            "a//b",
            "a/",
            "..",
            "a/../b",
            "./a",
            ".git/config",
            "a/.GIT",
            "a\\b",
            "a\nb",
            ".retro-sync.json",
            ".retro-tmp-1",
            "a/.retro-tmp-1/b",
        ] {
            check(bad, false);
        }
    }
}
