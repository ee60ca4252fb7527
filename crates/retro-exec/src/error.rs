//! Why a command could not be run, or could not be run to an end that is worth reporting.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// Trouble of ours or of the machine: never an outcome of the command itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// The argument list was empty.
    #[error("the command is empty: give a program to run")]
    EmptyCommand,
    /// There is no such program.
    #[error("command {program:?} was not found{}", searched_places(searched))]
    NotFound {
        /// The program as the invocation named it.
        program: OsString,
        /// The directories of `PATH` that were searched; empty for a path with a slash.
        searched: Vec<PathBuf>,
    },
    /// The program is there and cannot be started.
    #[error("{} cannot be executed: {reason}", program.display())]
    NotExecutable {
        /// The file that was found.
        program: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// The working directory cannot be entered.
    #[error("cannot enter the working directory {}: {source}", path.display())]
    WorkDir {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file that the command is to read as its standard input cannot be opened, or is a folder, a
    /// pipe or a device. Nothing has been started.
    #[error("cannot read the standard input {}: {source}", path.display())]
    Stdin {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Captured output could not be written for want of space. The command was killed.
    #[error("no space left to write {}: the command was stopped; free some space and run it again", path.display())]
    DiskFull {
        /// The capture file.
        path: PathBuf,
    },
    /// The arguments and the environment together are more than the system takes.
    #[error("the command line and the environment are too long ({bytes} bytes)")]
    TooLong {
        /// Their size.
        bytes: usize,
    },
    /// An argument, a variable or a path holds a zero byte, or a variable's name is not usable.
    #[error("{what} cannot be passed to a command: {value:?}")]
    NotPassable {
        /// What it is: "the argument", "the variable name".
        what: &'static str,
        /// The value.
        value: OsString,
    },
    /// The process that watches over the command was killed, most likely by the command. The
    /// command and its session were killed; a descendant in a session of its own may live on.
    #[error(
        "the supervisor of the command was killed, most likely by the command itself; check for processes it left"
    )]
    SupervisorLost,
    /// Descendants are still there 30 s after SIGKILL (stuck in the kernel, or of another user).
    #[error(
        "descendants of the command could not be killed: they are stuck in the kernel or belong to another user"
    )]
    Unkillable,
    /// Anything else that the system refused.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path if there is one.
        doing: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl ExecError {
    /// Whether the program is missing: a fault of the configuration or of the machine's tools, the
    /// same for every later run.
    pub fn is_command_missing(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the same invocation may succeed a little later: the system was short of processes,
    /// memory or file handles.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::SupervisorLost => true,
            Self::Io { source, .. } | Self::Stdin { source, .. } => matches!(
                source.raw_os_error(),
                Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE | libc::ETXTBSY)
            ),
            _ => false,
        }
    }

    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            doing: doing.into(),
            source,
        }
    }
}

fn searched_places(searched: &[PathBuf]) -> String {
    if searched.is_empty() {
        return String::from("; check the path");
    }
    let places: Vec<_> = searched
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    format!(
        "; searched {}; install it or extend PATH",
        places.join(", ")
    )
}
