//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

/// The layer that a value came from, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// git-retro's own defaults.
    Default,
    /// The user's configuration file.
    UserFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The repository's configuration file, or the one that `--config` named.
    RepoFile {
        /// The file; relative to the repository's root when it is inside it.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
    /// A flag.
    Flag {
        /// Its name with the hyphens.
        name: String,
    },
}

impl Origin {
    /// Whether the value was given for this one call, by variable or flag.
    pub fn is_for_this_call(&self) -> bool {
        matches!(self, Self::Environment { .. } | Self::Flag { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::UserFile { path, line } | Self::RepoFile { path, line } => {
                write!(f, "{}:{line}", path.display())
            }
            Self::Environment { name } => write!(f, "{name} in the environment"),
            Self::Flag { name } => f.write_str(name),
        }
    }
}

/// One line of `git retro config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The setting, as files name it: `slots.keep`.
    pub key: &'static str,
    /// The value in force, as TOML.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}
