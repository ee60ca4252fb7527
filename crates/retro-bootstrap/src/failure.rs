//! How an error reaches the user: message, causes, hint and exit code.

use std::error::Error;
use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::config::ConfigError;
use crate::{DirectoriesError, ExitCode};

/// An error on its way to the user.
///
/// The one place that decides what a person sees: what happened, why, and what to do next. The
/// binaries turn every error into one of these and print [`Failure::render`] on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened; may have several lines.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The exit status that goes with it.
    pub exit: ExitCode,
}

impl Failure {
    /// A failure with a message and nothing else.
    pub fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            exit,
        }
    }

    /// A failure of the user's making: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// The failure that an error and its sources describe.
    ///
    /// A source whose text the level above already tells is left out.
    pub fn from_error(exit: ExitCode, error: &(dyn Error + 'static)) -> Self {
        let mut failure = Self::new(exit, error.to_string());
        let mut told = failure.message.clone();
        let mut next = error.source();
        while let Some(source) = next {
            let text = source.to_string();
            if !told.contains(&text) {
                failure.causes.push(text.clone());
            }
            told = text;
            next = source.source();
        }
        failure
    }

    /// Adds a message above the present one, which becomes the first cause.
    #[must_use]
    pub fn context(mut self, message: impl Into<String>) -> Self {
        let inner = std::mem::replace(&mut self.message, message.into());
        self.causes.insert(0, inner);
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// All of it in one line, for a log or an answer to a program.
    pub fn sentence(&self) -> String {
        let parts = std::iter::once(&self.message).chain(&self.causes);
        let mut text = parts.map(String::as_str).collect::<Vec<_>>().join(": ");
        if let Some(hint) = &self.hint {
            text.push_str("; ");
            text.push_str(hint);
        }
        text
    }

    /// The text for standard error, ending in a line break; control characters from elsewhere
    /// (file names, test output) are escaped, so that they cannot write to the terminal.
    pub fn render(&self, color: bool) -> String {
        let paint = |style: Style, text: &str| {
            if color {
                format!("{style}{text}{style:#}")
            } else {
                text.to_owned()
            }
        };
        let strong = |color: AnsiColor| color.on_default().bold();
        let mut text = format!(
            "{} {}\n",
            paint(strong(AnsiColor::Red), "error:"),
            indented(&self.message, 0)
        );
        for cause in &self.causes {
            let label = paint(strong(AnsiColor::Yellow), "caused by:");
            text.push_str(&format!("  {label} {}\n", indented(cause, 4)));
        }
        if let Some(hint) = &self.hint {
            let label = paint(strong(AnsiColor::Green), "hint:");
            text.push_str(&format!("  {label} {}\n", indented(hint, 4)));
        }
        text
    }
}

/// The text made safe for a terminal, its further lines moved to the right.
fn indented(text: &str, by: usize) -> String {
    let mut safe = String::with_capacity(text.len());
    for ch in text.trim_end().chars() {
        match ch {
            '\n' => {
                safe.push('\n');
                safe.extend(std::iter::repeat_n(' ', by));
            }
            '\t' => safe.push('\t'),
            ch if ch.is_control() => safe.extend(ch.escape_unicode()),
            ch => safe.push(ch),
        }
    }
    safe
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let mut failure = Self::usage(error.report());
        failure.hint = error.hint().map(str::to_owned);
        failure
    }
}

impl From<DirectoriesError> for Failure {
    fn from(error: DirectoriesError) -> Self {
        Self::usage(error.to_string()).with_hint(format!("set HOME or {}", error.variable))
    }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
