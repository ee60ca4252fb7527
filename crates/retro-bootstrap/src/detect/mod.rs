//! How a repository wants to be tested, told from its files and the installed tools.
//!
//! One file per ecosystem. A detected suite leaves its results below `$RETRO_SCRATCH/`, the
//! scratch folder that is empty at the start of each run, wherever its tools allow it: the work
//! tree stays clean, and the results of one commit are never taken for those of another.

mod cargo;
mod files;
mod go;
mod init;
mod jvm;
mod make;
mod node;
mod perl;
mod python;
mod tools;

use retro_domain::{CommandLine, ResultFormat, ResultLocation, ResultSource, Suite};

pub use files::{DirView, FileView};
pub use init::render_init;
pub use tools::{PathProbe, ToolProbe};

/// A proposal of how to test a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// What to run.
    pub suite: Suite,
    /// Commands whose output names the tools' versions: each a program and its arguments.
    pub toolchain: Vec<Vec<String>>,
    /// What the proposal rests on, and what it cannot do, for people.
    pub because: String,
    /// The ecosystem and its runner, such as `cargo-nextest`.
    pub kind: &'static str,
}

type Detector = fn(&dyn FileView, &dyn ToolProbe) -> Option<Detection>;

/// The detectors, the most telling first: a Makefile often only wraps what stands above it.
const DETECTORS: [Detector; 8] = [
    cargo::detect,
    go::detect,
    jvm::maven,
    jvm::gradle,
    python::detect,
    node::detect,
    perl::detect,
    make::detect,
];

/// Every way of testing that the files suggest, the best first; empty when nothing is known.
///
/// Reads a few files at the root and lists a few folders; runs nothing. The first proposal is the
/// one to run unasked; a repository of several ecosystems has one for each.
pub fn detect(files: &dyn FileView, tools: &dyn ToolProbe) -> Vec<Detection> {
    DETECTORS
        .into_iter()
        .filter_map(|detector| detector(files, tools))
        .collect()
}

/// A command without a shell; no argument has a space in it.
fn argv(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn direct(line: &str) -> CommandLine {
    CommandLine::Argv(argv(line))
}

fn shell(line: impl Into<String>) -> CommandLine {
    CommandLine::Shell(line.into())
}

/// Results in files: a glob relative to the work tree's root or below `$RETRO_SCRATCH/`.
fn in_files(format: ResultFormat, glob: &str) -> ResultSource {
    ResultSource {
        format,
        location: ResultLocation::Files(glob.to_owned()),
    }
}

fn on_stdout(format: ResultFormat) -> ResultSource {
    ResultSource {
        format,
        location: ResultLocation::Stdout,
    }
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
