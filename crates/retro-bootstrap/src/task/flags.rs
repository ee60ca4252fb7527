//! Tasks from flags.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use retro_domain::{
    ApprovalSettings, BuildSettings, CommandLine, ExecutorSettings, PromptDelivery, Switch,
    TaskContext, TaskPlace, TaskSettings, slug,
};

use super::MAX_DOCUMENT_BYTES;
use super::context::{parse, read};
use super::document_error::{DocumentError, Faults};
use crate::config::{CommandText, DurationText, Settings, build, executor, usual_approval};

/// What the command line says of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct TaskFlags {
    /// What the task is called; its branch is named after it
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// A JSON or TOML file with the task; flags go over it
    #[arg(long, value_name = "FILE")]
    pub context: Option<PathBuf>,
    /// The task's id [default: made from its name]
    #[arg(long, value_name = "ID")]
    pub task_id: Option<String>,
    /// The specification that it belongs to
    #[arg(long, value_name = "NAME")]
    pub spec: Option<String>,
    /// What is to be done [default: the name]
    #[arg(long, value_name = "TEXT", conflicts_with = "description_file")]
    pub description: Option<String>,
    /// A file that says what is to be done
    #[arg(long, value_name = "FILE")]
    pub description_file: Option<PathBuf>,
    /// What must be true when it is done; as often as needed
    #[arg(long, value_name = "TEXT")]
    pub accept: Vec<String>,
    /// The line for `sh -c` that makes the change; {prompt_file} stands for the file with the prompt
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<String>,
    /// Give the prompt on the standard input of the command
    #[arg(long)]
    pub prompt_stdin: bool,
    /// The line for `sh -c` that builds
    #[arg(long, value_name = "COMMAND")]
    pub build: Option<String>,
    /// A suite of the project that tests it; as often as needed [default: the project's]
    #[arg(long = "suite", value_name = "NAME")]
    pub suites: Vec<String>,
    /// A playbook, by its path in the repository
    #[arg(long, value_name = "PATH")]
    pub playbook: Option<String>,
    /// What the branch's name begins with [default: retro]
    #[arg(long, value_name = "PREFIX")]
    pub branch_prefix: Option<String>,
    /// Push nothing, and open no pull request
    #[arg(long)]
    pub no_push: bool,
    /// Wait until somebody agrees, for 24 hours or this long
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub approval: Option<String>,
    /// How long the run may take
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
}

/// The task that flags describe, over the one in their `--context`. `place` is where it happens when
/// that file does not say.
///
/// A command from a flag takes the place of the command alone: the rest of the executor or build, such
/// as its environment, stays what the task or else the project has.
///
/// # Errors
///
/// Everything that is wrong, by flag and by field of the file; files that cannot be read.
pub fn task_of(
    flags: &TaskFlags,
    place: Option<TaskPlace>,
    project: &Settings,
) -> Result<TaskContext, DocumentError> {
    let faults = Faults::default();
    let mut task = TaskContext::default();
    if let Some(path) = &flags.context {
        let name = path.display().to_string();
        let text = read_file(path, "--context", &faults);
        let value = text.and_then(|text| parse(&text, &name, &faults));
        let document = value.and_then(|value| read(value, &name, &faults));
        task = document.map_or(task, |document| document.join(project, &faults));
    }
    describe(&mut task, flags, &faults);
    task.place = task.place.or(place);
    set(&mut task.settings, flags, project, &faults);
    let name = match &flags.context {
        Some(path) => format!("the task of {} and the flags", path.display()),
        None => "the task of the flags".to_owned(),
    };
    faults.or(&name, Some(task))
}

fn describe(task: &mut TaskContext, flags: &TaskFlags, faults: &Faults) {
    if let Some(name) = &flags.name {
        task.title.clone_from(name);
    }
    if let Some(id) = &flags.task_id {
        task.task_id.clone_from(id);
    } else if task.task_id.is_empty() && !task.title.trim().is_empty() {
        task.task_id = slug(&task.title);
    }
    task.spec_name = flags.spec.clone().or(task.spec_name.take());
    let written = match (&flags.description, &flags.description_file) {
        (Some(text), _) => Some(text.clone()),
        (None, Some(path)) => read_file(path, "--description-file", faults),
        (None, None) => None,
    };
    if let Some(text) = written {
        task.description = text;
    } else if task.description.is_empty() {
        task.description.clone_from(&task.title);
    }
    if !flags.accept.is_empty() {
        task.acceptance_criteria.clone_from(&flags.accept);
    }
}

fn set(settings: &mut TaskSettings, flags: &TaskFlags, project: &Settings, faults: &Faults) {
    if let Some(command) = command("--exec", flags.exec.as_deref(), faults) {
        let set = own_executor(settings, project);
        let executor = set.unwrap_or_else(|| executor(command.clone()));
        settings.executor = Some(ExecutorSettings {
            command,
            ..executor
        });
    }
    if flags.prompt_stdin {
        match own_executor(settings, project) {
            Some(executor) => {
                settings.executor = Some(ExecutorSettings {
                    prompt: PromptDelivery::Stdin,
                    ..executor
                });
            }
            None if flags.exec.is_none() => {
                faults.refuse("--prompt-stdin", "there is no executor; say --exec as well");
            }
            None => {}
        }
    }
    if let Some(command) = command("--build", flags.build.as_deref(), faults) {
        let own = match &settings.build {
            Switch::Unset => project.task_below().build.on(),
            set => set.on(),
        };
        let build = own.cloned().unwrap_or_else(|| build(command.clone()));
        settings.build = Switch::On(BuildSettings { command, ..build });
    }
    if !flags.suites.is_empty() {
        let mut suites = Vec::new();
        for name in &flags.suites {
            match project.suite_called(name) {
                Ok(suite) => suites.push(suite),
                Err((what, hint)) => faults.refuse("--suite", format!("{what}; {hint}")),
            }
        }
        settings.suites = Switch::On(suites);
    }
    let prefix = flags.branch_prefix.clone();
    settings.run_branch_prefix = prefix.or(settings.run_branch_prefix.take());
    let playbook = flags.playbook.clone();
    settings.playbook_path = playbook.or(settings.playbook_path.take());
    if flags.no_push {
        settings.push = Switch::Off;
        settings.pull_request = Switch::Off;
    }
    match flags.approval.as_deref() {
        None => {}
        Some("") => settings.approval = Switch::On(usual_approval()),
        Some(text) => match text.parse() {
            Ok(DurationText(Some(deadline))) => {
                settings.approval = Switch::On(ApprovalSettings { deadline });
            }
            Ok(DurationText(None)) => faults.refuse("--approval", "a run does not wait for ever"),
            Err(error) => faults.refuse("--approval", error),
        },
    }
    match flags.timeout.as_deref().map(str::parse) {
        None => {}
        Some(Ok(DurationText(None))) => {
            let message = "a task cannot take away the limit of its project; give a duration";
            faults.refuse("--timeout", message);
        }
        Some(Ok(DurationText(timeout))) => settings.timeout = timeout,
        Some(Err(error)) => faults.refuse("--timeout", error),
    }
}

/// The executor of the task, else of the project.
fn own_executor(settings: &TaskSettings, project: &Settings) -> Option<ExecutorSettings> {
    let own = settings.executor.as_ref();
    own.or(project.task_below().executor.as_ref()).cloned()
}

fn command(flag: &str, line: Option<&str>, faults: &Faults) -> Option<CommandLine> {
    match CommandText::line(line?) {
        Ok(CommandText(command)) => Some(command),
        Err(error) => {
            faults.refuse(flag, error);
            None
        }
    }
}

fn read_file(path: &Path, flag: &str, faults: &Faults) -> Option<String> {
    let limit = MAX_DOCUMENT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    let shown = path.display();
    if let Err(error) = read {
        faults.refuse(flag, format!("{shown} cannot be read: {error}"));
        return None;
    }
    if bytes.len() > MAX_DOCUMENT_BYTES {
        faults.refuse(flag, format!("{shown} is larger than 1 MiB"));
        return None;
    }
    let text = String::from_utf8(bytes).ok();
    if text.is_none() {
        faults.refuse(flag, format!("{shown} is no text in UTF-8"));
    }
    text
}

#[cfg(test)]
#[path = "flags_tests.rs"]
mod tests;
