//! The index of a slot, written in one go after each checkout.

use git2::Oid;

use super::content::sha1;
use super::file_stat::FileStat;
use super::tracked::{Dir, Entry, FileShape, FileState};
use crate::rules::conversion::Conversion;

/// The bytes of an index (version 2) that says of every file in `root` what the file system does, so
/// that `git status` has nothing to read, and that knows the trees the folders come from. About
/// `expected_size` bytes are set aside for it.
pub(crate) fn index_bytes(root: &Dir, expected_size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(expected_size + 1024);
    out.extend_from_slice(b"DIRC\0\0\0\x02\0\0\0\0");
    let mut trees = Vec::new();
    let count = folder(&mut out, &mut trees, root, &mut Vec::new());
    out[8..12].copy_from_slice(&count.to_be_bytes());
    out.extend_from_slice(b"TREE");
    out.extend_from_slice(&narrow(trees.len() as u64).to_be_bytes());
    out.extend_from_slice(&trees);
    let checksum = sha1(&out);
    out.extend_from_slice(&checksum);
    out
}

/// Writes the entries of a folder and, in front of those of the folders in it, its line of the tree
/// cache. How many entries there are.
fn folder(out: &mut Vec<u8>, trees: &mut Vec<u8>, dir: &Dir, path: &mut Vec<u8>) -> u32 {
    let mut count = 0;
    let mut folders = 0;
    let mut below = Vec::new();
    let length = path.len();
    for item in &dir.entries {
        path.extend_from_slice(item.name().to_bytes());
        match item {
            Entry::File(file) => {
                let stat = match file.state {
                    FileState::Recorded(stat) => stat,
                    _ => FileStat::default(),
                };
                let mode = match file.shape {
                    FileShape::Regular => 0o100_644,
                    FileShape::Executable => 0o100_755,
                    FileShape::Symlink => 0o120_000,
                };
                // Git could not tell by itself that these files hold what their blobs stand for.
                let assume_valid = file.content != file.id
                    && file.conversion.has(Conversion::LFS | Conversion::ENCODING);
                entry(out, path, mode, file.id, &stat, assume_valid);
                count += 1;
            }
            Entry::Submodule(submodule) => {
                entry(
                    out,
                    path,
                    0o160_000,
                    submodule.id,
                    &FileStat::default(),
                    false,
                );
                count += 1;
            }
            Entry::Dir(child) => {
                path.push(b'/');
                count += folder(out, &mut below, child, path);
                folders += 1;
            }
        }
        path.truncate(length);
    }
    trees.extend_from_slice(dir.name.to_bytes());
    trees.extend_from_slice(format!("\0{count} {folders}\n").as_bytes());
    trees.extend_from_slice(dir.tree.as_bytes());
    trees.extend_from_slice(&below);
    count
}

fn entry(out: &mut Vec<u8>, path: &[u8], mode: u32, id: Oid, stat: &FileStat, assume_valid: bool) {
    let start = out.len();
    // The format keeps the low 32 bits of each number, and so does git when it compares.
    for number in [
        narrow(stat.ctime.seconds.cast_unsigned()),
        stat.ctime.nanos,
        narrow(stat.mtime.seconds.cast_unsigned()),
        stat.mtime.nanos,
        narrow(stat.dev),
        narrow(stat.ino),
        mode,
        stat.uid,
        stat.gid,
        narrow(stat.size),
    ] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(id.as_bytes());
    let length = u16::try_from(path.len().min(0xfff)).unwrap_or(0xfff);
    let flags = length | (u16::from(assume_valid) << 15);
    out.extend_from_slice(&flags.to_be_bytes());
    out.extend_from_slice(path);
    let padding = 8 - (out.len() - start) % 8;
    out.extend_from_slice(&[0; 8][..padding]);
}

fn narrow(number: u64) -> u32 {
    (number & 0xffff_ffff) as u32
}
