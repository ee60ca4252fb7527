//! A small HTTP server in front of `git http-backend`, for tests of fetching.

mod backend;
pub(crate) mod message;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use self::backend::serve_by_git;
use self::message::{read_request, write_answer};

pub use self::message::ServedRequest;

/// What a server does with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Lets git answer.
    Serve,
    /// Answers with this status, these headers and no body.
    Answer(u16, Vec<(String, String)>),
    /// Lets git answer, and closes the connection after this many bytes of the body.
    ServeAndDrop(usize),
    /// Lets git answer, and says nothing more after this many bytes of the body until the server is
    /// stopped.
    ServeAndStall(usize),
    /// Closes the connection without an answer.
    Drop,
}

impl Reaction {
    /// Asks for a user and a password.
    pub fn unauthorized() -> Self {
        let header = ("WWW-Authenticate".into(), "Basic realm=\"test\"".into());
        Self::Answer(401, vec![header])
    }

    /// Sends the client elsewhere.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::Answer(status, vec![("Location".into(), location.to_owned())])
    }
}

/// A connection as the server sees it.
pub trait Connection: Read + Write + Send {}

impl<T: Read + Write + Send> Connection for T {}

type React = dyn Fn(&ServedRequest) -> Reaction + Send + Sync;
type Wrap = dyn Fn(TcpStream) -> std::io::Result<Box<dyn Connection>> + Send + Sync;

/// A server on a free port of 127.0.0.1 that stops when it is dropped.
///
/// It serves every repository below a folder: `URL/repo` is the repository in `FOLDER/repo`, bare or
/// not. Each connection takes one request.
pub struct GitServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    folder: PathBuf,
    react: Box<React>,
    wrap: Box<Wrap>,
    requests: Mutex<Vec<ServedRequest>>,
    is_stopped: AtomicBool,
    /// For those who wait for the end.
    stopping: (Mutex<bool>, Condvar),
}

impl GitServer {
    /// A server that lets git answer everything.
    pub fn start(folder: &Path) -> Self {
        Self::reacting(folder, |_| Reaction::Serve)
    }

    /// A server that is asked about each request first.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub fn reacting(
        folder: &Path,
        react: impl Fn(&ServedRequest) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        Self::wrapped(folder, |stream| Ok(Box::new(stream)), react)
    }

    /// A server whose connections are wrapped first, in TLS for example.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub fn wrapped(
        folder: &Path,
        wrap: impl Fn(TcpStream) -> std::io::Result<Box<dyn Connection>> + Send + Sync + 'static,
        react: impl Fn(&ServedRequest) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("the port is known");
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            react: Box::new(react),
            wrap: Box::new(wrap),
            requests: Mutex::default(),
            is_stopped: AtomicBool::new(false),
            stopping: (Mutex::new(false), Condvar::new()),
        });
        let acceptor = {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || accept(&listener, &shared))
        };
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a repository, over plain http.
    pub fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<ServedRequest> {
        locked(&self.shared.requests).clone()
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        *locked(&self.shared.stopping.0) = true;
        self.shared.stopping.1.notify_all();
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            if shared.is_stopped.load(Ordering::SeqCst) {
                break;
            }
            let Ok(stream) = stream else { continue };
            scope.spawn(move || {
                // A client that went away is no concern of the server's.
                drop(stream.set_nodelay(true));
                let wait = Some(std::time::Duration::from_secs(20));
                drop(stream.set_read_timeout(wait));
                drop(stream.set_write_timeout(wait));
                drop((shared.wrap)(stream).and_then(|mut stream| handle(&mut *stream, shared)));
            });
        }
    });
}

fn handle(stream: &mut dyn Connection, shared: &Shared) -> std::io::Result<()> {
    let Some(mut request) = read_request(stream)? else {
        return Ok(());
    };
    {
        let mut requests = locked(&shared.requests);
        request.number = requests.len();
        requests.push(request.clone());
    }
    let (limit, stalls) = match (shared.react)(&request) {
        Reaction::Serve => (usize::MAX, false),
        Reaction::Answer(status, headers) => return write_answer(stream, status, &headers),
        Reaction::ServeAndDrop(bytes) => (bytes, false),
        Reaction::ServeAndStall(bytes) => (bytes, true),
        Reaction::Drop => return Ok(()),
    };
    serve_by_git(stream, &shared.folder, &request, limit)?;
    if stalls {
        stream.flush()?;
        let (is_stopping, condition) = &shared.stopping;
        let guard = locked(is_stopping);
        drop(condition.wait_while(guard, |is_stopping| !*is_stopping));
    }
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
