//! Walking history with `true` as the command: git-retro beside `git checkout` and the limits.
//!
//! `cargo bench -p retro-tests --bench walk [-- ROUNDS]`

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use retro_domain::{
    CacheKey, CommandLine, CommitId, Epoch, Outcome, Overlay, RepoId, Suite, TestCase, TestId,
    Timestamp, TreeId, Verdict,
};
use retro_store::{PutCondition, ResourceUsage, ResultRecord, ResultStore};
use retro_store_local::LocalStores;
use retro_testing::ScratchRepo;
use retro_tests::stopwatch::{Cost, median, released_binary, time};

const COMMITS: usize = 500;

fn main() {
    let rounds: usize = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(3)
        .max(1);
    let binary = released_binary();
    for shape in [Shape::LARGE, Shape::SMALL] {
        let files = shape.files;
        let repo = history(shape, COMMITS + 1);
        println!("== {files} files, {COMMITS} commits, {rounds} rounds, medians");
        let mut rows: Vec<(&str, Vec<Duration>)> = Vec::new();
        let mut memory = 0;
        for _ in 0..rounds {
            // One after the other in each round, so that a drift of the machine meets all alike.
            let mut note = |name, wall| match rows.iter_mut().find(|(known, _)| *known == name) {
                Some((_, times)) => times.push(wall),
                None => rows.push((name, vec![wall])),
            };
            note("(a) git checkout -q X && true", checkout_loop(&repo));
            for (name, jobs) in [("git retro, 1 job", "1"), ("git retro, 2 jobs", "2")] {
                let cost = git_retro(&binary, &repo, jobs);
                memory = memory.max(cost.max_rss);
                note(name, cost.wall);
            }
            if let Some(wall) = branchless(&repo) {
                note("(b) git test run (git-branchless)", wall);
            }
            note("(c) floor: fork, exec, record", floor());
            note("(c) limit: write changed files, exec", limit(&repo, shape));
        }
        let rate = |name: &str| {
            let times = rows.iter().find(|(known, _)| known.starts_with(name));
            times.map(|(_, times)| COMMITS as f64 / median(times.clone()).as_secs_f64())
        };
        let base = rate("(a)").unwrap_or(f64::NAN);
        for (name, _) in &rows {
            let rate = rate(name).unwrap_or(f64::NAN);
            println!(
                "{name:<40} {rate:>8.1} commits/s   {:>6.2} x (a)",
                rate / base
            );
        }
        let ratio = rate("git retro, 2")
            .zip(rate("git retro, 1"))
            .map(|(two, one)| two / one);
        println!("two jobs / one job: {:.2}", ratio.unwrap_or(f64::NAN));
        println!("largest resident set of git retro: {} MiB", memory >> 20);
        if files == 230 {
            cached(&binary);
        }
    }
}

/// What a generated repository is like.
#[derive(Clone, Copy)]
struct Shape {
    files: usize,
    files_per_folder: usize,
    bytes_per_file: usize,
    changed_per_commit: usize,
}

impl Shape {
    /// About the measures of rust-analyzer along its first parents: wide folders, files of some
    /// 9 kB, merges that change a dozen files.
    const LARGE: Self = Self {
        files: 2_300,
        files_per_folder: 60,
        bytes_per_file: 9_000,
        changed_per_commit: 15,
    };
    /// About the measures of ripgrep.
    const SMALL: Self = Self {
        files: 230,
        files_per_folder: 12,
        bytes_per_file: 9_000,
        changed_per_commit: 3,
    };
}

/// A linear history, packed as a clone of it would be.
fn history(shape: Shape, commits: usize) -> ScratchRepo {
    let mut stream = String::new();
    for commit in 0..commits {
        let seconds = 1_700_000_000 + 60 * commit;
        let person = format!("Ada <ada@example.com> {seconds} +0000");
        let _ = write!(
            stream,
            "commit refs/heads/main\nauthor {person}\ncommitter {person}\ndata 2\nc\n"
        );
        let changed = changed_files(shape, commit);
        for file in changed {
            let text = content(shape, file, commit);
            let path = path(shape, file);
            let _ = write!(
                stream,
                "M 100644 inline {path}\ndata {}\n{text}\n",
                text.len()
            );
        }
    }
    stream.push_str("done\n");
    let repo = ScratchRepo::new();
    repo.git_with_input(
        ["fast-import", "--quiet", "--done", "--force"],
        stream.as_bytes(),
    );
    repo.git(["repack", "-a", "-d", "-f", "-q"]);
    repo.git(["checkout", "-q", "-f", "main"]);
    repo
}

/// The files of a commit that differ from the one before: far apart, and other ones each time.
fn changed_files(shape: Shape, commit: usize) -> Vec<usize> {
    match commit {
        0 => (0..shape.files).collect(),
        _ => (0..shape.changed_per_commit)
            .map(|nth| (commit * 7_919 + nth * 613) % shape.files)
            .collect(),
    }
}

fn path(shape: Shape, file: usize) -> String {
    let folder = file / shape.files_per_folder;
    let component = folder / 8;
    format!(
        "crates/component-{component:02}/src/handlers/part_{folder:04}/some_longer_name_{file:05}.rs"
    )
}

fn content(shape: Shape, file: usize, version: usize) -> String {
    let lines = shape.bytes_per_file / 60;
    let mut text = String::new();
    let mut random = (file + 1) as u64;
    for line in 0..lines {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        if line == version * 7 % lines {
            let _ = writeln!(text, "changed by version {version}");
        } else {
            let _ = writeln!(
                text,
                "    line {line} of file {file}, which stays {random:020x}"
            );
        }
    }
    text
}

fn retro(
    binary: &Path,
    repo: &ScratchRepo,
    folder: &Path,
    last: usize,
    jobs: &str,
    line: &[&str],
) -> Cost {
    let mut command = new_command(binary);
    command
        .current_dir(repo.path())
        .args([
            "run",
            "--quiet",
            "--fail-on",
            "none",
            "--jobs",
            jobs,
            "--last",
            &last.to_string(),
        ])
        .arg("--data-dir")
        .arg(folder.join("data"))
        .arg("--cache-dir")
        .arg(folder.join("cache"))
        .args(line);
    time(&mut command)
}

fn git_retro(binary: &Path, repo: &ScratchRepo, jobs: &str) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    // The slots are made beforehand where the walk begins, as the clone that `git checkout` walks in
    // is made beforehand.
    let ends = format!("{}", COMMITS - 1);
    let places = ["--every", &ends, "--", "sh", "-c", "sleep 0.2"];
    retro(binary, repo, folder.path(), COMMITS, "2", &places);
    retro(binary, repo, folder.path(), COMMITS, jobs, &["--", "true"])
}

/// A fully cached range of 1,000 commits.
fn cached(binary: &Path) {
    let repo = history(Shape::SMALL, 1_001);
    let folder = tempfile::tempdir().unwrap();
    retro(binary, &repo, folder.path(), 1_000, "2", &["--", "true"]);
    let times = (0..5)
        .map(|_| retro(binary, &repo, folder.path(), 1_000, "2", &["--", "true"]).wall)
        .collect();
    println!(
        "1,000 commits, all known: {:.3} s (limit 0.3 s)",
        median(times).as_secs_f64()
    );
}

fn checkout_loop(repo: &ScratchRepo) -> Duration {
    let clone = repo.clone_with(["--no-hardlinks"]);
    let commits = newest(repo);
    let script = "while read c; do git checkout -q $c && /bin/true; done";
    let mut command = new_command("sh");
    command
        .current_dir(clone.path())
        .args(["-c", script])
        .stdin(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let list: Vec<String> = commits.iter().map(CommitId::to_string).collect();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, (list.join("\n") + "\n").as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    start.elapsed()
}

fn branchless(repo: &ScratchRepo) -> Option<Duration> {
    let installed = new_command("git-branchless")
        .arg("--version")
        .output()
        .is_ok();
    if !installed {
        return None;
    }
    let clone = repo.clone_with(["--no-hardlinks"]);
    clone.git(["branchless", "init"]);
    let range = format!("HEAD~{COMMITS}..HEAD");
    let start = Instant::now();
    clone.git([
        "test",
        "run",
        "--exec",
        "true",
        "--strategy",
        "worktree",
        "--jobs",
        "1",
        &range,
    ]);
    Some(start.elapsed())
}

/// Starts the command and stores a result, and does nothing else.
fn floor() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let stores = LocalStores::open(folder.path()).unwrap();
    let results: Arc<dyn ResultStore> = stores.results.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let suite = Suite::new("floor", CommandLine::Argv(vec!["true".into()]));
    let repo = RepoId::new("bench", "floor").unwrap();
    let start = Instant::now();
    for number in 0..COMMITS {
        assert!(new_command("true").status().unwrap().success());
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
        let record = ResultRecord {
            key: CacheKey::new(
                TreeId::from_bytes(&bytes).unwrap(),
                suite.fingerprint(),
                retro_domain::ToolchainFingerprint::unknown(),
                Overlay::default().hash(),
            ),
            repo: repo.clone(),
            commit: CommitId::from_bytes(&bytes).unwrap(),
            suite_name: "floor".into(),
            verdict: Verdict::Passed,
            started_at: Timestamp::from_unix_seconds(0),
            usage: ResourceUsage::default(),
            ending: "exit code 0".into(),
            notes: Vec::new(),
            epoch: Epoch(1),
            artifacts: None,
            cases: vec![TestCase::new(TestId::command("floor"), Outcome::Passed)],
        };
        runtime
            .block_on(results.put(&record, PutCondition::Absent))
            .unwrap();
    }
    start.elapsed()
}

/// Writes the files that each commit changes, from memory, and starts the command.
fn limit(repo: &ScratchRepo, shape: Shape) -> Duration {
    let changed: Vec<Vec<(String, String)>> = (1..=COMMITS)
        .map(|commit| {
            let files = changed_files(shape, commit).into_iter();
            files
                .map(|file| (path(shape, file), content(shape, file, commit)))
                .collect()
        })
        .collect();
    let clone = repo.clone_with(["--no-hardlinks"]);
    let start = Instant::now();
    for files in changed {
        for (name, content) in files {
            std::fs::write(clone.path().join(name), content).unwrap();
        }
        assert!(new_command("true").status().unwrap().success());
    }
    start.elapsed()
}

fn newest(repo: &ScratchRepo) -> Vec<CommitId> {
    let mut commits = repo.rev_list([format!("-{COMMITS}"), "HEAD".to_owned()]);
    commits.reverse();
    commits
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark starts what it is compared with"
)]
fn new_command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}
