//! The identity of the tools a suite runs with.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use retro_domain::{Digester, Suite, ToolchainFingerprint};
use retro_exec::{CancelToken, Capture, Ending, Executor, Invocation, Limits};

/// Digests the platform, what each of `probes` (such as `rustc -vV`) prints, and the values of the
/// environment variables that `suite` asks for by name.
///
/// A probe that cannot be started, or fails, is digested as such: it says something about the
/// tools too. Basic variables such as `PATH` take no part, because their values differ between
/// shells that run the very same tools.
///
/// `scratch` is a folder for the probes' output, and where they run.
pub fn toolchain_fingerprint(
    executor: &dyn Executor,
    probes: &[Vec<String>],
    suite: &Suite,
    environment: &[(OsString, OsString)],
    scratch: &Path,
) -> ToolchainFingerprint {
    let mut digester = Digester::new("retro-toolchain-v1")
        .field("os", std::env::consts::OS)
        .field("arch", std::env::consts::ARCH);
    for probe in probes {
        let output = scratch.join("probe.stdout");
        let invocation = Invocation {
            argv: probe.iter().map(OsString::from).collect(),
            cwd: scratch.to_owned(),
            env: environment.to_vec(),
            limits: Limits {
                hard: Some(PROBE_LIMIT),
                ..Limits::default()
            },
            stdout: Capture {
                path: output.clone(),
                cap: 1 << 20,
            },
            stderr: Capture {
                path: scratch.join("probe.stderr"),
                cap: 1 << 16,
            },
            ..Invocation::default()
        };
        let said = match executor.run(&invocation, &CancelToken::new()) {
            Ok(finished) if finished.ending == Ending::Exited(0) => {
                std::fs::read(&output).unwrap_or_default()
            }
            Ok(finished) => finished.ending.to_string().into_bytes(),
            Err(error) => error.to_string().into_bytes(),
        };
        digester = digester.list("probe", probe).field("said", said);
    }
    let asked: BTreeMap<_, _> = environment
        .iter()
        .filter(|(name, _)| suite.env_allow.iter().any(|pattern| allows(pattern, name)))
        .map(|(name, value)| (name, value))
        .collect();
    for (name, value) in asked {
        digester = digester
            .field("env-name", name.as_encoded_bytes())
            .field("env-value", value.as_encoded_bytes());
    }
    ToolchainFingerprint(digester.finish())
}

/// No tool takes this long to say its version.
const PROBE_LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

fn allows(pattern: &str, name: &OsString) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}
