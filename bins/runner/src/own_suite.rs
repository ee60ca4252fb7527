//! The suite that a commit's own retro.toml describes.

use std::path::Path;

use retro_bootstrap::aws::{check_slots, log_cap};
use retro_bootstrap::config::{REPOSITORY_FILES, SuiteConfig, write_repository_files};
use retro_bootstrap::{ConfigInputs, FlagLayer, load};
use retro_domain::{CommitId, Suite};
use retro_git::{GitRepository, History as _};

use crate::commit_job::Trouble;

/// The suite of this name in the commit's retro.toml, or the only one there. Rules for ranges of
/// commits need a history, which is not here: they do not apply. And how many bytes of each output stream
/// its settings keep.
pub(crate) fn own_suite(
    repository: &GitRepository,
    commit: &CommitId,
    name: Option<&str>,
    folder: &Path,
) -> Result<(Suite, u64), Trouble> {
    let ours = |error: &dyn std::error::Error| Trouble::ours(error.to_string());
    let root = folder.join("config");
    let read = |name: &str| {
        let content = repository.read_file(commit, name);
        content.map_err(std::io::Error::other)
    };
    let found = write_repository_files(&root, read).map_err(|error| ours(&error))?;
    if !found {
        return Err(Trouble::told(format!(
            "nothing says what to run: the commit has no {}; set TEST_COMMAND, or RETRO_PLAN",
            REPOSITORY_FILES[0]
        )));
    }
    let inputs = ConfigInputs {
        user_file: None,
        repo_root: Some(&root),
        config_file: None,
        // The runner's own variables are no settings.
        env: &std::collections::BTreeMap::new(),
        flags: FlagLayer::default(),
    };
    let loaded = load(&inputs).map_err(|error| Trouble::told(error.report()))?;
    check_slots(&loaded.settings.slots)?;
    let suites = &loaded.settings.suites;
    let known = || {
        let names: Vec<&str> = suites.iter().map(SuiteConfig::name).collect();
        names.join(", ")
    };
    let found = match (name, suites.as_slice()) {
        (Some(name), _) => suites.iter().find(|suite| suite.name() == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let log_cap = log_cap(&loaded.settings);
    let suite = found.map(SuiteConfig::to_suite);
    suite
        .map(|suite| (suite, log_cap))
        .ok_or_else(|| match name {
            Some(name) => Trouble::told(format!(
                "RETRO_SUITE_NAME is {name:?}, and the commit's retro.toml has: {}",
                known()
            )),
            None if suites.is_empty() => Trouble::told(
                "the commit's retro.toml names no suite; set TEST_COMMAND, or RETRO_PLAN",
            ),
            None => Trouble::told(format!(
                "the commit's retro.toml has several suites: RETRO_SUITE_NAME must name one of {}",
                known()
            )),
        })
}
