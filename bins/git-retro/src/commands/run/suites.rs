//! Which suites are run: configured, typed, or detected.

use std::collections::BTreeSet;
use std::sync::Arc;

use retro_bootstrap::config::{Origin, RuleConfig, SuiteConfig};
use retro_bootstrap::{Detection, DirView, Failure, PathProbe, detect};
use retro_domain::{CommandLine, ResultFormat, ResultLocation, ResultSource, Suite};
use retro_workflow::{SuiteRule, SuiteRules, parse_result_source};

use crate::cli::{RunArgs, SuiteArgs};
use crate::context::Context;

/// A suite to run.
pub(super) struct ChosenSuite {
    pub(super) rules: SuiteRules,
    /// Commands whose output tells the tools' versions.
    pub(super) toolchain: Vec<Vec<String>>,
    /// Why this suite, for people.
    pub(super) because: String,
}

/// The suites that the command line, the configuration or the repository itself asks for.
pub(super) fn choose(context: &Context, args: &RunArgs) -> Result<Vec<ChosenSuite>, Failure> {
    let settings = &context.config.settings;
    let (configs, because) = if !args.command.is_empty() {
        (
            vec![typed(context, args)?],
            "given on the command line".to_owned(),
        )
    } else if !settings.suites.is_empty() {
        let named = named(&settings.suites, &args.suite.suite)?;
        let files: Vec<String> = context
            .config
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        (named, files.join(", "))
    } else {
        let found = detected(context, &args.suite.suite)?;
        let suite = settings.limit(found.suite);
        let config = SuiteConfig::from_suite(suite, found.toolchain, Origin::Default);
        (vec![config], format!("detected: {}", found.because))
    };
    let changes = Changes::new(&args.suite)?;
    // A command that was typed runs on each commit as it was typed.
    let rules = match args.command.is_empty() {
        true => settings.rules.as_slice(),
        false => &[],
    };
    Ok(configs
        .into_iter()
        .map(|config| with_rules(rules, config, &changes, &because))
        .collect())
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

fn named(suites: &[SuiteConfig], names: &[String]) -> Result<Vec<SuiteConfig>, Failure> {
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

fn detections(context: &Context) -> Result<Vec<Detection>, Failure> {
    let path = context
        .environment
        .get(std::ffi::OsStr::new("PATH"))
        .cloned()
        .unwrap_or_default();
    Ok(detect(
        &DirView::new(context.repository()?.root()),
        &PathProbe { path },
    ))
}

/// The first suite that was found in the repository, or the first that has one of these names.
fn detected(context: &Context, names: &[String]) -> Result<Detection, Failure> {
    let all = detections(context)?;
    let found: Vec<String> = all.iter().map(|found| found.suite.name.clone()).collect();
    let wanted = |found: &Detection| names.is_empty() || names.contains(&found.suite.name);
    match all.into_iter().find(wanted) {
        Some(detection) => Ok(detection),
        None if context.repository()?.is_bare() => Err(Failure::usage(
            "a bare repository has no work tree where a way to run its tests could be found",
        )
        .with_hint(
            "say how: `git retro run -- COMMAND`, or `git retro run --config FILE` with a retro.toml",
        )),
        None if found.is_empty() => Err(Failure::usage(
            "no way to run this repository's tests was found",
        )
        .with_hint(
            "say how: `git retro run -- COMMAND`, or write a retro.toml (`git retro init` starts one)",
        )),
        None => Err(Failure::usage(format!("there is no suite named {:?}", names[0])).with_hint(
            format!(
                "nothing is configured (`git retro init` writes a retro.toml); found here: {}",
                found.join(", ")
            ),
        )),
    }
}

/// The suite of a command typed behind `--`. The tools whose versions matter are those of the
/// repository's own suite, if it has one.
fn typed(context: &Context, args: &RunArgs) -> Result<SuiteConfig, Failure> {
    let words: Result<Vec<String>, _> = args
        .command
        .iter()
        .map(|word| word.clone().into_string())
        .collect();
    let argv = words.map_err(|word| {
        Failure::usage(format!("the command holds {word:?}, which is not UTF-8"))
    })?;
    if argv[0].is_empty() {
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
    let toolchain = detections(context)?
        .into_iter()
        .next()
        .map(|found| found.toolchain);
    let suite = context.config.settings.limit(suite);
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
