//! Checks of jobs apart from their leases.

use std::sync::Arc;

use retro_domain::JobState;

use super::samples::{claim, job, run, suite};
use crate::JobStore;

type Store = Arc<dyn JobStore>;

/// A job exists once it was added.
pub async fn a_new_job_is_pending_and_an_unknown_one_absent(store: Store) {
    let (known, unknown) = (job("tool", 1), job("tool", 2));
    assert_eq!(store.enqueue(&[]).await.unwrap(), 0);
    assert_eq!(
        store.enqueue(std::slice::from_ref(&known)).await.unwrap(),
        1
    );
    assert_eq!(store.job(&known).await.unwrap(), Some(JobState::new()));
    assert_eq!(store.job(&unknown).await.unwrap(), None);
}

/// Whatever state a job is in.
pub async fn adding_a_job_again_changes_nothing(store: Store) {
    let jobs = [job("tool", 1), job("tool", 2), job("tool", 1)];
    assert_eq!(store.enqueue(&jobs).await.unwrap(), 2);
    let claimed = store.apply(&jobs[0], &claim("a", 0)).await.unwrap();
    assert_eq!(store.enqueue(&jobs).await.unwrap(), 0);
    assert_eq!(store.job(&jobs[0]).await.unwrap(), Some(claimed));
}

/// Each part of a job's identity tells it apart.
pub async fn jobs_of_other_suites_commits_and_repositories_are_apart(store: Store) {
    let mut other_suite = job("tool", 1);
    other_suite.suite = suite(2);
    let jobs = [job("tool", 1), other_suite, job("tool", 2), job("other", 1)];
    assert_eq!(store.enqueue(&jobs).await.unwrap(), 4);
    store.apply(&jobs[0], &claim("a", 0)).await.unwrap();
    for job in &jobs[1..] {
        assert_eq!(store.job(job).await.unwrap(), Some(JobState::new()));
    }
}

/// Unknown ones in their places.
pub async fn states_come_in_the_order_asked_for(store: Store) {
    let jobs: Vec<_> = (0..230).map(|number| job("tool", number)).collect();
    store.enqueue(&jobs[..220]).await.unwrap();
    let claimed = store.apply(&jobs[7], &claim("a", 0)).await.unwrap();
    let mut asked: Vec<_> = jobs.iter().rev().cloned().collect();
    asked.push(jobs[7].clone());
    let states = store.states(&asked).await.unwrap();
    assert_eq!(states.len(), 231);
    for (job, state) in asked.iter().zip(states) {
        let expected = match jobs.iter().position(|known| known == job) {
            Some(7) => Some(claimed.clone()),
            Some(0..220) => Some(JobState::new()),
            _ => None,
        };
        assert_eq!(state, expected, "{job:?}");
    }
    assert_eq!(store.states(&[]).await.unwrap(), []);
}

/// Also those of commits that are not part of it.
pub async fn jobs_of_a_run_are_added_as_others_are(store: Store) {
    let (first, second) = (run("tool", 1, 0..4), run("tool", 2, 0..4));
    let mut jobs = [job("tool", 1), job("tool", 2), job("tool", 9)];
    for job in &mut jobs {
        job.suite = suite(1);
    }
    assert_eq!(store.enqueue_for(&first, &jobs).await.unwrap(), 3);
    let claimed = store.apply(&jobs[0], &claim("a", 0)).await.unwrap();
    assert_eq!(store.enqueue_for(&second, &jobs).await.unwrap(), 0);
    assert_eq!(store.enqueue(&jobs).await.unwrap(), 0);
    let states = store.states(&jobs).await.unwrap();
    let waits = Some(JobState::new());
    assert_eq!(states, [Some(claimed), waits.clone(), waits]);
}
