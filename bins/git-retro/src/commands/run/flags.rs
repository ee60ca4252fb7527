//! What the flags of `git retro run` set.

use retro_bootstrap::FlagLayer;
use retro_bootstrap::look_back::Merges;

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
        words.extend(self.revisions.iter().cloned());
        let commits = &self.commits;
        if let Some(last) = commits.last {
            words.push(format!("--last {last}"));
        }
        for (flag, value) in [("--since", &commits.since), ("--until", &commits.until)] {
            words.extend(value.iter().map(|value| format!("{flag} {value}")));
        }
        if commits.first_parent {
            words.push("--first-parent".to_owned());
        }
        match commits.merges {
            Merges::Include => {}
            Merges::Exclude => words.push("--merges exclude".to_owned()),
            Merges::Only => words.push("--merges only".to_owned()),
        }
        words.extend(commits.path.iter().map(|glob| format!("--path {glob}")));
        if commits.every.get() > 1 {
            words.push(format!("--every {}", commits.every));
        }
        if let Some(file) = &commits.rev_list_file {
            words.push(format!("--rev-list-file {}", file.display()));
        }
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
