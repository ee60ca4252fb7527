//! Where a reader puts what it reads.

use std::fmt;

use retro_domain::TestCase;

/// Receives test cases as they are read.
///
/// Cases arrive in the order of the file, each one when it is complete; in TRX that may be after
/// its definition was read. A name may arrive several
/// times when the file has it several times. What was delivered stays valid when the reader fails
/// later on.
pub trait ReportSink {
    /// Takes one complete case.
    ///
    /// It is lent: the reader fills the same case again with what comes next, so that a sink that
    /// only looks costs no memory for each case. A sink that keeps the case clones it.
    fn case(&mut self, case: &TestCase);

    /// Takes something odd that did not stop the reader. Does nothing unless overridden.
    ///
    /// One file gives at most [`MAX_WARNINGS`] of them, each of at most a kilobyte, and then one that
    /// says how many follow.
    fn warning(&mut self, warning: Warning) {
        let _ = warning;
    }
}

/// The most warnings one file gives, but for the last one that counts the others.
pub const MAX_WARNINGS: usize = 100;

/// Something odd in a result file that did not stop the reader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// The line it was noticed on, from 1, when it belongs to one.
    pub line: Option<u64>,
    /// What it is.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A sink that keeps everything in memory.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Collected {
    /// The cases, in the order of the file.
    pub cases: Vec<TestCase>,
    /// The warnings, in the order they were noticed.
    pub warnings: Vec<Warning>,
}

impl ReportSink for Collected {
    fn case(&mut self, case: &TestCase) {
        self.cases.push(case.clone());
    }

    fn warning(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }
}
