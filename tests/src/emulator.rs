//! An AWS on this machine with the stack deployed, whose tasks are processes.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The emulator of `tests/servers`, with the template deployed into it; it ends with this value.
///
/// Tasks and state machines may do what their roles in the template allow, and so may a caller whose
/// access key is the name of a role.
pub struct Emulator {
    // Its standard input closes when this is dropped, and it ends then.
    process: Child,
    address: String,
    outputs: Value,
}

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The Python that `.ci/servers` installs what emulates AWS for.
///
/// # Panics
///
/// When it is not installed.
pub fn python() -> PathBuf {
    let program = root().join("target/servers/venv/bin/python");
    assert!(
        program.exists(),
        "{} is missing; run `bash .ci/servers` first",
        program.display()
    );
    program
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests start tools, as a person would"
)]
impl Emulator {
    /// Starts one whose tasks run this command, and whose requests and tasks fail with these odds (JSON).
    ///
    /// # Panics
    ///
    /// When it cannot be started, or the template not deployed.
    pub fn start(faults: &str, parameters: &[&str], command: &[&OsStr]) -> Self {
        let script = |name: &str| root().join("tests/servers").join(name);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut process = Command::new(python())
            .arg(script("aws_harness.py"))
            .args(["--seed", "1", "--faults", faults, "--env"])
            .arg(format!("PATH={}", path.display()))
            .arg("--")
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["address"].as_str().unwrap().to_owned();
        let deployed = Command::new(python())
            .arg(script("deploy_stack.py"))
            .arg(&address)
            .args(parameters)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&deployed.stderr);
        assert!(deployed.status.success(), "{errors}");
        Self {
            process,
            address,
            outputs: serde_json::from_slice(&deployed.stdout).unwrap(),
        }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// An output of the stack.
    ///
    /// # Panics
    ///
    /// When it has none of this name.
    pub fn output(&self, name: &str) -> String {
        self.outputs[name].as_str().unwrap().to_owned()
    }

    /// What was started, what went wrong, and what roles did.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub fn report(&self) -> Value {
        let host = self.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /harness HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends its tasks first.
        let _ = self.process.wait();
    }
}
