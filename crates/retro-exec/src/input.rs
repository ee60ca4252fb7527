//! The standard input of a command, and the streams that a supervisor gives it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::ExecError;
use crate::invocation::Stdin;

/// What a command gets as its standard streams.
#[derive(Debug)]
pub(crate) struct Streams<'a> {
    /// Standard output and standard error.
    pub(crate) outputs: [OwnedFd; 2],
    /// `None` for an input that is at its end.
    pub(crate) input: Option<&'a File>,
}

/// Opens the file that a command is to read, if there is one.
///
/// The command gets the file itself and no pipe: whoever fills a pipe would have to wait for a command
/// that does not read.
pub(crate) fn open(stdin: &Stdin) -> Result<Option<File>, ExecError> {
    let Stdin::File(path) = stdin else {
        return Ok(None);
    };
    open_file(path)
        .map(Some)
        .map_err(|source| ExecError::Stdin {
            path: path.clone(),
            source,
        })
}

fn open_file(path: &Path) -> io::Result<File> {
    // Otherwise opening a named pipe would wait for a writer. Ordinary files take no notice of it.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no ordinary file",
        )),
    }
}
