//! What a batch costs, roughly.

use std::time::Duration;

/// What a task is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskSize {
    /// Virtual processors.
    pub vcpu: f64,
    /// Memory in GB.
    pub memory_gb: f64,
    /// Disk in GB.
    pub disk_gb: f64,
}

/// Prices in US dollars, before taxes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriceTable {
    /// One virtual processor for an hour.
    pub vcpu_hour: f64,
    /// One GB of memory for an hour.
    pub memory_gb_hour: f64,
    /// One GB of disk beyond [`FREE_DISK_GB`] for an hour.
    pub disk_gb_hour: f64,
    /// A thousand state transitions.
    pub thousand_transitions: f64,
}

/// So much disk costs nothing.
pub const FREE_DISK_GB: f64 = 20.0;

/// A task is billed for at least this long.
const LEAST_BILLED: Duration = Duration::from_secs(60);

/// Transitions of a job that does not fail, in the state machine of `infra/template.yaml`.
const TRANSITIONS_PER_JOB: f64 = 3.0;

impl Default for PriceTable {
    /// Fargate on Linux and x86, and Step Functions (standard), in the region us-east-1, as listed
    /// in 2025. They are configuration: other regions and Spot differ.
    fn default() -> Self {
        Self {
            vcpu_hour: 0.04048,
            memory_gb_hour: 0.004_445,
            disk_gb_hour: 0.000_111,
            thousand_transitions: 0.025,
        }
    }
}

/// What a batch is expected to cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// How many tasks run.
    pub jobs: usize,
    /// How long each is billed.
    pub each: Duration,
    /// All tasks and transitions, in US dollars. Storage and requests, well below a cent per
    /// hundred jobs, are left out, and so are tasks that have to be run twice.
    pub usd: f64,
}

impl Estimate {
    /// The estimate for `jobs` tasks that run for `each`, the start of their image included.
    pub fn new(jobs: usize, each: Duration, task: TaskSize, prices: PriceTable) -> Self {
        let each = each.max(LEAST_BILLED);
        let disk = (task.disk_gb - FREE_DISK_GB).max(0.0);
        let hour = task.vcpu * prices.vcpu_hour
            + task.memory_gb * prices.memory_gb_hour
            + disk * prices.disk_gb_hour;
        let job = hour * each.as_secs_f64() / 3600.0
            + TRANSITIONS_PER_JOB * prices.thousand_transitions / 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 jobs")]
        let usd = job * jobs as f64;
        Self { jobs, each, usd }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: TaskSize = TaskSize {
        vcpu: 1.0,
        memory_gb: 2.0,
        disk_gb: 20.0,
    };

    #[test]
    fn a_batch_costs_what_its_tasks_cost() {
        let ten_minutes = Duration::from_secs(600);
        let estimate = Estimate::new(200, ten_minutes, SMALL, PriceTable::default());
        // 200 x (1/6 h x (0.04048 + 2 x 0.004445) + 3 x 0.000025)
        assert!((estimate.usd - 1.660_666).abs() < 1e-5, "{estimate:?}");
        let disk = TaskSize {
            disk_gb: 70.0,
            ..SMALL
        };
        let more = Estimate::new(200, ten_minutes, disk, PriceTable::default());
        assert!((more.usd - estimate.usd - 200.0 / 6.0 * 50.0 * 0.000_111).abs() < 1e-9);
    }

    #[test]
    fn a_task_is_billed_for_a_minute_at_least() {
        let second = Estimate::new(1, Duration::from_secs(1), SMALL, PriceTable::default());
        assert_eq!(second.each, LEAST_BILLED);
        let none = Estimate::new(0, Duration::from_secs(1), SMALL, PriceTable::default());
        assert!(none.usd.abs() < f64::EPSILON);
    }
}
