//! What ties a fetch or push of libgit2's to one remote of ours.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};
use git2::{Error, ErrorClass, ErrorCode};

use super::advertisement::{Advertised, AdvertisementReader};
use super::options::Stop;
use crate::GitError;

/// The scheme under which libgit2 knows the transports of this crate. It sees no other part of an
/// address, so none can show in what it says, and no setting of the user's can change it.
const SCHEME: &str = "git-retro-session";

/// Why an exchange with a server did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Trouble on the way, or at a server that may be over it soon.
    Network {
        why: String,
        /// How long the server asked to be left alone.
        wait: Option<Duration>,
    },
    /// The server does not do this; it may do something else.
    Unwilling(String),
    /// Nothing else will help.
    Final(GitError),
}

impl Failure {
    pub(super) fn network(why: impl Into<String>) -> Self {
        Self::Network {
            why: why.into(),
            wait: None,
        }
    }
}

/// The program that serves a request on the other side.
pub(super) fn program(service: Service) -> &'static str {
    match service {
        Service::UploadPackLs | Service::UploadPack => "git-upload-pack",
        Service::ReceivePackLs | Service::ReceivePack => "git-receive-pack",
    }
}

/// How a connection to a server is made.
pub(super) trait Opener: Send + Sync {
    /// Whether each step is a request of its own.
    fn is_stateless(&self) -> bool;

    /// Starts the list of references, or sends a request for a pack or a pack itself.
    fn open(
        &self,
        session: &Arc<Session>,
        service: Service,
    ) -> Result<Box<dyn SmartSubtransportStream>, Failure>;
}

/// What is known of one fetch or push while libgit2 does it.
pub(super) struct Session {
    pub(super) stop: Stop,
    opener: Box<dyn Opener>,
    failure: Mutex<Option<Failure>>,
    advertisement: Mutex<AdvertisementReader>,
    /// Whether this exchange is a push.
    is_push: AtomicBool,
}

impl Session {
    /// Forgets what an exchange before this one left.
    pub(super) fn start(&self, is_push: bool) {
        *locked(&self.failure) = None;
        *locked(&self.advertisement) = AdvertisementReader::default();
        self.is_push.store(is_push, Ordering::SeqCst);
    }

    /// The references that the server named.
    pub(super) fn advertised(&self) -> Advertised {
        locked(&self.advertisement).found()
    }

    /// Remembers why something failed; the first reason counts.
    pub(super) fn fail(&self, failure: Failure) {
        locked(&self.failure).get_or_insert(failure);
    }

    /// Why something failed since this was asked last.
    pub(super) fn take_failure(&self) -> Option<Failure> {
        locked(&self.failure).take()
    }

    /// Reads for libgit2: stops when it is time to, and looks for a server's last words.
    pub(super) fn read(
        &self,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
        buffer: &mut [u8],
        describe: impl FnOnce(io::Error) -> Failure,
    ) -> io::Result<usize> {
        self.stop.check().map_err(|error| self.give_up(error))?;
        match read(buffer) {
            Ok(count) => {
                locked(&self.advertisement).push(&buffer[..count]);
                if self.is_push.load(Ordering::SeqCst) {
                    // All of it is text, and what reads it for us takes UTF-8 for granted.
                    let foreign = buffer[..count].iter_mut().filter(|byte| !byte.is_ascii());
                    foreign.for_each(|byte| *byte = b'?');
                }
                if let Some(words) = last_words(&buffer[..count]) {
                    self.fail(Failure::Unwilling(format!("the server says {words:?}")));
                }
                Ok(count)
            }
            Err(error) => Err(self.give_up(describe(error))),
        }
    }

    /// An error for libgit2, which repeats its text in places where a zero byte would be fatal.
    pub(super) fn give_up(&self, failure: Failure) -> io::Error {
        self.fail(failure);
        io::Error::other("the connection was given up")
    }
}

/// What a server says in place of an answer.
fn last_words(bytes: &[u8]) -> Option<String> {
    let words = bytes.get(4..)?.strip_prefix(b"ERR ")?;
    let words = &words[..words.len().min(400)];
    let text = String::from_utf8_lossy(words);
    Some(text.trim().chars().filter(|c| !c.is_control()).collect())
}

/// A session that libgit2 can find by its address, until this is dropped.
pub(super) struct Registered {
    id: u64,
    session: Arc<Session>,
}

impl Registered {
    pub(super) fn new(opener: Box<dyn Opener>, stop: Stop) -> Result<Self, GitError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        register()?;
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let session = Arc::new(Session {
            stop,
            opener,
            failure: Mutex::default(),
            advertisement: Mutex::default(),
            is_push: AtomicBool::new(false),
        });
        locked(&SESSIONS).insert(id, Arc::clone(&session));
        Ok(Self { id, session })
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// The address to give to libgit2.
    pub(super) fn address(&self) -> String {
        format!("{SCHEME}://{}", self.id)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        locked(&SESSIONS).remove(&self.id);
    }
}

static SESSIONS: Mutex<BTreeMap<u64, Arc<Session>>> = Mutex::new(BTreeMap::new());

/// Makes the scheme known to libgit2, once in a process.
pub(super) fn register() -> Result<(), GitError> {
    static ONCE: Once = Once::new();
    static OUTCOME: Mutex<Option<String>> = Mutex::new(None);
    ONCE.call_once(|| {
        // SAFETY: libgit2 keeps the list of transports without a lock of its own. Everything in this
        // crate that looks at it, by opening a remote, has come through this function before.
        let done = unsafe { git2::transport::register(SCHEME, transport) };
        *locked(&OUTCOME) = done.err().map(|error| error.message().to_owned());
    });
    match &*locked(&OUTCOME) {
        None => Ok(()),
        Some(why) => Err(GitError::Git {
            doing: "getting ready to talk to a remote".to_owned(),
            why: why.clone(),
        }),
    }
}

fn transport(remote: &git2::Remote<'_>) -> Result<Transport, Error> {
    let id = remote.url().ok().and_then(|url| url.rsplit('/').next());
    let id = id.and_then(|id| id.parse::<u64>().ok());
    let session = id.and_then(|id| locked(&SESSIONS).get(&id).cloned());
    let session = session.ok_or_else(|| failed("the exchange is over"))?;
    let is_stateless = session.opener.is_stateless();
    Transport::smart(remote, is_stateless, Subtransport(session))
}

struct Subtransport(Arc<Session>);

impl SmartSubtransport for Subtransport {
    fn action(
        &self,
        _url: &str,
        service: Service,
    ) -> Result<Box<dyn SmartSubtransportStream>, Error> {
        let session = &self.0;
        let is_push = matches!(service, Service::ReceivePackLs | Service::ReceivePack);
        if is_push != session.is_push.load(Ordering::SeqCst) {
            return Err(failed("nobody asked for that"));
        }
        let opened = session
            .stop
            .check()
            .and_then(|()| session.opener.open(session, service));
        opened.map_err(|failure| {
            session.fail(failure);
            failed("the connection was not made")
        })
    }

    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

fn failed(why: &str) -> Error {
    Error::new(ErrorCode::GenericError, ErrorClass::Net, why)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept behind these locks is whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream over which both sides speak in turn, for transports that keep one.
pub(super) struct Duplex<T> {
    pub(super) session: Arc<Session>,
    pub(super) inner: T,
}

impl<T: Read> Read for Duplex<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { session, inner } = self;
        session.read(
            |buffer| inner.read(buffer),
            buffer,
            |error| Failure::network(format!("the connection broke: {error}")),
        )
    }
}

impl<T: Write> Write for Duplex<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.session
            .stop
            .check()
            .map_err(|failure| self.session.give_up(failure))?;
        self.inner.write(bytes).map_err(|error| {
            let failure = Failure::network(format!("the connection broke: {error}"));
            self.session.give_up(failure)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_a_server_are_heard() {
        let check = |bytes: &[u8], expected: Option<&str>| {
            assert_eq!(last_words(bytes).as_deref(), expected);
        };
        check(b"0012ERR not our ref\n", Some("not our ref"));
        check(b"0012ERR a\0b", Some("ab"));
        check(b"0008NAK\n", None);
        check(b"001", None);
    }
}
