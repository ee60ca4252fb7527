//! A forge with one repository, for tests: as strict as the real ones, and where those let things
//! pass that are mistakes of a client, stricter.
//!
//! The rules are those of GitHub's REST interface of 2022-11-28 (its OpenAPI description, and what
//! it is known to answer), and of version 1 of the interface of Gitea 1.22 and Forgejo 7.

mod forgejo;
mod github;
mod reply;
mod shape;
#[cfg(test)]
mod tests;
mod world;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use self::reply::ForgeReply;
pub use self::world::{ForgeRights, ForgeWorld, HeadIn, ServedPull};

use crate::git_server::message::read_request;
use crate::{Connection, ServedRequest};

/// What a server does with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForgeReaction {
    /// What a forge would do.
    Serve,
    /// Answers this, and does nothing.
    Answer(ForgeReply),
    /// Closes the connection, and does nothing.
    Drop,
    /// Does what a forge would do, and closes the connection without an answer.
    ServeAndDrop,
}

#[derive(Clone, Copy)]
enum Dialect {
    GitHub,
    Forgejo,
}

type React = dyn Fn(&ServedRequest) -> ForgeReaction + Send + Sync;
type Wrap = dyn Fn(TcpStream) -> std::io::Result<Box<dyn Connection>> + Send + Sync;

/// A server on a free port of 127.0.0.1 that stops when it is dropped. Each connection takes one
/// request.
pub struct ForgeServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    dialect: Dialect,
    origin: String,
    react: Box<React>,
    wrap: Box<Wrap>,
    world: Mutex<ForgeWorld>,
    requests: Mutex<Vec<ServedRequest>>,
    is_stopped: AtomicBool,
}

impl ForgeServer {
    /// A GitHub Enterprise Server with this repository.
    pub fn github(world: ForgeWorld) -> Self {
        Self::github_reacting(world, |_| ForgeReaction::Serve)
    }

    /// One that is asked about each request first. Requests are asked about at once, each on a
    /// thread of its own.
    pub fn github_reacting(
        world: ForgeWorld,
        react: impl Fn(&ServedRequest) -> ForgeReaction + Send + Sync + 'static,
    ) -> Self {
        Self::start(Dialect::GitHub, world, react, |stream| Ok(Box::new(stream)))
    }

    /// A Forgejo with this repository.
    pub fn forgejo(world: ForgeWorld) -> Self {
        Self::forgejo_reacting(world, |_| ForgeReaction::Serve)
    }

    /// One that is asked about each request first. Requests are asked about at once, each on a
    /// thread of its own.
    pub fn forgejo_reacting(
        world: ForgeWorld,
        react: impl Fn(&ServedRequest) -> ForgeReaction + Send + Sync + 'static,
    ) -> Self {
        Self::start(Dialect::Forgejo, world, react, |stream| {
            Ok(Box::new(stream))
        })
    }

    /// A Forgejo whose connections are wrapped first, in TLS for example.
    pub fn forgejo_wrapped(
        world: ForgeWorld,
        wrap: impl Fn(TcpStream) -> std::io::Result<Box<dyn Connection>> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Dialect::Forgejo, world, |_| ForgeReaction::Serve, wrap)
    }

    fn start(
        dialect: Dialect,
        world: ForgeWorld,
        react: impl Fn(&ServedRequest) -> ForgeReaction + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> std::io::Result<Box<dyn Connection>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("the port is known");
        let shared = Arc::new(Shared {
            dialect,
            origin: format!("http://{address}"),
            react: Box::new(react),
            wrap: Box::new(wrap),
            world: Mutex::new(world),
            requests: Mutex::default(),
            is_stopped: AtomicBool::new(false),
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

    /// The address that git knows the repository by.
    pub fn remote(&self) -> String {
        let world = self.world();
        format!("{}/{}/{}.git", self.shared.origin, world.owner, world.name)
    }

    /// The address of its interface.
    pub fn interface(&self) -> String {
        let below = match self.shared.dialect {
            Dialect::GitHub => github::INTERFACE,
            Dialect::Forgejo => forgejo::INTERFACE,
        };
        format!("{}{below}", self.shared.origin)
    }

    /// What the forge has, to be looked at and changed.
    pub fn world(&self) -> MutexGuard<'_, ForgeWorld> {
        locked(&self.shared.world)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<ServedRequest> {
        locked(&self.shared.requests).clone()
    }
}

impl Drop for ForgeServer {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
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
                let wait = Some(Duration::from_secs(20));
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
    match (shared.react)(&request) {
        ForgeReaction::Serve => serve(&request, shared).write(stream),
        ForgeReaction::Answer(reply) => reply.write(stream),
        ForgeReaction::Drop => Ok(()),
        ForgeReaction::ServeAndDrop => {
            serve(&request, shared);
            Ok(())
        }
    }
}

fn serve(request: &ServedRequest, shared: &Shared) -> ForgeReply {
    let mut world = locked(&shared.world);
    match shared.dialect {
        Dialect::GitHub => github::serve(request, &mut world, &shared.origin),
        Dialect::Forgejo => forgejo::serve(request, &mut world, &shared.origin),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
