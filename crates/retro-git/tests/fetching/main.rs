//! Fetching from real servers on this machine.

mod commits;
mod credentials;
mod folders;
mod history;
mod ssh;
mod stopping;
mod support;
mod tls;
mod trouble;
