//! `git retro man`: the manual pages.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::CommandFactory;
use retro_bootstrap::{ExitCode, Failure};

use crate::cli::{Cli, ManArgs};
use crate::context::Environment;

pub(crate) fn run(args: &ManArgs, environment: &Environment) -> Result<ExitCode, Failure> {
    let failed = |error: std::io::Error| Failure::from_error(ExitCode::Incomplete, &error);
    if !args.install {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command())
            .render(&mut page)
            .map_err(failed)?;
        crate::output::print(&String::from_utf8_lossy(&page))?;
        return Ok(ExitCode::Fine);
    }
    let folder = match &args.dir {
        Some(folder) => folder.clone(),
        None => default_folder(environment)?,
    };
    let install = || {
        std::fs::create_dir_all(&folder)?;
        // `git help retro` opens git-retro(1); the others are there for its cross references.
        clap_mangen::generate_to(Cli::command(), &folder)
    };
    install().map_err(|error| {
        failed(error).context(format!(
            "the pages cannot be written to {}",
            folder.display()
        ))
    })?;
    eprintln!("installed in {}; try: git retro --help", folder.display());
    Ok(ExitCode::Fine)
}

fn default_folder(environment: &Environment) -> Result<PathBuf, Failure> {
    let variable = |name: &str| environment.get(OsStr::new(name)).map(PathBuf::from);
    let data = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
    data.or_else(|| variable("HOME").map(|home| home.join(".local/share")))
        .map(|data| data.join("man/man1"))
        .ok_or_else(|| Failure::usage("HOME is not set").with_hint("say where with --dir"))
}
