//! The git directory inside a slot's work tree, kept as git-retro made it whatever commands do to it.

use std::ffi::{CStr, CString};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::Oid;
use rustix::io::Errno;

use super::dir_handle::DirHandle;
use super::file_stat::{FileKind, FileStat, Stamp};
use crate::GitError;

/// What a git directory holds beside `HEAD` and the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GitDirContent {
    /// Object stores to read from.
    pub(crate) alternates: Vec<PathBuf>,
    pub(crate) packed_refs: Vec<u8>,
    /// The commits whose parents are not there, as git keeps them, when there are any.
    pub(crate) shallow: Option<Vec<u8>>,
    /// Globs of untracked paths that stay, one to a line.
    pub(crate) exclude: Vec<u8>,
}

/// Hooks and everything else that runs or changes things by itself is off; file contents are what the
/// repository's own attributes ask for, whatever the user's settings say.
const CONFIG: &[u8] = b"[core]
\trepositoryformatversion = 0
\tbare = false
\tfilemode = true
\tsymlinks = true
\tignorecase = false
\tlogallrefupdates = false
\thooksPath = /dev/null
\tfsmonitor = false
\tuntrackedCache = false
\tautocrlf = false
\teol = lf
[gc]
\tauto = 0
[maintenance]
\tauto = false
[submodule]
\trecurse = false
\tactive = .
";

/// A git directory with what the file system last said of it.
pub(crate) struct GitDir(Folder);

struct Folder {
    name: CString,
    files: Vec<Piece>,
    folders: Vec<Folder>,
    record: Option<FileStat>,
}

struct Piece {
    name: CString,
    content: Vec<u8>,
    record: Option<FileStat>,
}

impl Folder {
    fn new(name: &CStr, files: Vec<(&CStr, Vec<u8>)>, folders: Vec<Folder>) -> Self {
        let piece = |(name, content): (&CStr, Vec<u8>)| Piece {
            name: name.to_owned(),
            content,
            record: None,
        };
        Self {
            name: name.to_owned(),
            files: files.into_iter().map(piece).collect(),
            folders,
            record: None,
        }
    }
}

impl GitDir {
    pub(crate) fn new(content: &GitDirContent) -> Self {
        let mut alternates = Vec::new();
        for store in &content.alternates {
            alternates.extend_from_slice(&quoted(store));
            alternates.push(b'\n');
        }
        let leaf = |name| Folder::new(name, Vec::new(), Vec::new());
        let objects_info = Folder::new(c"info", vec![(c"alternates", alternates)], Vec::new());
        let mut files = vec![
            (c"config", CONFIG.to_vec()),
            (c"packed-refs", content.packed_refs.clone()),
        ];
        if let Some(shallow) = &content.shallow {
            files.push((c"shallow", shallow.clone()));
        }
        let info = Folder::new(
            c"info",
            vec![(c"exclude", content.exclude.clone())],
            Vec::new(),
        );
        Self(Folder::new(
            c".git",
            files,
            vec![
                Folder::new(c"objects", Vec::new(), vec![objects_info, leaf(c"pack")]),
                Folder::new(c"refs", Vec::new(), vec![leaf(c"heads"), leaf(c"tags")]),
                info,
            ],
        ))
    }

    /// Puts everything back that is not as it was made, removes everything that was added, and writes
    /// a detached `HEAD` and the index.
    pub(crate) fn ensure(
        &mut self,
        work_tree: &DirHandle,
        tick: Stamp,
        head: Oid,
        index: &[u8],
    ) -> Result<(), GitError> {
        let failed = |error| GitError::io(".git", error);
        let handle = ensure(&mut self.0, work_tree, tick, true).map_err(failed)?;
        handle.write_file(c"index", index).map_err(failed)?;
        handle
            .write_file(c"HEAD", format!("{head}\n").as_bytes())
            .map_err(failed)?;
        Ok(())
    }
}

fn ensure(
    folder: &mut Folder,
    parent: &DirHandle,
    tick: Stamp,
    at_top: bool,
) -> std::io::Result<DirHandle> {
    let handle = match parent.open_dir_forced(&folder.name) {
        Ok(handle) => handle,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
            parent.remove_any(&folder.name)?;
            parent.make_dir(&folder.name)?;
            parent.open_dir(&folder.name)?
        }
        Err(error) => return Err(error.into()),
    };
    let proves = |record: Option<FileStat>, now: FileStat| {
        record.is_some_and(|record| record == now && record.ctime < tick)
    };
    let mut changed = !proves(folder.record, handle.own_stat()?);
    if changed {
        for name in handle.names()? {
            let known = folder.files.iter().any(|piece| piece.name == name)
                || folder.folders.iter().any(|inner| inner.name == name)
                || (at_top && [c"HEAD", c"index"].contains(&name.as_c_str()));
            if !known {
                handle.remove_any(&name)?;
            }
        }
    }
    for piece in &mut folder.files {
        let stat = handle.stat(&piece.name).ok();
        if stat.is_some_and(|stat| proves(piece.record, stat)) {
            continue;
        }
        match stat {
            Some(stat) if holds(&handle, piece, stat) => piece.record = Some(stat),
            _ => {
                piece.record = Some(handle.write_file(&piece.name, &piece.content)?);
                changed = true;
            }
        }
    }
    for inner in &mut folder.folders {
        ensure(inner, &handle, tick, false)?;
    }
    if changed {
        folder.record = Some(handle.own_stat()?);
    }
    Ok(handle)
}

fn holds(handle: &DirHandle, piece: &Piece, stat: FileStat) -> bool {
    if stat.kind() != FileKind::Regular || stat.size != piece.content.len() as u64 {
        return false;
    }
    let mut found = Vec::new();
    handle
        .open_file(&piece.name)
        .is_ok_and(|mut file| file.read_to_end(&mut found).is_ok() && found == piece.content)
}

/// A path as `objects/info/alternates` holds it: quoted as in C when it would be misread otherwise.
fn quoted(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes();
    let is_plain = !bytes.starts_with(b"\"") && !bytes.starts_with(b"#") && !bytes.contains(&b'\n');
    if is_plain {
        return bytes.to_vec();
    }
    let mut out = b"\"".to_vec();
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => out.push(byte),
        }
    }
    out.push(b'"');
    out
}
