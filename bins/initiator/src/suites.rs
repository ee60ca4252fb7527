//! Which suites a batch runs: typed, or of the newest commit's retro.toml.

use std::ffi::OsString;
use std::path::Path;

use retro_bootstrap::config::{REPOSITORY_FILES, SuiteConfig, write_repository_files};
use retro_bootstrap::look_back::{ChosenSuite, SuiteArgs, named, typed};
use retro_bootstrap::{ConfigInputs, ExitCode, Failure, FlagLayer, LoadedConfig, load};
use retro_domain::CommitId;
use retro_git::{GitRepository, History as _};

use crate::Environment;

/// What says what to run.
#[derive(Clone, Debug)]
pub(crate) enum SuiteSource {
    /// The retro.toml of the newest commit, or the file that `--config` names.
    Files,
    /// A command.
    Command(Vec<OsString>),
    /// The text of a retro.toml.
    Text(String),
}

/// What settings are read from, beside what a repository has.
#[derive(Clone, Copy)]
pub(crate) struct SettingsFrom<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) user_file: Option<&'a Path>,
    pub(crate) config_file: Option<&'a Path>,
    pub(crate) flags: &'a FlagLayer,
}

impl SettingsFrom<'_> {
    /// Reads settings, with those of a repository's files below a folder.
    pub(crate) fn load(&self, repo_root: Option<&Path>) -> Result<LoadedConfig, Failure> {
        Ok(load(&ConfigInputs {
            user_file: self.user_file.map(Path::to_owned),
            repo_root,
            config_file: self.config_file.map(Path::to_owned),
            env: self.environment,
            flags: self.flags.clone(),
        })?)
    }
}

/// The suites to run, and the settings that go with them.
pub(crate) fn choose(
    source: &SuiteSource,
    args: &SuiteArgs,
    from: SettingsFrom<'_>,
    repository: &GitRepository,
    newest: &CommitId,
    folder: &Path,
) -> Result<(Vec<ChosenSuite>, LoadedConfig), Failure> {
    let failed = |error: std::io::Error| {
        Failure::from_error(ExitCode::Incomplete, &error).context(format!(
            "the settings of commit {} cannot be read",
            newest.short()
        ))
    };
    let read = |name: &str| match source {
        SuiteSource::Text(text) if name == REPOSITORY_FILES[0] => Ok(Some(text.clone().into())),
        SuiteSource::Text(_) => Ok(None),
        _ => {
            let content = repository.read_file(newest, name);
            content.map_err(std::io::Error::other)
        }
    };
    let found = write_repository_files(folder, read).map_err(failed)?;
    let config = from.load(Some(folder))?;
    let settings = &config.settings;
    let (configs, is_typed, because) = match source {
        SuiteSource::Command(command) => {
            let suite = typed(command, settings, None)?;
            (vec![suite], true, "given on the command line".to_owned())
        }
        SuiteSource::Files | SuiteSource::Text(_) if settings.suites.is_empty() => {
            let what = match found {
                true => "its settings name no suite",
                false => "it has no retro.toml",
            };
            let newest = newest.short();
            return Err(Failure::usage(format!(
                "nothing says what to run on commits up to {newest}: {what}"
            ))
            .with_hint("give a command behind --, or name a retro.toml with --config"));
        }
        SuiteSource::Files | SuiteSource::Text(_) => {
            let suites: Vec<SuiteConfig> = named(&settings.suites, &args.suite)?;
            let because = match (from.config_file, source) {
                (Some(file), _) => file.display().to_string(),
                (None, SuiteSource::Text(_)) => "given".to_owned(),
                (None, _) => format!("retro.toml of {}", newest.short()),
            };
            (suites, false, because)
        }
    };
    let chosen = ChosenSuite::all(configs, settings, args, is_typed, &because)?;
    Ok((chosen, config))
}
