//! What most would write first: a row for each test of each commit.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;

use super::history::{History, key};

/// Commits that are stored; more would only take longer.
const COMMITS: u64 = 40;

pub(crate) fn measure(folder: &Path, history: &History) {
    let path = folder.join("baseline.db");
    let mut connection = Connection::open(&path).expect("it can be made");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE test (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
             CREATE TABLE result (key BLOB NOT NULL, test INTEGER NOT NULL, outcome TEXT NOT NULL,
             duration_us INTEGER, message TEXT, PRIMARY KEY (key, test)) WITHOUT ROWID;
             CREATE INDEX result_by_test ON result (test);",
        )
        .expect("the tables can be made");
    let commits = COMMITS.min(history.commits);
    let mut rows = 0_u64;
    let mut spent = 0.0;
    for commit in 0..commits {
        let record = history.result(commit, false);
        let key = key(commit);
        let start = Instant::now();
        let tx = connection.transaction().expect("nobody else writes");
        for case in &record.cases {
            let name = case.id.to_string();
            tx.prepare_cached("INSERT INTO test (name) VALUES (?1) ON CONFLICT DO NOTHING")
                .and_then(|mut insert| insert.execute([&name]))
                .expect("it can be stored");
            tx.prepare_cached(
                "INSERT INTO result VALUES (?1, (SELECT id FROM test WHERE name = ?2), ?3, ?4, ?5)",
            )
            .and_then(|mut insert| {
                let micros = case.duration.map(|it| it.as_micros() as i64);
                let key = key.digest().as_bytes();
                insert.execute((key, &name, case.outcome.name(), micros, &case.message))
            })
            .expect("it can be stored");
            rows += 1;
        }
        tx.commit().expect("it can be stored");
        spent += start.elapsed().as_secs_f64();
    }
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("nobody else reads");
    let bytes = std::fs::metadata(&path).expect("it is there").len();
    let each = bytes as f64 / rows as f64;
    println!(
        "stored {rows} results ({commits} commits) in {spent:.2} s: {:.0} results/s",
        rows as f64 / spent
    );
    println!(
        "on disk: {:.1} MB, {each:.1} bytes a result; the whole history would take {:.0} MB",
        bytes as f64 / 1e6,
        each * rows as f64 / commits as f64 * history.commits as f64 / 1e6,
    );
}
