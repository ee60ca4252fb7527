//! What every command starts from: the environment, the folders, the repository, the stores.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use retro_bootstrap::config::Verbosity;
use retro_bootstrap::terminal::{self, Format, Paint, Progress, ReportOptions, one_line, say};
use retro_bootstrap::{
    ConfigInputs, Directories, ExitCode, Failure, FlagLayer, LoadedConfig, LocalStores,
    directories, load, use_color,
};
use retro_domain::RepoId;
use retro_git::{GitError, GitRepository, History};
use retro_store::StoreError;
use retro_workflow::{LookBackReport, Plan};

use crate::cli::Global;

/// The process environment.
pub(crate) type Environment = BTreeMap<OsString, OsString>;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(crate) fn read_environment() -> Environment {
    std::env::vars_os().collect()
}

/// What commands work with.
pub(crate) struct Context {
    pub(crate) environment: Environment,
    pub(crate) directories: Directories,
    /// Why there is none, for the few commands that do without.
    repository: Result<GitRepository, Failure>,
    pub(crate) config: LoadedConfig,
}

impl Context {
    /// Finds the repository and reads the configuration.
    pub(crate) fn new(
        global: &Global,
        environment: Environment,
        flags: FlagLayer,
    ) -> Result<Self, Failure> {
        let context = Self::anywhere(global, environment, flags)?;
        context.repository()?;
        Ok(context)
    }

    /// As [`new`](Self::new), for what can be asked outside of a repository.
    pub(crate) fn anywhere(
        global: &Global,
        environment: Environment,
        mut flags: FlagLayer,
    ) -> Result<Self, Failure> {
        flags.data_dir.clone_from(&global.data_dir);
        flags.cache_dir.clone_from(&global.cache_dir);
        flags.color = global.color;
        flags.verbosity = match (global.quiet, global.verbose) {
            (true, _) => Some(Verbosity::Quiet),
            (false, 0) => None,
            (false, 1) => Some(Verbosity::Verbose),
            (false, _) => Some(Verbosity::Debug),
        };
        let home = environment.get(OsStr::new("HOME")).map(PathBuf::from);
        let directories = directories(&environment, home.as_deref())?;
        let repository = the_repository(global, &environment);
        let named = global.config.clone();
        let by_variable = environment.get(OsStr::new("RETRO_CONFIG"));
        if named.is_none() && by_variable.is_some_and(|value| value.is_empty()) {
            return Err(Failure::usage("RETRO_CONFIG is set, but empty")
                .with_hint("give it the name of a file, or unset it"));
        }
        let config = load(&ConfigInputs {
            user_file: Some(directories.user_file()),
            repo_root: repository.as_ref().ok().map(GitRepository::root),
            config_file: named.or_else(|| by_variable.map(PathBuf::from)),
            env: &environment,
            flags,
        })?;
        Ok(Self {
            environment,
            directories,
            repository,
            config,
        })
    }

    /// The repository.
    pub(crate) fn repository(&self) -> Result<&GitRepository, Failure> {
        self.repository.as_ref().map_err(Clone::clone)
    }

    /// The repository's name.
    pub(crate) fn repo(&self) -> Result<RepoId, Failure> {
        Ok(self.repository()?.repo_id())
    }

    /// Where results are kept.
    pub(crate) fn data_dir(&self) -> PathBuf {
        let set = self.config.settings.data_dir.as_ref();
        absolute(set.unwrap_or(&self.directories.data))
    }

    /// Where work trees are kept.
    pub(crate) fn cache_dir(&self) -> PathBuf {
        let set = self.config.settings.cache_dir.as_ref();
        absolute(set.unwrap_or(&self.directories.cache))
    }

    /// Opens the stores.
    pub(crate) fn stores(&self) -> Result<LocalStores, Failure> {
        let folder = self.data_dir();
        LocalStores::open(&folder).map_err(|error| {
            let hint = match &error {
                StoreError::Full { .. } => {
                    "free some space on that disk: even reading needs a little; or name another \
                     folder with --data-dir"
                }
                _ => "name another folder with --data-dir, or mend this one",
            };
            Failure::from_error(ExitCode::Incomplete, &error)
                .context(format!(
                    "the results in {} cannot be opened",
                    folder.display()
                ))
                .with_hint(hint)
        })
    }

    /// How standard output is coloured.
    pub(crate) fn paint(&self) -> Paint {
        let mode = self.config.settings.color;
        Paint(use_color(
            mode,
            &self.environment,
            std::io::stdout().is_terminal(),
        ))
    }

    /// How standard error is coloured.
    pub(crate) fn paint_errors(&self) -> Paint {
        let mode = self.config.settings.color;
        Paint(use_color(
            mode,
            &self.environment,
            std::io::stderr().is_terminal(),
        ))
    }

    /// Shows the work of a plan on so many workers.
    pub(crate) fn progress(&self, plan: &Plan, workers: usize) -> Arc<Progress> {
        terminal::progress(
            plan,
            workers,
            self.config.settings.verbosity,
            self.paint_errors(),
        )
    }

    /// Prints the end of a run; its exit code.
    pub(crate) async fn show_report(
        &self,
        stores: &LocalStores,
        report: LookBackReport,
        format: Format,
        name_run: bool,
    ) -> Result<ExitCode, Failure> {
        let options = ReportOptions {
            format,
            paint: self.paint(),
            fail_on: self.config.settings.fail_on,
            name_run,
        };
        terminal::show_report(stores, report, options).await
    }

    /// Tells people what they should know, unless they want quiet.
    pub(crate) fn warn(&self, message: &str) {
        if self.config.settings.verbosity != Verbosity::Quiet {
            say(format_args!("warning: {}", one_line(message)));
        }
    }
}

/// The repository that a flag names, or else git's own variables (`git --git-dir=X retro` sets them),
/// or else the folder that git-retro was started in.
pub(crate) fn the_repository(
    global: &Global,
    environment: &Environment,
) -> Result<GitRepository, Failure> {
    let failure = |error: GitError| Failure::from_error(ExitCode::Usage, &error);
    if let Some(start) = &global.repo {
        return GitRepository::discover(start).map_err(failure);
    }
    let variable = |name: &str| environment.get(OsStr::new(name)).map(PathBuf::from);
    let found = match variable("GIT_DIR") {
        Some(git_dir) => GitRepository::open(&git_dir).map_err(|error| match error {
            GitError::NotARepository { .. } => Failure::usage(format!(
                "GIT_DIR is set to {git_dir:?}, which is no git directory"
            ))
            .with_hint("unset it, or name a repository with --repo"),
            other => failure(other).with_hint("GIT_DIR names this repository; --repo another"),
        }),
        None => GitRepository::discover(Path::new(".")).map_err(failure),
    }?;
    match variable("GIT_WORK_TREE") {
        Some(root) => found.with_work_tree(&root).map_err(|error| {
            failure(error).context(format!(
                "GIT_WORK_TREE is set to {root:?}, which is no folder"
            ))
        }),
        None => Ok(found),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A runtime for the store's asynchronous calls. Work on commits has threads of its own.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::from_error(ExitCode::Incomplete, &error))
}
