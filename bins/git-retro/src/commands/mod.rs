//! One file per command.

mod completions;
mod config;
mod diff;
mod export;
mod gc;
mod init;
mod log;
mod ls;
mod man;
mod pull;
mod results;
mod run;
mod show;
mod stop;
mod test;
mod why;

use std::io::IsTerminal;

use retro_bootstrap::config::ColorMode;
use retro_bootstrap::{ExitCode, Failure, FlagLayer, use_color};
use retro_domain::{RunId, TestId};
use retro_store::{RunRecord, TestPattern};
use retro_workflow::RunView;

use crate::cli::{Cli, Command};
use crate::context::{Context, Environment};
use retro_bootstrap::terminal::{Paint, lost_results, store_failure};

/// Runs the command that was typed.
pub(crate) fn dispatch(cli: Cli, environment: Environment) -> Result<ExitCode, Failure> {
    let global = cli.global;
    let context = |flags: FlagLayer| Context::new(&global, environment.clone(), flags);
    let anywhere = |flags: FlagLayer| Context::anywhere(&global, environment.clone(), flags);
    match cli.command {
        Command::Run(args) => {
            let context = context(args.flags())?;
            run::run(&context, &args)
        }
        Command::Init(args) => init::run(&global, &environment, &args),
        Command::Config(command) => config::run(command, || context(FlagLayer::default())),
        Command::Show(args) => show::run(&context(FlagLayer::default())?, &args),
        Command::Test(args) => test::run(&context(FlagLayer::default())?, &args),
        Command::Why(args) => why::run(&context(FlagLayer::default())?, &args),
        Command::Diff(args) => diff::run(&context(FlagLayer::default())?, &args),
        Command::Log(args) => log::run(&context(FlagLayer::default())?, &args),
        Command::Pull(args) => {
            let flags = FlagLayer {
                aws: args.aws.clone(),
                ..FlagLayer::default()
            };
            pull::run(&context(flags)?, &args)
        }
        Command::Stop(args) => {
            let flags = FlagLayer {
                aws: args.aws.clone(),
                ..FlagLayer::default()
            };
            stop::run(&anywhere(flags)?, &args)
        }
        Command::Ls(args) => ls::run(&anywhere(FlagLayer::default())?, &args),
        Command::Export(args) => export::run(&context(FlagLayer::default())?, &args),
        Command::Gc(args) => {
            let flags = FlagLayer {
                max_age: args.max_age.clone(),
                max_size: args.max_size.clone(),
                ..FlagLayer::default()
            };
            gc::run(&anywhere(flags)?, &args)
        }
        Command::Results(args) => results::run(&args, paint_output(&global, &environment)),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args, &environment),
    }
}

/// Colours of standard output, where no configuration is read.
fn paint_output(global: &crate::cli::Global, environment: &Environment) -> Paint {
    let mode = global.color.unwrap_or(ColorMode::Auto);
    Paint(use_color(
        mode,
        environment,
        std::io::stdout().is_terminal(),
    ))
}

/// The run that a person named.
async fn the_run(
    context: &Context,
    runs: &dyn retro_store::RunStore,
    text: &str,
) -> Result<RunRecord, Failure> {
    let found = retro_workflow::find_run(runs, &context.repo()?, text).await;
    found.map_err(store_failure)?.ok_or_else(|| {
        let known = text == "latest" || text.parse::<RunId>().is_ok();
        let what = if known && text == "latest" {
            "this repository has no run yet".to_owned()
        } else {
            format!("no single run of this repository is named {text:?}")
        };
        Failure::usage(what).with_hint("`git retro ls` lists runs; `git retro run` makes one")
    })
}

/// The tests of a run that a pattern means, at most `limit`; an error when there is none.
fn the_tests(view: &RunView, pattern: &str, limit: usize) -> Result<Vec<TestId>, Failure> {
    let known = view.history.tests.iter().cloned();
    let tests = TestPattern(pattern.to_owned()).select(known, limit);
    if tests.is_empty() {
        let what = format!("no test of run {} matches {pattern:?}", view.run.id);
        let without = view.without_result();
        let hint = match without {
            0 => {
                "a glob or a part of the name will do; `git retro show --all COMMIT` lists tests, \
                  and --run names another run"
                    .to_owned()
            }
            _ => lost_results(without),
        };
        return Err(Failure::usage(what).with_hint(hint));
    }
    Ok(tests)
}

/// A test's place in a run's history.
fn place_of(view: &RunView, test: &TestId) -> Option<usize> {
    view.history.tests.iter().position(|known| known == test)
}
