//! What can stop a look back as a whole.

use retro_exec::ExecError;
use retro_git::GitError;
use retro_store::StoreError;

/// Why a look back could not be planned or carried on.
#[derive(Debug, thiserror::Error)]
pub enum LookBackError {
    /// The range holds no commit.
    #[error("no commit matches {request}")]
    EmptyRange {
        /// What was asked for.
        request: String,
    },
    /// Git could not do its part.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The commits of a rule cannot be told.
    #[error("the range {range:?} of a rule cannot be read")]
    Rule {
        /// The range, as the rule has it.
        range: String,
        /// Why not.
        source: GitError,
    },
    /// Storage could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A command could not be started at all, on any commit.
    #[error("the {phase} command of suite {suite:?} cannot be started")]
    Command {
        /// `build` or `run`.
        phase: &'static str,
        /// The suite's name.
        suite: String,
        /// Why not.
        source: ExecError,
    },
    /// There is no room for what a command writes.
    #[error("what the {phase} command of suite {suite:?} writes cannot be kept")]
    Output {
        /// `build` or `run`.
        phase: &'static str,
        /// The suite's name.
        suite: String,
        /// Where and why.
        source: ExecError,
    },
    /// A file of git-retro's own could not be read or written.
    #[error("{doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A worker thread panicked: a bug in git-retro.
    #[error("a worker stopped with a bug in git-retro: {0}")]
    Worker(String),
}
