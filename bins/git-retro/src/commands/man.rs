//! `git retro man`: the manual pages.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use retro_bootstrap::{ExitCode, Failure};

use crate::cli::{ManArgs, as_typed};
use crate::context::Environment;

pub(crate) fn run(args: &ManArgs, environment: &Environment) -> Result<ExitCode, Failure> {
    let failed = |error: std::io::Error| Failure::from_error(ExitCode::Incomplete, &error);
    if !args.install {
        let mut page = Vec::new();
        clap_mangen::Man::new(as_typed())
            .render(&mut page)
            .map_err(failed)?;
        retro_bootstrap::terminal::print(&String::from_utf8_lossy(&page))?;
        return Ok(ExitCode::Fine);
    }
    let folder = match &args.dir {
        Some(folder) => folder.clone(),
        None => default_folder(environment)?,
    };
    let install = || {
        std::fs::create_dir_all(&folder)?;
        // `git help retro` opens git-retro(1); the others are there for its cross references.
        clap_mangen::generate_to(as_typed(), &folder)
    };
    install().map_err(|error| {
        failed(error).context(format!(
            "the pages cannot be written to {}",
            folder.display()
        ))
    })?;
    retro_bootstrap::terminal::say(format_args!(
        "installed in {}; try: git retro --help",
        folder.display()
    ));
    Ok(ExitCode::Fine)
}

/// Where `man` looks because of where the program is: `share/man` beside the `bin` folder that it is
/// started from. Elsewhere, the user's own pages.
fn default_folder(environment: &Environment) -> Result<PathBuf, Failure> {
    let program = std::env::current_exe().ok();
    let beside = program
        .as_deref()
        .and_then(Path::parent)
        .filter(|bin| bin.ends_with("bin"));
    if let Some(root) = beside.and_then(Path::parent) {
        return Ok(root.join("share/man/man1"));
    }
    let variable = |name: &str| environment.get(OsStr::new(name)).map(PathBuf::from);
    let data = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
    data.or_else(|| variable("HOME").map(|home| home.join(".local/share")))
        .map(|data| data.join("man/man1"))
        .ok_or_else(|| Failure::usage("HOME is not set").with_hint("say where with --dir"))
}
