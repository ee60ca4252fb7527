//! Checks of the notes which job has which result.

use std::sync::Arc;

use retro_domain::{CacheKey, Digest256};

use super::samples::job;
use super::{at_once, exactly_one, is_conflict};
use crate::ResultIndex;

type Store = Arc<dyn ResultIndex>;

fn key(number: u64) -> CacheKey {
    CacheKey::from_digest(Digest256::of(&number.to_be_bytes()))
}

/// Unknown ones, and ones asked for twice, in their places; each repository has notes of its own.
pub async fn what_was_noted_is_read_back_in_the_order_asked_for(store: Store) {
    for number in 0..130 {
        store
            .note(key(number), &job("tool", number + 1), None)
            .await
            .unwrap();
    }
    let repo = job("tool", 0).repo;
    let asked: Vec<u64> = (0..140).rev().chain([7]).collect();
    let keys: Vec<CacheKey> = asked.iter().map(|number| key(*number)).collect();
    let noted = store.noted(&repo, &keys).await.unwrap();
    for (number, noted) in asked.iter().zip(&noted) {
        let expected = (*number < 130).then(|| job("tool", number + 1));
        assert_eq!(*noted, expected, "{number}");
    }
    assert_eq!(noted.len(), 141);
    let other = store.noted(&job("other", 0).repo, &[key(1)]).await.unwrap();
    assert_eq!(other, [None]);
    assert_eq!(store.noted(&repo, &[]).await.unwrap(), []);
}

/// By naming it.
pub async fn a_note_is_replaced_only_by_who_knows_it(store: Store) {
    let [first, second, third] = [1, 2, 3].map(|number| job("tool", number));
    store.note(key(1), &first, None).await.unwrap();
    for wrong in [None, Some(&second), Some(&third)] {
        let refused = store.note(key(1), &second, wrong).await.unwrap_err();
        assert!(is_conflict(&refused), "{refused:?}");
    }
    store.note(key(1), &second, Some(&first)).await.unwrap();
    let refused = store.note(key(2), &second, Some(&first)).await;
    assert!(is_conflict(&refused.unwrap_err()));
    let noted = store.noted(&first.repo, &[key(1), key(2)]).await.unwrap();
    assert_eq!(noted, [Some(second), None]);
}

/// The others are told.
pub async fn of_many_notes_at_once_exactly_one_is_made(store: Store) {
    let answers = at_once(8, |index| {
        let store = Arc::clone(&store);
        let job = job("tool", u64::try_from(index).unwrap());
        async move { store.note(key(1), &job, None).await }
    });
    exactly_one(&answers.await, is_conflict);
}
