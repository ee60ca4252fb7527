//! Stores 1,000 commits of 5,000 tests each, asks every question, and compares with one row per
//! result.
//!
//! `cargo bench -p retro-store-local`; `-- --commits 100 --tests 500` for another size. The same
//! seed makes the same data.

#[path = "thousand_commits/baseline.rs"]
mod baseline;
#[path = "thousand_commits/history.rs"]
mod history;
#[path = "thousand_commits/jobs.rs"]
mod jobs;

use std::path::Path;
use std::time::{Duration, Instant};

use history::History;
use retro_domain::TestId;
use retro_store::{PutCondition, ResultStore as _, RunStore as _, TestPattern};
use retro_store_local::LocalStores;

/// How often each question is asked; the median is printed.
const ROUNDS: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |flag: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == flag);
        let text = at.and_then(|at| arguments.get(at + 1));
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let (commits, tests) = (number("--commits", 1_000), number("--tests", 5_000));
    let history = History::new(commits, tests);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async {
        println!("{commits} commits x {tests} tests");
        for located in [false, true] {
            let folder = folder.path().join(if located { "located" } else { "bare" });
            let title = if located {
                "every test with file and line"
            } else {
                "failures with messages, others bare"
            };
            println!("\n## {title}");
            let stores = LocalStores::open(&folder).expect("a fresh data directory opens");
            store(&stores, &history, located).await;
            ask(&stores, &folder, &history).await;
            side_by_side(&stores, &history);
        }
        println!("\n## one row per result, for comparison");
        baseline::measure(folder.path(), &history);
        println!("\n## one small job: claim, one result, completion, three events, no artifacts");
        jobs::measure(folder.path()).await;
    });
}

async fn store(stores: &LocalStores, history: &History, located: bool) {
    let mut spent = Duration::ZERO;
    let mut slowest = Duration::ZERO;
    let mut rows = 0;
    for commit in 0..history.commits {
        let record = history.result(commit, located);
        rows += record.cases.len();
        let start = Instant::now();
        let stored = stores.results.put(&record, PutCondition::Absent).await;
        let took = start.elapsed();
        stored.expect("the key is new");
        spent += took;
        slowest = slowest.max(took);
    }
    let usage = stores.usage().expect("it can be measured");
    println!(
        "stored {rows} results in {:.2} s: {:.0} results/s, {:.2} ms a commit, {:.1} ms at worst",
        spent.as_secs_f64(),
        rows as f64 / spent.as_secs_f64(),
        spent.as_secs_f64() * 1e3 / history.commits as f64,
        slowest.as_secs_f64() * 1e3,
    );
    println!(
        "on disk: {:.1} MB, {:.2} bytes a result, the write-ahead log (up to 33 MB) included",
        usage.database_bytes as f64 / 1e6,
        usage.database_bytes as f64 / rows as f64,
    );
    for number in 0..50 {
        let run = history.run(number);
        stores.runs.create_run(&run).await.expect("the id is new");
    }
}

/// Times every question, the first time over a new connection.
async fn ask(stores: &LocalStores, folder: &Path, history: &History) {
    let fresh = LocalStores::open(folder).expect("it opens again");
    let keys = history.keys();
    let middle = history.keys()[keys.len() / 2];
    let results = &fresh.results;
    let test = history.test(7);
    timed("summaries of every key", async || {
        let found = results.summaries(&keys).await.expect("readable");
        found.iter().flatten().count()
    })
    .await;
    timed("the tests of one commit", async || {
        let cases = results.cases(&middle).await.expect("readable");
        cases.expect("stored").len()
    })
    .await;
    timed("the failures of one commit", async || {
        let cases = results.failures(&middle).await.expect("readable");
        cases.expect("stored").len()
    })
    .await;
    for pattern in ["*case_12*", "case_12", &test.to_string()] {
        timed(&format!("tests that match {pattern}"), async || {
            let pattern = TestPattern(pattern.to_owned());
            let found = results.find_tests(&history.repo, &pattern, 100).await;
            found.expect("readable").len()
        })
        .await;
    }
    timed("one test over every key", async || {
        history_of(&fresh, &test, history).await
    })
    .await;
    timed("a failing test over every key", async || {
        history_of(&fresh, &history.test(0), history).await
    })
    .await;
    timed("the outcomes of every key", async || {
        let table = results.outcomes(&keys).await.expect("readable");
        table.rows.iter().flatten().map(Vec::len).sum()
    })
    .await;
    timed("the newest run, with its commits", async || {
        let runs = fresh.jobs.runs(Some(&history.repo), 1).await;
        runs.expect("readable").len()
    })
    .await;
    timed("50 runs, with their commits", async || {
        fresh.jobs.runs(None, 100).await.expect("readable").len()
    })
    .await;
    drop(fresh);
    let start = Instant::now();
    let before = history.started_at(history.commits / 10);
    let removed = stores.results.prune(before, None, &[]).await;
    println!(
        "{:>44}  {:8.2} ms  ({} removed)",
        "pruning a tenth",
        start.elapsed().as_secs_f64() * 1e3,
        removed.expect("writable").len()
    );
    let start = Instant::now();
    stores.compact().expect("nobody else is there");
    let took = start.elapsed().as_secs_f64() * 1e3;
    let left = stores.usage().expect("it can be measured").database_bytes as f64 / 1e6;
    println!("{:>44}  {took:8.2} ms  ({left:.1} MB left)", "compacting");
}

async fn history_of(stores: &LocalStores, test: &TestId, history: &History) -> usize {
    let found = stores.results.history(test, &history.keys()).await;
    found.expect("readable").iter().flatten().count()
}

async fn timed(what: &str, ask: impl AsyncFn() -> usize) {
    let start = Instant::now();
    let found = ask().await;
    let first = start.elapsed();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        assert_eq!(ask().await, found, "the same question, the same answer");
        times.push(start.elapsed());
    }
    times.sort();
    println!(
        "{what:>44}  {:8.2} ms, {:8.2} ms at first  ({found} found)",
        times[ROUNDS / 2].as_secs_f64() * 1e3,
        first.as_secs_f64() * 1e3,
    );
}

/// Whether readers on several threads get in each other's way.
fn side_by_side(stores: &LocalStores, history: &History) {
    let read = |threads: usize| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .build()
                        .expect("a runtime can be made");
                    for _ in 0..5 {
                        runtime.block_on(history_of(stores, &history.test(7), history));
                    }
                });
            }
        });
        threads as f64 * 5.0 / start.elapsed().as_secs_f64()
    };
    read(2);
    let (one, two) = (read(1), read(2));
    println!("histories a second: {one:.0} on one thread, {two:.0} on two");
}
