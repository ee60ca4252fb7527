//! Reading the files that are laid over each commit.

use std::path::{Path, PathBuf};

use retro_domain::{Overlay, OverlayFile};
use retro_git::{OverlayFault, check_overlay};

use super::SuiteArgs;
use crate::config::OverlayConfig;
use crate::{ExitCode, Failure};

/// The overlay of the configuration and of the flags; a flag's file wins over a configured one.
///
/// # Errors
///
/// When a file cannot be read, or fits no commit.
pub fn read_overlay(configured: &OverlayConfig, args: &SuiteArgs) -> Result<Overlay, Failure> {
    let mut sources = configured.files.clone();
    for word in &args.overlay {
        let (dest, source) = word.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--overlay {word:?} is not DEST=FILE"))
                .with_hint("write --overlay tests/new.rs=/tmp/new.rs")
        })?;
        sources.insert(dest.to_owned(), PathBuf::from(source));
    }
    let mut overlay = Overlay::default();
    for (path, source) in sources {
        let content = read_file(&source)?;
        overlay.files.push(OverlayFile {
            path,
            content,
            executable: is_executable(&source),
        });
    }
    let patches: Vec<&PathBuf> = configured
        .patches
        .iter()
        .chain(&args.overlay_patch)
        .collect();
    for patch in &patches {
        overlay.patches.push(read_file(patch)?);
    }
    // What fits no commit is a mistake, and none of the commits is to blame.
    check_overlay(&overlay).map_err(|fault| match fault {
        OverlayFault::Path { .. } => Failure::usage(fault.to_string())
            .with_hint("write where the file goes as git prints paths, such as tests/new.rs"),
        OverlayFault::Patch { index, why } => Failure::usage(format!(
            "the patch {} fits no commit: {why}",
            patches[index].display()
        ))
        .with_hint("make it with `git diff`"),
    })?;
    Ok(overlay)
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::from_error(ExitCode::Usage, &error)
            .context(format!("the overlay's {} cannot be read", path.display()))
    })
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
}
