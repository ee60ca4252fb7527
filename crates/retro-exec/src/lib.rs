//! Child processes: deadlines, signals, limits, capture without secrets and clean environments. Nothing else in git-retro starts one.
//!
//! [`ChildProcesses`] runs an [`Invocation`] to its end and says how it [ended](Ending), what it
//! [used](Usage), what it [wrote](Captured) and what it [left behind](Leaked). The call blocks its
//! thread; any number of threads may run commands through one executor at the same time.
//!
//! # What is guaranteed on Linux
//!
//! - When [`Executor::run`] returns, no descendant of the command is alive, daemons included: each
//!   command runs under a small supervisor process that adopts every orphan and reports only once
//!   it has no child left.
//! - The same holds when the calling process is killed with SIGKILL: the supervisor sees its control
//!   socket close and kills the whole tree.
//! - The command sees the environment of its invocation and nothing else, no inherited file
//!   descriptor but its three standard ones, an empty signal mask and default dispositions.
//! - No secret of [`Invocation::redactor`] is in a captured file, at no time, in none of the forms that
//!   [`Redactor`] names; capped and cut files included.
//! - A command is stopped by SIGTERM and SIGKILL, or by SIGINT before ([`Limits::interrupt`]); a request
//!   reaches every descendant, in whatever process group, once.
//! - A limit of [`Resources`] is in force or told in [`Finished::enforcement`].
//! - A command that reads its input late, in part or not at all holds nobody up.
//! - A descendant that keeps standard output open cannot hold the caller for longer than
//!   [`Limits::pipe_wait`].
//!
//! Not guaranteed: a command that kills its own supervisor (same user, SIGKILL) takes part of the
//! proof with it; this is reported as [`ExecError::SupervisorLost`] after the command's own session
//! was killed. A descendant that changed to another user cannot be killed by an unprivileged caller
//! and is reported as [`ExecError::Unkillable`].
//!
//! # Elsewhere
//!
//! On other Unix systems there is no way to adopt orphans: the command's process group is signalled,
//! a daemon in a session of its own survives, and nothing is killed when the caller dies. Descriptors
//! that the caller has opened without close-on-exec are inherited, and the time and memory of
//! leftovers are not counted. Resources are not limited, which is told.
//!
//! # Example
//!
//! ```
//! use retro_exec::{CancelToken, Capture, ChildProcesses, Ending, Executor, Invocation, Limits};
//!
//! let folder = tempfile::tempdir()?;
//! let invocation = Invocation {
//!     argv: vec!["sh".into(), "-c".into(), "echo $GREETING; exit 3".into()],
//!     cwd: folder.path().into(),
//!     env: vec![("GREETING".into(), "hello".into())],
//!     limits: Limits { soft: Some(std::time::Duration::from_secs(60)), ..Limits::default() },
//!     stdout: Capture { path: folder.path().join("stdout"), cap: 1 << 20 },
//!     stderr: Capture { path: folder.path().join("stderr"), cap: 1 << 20 },
//!     ..Invocation::default()
//! };
//! let finished = ChildProcesses::new().run(&invocation, &CancelToken::new())?;
//! assert_eq!(finished.ending, Ending::Exited(3));
//! assert_eq!(std::fs::read(folder.path().join("stdout"))?, b"hello\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cancel;
mod capture;
#[cfg(target_os = "linux")]
mod cgroup;
mod course;
mod environment;
mod error;
mod executor;
mod finished;
#[cfg(target_os = "linux")]
mod hidden_environment;
mod input;
mod invocation;
mod lookup;
mod output;
#[cfg(any(not(target_os = "linux"), test))]
mod process_group;
mod redact;
mod resources;
mod secret;
#[cfg(target_os = "linux")]
mod supervisor;
mod tool_homes;
mod watch;
mod wire;

pub use cancel::CancelToken;
pub use capture::{TRUNCATION_MARKER, Truncation, find_truncation};
pub use environment::{EnvironmentPolicy, Home, clean_environment, is_credential};
pub use error::ExecError;
pub use executor::{ChildProcesses, Executor};
pub use finished::{Captured, Ending, Enforcement, Finished, Leaked, NotApplied, Usage};
#[cfg(target_os = "linux")]
pub use hidden_environment::hide_environment;
pub use invocation::{Capture, Invocation, Limits, Stdin};
pub use redact::{RedactedStream, Redactor};
pub use resources::{Resource, Resources};
pub use secret::SecretText;
