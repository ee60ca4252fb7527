//! The tools that are installed.

use std::ffi::OsString;
use std::fs;

/// Knows which programs can be started by name.
pub trait ToolProbe {
    /// Whether a program of this name is installed.
    fn has(&self, program: &str) -> bool;
}

/// Looks programs up in the folders of a `PATH`.
#[derive(Clone, Debug)]
pub struct PathProbe {
    /// The value of `PATH`.
    pub path: OsString,
}

impl ToolProbe for PathProbe {
    fn has(&self, program: &str) -> bool {
        std::env::split_paths(&self.path).any(|dir| {
            // An empty or relative part of PATH means the current folder: nothing to trust here.
            dir.is_absolute() && is_executable(&dir.join(program))
        })
    }
}

#[cfg(unix)]
fn is_executable(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &std::path::Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}
