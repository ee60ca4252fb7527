//! Commands of a run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use retro_domain::{CommandLine, PhaseOutcome};
use retro_exec::{
    Capture, Ending, EnvironmentPolicy, Finished, Invocation, Limits, clean_environment,
};
use retro_store::StoreError;

use super::session::Session;

/// The exit code of a command that somebody interrupted.
const INTERRUPTED: i32 = 130;

/// A command of a run.
pub(super) struct Step<'a> {
    /// What its logs are called.
    pub(super) name: &'a str,
    pub(super) argv: Vec<String>,
    /// Where it starts, relative to the work tree.
    pub(super) work_dir: &'a str,
    pub(super) env_allow: &'a [String],
    pub(super) env: &'a BTreeMap<String, String>,
    pub(super) time: Duration,
}

impl Session {
    /// Runs a command in the work tree.
    pub(super) fn command(
        &self,
        step: &Step<'_>,
        work_tree: &std::path::Path,
    ) -> Result<Finished, String> {
        let logs = self.file("logs");
        let tmp = self.file("tmp");
        for folder in [&logs, &tmp] {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("making {}: {error}", folder.display()))?;
        }
        let policy = EnvironmentPolicy {
            allow: step.env_allow.to_vec(),
            fixed: step.env.clone(),
            home: self.options.home.clone(),
            tmp_dir: Some(tmp),
        };
        let exists = |path: &std::path::Path| path.exists();
        let mut environment: BTreeMap<OsString, OsString> =
            clean_environment(&self.options.environment, &policy, &exists)
                .into_iter()
                .collect();
        environment.extend(self.variables(work_tree));
        let capture = |stream: &str| Capture {
            path: logs.join(format!("{}.{stream}", step.name)),
            cap: self.options.log_cap,
        };
        let invocation = Invocation {
            argv: step.argv.iter().map(OsString::from).collect(),
            cwd: work_tree.join(step.work_dir),
            env: environment.into_iter().collect(),
            limits: Limits {
                soft: Some(step.time),
                grace: self.options.grace,
                ..Limits::default()
            },
            stdout: capture("stdout"),
            stderr: capture("stderr"),
            ..Invocation::default()
        };
        let ran = self.services.executor.run(&invocation, &self.cancel);
        ran.map_err(|error| super::session::chain(&error))
    }

    /// What commands can know of their run.
    fn variables(&self, work_tree: &std::path::Path) -> Vec<(OsString, OsString)> {
        let task = &self.run.context;
        let text = |value: &str| OsString::from(value);
        let path = |path: PathBuf| path.into_os_string();
        let branch = self.run.git.branch_name.as_ref();
        let all = [
            ("RETRO_TASK_ID", text(&task.task_id)),
            ("RETRO_TASK_TITLE", text(&task.title)),
            (
                "RETRO_TASK_SPEC",
                text(task.spec_name.as_deref().unwrap_or_default()),
            ),
            ("RETRO_TASK_RUN", text(self.run.id.as_str())),
            (
                "RETRO_TASK_RUN_NUMBER",
                text(&self.run.run_number.to_string()),
            ),
            (
                "RETRO_TASK_BRANCH",
                text(branch.map_or("", |it| it.as_str())),
            ),
            ("RETRO_TASK_WORK_TREE", work_tree.as_os_str().to_owned()),
            (
                "RETRO_TASK_PROMPT_FILE",
                path(self.file(super::execute::PROMPT)),
            ),
            (
                "RETRO_TASK_RESULT_FILE",
                path(self.file(super::session::RESULT)),
            ),
        ];
        all.into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect()
    }

    /// What the end of a command means for its phase.
    pub(super) fn meaning(
        &mut self,
        name: &str,
        ran: Result<Finished, String>,
    ) -> Result<PhaseOutcome, StoreError> {
        let finished = match ran {
            Ok(finished) => finished,
            Err(why) => {
                return Ok(PhaseOutcome::Failed(format!(
                    "{name} could not be run: {why}"
                )));
            }
        };
        for (stream, captured) in [("stdout", &finished.stdout), ("stderr", &finished.stderr)] {
            if captured.truncated {
                let bytes = captured.bytes;
                self.warn(format!(
                    "{name} wrote {bytes} bytes to {stream}; the log is cut"
                ))?;
            }
        }
        Ok(match finished.ending {
            Ending::Exited(0) => PhaseOutcome::Done,
            Ending::Exited(INTERRUPTED) | Ending::Cancelled => PhaseOutcome::Interrupted,
            Ending::TimedOut { .. } => PhaseOutcome::TimedOut,
            ending => PhaseOutcome::Failed(format!("{name} ended with {ending}")),
        })
    }
}

/// The words of a command, with the path of the prompt in its place.
pub(super) fn words(command: &CommandLine, prompt_file: &str) -> Vec<String> {
    const PLACE: &str = "{prompt_file}";
    match command {
        CommandLine::Argv(argv) => argv
            .iter()
            .map(|word| word.replace(PLACE, prompt_file))
            .collect(),
        CommandLine::Shell(line) => {
            // In a shell line the path is one word, whatever is in it.
            let quoted = format!("'{}'", prompt_file.replace('\'', r"'\''"));
            CommandLine::Shell(line.replace(PLACE, &quoted)).argv()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_is_one_word_of_any_command() {
        let file = "/tmp/it's here/p.md";
        let argv = CommandLine::Argv(vec!["agent".into(), "--file={prompt_file}".into()]);
        assert_eq!(words(&argv, file), ["agent", "--file=/tmp/it's here/p.md"]);
        let shell = CommandLine::Shell("agent < {prompt_file}".into());
        let last = words(&shell, file).pop().unwrap();
        assert_eq!(last, r"agent < '/tmp/it'\''s here/p.md'");
    }
}
