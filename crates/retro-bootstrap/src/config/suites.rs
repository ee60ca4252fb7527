//! Suites and rules as the configuration has them.

use std::collections::BTreeMap;
use std::time::Duration;

use retro_domain::{CommandLine, ResultLocation, ResultSource, Suite};

use super::document::{
    AllowedVariable, RangeText, ResultEntry, RuleTable, SuiteName, SuiteTable, VariableName,
};
use super::duration_text::DurationText;
use super::origin::Origin;

/// One way of testing a commit, with the commands that name its tools' versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteConfig {
    suite: Suite,
    toolchain: Vec<Vec<String>>,
    origin: Origin,
}

/// A change of suites for a range of commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleConfig {
    range: String,
    suite: Option<String>,
    changes: Changes,
}

/// What a rule puts in the place of a suite's own; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Changes {
    build: Option<CommandLine>,
    run: Option<CommandLine>,
    results: Option<Vec<ResultSource>>,
    timeout: Option<Option<Duration>>,
    build_timeout: Option<Option<Duration>>,
    skip_exit_codes: Option<Vec<i32>>,
    env_allow: Option<Vec<String>>,
    env: BTreeMap<String, String>,
    retries: Option<u32>,
    work_dir: Option<String>,
    toolchain: Option<Vec<Vec<String>>>,
}

/// The limits that hold for suites: defaults for those that do not say, or given for this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) timeout: Limit<Option<Duration>>,
    pub(super) build_timeout: Limit<Option<Duration>>,
    pub(super) retries: Limit<u32>,
}

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit<T> {
    pub(super) value: T,
    /// Whether a variable or a flag gave it: then it goes over what a suite or a rule says.
    pub(super) for_this_call: bool,
}

impl<T: Copy> Limit<T> {
    /// The limit of something that says `own` itself.
    fn over(self, own: Option<T>) -> T {
        match own {
            Some(own) if !self.for_this_call => own,
            _ => self.value,
        }
    }
}

impl SuiteConfig {
    /// A suite from elsewhere (detected, or given on the command line) beside configured ones.
    pub fn from_suite(suite: Suite, toolchain: Vec<Vec<String>>, origin: Origin) -> Self {
        Self {
            suite,
            toolchain,
            origin,
        }
    }

    /// The suite's name.
    pub fn name(&self) -> &str {
        &self.suite.name
    }

    /// The suite to run where no rule applies.
    pub fn to_suite(&self) -> Suite {
        self.suite.clone()
    }

    /// Commands whose output, hashed, is the suite's toolchain: each a program and its arguments.
    pub fn toolchain(&self) -> &[Vec<String>] {
        &self.toolchain
    }

    /// Where the suite is configured.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn from_table(table: SuiteTable, limits: Limits, origin: Origin) -> Self {
        let SuiteTable {
            name: SuiteName(name),
            build,
            run,
            results,
            timeout,
            build_timeout,
            skip_exit_codes,
            env_allow,
            env,
            retries,
            work_dir,
            toolchain,
        } = table;
        let mut suite = Suite::new(name, run.0);
        suite.build = build.map(|build| build.0);
        suite.results = results.map(sources).unwrap_or_default();
        suite.timeout = limits
            .timeout
            .over(timeout.map(|DurationText(limit)| limit));
        suite.build_timeout = limits
            .build_timeout
            .over(build_timeout.map(|DurationText(limit)| limit));
        suite.retries = limits.retries.over(retries);
        suite.skip_exit_codes = skip_exit_codes.unwrap_or(suite.skip_exit_codes);
        suite.env_allow = env_allow.map(allowed).unwrap_or_default();
        suite.env = env.map(variables).unwrap_or_default();
        suite.work_dir = work_dir.map(|path| path.0).unwrap_or_default();
        let toolchain = toolchain.unwrap_or_default();
        Self {
            suite,
            toolchain: toolchain.iter().map(|probe| probe.0.argv()).collect(),
            origin,
        }
    }
}

impl RuleConfig {
    /// The range of commits, as the configuration has it.
    pub fn range(&self) -> &str {
        &self.range
    }

    /// The suite that the rule is for; `None` for every suite.
    pub fn suite(&self) -> Option<&str> {
        self.suite.as_deref()
    }

    /// Whether the rule is for the suite of this name.
    pub fn applies_to(&self, name: &str) -> bool {
        self.suite.as_deref().is_none_or(|suite| suite == name)
    }

    /// The suite as the rule changes it; unchanged when the rule is for another suite.
    ///
    /// Where several rules hold for a commit, apply them in the order of the configuration: the
    /// last one wins.
    #[must_use]
    pub fn apply(&self, config: &SuiteConfig) -> SuiteConfig {
        let mut changed = config.clone();
        if !self.applies_to(config.name()) {
            return changed;
        }
        let Changes {
            build,
            run,
            results,
            timeout,
            build_timeout,
            skip_exit_codes,
            env_allow,
            env,
            retries,
            work_dir,
            toolchain,
        } = self.changes.clone();
        let suite = &mut changed.suite;
        suite.build = build.or(suite.build.take());
        set(&mut suite.run, run);
        set(&mut suite.results, results);
        set(&mut suite.timeout, timeout);
        set(&mut suite.build_timeout, build_timeout);
        set(&mut suite.skip_exit_codes, skip_exit_codes);
        set(&mut suite.env_allow, env_allow);
        suite.env.extend(env);
        set(&mut suite.retries, retries);
        set(&mut suite.work_dir, work_dir);
        set(&mut changed.toolchain, toolchain);
        changed
    }

    pub(super) fn from_table(table: RuleTable, limits: Limits) -> Self {
        let RuleTable {
            range: RangeText(range),
            suite,
            build,
            run,
            results,
            timeout,
            build_timeout,
            skip_exit_codes,
            env_allow,
            env,
            retries,
            work_dir,
            toolchain,
        } = table;
        let timeout = timeout.map(|DurationText(limit)| limit);
        let build_timeout = build_timeout.map(|DurationText(limit)| limit);
        let probes = |list: Vec<super::command_text::CommandText>| {
            list.iter().map(|probe| probe.0.argv()).collect()
        };
        Self {
            range,
            suite: suite.map(|SuiteName(name)| name),
            changes: Changes {
                build: build.map(|build| build.0),
                run: run.map(|run| run.0),
                results: results.map(sources),
                timeout: timeout.filter(|_| !limits.timeout.for_this_call),
                build_timeout: build_timeout.filter(|_| !limits.build_timeout.for_this_call),
                skip_exit_codes,
                env_allow: env_allow.map(allowed),
                env: env.map(variables).unwrap_or_default(),
                retries: retries.filter(|_| !limits.retries.for_this_call),
                work_dir: work_dir.map(|path| path.0),
                toolchain: toolchain.map(probes),
            },
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn sources(entries: Vec<ResultEntry>) -> Vec<ResultSource> {
    let source = |entry: ResultEntry| ResultSource {
        format: entry.format,
        location: entry
            .path
            .map_or(ResultLocation::Stdout, ResultLocation::Files),
    };
    entries.into_iter().map(source).collect()
}

pub(super) fn allowed(names: Vec<AllowedVariable>) -> Vec<String> {
    names
        .into_iter()
        .map(|AllowedVariable(name)| name)
        .collect()
}

pub(super) fn variables(env: BTreeMap<VariableName, String>) -> BTreeMap<String, String> {
    env.into_iter()
        .map(|(VariableName(name), value)| (name, value))
        .collect()
}
