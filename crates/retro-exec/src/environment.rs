//! The environment that a command of a repository gets.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a command's environment holds beside the base set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentPolicy {
    /// Names of variables to pass from the base, a trailing `*` standing for any ending.
    pub allow: Vec<String>,
    /// Variables with fixed values; they win over everything else.
    pub fixed: BTreeMap<String, String>,
    /// Whose home directory the command sees.
    pub home: Home,
    /// `TMPDIR` of the command; without it, that of the base.
    pub tmp_dir: Option<PathBuf>,
}

/// Whose home directory a command sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// This directory, empty at first: no configuration or credentials of the user are found.
    Own(PathBuf),
    /// The user's, with everything in it.
    User,
}

/// The environment for a command, from that of the caller.
pub fn clean_environment(
    base: &BTreeMap<OsString, OsString>,
    policy: &EnvironmentPolicy,
    exists: &dyn Fn(&Path) -> bool,
) -> Vec<(OsString, OsString)> {
    let _ = (policy, exists);
    base.iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
