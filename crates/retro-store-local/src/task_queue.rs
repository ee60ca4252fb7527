//! A queue whose messages are files.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use retro_domain::{Clock, Timestamp};
use retro_store::{
    MAX_TASK_MESSAGE, Receipt, StoreError, TEMPORARY_PREFIX, TaskMessage, TaskQueue,
    check_task_message, dead_letter_reason,
};
use rustix::fs::{AtFlags, OFlags};
use rustix::io::Errno;

use crate::fault::from_io;
use crate::folder::{FILE_MODE, Folder};
use crate::intake;
use crate::queue_file::QueueFile;

/// A [`TaskQueue`] in a folder of this machine, for several processes at once.
///
/// A message is a file `messages/ID.RECEIPTS.MOMENT`: how often it was received, and until when it is
/// hidden, in milliseconds since 1970. Whoever receives, keeps or puts aside a message renames it,
/// which one of several succeeds in; a receiver that is killed leaves a file that is somebody else's
/// once its moment has come. Dead letters are `dead/ID`, each with its reason in `dead/ID.reason`; one
/// that is moved to `messages/ID.0.0` is a message again. Files of other names are left alone.
///
/// A message is on the disk when [`send`](TaskQueue::send) returns. Waiting for one needs tokio.
#[derive(Clone)]
pub struct FsTaskQueue {
    messages: Arc<Folder>,
    dead: Arc<Folder>,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    max_receipts: u32,
}

/// SQS waits no longer for a message, and gives no more at once.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
const MOST_AT_ONCE: usize = 10;
/// How often a waiting receiver looks.
const PACE: Duration = Duration::from_millis(100);
/// How a dead letter's reason is named.
const REASON: &str = ".reason";
/// What a sender that was killed has left is removed after this time.
const LEFT_OVER: Duration = Duration::from_secs(3600);

impl FsTaskQueue {
    /// Opens the queue in `folder`, which is made when absent. A message that was received
    /// `max_receipts` times and comes back is put aside.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when the folder cannot be made or opened.
    pub fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
        max_receipts: u32,
    ) -> Result<Self, StoreError> {
        let open = || {
            std::fs::create_dir_all(folder)?;
            let root = Folder::new(std::fs::File::open(folder)?.into());
            Ok((root.make(&["messages"])?, root.make(&["dead"])?))
        };
        let (messages, dead) = open().map_err(|error: io::Error| {
            from_io(&error, format!("opening the queue {}", folder.display()))
        })?;
        let queue = Self {
            messages: Arc::new(messages),
            dead: Arc::new(dead),
            path: folder.to_owned(),
            clock,
            max_receipts,
        };
        let left = queue.remove_left_overs();
        left.map_err(|error| queue.failed(&error, "tidying up"))?;
        Ok(queue)
    }

    fn failed(&self, error: &io::Error, what: &str) -> StoreError {
        from_io(
            error,
            format!("{what} in the queue {}", self.path.display()),
        )
    }

    fn remove_left_overs(&self) -> io::Result<()> {
        let now = self.clock.now();
        for (name, _) in self.messages.list()? {
            if !name.starts_with(TEMPORARY_PREFIX) {
                continue;
            }
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            let Ok(stat) = rustix::fs::statat(self.messages.fd(), name.as_str(), flags) else {
                continue;
            };
            let changed = Timestamp::from_unix_seconds(stat.st_mtime);
            if changed.plus(LEFT_OVER) < now {
                remove(&self.messages, &name)?;
            }
        }
        Ok(())
    }

    fn send_now(&self, body: &str) -> io::Result<()> {
        // The number of a file is nobody else's while it exists, whichever process asks and whatever
        // other machines have the folder too.
        static SENT: AtomicU64 = AtomicU64::new(0);
        let folder = &self.messages;
        let (temporary, mut file) = loop {
            let count = SENT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{TEMPORARY_PREFIX}{}-{count}", std::process::id());
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            match rustix::fs::openat(folder.fd(), name.as_str(), flags, FILE_MODE) {
                Ok(fd) => break (name, std::fs::File::from(fd)),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        };
        let sent = (|| {
            file.write_all(body.as_bytes())?;
            file.sync_all()?;
            let inode = rustix::fs::fstat(&file)?.st_ino;
            let count = SENT.fetch_add(1, Ordering::Relaxed);
            let millis = self.clock.now().unix_millis();
            let name = QueueFile::new(format!("{millis:013}-{inode}-{count}")).name();
            if !rename(folder, &temporary, folder, &name)? {
                return Err(io::Error::other(
                    "its file was removed while it was written",
                ));
            }
            rustix::fs::fsync(folder.fd())?;
            Ok(())
        })();
        if sent.is_err() {
            // The error of the write counts.
            let _ = remove(folder, &temporary);
        }
        sent
    }

    /// The messages' files, oldest first.
    fn files(&self) -> io::Result<Vec<QueueFile>> {
        let names = self.messages.list()?;
        let mut files: Vec<QueueFile> = names
            .iter()
            .filter_map(|(name, _)| QueueFile::parse(name))
            .collect();
        files.sort();
        Ok(files)
    }

    /// The file of a receipt.
    fn held(&self, receipt: &Receipt) -> io::Result<Option<QueueFile>> {
        let files = self.files()?;
        Ok(files.into_iter().find(|it| it.receipt() == receipt.0))
    }

    /// The file of a receipt that still hides its message.
    fn hidden(&self, receipt: &Receipt) -> io::Result<Option<QueueFile>> {
        let held = self.held(receipt)?;
        Ok(held.filter(|it| it.until > self.clock.now()))
    }

    fn receive_now(&self, limit: usize, hidden: Duration) -> io::Result<Vec<TaskMessage>> {
        let now = self.clock.now();
        let mut received = Vec::new();
        for file in self.files()? {
            if received.len() >= limit {
                break;
            }
            if file.until > now {
                continue;
            }
            if file.receipts >= self.max_receipts {
                let reason = format!("it was received {} times and never done", file.receipts);
                self.bury(&file, &reason)?;
                continue;
            }
            let taken = file.taken(now.plus(hidden));
            if !rename(&self.messages, &file.name(), &self.messages, &taken.name())? {
                // Another receiver was quicker.
                continue;
            }
            match self.read(&taken)? {
                Some(Ok(body)) => received.push(TaskMessage {
                    body,
                    receipt: Receipt(taken.receipt()),
                    receipts: taken.receipts,
                }),
                Some(Err(fault)) => {
                    self.bury(&taken, &fault)?;
                }
                // Somebody removed it.
                None => {}
            }
        }
        Ok(received)
    }

    /// What a message says, or what keeps it from being one; `None` when it is gone.
    fn read(&self, file: &QueueFile) -> io::Result<Option<Result<String, String>>> {
        let limit = MAX_TASK_MESSAGE as u64 + 1;
        let bytes = match self.messages.open_file(&file.name()) {
            Ok(Some(opened)) => intake::read_up_to(opened, limit)?,
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(Err(format!("it cannot be read: {error}")))),
        };
        let Ok(body) = String::from_utf8(bytes) else {
            return Ok(Some(Err("it is not UTF-8".to_owned())));
        };
        Ok(Some(match check_task_message(&body) {
            Ok(()) => Ok(body),
            Err(error) => Err(error.to_string()),
        }))
    }

    /// Puts a message aside; whether it was still there under this name. The reason comes first: a
    /// dead letter is never without.
    fn bury(&self, file: &QueueFile, reason: &str) -> io::Result<bool> {
        let reason = dead_letter_reason(reason);
        intake::write(
            &self.dead,
            &format!("{}{REASON}", file.id),
            reason.as_bytes(),
        )?;
        rename(&self.messages, &file.name(), &self.dead, &file.id)
    }

    fn wait_is_over(received: &[TaskMessage], limit: usize, left: Duration) -> bool {
        !received.is_empty() || limit == 0 || left.is_zero()
    }
}

impl std::fmt::Debug for FsTaskQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("FsTaskQueue");
        shown.field("path", &self.path).finish_non_exhaustive()
    }
}

/// Renames a file; whether it was there.
fn rename(from: &Folder, old: &str, to: &Folder, new: &str) -> io::Result<bool> {
    match rustix::fs::renameat(from.fd(), old, to.fd(), new) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Removes a file; whether it was there.
fn remove(folder: &Folder, name: &str) -> io::Result<bool> {
    match rustix::fs::unlinkat(folder.fd(), name, AtFlags::empty()) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[async_trait]
impl TaskQueue for FsTaskQueue {
    async fn send(&self, body: &str) -> Result<(), StoreError> {
        check_task_message(body)?;
        let sent = self.send_now(body);
        sent.map_err(|error| self.failed(&error, "sending a message"))
    }

    async fn receive(
        &self,
        limit: usize,
        patience: Duration,
        hidden: Duration,
    ) -> Result<Vec<TaskMessage>, StoreError> {
        let limit = limit.min(MOST_AT_ONCE);
        let mut left = patience.min(LONGEST_WAIT);
        loop {
            let received = self.receive_now(limit, hidden);
            let received = received.map_err(|error| self.failed(&error, "receiving messages"))?;
            if Self::wait_is_over(&received, limit, left) {
                return Ok(received);
            }
            let wait = PACE.min(left);
            tokio::time::sleep(wait).await;
            left -= wait;
        }
    }

    async fn extend(&self, receipt: &Receipt, hidden: Duration) -> Result<(), StoreError> {
        let extended = self.hidden(receipt).and_then(|held| match held {
            None => Ok(false),
            Some(file) => {
                let later = file.until(self.clock.now().plus(hidden));
                rename(&self.messages, &file.name(), &self.messages, &later.name())
            }
        });
        match extended.map_err(|error| self.failed(&error, "keeping a message"))? {
            true => Ok(()),
            false => Err(StoreError::not_found("the message of this receipt")),
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), StoreError> {
        let deleted = self.held(receipt).and_then(|held| match held {
            None => Ok(()),
            Some(file) => {
                remove(&self.messages, &file.name())?;
                // One is left where somebody died while putting it aside.
                remove(&self.dead, &format!("{}{REASON}", file.id)).map(drop)
            }
        });
        deleted.map_err(|error| self.failed(&error, "deleting a message"))
    }

    async fn put_aside(&self, message: &TaskMessage, reason: &str) -> Result<(), StoreError> {
        let held = self.hidden(&message.receipt);
        let buried = held.and_then(|held| held.map_or(Ok(false), |file| self.bury(&file, reason)));
        match buried.map_err(|error| self.failed(&error, "putting a message aside"))? {
            true => Ok(()),
            false => Err(StoreError::not_found("the message of this receipt")),
        }
    }

    async fn dead_letters(&self) -> Result<u64, StoreError> {
        let names = self.dead.list();
        let names = names.map_err(|error| self.failed(&error, "counting dead letters"))?;
        let letters = names
            .iter()
            .filter(|(name, _)| !name.ends_with(REASON) && !name.starts_with(TEMPORARY_PREFIX));
        Ok(letters.count() as u64)
    }
}
