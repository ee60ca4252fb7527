//! What the flags of `git retro run` set.

use retro_bootstrap::FlagLayer;

use crate::cli::RunArgs;

impl RunArgs {
    /// The configuration layer that the flags make.
    pub(crate) fn flags(&self) -> FlagLayer {
        let execution = &self.execution;
        FlagLayer {
            jobs: execution.jobs,
            order: execution.order,
            cache: execution.no_cache.then_some(false),
            fail_on: self.fail_on,
            fail_fast: execution.fail_fast.then_some(true),
            retries: execution.retries,
            timeout: execution.timeout.clone(),
            build_timeout: execution.build_timeout.clone(),
            time_limit: execution.time_limit.clone(),
            home: execution.home,
            log_cap: execution.log_cap.clone(),
            keep: execution.keep.clone(),
            submodules: execution.submodules,
            lfs: execution.lfs,
            clean: execution.clean.then_some(true),
            aws: self.remote.aws.clone(),
            ..FlagLayer::default()
        }
    }

    /// The request as it could be typed.
    pub(crate) fn described(&self, command: String) -> String {
        let mut words = vec!["git retro run".to_owned()];
        words.extend(self.commits.words(&self.revisions));
        words.extend(
            self.suite
                .suite
                .iter()
                .map(|name| format!("--suite {name}")),
        );
        if !self.command.is_empty() {
            words.push("--".to_owned());
            words.push(command);
        }
        words.join(" ")
    }
}
