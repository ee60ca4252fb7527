//! How the errors of SQLite and of the file system become errors of a store.

use std::io;

use retro_store::StoreError;
use rusqlite::ErrorCode;

/// What goes wrong inside a store, before it is said what the store was doing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite failed.
    Sql(rusqlite::Error),
    /// Already an error for the caller.
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fault {
    /// Whether reading or writing a file failed, which a full disk may be the reason of.
    pub(crate) fn is_of_files(&self) -> bool {
        matches!(
            self,
            Self::Sql(rusqlite::Error::SqliteFailure(cause, _))
                if matches!(cause.code, ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)
        )
    }

    /// The error for the caller; `what` says what was being done.
    pub(crate) fn during(self, what: &str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Sql(error) => from_sql(error, what),
        }
    }
}

fn from_sql(error: rusqlite::Error, what: &str) -> StoreError {
    let why = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(cause, _) => match cause.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Unavailable {
                why: format!("{what}: another process is writing ({why})"),
            },
            ErrorCode::DiskFull => StoreError::Full {
                what: format!("the database ({what})"),
            },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::corrupt(
                "the database",
                format!("{why}, while {what}; move it away to start over, or restore a copy"),
            ),
            _ => StoreError::backend(what, why),
        },
        // The tables are strict, so a value of another type or range is damage.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => {
            StoreError::corrupt("the database", format!("{why}, while {what}"))
        }
        _ => StoreError::backend(what, why),
    }
}

/// The error for a failed operation on files; `what` says what was being done.
pub(crate) fn from_io(error: &io::Error, what: impl Into<String>) -> StoreError {
    use io::ErrorKind as K;
    match error.kind() {
        K::StorageFull | K::QuotaExceeded | K::FileTooLarge => {
            StoreError::Full { what: what.into() }
        }
        _ => StoreError::backend(what, error.to_string()),
    }
}

/// The error for stored bytes that make no sense.
pub(crate) fn damaged(what: &str, why: impl Into<String>) -> Fault {
    Fault::Store(StoreError::corrupt(what, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_full_disk_is_told_apart() {
        let mut full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full exists on Linux");
        let error = full.write_all(b"x").expect_err("it is always full");
        assert!(matches!(from_io(&error, "x"), StoreError::Full { .. }));
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(matches!(from_io(&denied, "x"), StoreError::Backend { .. }));
    }

    #[test]
    fn each_failure_of_sqlite_has_its_kind() {
        let kind = |code| {
            let cause = rusqlite::ffi::Error::new(code);
            from_sql(rusqlite::Error::SqliteFailure(cause, None), "testing")
        };
        use rusqlite::ffi;
        assert!(kind(ffi::SQLITE_BUSY).is_retryable());
        assert!(kind(ffi::SQLITE_BUSY_SNAPSHOT).is_retryable());
        assert!(matches!(kind(ffi::SQLITE_FULL), StoreError::Full { .. }));
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(matches!(kind(code), StoreError::Corrupt { .. }));
        }
        assert!(matches!(
            kind(ffi::SQLITE_CONSTRAINT),
            StoreError::Backend { .. }
        ));
    }
}
