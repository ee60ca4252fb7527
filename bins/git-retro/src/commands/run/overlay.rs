//! Reading the files that are laid over each commit.

use std::path::{Path, PathBuf};

use retro_bootstrap::{ExitCode, Failure};
use retro_domain::{Overlay, OverlayFile};

use crate::cli::RunArgs;
use crate::context::Context;

/// The overlay of the configuration and of the flags; a flag's file wins over a configured one.
pub(super) fn read(context: &Context, args: &RunArgs) -> Result<Overlay, Failure> {
    let configured = &context.config.settings.overlay;
    let mut sources = configured.files.clone();
    for word in &args.suite.overlay {
        let (dest, source) = word.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--overlay {word:?} is not DEST=FILE"))
                .with_hint("write --overlay tests/new.rs=/tmp/new.rs")
        })?;
        let outside = dest.is_empty()
            || Path::new(dest)
                .components()
                .any(|part| !matches!(part, std::path::Component::Normal(name) if name != ".git"));
        if outside {
            return Err(Failure::usage(format!(
                "--overlay {dest:?} is not a path inside the work tree"
            )));
        }
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
    for patch in configured.patches.iter().chain(&args.suite.overlay_patch) {
        overlay.patches.push(read_file(patch)?);
    }
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
