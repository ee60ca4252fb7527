//! A queue in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use retro_domain::{Clock, Timestamp};

use super::locked;
use crate::{Receipt, StoreError, TaskMessage, TaskQueue, check_task_message, dead_letter_reason};

/// A [`TaskQueue`] in memory. It never waits: a test moves the clock. Clones share one queue.
#[derive(Clone)]
pub struct InMemoryTaskQueue {
    clock: Arc<dyn Clock>,
    /// A message that was received this often is put aside when it comes back.
    max_receipts: u32,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    receipts: u64,
    /// What was put aside, and why.
    dead: Vec<(String, String)>,
}

struct Message {
    body: String,
    receipts: u32,
    /// The latest receipt, and until when it hides the message.
    held: Option<(Receipt, Timestamp)>,
}

impl Message {
    fn is_hidden(&self, now: Timestamp) -> bool {
        self.held.as_ref().is_some_and(|(_, until)| *until > now)
    }

    fn is_of(&self, receipt: &Receipt) -> bool {
        self.held.as_ref().is_some_and(|(held, _)| held == receipt)
    }
}

impl InMemoryTaskQueue {
    /// An empty queue that puts a message aside after so many receipts.
    pub fn new(clock: Arc<dyn Clock>, max_receipts: u32) -> Self {
        Self {
            clock,
            max_receipts,
            state: Arc::default(),
        }
    }

    /// What was put aside: each message with the reason, oldest first.
    pub fn put_aside_so_far(&self) -> Vec<(String, String)> {
        locked(&self.state).dead.clone()
    }
}

impl std::fmt::Debug for InMemoryTaskQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InMemoryTaskQueue").finish_non_exhaustive()
    }
}

#[async_trait]
impl TaskQueue for InMemoryTaskQueue {
    async fn send(&self, body: &str) -> Result<(), StoreError> {
        check_task_message(body)?;
        locked(&self.state).messages.push(Message {
            body: body.to_owned(),
            receipts: 0,
            held: None,
        });
        Ok(())
    }

    async fn receive(
        &self,
        limit: usize,
        _patience: Duration,
        hidden: Duration,
    ) -> Result<Vec<TaskMessage>, StoreError> {
        let now = self.clock.now();
        let mut state = locked(&self.state);
        let State {
            messages,
            receipts,
            dead,
        } = &mut *state;
        let is_spent = |it: &mut Message| !it.is_hidden(now) && it.receipts >= self.max_receipts;
        dead.extend(messages.extract_if(.., is_spent).map(|message| {
            let reason = format!("it was received {} times and never done", message.receipts);
            (message.body, reason)
        }));
        let free = messages.iter_mut().filter(|it| !it.is_hidden(now));
        let received = free.take(limit.min(10)).map(|message| {
            *receipts += 1;
            let receipt = Receipt(receipts.to_string());
            message.receipts += 1;
            message.held = Some((receipt.clone(), now.plus(hidden)));
            TaskMessage {
                body: message.body.clone(),
                receipt,
                receipts: message.receipts,
            }
        });
        Ok(received.collect())
    }

    async fn extend(&self, receipt: &Receipt, hidden: Duration) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut state = locked(&self.state);
        let found = state.messages.iter_mut().find(|it| it.is_of(receipt));
        match found {
            Some(message) if message.is_hidden(now) => {
                message.held = Some((receipt.clone(), now.plus(hidden)));
                Ok(())
            }
            _ => Err(StoreError::not_found("the message of this receipt")),
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), StoreError> {
        locked(&self.state)
            .messages
            .retain(|message| !message.is_of(receipt));
        Ok(())
    }

    async fn put_aside(&self, message: &TaskMessage, reason: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut state = locked(&self.state);
        let is_it = |it: &Message| it.is_of(&message.receipt) && it.is_hidden(now);
        let Some(place) = state.messages.iter().position(is_it) else {
            return Err(StoreError::not_found("the message of this receipt"));
        };
        let body = state.messages.remove(place).body;
        state.dead.push((body, dead_letter_reason(reason)));
        Ok(())
    }

    async fn dead_letters(&self) -> Result<u64, StoreError> {
        Ok(locked(&self.state).dead.len() as u64)
    }
}
