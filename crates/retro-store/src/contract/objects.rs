//! Checks of objects.

use std::sync::Arc;

use super::{at_once, exactly_one, is_conflict, refused};
use crate::{ObjectLocation, ObjectStore};

type Store = Arc<dyn ObjectStore>;

/// Byte for byte, also an empty one and one of several megabytes.
pub async fn an_object_is_read_back_as_it_was_written(store: Store) {
    let large: Vec<u8> = (0..5_000_000_u32)
        .map(|n| n.to_le_bytes()[n as usize % 4])
        .collect();
    for (name, content) in [
        ("batches/1/plan.json", b"{\"a\":\"\xc3\xa9\"}".to_vec()),
        ("empty", Vec::new()),
        ("a b/c+d=e", large),
    ] {
        assert_eq!(store.get(name).await.unwrap(), None);
        store.put_new(name, content.clone()).await.unwrap();
        assert!(store.get(name).await.unwrap() == Some(content), "{name}");
    }
}

/// The first one stays.
pub async fn a_second_object_of_a_name_is_a_conflict(store: Store) {
    store.put_new("a", b"1".to_vec()).await.unwrap();
    refused(store.put_new("a", b"1".to_vec()).await, is_conflict);
    refused(store.put_new("a", b"2".to_vec()).await, is_conflict);
    assert_eq!(store.get("a").await.unwrap(), Some(b"1".to_vec()));
}

/// And what it wrote is read.
pub async fn of_many_writers_of_an_object_exactly_one_succeeds(store: Store) {
    let answers = at_once(6, |index| {
        let store = Arc::clone(&store);
        async move {
            let content = index.to_string().into_bytes();
            store.put_new("a", content.clone()).await.map(|()| content)
        }
    })
    .await;
    exactly_one(&answers, is_conflict);
    let won = answers.into_iter().find_map(Result::ok);
    assert_eq!(store.get("a").await.unwrap(), won);
}

/// Each name in a place of its own, before anything is there.
pub async fn an_object_has_a_place(store: Store) {
    let place = store.locate("batches/1/plan.json");
    assert!(place.key.ends_with("batches/1/plan.json"), "{place:?}");
    assert_ne!(place, store.locate("batches/2/plan.json"));
    assert_eq!(ObjectLocation::from_uri(&place.uri()), Some(place));
}
