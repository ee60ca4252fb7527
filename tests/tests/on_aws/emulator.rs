//! The emulator, with the real runner for tasks.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use retro_tests::built;
use serde_json::Value;

/// An emulator of AWS with the stack deployed; it ends with this value.
pub(crate) struct Emulator {
    // Its standard input closes when this is dropped, and it ends then.
    process: Child,
    address: String,
    outputs: Value,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn python() -> PathBuf {
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
    reason = "the test starts tools, as a person would"
)]
impl Emulator {
    /// Starts one whose requests and tasks fail with these odds.
    pub(crate) fn start(faults: &str) -> Self {
        let script = |name: &str| root().join("tests/servers").join(name);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut process = Command::new(python())
            .arg(script("aws_harness.py"))
            .args(["--seed", "1", "--faults", faults, "--env"])
            .arg(format!("PATH={}", path.display()))
            .arg("--")
            .arg(built("retro-runner"))
            .arg("commit-job")
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

    /// What git-retro is told of it.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let output = |name: &str| self.outputs[name].as_str().unwrap().to_owned();
        vec![
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("RETRO_AWS_REGION", "us-east-1".to_owned()),
            ("RETRO_AWS_ENDPOINT", self.address.clone()),
            ("RETRO_AWS_TABLE", output("TableName")),
            ("RETRO_AWS_BUCKET", output("BucketName")),
            ("RETRO_AWS_STATE_MACHINE", output("StateMachineArn")),
        ]
    }
}

impl Emulator {
    /// Stores a secret.
    #[expect(
        clippy::disallowed_methods,
        reason = "the test starts tools, as a person would"
    )]
    pub(crate) fn store_secret(&self, name: &str, value: &str) {
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

    /// What the stack tells the function of the initiator.
    pub(crate) fn function_settings(&self) -> Vec<(&'static str, String)> {
        let output = |name: &str| self.outputs[name].as_str().unwrap().to_owned();
        vec![
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", self.address.clone()),
            ("DYNAMODB_TABLE_NAME", output("TableName")),
            ("S3_BUCKET_NAME", output("BucketName")),
            ("STATE_MACHINE_ARN", output("StateMachineArn")),
        ]
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends its tasks first.
        let _ = self.process.wait();
    }
}
