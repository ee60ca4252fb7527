//! One work tree from one commit to the next.

use std::ffi::{CStr, CString};
use std::sync::Arc;

use git2::Oid;
use rustix::io::Errno;

use super::dir_handle::DirHandle;
use super::file_stat::{FsClock, Stamp};
use super::git_dir::{GitDir, GitDirContent};
use super::index_file::index_bytes;
use super::lfs::LfsFiles;
use super::objects::Objects;
use super::rule_cache::RuleCache;
use super::settle::Settle;
use super::submodules::Submodules;
use super::sweep::Sweep;
use super::tracked::{Dir, FileState, Loader};
use super::update::Update;
use crate::rules::attributes::AttributeStack;
use crate::rules::ignore::{IgnoreRules, IgnoreStack};
use crate::{Checkout, GitError};

/// How much is known of what is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// Everything: what changed since can be told from the records.
    Known,
    /// Nothing, but whatever is there may be right: everything is read.
    Unverified,
    /// Something went wrong: it is emptied.
    Broken,
}

/// A work tree with its git directory.
pub(crate) struct WorkTree {
    pub(crate) objects: Objects,
    git_dir: GitDir,
    lfs: LfsFiles,
    keep: Arc<IgnoreRules>,
    rules: RuleCache,
    pub(crate) submodules: Submodules,
    pub(crate) root: Dir,
    pub(crate) commit: Option<Oid>,
    pub(crate) certainty: Certainty,
    /// When the records were made.
    pub(crate) tick: Stamp,
    /// How large the index was last.
    index_size: usize,
}

/// What the work trees of one slot share.
pub(crate) struct Surroundings<'a> {
    pub(crate) clock: &'a FsClock,
    /// Each checkout starts from an empty work tree.
    pub(crate) clean: bool,
    /// Where a work tree is moved before it is removed, so that what cannot be removed is at least
    /// out of the way.
    pub(crate) trash: &'a DirHandle,
    /// The permissions that a new folder gets here.
    pub(crate) usual_mode: u32,
}

impl WorkTree {
    pub(crate) fn new(
        objects: Objects,
        content: &GitDirContent,
        lfs: LfsFiles,
        submodules: Submodules,
    ) -> Self {
        Self {
            objects,
            git_dir: GitDir::new(content),
            lfs,
            keep: Arc::new(IgnoreRules::parse(&content.exclude)),
            rules: RuleCache::default(),
            submodules,
            root: Dir::unknown(CString::default().into_boxed_c_str()),
            commit: None,
            certainty: Certainty::Unverified,
            tick: Stamp::default(),
            index_size: 0,
        }
    }

    /// Makes the folder `name` in `parent` exactly the commit.
    ///
    /// After an error that came once something was touched, the next checkout starts from nothing.
    pub(crate) fn checkout(
        &mut self,
        parent: &DirHandle,
        name: &CStr,
        commit: Oid,
        around: &Surroundings<'_>,
    ) -> Result<Checkout, GitError> {
        let tree = self.objects.tree_of(commit)?;
        let mut before = std::mem::replace(&mut self.certainty, Certainty::Broken);
        self.commit = None;
        if before == Certainty::Broken || around.clean {
            discard(parent, name, around.trash)?;
            before = Certainty::Broken;
        }
        let handle = open_root(parent, name)?;
        let mut sweep = Sweep::new(self.tick, around.usual_mode);
        let record = self.root.record.filter(|_| before == Certainty::Known);
        give_mode(
            parent,
            name,
            record.map_or(around.usual_mode, |record| record.mode),
        )?;
        match before {
            Certainty::Known => {
                sweep.dir(&mut self.root, &handle)?;
            }
            Certainty::Unverified => {
                let loader = Loader {
                    objects: &self.objects,
                    commit,
                    state: FileState::Unverified,
                };
                let nameless = CString::default().into_boxed_c_str();
                self.root = loader.dir(nameless, tree, &mut Vec::new())?;
                sweep.dir(&mut self.root, &handle)?;
            }
            Certainty::Broken => {
                self.root = Dir::unknown(CString::default().into_boxed_c_str());
            }
        }
        let mut update = Update::new(&self.objects, commit);
        update.dir(&mut self.root, tree, Some(&handle))?;
        let (removed, ignore_changed) = (update.removed, update.ignore_changed);
        let mut settle = Settle {
            objects: &self.objects,
            commit,
            rules: &mut self.rules,
            lfs: &self.lfs,
            list_all: sweep.ignore_changed || ignore_changed || before == Certainty::Unverified,
            with_submodules: self.submodules.are_wanted(),
            usual_mode: around.usual_mode,
            ignore: IgnoreStack::new(Arc::clone(&self.keep)),
            attributes: AttributeStack::default(),
            done: Checkout {
                removed,
                ..Checkout::default()
            },
            path: Vec::new(),
        };
        settle.root(&mut self.root, &handle)?;
        let mut done = settle.done;
        self.submodules
            .checkout(&self.objects, &self.root, &handle, around, &mut done)?;
        let index = index_bytes(&self.root, self.index_size);
        self.index_size = index.len();
        self.git_dir.ensure(&handle, self.tick, commit, &index)?;
        // Writing the git directory changed the root, where nothing else is done any more.
        self.root.record = handle.own_stat().ok();
        self.tick = around
            .clock
            .tick()
            .map_err(|error| GitError::io("the clock file of the slot", error))?;
        self.commit = Some(commit);
        self.certainty = Certainty::Known;
        Ok(done)
    }
}

/// Opens the root of a work tree, made anew when something else has its name.
fn open_root(parent: &DirHandle, name: &CStr) -> Result<DirHandle, GitError> {
    let failed =
        |error: std::io::Error| GitError::io(super::display_path(b"", name.to_bytes()), error);
    match parent.open_dir_forced(name) {
        Ok(handle) => Ok(handle),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
            parent.remove_any(name).map_err(failed)?;
            parent
                .make_dir(name)
                .map_err(|error| failed(error.into()))?;
            parent.open_dir(name).map_err(|error| failed(error.into()))
        }
        Err(error) => Err(failed(error.into())),
    }
}

/// Gives the root of a work tree its permissions.
fn give_mode(parent: &DirHandle, name: &CStr, mode: u32) -> Result<(), GitError> {
    let failed = |error: Errno| GitError::io(super::display_path(b"", name.to_bytes()), error);
    if parent.stat(name).map_err(failed)?.mode == mode {
        return Ok(());
    }
    parent.set_mode(name, mode).map_err(failed)
}

/// Moves `name` out of the way and removes it from there as far as that goes.
fn discard(parent: &DirHandle, name: &CStr, trash: &DirHandle) -> Result<(), GitError> {
    let failed =
        |error: std::io::Error| GitError::io(super::display_path(b"", name.to_bytes()), error);
    for number in 0_u64.. {
        let place = CString::new(number.to_string()).map_err(|error| failed(error.into()))?;
        match parent.rename(name, trash, &place) {
            Ok(()) => {
                // What cannot be removed now is tried again when the slot is next opened.
                drop(trash.remove_any(&place));
                return Ok(());
            }
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR | Errno::ISDIR) => {}
            Err(error) => return Err(failed(error.into())),
        }
    }
    Ok(())
}
