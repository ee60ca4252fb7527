//! How fast one commit comes from a server: `cargo bench -p retro-git --bench fetch`.
//!
//! Prints the time from an empty folder to a work tree for `fetch_commit` and a slot, beside a full
//! `git clone` and `git checkout`, from the same server on this machine in the same run; and what
//! listing 10,000 commits takes in time and memory.

use std::path::Path;
use std::time::{Duration, Instant};

use retro_domain::CommitId;
use retro_git::{
    CommitQuery, FetchOptions, FetchWay, GitRepository, GitSlotPool, History as _, HistoryRequest,
    Pace, Remote, Selection, SlotOptions, SlotPool, fetch_commit, fetch_history,
};
use retro_testing::{GitServer, HistorySpec, ScratchRepo};

const ROUNDS: usize = 9;
/// The files of a commit, and their size: 4 MB in all.
const FILES: usize = 250;
const FILE_SIZE: usize = 16 * 1024;
/// With what each commit changes, 100 MB in all.
const COMMITS: usize = 1_220;
const CHANGED_PER_COMMIT: usize = 5;

struct NoTrouble;

impl Pace for NoTrouble {
    fn sleep(&self, _: Duration) {}

    fn up_to(&self, limit: u64) -> u64 {
        limit
    }
}

fn main() {
    list_commits();
    let repo = large_repository();
    let server = GitServer::start(repo.outside());
    let commit = repo.rev("main~600");
    let packed = repo.git(["count-objects", "-v"]);
    let size = packed.lines().find(|line| line.starts_with("size-pack"));
    println!(
        "{COMMITS} commits, {FILES} files, {} KiB",
        size.unwrap_or("?")
    );
    let (mut ours, mut clones) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let folder = repo.outside().join(format!("round-{round}"));
        std::fs::create_dir(&folder).expect("a folder");
        ours.push(one_commit(&server, &folder, &commit));
        clones.push(full_clone(&repo, &server, &folder, &commit));
        std::fs::remove_dir_all(&folder).expect("the folder can go");
    }
    ours.sort_unstable();
    clones.sort_unstable();
    // The fastest is the one that other work on the machine disturbed least.
    for (what, at) in [("median", ROUNDS / 2), ("fastest", 0)] {
        let (ours, clone) = (ours[at], clones[at]);
        let ratio = clone.as_secs_f64() / ours.as_secs_f64();
        println!(
            "{what} of {ROUNDS}: fetch_commit and checkout {ours:.3?}, git clone and checkout \
             {clone:.3?}, ratio {ratio:.1} (target: 6)"
        );
    }
}

fn one_commit(server: &GitServer, folder: &Path, commit: &CommitId) -> Duration {
    let start = Instant::now();
    let remote = Remote::new(&server.url("repo")).expect("an address");
    let options = FetchOptions::new(&NoTrouble);
    let into = folder.join("fetched");
    let done = fetch_commit(&remote, &into, commit, &options, &mut |_| {}).expect("a fetch");
    assert_eq!(done.way, FetchWay::ByHash);
    let repository = GitRepository::open(&done.git_dir).expect("a repository");
    let slots = folder.join("slots");
    let pool = GitSlotPool::open(&repository, &slots, SlotOptions::default()).expect("a pool");
    let mut slot = pool.acquire(None).expect("a slot");
    assert_eq!(slot.checkout(commit).expect("a checkout").written, FILES);
    start.elapsed()
}

fn full_clone(
    repo: &ScratchRepo,
    server: &GitServer,
    folder: &Path,
    commit: &CommitId,
) -> Duration {
    let start = Instant::now();
    let url = server.url("repo");
    repo.git_in(folder, ["clone", "-q", "--no-checkout", &url, "clone"]);
    let clone = folder.join("clone");
    repo.git_in(&clone, ["checkout", "-q", "--detach", &commit.to_string()]);
    start.elapsed()
}

fn list_commits() {
    let repo = ScratchRepo::with_history(HistorySpec {
        files: 300,
        commits: 10_001,
        changed_per_commit: 3,
    });
    repo.git(["repack", "-adq"]);
    let server = GitServer::start(repo.outside());
    let remote = Remote::new(&server.url("repo")).expect("an address");
    let request = HistoryRequest {
        depth: Some(10_000),
        tips: Vec::new(),
    };
    reset_peak();
    let (before, start) = (peak_memory(), Instant::now());
    let into = repo.outside().join("fetched");
    let options = FetchOptions::new(&NoTrouble);
    let done = fetch_history(&remote, &into, &request, &options, &mut |_| {}).expect("a fetch");
    let fetched = start.elapsed();
    let repository = GitRepository::open(&done.git_dir).expect("a repository");
    let query = CommitQuery::new(Selection::Last {
        count: 10_000,
        tip: None,
    });
    let listed = repository.commits(&query).expect("a list");
    assert_eq!(listed.commits.len(), 10_000);
    println!(
        "10,000 commits: fetched in {fetched:.3?} ({} KiB), listed in {:.3?}; peak memory {before} \
         before, {} after",
        done.received_bytes / 1024,
        start.elapsed() - fetched,
        peak_memory()
    );
}

/// The largest resident set so far, as the system puts it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.map_or_else(|| "?".to_owned(), |line| line[6..].trim().to_owned())
}

fn reset_peak() {
    // Where this is not possible the figure is too large, which does no harm.
    drop(std::fs::write("/proc/self/clear_refs", "5"));
}

/// Files of bytes that no compression makes smaller.
fn large_repository() -> ScratchRepo {
    let repo = ScratchRepo::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut stream = Vec::new();
    for commit in 0..COMMITS {
        let person = format!("Ada <ada@example.com> {} +0000", 1_700_000_000 + commit);
        let header = format!(
            "commit refs/heads/main\nauthor {person}\ncommitter {person}\ndata 2\n{}\n",
            "m\n"
        );
        stream.extend_from_slice(header.as_bytes());
        let files: Vec<usize> = if commit == 0 {
            (0..FILES).collect()
        } else {
            (0..CHANGED_PER_COMMIT)
                .map(|change| (commit * CHANGED_PER_COMMIT + change) % FILES)
                .collect()
        };
        for file in files {
            let entry = format!("M 100644 inline src/part_{}/file_{file}\n", file / 12);
            stream.extend_from_slice(entry.as_bytes());
            stream.extend_from_slice(format!("data {FILE_SIZE}\n").as_bytes());
            for _ in 0..FILE_SIZE / 8 {
                stream.extend_from_slice(&next().to_le_bytes());
            }
            stream.push(b'\n');
        }
    }
    stream.extend_from_slice(b"done\n");
    repo.git_with_input(["fast-import", "--quiet", "--done"], &stream);
    repo.git(["config", "uploadpack.allowReachableSHA1InWant", "true"]);
    repo.git(["repack", "-adq"]);
    repo
}
