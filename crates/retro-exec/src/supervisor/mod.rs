//! The supervisor: a process of its own between the caller and a command, so that no descendant of
//! the command is ever out of sight.
//!
//! It is forked from the caller once and serves one command after another. It is the subreaper of
//! everything below it: an orphan, daemons included, becomes its child. Having no child left is
//! therefore proof that nothing of the command is alive, and the only thing after which it calls a
//! run settled. Its end of the control socket reads as closed when the caller is gone, however the
//! caller ended; then it kills everything and exits.
//!
//! The caller may have other threads, whose locks are copied by the fork in whatever state they are.
//! So everything that runs in the supervisor ([`serve`] and below) makes system calls and nothing
//! else: no allocation, no lock, no formatting, no panic. A panic all the same aborts at the
//! `extern "C"` boundary instead of unwinding into the caller's copied frames.

mod command;
mod descendants;
mod handle;
mod orders;
mod process_limits;
mod process_table;
mod serve;
mod shared;
mod shed;

pub(crate) use handle::Supervisor;
