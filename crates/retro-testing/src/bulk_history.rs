//! Histories of many commits, made in well under a second.

use std::fmt::Write as _;

use crate::scratch_repo::FIRST_COMMIT_SECONDS;

/// The shape of a generated, linear history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySpec {
    /// Files in every commit, of about a kilobyte each, a dozen to a folder.
    pub files: usize,
    /// Commits, the first of which adds all files.
    pub commits: usize,
    /// Files that each later commit changes in one line; different ones from commit to commit.
    pub changed_per_commit: usize,
}

impl Default for HistorySpec {
    fn default() -> Self {
        Self {
            files: 100,
            commits: 20,
            changed_per_commit: 3,
        }
    }
}

/// What `git fast-import` makes the history from, on the branch `main`.
pub(crate) fn fast_import_stream(spec: &HistorySpec) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut versions = vec![0_usize; spec.files];
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for commit in 0..spec.commits {
        let seconds = FIRST_COMMIT_SECONDS + 60 * commit as u64;
        let person = format!("Ada Scratch <ada@example.com> {seconds} +0000");
        let message = format!("commit {commit}\n");
        let header = format!(
            "commit refs/heads/main\nauthor {person}\ncommitter {person}\ndata {}\n{message}",
            message.len()
        );
        stream.extend_from_slice(header.as_bytes());
        let changed: Vec<usize> = if commit == 0 {
            (0..spec.files).collect()
        } else {
            pick(spec.changed_per_commit, spec.files, &mut random)
        };
        for file in changed {
            versions[file] = commit;
            let body = file_content(file, versions[file]);
            let entry = format!("M 100644 inline {}\ndata {}\n", file_path(file), body.len());
            stream.extend_from_slice(entry.as_bytes());
            stream.extend_from_slice(body.as_bytes());
            stream.push(b'\n');
        }
        stream.push(b'\n');
    }
    stream.extend_from_slice(b"done\n");
    stream
}

/// `count` different numbers below `limit`, or all of them when there are fewer.
fn pick(count: usize, limit: usize, random: &mut u64) -> Vec<usize> {
    let mut picked = Vec::new();
    while picked.len() < count.min(limit) {
        // Xorshift: the same picks on every machine, and no dependency for it.
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let candidate = usize::try_from(*random >> 16).unwrap_or(0) % limit;
        if !picked.contains(&candidate) {
            picked.push(candidate);
        }
    }
    picked
}

fn file_path(file: usize) -> String {
    let folder = file / 12;
    format!(
        "src/area_{:02}/part_{folder:04}/file_{file:05}.txt",
        folder / 8
    )
}

fn file_content(file: usize, version: usize) -> String {
    let mut text = format!("file {file} version {version}\n");
    for line in 0..24 {
        writeln!(text, "line {line} of file {file}, which stays as it is")
            .expect("writing to a string does not fail");
    }
    text
}
