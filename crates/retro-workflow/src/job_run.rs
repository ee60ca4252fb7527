//! One job, from a claimed lease to a stored result.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use retro_domain::{
    CommitJob, Epoch, EventKind, OutcomeCounts, Phase, Suite, TestCase, Timestamp,
    UntestableReason, Verdict,
};
use retro_exec::{CancelToken, Capture, Ending, ExecError, Finished, Invocation, Limits};
use retro_git::{GitError, OverlayError, Slot};
use retro_store::{ResourceUsage, RunCommit, StoreError};

use crate::LookBackError;
use crate::collect::{Before, Ended, Places, Reading, collect};
use crate::judge::{Judgement, judge};
use crate::look_back::Shared;
use crate::plan::PlannedJob;
use crate::scratch::Folders;

/// How the work on a claimed job ended.
pub(crate) enum JobEnd {
    /// A result is stored.
    Finished(Verdict, OutcomeCounts),
    /// Someone stopped the work, or the lease was lost; nothing is stored.
    Stopped,
    /// git-retro could not do this job; others may work.
    Failed(String),
    /// git-retro cannot do any job.
    Fatal(LookBackError),
}

/// Everything that the work on one job has at hand.
pub(crate) struct JobRun<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) worker: usize,
    pub(crate) slot: &'a mut dyn Slot,
    pub(crate) planned: &'a PlannedJob,
    pub(crate) commit: &'a RunCommit,
    pub(crate) suite: &'a Suite,
    pub(crate) job: &'a CommitJob,
    pub(crate) epoch: Epoch,
    pub(crate) started_at: Timestamp,
    pub(crate) cancel: CancelToken,
}

/// Why a job ended before its result was stored.
pub(crate) enum Stop {
    Stopped,
    Failed(String),
    Fatal(LookBackError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            // Every later job would meet the same trouble.
            StoreError::Full { .. } | StoreError::Corrupt { .. } => Self::Fatal(error.into()),
            StoreError::Transition(_) => Self::Stopped,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// What running the suite's commands said, before it is stored.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) verdict: Option<Verdict>,
    pub(crate) cases: Vec<TestCase>,
    pub(crate) notes: Vec<String>,
    pub(crate) usage: ResourceUsage,
    pub(crate) ending: String,
    /// Files to keep, with their names as artifacts.
    pub(crate) files: Vec<(String, PathBuf)>,
}

/// How often a checkout is tried; each further try starts from an empty work tree.
const CHECKOUT_TRIES: u32 = 3;

impl JobRun<'_> {
    /// Does the job. The lease is still held when this returns.
    pub(crate) fn perform(mut self) -> JobEnd {
        match self.check_out_and_run() {
            Ok(said) => match self.store(said) {
                Ok((verdict, counts)) => JobEnd::Finished(verdict, counts),
                Err(stop) => stop.into(),
            },
            Err(stop) => {
                if matches!(stop, Stop::Stopped) && self.shared.options.self_contained {
                    self.keep_logs();
                }
                stop.into()
            }
        }
    }

    fn check_out_and_run(&mut self) -> Result<Said, Stop> {
        self.phase(Phase::Checkout);
        self.check_out()?;
        let mut said = Said::default();
        if let Err(conflict) = self.lay_over()? {
            let reason = UntestableReason::OverlayConflict(conflict);
            said.verdict = Some(Verdict::Untestable(reason));
            "the overlay was not laid".clone_into(&mut said.ending);
            return Ok(said);
        }
        let folders = Folders::prepare(self.slot.scratch())
            .map_err(|(folder, source)| io_stop("emptying", &folder, source))?;
        let environment = self.shared.environments.of_job(
            (self.planned.suite, self.suite),
            &self.commit.commit,
            &folders.out,
            &folders.tmp,
        );
        if !self.build("build", &folders, &environment, &mut said)? {
            return Ok(said);
        }
        self.phase(Phase::Test);
        let first = self.test("test", &folders, &environment, &mut said)?;
        self.join_retries(first, &folders, &environment, &mut said)?;
        Ok(said)
    }

    fn check_out(&mut self) -> Result<(), Stop> {
        for attempt in 1.. {
            match self.slot.checkout(&self.commit.commit) {
                Ok(checkout) => {
                    for message in checkout.warnings {
                        self.shared.recorder.record(EventKind::Warning { message });
                    }
                    return Ok(());
                }
                Err(error @ GitError::DiskFull { .. }) => return Err(Stop::Fatal(error.into())),
                Err(error) if error.is_retryable() && attempt < CHECKOUT_TRIES => {}
                Err(error) => return Err(Stop::Failed(error.to_string())),
            }
        }
        unreachable!("the last try returns")
    }

    /// The inner error is the overlay's: it does not fit this commit.
    fn lay_over(&mut self) -> Result<Result<(), String>, Stop> {
        if self.shared.plan.overlay.is_empty() {
            return Ok(Ok(()));
        }
        match self.slot.apply_overlay(&self.shared.plan.overlay) {
            Ok(()) => Ok(Ok(())),
            Err(OverlayError::DoesNotFit(why)) => Ok(Err(why)),
            Err(OverlayError::Git(error)) => Err(Stop::Failed(error.to_string())),
        }
    }

    /// Runs the build command, if there is one. `false` when the commit cannot be judged.
    fn build(
        &mut self,
        name: &str,
        folders: &Folders,
        environment: &[(OsString, OsString)],
        said: &mut Said,
    ) -> Result<bool, Stop> {
        let Some(build) = &self.suite.build else {
            return Ok(true);
        };
        self.phase(Phase::Build);
        let argv = build.argv();
        let limit = self.suite.build_timeout;
        let Some(finished) = self.execute(name, argv, limit, folders, environment, said)? else {
            return Ok(false);
        };
        if finished.ending == Ending::Exited(0) {
            return Ok(true);
        }
        let how = finished.ending.to_string();
        said.verdict = Some(Verdict::Untestable(UntestableReason::BuildFailed(how)));
        Ok(false)
    }

    /// Runs the tests once. `None` when the command is not part of the commit.
    fn test(
        &mut self,
        name: &str,
        folders: &Folders,
        environment: &[(OsString, OsString)],
        said: &mut Said,
    ) -> Result<Option<Judgement>, Stop> {
        let stdout = folders.log(name, "stdout");
        let before = Before::look(self.suite, &self.places(folders, &stdout));
        let (argv, limit) = (self.suite.run.argv(), self.suite.timeout);
        let Some(finished) = self.execute(name, argv, limit, folders, environment, said)? else {
            return Ok(None);
        };
        let ended = Ended {
            succeeded: finished.ending == Ending::Exited(0),
            output_cut: finished.stdout.truncated,
        };
        let places = self.places(folders, &stdout);
        let mut reading: Reading = collect(self.suite, &places, &before, ended);
        if reading.output_cut {
            // The rest of the results was there, and it is git-retro that has not kept it.
            return Err(Stop::Failed(format!(
                "the results are on the standard output, and of its {} bytes not all were kept; \
                 raise --log-cap, or let the tests write their results to a file",
                finished.stdout.bytes
            )));
        }
        if finished.leaked.processes > 0 {
            reading.notes.push(match finished.leaked.processes {
                1 => "1 process outlived the command and was ended".to_owned(),
                left => format!("{left} processes outlived the command and were ended"),
            });
        }
        let prefix = if name == "test" {
            String::new()
        } else {
            format!("{name}/")
        };
        let files = std::mem::take(&mut reading.files);
        said.files.extend(
            files
                .into_iter()
                .map(|(file, path)| (format!("{prefix}{file}"), path)),
        );
        Ok(Some(judge(self.suite, &finished.ending, reading)))
    }

    /// Runs a commit with failed tests again, as often as the suite says, until each has passed.
    fn join_retries(
        &mut self,
        first: Option<Judgement>,
        folders: &Folders,
        environment: &[(OsString, OsString)],
        said: &mut Said,
    ) -> Result<(), Stop> {
        let Some(mut joined) = first else {
            return Ok(());
        };
        let ending = said.ending.clone();
        for retry in 1..=self.suite.retries {
            if joined.verdict != Verdict::TestsFailed {
                break;
            }
            // Result files of the last execution must be safe before the next one writes its own.
            self.set_aside(folders, said)?;
            self.phase(Phase::Checkout);
            self.check_out()?;
            if self.lay_over()?.is_err() {
                break;
            }
            let name = format!("retry-{retry}");
            // A fresh checkout has put away what was built and is not ignored.
            if !self.build(&format!("{name}-build"), folders, environment, said)? {
                joined
                    .notes
                    .push(format!("{name} was not run: the build failed"));
                break;
            }
            self.phase(Phase::Retry);
            let Some(again) = self.test(&name, folders, environment, said)? else {
                break;
            };
            if !again.verdict.is_tested() {
                joined
                    .notes
                    .push(format!("{name} ended without a result: {}", again.verdict));
                continue;
            }
            joined = joined.join(again);
        }
        said.ending = ending;
        said.verdict = Some(joined.verdict);
        said.cases = joined.cases;
        said.notes.extend(joined.notes);
        Ok(())
    }

    /// Starts a command and waits for it. `None` when the command is part of the work tree and this
    /// commit does not have it; `said` then has the verdict.
    fn execute(
        &mut self,
        name: &str,
        argv: Vec<String>,
        limit: Option<Duration>,
        folders: &Folders,
        environment: &[(OsString, OsString)],
        said: &mut Said,
    ) -> Result<Option<Finished>, Stop> {
        let cap = self.shared.options.log_cap;
        let (stdout, stderr) = (folders.log(name, "stdout"), folders.log(name, "stderr"));
        let invocation = Invocation {
            argv: argv.iter().map(OsString::from).collect(),
            cwd: self.slot.work_tree().join(&self.suite.work_dir),
            env: environment.to_vec(),
            limits: Limits {
                soft: limit,
                grace: self.shared.options.grace,
                ..Limits::default()
            },
            stdout: Capture {
                path: stdout.clone(),
                cap,
            },
            stderr: Capture {
                path: stderr.clone(),
                cap,
            },
            ..Invocation::default()
        };
        let finished = match self.shared.services.executor.run(&invocation, &self.cancel) {
            Ok(finished) => finished,
            Err(error) => {
                let missing = self.missing_in_commit(&argv[0], &error).ok_or_else(|| {
                    let phase = if name.ends_with("build") {
                        "build"
                    } else {
                        "run"
                    };
                    self.cannot_start(phase, error)
                })?;
                missing.to_string().clone_into(&mut said.ending);
                said.verdict = Some(Verdict::Untestable(missing));
                return Ok(None);
            }
        };
        if finished.ending == Ending::Cancelled {
            return Err(Stop::Stopped);
        }
        for (stream, captured, path) in [
            ("stdout", &finished.stdout, stdout),
            ("stderr", &finished.stderr, stderr),
        ] {
            if captured.bytes > 0 {
                said.files.push((format!("{name}.{stream}"), path));
            }
            if captured.truncated {
                let bytes = captured.bytes;
                said.notes.push(format!(
                    "{name} wrote {bytes} bytes to {stream}; the log is cut"
                ));
            }
        }
        said.usage.wall += finished.usage.wall;
        said.usage.user += finished.usage.user;
        said.usage.system += finished.usage.system;
        said.usage.max_rss = said.usage.max_rss.max(finished.usage.max_rss);
        said.ending = finished.ending.to_string();
        Ok(Some(finished))
    }

    /// A program named by a path inside the work tree, or a working folder, may be absent from old
    /// commits: that says something about the commit, not about the machine.
    fn missing_in_commit(&self, program: &str, error: &ExecError) -> Option<UntestableReason> {
        let folder = self.slot.work_tree().join(&self.suite.work_dir);
        if !self.suite.work_dir.is_empty() && !folder.is_dir() {
            let folder = format!("the folder {}", self.suite.work_dir);
            return Some(UntestableReason::CommandMissing(folder));
        }
        let relative = program.contains('/') && !program.starts_with('/');
        match error {
            _ if !relative => None,
            ExecError::NotExecutable { reason, .. } => Some(UntestableReason::NoResults(format!(
                "{program} of this commit cannot be run: {reason}"
            ))),
            error => error
                .is_command_missing()
                .then(|| UntestableReason::CommandMissing(program.to_owned())),
        }
    }

    fn cannot_start(&self, phase: &'static str, source: ExecError) -> Stop {
        let suite = self.suite.name.clone();
        if source.is_command_missing() {
            Stop::Fatal(LookBackError::Command {
                phase,
                suite,
                source,
            })
        } else if matches!(source, ExecError::DiskFull { .. }) {
            Stop::Fatal(LookBackError::Output {
                phase,
                suite,
                source,
            })
        } else {
            Stop::Failed(source.to_string())
        }
    }

    /// Moves the result files seen so far out of the way of the next execution.
    fn set_aside(&self, folders: &Folders, said: &mut Said) -> Result<(), Stop> {
        for (index, (name, path)) in said.files.iter_mut().enumerate() {
            if !path.starts_with(&folders.logs) && path.exists() {
                let aside = folders.logs.join(format!("aside-{index}"));
                fs::rename(&*path, &aside)
                    .or_else(|_| fs::copy(&*path, &aside).map(drop))
                    .map_err(|source| io_stop("setting aside", Path::new(name), source))?;
                *path = aside;
            }
        }
        Ok(())
    }

    fn places<'p>(&'p self, folders: &'p Folders, stdout: &'p Path) -> Places<'p> {
        Places {
            work_tree: self.slot.work_tree(),
            scratch: &folders.out,
            stdout,
        }
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.shared.recorder.record(EventKind::JobPhase {
            commit: self.commit.commit,
            worker: u32::try_from(self.worker).unwrap_or(u32::MAX),
            phase,
        });
    }
}

fn io_stop(doing: &'static str, path: &Path, source: std::io::Error) -> Stop {
    let full = source.kind() == std::io::ErrorKind::StorageFull;
    let error = LookBackError::Io {
        doing,
        path: path.to_owned(),
        source,
    };
    if full {
        Stop::Fatal(error)
    } else {
        Stop::Failed(error.to_string())
    }
}

impl From<Stop> for JobEnd {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Stopped => Self::Stopped,
            Stop::Failed(reason) => Self::Failed(reason),
            Stop::Fatal(error) => Self::Fatal(error),
        }
    }
}
