//! The database file: one connection that writes, several that read.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use retro_domain::RepoId;
use retro_store::StoreError;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::fault::{Fault, damaged, from_io};
use crate::schema;

/// How long a write waits for another process before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Idle reading connections that are kept; more are opened as needed and closed after use.
const IDLE_READERS: usize = 8;
/// Pages in the write-ahead log (32 MiB) before they move into the database: each move waits for
/// the disk, and at SQLite's own 1,000 pages that would be most of the time a small job takes.
const CHECKPOINT_PAGES: i64 = 8_000;
/// The size of the index to the write-ahead log, which is there as long as the database is open.
const BESIDE_THE_DATABASE: usize = 32 << 10;

/// The database. Writes queue for one connection, which spares them SQLite's own waiting by
/// sleeping; reads have a connection each and wait for nobody.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens the database at `path`, makes it when absent, and brings it to the newest form.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let what = format!("opening {}", path.display());
        // Turning a new database to its journal mode is the one step that SQLite does not wait
        // for, so processes that start together take turns.
        let lock_path = path.with_extension("lock");
        let lock = File::create(&lock_path)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| from_io(&error, format!("locking {}", lock_path.display())))?;
        let opened = || -> Result<Connection, Fault> {
            let mut connection = connect(path)?;
            // Before anything is written: a database of another program stays as it is.
            schema::migrate(&mut connection)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            Ok(connection)
        };
        let writer = opened().map_err(|fault| {
            if fault.is_of_files()
                && let Err(full) = probe_room(&lock, &what)
            {
                return full;
            }
            match fault.during(&what) {
                StoreError::Corrupt { why, .. } => {
                    StoreError::corrupt(path.display().to_string(), why)
                }
                StoreError::Backend { why, .. } => StoreError::backend(what.as_str(), why),
                other => other,
            }
        })?;
        drop(lock);
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
        })
    }

    /// Runs `work` in one transaction that sees one state of the database.
    pub(crate) fn read<T>(
        &self,
        what: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let run = || -> Result<T, Fault> {
            let idle = locked(&self.readers).pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => connect(&self.path)?,
            };
            let tx = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            let answer = work(&tx)?;
            tx.commit()?;
            let mut readers = locked(&self.readers);
            if readers.len() < IDLE_READERS {
                readers.push(connection);
            }
            Ok(answer)
        };
        run().map_err(|fault| fault.during(what))
    }

    /// Runs `work` in one transaction that excludes every other writer. An error undoes it all.
    pub(crate) fn write<T>(
        &self,
        what: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let mut writer = locked(&self.writer);
        let run = || -> Result<T, Fault> {
            let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&tx)?;
            tx.commit()?;
            Ok(answer)
        };
        run().map_err(|fault| fault.during(what))
    }

    /// Gives free pages back to the file system. Takes as long as copying the database.
    pub(crate) fn compact(&self) -> Result<(), StoreError> {
        let writer = locked(&self.writer);
        // A reader that idles would keep the log from being cut.
        locked(&self.readers).clear();
        let run = || -> Result<(), Fault> {
            writer.execute_batch("VACUUM")?;
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(())
        };
        run().map_err(|fault| fault.during("making the database smaller"))
    }

    /// Lets the database grow to at most this many pages.
    pub(crate) fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        locked(&self.writer)
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(|error| Fault::from(error).during("limiting the database"))
    }

    /// Where the database is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The number of a repository, or `None` when nothing of it was ever stored.
pub(crate) fn find_repo(tx: &Transaction<'_>, repo: &RepoId) -> Result<Option<i64>, Fault> {
    Ok(tx
        .prepare_cached("SELECT id FROM repo WHERE owner = ?1 AND name = ?2")?
        .query_row((repo.owner(), repo.name()), |row| row.get(0))
        .optional()?)
}

/// The number of a repository, given to it now when it has none.
pub(crate) fn ensure_repo(tx: &Transaction<'_>, repo: &RepoId) -> Result<i64, Fault> {
    if let Some(id) = find_repo(tx, repo)? {
        return Ok(id);
    }
    tx.prepare_cached("INSERT INTO repo (owner, name) VALUES (?1, ?2)")?
        .execute((repo.owner(), repo.name()))?;
    Ok(tx.last_insert_rowid())
}

/// The repository with this number.
pub(crate) fn repo_of(tx: &Transaction<'_>, id: i64) -> Result<RepoId, Fault> {
    let (owner, name): (String, String) = tx
        .prepare_cached("SELECT owner, name FROM repo WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    RepoId::new(&owner, &name).map_err(|error| damaged("a repository's name", error.to_string()))
}

/// Whether there is room for what SQLite keeps beside the database while it is open. On a full disk
/// it only says that an operation failed. The lock is held, so nobody else writes to its file.
fn probe_room(mut lock: &File, what: &str) -> Result<(), StoreError> {
    let tried = lock
        .write_all(&[0; BESIDE_THE_DATABASE])
        .and_then(|()| lock.sync_all());
    drop(lock.set_len(0));
    match tried.map_err(|error| from_io(&error, what)) {
        Err(full @ StoreError::Full { .. }) => Err(full),
        // Whatever else is wrong with the folder, SQLite's own words are better.
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    Ok(connection)
}

/// What a mutex guards, also after a panic of another holder: a transaction that was open then has
/// been rolled back.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
