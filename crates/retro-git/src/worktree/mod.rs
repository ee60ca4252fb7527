//! Work trees of git-retro's own: what they hold, how they are changed and repaired.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

pub(crate) mod content;
pub(crate) mod dir_handle;
pub(crate) mod file_stat;
mod file_writer;
pub(crate) mod git_dir;
mod index_file;
pub(crate) mod lfs;
mod listing;
pub(crate) mod objects;
pub(crate) mod parent_handle;
pub(crate) mod path_safety;
mod remove_tree;
mod rule_cache;
mod settle;
pub(crate) mod source;
pub(crate) mod state_file;
pub(crate) mod submodules;
mod sweep;
pub(crate) mod tracked;
mod update;
pub(crate) mod work_tree;

/// A path of a work tree for messages: relative to the root.
pub(crate) fn display_path(folder: &[u8], name: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(&[folder, name].concat()))
}

/// Adds a warning unless it is there already.
pub(crate) fn warn_once(done: &mut crate::Checkout, warning: String) {
    if !done.warnings.contains(&warning) {
        done.warnings.push(warning);
    }
}
