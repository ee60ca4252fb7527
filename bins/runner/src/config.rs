//! What the environment says.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use retro_bootstrap::aws::{
    AwsPlace, check_bucket, check_endpoint, check_prefix, check_region, check_table,
    https_in_place_of_ssh,
};
use retro_bootstrap::git_access::GitCredentials;
use retro_domain::{
    CommandLine, CommitId, Digest256, RepoId, ResultSource, Suite, SuiteFingerprint,
};
use retro_exec::hide_environment;
use retro_store::ObjectLocation;
use retro_workflow::parse_result_glob;

/// The environment of the process.
pub(crate) type Environment = BTreeMap<OsString, OsString>;

/// The process's environment, moved to where commands do not see it.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment, and puts what the AWS SDK looks for back"
)]
pub(crate) fn hidden_environment() -> std::io::Result<Environment> {
    let environment = std::env::vars_os().collect();
    let visible = [
        "PATH",
        "HOME",
        "LANG",
        "TZ",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ];
    let environment = hide_environment(std::env::args_os(), environment, &visible)?;
    for (name, value) in &environment {
        if name.as_encoded_bytes().starts_with(b"AWS_") {
            // SAFETY: there is no other thread yet. What is set here is in the process's memory and
            // not among the variables that it was started with, which others can read.
            unsafe { std::env::set_var(name, value) };
        }
    }
    Ok(environment)
}

/// Everything that a commit job needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) repo: RepoId,
    pub(crate) url: String,
    pub(crate) commit: CommitId,
    pub(crate) place: AwsPlace,
    pub(crate) suite: SuiteChoice,
    /// Where work trees and logs are.
    pub(crate) work_dir: Option<PathBuf>,
    /// What the owner of the lease begins with.
    pub(crate) attempt: Option<String>,
    pub(crate) git: GitCredentials,
    /// How many bytes of each output stream are kept, where no plan says it.
    pub(crate) log_cap: Option<u64>,
}

/// What is run.
#[derive(Clone, Debug)]
pub(crate) enum SuiteChoice {
    /// The suite of a typed command.
    Command(Box<Suite>),
    /// One of the suites of a plan.
    Plan {
        plan: ObjectLocation,
        suite: Option<SuiteFingerprint>,
    },
    /// A suite of the commit's own retro.toml: the one of this name, or the only one.
    Repository(Option<String>),
}

impl SuiteChoice {
    /// The fingerprint of the suite, where nothing has to be read to know it.
    pub(crate) fn fingerprint(&self) -> Option<SuiteFingerprint> {
        match self {
            Self::Command(suite) => Some(suite.fingerprint()),
            Self::Plan { suite, .. } => *suite,
            Self::Repository(_) => None,
        }
    }
}

/// A variable that is missing or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) variable: String,
    pub(crate) what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.what)
    }
}

/// What can be said of the job although the configuration has faults, for marking it as failed.
#[derive(Clone, Debug)]
pub(crate) struct KnownJob {
    pub(crate) repo: RepoId,
    pub(crate) commit: CommitId,
    pub(crate) suite: SuiteFingerprint,
    pub(crate) place: AwsPlace,
}

/// Variables that one of the binary's users sets, and what each is for: what `--help` shows.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    (
        "REPO_URL",
        "where the repository is fetched from: https, http or file URL, or a path; https://github.com/OWNER/NAME when absent",
    ),
    ("REPO_OWNER", "its owner; from REPO_URL when absent"),
    ("REPO_NAME", "its name; from REPO_URL when absent"),
    ("COMMIT_HASH_TO_PROCESS", "the full hash of the commit"),
    ("DYNAMODB_TABLE_NAME", "the table of jobs"),
    ("S3_BUCKET_NAME", "the bucket for logs and results"),
    (
        "S3_PREFIX",
        "what the keys of logs and results begin with; results when absent",
    ),
    ("TEST_COMMAND", "a shell line that runs the tests; or else"),
    ("RETRO_PLAN", "the s3:// URI of the plan of a batch, with"),
    (
        "RETRO_SUITE",
        "the fingerprint of a suite in it; or else the commit's own retro.toml is used, with",
    ),
    (
        "RETRO_SUITE_NAME",
        "the name of the suite in retro.toml, or of the one of TEST_COMMAND",
    ),
    (
        "RETRO_RESULTS",
        "where TEST_COMMAND leaves results: globs, each with FORMAT: in front if it has to be (auto: for one with a colon), separated by blanks",
    ),
    (
        "RETRO_TIMEOUT_SECONDS",
        "how long TEST_COMMAND may take; 3600 when absent, 0 for no limit",
    ),
    (
        "RETRO_ATTEMPT",
        "what the owner of the job's lease begins with",
    ),
    (
        "RETRO_WORK_DIR",
        "a folder for work trees and logs; a temporary one when absent",
    ),
    (
        "RETRO_LOG_CAP_BYTES",
        "how much of each output stream is kept; a plan says it itself; 16777216 when absent",
    ),
    (
        "AWS_ENDPOINT_URL",
        "the address of something that stands for AWS",
    ),
    ("AWS_REGION", "the region; or AWS_DEFAULT_REGION"),
];

/// Reads variables, and remembers what is wrong with them.
struct Reader<'a> {
    environment: &'a Environment,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    /// A variable's text; an empty one counts as absent, as templates leave them.
    fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.environment.get(OsStr::new(name))?;
        match value.to_str() {
            Some("") => None,
            Some(text) => Some(text.to_owned()),
            None => {
                self.fault(name, "is not UTF-8");
                None
            }
        }
    }

    fn needed(&mut self, name: &'static str, what: &str) -> Option<String> {
        let known = self.faults.len();
        let text = self.text(name);
        if text.is_none() && self.faults.len() == known {
            self.fault(name, format!("is not set: it names {what}"));
        }
        text
    }

    fn number(&mut self, name: &'static str) -> Option<u64> {
        let text = self.text(name)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.fault(name, format!("is {text:?}, which is no whole number"));
        }
        number
    }

    fn parsed<T: FromStr>(&mut self, name: &'static str, text: &str, expected: &str) -> Option<T> {
        let value = text.parse().ok();
        if value.is_none() {
            self.fault(name, format!("is {text:?}, which is not {expected}"));
        }
        value
    }

    fn fault(&mut self, variable: impl Into<String>, what: impl Into<String>) {
        self.faults.push(Fault {
            variable: variable.into(),
            what: what.into(),
        });
    }

    /// A text that has to be of some kind; `check` says what is wrong with it.
    fn checked(
        &mut self,
        name: &'static str,
        text: String,
        check: fn(&str) -> Result<(), &'static str>,
    ) -> Option<String> {
        match check(&text) {
            Ok(()) => Some(text),
            Err(why) => {
                self.fault(name, format!("is {text:?}, which {why}"));
                None
            }
        }
    }

    fn checked_if_set(
        &mut self,
        name: &'static str,
        check: fn(&str) -> Result<(), &'static str>,
    ) -> Option<String> {
        let text = self.text(name)?;
        self.checked(name, text, check)
    }
}

/// Reads the configuration of a commit job.
///
/// # Errors
///
/// Every fault at once, and what is known of the job all the same.
pub(crate) fn read(
    environment: &Environment,
) -> Result<Config, (Vec<Fault>, Option<Box<KnownJob>>)> {
    let mut reader = Reader {
        environment,
        faults: Vec::new(),
    };
    let located = repository(&mut reader);
    let commit = reader
        .needed("COMMIT_HASH_TO_PROCESS", "the commit, by its full hash")
        .and_then(|text| {
            let expected = "a full hash: 40 or 64 hexadecimal digits";
            reader.parsed::<CommitId>("COMMIT_HASH_TO_PROCESS", &text, expected)
        });
    let table = reader.needed("DYNAMODB_TABLE_NAME", "the table of jobs");
    let table = table.and_then(|text| reader.checked("DYNAMODB_TABLE_NAME", text, check_table));
    let bucket = reader.needed("S3_BUCKET_NAME", "the bucket for logs and results");
    let bucket = bucket.and_then(|text| reader.checked("S3_BUCKET_NAME", text, check_bucket));
    let (suite, named) = suite(&mut reader);
    let git = git_credentials(&mut reader);
    let log_cap = reader.number("RETRO_LOG_CAP_BYTES");
    for name in ["RETRO_SLOTS_SUBMODULES", "RETRO_SLOTS_LFS"] {
        if let Some(text) = reader.text(name).filter(|text| text != "skip") {
            reader.fault(
                name,
                format!("is {text:?}, and a runner can only \"skip\" what is not in the repository itself"),
            );
        }
    }

    let attempt = reader.text("RETRO_ATTEMPT");
    let prefix = reader.checked_if_set("S3_PREFIX", check_prefix);
    let prefix = prefix.unwrap_or_else(|| "results".to_owned());
    let before = reader.faults.len();
    let (region, endpoint) = aws(&mut reader);
    let reaches_aws = reader.faults.len() == before;
    let work_dir = reader.text("RETRO_WORK_DIR").map(PathBuf::from);
    let place = |table, bucket| AwsPlace {
        table,
        bucket,
        prefix: prefix.clone(),
        region: region.clone(),
        profile: None,
        endpoint: endpoint.clone(),
    };
    match (located, commit, table, bucket, suite) {
        (Some((repo, url)), Some(commit), Some(table), Some(bucket), Some(suite))
            if reader.faults.is_empty() =>
        {
            Ok(Config {
                repo,
                url,
                commit,
                place: place(table, bucket),
                suite,
                work_dir,
                attempt,
                git,
                log_cap,
            })
        }
        (located, commit, table, bucket, suite) => {
            let known = || {
                Some(Box::new(KnownJob {
                    repo: located?.0,
                    commit: commit?,
                    suite: named.or_else(|| suite?.fingerprint())?,
                    place: place(table?, bucket.unwrap_or_default()),
                }))
            };
            let known = if reaches_aws { known() } else { None };
            Err((reader.faults, known))
        }
    }
}

/// Region and address of AWS, as far as they are given; what the SDK reads by itself is looked at, too.
fn aws(reader: &mut Reader<'_>) -> (Option<String>, Option<String>) {
    let region = reader.checked_if_set("AWS_REGION", check_region);
    let default = reader.checked_if_set("AWS_DEFAULT_REGION", check_region);
    let is_set = |name: &str| {
        let value = reader.environment.get(OsStr::new(name));
        value.is_some_and(|value| !value.is_empty())
    };
    let sources = [
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
    ];
    if !sources.into_iter().any(is_set) {
        reader.fault("AWS_REGION", "is not set: it names the region");
    }
    let endpoint = reader.checked_if_set("AWS_ENDPOINT_URL", check_endpoint);
    let of_services: Vec<(String, String)> = reader
        .environment
        .iter()
        .map(|(name, value)| (name.to_string_lossy(), value.to_string_lossy()))
        .filter(|(name, value)| name.starts_with("AWS_ENDPOINT_URL_") && !value.is_empty())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    for (name, value) in of_services {
        if let Err(why) = check_endpoint(&value) {
            reader.fault(name, format!("is {value:?}, which {why}"));
        }
    }
    (region.or(default), endpoint)
}

fn repository(reader: &mut Reader<'_>) -> Option<(RepoId, String)> {
    let (url, owner, name) = (
        reader.text("REPO_URL"),
        reader.text("REPO_OWNER"),
        reader.text("REPO_NAME"),
    );
    let derived = url.as_deref().map(RepoId::from_location);
    let repo = match (owner, name, derived) {
        (Some(owner), Some(name), _) => match RepoId::new(&owner, &name) {
            Ok(repo) => repo,
            Err(error) => {
                reader.fault("REPO_OWNER", format!("and REPO_NAME: {error}"));
                return None;
            }
        },
        (_, _, None) => {
            reader.fault(
                "REPO_URL",
                "is not set: it says where the repository is; or set REPO_OWNER and REPO_NAME",
            );
            return None;
        }
        (_, _, Some(Err(error))) => {
            reader.fault("REPO_URL", format!("cannot be used: {error}"));
            return None;
        }
        (owner, name, Some(Ok(repo))) => {
            let owner = owner.unwrap_or_else(|| repo.owner().to_owned());
            let name = name.unwrap_or_else(|| repo.name().to_owned());
            match RepoId::new(&owner, &name) {
                Ok(repo) => repo,
                Err(error) => {
                    reader.fault("REPO_URL", format!("and REPO_OWNER or REPO_NAME: {error}"));
                    return None;
                }
            }
        }
    };
    let url = url.unwrap_or_else(|| format!("https://github.com/{repo}"));
    if let Some(https) = https_in_place_of_ssh(&url) {
        let what = format!(
            "is an address of ssh, by which nothing is fetched here: give that of https, most likely \
             {https}, and a token, such as RETRO_GIT_TOKEN_SECRET"
        );
        reader.fault("REPO_URL", what);
    }
    Some((repo, url))
}

/// What is run, and the fingerprint that is named beside a plan, whatever is wrong with that.
fn suite(reader: &mut Reader<'_>) -> (Option<SuiteChoice>, Option<SuiteFingerprint>) {
    let command = reader.text("TEST_COMMAND");
    let plan = reader.text("RETRO_PLAN");
    let name = reader.text("RETRO_SUITE_NAME");
    let fingerprint = reader.text("RETRO_SUITE");
    let results = reader.text("RETRO_RESULTS");
    let sources = result_sources(reader, results.as_deref());
    let seconds = reader.number("RETRO_TIMEOUT_SECONDS");
    let Some(command) = command else {
        if results.is_some() {
            reader.fault(
                "RETRO_RESULTS",
                "is set without TEST_COMMAND, which it goes with",
            );
        }
        let fingerprint = fingerprint.and_then(|text| {
            let expected = "the fingerprint of a suite: 64 hexadecimal digits";
            reader.parsed::<Digest256>("RETRO_SUITE", &text, expected)
        });
        let Some(uri) = plan else {
            return (Some(SuiteChoice::Repository(name)), None);
        };
        let suite = fingerprint.map(SuiteFingerprint);
        let Some(plan) = ObjectLocation::from_uri(&uri) else {
            reader.fault("RETRO_PLAN", format!("is {uri:?}, which is no s3:// URI"));
            return (None, suite);
        };
        return (Some(SuiteChoice::Plan { plan, suite }), suite);
    };
    if plan.is_some() {
        reader.fault(
            "RETRO_PLAN",
            "is set beside TEST_COMMAND: only one says what is run",
        );
    }
    let name = name.unwrap_or_else(|| "test".to_owned());
    let mut suite = Suite::new(name, CommandLine::Shell(command));
    suite.results = sources;
    match seconds {
        None => {}
        Some(0) => suite.timeout = None,
        Some(seconds) => suite.timeout = Some(Duration::from_secs(seconds)),
    }
    (Some(SuiteChoice::Command(Box::new(suite))), None)
}

fn result_sources(reader: &mut Reader<'_>, results: Option<&str>) -> Vec<ResultSource> {
    let mut sources = Vec::new();
    for text in results.unwrap_or_default().split_whitespace() {
        match parse_result_glob(text) {
            Ok(source) => sources.push(source),
            Err(fault) => reader.fault("RETRO_RESULTS", format!("has {fault}")),
        }
    }
    sources
}

fn git_credentials(reader: &mut Reader<'_>) -> GitCredentials {
    let (credentials, fault) = GitCredentials::from_variables(|name| reader.text(name));
    if let Some(fault) = fault {
        reader.fault("RETRO_GIT_TOKEN", fault);
    }
    credentials
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
