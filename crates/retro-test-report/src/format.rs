//! The formats that can be read.

/// A format of result files. One row of [`Format::ALL`] and one reader per format.
///
/// ```
/// use retro_test_report::Format;
///
/// assert_eq!(Format::from_name("tap"), Some(Format::Tap));
/// assert_eq!(Format::Tap.name(), "tap");
/// let all: Vec<&str> = Format::ALL.iter().map(|format| format.title()).collect();
/// assert!(all.contains(&"JUnit XML"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Format {
    /// JUnit XML in all its dialects: Ant, Surefire, googletest, pytest, jest, nextest and others.
    Junit,
    /// The Test Anything Protocol, versions 12 to 14.
    Tap,
    /// The text that Rust's test harness prints (`cargo test`).
    Libtest,
    /// The events of Rust's test harness, one JSON object a line; also those of cargo-nextest.
    LibtestJson,
    /// The events of `go test -json`.
    GoJson,
    /// The text of `go test`, with or without `-v`.
    GoText,
    /// Common Test Report Format, one JSON document.
    Ctrf,
    /// TeamCity service messages in other text.
    TeamCity,
    /// TRX, what Visual Studio, `vstest` and `dotnet test` write.
    Trx,
    /// NUnit XML, versions 2 and 3.
    Nunit,
    /// xUnit.net XML, versions 1 to 3.
    Xunit,
}

impl Format {
    /// Every format, in the order in which they are documented.
    pub const ALL: &'static [Self] = &[
        Self::Junit,
        Self::Tap,
        Self::Libtest,
        Self::LibtestJson,
        Self::GoJson,
        Self::GoText,
        Self::Ctrf,
        Self::TeamCity,
        Self::Trx,
        Self::Nunit,
        Self::Xunit,
    ];

    /// The stable lower-case name, such as `junit` or `libtest-json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Tap => "tap",
            Self::Libtest => "libtest",
            Self::LibtestJson => "libtest-json",
            Self::GoJson => "gojson",
            Self::GoText => "gotext",
            Self::Ctrf => "ctrf",
            Self::TeamCity => "teamcity",
            Self::Trx => "trx",
            Self::Nunit => "nunit",
            Self::Xunit => "xunit",
        }
    }

    /// What people call it, for messages.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Junit => "JUnit XML",
            Self::Tap => "TAP",
            Self::Libtest => "libtest text",
            Self::LibtestJson => "libtest JSON",
            Self::GoJson => "go test JSON",
            Self::GoText => "go test text",
            Self::Ctrf => "CTRF",
            Self::TeamCity => "TeamCity messages",
            Self::Trx => "TRX (Visual Studio)",
            Self::Nunit => "NUnit XML",
            Self::Xunit => "xUnit.net XML",
        }
    }

    /// The format with this [`name`](Format::name), or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for &format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("JUnit"), None);
    }
}
