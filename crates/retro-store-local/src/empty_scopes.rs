//! Scopes that were finished without any artifact: rows instead of folders.

use retro_store::{ArtifactScope, StoreError};
use rusqlite::OptionalExtension as _;

use crate::database::{Database, ensure_repo, find_repo};
use crate::fault::Fault;

/// Whether the scope is one of them.
pub(crate) fn contains(database: &Database, scope: &ArtifactScope) -> Result<bool, StoreError> {
    let epoch = epoch(scope)?;
    database.read("looking for a scope", |tx| {
        let Some(repo) = find_repo(tx, &scope.repo)? else {
            return Ok(false);
        };
        let found: Option<i64> = tx
            .prepare_cached(
                "SELECT 1 FROM empty_scope
                 WHERE repo = ?1 AND commit_id = ?2 AND suite = ?3 AND epoch = ?4",
            )?
            .query_row(
                (
                    repo,
                    scope.commit.as_bytes(),
                    scope.suite.0.as_bytes(),
                    epoch,
                ),
                |row| row.get(0),
            )
            .optional()?;
        Ok(found.is_some())
    })
}

/// Makes the scope one of them; `false` when it was.
pub(crate) fn add(database: &Database, scope: &ArtifactScope) -> Result<bool, StoreError> {
    let epoch = epoch(scope)?;
    database.write("finishing a scope", |tx| {
        let repo = ensure_repo(tx, &scope.repo)?;
        let added = tx
            .prepare_cached(
                "INSERT INTO empty_scope VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute((
                repo,
                scope.commit.as_bytes(),
                scope.suite.0.as_bytes(),
                epoch,
            ))?;
        Ok(added == 1)
    })
}

/// Forgets the scope.
pub(crate) fn remove(database: &Database, scope: &ArtifactScope) -> Result<(), StoreError> {
    if !contains(database, scope)? {
        return Ok(());
    }
    let epoch = epoch(scope)?;
    database.write("removing a scope", |tx| {
        if let Some(repo) = find_repo(tx, &scope.repo)? {
            tx.prepare_cached(
                "DELETE FROM empty_scope
                 WHERE repo = ?1 AND commit_id = ?2 AND suite = ?3 AND epoch = ?4",
            )?
            .execute((
                repo,
                scope.commit.as_bytes(),
                scope.suite.0.as_bytes(),
                epoch,
            ))?;
        }
        Ok::<_, Fault>(())
    })
}

fn epoch(scope: &ArtifactScope) -> Result<i64, StoreError> {
    i64::try_from(scope.epoch.0)
        .map_err(|_| StoreError::backend(scope.to_string(), "its epoch is too large"))
}
