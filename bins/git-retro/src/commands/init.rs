//! `git retro init`: write a configuration for what is found here.

use std::io::Write;

use retro_bootstrap::terminal::{one_line, print, say};
use retro_bootstrap::{DirView, ExitCode, Failure, PathProbe, detect, render_init};

use crate::cli::{Global, InitArgs};
use crate::context::{Environment, the_repository};

pub(crate) fn run(
    global: &Global,
    environment: &Environment,
    args: &InitArgs,
) -> Result<ExitCode, Failure> {
    let repository = the_repository(global, environment)?;
    if repository.is_bare() {
        return Err(Failure::usage(format!(
            "{} is a bare repository: it has no work tree to look at, or to write retro.toml into",
            repository.root().display()
        ))
        .with_hint("make the file in a clone, and name it here: git retro run --config FILE"));
    }
    let path = environment
        .get(std::ffi::OsStr::new("PATH"))
        .cloned()
        .unwrap_or_default();
    let found = detect(&DirView::new(repository.root()), &PathProbe { path });
    for detection in &found {
        let because = one_line(&detection.because);
        say(format_args!("found {}: {because}", detection.kind));
    }
    if found.is_empty() {
        say("found no test runner; the file has an example to fill in");
    }
    let text = render_init(&found);
    if args.print {
        print(&text)?;
        return Ok(ExitCode::Fine);
    }
    let target = repository.root().join("retro.toml");
    let other = repository.root().join(".config/retro.toml");
    if other.exists() && !args.force {
        return Err(
            Failure::usage(format!("{} is there already", other.display()))
                .with_hint("change that file, or remove it first"),
        );
    }
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create_new(!args.force)
        .create(true)
        .truncate(true);
    let written = options
        .open(&target)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} is there already", target.display()))
                .with_hint("look at what it would become with --print, or replace it with --force")
        }
        _ => Failure::from_error(ExitCode::Incomplete, &error)
            .context(format!("{} cannot be written", target.display())),
    })?;
    say(format_args!(
        "wrote {}; next: git retro run --last 20",
        target.display()
    ));
    Ok(ExitCode::Fine)
}
