//! The tables, and how a database of an older form becomes one of this form.

use rusqlite::{Connection, TransactionBehavior};

use crate::fault::Fault;
use retro_store::StoreError;

/// Marks a file as a database of git-retro: `retr` in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x7265_7472;

/// What turns a database of form `n` into one of form `n + 1`, in order. A released entry never
/// changes; a new form is a new entry.
const MIGRATIONS: [&str; 2] = [FORM_1, FORM_2];

/// The newest form this version knows.
pub(crate) const FORM: usize = MIGRATIONS.len();

const FORM_1: &str = "
CREATE TABLE repo (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (owner, name)
) STRICT;

CREATE TABLE run (
    id TEXT NOT NULL UNIQUE,
    repo INTEGER NOT NULL REFERENCES repo (id),
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    status TEXT NOT NULL,
    plan TEXT NOT NULL
) STRICT;
CREATE INDEX run_by_start ON run (started_at, id);
CREATE INDEX run_by_repo ON run (repo, started_at, id);

CREATE TABLE job (
    repo INTEGER NOT NULL REFERENCES repo (id),
    commit_id BLOB NOT NULL,
    suite BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETE', 'FAILED')),
    epoch INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    owner TEXT CHECK ((owner IS NULL) = (status <> 'RUNNING')),
    expires_at INTEGER CHECK ((expires_at IS NULL) = (status <> 'RUNNING')),
    ending TEXT CHECK ((ending IS NULL) = (status NOT IN ('COMPLETE', 'FAILED'))),
    PRIMARY KEY (repo, commit_id, suite)
) STRICT, WITHOUT ROWID;

-- Every test of a repository has a small number, its place in the blobs of the results.
CREATE TABLE test (
    repo INTEGER NOT NULL REFERENCES repo (id),
    place INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (repo, place),
    UNIQUE (repo, key)
) STRICT, WITHOUT ROWID;

-- The texts of test cases, each distinct one once.
CREATE TABLE case_text (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE result (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    repo INTEGER NOT NULL REFERENCES repo (id),
    commit_id BLOB NOT NULL,
    suite_name TEXT NOT NULL,
    verdict TEXT NOT NULL,
    passed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    errored INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    flaky INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    wall_us INTEGER NOT NULL,
    user_us INTEGER NOT NULL,
    system_us INTEGER NOT NULL,
    max_rss INTEGER NOT NULL,
    ending TEXT NOT NULL,
    notes TEXT,
    epoch INTEGER NOT NULL,
    scope_repo INTEGER REFERENCES repo (id),
    scope_commit BLOB,
    scope_suite BLOB,
    scope_epoch INTEGER,
    bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX result_by_commit ON result (commit_id);

-- Apart from the result, so that summaries do not read past them.
CREATE TABLE result_cases (
    result INTEGER PRIMARY KEY REFERENCES result (id) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    outcomes BLOB NOT NULL,
    places BLOB,
    texts BLOB,
    durations BLOB
) STRICT;

-- Scopes that were finished without any artifact: a row costs less than four folders.
CREATE TABLE empty_scope (
    repo INTEGER NOT NULL REFERENCES repo (id),
    commit_id BLOB NOT NULL,
    suite BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (repo, commit_id, suite, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    run TEXT NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- Counts the times that numbers of tests or texts were taken away, so that every process knows
-- when to forget the ones it remembers.
CREATE TABLE sweep (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO sweep VALUES (1, 0);
";

const FORM_2: &str = "
-- How many runs each task was given, those that are gone included: no number comes back.
CREATE TABLE task (
    repo INTEGER NOT NULL REFERENCES repo (id),
    task_id TEXT NOT NULL,
    runs INTEGER NOT NULL,
    PRIMARY KEY (repo, task_id)
) STRICT, WITHOUT ROWID;

-- What is looked for has columns beside the texts that it is part of.
CREATE TABLE task_run (
    id TEXT NOT NULL UNIQUE,
    repo INTEGER NOT NULL REFERENCES repo (id),
    task_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER,
    branch TEXT,
    context TEXT NOT NULL,
    state TEXT NOT NULL,
    git TEXT NOT NULL,
    UNIQUE (repo, task_id, number)
) STRICT;
CREATE INDEX task_run_by_creation ON task_run (created_at, id);
CREATE INDEX task_run_by_repo ON task_run (repo, created_at, id);
CREATE INDEX task_run_by_task ON task_run (task_id, created_at, id);
CREATE INDEX task_run_by_branch ON task_run (branch, created_at, id) WHERE branch IS NOT NULL;
CREATE INDEX task_run_unfinished ON task_run (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE effect (
    run TEXT NOT NULL,
    kind TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    intent TEXT NOT NULL,
    receipt TEXT,
    PRIMARY KEY (run, kind, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_event (
    run TEXT NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
";

/// Brings a database to the newest form. Concurrent openers are the caller's to keep out.
///
/// # Errors
///
/// When the file is a database of another program or of a newer form, or SQLite fails. A crash in
/// the middle leaves the form that was there.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let application: i32 = tx.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let form: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let fresh = tables == 0 && application == 0 && form == 0;
    if !fresh && application != APPLICATION_ID {
        return Err(refusal(
            "it is a database of another program; choose another data directory".to_owned(),
        ));
    }
    let known = usize::try_from(form).ok().filter(|form| *form <= FORM);
    let Some(form) = known else {
        return Err(refusal(format!(
            "it has form {form} and this version knows forms up to {FORM}: a newer git-retro wrote \
             it; update git-retro, or choose another data directory"
        )));
    };
    for migration in &MIGRATIONS[form..] {
        tx.execute_batch(migration)?;
    }
    if form < FORM {
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(
            None,
            "user_version",
            i64::try_from(FORM).unwrap_or(i64::MAX),
        )?;
    }
    tx.commit()?;
    Ok(())
}

fn refusal(why: String) -> Fault {
    Fault::Store(StoreError::backend("opening the database", why))
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
