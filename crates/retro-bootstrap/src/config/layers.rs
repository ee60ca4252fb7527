//! Putting the layers over one another.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::config_error::{ConfigError, Place};
use super::document::{Amount, AmountLimit, AwsTable, Document, FilledText, OverlayPath};
use super::duration_text::DurationText;
use super::environment::environment_leaves;
use super::files::{FileKind, FileLayer, in_plain_words, parse, read_text, repository_file};
use super::flags::{FlagLayer, flag_leaves};
use super::keys::KEYS;
use super::origin::{Entry, Origin};
use super::settings::{AwsConfig, GcSettings, OverlayConfig, Settings, SlotSettings, TaskConfig};
use super::suites::{Limit, Limits, RuleConfig, SuiteConfig};
use super::task::ProjectTasks;

/// What [`load`] reads.
#[derive(Clone, Debug)]
pub struct ConfigInputs<'a> {
    /// The user's file; it need not exist.
    pub user_file: Option<PathBuf>,
    /// The root of the repository's work tree; outside of a repository, only `config_file` is read.
    pub repo_root: Option<&'a Path>,
    /// The file that `--config` names, read in place of the repository's own; it must exist.
    pub config_file: Option<PathBuf>,
    /// The environment of the process.
    pub env: &'a BTreeMap<OsString, OsString>,
    /// What the flags say.
    pub flags: FlagLayer,
}

/// The settings in force, and where each came from.
#[derive(Clone, Debug)]
pub struct LoadedConfig {
    /// The settings.
    pub settings: Settings,
    /// What the user should know, such as an old layout; each may have several lines.
    pub warnings: Vec<String>,
    /// The files that were read, in the order of their layers.
    pub files: Vec<PathBuf>,
    values: Values,
}

/// One value of one layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) key: &'static str,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

type Values = BTreeMap<&'static str, (Value, Origin)>;

impl LoadedConfig {
    /// Where a setting came from; `None` when no layer has it.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.values.get(key).map(|(_, origin)| origin)
    }

    /// Every setting with its value and origin: single values first, in documented order, then
    /// suites, rules and overlay where they are configured.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        KEYS.iter()
            .map(|key| key.name)
            .chain(super::keys::FILE_KEYS.iter().copied())
            .filter_map(|key| {
                let (value, origin) = self.values.get(key)?;
                Some(Entry {
                    key,
                    value: value.to_string(),
                    origin: origin.clone(),
                })
            })
    }
}

/// Reads every layer and puts them over one another.
///
/// Single values are replaced one by one; suites, rules, the files and the patches of the overlay
/// each as a whole list. A relative `data-dir`, `cache-dir` or overlay source is meant from the
/// repository's root in the repository's file and in the one that `--config` names, from the
/// file's folder in the user's file.
///
/// # Errors
/// The first thing wrong in the lowest layer that has anything wrong: unreadable or unparsable
/// files, unknown keys, values out of place. It says where, and what to do.
pub fn load(inputs: &ConfigInputs<'_>) -> Result<LoadedConfig, ConfigError> {
    let mut values = Values::new();
    let mut warnings = Vec::new();
    let mut files = Vec::new();
    let mut ruled = Vec::new();
    let home = inputs.env.get(OsStr::new("HOME")).map(PathBuf::from);
    let mut put = |layer: FileLayer, base: Option<&Path>| -> Result<(), ConfigError> {
        warnings.extend(layer.warnings);
        if layer.leaves.iter().any(|leaf| leaf.key == "rules") {
            ruled = layer.ruled;
        }
        for mut leaf in layer.leaves {
            settle_paths(&mut leaf, base, home.as_deref())?;
            values.insert(leaf.key, (leaf.value, leaf.origin));
        }
        Ok(())
    };

    let defaults = parse(
        super::DEFAULTS,
        Path::new("defaults.toml"),
        FileKind::Default,
    )?;
    put(defaults, None)?;
    if let Some(path) = inputs.user_file.as_deref().filter(|path| path.exists()) {
        let layer = parse(&read_text(path, path)?, path, FileKind::User)?;
        put(layer, path.parent())?;
        files.push(path.to_owned());
    }
    let named = inputs.config_file.clone().or_else(|| {
        let path = inputs.env.get(OsStr::new("RETRO_CONFIG"))?;
        Some(PathBuf::from(path))
    });
    let file = match named {
        Some(path) => Some(path),
        None => match inputs.repo_root {
            Some(root) => repository_file(root)?,
            None => None,
        },
    };
    if let Some(path) = file {
        let shown = inputs
            .repo_root
            .and_then(|root| path.strip_prefix(root).ok())
            .unwrap_or(&path);
        let layer = parse(&read_text(&path, shown)?, shown, FileKind::Repository)?;
        put(layer, inputs.repo_root)?;
        files.push(path);
    }
    for leaves in [environment_leaves(inputs.env)?, flag_leaves(&inputs.flags)?] {
        let layer = FileLayer {
            leaves,
            ..FileLayer::default()
        };
        put(layer, None)?;
    }

    let settings = settings(&values)?;
    check_rules(ruled, &settings.suites)?;
    Ok(LoadedConfig {
        settings,
        warnings,
        files,
        values,
    })
}

/// Checks one value from outside a file against the shape of the settings.
pub(super) fn check_leaf(key: &str, value: &Value) -> Result<(), String> {
    document_with([(key, value)])
        .map(drop)
        .map_err(|error| in_plain_words(error.message()))
}

fn document_with<'v>(
    values: impl IntoIterator<Item = (&'v str, &'v Value)>,
) -> Result<Document, toml::de::Error> {
    let mut root = Table::new();
    for (key, value) in values {
        match key.split_once('.') {
            None => {
                root.insert(key.to_owned(), value.clone());
            }
            Some((table, key)) => {
                let inner = root
                    .entry(table)
                    .or_insert_with(|| Value::Table(Table::new()));
                if let Value::Table(inner) = inner {
                    inner.insert(key.to_owned(), value.clone());
                }
            }
        }
    }
    root.try_into()
}

/// Makes the paths of a value mean the same wherever they are used.
fn settle_paths(
    leaf: &mut Leaf,
    base: Option<&Path>,
    home: Option<&Path>,
) -> Result<(), ConfigError> {
    let is_folder = matches!(leaf.key, "data-dir" | "cache-dir");
    let origin = leaf.origin.clone();
    let settle = |value: &mut Value| {
        let Value::String(text) = value else {
            return Ok(());
        };
        if is_folder && text == "auto" {
            return Ok(());
        }
        let wrong = |what: String| Err(ConfigError::new(place_of(&origin), what));
        if text.is_empty() || text.contains('\0') {
            return wrong(format!("{text:?} is no path"));
        }
        let path = match text.strip_prefix('~') {
            None => base.unwrap_or(Path::new("")).join(&text),
            Some(rest) => match (rest.strip_prefix('/'), home) {
                (Some(rest), Some(home)) => home.join(rest),
                (Some(_), None) => return wrong(format!("{text:?} needs HOME, which is not set")),
                (None, _) => {
                    return wrong(format!("{text:?}: only ~/ at the start stands for a home"));
                }
            },
        };
        match path.into_os_string().into_string() {
            Ok(settled) => *text = settled,
            Err(_) => return wrong(format!("{text:?} is below a path that is not valid UTF-8")),
        }
        Ok(())
    };
    match (leaf.key, &mut leaf.value) {
        ("data-dir" | "cache-dir", value) => settle(value),
        ("overlay.files", Value::Table(files)) => {
            files.iter_mut().try_for_each(|(_, source)| settle(source))
        }
        ("task.deploy", Value::Table(deploy)) => deploy.get_mut("folder").map_or(Ok(()), settle),
        ("overlay.patches", Value::Array(patches)) => patches.iter_mut().try_for_each(settle),
        _ => Ok(()),
    }
}

pub(super) fn place_of(origin: &Origin) -> Place {
    match origin {
        Origin::Default => Place::File(PathBuf::from("defaults.toml")),
        Origin::UserFile { path, line } | Origin::RepoFile { path, line } => Place::Line {
            path: path.clone(),
            line: *line,
            column: 1,
        },
        Origin::Environment { name } => Place::Environment(name.clone()),
        Origin::Flag { name } => Place::Flag(name.clone()),
    }
}

/// The settings that the merged values make.
fn settings(values: &Values) -> Result<Settings, ConfigError> {
    let pairs = values.iter().map(|(key, (value, _))| (*key, value));
    let document = document_with(pairs).map_err(|error| {
        // Every layer was checked on its own, so this is a fault of git-retro.
        ConfigError::in_file(Path::new("(all layers)"), error.message().to_owned())
    })?;
    let for_this_call = |key: &str| {
        values
            .get(key)
            .is_some_and(|(_, origin)| origin.is_for_this_call())
    };
    let missing = |key: &'static str| move || default_missing(key);
    let slots = document.slots.unwrap_or_default();
    let gc = document.gc.unwrap_or_default();
    let overlay = document.overlay.unwrap_or_default();
    let aws = aws(document.aws.unwrap_or_default())?;
    let folder = |text: Option<String>| text.filter(|text| text != "auto").map(PathBuf::from);

    let retries = document.retries.ok_or_else(missing("retries"))?;
    let timeout = document.timeout.ok_or_else(missing("timeout"))?.0;
    let build_timeout = document
        .build_timeout
        .ok_or_else(missing("build-timeout"))?
        .0;
    let limits = Limits {
        timeout: Limit::new(timeout, for_this_call("timeout")),
        build_timeout: Limit::new(build_timeout, for_this_call("build-timeout")),
        retries: Limit::new(retries, for_this_call("retries")),
    };
    let origin_of = |key: &str| {
        values
            .get(key)
            .map_or(Origin::Default, |(_, origin)| origin.clone())
    };
    let suites: Vec<SuiteConfig> = document
        .suites
        .unwrap_or_default()
        .into_iter()
        .map(|table| SuiteConfig::from_table(table, limits, origin_of("suites")))
        .collect();
    let rules: Vec<RuleConfig> = document
        .rules
        .unwrap_or_default()
        .into_iter()
        .map(|table| RuleConfig::from_table(table, limits))
        .collect();

    Ok(Settings {
        jobs: document.jobs.ok_or_else(missing("jobs"))?.0,
        order: document.order.ok_or_else(missing("order"))?,
        cache: document.cache.ok_or_else(missing("cache"))?,
        fail_on: document.fail_on.ok_or_else(missing("fail-on"))?,
        fail_fast: document.fail_fast.ok_or_else(missing("fail-fast"))?,
        retries,
        timeout,
        build_timeout,
        time_limit: document.time_limit.ok_or_else(missing("time-limit"))?.0,
        data_dir: folder(document.data_dir),
        cache_dir: folder(document.cache_dir),
        home: document.home.ok_or_else(missing("home"))?,
        log_cap: document.log_cap.ok_or_else(missing("log-cap"))?.0,
        color: document.color.ok_or_else(missing("color"))?,
        verbosity: document.verbosity.ok_or_else(missing("verbosity"))?,
        slots: SlotSettings {
            keep: slots
                .keep
                .ok_or_else(missing("slots.keep"))?
                .into_iter()
                .map(|glob| glob.0)
                .collect(),
            submodules: slots.submodules.ok_or_else(missing("slots.submodules"))?,
            lfs: slots.lfs.ok_or_else(missing("slots.lfs"))?,
            clean: slots.clean.ok_or_else(missing("slots.clean"))?,
        },
        gc: GcSettings {
            max_age: gc.max_age.ok_or_else(missing("gc.max-age"))?.0,
            max_size: gc.max_size.ok_or_else(missing("gc.max-size"))?.0,
        },
        aws,
        task: ProjectTasks::of(
            document.task.unwrap_or_default(),
            limits,
            origin_of("task.suites"),
        ),
        suites,
        rules,
        overlay: OverlayConfig {
            files: overlay
                .files
                .unwrap_or_default()
                .into_iter()
                .map(|(OverlayPath(to), from)| (to, PathBuf::from(from)))
                .collect(),
            patches: overlay
                .patches
                .unwrap_or_default()
                .into_iter()
                .map(PathBuf::from)
                .collect(),
        },
        limits,
    })
}

fn default_missing(key: &str) -> ConfigError {
    ConfigError::in_file(
        Path::new("defaults.toml"),
        format!("the shipped defaults lack {key}"),
    )
}

fn aws(table: AwsTable) -> Result<AwsConfig, ConfigError> {
    let text = |text: Option<FilledText>| {
        let text = text.map(|FilledText(text)| text);
        text.filter(|text| text != "none" && text != "auto")
    };
    let amount = |amount: Option<Amount>, key: &str| match amount {
        Some(Amount(number)) => Ok(number),
        None => Err(default_missing(key)),
    };
    let job_time = table.job_time.and_then(|DurationText(time)| time);
    Ok(AwsConfig {
        table: text(table.table),
        bucket: text(table.bucket),
        prefix: table.prefix.unwrap_or_default(),
        state_machine: text(table.state_machine),
        region: text(table.region),
        profile: text(table.profile),
        endpoint: text(table.endpoint),
        toolchain: table.toolchain.unwrap_or_default(),
        job_time: job_time.ok_or_else(|| default_missing("aws.job-time"))?,
        max_cost_usd: table.max_cost_usd.and_then(|AmountLimit(limit)| limit),
        task: TaskConfig {
            vcpu: amount(table.vcpu, "aws.vcpu")?,
            memory_gb: amount(table.memory_gb, "aws.memory-gb")?,
            disk_gb: amount(table.disk_gb, "aws.disk-gb")?,
            usd_vcpu_hour: amount(table.usd_vcpu_hour, "aws.usd-vcpu-hour")?,
            usd_memory_gb_hour: amount(table.usd_memory_gb_hour, "aws.usd-memory-gb-hour")?,
            usd_disk_gb_hour: amount(table.usd_disk_gb_hour, "aws.usd-disk-gb-hour")?,
            usd_thousand_transitions: amount(
                table.usd_thousand_transitions,
                "aws.usd-thousand-transitions",
            )?,
        },
    })
}

/// A rule for a suite that nobody configured does nothing, which nobody wants.
///
/// Without configured suites the names are not known yet: detection finds them later.
fn check_rules(
    ruled: Vec<(String, ConfigError)>,
    suites: &[SuiteConfig],
) -> Result<(), ConfigError> {
    let names = || suites.iter().map(SuiteConfig::name);
    let missing = ruled
        .into_iter()
        .find(|(name, _)| !suites.is_empty() && names().all(|known| known != name));
    match missing {
        None => Ok(()),
        Some((name, error)) => Err(match super::choice::closest(&name, names()) {
            Some(meant) => error.with_hint(format!("did you mean {meant:?}?")),
            None => {
                let names: Vec<&str> = names().collect();
                error.with_hint(format!("there are {}", names.join(", ")))
            }
        }),
    }
}
