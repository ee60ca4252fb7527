//! What to run on a commit, and how its results are found.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::{Digest256, Digester};

/// A command: exact arguments, or a line for a shell, and which of the two it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CommandLine {
    /// A program and its arguments; no shell takes part. Never empty in a valid suite.
    Argv(Vec<String>),
    /// A line that `sh -c` runs.
    Shell(String),
}

impl CommandLine {
    /// The program and arguments to start.
    pub fn argv(&self) -> Vec<String> {
        match self {
            Self::Argv(argv) => argv.clone(),
            Self::Shell(line) => vec!["sh".to_owned(), "-c".to_owned(), line.clone()],
        }
    }

    fn digest(&self, digester: Digester, label: &str) -> Digester {
        match self {
            Self::Argv(argv) => digester.list(label, argv),
            Self::Shell(line) => digester.field(label, "shell").field("line", line),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shell(line) => f.write_str(line),
            Self::Argv(argv) => {
                for (index, word) in argv.iter().enumerate() {
                    let space = if index == 0 { "" } else { " " };
                    let plain = !word.is_empty()
                        && word
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"-_./=:,@%+{}".contains(&b));
                    if plain {
                        write!(f, "{space}{word}")?;
                    } else {
                        write!(f, "{space}'{}'", word.replace('\'', r"'\''"))?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// How a result source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultFormat {
    /// Told from the content.
    Auto,
    /// JUnit XML.
    Junit,
    /// TAP 12, 13 or 14.
    Tap,
    /// The text that Rust's test harness prints.
    Libtest,
    /// The events of Rust's test harness, or of cargo-nextest, as JSON.
    LibtestJson,
    /// The events of `go test -json`.
    GoJson,
    /// The text of `go test`.
    GoText,
    /// Common Test Report Format.
    Ctrf,
    /// TeamCity service messages.
    TeamCity,
    /// TRX, what Visual Studio and `dotnet test` write.
    Trx,
    /// NUnit XML, versions 2 and 3.
    Nunit,
    /// xUnit.net XML, versions 1 to 3.
    Xunit,
    /// No results but the exit code: the whole command is one test.
    ExitCode,
}

impl ResultFormat {
    /// Every format, in the order they are documented.
    pub const ALL: [Self; 13] = [
        Self::Auto,
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
        Self::ExitCode,
    ];

    /// The name in configuration files, such as `auto`, `junit` or `exit-code`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
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
            Self::ExitCode => "exit-code",
        }
    }

    /// The format with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Where a result is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ResultLocation {
    /// What the run command writes to its standard output.
    Stdout,
    /// Every file that matches this glob, relative to the work tree's root.
    Files(String),
}

/// One place where a suite leaves results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResultSource {
    /// How to read it.
    pub format: ResultFormat,
    /// Where it is.
    pub location: ResultLocation,
}

/// One way of testing a commit: how to build, what to run, where the results are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// What people call it; part of the id of an exit-code-only test.
    pub name: String,
    /// Runs first; its failure makes the commit untestable.
    pub build: Option<CommandLine>,
    /// Runs the tests.
    pub run: CommandLine,
    /// Where the results are. Empty means: tell from what the command prints, else the exit code.
    pub results: Vec<ResultSource>,
    /// Where commands run, relative to the work tree's root; empty for the root itself.
    pub work_dir: String,
    /// How long the build may take; `None` for as long as it likes.
    pub build_timeout: Option<Duration>,
    /// How long one run may take; `None` for as long as it likes.
    pub timeout: Option<Duration>,
    /// Exit codes of the run command that mean "cannot be judged".
    pub skip_exit_codes: Vec<i32>,
    /// Names of environment variables that commands may see beside the basic ones; a trailing `*`
    /// stands for any ending.
    pub env_allow: Vec<String>,
    /// Environment variables that commands always see with these values.
    pub env: BTreeMap<String, String>,
    /// How often a commit with failed tests is run again, to tell flaky tests from failing ones.
    pub retries: u32,
}

/// The identity of everything in a suite that can change a result.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SuiteFingerprint(pub Digest256);

impl Suite {
    /// A suite that runs one command with git-retro's defaults.
    pub fn new(name: impl Into<String>, run: CommandLine) -> Self {
        Self {
            name: name.into(),
            build: None,
            run,
            results: Vec::new(),
            work_dir: String::new(),
            build_timeout: Some(Duration::from_secs(3600)),
            timeout: Some(Duration::from_secs(3600)),
            skip_exit_codes: vec![125],
            env_allow: Vec::new(),
            env: BTreeMap::new(),
            retries: 0,
        }
    }

    /// The identity of the suite: stable across processes, platforms and versions of git-retro.
    ///
    /// Covers every field, the name included. A test pins its value, because a change of it throws
    /// away every user's cache.
    pub fn fingerprint(&self) -> SuiteFingerprint {
        let seconds = |limit: Option<Duration>| match limit {
            Some(limit) => limit.as_millis().to_string(),
            None => "none".to_owned(),
        };
        let mut digester = Digester::new("retro-suite-v1").field("name", &self.name);
        digester = match &self.build {
            Some(build) => build.digest(digester, "build"),
            None => digester.field("build", "none"),
        };
        digester = self.run.digest(digester, "run");
        for source in &self.results {
            let (kind, glob) = match &source.location {
                ResultLocation::Stdout => ("stdout", ""),
                ResultLocation::Files(glob) => ("files", glob.as_str()),
            };
            digester = digester
                .field("format", source.format.name())
                .field(kind, glob);
        }
        digester = digester
            .field("work-dir", &self.work_dir)
            .field("build-timeout", seconds(self.build_timeout))
            .field("timeout", seconds(self.timeout))
            .list("skip", self.skip_exit_codes.iter().map(i32::to_string))
            .list("env-allow", &self.env_allow);
        for (name, value) in &self.env {
            digester = digester.field("env-name", name).field("env-value", value);
        }
        SuiteFingerprint(digester.field("retries", self.retries.to_string()).finish())
    }
}

#[cfg(test)]
#[path = "suite_tests.rs"]
mod tests;
