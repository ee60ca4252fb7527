//! What was built, brought to where it is seen.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use retro_domain::{DeploySettings, DeployTarget, PathRule};

use crate::StoreError;

/// The name of the manifest beside the files of a place. No file of this name is taken along.
pub const SYNC_MANIFEST_NAME: &str = ".retro-sync.json";

/// What is to be brought where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRequest {
    /// The work tree's root.
    pub root: PathBuf,
    /// The folder whose files are brought there, relative to the root; empty for the root itself.
    pub output: String,
    /// Where they go, as the implementation names its places; empty for all that it has.
    pub place: String,
    /// Whether what is there and not in the folder is removed.
    pub delete: bool,
    /// Content types, the first rule that fits; one by the file's extension where none does. A glob
    /// without `/` is about names, in whatever folder; one with is about whole paths below the output
    /// folder, where `*` ends at a `/` and `**` does not.
    pub content_types: Vec<PathRule>,
    /// Cache headers, the first rule that fits; none where none does.
    pub cache_headers: Vec<PathRule>,
}

impl SyncRequest {
    /// What a task asks for, in the work tree at `root`.
    pub fn of(root: &Path, settings: &DeploySettings) -> Self {
        let place = match &settings.target {
            DeployTarget::Folder(place) | DeployTarget::Prefix(place) => place,
        };
        Self {
            root: root.to_owned(),
            output: settings.output.clone(),
            place: place.clone(),
            delete: settings.delete,
            content_types: settings.content_types.clone(),
            cache_headers: settings.cache_headers.clone(),
        }
    }
}

/// How a synchronisation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncOutcome {
    /// The place is like the folder.
    Synced(SyncReport),
    /// There is no such folder. Nothing was looked at or changed, whatever `delete` says.
    NoFolder,
}

/// What a synchronisation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Files uploaded.
    pub uploaded: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Files that were there already.
    pub skipped: u64,
    /// Files removed from the place.
    pub deleted: u64,
    /// What of the folder was refused, by its path in it, sorted: links, pipes and other things that
    /// are no files, `.git` in any case, and names that are the store's own.
    pub left_out: Vec<String>,
}

/// Makes a place hold what a folder of this machine holds: how a deploy is done.
///
/// What a place holds is written down in a manifest beside the files, [`SYNC_MANIFEST_NAME`], so
/// that a synchronisation without any change reads that and nothing else of the place. A file is
/// skipped when its size and its content are those of the manifest, and its content type and cache
/// header are the wanted ones; the content is read only where size and time of change do not tell.
///
/// # Guarantees
///
/// - Nothing outside the folder is read: no link is followed, neither in it nor on the way from the
///   root to it.
/// - A file of a place is always a whole one.
/// - Of two synchronisations of a place at once, one ends well and the other one does too or is told
///   by a [`StoreError::Conflict`].
/// - A crash leaves a place that holds some of the changes. Files that were about to change are
///   marked in the manifest before they do; the next synchronisation does those again, and goes on
///   behind what is marked as done, some hundred files before the crash at most.
///
/// # Not guaranteed
///
/// - What others change in a place is not seen as long as the manifest is there, and what they add
///   is not removed: remove the manifest to have everything compared anew. In a place without a
///   manifest, `delete` removes all that is not in the folder.
/// - Which of the files come first.
#[async_trait]
pub trait FolderSync: Send + Sync {
    /// Makes a place like the folder.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] for a folder that is no folder, or not inside the root; for a place
    /// that is not below the store's own; for rules that are none, all at once; for a file that
    /// cannot be read or has no name in UTF-8. [`StoreError::Conflict`] when somebody else
    /// synchronises the place, [`StoreError::Full`] when there is no room, [`StoreError::Corrupt`]
    /// when the manifest is damaged.
    async fn sync(&self, request: &SyncRequest) -> Result<SyncOutcome, StoreError>;
}

/// The parts of a place's name, checked. Every implementation takes the same names.
///
/// # Errors
///
/// [`StoreError::Backend`] when a part is `.`, `..` or `.git`, is the store's own, or holds a
/// backslash or a control character.
pub fn place_parts(place: &str) -> Result<Vec<&str>, StoreError> {
    let parts: Vec<&str> = place.split('/').filter(|part| !part.is_empty()).collect();
    for part in &parts {
        if let Some(fault) = crate::synced_name::part_fault(part) {
            return Err(StoreError::backend(
                format!("deploying to {place:?}"),
                format!("the part {part:?} {fault}: name another place"),
            ));
        }
    }
    Ok(parts)
}
