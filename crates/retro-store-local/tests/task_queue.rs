//! A queue in a folder: several processes, time, and files that are none of a message.

mod child;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use retro_domain::Timestamp;
use retro_store::contract::block_on;
use retro_store::{StoreError, TaskMessage, TaskQueue as _};
use retro_store_local::FsTaskQueue;

use child::Writer;

const MINUTE: Duration = Duration::from_secs(60);
const MESSAGES: u64 = 300;

#[test]
fn a_child_does_what_it_was_started_for() {
    let Some(task) = child::task() else {
        return;
    };
    let queue = open(&task.folder, Arc::new(AtomicI64::new(0)));
    block_on(async {
        match task.role.as_str() {
            "send" => {
                for number in task.first.. {
                    queue.send(&body(number)).await.expect("it is sent");
                    child::say(number);
                }
            }
            "work" => loop {
                let messages = receive(&queue).await;
                if messages.is_empty() {
                    return;
                }
                for message in messages {
                    child::say(number(&message.body));
                    queue.delete(&message.receipt).await.expect("it is deleted");
                }
            },
            "hold" => {
                for message in receive(&queue).await {
                    child::say(number(&message.body));
                }
                // Until it is killed.
                std::thread::park();
            }
            other => panic!("no such role: {other}"),
        }
    });
}

fn body(number: u64) -> String {
    format!("{number} ").repeat(2_000)
}

fn number(text: &str) -> u64 {
    let first = text.split(' ').next().expect("a split has a first part");
    let number = first.parse().expect("it begins with a number");
    assert!(text == body(number), "half a message: {number}");
    number
}

/// Whose clock is what the number says, in milliseconds.
fn open(folder: &Path, clock: Arc<AtomicI64>) -> FsTaskQueue {
    let now = move || Timestamp::from_unix_millis(clock.load(Ordering::SeqCst));
    FsTaskQueue::open(folder, Arc::new(now), 3).expect("it opens")
}

async fn receive(queue: &FsTaskQueue) -> Vec<TaskMessage> {
    let received = queue.receive(10, Duration::ZERO, MINUTE).await;
    received.expect("it can be asked")
}

#[test]
fn several_processes_share_the_messages_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path(), Arc::default());
    block_on(async {
        for number in 0..MESSAGES {
            queue.send(&body(number)).await.unwrap();
        }
    });
    let mut workers = [1, 2, 3].map(|worker| Writer::start("work", folder.path(), worker));
    let mut done = Vec::new();
    for worker in &mut workers {
        done.extend(std::iter::from_fn(|| worker.next()));
        worker.finish();
    }
    let each: HashSet<u64> = done.iter().copied().collect();
    assert_eq!((done.len() as u64, each.len() as u64), (MESSAGES, MESSAGES));
    assert_eq!(
        fs::read_dir(folder.path().join("messages"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(block_on(queue.dead_letters()).unwrap(), 0);
}

#[test]
fn the_messages_of_a_killed_receiver_come_back_after_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(AtomicI64::new(0));
    let queue = open(folder.path(), Arc::clone(&clock));
    block_on(async {
        for number in 0..4 {
            queue.send(&body(number)).await.unwrap();
        }
        for receipts in 1..=3 {
            clock.store(0, Ordering::SeqCst);
            // Their clocks stand at 0, so they take what is free then.
            let mut holder = Writer::start("hold", folder.path(), 0);
            let held: Vec<u64> = (0..4).filter_map(|_| holder.next()).collect();
            assert_eq!(held, [0, 1, 2, 3]);
            holder.kill();
            clock.store(59_999, Ordering::SeqCst);
            assert_eq!(receive(&queue).await, []);
            clock.store(60_000, Ordering::SeqCst);
            let back = receive(&queue).await;
            if receipts == 2 {
                assert_eq!(back, []);
                break;
            }
            let again = |it: &TaskMessage| (number(&it.body), it.receipts);
            let back_again: Vec<(u64, u32)> = back.iter().map(again).collect();
            assert_eq!(back_again, [(0, 2), (1, 2), (2, 2), (3, 2)]);
            clock.store(-60_000, Ordering::SeqCst);
            for message in back {
                queue.extend(&message.receipt, MINUTE).await.unwrap();
            }
        }
        assert_eq!(queue.dead_letters().await.unwrap(), 4);
    });
}

#[test]
fn a_killed_sender_leaves_whole_messages() {
    let folder = tempfile::tempdir().unwrap();
    let mut sent = HashSet::new();
    for round in 0..4 {
        let mut sender = Writer::start("send", folder.path(), round * 10_000);
        for _ in 0..=round {
            sent.extend(sender.next());
        }
        sent.extend(sender.kill());
    }
    let clock = Arc::new(AtomicI64::new(0));
    let queue = open(folder.path(), Arc::clone(&clock));
    let mut received = HashSet::new();
    block_on(async {
        loop {
            let messages = receive(&queue).await;
            if messages.is_empty() {
                break;
            }
            for message in messages {
                received.insert(number(&message.body));
                queue.delete(&message.receipt).await.unwrap();
            }
        }
    });
    assert!(sent.is_subset(&received), "a message was lost");
    // What was in the middle of being written goes after a while.
    clock.store(i64::MAX / 2, Ordering::SeqCst);
    open(folder.path(), clock);
    assert_eq!(
        fs::read_dir(folder.path().join("messages"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_receiver_that_is_late_has_lost_its_message() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(AtomicI64::new(0));
    let queue = open(folder.path(), Arc::clone(&clock));
    block_on(async {
        queue.send("a").await.unwrap();
        let first = receive(&queue).await.remove(0);
        clock.store(59_999, Ordering::SeqCst);
        queue.extend(&first.receipt, MINUTE).await.unwrap();
        clock.store(119_999, Ordering::SeqCst);
        let lost = |answer| matches!(answer, Err(StoreError::NotFound { .. }));
        assert!(lost(queue.extend(&first.receipt, MINUTE).await));
        assert!(lost(queue.put_aside(&first, "late").await));
        let second = receive(&queue).await.remove(0);
        assert_eq!(second.receipts, 2);
        queue.delete(&first.receipt).await.unwrap();
        queue.extend(&second.receipt, MINUTE).await.unwrap();
    });
}

#[test]
fn a_waiting_receiver_gets_what_is_sent_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path(), Arc::default());
    block_on(async {
        let receiver = queue.clone();
        let waiting = tokio::spawn(async move { receiver.receive(1, MINUTE, MINUTE).await });
        queue.send("a").await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap().len(), 1);
    });
}

#[test]
fn files_that_are_no_messages_are_put_aside_or_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path(), Arc::default());
    let messages = folder.path().join("messages");
    let dead = folder.path().join("dead");
    let write = |name: &str, content: &[u8]| fs::write(messages.join(name), content).unwrap();
    write("README", b"hello");
    write("a.b", b"hello");
    write("dropped.0.0", b"do it");
    write("bytes.0.0", b"\xff");
    write("empty.0.0", b"");
    std::os::unix::fs::symlink("/etc/hostname", messages.join("link.0.0")).unwrap();
    block_on(async {
        let received = receive(&queue).await;
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].body, "do it");
        assert_eq!(queue.dead_letters().await.unwrap(), 3);
        queue.delete(&received[0].receipt).await.unwrap();
    });
    let reason = fs::read_to_string(dead.join("bytes.reason")).unwrap();
    assert_eq!(reason, "it is not UTF-8");
    assert_eq!(fs::read_dir(&messages).unwrap().count(), 2);
    // A dead letter that somebody mended and moved back.
    fs::write(dead.join("bytes"), "again").unwrap();
    fs::rename(dead.join("bytes"), messages.join("bytes.0.0")).unwrap();
    let again = block_on(receive(&queue));
    assert_eq!(again[0].body, "again");
}
