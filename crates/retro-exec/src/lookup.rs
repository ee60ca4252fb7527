//! Finding the program that a command names, as its own environment and directory would.

use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::ExecError;
use crate::invocation::Invocation;

/// Where programs are looked for when the environment has no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The path to execute, valid inside the invocation's working directory.
pub(crate) fn find_program(invocation: &Invocation) -> Result<PathBuf, ExecError> {
    let program = match invocation.argv.first() {
        Some(program) if !program.is_empty() => program,
        _ => return Err(ExecError::EmptyCommand),
    };
    enterable(&invocation.cwd)?;
    if program.as_bytes().contains(&b'/') {
        return match candidate(&invocation.cwd, Path::new(program)) {
            Candidate::Program => Ok(program.into()),
            Candidate::Unusable(reason) => Err(unusable(program.into(), reason)),
            Candidate::Missing => Err(ExecError::NotFound {
                program: program.clone(),
                searched: Vec::new(),
            }),
        };
    }
    let path = search_path(invocation);
    let searched: Vec<PathBuf> = path
        .as_bytes()
        .split(|byte| *byte == b':')
        .map(directory)
        .collect();
    let mut refused = None;
    for place in &searched {
        let path = place.join(program);
        match candidate(&invocation.cwd, &path) {
            Candidate::Program => return Ok(path),
            Candidate::Unusable(reason) => refused = refused.or(Some(unusable(path, reason))),
            Candidate::Missing => {}
        }
    }
    Err(refused.unwrap_or(ExecError::NotFound {
        program: program.clone(),
        searched,
    }))
}

enum Candidate {
    Program,
    Unusable(&'static str),
    Missing,
}

fn candidate(cwd: &Path, path: &Path) -> Candidate {
    match cwd.join(path).metadata() {
        Ok(found) if found.is_dir() => Candidate::Unusable("it is a directory"),
        Ok(found) if is_executable(&found) => Candidate::Program,
        Ok(_) => Candidate::Unusable("it is not marked as executable; `chmod +x` it"),
        Err(_) => Candidate::Missing,
    }
}

fn is_executable(file: &Metadata) -> bool {
    file.permissions().mode() & 0o111 != 0
}

fn unusable(program: PathBuf, reason: &str) -> ExecError {
    ExecError::NotExecutable {
        program,
        reason: reason.into(),
    }
}

/// The last `PATH` counts, as it does for a shell that is given two.
fn search_path(invocation: &Invocation) -> OsString {
    let found = invocation.env.iter().rfind(|(name, _)| name == "PATH");
    found.map_or_else(|| DEFAULT_PATH.into(), |(_, value)| value.clone())
}

/// An empty entry means the working directory, as POSIX has it.
fn directory(entry: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(if entry.is_empty() {
        b"."
    } else {
        entry
    }))
}

fn enterable(cwd: &Path) -> Result<(), ExecError> {
    let trouble = match cwd.metadata() {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => std::io::Error::from_raw_os_error(libc::ENOTDIR),
        Err(error) => error,
    };
    Err(ExecError::WorkDir {
        path: cwd.into(),
        source: trouble,
    })
}
