//! The layers that files make: which file, and what it says.

use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use toml::{Table, Value};

use super::config_error::{ConfigError, line_and_column};
use super::document::Document;
use super::keys::{FILE_KEYS, KEYS};
use super::layers::Leaf;
use super::located::{key_span, texts_in};
use super::old_layout::translate;
use super::origin::Origin;
use super::schema_check::first_misfit;

/// The files of a repository that may hold settings; having both is an error.
pub const REPOSITORY_FILES: [&str; 2] = ["retro.toml", ".config/retro.toml"];

/// Writes the configuration files of a repository that has no work tree below `root`, for
/// [`load`](super::load) to find them there. `read` gives a file's content, or `None` when there is no
/// such file. Whether there was any.
///
/// # Errors
///
/// What `read` says, and when a file cannot be written.
pub fn write_repository_files(
    root: &Path,
    mut read: impl FnMut(&str) -> io::Result<Option<Vec<u8>>>,
) -> io::Result<bool> {
    let mut found = false;
    for name in REPOSITORY_FILES {
        let Some(content) = read(name)? else {
            continue;
        };
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(root))?;
        std::fs::write(&path, content)?;
        found = true;
    }
    Ok(found)
}

/// Configuration files are small; a larger one is some other file by mistake.
const MAX_BYTES: u64 = 4 << 20;

/// Which layer a file makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Default,
    User,
    Repository,
}

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct FileLayer {
    pub(super) leaves: Vec<Leaf>,
    pub(super) warnings: Vec<String>,
    /// The suites that the rules are for, and what to say where there is no such suite.
    pub(super) ruled: Vec<(String, ConfigError)>,
}

/// The repository's configuration file, if it has one.
///
/// # Errors
/// When it has two: neither is better than the other, and reading one would ignore the other.
pub(super) fn repository_file(root: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let mut found = REPOSITORY_FILES
        .into_iter()
        .filter(|name| root.join(name).symlink_metadata().is_ok());
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => Err(ConfigError::in_file(
            Path::new(first),
            format!("the repository has both {first} and {second}"),
        )
        .with_hint("keep one of them")),
        (first, _) => Ok(first.map(|name| root.join(name))),
    }
}

/// Reads a configuration file's text; `shown` is the path for messages.
pub(super) fn read_text(path: &Path, shown: &Path) -> Result<String, ConfigError> {
    let wrong = |what: String| ConfigError::in_file(shown, what);
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => wrong("the file does not exist".to_owned()),
        _ => wrong(format!("cannot read the file: {error}")),
    })?;
    if !metadata.is_file() {
        return Err(wrong("this is not a file".to_owned()));
    }
    if metadata.len() > MAX_BYTES {
        return Err(wrong(format!(
            "the file is larger than {} MiB, which no configuration is",
            MAX_BYTES >> 20
        )));
    }
    let bytes =
        std::fs::read(path).map_err(|error| wrong(format!("cannot read the file: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        wrong(format!("the file is not valid UTF-8 (line {line})"))
    })
}

/// What the text of a file says.
///
/// `shown` is the path for messages and origins.
pub(super) fn parse(text: &str, shown: &Path, kind: FileKind) -> Result<FileLayer, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let at = |span: std::ops::Range<usize>, what: String| ConfigError::at(shown, text, span, what);
    let from_toml = |error: toml::de::Error| {
        let what = in_plain_words(error.message());
        match error.span() {
            Some(span) => at(span, what),
            None => ConfigError::in_file(shown, what),
        }
    };

    let spanned = DeTable::parse(text).map_err(&from_toml)?.into_inner();
    if let Some(misfit) = first_misfit(&spanned, &super::schema()) {
        return Err(at(misfit.span, misfit.what).with_hint(misfit.hint));
    }
    let document: Document = toml::from_str(text).map_err(&from_toml)?;
    let mut table: Table = toml::from_str(text).map_err(&from_toml)?;

    let (list, names) = match (&document.suites, &document.test_runners) {
        (Some(_), Some(_)) => {
            let span = key_span(&spanned, "test_runners").unwrap_or_default();
            return Err(at(
                span,
                "the file has both suites and test_runners, which is the old layout of suites"
                    .to_owned(),
            )
            .with_hint("turn each [[test_runners]] into [[suites]]"));
        }
        (None, Some(_)) => ("test_runners", texts_in(&spanned, "test_runners", "name")),
        _ => ("suites", texts_in(&spanned, "suites", "name")),
    };
    for (index, (_, name, span)) in names.iter().enumerate() {
        if let Some((_, _, first)) = names[..index].iter().find(|(_, other, _)| other == name) {
            let (line, _) = line_and_column(text, first.start);
            return Err(at(
                span.clone(),
                format!("there is a suite called {name:?} already, in line {line}"),
            )
            .with_hint("give it another name"));
        }
    }

    let origin = |span: Option<std::ops::Range<usize>>| {
        let (line, _) = line_and_column(text, span.unwrap_or_default().start);
        let path = shown.to_owned();
        match kind {
            FileKind::Default => Origin::Default,
            FileKind::User => Origin::UserFile { path, line },
            FileKind::Repository => Origin::RepoFile { path, line },
        }
    };
    let mut layer = FileLayer {
        ruled: texts_in(&spanned, "rules", "suite")
            .into_iter()
            .map(|(_, name, span)| {
                let what = format!("a rule is for the suite {name:?}, which does not exist");
                (name.to_owned(), at(span, what))
            })
            .collect(),
        ..FileLayer::default()
    };
    if list == "test_runners" {
        let line = origin(key_span(&spanned, "test_runners"));
        let runners = table.remove("test_runners");
        let (suites, warning) = translate(runners, &line);
        table.insert("suites".to_owned(), suites);
        layer.warnings.push(warning);
    }
    let names = KEYS.iter().map(|key| key.name);
    for key in names.chain(FILE_KEYS.iter().copied()) {
        if let Some(value) = take(&mut table, key) {
            let mut span = key_span(&spanned, key);
            if key == "suites" {
                span = span.or_else(|| key_span(&spanned, list));
            }
            layer.leaves.push(Leaf {
                key,
                value,
                origin: origin(span),
            });
        }
    }
    Ok(layer)
}

/// Takes the value of a dotted key out of a table.
fn take(table: &mut Table, key: &str) -> Option<Value> {
    match key.split_once('.') {
        Some((first, rest)) => take(table.get_mut(first)?.as_table_mut()?, rest),
        None => table.remove(key),
    }
}

/// A message of the TOML reader as people who do not write Rust put it.
pub(crate) fn in_plain_words(message: &str) -> String {
    message
        .trim()
        .replace('\n', "; ")
        .replace("missing field", "missing key")
        .replace("expected u32", "expected a whole number from 0")
        .replace("expected i32", "expected a whole number of 32 bits")
}
