//! Colours.

use anstyle::{AnsiColor, Style};

/// Colours text, or leaves it plain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn bad(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    pub(crate) fn good(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Green.on_default().bold(), text)
    }

    pub(crate) fn doubtful(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Yellow.on_default().bold(), text)
    }

    pub(crate) fn id(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Cyan.on_default(), text)
    }

    pub(crate) fn dim(self, text: impl std::fmt::Display) -> String {
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
