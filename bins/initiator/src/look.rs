//! From a request to the plan of each suite: fetch the history, read the settings, list commits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use retro_bootstrap::aws::{AwsClients, check_names, check_slots};
use retro_bootstrap::git_access::{GitCredentials, MachinePace, trusted_certificates};
use retro_bootstrap::look_back::{CommitArgs, SuiteArgs, query, read_overlay};
use retro_bootstrap::terminal::{look_back_failure, store_failure};
use retro_bootstrap::{ExitCode, Failure, LoadedConfig, batch};
use retro_domain::{RepoId, Timestamp};
use retro_git::{
    FetchNote, FetchOptions, GitError, GitRepository, History as _, Remote, fetch_history,
};
use retro_store::InMemoryResultStore;
use retro_workflow::{LookBackRequest, Plan, Reuse, plan};

use crate::suites::{SettingsFrom, SuiteSource, choose};
use crate::tips::history_request;

/// What somebody wants to be run.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Where the repository is.
    pub(crate) url: String,
    /// What it is called.
    pub(crate) repo: RepoId,
    pub(crate) commits: CommitArgs,
    pub(crate) revisions: Vec<String>,
    pub(crate) source: SuiteSource,
    pub(crate) suite: SuiteArgs,
    /// The request as it was made, for people.
    pub(crate) described: String,
}

/// A plan, and why its suite was taken.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) because: String,
}

/// Fetches the history behind a request into a folder. `clients` is asked when the credentials are a
/// secret.
pub(crate) async fn fetch(
    request: &Request,
    credentials: &GitCredentials,
    clients: impl AsyncFnOnce() -> Result<AwsClients, Failure>,
    into: PathBuf,
    mut note: impl FnMut(String) + Send + 'static,
) -> Result<GitRepository, Failure> {
    batch::check_address(&request.url)?;
    let mut remote =
        Remote::new(&request.url).map_err(|error| Failure::from_error(ExitCode::Usage, &error))?;
    if request.url.starts_with("https:") {
        remote = remote.with_certificates(trusted_certificates().map_err(store_failure)?);
    }
    if let Some(token) = credentials.token(clients).await? {
        remote = remote.with_credentials(Arc::new(token));
    }
    let wanted = history_request(&request.commits, &request.revisions);
    let fetched = tokio::task::spawn_blocking(move || {
        let options = FetchOptions::new(&MachinePace);
        let mut notes = |told: FetchNote| note(told.to_string());
        let fetched = fetch_history(&remote, &into, &wanted, &options, &mut notes)?;
        GitRepository::open(&fetched.git_dir)
    });
    let fetched = fetched
        .await
        .map_err(|error| Failure::from_error(ExitCode::Incomplete, &error))?;
    fetched.map_err(|error| {
        let (exit, hint) = match &error {
            GitError::BadRevision { .. } => (
                ExitCode::Usage,
                "name a branch or a tag that is there, or an id",
            ),
            _ => (
                ExitCode::Incomplete,
                "check the address, and the credentials that the environment names",
            ),
        };
        Failure::from_error(exit, &error)
            .context("the repository's history cannot be fetched")
            .with_hint(hint)
    })
}

/// The plan of each suite, and the settings that go with them.
pub(crate) async fn plans(
    request: &Request,
    repository: &GitRepository,
    from: SettingsFrom<'_>,
    folder: &Path,
    now: Timestamp,
) -> Result<(Vec<Planned>, LoadedConfig), Failure> {
    let commits = query(&request.commits, &request.revisions, now)?;
    let newest = repository
        .resolve("HEAD")
        .map_err(|error| Failure::from_error(ExitCode::Incomplete, &error))?;
    let root = folder.join("settings");
    let (chosen, config) = choose(
        &request.source,
        &request.suite,
        from,
        repository,
        &newest.id,
        &root,
    )?;
    check_names(&config.settings.aws)?;
    check_slots(&config.settings.slots)?;
    let overlay = read_overlay(&config.settings.overlay, &request.suite)?;
    let nothing = InMemoryResultStore::default();
    let mut plans = Vec::new();
    for suite in chosen {
        let wanted = LookBackRequest {
            suites: suite.rules,
            commits: commits.clone(),
            overlay: overlay.clone(),
            toolchain: batch::toolchain(&config.settings),
            reuse: Reuse::Nothing,
            described: request.described.clone(),
        };
        let planned = plan(&wanted, repository, &nothing).await;
        let plan = Plan {
            repo: request.repo.clone(),
            ..planned.map_err(look_back_failure)?
        };
        let because = suite.because;
        plans.push(Planned { plan, because });
    }
    Ok((plans, config))
}
