//! The adapters, against forges on loopback.

mod forgejo;
mod github;
mod support;
mod tls;
mod tokens;
mod trouble;
