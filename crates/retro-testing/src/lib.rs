//! Builders and scratch repositories for the tests of git-retro. Never part of a release.

mod bulk_history;
#[cfg(feature = "forges")]
mod forge_server;
mod git_server;
mod scratch_repo;
#[cfg(feature = "servers")]
mod servers;
mod tree_snapshot;

pub use bulk_history::HistorySpec;
#[cfg(feature = "forges")]
pub use forge_server::{
    ForgeReaction, ForgeReply, ForgeRights, ForgeServer, ForgeWorld, HeadIn, ServedPull,
};
pub use git_server::{Connection, GitServer, Reaction, ServedRequest};
pub use scratch_repo::ScratchRepo;
#[cfg(feature = "servers")]
pub use servers::{ACCESS_KEY, Fault, FaultProxy, Request, S3Folder, SECRET_KEY, SharedServer};
pub use tree_snapshot::{TreeSnapshot, fingerprint};
