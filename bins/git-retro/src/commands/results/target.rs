//! Where tests go while files are read.

use std::io::{self, Write};

use retro_domain::TestCase;
use retro_test_report::{
    CsvWriter, CtrfWriter, Format, JunitWriter, ParseError, ReportSink, Summary, Warning,
    suite_from_file,
};
use retro_workflow::document::ReportsWriter;

/// A document that is written test by test.
pub(super) trait Target {
    /// Whether the document says of a file that it could not be read.
    const TELLS_ERRORS: bool;

    fn begin(&mut self, file: &str) -> io::Result<()>;

    fn case(&mut self, case: &TestCase) -> io::Result<()>;

    /// The end of a file.
    fn end(&mut self, end: &End<'_>) -> io::Result<()>;

    fn finish(self) -> io::Result<()>;
}

/// What is known at the end of a file.
pub(super) struct End<'a> {
    format: Option<Format>,
    warnings: &'a [Warning],
    ended: &'a Result<Summary, ParseError>,
}

/// Feeds a target with the tests of files. After a failure to write, nothing more is written; what
/// the files are is still found out.
pub(super) struct Feed<T> {
    target: T,
    written: io::Result<()>,
    /// Whether there are several files, so that the target is told which one.
    several: bool,
    /// Whether there is anything to write. A document without it would look like one of a run in
    /// which all is well.
    begun: bool,
    /// Files that could not be read, as long as there is nothing.
    unread: Vec<(String, ParseError)>,
    /// The file that is read, when the target was not told yet.
    next: Option<String>,
    format: Option<Format>,
    warnings: Vec<Warning>,
}

impl<T: Target> Feed<T> {
    pub(super) fn new(target: T, several: bool) -> Self {
        Self {
            target,
            written: Ok(()),
            several,
            begun: T::TELLS_ERRORS,
            unread: Vec::new(),
            next: None,
            format: None,
            warnings: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, file: &str) {
        self.next = Some(file.to_owned());
    }

    /// The end of a file.
    pub(super) fn end(&mut self, file: &str, ended: Result<Summary, ParseError>) {
        match ended {
            Err(error) if !self.begun => self.unread.push((file.to_owned(), error)),
            ended => {
                self.is_there();
                self.tell_end(&ended);
            }
        }
        (self.format, self.next) = (None, None);
        self.warnings.clear();
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.written?;
        if self.begun {
            self.target.finish()
        } else {
            Ok(())
        }
    }

    /// There is something to write of the file that is read.
    fn is_there(&mut self) {
        self.begun = true;
        for (file, error) in std::mem::take(&mut self.unread) {
            self.tell_begin(&file);
            self.tell_end(&Err(error));
        }
        if let Some(file) = self.next.take() {
            self.tell_begin(&file);
        }
    }

    fn tell_begin(&mut self, file: &str) {
        if self.several || T::TELLS_ERRORS {
            self.write(|target| target.begin(file));
        }
    }

    fn tell_end(&mut self, ended: &Result<Summary, ParseError>) {
        if self.written.is_ok() {
            self.written = self.target.end(&End {
                format: self.format,
                warnings: &self.warnings,
                ended,
            });
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut T) -> io::Result<()>) {
        if self.written.is_ok() {
            self.written = write(&mut self.target);
        }
    }
}

impl<T: Target> ReportSink for Feed<T> {
    fn format(&mut self, format: Format) {
        self.format = Some(format);
    }

    fn case(&mut self, case: &TestCase) {
        if self.next.is_some() {
            self.is_there();
        }
        self.write(|target| target.case(case));
    }

    fn warning(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }
}

/// A sink for the tests of one of several files: those that nothing else tells apart are in a suite
/// named after it.
pub(super) struct InFile<'a, S> {
    pub(super) sink: &'a mut S,
    pub(super) file: &'a str,
}

impl<S: ReportSink> ReportSink for InFile<'_, S> {
    fn format(&mut self, format: Format) {
        self.sink.format(format);
    }

    fn case(&mut self, case: &TestCase) {
        if !case.id.suite.is_empty() || case.id.class.is_some() {
            return self.sink.case(case);
        }
        let mut case = case.clone();
        suite_from_file(&mut case.id, self.file);
        self.sink.case(&case);
    }

    fn warning(&mut self, warning: Warning) {
        self.sink.warning(warning);
    }
}

impl<W: Write> Target for ReportsWriter<W> {
    const TELLS_ERRORS: bool = true;

    fn begin(&mut self, file: &str) -> io::Result<()> {
        self.begin(file)
    }

    fn case(&mut self, case: &TestCase) -> io::Result<()> {
        self.case(case)
    }

    fn end(&mut self, end: &End<'_>) -> io::Result<()> {
        self.end(end.format, end.warnings, end.ended)
    }

    fn finish(self) -> io::Result<()> {
        self.finish()
    }
}

/// Writers of result files, which have the same methods. They have no word for a file that could not
/// be read; one that is left out must not make a run look better than it was.
macro_rules! report_writer {
    ($writer:ident) => {
        impl<W: Write> Target for $writer<W> {
            const TELLS_ERRORS: bool = false;

            fn begin(&mut self, file: &str) -> io::Result<()> {
                self.begin(file);
                Ok(())
            }

            fn case(&mut self, case: &TestCase) -> io::Result<()> {
                self.case(case)
            }

            fn end(&mut self, end: &End<'_>) -> io::Result<()> {
                match end.ended {
                    Ok(summary) => self.end(summary),
                    Err(error) => self.run_failure(&error.to_string()),
                }
            }

            fn finish(self) -> io::Result<()> {
                self.finish()
            }
        }
    };
}

report_writer!(CsvWriter);
report_writer!(CtrfWriter);
report_writer!(JunitWriter);
