//! Colours.

use anstyle::{AnsiColor, Style};

/// Colours text, or leaves it plain.
#[derive(Clone, Copy, Debug)]
pub struct Paint(
    /// Whether there are colours.
    pub bool,
);

impl Paint {
    /// What failed.
    pub fn bad(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// What is as it should be.
    pub fn good(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Green.on_default().bold(), text)
    }

    /// What cannot be relied on.
    pub fn doubtful(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Yellow.on_default().bold(), text)
    }

    /// What names something.
    pub fn id(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Cyan.on_default(), text)
    }

    /// What matters less.
    pub fn dim(self, text: impl std::fmt::Display) -> String {
        self.with(Style::new().dimmed(), text)
    }

    fn with(self, style: Style, text: impl std::fmt::Display) -> String {
        if self.0 {
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }
}
