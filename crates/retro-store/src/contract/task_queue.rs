//! Checks of queues. The queue puts a message aside once it was received three times.
//!
//! Those with a second argument look at the dead letters behind the queue's back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{at_once, is_backend, is_not_found, refused};
use crate::{MAX_TASK_MESSAGE, TaskMessage, TaskQueue};

type Store = Arc<dyn TaskQueue>;

const MINUTE: Duration = Duration::from_secs(60);

async fn receive(store: &Store, limit: usize) -> Vec<TaskMessage> {
    let patience = Duration::from_secs(1);
    store.receive(limit, patience, MINUTE).await.unwrap()
}

/// With what it says; then it is hidden.
pub async fn a_message_is_received_by_one(store: Store) {
    assert_eq!(receive(&store, 1).await, []);
    store.send("do \"this\"\n<é>").await.unwrap();
    let received = receive(&store, 10).await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body, "do \"this\"\n<é>");
    assert_eq!(received[0].receipts, 1);
    assert_eq!(receive(&store, 10).await, []);
}

/// Ten at a time at most.
pub async fn many_messages_are_received_once_each(store: Store) {
    for number in 0..13 {
        store.send(&number.to_string()).await.unwrap();
    }
    let mut bodies = BTreeSet::new();
    let mut count = 0;
    loop {
        let received = receive(&store, 100).await;
        assert!(received.len() <= 10);
        if received.is_empty() {
            break;
        }
        count += received.len();
        bodies.extend(received.into_iter().map(|it| it.body));
    }
    assert_eq!((count, bodies.len()), (13, 13));
}

/// Deleting it twice is fine.
pub async fn a_deleted_message_does_not_come_back(store: Store) {
    store.send("a").await.unwrap();
    let message = receive(&store, 1).await.remove(0);
    store.delete(&message.receipt).await.unwrap();
    store.delete(&message.receipt).await.unwrap();
    refused(store.extend(&message.receipt, MINUTE).await, is_not_found);
    assert_eq!(receive(&store, 1).await, []);
    assert_eq!(store.dead_letters().await.unwrap(), 0);
}

/// With another receipt, counted.
pub async fn a_message_that_is_let_go_comes_back(store: Store) {
    store.send("a").await.unwrap();
    let first = receive(&store, 1).await.remove(0);
    store.extend(&first.receipt, MINUTE).await.unwrap();
    assert_eq!(receive(&store, 1).await, []);
    store.extend(&first.receipt, Duration::ZERO).await.unwrap();
    let second = receive(&store, 1).await.remove(0);
    assert_eq!((second.body.as_str(), second.receipts), ("a", 2));
    assert_ne!(second.receipt, first.receipt);
}

/// After three receipts.
pub async fn a_message_that_nobody_finishes_is_put_aside(store: Store) {
    store.send("poison").await.unwrap();
    for receipts in 1..=3 {
        let message = receive(&store, 1).await.remove(0);
        assert_eq!(message.receipts, receipts);
        store
            .extend(&message.receipt, Duration::ZERO)
            .await
            .unwrap();
    }
    assert_eq!(receive(&store, 1).await, []);
    assert_eq!(store.dead_letters().await.unwrap(), 1);
}

/// It does not come back, and somebody else's cannot be put aside.
pub async fn a_message_is_put_aside_with_its_reason(
    store: Store,
    look: impl AsyncFn() -> Vec<(String, String)>,
) {
    store.send("{").await.unwrap();
    let message = receive(&store, 1).await.remove(0);
    let reason = "sessionId: missing; userId: missing\u{1}";
    store.put_aside(&message, reason).await.unwrap();
    assert_eq!(store.dead_letters().await.unwrap(), 1);
    assert_eq!(receive(&store, 10).await, []);
    refused(store.extend(&message.receipt, MINUTE).await, is_not_found);
    refused(store.put_aside(&message, reason).await, is_not_found);
    assert_eq!(store.dead_letters().await.unwrap(), 1);
    let expected = "sessionId: missing; userId: missing\u{fffd}".to_owned();
    assert_eq!(look().await, [("{".to_owned(), expected)]);
}

/// A long one, too.
pub async fn the_longest_message_is_put_aside(
    store: Store,
    look: impl AsyncFn() -> Vec<(String, String)>,
) {
    let body = "x".repeat(MAX_TASK_MESSAGE);
    store.send(&body).await.unwrap();
    let message = receive(&store, 1).await.remove(0);
    store.put_aside(&message, "too much").await.unwrap();
    let letters = look().await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0].0 == body);
}

/// As SQS does.
pub async fn what_no_queue_takes_is_refused(store: Store) {
    for body in ["", "\0", &"x".repeat(MAX_TASK_MESSAGE + 1)] {
        refused(store.send(body).await, is_backend);
    }
    assert_eq!(receive(&store, 1).await, []);
}

/// Whoever asks first.
pub async fn many_receivers_get_each_message_once(store: Store) {
    for number in 0..20 {
        store.send(&number.to_string()).await.unwrap();
    }
    let received = at_once(4, |_| {
        let store = Arc::clone(&store);
        async move {
            let mut bodies = Vec::new();
            loop {
                let messages = receive(&store, 3).await;
                if messages.is_empty() {
                    return bodies;
                }
                bodies.extend(messages.into_iter().map(|it| it.body));
            }
        }
    })
    .await;
    let all: Vec<String> = received.into_iter().flatten().collect();
    let each: BTreeSet<&String> = all.iter().collect();
    assert_eq!((all.len(), each.len()), (20, 20));
}
