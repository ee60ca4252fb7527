//! S3.

mod artifacts;
mod bucket;
mod folder_sync;
mod listing;
mod local_folder;
mod object_store;
mod objects;
mod source;
mod sync_manifest;
mod upload;

pub use artifacts::{S3ArtifactStore, artifact_prefix};
pub use folder_sync::{FolderSync, Removal, SyncReport};
pub use objects::S3Objects;
pub use upload::UploadLimits;
