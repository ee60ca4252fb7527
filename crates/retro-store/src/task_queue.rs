//! Messages that ask for work.

use std::time::Duration;

use async_trait::async_trait;

use crate::StoreError;

/// Names one receipt of a message; a later receipt of the same message has another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(pub String);

/// A message as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskMessage {
    /// What it says.
    pub body: String,
    /// Names this receipt.
    pub receipt: Receipt,
    /// How often it was received, this time included.
    pub receipts: u32,
}

/// The longest message in bytes, as SQS has it.
pub const MAX_TASK_MESSAGE: usize = 256 << 10;
/// The longest reason that is kept for a message that was put aside, in bytes.
const MAX_REASON: usize = 1000;

/// A queue of messages, each of which is worked on by one receiver at a time.
///
/// # Guarantees
///
/// - A message that was received is hidden until its time is up, and comes back unless it was
///   deleted; one that was received too often is put aside instead. So does a message whose receiver
///   is killed.
/// - A message that is put aside is kept among the dead letters, with a reason.
///
/// # Not guaranteed
///
/// - Any order.
/// - That a message is received once only: what it asks for must stand being done twice.
#[async_trait]
pub trait TaskQueue: Send + Sync {
    /// Adds a message.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] for a message that [`check_task_message`] refuses.
    async fn send(&self, body: &str) -> Result<(), StoreError>;

    /// Receives at most `limit` messages (and at most 10) and hides them for `hidden`. When there
    /// is none, waits for one, `patience` or 20 s at most; an implementation may wait less.
    async fn receive(
        &self,
        limit: usize,
        patience: Duration,
        hidden: Duration,
    ) -> Result<Vec<TaskMessage>, StoreError>;

    /// Hides a message for `hidden` from now on, which may be no time at all: a receiver that is
    /// still at work calls this now and then.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when the message was deleted, or is no longer this receiver's.
    async fn extend(&self, receipt: &Receipt, hidden: Duration) -> Result<(), StoreError>;

    /// Removes a message whose work is done. Removing it again is fine.
    async fn delete(&self, receipt: &Receipt) -> Result<(), StoreError>;

    /// Puts a message aside that nobody can do anything with, such as one that cannot be read: it
    /// does not come back. A crash in the middle leaves a message that comes back, and maybe a dead
    /// letter already; who puts it aside again may leave two.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when the message was deleted, or is no longer this receiver's;
    /// [`StoreError::Backend`] when there is no place for dead letters.
    async fn put_aside(&self, message: &TaskMessage, reason: &str) -> Result<(), StoreError>;

    /// About how many messages were put aside, here or because they were received too often.
    async fn dead_letters(&self) -> Result<u64, StoreError>;
}

/// Checks a message as every queue does.
///
/// # Errors
///
/// [`StoreError::Backend`] when it is empty, longer than [`MAX_TASK_MESSAGE`], or has a control
/// character that SQS does not take.
pub fn check_task_message(body: &str) -> Result<(), StoreError> {
    let refused = |why: String| Err(StoreError::backend("sending a message", why));
    if body.is_empty() {
        return refused("it is empty".to_owned());
    }
    if body.len() > MAX_TASK_MESSAGE {
        return refused(format!(
            "it has {} bytes and a queue takes {MAX_TASK_MESSAGE}: shorten it",
            body.len()
        ));
    }
    match body.chars().find(|it| !is_taken(*it)) {
        Some(character) => refused(format!(
            "it holds the character {character:?}, which no queue takes: write it as an escape"
        )),
        None => Ok(()),
    }
}

/// A reason as it is kept beside a dead letter: not empty, not long, without what a queue does not
/// take.
pub fn dead_letter_reason(reason: &str) -> String {
    let mut kept = String::new();
    for character in reason.trim().chars() {
        let character = if is_taken(character) {
            character
        } else {
            '\u{fffd}'
        };
        if kept.len() + character.len_utf8() > MAX_REASON {
            kept.push('…');
            break;
        }
        kept.push(character);
    }
    if kept.is_empty() {
        kept.push_str("no reason was given");
    }
    kept
}

/// Whether XML 1.0 has a character, and SQS with it.
fn is_taken(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_some_queue_does_not_take_are_refused() {
        let check = |body: &str, taken: bool| {
            assert_eq!(check_task_message(body).is_ok(), taken, "{:.20}", body);
        };
        check("a\t\r\né📈", true);
        check(&"x".repeat(MAX_TASK_MESSAGE), true);
        check(&"x".repeat(MAX_TASK_MESSAGE + 1), false);
        check("", false);
        check("a\0", false);
        check("\u{ffff}", false);
    }

    #[test]
    fn a_reason_is_kept_short_and_readable() {
        assert_eq!(dead_letter_reason(" a\0b\n"), "a\u{fffd}b");
        assert_eq!(dead_letter_reason(" "), "no reason was given");
        let long = dead_letter_reason(&"é".repeat(2_000));
        assert_eq!((long.chars().count(), long.ends_with("é…")), (501, true));
    }
}
