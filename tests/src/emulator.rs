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
        Self::with_stack(faults, &[])
    }

    /// Starts one whose tasks are the runner, with these parameters of the template.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn with_stack(faults: &str, parameters: &[&str]) -> Self {
        let runner = crate::built("retro-runner");
        let command = [runner.as_ref(), OsStr::new("commit-job")];
        Self::start(faults, parameters, &command)
    }

    /// Stores a secret in Secrets Manager.
    ///
    /// # Panics
    ///
    /// When it cannot be stored.
    pub fn store_secret(&self, name: &str, value: &str) {
        let call =
            "client('secretsmanager').create_secret(Name=given[0], SecretString=given[1])['ARN']";
        self.ask(call, &[name, value]);
    }

    /// Stores an object in the stack's bucket.
    ///
    /// # Panics
    ///
    /// When it cannot be stored.
    pub fn store_object(&self, key: &str, content: &str) {
        let call = "client('s3').put_object(Bucket=given[0], Key=given[1], Body=given[2].encode())['ETag']";
        self.ask(call, &[&self.output("BucketName"), key, content]);
    }

    /// The keys of all objects in the stack's bucket.
    ///
    /// # Panics
    ///
    /// When they cannot be listed.
    pub fn keys(&self) -> Vec<String> {
        let call = "[one['Key'] for page in client('s3').get_paginator('list_objects_v2')\
                    .paginate(Bucket=given[0]) for one in page.get('Contents', [])]";
        let keys = self.ask(call, &[&self.output("BucketName")]);
        serde_json::from_value(keys).unwrap()
    }

    /// What the table has of the jobs of a commit: attributes as text.
    ///
    /// # Panics
    ///
    /// When the table cannot be read.
    pub fn jobs_of(&self, commit: &str) -> Vec<Value> {
        let call = "[{name: next(iter(value.values())) for name, value in item.items()} \
                    for page in client('dynamodb').get_paginator('scan').paginate(TableName=given[0]) \
                    for item in page['Items'] if item['commit_suite']['S'].startswith(given[1] + '#')]";
        let jobs = self.ask(call, &[&self.output("TableName"), commit]);
        serde_json::from_value(jobs).unwrap()
    }

    /// What an expression of Python says, where `client(SERVICE)` may do everything and `given` is what is
    /// given.
    fn ask(&self, expression: &str, given: &[&str]) -> Value {
        let script = format!(
            "import boto3, json, sys; address, *given = sys.argv[1:]; \
             client = lambda name: boto3.client(name, endpoint_url=address, region_name='us-east-1', \
             aws_access_key_id='test', aws_secret_access_key='test'); print(json.dumps({expression}))"
        );
        let said = Command::new(python())
            .args(["-c", &script, &self.address])
            .args(given)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{errors}");
        serde_json::from_slice(&said.stdout).unwrap()
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
