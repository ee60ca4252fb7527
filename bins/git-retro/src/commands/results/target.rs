//! Where tests go while files are read.

use std::io::{self, Write};

use retro_domain::TestCase;
use retro_test_report::{
    CsvWriter, CtrfWriter, ParseError, ReportSink, SuiteMetadata, Summary, Warning, write_junit,
};
use retro_workflow::document::ReportsWriter;

/// A document that is written test by test.
pub(super) trait Target {
    fn begin(&mut self, file: &str) -> io::Result<()> {
        let _ = file;
        Ok(())
    }

    fn case(&mut self, case: &TestCase) -> io::Result<()>;

    /// The end of a file.
    fn end(&mut self, warnings: &[Warning], ended: Result<Summary, ParseError>) -> io::Result<()>;

    fn finish(self) -> io::Result<()>;
}

/// Feeds a target with the tests of files. After a failure to write, nothing more is written; what
/// the files are is still found out.
pub(super) struct Feed<T> {
    target: T,
    written: io::Result<()>,
    warnings: Vec<Warning>,
}

impl<T: Target> Feed<T> {
    pub(super) fn new(target: T) -> Self {
        Self {
            target,
            written: Ok(()),
            warnings: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, file: &str) {
        self.write(|target, _| target.begin(file));
    }

    /// The end of a file.
    pub(super) fn end(&mut self, ended: Result<Summary, ParseError>) {
        self.write(|target, warnings| target.end(warnings, ended));
        self.warnings.clear();
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.written.and_then(|()| self.target.finish())
    }

    fn write(&mut self, write: impl FnOnce(&mut T, &[Warning]) -> io::Result<()>) {
        if self.written.is_ok() {
            self.written = write(&mut self.target, &self.warnings);
        }
    }
}

impl<T: Target> ReportSink for Feed<T> {
    fn case(&mut self, case: &TestCase) {
        self.write(|target, _| target.case(case));
    }

    fn warning(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }
}

impl<W: Write> Target for ReportsWriter<W> {
    fn begin(&mut self, file: &str) -> io::Result<()> {
        self.begin(file)
    }

    fn case(&mut self, case: &TestCase) -> io::Result<()> {
        self.case(case)
    }

    fn end(&mut self, warnings: &[Warning], ended: Result<Summary, ParseError>) -> io::Result<()> {
        self.end(warnings, &ended)
    }

    fn finish(self) -> io::Result<()> {
        self.finish()
    }
}

impl<W: Write> Target for CtrfWriter<W> {
    fn case(&mut self, case: &TestCase) -> io::Result<()> {
        self.case(case)
    }

    fn end(&mut self, _: &[Warning], ended: Result<Summary, ParseError>) -> io::Result<()> {
        if let Ok(summary) = ended {
            self.suites(&summary.suites);
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        self.finish()
    }
}

impl<W: Write> Target for CsvWriter<W> {
    fn case(&mut self, case: &TestCase) -> io::Result<()> {
        self.case(case)
    }

    fn end(&mut self, _: &[Warning], _: Result<Summary, ParseError>) -> io::Result<()> {
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        self.finish()
    }
}

/// JUnit has the counts of a suite before its tests, so that every test is kept until the end.
pub(super) struct ForJunit<W> {
    to: W,
    cases: Vec<TestCase>,
    suites: Vec<SuiteMetadata>,
}

impl<W: Write> ForJunit<W> {
    pub(super) fn new(to: W) -> Self {
        Self {
            to,
            cases: Vec::new(),
            suites: Vec::new(),
        }
    }
}

impl<W: Write> Target for ForJunit<W> {
    fn case(&mut self, case: &TestCase) -> io::Result<()> {
        self.cases.push(case.clone());
        Ok(())
    }

    fn end(&mut self, _: &[Warning], ended: Result<Summary, ParseError>) -> io::Result<()> {
        if let Ok(summary) = ended {
            self.suites.extend(summary.suites);
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        write_junit(self.to, &self.cases, &self.suites)
    }
}
