//! Paths that stay inside the work tree.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A path relative to the work tree's root that cannot leave it; empty for the root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct InsidePath(pub(super) String);

/// A glob relative to the work tree's root, or to the scratch folder after `$RETRO_SCRATCH/`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ResultGlob(pub(super) String);

/// A glob relative to the work tree's root.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct KeepGlob(pub(crate) String);

/// What a result path starts with when it is below the scratch folder of a run.
pub(super) const SCRATCH_PREFIX: &str = "$RETRO_SCRATCH/";

impl TryFrom<String> for InsidePath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        check_inside(&text)?;
        let parts = text
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".");
        let parts: Vec<&str> = parts.collect();
        if parts
            .first()
            .is_some_and(|first| first.eq_ignore_ascii_case(".git"))
        {
            return Err(format!("{text:?} is inside .git"));
        }
        Ok(Self(parts.join("/")))
    }
}

impl TryFrom<String> for ResultGlob {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        check_glob(text.strip_prefix(SCRATCH_PREFIX).unwrap_or(&text))?;
        if text.starts_with('$') && !text.starts_with(SCRATCH_PREFIX) {
            return Err(format!(
                "{text:?} starts with a variable; only {SCRATCH_PREFIX} is known here"
            ));
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for KeepGlob {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        check_glob(&text)?;
        Ok(Self(text))
    }
}

fn check_inside(text: &str) -> Result<(), String> {
    if text.contains('\0') {
        return Err(format!("{text:?} contains NUL"));
    }
    if text.starts_with('/') {
        return Err(format!(
            "{text:?} is absolute; write it relative to the repository's root"
        ));
    }
    if text.split('/').any(|part| part == "..") {
        return Err(format!("{text:?} leaves the repository with \"..\""));
    }
    Ok(())
}

fn check_glob(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("the path is empty".to_owned());
    }
    check_inside(text)?;
    globset::GlobBuilder::new(text)
        .literal_separator(true)
        .build()
        .map(drop)
        .map_err(|error| format!("{text:?} is not a glob: {}", error.kind()))
}

macro_rules! string_schema {
    ($($name:ident: $description:literal),+ $(,)?) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $description })
            }
        }
    )+};
}

string_schema! {
    InsidePath: "A path relative to the repository's root, without `..`.",
    ResultGlob: "A glob relative to the repository's root, or below `$RETRO_SCRATCH/`; without `..`.",
    KeepGlob: "A glob relative to the repository's root, without `..`.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for (text, expected) in [
            ("", Some("")),
            (".", Some("")),
            ("sub/./dir/", Some("sub/dir")),
            ("a..b", Some("a..b")),
            ("/etc", None),
            ("../up", None),
            ("a/../b", None),
            (".git/hooks", None),
            (".GIT/config", None),
            ("a\0b", None),
        ] {
            let found = InsidePath::try_from(text.to_owned())
                .ok()
                .map(|path| path.0);
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn result_globs_are_in_the_tree_or_in_the_scratch_folder() {
        for (text, good) in [
            ("target/**/*.xml", true),
            ("$RETRO_SCRATCH/results/*.xml", true),
            ("out/{a,b}.xml", true),
            ("$RETRO_SCRATCH/../x", false),
            ("$HOME/x", false),
            ("$RETRO_SCRATCH", false),
            ("/tmp/x", false),
            ("a/[b", false),
            ("{a", false),
            ("", false),
        ] {
            assert_eq!(
                ResultGlob::try_from(text.to_owned()).is_ok(),
                good,
                "{text:?}"
            );
        }
    }
}
