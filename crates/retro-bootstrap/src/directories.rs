//! Where git-retro keeps what is not in a repository.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// git-retro's own folders. None of them need exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// Results, logs and artifacts: what a user would miss.
    pub data: PathBuf,
    /// Work trees and whatever else can be made again.
    pub cache: PathBuf,
    /// The folder of the user's configuration file.
    pub config: PathBuf,
}

/// No folder can be named, because neither a home nor an XDG variable says where to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no place for git-retro's {purpose}: HOME is not set, and {variable} is not an absolute path"
)]
pub struct DirectoriesError {
    /// What the folder is for: `data`, `cache` or `configuration`.
    pub purpose: &'static str,
    /// The variable that would say it.
    pub variable: &'static str,
}

impl Directories {
    /// The user's configuration file, `config.toml` in [`Directories::config`].
    pub fn user_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}

/// The folders for this environment and home: the XDG base directory rules on every platform.
///
/// A variable that holds no absolute path is ignored, as those rules demand.
///
/// # Errors
/// [`DirectoriesError`] when `home` is `None` and one of the variables is missing too.
pub fn directories(
    env: &BTreeMap<OsString, OsString>,
    home: Option<&Path>,
) -> Result<Directories, DirectoriesError> {
    let place = |purpose, variable: &'static str, below_home: &str| {
        env.get(OsStr::new(variable))
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| {
                home.filter(|home| home.is_absolute())
                    .map(|home| home.join(below_home))
            })
            .map(|base| base.join("git-retro"))
            .ok_or(DirectoriesError { purpose, variable })
    };
    Ok(Directories {
        data: place("data", "XDG_DATA_HOME", ".local/share")?,
        cache: place("cache", "XDG_CACHE_HOME", ".cache")?,
        config: place("configuration", "XDG_CONFIG_HOME", ".config")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(env: &[(&str, &str)], home: Option<&str>) -> Result<[String; 3], String> {
        let env = env.iter().map(|(k, v)| (k.into(), v.into())).collect();
        directories(&env, home.map(Path::new))
            .map(|d| {
                [d.data.clone(), d.cache.clone(), d.user_file()]
                    .map(|path| path.display().to_string())
            })
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_home_is_where_folders_are_unless_a_variable_says_otherwise() {
        assert_eq!(
            found(
                &[("XDG_CACHE_HOME", "/fast"), ("XDG_DATA_HOME", "relative")],
                Some("/home/a")
            ),
            Ok([
                "/home/a/.local/share/git-retro".to_owned(),
                "/fast/git-retro".to_owned(),
                "/home/a/.config/git-retro/config.toml".to_owned(),
            ])
        );
    }

    #[test]
    fn without_a_home_the_error_names_the_variable_that_would_help() {
        assert_eq!(
            found(&[("XDG_DATA_HOME", "/data")], None),
            Err(
                "no place for git-retro's cache: HOME is not set, and XDG_CACHE_HOME is not an \
                 absolute path"
                    .to_owned()
            )
        );
    }
}
