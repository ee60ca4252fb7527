//! Patches in `git diff` format, applied in memory.

use git2::{Delta, Diff, DiffFile, DiffLineType, FileMode, Patch};

use super::overlay::{Changes, NewFile};
use crate::OverlayError;
use crate::worktree::objects::Objects;
use crate::worktree::tracked::{Dir, Entry, FileShape};

/// Adds to `changes` what a patch makes of the commit whose files are `root`, seen through the changes
/// so far. As with `git apply`, a hunk may have moved by some lines but must fit exactly.
pub(super) fn apply(
    objects: &Objects,
    root: &Dir,
    text: &[u8],
    changes: &mut Changes,
) -> Result<(), OverlayError> {
    for patch in read(text).map_err(misfit)? {
        one_file(objects, root, &patch, changes)?;
    }
    Ok(())
}

/// The paths that a patch is about, or why it fits no commit at all.
pub(super) fn paths(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut paths = Vec::new();
    for patch in read(text)? {
        let delta = patch.delta();
        let new_path = path_of(&delta.new_file());
        if delta.status() != Delta::Deleted && delta.new_file().mode() == FileMode::Link {
            return Err(format!("{} is a symbolic link", shown(new_path)));
        }
        paths.extend([path_of(&delta.old_file()), new_path]);
    }
    Ok(paths)
}

/// A patch file by file.
fn read(text: &[u8]) -> Result<Vec<Patch<'static>>, String> {
    let unreadable =
        |error: git2::Error| format!("it is not in the format of `git diff`: {}", error.message());
    let diff = Diff::from_buffer(text).map_err(unreadable)?;
    if diff.deltas().len() == 0 {
        return Err("it holds no change in the format of `git diff`".to_owned());
    }
    let mut patches = Vec::new();
    for index in 0..diff.deltas().len() {
        let patch = Patch::from_diff(&diff, index)
            .map_err(unreadable)?
            .ok_or("binary patches are not supported")?;
        let delta = patch.delta();
        if delta.flags().is_binary() {
            return Err(format!(
                "{} is changed by a binary patch; lay the whole file over instead",
                shown(path_of(&delta.new_file()))
            ));
        }
        patches.push(patch);
    }
    Ok(patches)
}

fn one_file(
    objects: &Objects,
    root: &Dir,
    patch: &Patch<'_>,
    changes: &mut Changes,
) -> Result<(), OverlayError> {
    let delta = patch.delta();
    let (old_path, new_path) = (path_of(&delta.old_file()), path_of(&delta.new_file()));
    let status = delta.status();
    let old =
        match status {
            Delta::Added => None,
            _ => Some(current(objects, root, changes, &old_path)?.ok_or_else(|| {
                misfit(format!("{} is not in the commit", shown(old_path.clone())))
            })?),
        };
    if (status == Delta::Added || old_path != new_path && status != Delta::Deleted)
        && current(objects, root, changes, &new_path)?.is_some()
    {
        return Err(misfit(format!(
            "{} is in the commit already",
            shown(new_path)
        )));
    }
    let before = old.as_ref().map_or(&[][..], |old| &old.content);
    let content = apply_hunks(patch, before)
        .map_err(|why| misfit(format!("{}: {why}", shown(old_path.clone()))))?;
    if matches!(status, Delta::Deleted | Delta::Renamed) {
        changes.insert(old_path, None);
    }
    if status == Delta::Deleted {
        if !content.is_empty() {
            let why = format!("{} has more in it than is to be deleted", shown(new_path));
            return Err(misfit(why));
        }
    } else {
        let executable = match delta.new_file().mode() {
            FileMode::BlobExecutable => true,
            FileMode::Link => {
                let why = format!("{} is a symbolic link", shown(new_path));
                return Err(misfit(why));
            }
            FileMode::Blob => false,
            _ => old.as_ref().is_some_and(|old| old.executable),
        };
        changes.insert(
            new_path,
            Some(NewFile {
                content,
                executable,
            }),
        );
    }
    Ok(())
}

fn path_of(file: &DiffFile<'_>) -> Vec<u8> {
    file.path_bytes().unwrap_or_default().to_vec()
}

fn shown(path: Vec<u8>) -> String {
    String::from_utf8_lossy(&path).into_owned()
}

fn misfit(why: String) -> OverlayError {
    OverlayError::DoesNotFit(why)
}

/// A file as it is in the commit with the changes so far.
fn current(
    objects: &Objects,
    root: &Dir,
    changes: &Changes,
    path: &[u8],
) -> Result<Option<NewFile>, OverlayError> {
    if let Some(change) = changes.get(path) {
        return Ok(change.clone());
    }
    let mut dir = root;
    let mut parts = path.split(|&byte| byte == b'/').peekable();
    while let Some(part) = parts.next() {
        match dir.find(part) {
            Some(Entry::Dir(child)) if parts.peek().is_some() => dir = child,
            Some(Entry::File(file))
                if parts.peek().is_none() && file.shape != FileShape::Symlink =>
            {
                let content = objects.with_blob(
                    file.id,
                    || shown(path.to_vec()),
                    |blob| file.conversion.apply(file.id, blob).into_owned(),
                )?;
                return Ok(Some(NewFile {
                    content,
                    executable: file.shape == FileShape::Executable,
                }));
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// One hunk: the lines it expects, and those it puts in their place.
struct Hunk {
    /// Where the lines are expected, counted from 0.
    start: usize,
    old: Vec<Vec<u8>>,
    new: Vec<Vec<u8>>,
}

fn apply_hunks(patch: &Patch<'_>, before: &[u8]) -> Result<Vec<u8>, String> {
    let mut lines: Vec<Vec<u8>> = before
        .split_inclusive(|&b| b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    // How far hunks have moved so far, and where the next one may start at the earliest.
    let (mut shift, mut floor) = (0_isize, 0_usize);
    for index in 0..patch.num_hunks() {
        let hunk = read_hunk(patch, index).map_err(|error| error.message().to_owned())?;
        let expected = hunk.start.saturating_add_signed(shift);
        let at = place(&lines, &hunk.old, expected, floor).ok_or_else(|| {
            format!(
                "hunk {} does not match the lines around line {}",
                index + 1,
                hunk.start + 1
            )
        })?;
        let grown = hunk.new.len() as isize - hunk.old.len() as isize;
        shift = at as isize - hunk.start as isize + grown;
        floor = at + hunk.new.len();
        lines.splice(at..at + hunk.old.len(), hunk.new);
    }
    Ok(lines.concat())
}

fn read_hunk(patch: &Patch<'_>, index: usize) -> Result<Hunk, git2::Error> {
    let (header, count) = patch.hunk(index)?;
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for line in 0..count {
        let line = patch.line_in_hunk(index, line)?;
        let content = line.content().to_vec();
        match line.origin_value() {
            DiffLineType::Context => {
                old.push(content.clone());
                new.push(content);
            }
            DiffLineType::Deletion => old.push(content),
            DiffLineType::Addition => new.push(content),
            // "\ No newline at end of file" speaks of the line before it.
            DiffLineType::ContextEOFNL => {
                without_line_break(old.last_mut());
                without_line_break(new.last_mut());
            }
            DiffLineType::AddEOFNL => without_line_break(old.last_mut()),
            DiffLineType::DeleteEOFNL => without_line_break(new.last_mut()),
            _ => {}
        }
    }
    let start = header.old_start() as usize;
    Ok(Hunk {
        // A hunk that expects no lines is counted from the line that it follows.
        start: if header.old_lines() == 0 {
            start
        } else {
            start.saturating_sub(1)
        },
        old,
        new,
    })
}

fn without_line_break(line: Option<&mut Vec<u8>>) {
    if let Some(line) = line
        && line.last() == Some(&b'\n')
    {
        line.pop();
    }
}

/// The place nearest to `expected`, not before `floor`, where `wanted` stands.
fn place(lines: &[Vec<u8>], wanted: &[Vec<u8>], expected: usize, floor: usize) -> Option<usize> {
    let last = lines.len().checked_sub(wanted.len())?;
    let fits = |at: usize| at >= floor && at <= last && lines[at..at + wanted.len()] == *wanted;
    if wanted.is_empty() {
        return Some(expected.clamp(floor.min(last), last));
    }
    (0..=lines.len()).find_map(|distance| {
        let below = expected.checked_sub(distance).filter(|&at| fits(at));
        below.or_else(|| expected.checked_add(distance).filter(|&at| fits(at)))
    })
}
