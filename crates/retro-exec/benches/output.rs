//! How fast output is taken, with and without secrets to look for, and how fast they are looked for.
//!
//! `cargo bench -p retro-exec` prints one line per case: the medians of several rounds.

use std::path::Path;
use std::time::Instant;

use retro_exec::{
    CancelToken, Capture, ChildProcesses, Executor, Invocation, Redactor, SecretText,
};

const ROUNDS: usize = 7;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    redaction_alone();
    through_put(&ChildProcesses::new(), folder.path());
}

fn through_put(executor: &ChildProcesses, folder: &Path) {
    let log = folder.join("log");
    std::fs::write(&log, typical_output()).expect("a file");
    let cat = ["cat"; 1]
        .into_iter()
        .chain([log.to_str().expect("a path"); 16]);
    let cat: Vec<&str> = cat.collect();
    for (case, argv) in [
        ("zeros", vec!["head", "-c", "4294967296", "/dev/zero"]),
        ("a log", cat),
    ] {
        let mut run = Invocation {
            argv: argv.iter().map(Into::into).collect(),
            cwd: folder.into(),
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            stdout: Capture {
                path: folder.join("stdout"),
                cap: 1 << 20,
            },
            ..Invocation::default()
        };
        let mut rates = Vec::new();
        for redactor in [Redactor::default(), redactor()] {
            run.redactor = redactor;
            let measured = (0..ROUNDS).map(|_| {
                let begin = Instant::now();
                let finished = executor.run(&run, &CancelToken::new()).expect("it runs");
                assert_eq!(finished.stdout.redacted, 0);
                gibibytes(finished.stdout.bytes) / begin.elapsed().as_secs_f64()
            });
            rates.push(median(measured.collect()));
        }
        let [without, with] = rates[..] else { return };
        println!("output, {case}: {without:.1} GiB/s, redacted: {with:.1} GiB/s");
    }
}

/// One thread that only redacts, in pieces as large as a pipe.
fn redaction_alone() {
    let (typical, redactor) = (typical_output(), redactor());
    let encoded: Vec<u8> = (0..typical.len())
        .map(|n| {
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[n * n / 7 % 64]
        })
        .collect();
    let secrets = "hunter2-hunter2-hunter22 and "
        .repeat(typical.len() / 29)
        .into_bytes();
    for (case, text) in [
        ("a log", &typical),
        ("base64", &encoded),
        ("nothing but secrets", &secrets),
    ] {
        let measured = (0..ROUNDS).map(|_| {
            let (begin, mut stream, mut left) = (Instant::now(), redactor.stream(), 0);
            for piece in text.chunks(1 << 20) {
                stream.take(piece, |part| left += part.len());
            }
            stream.finish(|part| left += part.len());
            assert!(left > 0);
            gibibytes(text.len() as u64) / begin.elapsed().as_secs_f64()
        });
        println!(
            "redaction alone, {case}: {:.2} GiB/s",
            median(measured.collect())
        );
    }
}

fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

/// Six secrets, a private key among them.
fn redactor() -> Redactor {
    let letters = |count: usize, seed: usize| -> String {
        let letter = |n: usize| {
            let n = (n + seed)
                .wrapping_mul(0x9e37_79b9)
                .wrapping_mul(n + 3 * seed + 7)
                >> 7;
            char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"[n % 64])
        };
        (0..count).map(letter).collect()
    };
    let key: Vec<String> = (0..25).map(|line| letters(64, line)).collect();
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        key.join("\n")
    );
    let secrets = [
        ("GITHUB_TOKEN", format!("ghp_{}", letters(36, 100))),
        ("AWS_SECRET_ACCESS_KEY", letters(40, 101)),
        ("API_KEY", format!("sk-ant-{}", letters(90, 102))),
        ("DATABASE_PASSWORD", "hunter2-hunter2-hunter22".to_owned()),
        ("NPM_TOKEN", format!("npm_{}", letters(36, 103))),
        ("DEPLOY_KEY", key),
    ]
    .map(|(name, value)| (name, SecretText::new(value)));
    Redactor::new(secrets.iter().map(|(name, value)| (*name, value)))
}

/// 128 MiB as builds and tests print it.
fn typical_output() -> Vec<u8> {
    let mut text = Vec::with_capacity(128 << 20);
    let mut line = 0u64;
    while text.len() < 127 << 20 {
        line += 1;
        let hash = line.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        text.extend_from_slice(
            format!(
                "2026-11-22T10:{:02}:{:02}.{:03}Z INFO server::http request id={hash:016x} GET /api/v1/items/{line} 200 in {} ms\n\
                 test parser::tests::reads_number_{line} ... ok\n   Compiling crate-{} v0.{}.1 (/workspace/crates/name)\n",
                line / 60 % 60, line % 60, line % 1000, hash % 977, line % 300, line % 17,
            )
            .as_bytes(),
        );
    }
    text
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
