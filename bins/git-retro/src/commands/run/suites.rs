//! Which suites are run: configured, typed, or detected.

use retro_bootstrap::config::{Origin, SuiteConfig};
use retro_bootstrap::look_back::{ChosenSuite, named, typed};
use retro_bootstrap::{Detection, DirView, Failure, PathProbe, detect};

use crate::cli::RunArgs;
use crate::context::Context;

/// The suites that the command line, the configuration or the repository itself asks for.
pub(super) fn choose(context: &Context, args: &RunArgs) -> Result<Vec<ChosenSuite>, Failure> {
    let settings = &context.config.settings;
    let (configs, because) = if !args.command.is_empty() {
        (
            vec![typed(&args.command, settings, own_tools(context)?)?],
            "given on the command line".to_owned(),
        )
    } else if !settings.suites.is_empty() {
        let named = named(&settings.suites, &args.suite.suite)?;
        let files: Vec<String> = context
            .config
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        (named, files.join(", "))
    } else {
        let found = detected(context, &args.suite.suite)?;
        let suite = settings.limit(found.suite);
        let config = SuiteConfig::from_suite(suite, found.toolchain, Origin::Default);
        (vec![config], format!("detected: {}", found.because))
    };
    let is_typed = !args.command.is_empty();
    ChosenSuite::all(configs, settings, &args.suite, is_typed, &because)
}

fn detections(context: &Context) -> Result<Vec<Detection>, Failure> {
    let path = context
        .environment
        .get(std::ffi::OsStr::new("PATH"))
        .cloned()
        .unwrap_or_default();
    Ok(detect(
        &DirView::new(context.repository()?.root()),
        &PathProbe { path },
    ))
}

/// The tools of the repository's own suite, if it has one.
fn own_tools(context: &Context) -> Result<Option<Vec<Vec<String>>>, Failure> {
    let first = detections(context)?.into_iter().next();
    Ok(first.map(|found| found.toolchain))
}

/// The first suite that was found in the repository, or the first that has one of these names.
fn detected(context: &Context, names: &[String]) -> Result<Detection, Failure> {
    let all = detections(context)?;
    let found: Vec<String> = all.iter().map(|found| found.suite.name.clone()).collect();
    let wanted = |found: &Detection| names.is_empty() || names.contains(&found.suite.name);
    match all.into_iter().find(wanted) {
        Some(detection) => Ok(detection),
        None if context.repository()?.is_bare() => Err(Failure::usage(
            "a bare repository has no work tree where a way to run its tests could be found",
        )
        .with_hint(
            "say how: `git retro run -- COMMAND`, or `git retro run --config FILE` with a retro.toml",
        )),
        None if found.is_empty() => Err(Failure::usage(
            "no way to run this repository's tests was found",
        )
        .with_hint(
            "say how: `git retro run -- COMMAND`, or write a retro.toml (`git retro init` starts one)",
        )),
        None => Err(Failure::usage(format!("there is no suite named {:?}", names[0])).with_hint(
            format!(
                "nothing is configured (`git retro init` writes a retro.toml); found here: {}",
                found.join(", ")
            ),
        )),
    }
}
