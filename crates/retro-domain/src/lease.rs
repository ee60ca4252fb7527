//! Leases: who works on a job, until when, and which of two workers is the later one.

use std::time::Duration;

use crate::Timestamp;

/// A fencing token: each claim of a job raises it, and a store refuses an effect that carries an
/// older one. The first claim has epoch 1; 0 means never claimed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch of the next claim.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Who holds a lease: unique per worker of a process, readable for people.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LeaseOwner(pub String);

/// A time-limited claim on a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// Who holds it.
    pub owner: LeaseOwner,
    /// The fencing token of this claim.
    pub epoch: Epoch,
    /// When it ends unless renewed.
    pub expires_at: Timestamp,
}

impl Lease {
    /// Whether the lease is over at `now`. A lease is over at the very moment it expires.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

/// How long leases last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeasePolicy {
    /// How long a claim or a renewal lasts.
    pub ttl: Duration,
    /// How often a worker renews.
    pub renew_every: Duration,
}

impl Default for LeasePolicy {
    /// 60 s, renewed every 20 s.
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(60),
            renew_every: Duration::from_secs(20),
        }
    }
}
