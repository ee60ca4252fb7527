//! The task queue: SQS.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName};
use retro_store::{
    MAX_TASK_MESSAGE, Receipt, StoreError, TaskMessage, TaskQueue, check_task_message,
    dead_letter_reason,
};

use crate::clients::AwsClients;
use crate::fault::{self, Doing};

/// A [`TaskQueue`] on a standard queue of SQS, whose redrive policy says after how many receipts a
/// message is put aside.
#[derive(Clone, Debug)]
pub struct SqsTaskQueue {
    client: Client,
    url: String,
    dead_letters: Option<String>,
    place: String,
}

/// SQS waits no longer for a message.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// SQS hides no message longer.
const LONGEST_HIDDEN: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a message is kept while it is put aside.
const PUTTING_ASIDE: Duration = Duration::from_secs(60);
/// The attribute of a dead letter that says why it is one.
const REASON: &str = "retro-reason";

impl SqsTaskQueue {
    /// The queue at this address; `dead_letters` is the address of the queue that its redrive policy
    /// names.
    pub fn new(clients: &AwsClients, queue_url: &str, dead_letters: Option<&str>) -> Self {
        Self {
            client: clients.sqs(),
            url: queue_url.to_owned(),
            dead_letters: dead_letters.map(str::to_owned),
            place: format!("the queue {queue_url}"),
        }
    }

    fn doing<'a>(&'a self, what: &'a str) -> Doing<'a> {
        Doing {
            what,
            place: &self.place,
        }
    }
}

/// Whole seconds, as SQS counts: not more than the longest, and not nothing for something.
fn seconds(duration: Duration, longest: Duration) -> i32 {
    let rounded = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(rounded.min(longest.as_secs())).unwrap_or(i32::MAX)
}

/// Codes for a receipt whose message is gone or somebody else's.
fn is_gone(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "MessageNotInflight"
                | "AWS.SimpleQueueService.MessageNotInflight"
                | "ReceiptHandleIsInvalid"
                | "InvalidParameterValue"
        )
    )
}

#[async_trait]
impl TaskQueue for SqsTaskQueue {
    async fn send(&self, body: &str) -> Result<(), StoreError> {
        check_task_message(body)?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .send()
            .await
            .map(drop)
            .map_err(|error| fault::from_sdk(&error, self.doing("sending a message")))
    }

    async fn receive(
        &self,
        limit: usize,
        patience: Duration,
        hidden: Duration,
    ) -> Result<Vec<TaskMessage>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(limit.min(10)).unwrap_or(10))
            .wait_time_seconds(seconds(patience, LONGEST_WAIT))
            .visibility_timeout(seconds(hidden, LONGEST_HIDDEN))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, self.doing("receiving messages")))?;
        let messages = answer.messages.unwrap_or_default();
        let message = |message: aws_sdk_sqs::types::Message| {
            let receipts = message
                .attributes()
                .and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount))
                .and_then(|count| count.parse().ok());
            TaskMessage {
                receipts: receipts.unwrap_or(1),
                body: message.body.unwrap_or_default(),
                receipt: Receipt(message.receipt_handle.unwrap_or_default()),
            }
        };
        Ok(messages.into_iter().map(message).collect())
    }

    async fn extend(&self, receipt: &Receipt, hidden: Duration) -> Result<(), StoreError> {
        let answer = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(&receipt.0)
            .visibility_timeout(seconds(hidden, LONGEST_HIDDEN))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if is_gone(fault::code(&error)) => {
                Err(StoreError::not_found("the message of this receipt"))
            }
            Err(error) => Err(fault::from_sdk(&error, self.doing("keeping a message"))),
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), StoreError> {
        let answer = self
            .client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(&receipt.0)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if is_gone(fault::code(&error)) => Ok(()),
            Err(error) => Err(fault::from_sdk(&error, self.doing("deleting a message"))),
        }
    }

    /// The reason is the attribute `retro-reason` of the dead letter; beside a message that is as long
    /// as a queue takes there is no room for it.
    async fn put_aside(&self, message: &TaskMessage, reason: &str) -> Result<(), StoreError> {
        let Some(dead_letters) = &self.dead_letters else {
            return Err(StoreError::backend(
                format!("putting a message of {} aside", self.place),
                "its dead-letter queue is not known: give its address",
            ));
        };
        // Only who still has the message may put it aside.
        self.extend(&message.receipt, PUTTING_ASIDE).await?;
        let mut letter = self
            .client
            .send_message()
            .queue_url(dead_letters)
            .message_body(&message.body);
        if let Some(reason) = beside(&message.body, dead_letter_reason(reason)) {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(reason)
                .build()
                .map_err(|error| StoreError::backend("writing a dead letter", error.to_string()))?;
            letter = letter.message_attributes(REASON, value);
        }
        letter
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, self.doing("sending a dead letter")))?;
        self.delete(&message.receipt).await
    }

    async fn dead_letters(&self) -> Result<u64, StoreError> {
        let Some(url) = &self.dead_letters else {
            return Ok(0);
        };
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(name.clone())
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, self.doing("counting dead letters")))?;
        let count = answer.attributes().and_then(|all| all.get(&name));
        Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
    }
}

/// As much of a reason as there is room for beside a message; `None` when there is none.
fn beside(body: &str, mut reason: String) -> Option<String> {
    let room = MAX_TASK_MESSAGE.saturating_sub(body.len() + REASON.len() + "String".len());
    let end = (0..=room.min(reason.len()))
        .rev()
        .find(|end| reason.is_char_boundary(*end));
    reason.truncate(end.unwrap_or(0));
    (!reason.is_empty()).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_takes_the_room_that_a_message_leaves() {
        let check = |body: usize, expected: Option<&str>| {
            let kept = beside(&"x".repeat(body), "aé".to_owned());
            assert_eq!(kept.as_deref(), expected, "{body}");
        };
        let full = MAX_TASK_MESSAGE - REASON.len() - "String".len();
        check(1, Some("aé"));
        check(full - 2, Some("a"));
        check(full, None);
        check(MAX_TASK_MESSAGE, None);
    }

    #[test]
    fn a_moment_is_not_nothing() {
        let longest = Duration::from_secs(20);
        assert_eq!(seconds(Duration::ZERO, longest), 0);
        assert_eq!(seconds(Duration::from_millis(1), longest), 1);
        assert_eq!(seconds(Duration::from_secs(99), longest), 20);
    }
}
