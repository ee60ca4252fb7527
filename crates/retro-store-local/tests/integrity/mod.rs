//! A look at the database behind the stores' back.

use std::path::Path;

/// Checks the database.
pub(crate) fn check_integrity(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("retro.db")).unwrap();
    let verdict: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let faults = database
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut check| {
            check
                .query_map([], |_| Ok(()))?
                .collect::<Result<Vec<_>, _>>()
        })
        .unwrap();
    assert_eq!(faults.len(), 0);
}
