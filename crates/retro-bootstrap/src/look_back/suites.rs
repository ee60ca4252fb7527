//! Suites to run: configured or typed, with what flags change of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use retro_domain::{CommandLine, ResultFormat, ResultLocation, ResultSource, Suite};
use retro_workflow::{SuiteRule, SuiteRules, parse_result_source};

use crate::Failure;
use crate::config::{Origin, RuleConfig, Settings, SuiteConfig};

/// A suite to run.
pub struct ChosenSuite {
    /// The suite and how it differs for ranges of commits.
    pub rules: SuiteRules,
    /// Commands whose output tells the tools' versions.
    pub toolchain: Vec<Vec<String>>,
    /// Why this suite, for people.
    pub because: String,
}

/// What to run.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Suite")]
pub struct SuiteArgs {
    /// Only this suite of the configuration; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    pub suite: Vec<String>,
    /// Run this shell line before the tests; a commit where it fails is untestable
    #[arg(long, value_name = "LINE")]
    pub build: Option<String>,
    /// Where results are: FORMAT, or FORMAT:GLOB; formats: auto, junit, tap, libtest, libtest-json,
    /// gojson, gotext, ctrf, teamcity, trx, nunit, xunit, exit-code
    #[arg(long, value_name = "SOURCE")]
    pub results: Vec<String>,
    /// Exit codes that mean "cannot be judged" [default: 125]
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub skip_exit_codes: Vec<i32>,
    /// Let commands see this variable (NAME, NAME* or NAME=VALUE)
    #[arg(long, value_name = "VARIABLE")]
    pub env: Vec<String>,
    /// Lay a file over each commit: DEST=FILE
    #[arg(long, value_name = "DEST=FILE")]
    pub overlay: Vec<String>,
    /// Apply a patch to each commit
    #[arg(long, value_name = "FILE")]
    pub overlay_patch: Vec<PathBuf>,
}

impl ChosenSuite {
    /// Suites with the rules for them and with what flags change. `is_typed`: a command that was typed
    /// runs on each commit as it was typed.
    ///
    /// # Errors
    ///
    /// When a flag cannot be understood.
    pub fn all(
        configs: Vec<SuiteConfig>,
        settings: &Settings,
        args: &SuiteArgs,
        is_typed: bool,
        because: &str,
    ) -> Result<Vec<Self>, Failure> {
        let changes = Changes::new(args)?;
        let rules = match is_typed {
            true => &[],
            false => settings.rules.as_slice(),
        };
        let one = |config| with_rules(rules, config, &changes, because);
        Ok(configs.into_iter().map(one).collect())
    }
}

/// A suite with the rules for it. Flags have the last word on every commit.
fn with_rules(
    rules: &[RuleConfig],
    config: SuiteConfig,
    flags: &Changes,
    because: &str,
) -> ChosenSuite {
    // A tool that counts on some commits counts on all: what is too new is never reused.
    let mut toolchain = config.toolchain().to_vec();
    let mut changes = Vec::new();
    for rule in rules.iter().filter(|rule| rule.applies_to(config.name())) {
        for probe in rule.apply(&config).toolchain() {
            if !toolchain.contains(probe) {
                toolchain.push(probe.clone());
            }
        }
        let (rule, config, flags) = (rule.clone(), config.clone(), flags.clone());
        changes.push(SuiteRule {
            range: rule.range().to_owned(),
            change: Arc::new(move |suite| {
                let before = SuiteConfig::from_suite(
                    suite.clone(),
                    config.toolchain().to_vec(),
                    config.origin().clone(),
                );
                flags.apply(rule.apply(&before).to_suite())
            }),
        });
    }
    ChosenSuite {
        rules: SuiteRules {
            base: flags.apply(config.to_suite()),
            rules: changes,
        },
        toolchain,
        because: because.to_owned(),
    }
}

/// The suites of these names, each once; all of them when there is no name.
///
/// # Errors
///
/// When there is none of a name.
pub fn named(suites: &[SuiteConfig], names: &[String]) -> Result<Vec<SuiteConfig>, Failure> {
    if names.is_empty() {
        return Ok(suites.to_vec());
    }
    let one = |name: &String| {
        let found = suites.iter().find(|suite| suite.name() == name);
        found.cloned().ok_or_else(|| {
            let known: Vec<&str> = suites.iter().map(SuiteConfig::name).collect();
            Failure::usage(format!("there is no suite named {name:?}"))
                .with_hint(format!("the configuration has: {}", known.join(", ")))
        })
    };
    // One that is named twice is run once.
    let mut seen = BTreeSet::new();
    names
        .iter()
        .filter(|name| seen.insert(*name))
        .map(one)
        .collect()
}

/// The suite of a command typed behind `--`. The tools whose versions matter are those of the
/// repository's own suite, if it has one.
///
/// # Errors
///
/// When the command is empty or not in Unicode.
pub fn typed(
    command: &[OsString],
    settings: &Settings,
    toolchain: Option<Vec<Vec<String>>>,
) -> Result<SuiteConfig, Failure> {
    let words: Result<Vec<String>, _> = command
        .iter()
        .map(|word| word.clone().into_string())
        .collect();
    let argv = words.map_err(|word| {
        Failure::usage(format!("the command holds {word:?}, which is not UTF-8"))
    })?;
    if argv.first().is_none_or(String::is_empty) {
        return Err(
            Failure::usage("the command behind -- is empty").with_hint("give a program to run")
        );
    }
    let program = argv[0].rsplit('/').next().unwrap_or(&argv[0]).to_owned();
    let mut suite = Suite::new(program, CommandLine::Argv(argv.clone()));
    if let [cargo, test, ..] = argv.as_slice()
        && cargo == "cargo"
        && (test == "test" || test == "t")
    {
        // Known to print this; that it prints none says that the tests did not build.
        suite.results.push(ResultSource {
            format: ResultFormat::Libtest,
            location: ResultLocation::Stdout,
        });
    }
    let suite = settings.limit(suite);
    let origin = Origin::Flag {
        name: "--".to_owned(),
    };
    Ok(SuiteConfig::from_suite(
        suite,
        toolchain.unwrap_or_default(),
        origin,
    ))
}

/// What the flags change of every suite.
#[derive(Clone)]
struct Changes {
    build: Option<CommandLine>,
    results: Option<Vec<ResultSource>>,
    skip_exit_codes: Vec<i32>,
    env: Vec<(String, Option<String>)>,
}

impl Changes {
    fn new(args: &SuiteArgs) -> Result<Self, Failure> {
        let mut env = Vec::new();
        for variable in &args.env {
            let name = variable
                .split_once('=')
                .map_or(&**variable, |(name, _)| name);
            if name.is_empty() || name.contains(char::is_whitespace) {
                let what = match name {
                    "" => "has no name",
                    _ => "is no name of a variable",
                };
                return Err(Failure::usage(format!("--env {variable:?} {what}"))
                    .with_hint("write --env NAME, or --env NAME=VALUE"));
            }
            if ["RETRO_COMMIT", "RETRO_SCRATCH"].contains(&name) {
                return Err(Failure::usage(format!(
                    "--env {variable:?}: git-retro itself sets {name} for each commit"
                ))
                .with_hint("give the value another name"));
            }
            match variable.split_once('=') {
                Some((name, value)) => env.push((name.to_owned(), Some(value.to_owned()))),
                None => env.push((variable.clone(), None)),
            }
        }
        let results = args.results.iter().map(|text| source(text));
        let results = results.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            build: args.build.clone().map(CommandLine::Shell),
            results: Some(results).filter(|results| !results.is_empty()),
            skip_exit_codes: args.skip_exit_codes.clone(),
            env,
        })
    }

    fn apply(&self, mut suite: Suite) -> Suite {
        suite.build = self.build.clone().or(suite.build);
        if let Some(results) = &self.results {
            suite.results.clone_from(results);
        }
        if !self.skip_exit_codes.is_empty() {
            suite.skip_exit_codes.clone_from(&self.skip_exit_codes);
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => drop(suite.env.insert(name.clone(), value.clone())),
                None if suite.env_allow.contains(name) => {}
                None => suite.env_allow.push(name.clone()),
            }
        }
        suite
    }
}

/// `FORMAT` for what is printed, `FORMAT:GLOB` for files.
fn source(text: &str) -> Result<ResultSource, Failure> {
    parse_result_source(text).map_err(|fault| {
        let failure = Failure::usage(format!("--results {}", fault.what));
        match fault.hint {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    })
}
