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

/// A program of the environment that `.ci/servers` makes for what emulates AWS.
///
/// # Panics
///
/// When it is not installed.
pub fn installed(name: &str) -> PathBuf {
    let program = root().join("target/servers/venv/bin").join(name);
    assert!(
        program.exists(),
        "{} is missing; run `bash .ci/servers` first",
        program.display()
    );
    program
}

/// The Python of that environment.
///
/// # Panics
///
/// When it is not installed.
pub fn python() -> PathBuf {
    installed("python")
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

    /// Starts one whose tasks are the runner.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn with_runner(faults: &str) -> Self {
        let runner = crate::built("retro-runner");
        Self::start(faults, &[], &[runner.as_ref(), OsStr::new("commit-job")])
    }

    /// Stores a secret in Secrets Manager.
    ///
    /// # Panics
    ///
    /// When it cannot be stored.
    pub fn store_secret(&self, name: &str, value: &str) {
        let script = "import boto3, sys; address, name, value = sys.argv[1:]; \
                      boto3.client('secretsmanager', endpoint_url=address, region_name='us-east-1', \
                      aws_access_key_id='test', aws_secret_access_key='test')\
                      .create_secret(Name=name, SecretString=value)";
        let stored = Command::new(python())
            .args(["-c", script, &self.address, name, value])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&stored.stderr);
        assert!(stored.status.success(), "{errors}");
    }

    /// What commands are told of it.
    ///
    /// # Panics
    ///
    /// When the stack has other outputs.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("RETRO_AWS_REGION", "us-east-1".to_owned()),
            ("RETRO_AWS_ENDPOINT", self.address.clone()),
            ("RETRO_AWS_TABLE", self.output("TableName")),
            ("RETRO_AWS_BUCKET", self.output("BucketName")),
            ("RETRO_AWS_STATE_MACHINE", self.output("StateMachineArn")),
        ]
    }

    /// What the stack tells the function of the initiator.
    ///
    /// # Panics
    ///
    /// When the stack has other outputs.
    pub fn function_settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", self.address.clone()),
            ("DYNAMODB_TABLE_NAME", self.output("TableName")),
            ("S3_BUCKET_NAME", self.output("BucketName")),
            ("STATE_MACHINE_ARN", self.output("StateMachineArn")),
        ]
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
