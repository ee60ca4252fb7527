//! What the flags of `git retro run` set.

use retro_bootstrap::config::AwsFlags;
use retro_bootstrap::{Failure, FlagLayer};

use crate::cli::{Backend, RunArgs};

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

    /// Refuses flags that were typed and mean nothing where the jobs run.
    pub(crate) fn check_backend(&self) -> Result<(), Failure> {
        let (typed, why, hint) = match self.remote.backend {
            Backend::Aws => (
                self.only_here(),
                "for runs on this machine, and the jobs run on AWS",
                "leave it out: docs/aws.md says what a batch does in its place",
            ),
            Backend::Local => (
                self.only_on_aws(),
                "for batches on AWS, and the jobs run on this machine",
                "leave it out, or add --backend aws",
            ),
        };
        let names: Vec<&str> = typed.into_iter().filter(|it| it.1).map(|it| it.0).collect();
        let are = match names.len() {
            0 => return Ok(()),
            1 => "is",
            _ => "are",
        };
        Err(Failure::usage(format!("{} {are} {why}", names.join(", "))).with_hint(hint))
    }

    fn only_here(&self) -> Vec<(&'static str, bool)> {
        let execution = &self.execution;
        vec![
            ("--jobs", execution.jobs.is_some()),
            ("--order", execution.order.is_some()),
            ("--fail-fast", execution.fail_fast),
            ("--time-limit", execution.time_limit.is_some()),
            ("--retry-untestable", execution.retry_untestable),
            ("--clean", execution.clean),
            ("--keep", execution.keep.is_some()),
            ("--home", execution.home.is_some()),
        ]
    }

    fn only_on_aws(&self) -> Vec<(&'static str, bool)> {
        let remote = &self.remote;
        let AwsFlags {
            table,
            bucket,
            prefix,
            state_machine,
            region,
            profile,
            endpoint,
            toolchain,
            job_time,
            max_cost_usd,
            vcpu,
            memory_gb,
            disk_gb,
            usd_vcpu_hour,
            usd_memory_gb_hour,
            usd_disk_gb_hour,
            usd_thousand_transitions,
        } = &remote.aws;
        vec![
            ("--from", remote.from.is_some()),
            ("--batch", remote.batch.is_some()),
            ("--no-wait", remote.no_wait),
            ("--table", table.is_some()),
            ("--bucket", bucket.is_some()),
            ("--prefix", prefix.is_some()),
            ("--state-machine", state_machine.is_some()),
            ("--region", region.is_some()),
            ("--profile", profile.is_some()),
            ("--endpoint", endpoint.is_some()),
            ("--toolchain", toolchain.is_some()),
            ("--job-time", job_time.is_some()),
            ("--max-cost-usd", max_cost_usd.is_some()),
            ("--vcpu", vcpu.is_some()),
            ("--memory-gb", memory_gb.is_some()),
            ("--disk-gb", disk_gb.is_some()),
            ("--usd-vcpu-hour", usd_vcpu_hour.is_some()),
            ("--usd-memory-gb-hour", usd_memory_gb_hour.is_some()),
            ("--usd-disk-gb-hour", usd_disk_gb_hour.is_some()),
            (
                "--usd-thousand-transitions",
                usd_thousand_transitions.is_some(),
            ),
        ]
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
