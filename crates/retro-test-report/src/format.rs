//! The formats that can be read.

/// A format of result files. One row of [`Format::ALL`] and one reader per format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// JUnit XML in all its dialects: Ant, Surefire, googletest, pytest, jest, nextest and others.
    Junit,
    /// The Test Anything Protocol, versions 12 to 14.
    Tap,
    /// The text that Rust's test harness prints (`cargo test`).
    Libtest,
    /// TRX, what Visual Studio, `vstest` and `dotnet test` write.
    Trx,
    /// NUnit XML, versions 2 and 3.
    Nunit,
    /// xUnit.net XML, versions 1 to 3.
    Xunit,
}

impl Format {
    /// Every format, in the order in which they are documented.
    pub const ALL: [Self; 6] = [
        Self::Junit,
        Self::Tap,
        Self::Libtest,
        Self::Trx,
        Self::Nunit,
        Self::Xunit,
    ];

    /// The stable lower-case name: `junit`, `tap`, `libtest`, `trx`, `nunit`, `xunit`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Tap => "tap",
            Self::Libtest => "libtest",
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
            Self::Trx => "TRX (Visual Studio)",
            Self::Nunit => "NUnit XML",
            Self::Xunit => "xUnit.net XML",
        }
    }

    /// The format with this [`name`](Format::name), or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("JUnit"), None);
    }
}
