//! How fast slots go from commit to commit: `cargo bench -p retro-git --bench walk`.
//!
//! Prints checkouts per second over 500 consecutive commits of generated repositories, the search for
//! what a command changed included, beside `git checkout -q` on the same machine in the same run.

use std::path::Path;
use std::time::{Duration, Instant};

use retro_domain::CommitId;
use retro_git::{GitRepository, GitSlotPool, Slot, SlotOptions, SlotPool};
use retro_testing::{HistorySpec, ScratchRepo};

const COMMITS: usize = 500;
const COMMITS_BY_GIT: usize = 60;

fn main() {
    for files in [230, 2_300] {
        let repo = ScratchRepo::with_history(HistorySpec {
            files,
            commits: COMMITS,
            changed_per_commit: 3,
        });
        // Histories are packed in real life.
        repo.git(["repack", "-adq"]);
        let commits = repo.rev_list(["--reverse", "main"]);
        let pool = pool(&repo);
        let one = walk(&mut *acquire(&pool), &commits);
        report(files, "one slot", COMMITS, one);
        let (first, second) = commits.split_at(COMMITS / 2);
        let mut slots = [acquire(&pool), acquire(&pool)];
        slots[0].checkout(&first[0]).expect("a checkout");
        slots[1].checkout(&second[0]).expect("a checkout");
        let start = Instant::now();
        std::thread::scope(|scope| {
            for (slot, part) in slots.iter_mut().zip([first, second]) {
                scope.spawn(move || part.iter().for_each(|commit| checkout(&mut **slot, commit)));
            }
        });
        report(files, "two slots in two threads", COMMITS, start.elapsed());
        report(
            files,
            "git checkout -q",
            COMMITS_BY_GIT,
            by_git(&repo, &commits),
        );
        let start = Instant::now();
        drop(slots);
        drop(acquire(&pool));
        report(
            files,
            "giving a slot back and taking it again",
            1,
            start.elapsed(),
        );
    }
}

fn pool(repo: &ScratchRepo) -> GitSlotPool {
    let repository = GitRepository::discover(repo.path()).expect("a repository");
    let slots: &Path = &repo.outside().join("slots");
    GitSlotPool::open(&repository, slots, SlotOptions::default()).expect("a pool")
}

fn acquire(pool: &GitSlotPool) -> Box<dyn Slot> {
    pool.acquire(None).expect("a slot")
}

fn checkout(slot: &mut dyn Slot, commit: &CommitId) {
    let done = slot.checkout(commit).expect("a checkout");
    assert_eq!((done.restored, done.cleaned), (0, 0));
}

fn walk(slot: &mut dyn Slot, commits: &[CommitId]) -> Duration {
    slot.checkout(&commits[0]).expect("a checkout");
    let (start, processor) = (Instant::now(), processor_time());
    for commit in commits {
        checkout(slot, commit);
    }
    let each = (processor_time() - processor) / u32::try_from(commits.len()).expect("few");
    println!("             processor time of each checkout: {each:?}");
    start.elapsed()
}

/// What this thread has used of a processor, which other work on the machine changes little; zero
/// where the system does not say.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn by_git(repo: &ScratchRepo, commits: &[CommitId]) -> Duration {
    let start = Instant::now();
    for commit in &commits[..COMMITS_BY_GIT] {
        repo.git(["checkout", "-q", &commit.to_string()]);
    }
    start.elapsed()
}

fn report(files: usize, what: &str, count: usize, took: Duration) {
    let each = took / u32::try_from(count).expect("a small number");
    let rate = count as f64 / took.as_secs_f64();
    println!("{files:>5} files, {what}: {rate:.0} per second, {each:?} each");
}
