//! How a look back is carried out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use retro_domain::LeasePolicy;
use retro_exec::{Home, Limits};

use crate::leases::{ClaimedJob, IsGone};
use crate::schedule::Order;

/// How a look back is carried out.
#[derive(Clone)]
pub struct LookBackOptions {
    /// How many jobs run at once; at least one.
    pub workers: usize,
    /// In which order.
    pub order: Order,
    /// Start no further job once a commit's tests failed.
    pub fail_fast: bool,
    /// Stop after this long.
    pub time_limit: Option<Duration>,
    /// The environment that commands may see a part of.
    pub environment: BTreeMap<OsString, OsString>,
    /// The home folder of commands.
    pub home: Home,
    /// How many bytes of each output stream are kept.
    pub log_cap: u64,
    /// How long leases last.
    pub lease: LeasePolicy,
    /// Which jobs are claimed.
    pub claims: Claims,
    /// A job that the caller has claimed already.
    pub claimed: Option<ClaimedJob>,
    /// How long commands have to end in order when the run is stopped.
    pub grace: Duration,
    /// Whether the artifacts tell everything: the result is one of them
    /// ([`RESULT_NAME`](crate::RESULT_NAME)), and the logs of a job that was stopped are stored, in
    /// a scope that is never finished.
    pub self_contained: bool,
    /// Who claims jobs; each worker adds its number.
    pub owner: String,
    /// Tells which holders of leases are dead.
    pub is_gone: IsGone,
    /// 24 bits that tell this run from another one started in the same millisecond.
    pub randomness: u32,
}

impl LookBackOptions {
    /// One worker, newest first, a home of its own for commands, 16 MiB of each output stream.
    pub fn new(owner: impl Into<String>, home: PathBuf) -> Self {
        Self {
            workers: 1,
            order: Order::default(),
            fail_fast: false,
            time_limit: None,
            environment: BTreeMap::new(),
            home: Home::Own(home),
            log_cap: 16 << 20,
            lease: LeasePolicy::default(),
            claims: Claims::default(),
            claimed: None,
            grace: Limits::default().grace,
            self_contained: false,
            owner: owner.into(),
            is_gone: Arc::new(|_| false),
            randomness: 0,
        }
    }
}

/// Which jobs are claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Claims {
    /// All: a job that ended, or that was lost too often, is started over, for its result is wanted
    /// and is not stored; one that another process works on is waited for.
    #[default]
    StartOver,
    /// Those that wait, or whose lease has expired. All others are left as they are.
    OnlyWaiting,
}
