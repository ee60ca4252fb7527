//! S3.

mod artifacts;
mod bucket;
mod folder_sync;
mod listing;
mod object_store;
mod objects;
mod source;
mod upload;

pub use artifacts::{S3ArtifactStore, artifact_prefix};
pub use folder_sync::S3FolderSync;
pub use objects::S3Objects;
pub use upload::UploadLimits;
