//! A job as an item.

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;
use retro_domain::{
    CommitId, CommitJob, CommitNote, Digest256, Epoch, JobFacts, JobState, JobStatus, Lease,
    LeaseOwner, RepoId, SuiteFingerprint, Timestamp,
};
use retro_store::StoreError;
use retro_store::record::StoredVerdict;

use super::expression::Change;
use super::item::{Item, Key, find_number, need_number, need_text, number, text};
use super::overflow::{Overflow, object};

pub(super) const STATUS: &str = "status";
pub(super) const BATCH: &str = "batch_id";
pub(super) const LAST_UPDATED: &str = "last_updated";
pub(super) const EPOCH: &str = "lease_epoch";
pub(super) const ATTEMPTS: &str = "attempts";
const OWNER: &str = "lease_owner";
const EXPIRES: &str = "lease_expires_at";
const VERDICT: &str = "verdict";
pub(super) const ERROR: &str = "error_message";
pub(super) const TOTAL: &str = "total_tests";
pub(super) const FAILED: &str = "failed_tests";
pub(super) const TOOK: &str = "processing_duration_ms";
pub(super) const OUTPUT: &str = "s3_output_path";

/// What a change of a job expects to find as it was read.
pub(super) const FENCE: [&str; 5] = [STATUS, EPOCH, ATTEMPTS, OWNER, EXPIRES];
/// What is read of a job for its state.
pub(super) const STATE: [&str; 11] = [
    super::item::PARTITION,
    super::item::SORT,
    STATUS,
    EPOCH,
    ATTEMPTS,
    OWNER,
    EXPIRES,
    VERDICT,
    "verdict_object",
    ERROR,
    "error_message_object",
];
/// What only an ended job has.
const ENDING: [&str; 8] = [
    VERDICT,
    "verdict_object",
    ERROR,
    "error_message_object",
    TOTAL,
    FAILED,
    TOOK,
    OUTPUT,
];

/// Longer texts of one job are objects: many jobs are read at once.
const INLINE: usize = 32 * 1000;
/// What people see of a longer one.
const EXCERPT: usize = 2000;

pub(super) fn key(job: &CommitJob) -> Key {
    Key::new(
        job.repo.to_string(),
        format!("{}#{}", job.commit, job.suite.0),
    )
}

/// The job of a key.
pub(super) fn job(key: &Key) -> Result<CommitJob, StoreError> {
    let damaged = || {
        StoreError::corrupt(
            format!("the item {} {}", key.partition, key.sort),
            "its key is not that of a job",
        )
    };
    let (owner, name) = key.partition.rsplit_once('/').ok_or_else(damaged)?;
    let (commit, suite) = key.sort.split_once('#').ok_or_else(damaged)?;
    Ok(CommitJob {
        repo: RepoId::new(owner, name).map_err(|_| damaged())?,
        commit: commit.parse::<CommitId>().map_err(|_| damaged())?,
        suite: SuiteFingerprint(suite.parse::<Digest256>().map_err(|_| damaged())?),
    })
}

/// What a job is called in errors.
pub(super) fn described(job: &CommitJob) -> String {
    format!("the job for commit {} of {}", job.commit.short(), job.repo)
}

/// A moment as people read it: `2023-11-14T22:13:20.123Z`. One that no calendar has is left out.
pub(super) fn iso(at: Timestamp) -> Option<String> {
    DateTime::from_millis(at.unix_millis())
        .fmt(DateTimeFormat::DateTime)
        .ok()
}

/// The state of an item. An epoch or a count of attempts that is absent is 0.
pub(super) async fn state(
    item: &Item,
    overflow: &Overflow,
    what: &str,
) -> Result<JobState, StoreError> {
    let epoch = Epoch(find_number(item, EPOCH, what)?.unwrap_or(0));
    let status = match need_text(item, STATUS, what)? {
        "PENDING" => JobStatus::Pending,
        "RUNNING" => JobStatus::Running(Lease {
            owner: LeaseOwner(need_text(item, OWNER, what)?.to_owned()),
            epoch,
            expires_at: Timestamp::from_unix_millis(need_number(item, EXPIRES, what)?),
        }),
        "COMPLETE" => match overflow.find(item, VERDICT).await? {
            Some(verdict) => JobStatus::Complete(StoredVerdict::decode(&verdict)?),
            None => {
                return Err(StoreError::corrupt(
                    what,
                    "it is complete without a verdict",
                ));
            }
        },
        "FAILED" => JobStatus::Failed(overflow.find(item, ERROR).await?.unwrap_or_default()),
        other => {
            return Err(StoreError::corrupt(
                what,
                format!("its status is {other:?}"),
            ));
        }
    };
    Ok(JobState {
        status,
        epoch,
        attempts: find_number(item, ATTEMPTS, what)?.unwrap_or(0),
    })
}

/// What a state is as a change of the item, but for what is known of a completed job beside it.
pub(super) async fn change(
    job: &CommitJob,
    next: &JobState,
    overflow: &Overflow,
) -> Result<Change, StoreError> {
    let below = format!("jobs/{}/{}", job.repo, job.commit);
    let mut change = Change::default();
    let mut kept = Item::new();
    match &next.status {
        JobStatus::Running(lease) => {
            change.set(OWNER, text(&lease.owner.0));
            change.set(EXPIRES, number(lease.expires_at.unix_millis()));
        }
        JobStatus::Pending => {}
        JobStatus::Complete(verdict) => {
            let verdict = StoredVerdict::encode(verdict)?;
            kept = overflow.keep(VERDICT, verdict, INLINE, &below).await?;
        }
        JobStatus::Failed(reason) => {
            kept = overflow.keep(ERROR, reason.clone(), INLINE, &below).await?;
            if kept.contains_key(&object(ERROR)) {
                let excerpt: String = reason.chars().take(EXCERPT).collect();
                kept.insert(ERROR.to_owned(), text(format!("{excerpt}…")));
            }
        }
    }
    if !matches!(next.status, JobStatus::Running(_)) {
        change.remove(OWNER);
        change.remove(EXPIRES);
    }
    change.set(STATUS, text(next.status.name()));
    change.set(EPOCH, number(next.epoch.0));
    change.set(ATTEMPTS, number(next.attempts));
    let completes = matches!(next.status, JobStatus::Complete(_));
    for attribute in ENDING {
        let is_fact = [TOTAL, FAILED, TOOK, OUTPUT].contains(&attribute);
        let is_set = kept.contains_key(attribute) || (completes && is_fact);
        if !is_set {
            change.remove(attribute);
        }
    }
    change.set_all(kept);
    Ok(change)
}

/// What is known of a completed job beside its verdict.
pub(super) fn set_facts(change: &mut Change, facts: &JobFacts, output: &str) {
    change.set(TOTAL, number(facts.counts.total()));
    change.set(FAILED, number(facts.counts.failures()));
    change.set(TOOK, number(facts.took.as_millis()));
    change.set(OUTPUT, text(output));
    if let Some(commit) = &facts.commit {
        for (name, value) in commit_note(commit) {
            change.set(name, value);
        }
    }
}

/// What a job's item says of its commit.
pub(super) fn commit_note(commit: &CommitNote) -> Vec<(&'static str, AttributeValue)> {
    let date = iso(commit.committed_at).map(|date| ("commit_date", text(date)));
    let said = ("commit_summary", text(summary(&commit.summary)));
    date.into_iter().chain([said]).collect()
}

/// A first line of a commit message, as long as one that people read.
fn summary(text: &str) -> String {
    text.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_job() {
        let given = CommitJob {
            repo: RepoId::new("some/group", "tool").unwrap(),
            commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            suite: SuiteFingerprint(Digest256::of(b"suite")),
        };
        let key = key(&given);
        assert_eq!(key.partition, "some/group/tool");
        assert_eq!(job(&key).unwrap(), given);
        for (partition, sort) in [("run#1", "run"), ("a/b", "x"), ("a/b", "x#y")] {
            assert!(job(&Key::new(partition, sort)).is_err());
        }
    }

    #[test]
    fn moments_are_written_as_people_read_them() {
        let at = Timestamp::from_unix_millis(1_700_000_000_123);
        assert_eq!(iso(at).as_deref(), Some("2023-11-14T22:13:20.123Z"));
        assert_eq!(iso(Timestamp::from_unix_millis(i64::MAX)), None);
    }
}
