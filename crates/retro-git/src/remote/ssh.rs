//! Git's protocol over a connection that the caller makes.

use std::io::{Read, Write};
use std::sync::Arc;

use git2::transport::{Service, SmartSubtransportStream};

use super::remote_url::SshTarget;
use super::session::{Duplex, Failure, Opener, Session, program};

/// Runs a command on another machine. This crate starts no process, and so has none of its own.
pub trait SshCommand: Send + Sync {
    /// Runs `command` at the target and connects to its standard input and output.
    ///
    /// `command` is text for the shell there. Whatever waits for the other side must end by itself:
    /// a read or write that hangs cannot be cancelled.
    ///
    /// # Errors
    ///
    /// When there is no connection. It may be tried again.
    fn run(&self, target: &SshTarget, command: &str) -> std::io::Result<Box<dyn SshChannel>>;
}

/// What a remote command reads and writes. Dropping it ends the command.
pub trait SshChannel: Read + Write + Send {}

impl<T: Read + Write + Send> SshChannel for T {}

pub(super) struct SshOpener {
    pub(super) target: SshTarget,
    pub(super) command: Arc<dyn SshCommand>,
}

impl Opener for SshOpener {
    fn is_stateless(&self) -> bool {
        false
    }

    fn open(
        &self,
        session: &Arc<Session>,
        service: Service,
    ) -> Result<Box<dyn SmartSubtransportStream>, Failure> {
        let command = format!("{} {}", program(service), self.target.quoted_path());
        let inner = self
            .command
            .run(&self.target, &command)
            .map_err(|error| Failure::network(format!("ssh did not connect: {error}")))?;
        Ok(Box::new(Duplex {
            session: Arc::clone(session),
            inner,
        }))
    }
}
