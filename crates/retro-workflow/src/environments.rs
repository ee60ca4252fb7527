//! The environments of commands: what they share is worked out once for each suite.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::Path;

use retro_domain::{CommitId, Suite, SuiteFingerprint};
use retro_exec::{EnvironmentPolicy, clean_environment};

use crate::LookBackOptions;
use crate::plan::Plan;

/// The environments of a plan's suites, but for what differs from job to job.
///
/// Worked out when the run starts: a tool home that appears later is not named, so that every commit
/// of a run is tried under the same conditions.
pub(crate) struct Environments(HashMap<SuiteFingerprint, BTreeMap<OsString, OsString>>);

impl Environments {
    pub(crate) fn new(plan: &Plan, options: &LookBackOptions) -> Self {
        let shared = |suite: &Suite| {
            let policy = EnvironmentPolicy {
                allow: suite.env_allow.clone(),
                fixed: suite.env.clone(),
                home: options.home.clone(),
                tmp_dir: None,
            };
            clean_environment(&options.environment, &policy, &|path| path.exists())
                .into_iter()
                .collect()
        };
        let suites = plan.suites.iter();
        Self(suites.map(|(key, suite)| (*key, shared(suite))).collect())
    }

    /// What the commands of one job see.
    pub(crate) fn of_job(
        &self,
        (key, suite): (SuiteFingerprint, &Suite),
        commit: &CommitId,
        out: &Path,
        tmp: &Path,
    ) -> Vec<(OsString, OsString)> {
        let mut environment = self.0.get(&key).cloned().unwrap_or_default();
        if !suite.env.contains_key("TMPDIR") {
            environment.insert("TMPDIR".into(), tmp.into());
        }
        environment.insert("RETRO_COMMIT".into(), commit.to_string().into());
        environment.insert("RETRO_SCRATCH".into(), out.into());
        environment.into_iter().collect()
    }
}
