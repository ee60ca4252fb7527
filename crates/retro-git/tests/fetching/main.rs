//! Fetching from real servers on this machine, and pushing to them.

mod branch_names;
mod commits;
mod credentials;
mod folders;
mod history;
mod push;
mod push_transports;
mod push_trouble;
mod ssh;
mod sshd;
mod stopping;
mod support;
mod task_commits;
mod task_site;
mod tls;
mod trouble;
