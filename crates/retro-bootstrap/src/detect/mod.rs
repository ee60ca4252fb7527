//! How a repository wants to be tested, told from its files and the installed tools.
//!
//! One file per ecosystem. A detected suite leaves its results below `$RETRO_SCRATCH/`, the
//! scratch folder that is empty at the start of each run, wherever its tools allow it: the work
//! tree stays clean, and the results of one commit are never taken for those of another.

mod cargo;
mod files;
mod init;
mod tools;

use retro_domain::Suite;

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

/// Every way of testing that the files suggest, the best first; empty when nothing is known.
///
/// Reads a few files at the root and lists a few folders; runs nothing. The first proposal is the
/// one to run unasked; a repository of several ecosystems has one for each.
pub fn detect(files: &dyn FileView, tools: &dyn ToolProbe) -> Vec<Detection> {
    let detectors: [fn(&dyn FileView, &dyn ToolProbe) -> Option<Detection>; 1] = [cargo::detect];
    detectors
        .into_iter()
        .filter_map(|detector| detector(files, tools))
        .collect()
}
