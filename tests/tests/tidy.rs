//! What the sources must not hold.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn sources(below: &str) -> Vec<(String, String)> {
    let mut open = vec![root().join(below)];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                open.extend(
                    fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no source below {below}");
    found
}

/// The sources that are part of a library: no tests, no benches, no examples.
fn library_sources() -> Vec<(String, String)> {
    let of_library = |name: &str| {
        let inner = name.splitn(3, '/').nth(2).unwrap_or_default();
        inner.starts_with("src/")
            && !name.ends_with("_tests.rs")
            && !name.contains("/tests/")
            && !name.contains("/contract/")
            && !name.starts_with("crates/retro-testing/")
    };
    let mut sources = sources("crates");
    sources.retain(|(name, _)| of_library(name));
    for (_, text) in &mut sources {
        // What follows is unit tests, which may do what the library must not.
        if let Some(tests) = text.find("#[cfg(test)]") {
            text.truncate(tests);
        }
    }
    sources
}

/// The lines of code (no comments) that hold `needle`, outside of `exempt`.
fn check(needle: &str, exempt: &[&str]) {
    for (name, text) in library_sources() {
        if exempt.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//") {
                assert!(!code.contains(needle), "{name}:{}: {needle}", number + 1);
            }
        }
    }
}

#[test]
fn libraries_print_nothing() {
    for needle in ["println!(", "print!(", "eprintln!(", "eprint!(", "dbg!("] {
        check(needle, &[]);
    }
}

#[test]
fn libraries_read_no_environment_and_start_no_process() {
    check("env::var", &[]);
    check("env::home_dir", &[]);
    check("Command::new", &["crates/retro-exec/"]);
    check("libc::fork", &["crates/retro-exec/"]);
    check("libc::execve", &["crates/retro-exec/"]);
}

#[test]
fn only_the_owners_name_git2_and_sqlite() {
    check("git2::", &["crates/retro-git/"]);
    check("rusqlite::", &["crates/retro-store-local/"]);
}

#[test]
fn files_are_named_by_their_subject_and_short() {
    let mut lengths = Vec::new();
    for folder in ["crates", "bins", "tests"] {
        for (name, text) in sources(folder) {
            let file = name.rsplit('/').next().unwrap();
            let vague = [
                "utils.rs",
                "util.rs",
                "helpers.rs",
                "common.rs",
                "imp.rs",
                "misc.rs",
            ];
            assert!(!vague.contains(&file), "{name} says nothing of its subject");
            let lines = text.lines().count();
            assert!(
                lines <= 600,
                "{name} has {lines} lines; split it by subject"
            );
            lengths.push(lines);
        }
    }
    lengths.sort_unstable();
    let long = lengths.iter().filter(|&&lines| lines > 400).count();
    assert!(
        long * 10 <= lengths.len(),
        "{long} of {} files are over 400 lines",
        lengths.len()
    );
}

#[test]
fn nothing_is_left_undone() {
    for folder in ["crates", "bins", "tests"] {
        for (name, text) in sources(folder) {
            for stub in [
                concat!("todo", "!("),
                concat!("unimplemented", "!("),
                concat!("#[ig", "nore"),
            ] {
                assert!(!text.contains(stub), "{name} holds {stub}");
            }
        }
    }
}
