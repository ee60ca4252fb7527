//! Names that must not be written, because they would leave the work tree or enter a git directory.

/// Why a name of a tree entry must not be written; `None` when it may.
///
/// Whatever some file system could take for `.git` is refused on all of them, as git does: other
/// letter cases, the short name of NTFS, trailing dots and spaces, a stream name behind a colon, and
/// the characters that HFS+ leaves out of comparisons.
pub(crate) fn forbidden(name: &[u8]) -> Option<&'static str> {
    match name {
        b"" => Some("it is an empty name"),
        b"." | b".." => Some("it leads out of its folder"),
        _ if name.contains(&b'/') => Some("it has a slash in a name"),
        _ if is_git_on_ntfs(name) || is_git_on_hfs(name) => {
            Some("it would be written into a git directory")
        }
        _ => None,
    }
}

fn is_git_on_ntfs(name: &[u8]) -> bool {
    let end = name
        .iter()
        .position(|byte| matches!(byte, b':' | b'\\'))
        .unwrap_or(name.len());
    let stem = name[..end].trim_ascii_end();
    let mut stem = stem;
    while let [rest @ .., b'.' | b' '] = stem {
        stem = rest;
    }
    stem.eq_ignore_ascii_case(b".git") || stem.eq_ignore_ascii_case(b"git~1")
}

fn is_git_on_hfs(name: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(name) else {
        return false;
    };
    let ignored = |c: char| {
        matches!(
            c,
            '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
        )
    };
    let seen: String = text.chars().filter(|&c| !ignored(c)).collect();
    seen.to_lowercase() == ".git"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_file_system_takes_for_a_git_directory_is_refused() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            ".git",
            ".GIT",
            ".Git",
            ".git.",
            ".git ",
            ".git . .",
            "git~1",
            "GIT~1",
            ".git::$INDEX_ALLOCATION",
            ".git\\hooks",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".GI\u{206a}T",
        ] {
            assert!(forbidden(name.as_bytes()).is_some(), "{name:?} was let in");
        }
    }

    #[test]
    fn ordinary_names_are_let_in() {
        for name in [
            "a",
            ".gitignore",
            ".github",
            ".git2",
            "git",
            "x.git",
            "...",
            "a b",
            "a\\b",
            "git~2",
            ".gitmodules",
            "..a",
        ] {
            assert_eq!(forbidden(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(forbidden(b"\xff\xfe"), None);
    }
}
