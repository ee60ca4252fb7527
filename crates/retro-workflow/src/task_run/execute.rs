//! The executor, and the build: commands that make something of the work tree.

use retro_domain::{DeclaredResult, PhaseOutcome, PromptDelivery, TaskPhase};

use super::command::{Step, words};
use super::prompt::prompt;
use super::session::{Phase, RESULT, Session};

/// The file with the prompt.
pub(super) const PROMPT: &str = "prompt.md";

impl Session {
    pub(super) fn execute(&mut self, tries: u32) -> Phase {
        let Some(executor) = self.run.context.settings.executor.clone() else {
            let why = "the task names no executor".to_owned();
            return Ok(PhaseOutcome::Failed(why));
        };
        if tries > 1
            && let Err(error) = self.put_back()
        {
            return self.git_failed("putting the work tree back", &error);
        }
        let (prompt_file, result_file) = (self.file(PROMPT), self.file(RESULT));
        let text = prompt(&self.run, &result_file.display().to_string());
        let written =
            std::fs::write(&prompt_file, text).and_then(|()| std::fs::write(&result_file, ""));
        if let Err(error) = written {
            let why = format!("writing {}: {error}", prompt_file.display());
            return Ok(PhaseOutcome::Broken(why));
        }
        let work_tree = match self.workspace() {
            Ok(workspace) => workspace.work_tree().to_owned(),
            Err(error) => return self.git_failed("opening the work tree", &error),
        };
        let mut argv = words(&executor.command, &prompt_file.display().to_string());
        if executor.prompt == PromptDelivery::Stdin {
            let script = r#"prompt=$1; shift; exec "$@" < "$prompt""#;
            let shell = [
                "/bin/sh",
                "-c",
                script,
                "sh",
                &prompt_file.display().to_string(),
            ]
            .map(str::to_owned);
            argv.splice(0..0, shell);
        }
        let step = Step {
            name: "execute",
            argv,
            work_dir: "",
            env_allow: &executor.env_allow,
            env: &executor.env,
            time: self.time_for(TaskPhase::Execute, executor.timeout),
        };
        let ran = self.command(&step, &work_tree);
        let declared = std::fs::read(&result_file).unwrap_or_default();
        if let Err(fault) = DeclaredResult::parse(&declared) {
            self.warn(format!("{fault}; nothing of it is used"))?;
        }
        Ok(self.meaning("the executor", ran)?)
    }

    /// What an executor left that was lost in the middle goes: it begins afresh.
    fn put_back(&mut self) -> Result<(), retro_git::GitError> {
        let git = self.run.git.clone();
        let (Some(branch), Some(to)) = (git.branch_name, git.commit_sha.or(git.base)) else {
            return Ok(());
        };
        self.workspace()?.reset(&branch, &to)
    }

    pub(super) fn build(&mut self) -> Phase {
        let Some(build) = self.run.context.settings.build.on().cloned() else {
            return Ok(PhaseOutcome::NothingToDo);
        };
        let work_tree = match self.workspace() {
            Ok(workspace) => workspace.work_tree().to_owned(),
            Err(error) => return self.git_failed("opening the work tree", &error),
        };
        let step = Step {
            name: "build",
            argv: build.command.argv(),
            work_dir: &build.work_dir,
            env_allow: &build.env_allow,
            env: &build.env,
            time: self.time_for(TaskPhase::Build, build.timeout),
        };
        let ran = self.command(&step, &work_tree);
        Ok(self.meaning("the build", ran)?)
    }
}
