//! How much there is, and taking away what nobody needs.

use std::collections::HashSet;
use std::io;

use retro_domain::{CommitId, Digest256, Epoch, RepoId, SuiteFingerprint};
use retro_store::{ArtifactScope, MANIFEST_NAME, StoreError};
use rusqlite::Transaction;

use crate::LocalStores;
use crate::artifact_store::suite_part;
use crate::database::find_repo;
use crate::fault::{Fault, from_io};
use crate::folder::Folder;
use crate::result_row::{Repos, read_scope, unsigned};

/// How much the stores of a data directory hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreUsage {
    /// The size of the database and its write-ahead log, in bytes.
    pub database_bytes: u64,
    /// The size of all artifacts and manifests, in bytes, unfinished ones included.
    pub artifact_bytes: u64,
    /// How many results there are.
    pub results: u64,
    /// How many runs there are.
    pub runs: u64,
    /// How many runs of tasks there are.
    pub task_runs: u64,
}

/// What a collection of garbage took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectedGarbage {
    /// How many scopes.
    pub scopes: u64,
    /// The size of their files, in bytes.
    pub bytes: u64,
}

impl LocalStores {
    /// Measures the data directory. Takes as long as looking at every artifact's size.
    ///
    /// # Errors
    ///
    /// When the database or a folder cannot be read.
    pub fn usage(&self) -> Result<StoreUsage, StoreError> {
        let path = self.database.path();
        let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |it| it.len());
        let log = path.with_extension("db-wal");
        let (results, runs, task_runs) = self.database.read("counting", |tx| {
            let count = |table: &str| -> Result<u64, Fault> {
                let sql = format!("SELECT count(*) FROM {table}");
                tx.query_row(&sql, [], |row| Ok(unsigned(row, 0)))?
            };
            Ok((count("result")?, count("run")?, count("task_run")?))
        })?;
        let artifact_bytes = self
            .artifacts
            .root()
            .and_then(|root| root.total_size())
            .map_err(|error| from_io(&error, "measuring the artifacts"))?;
        Ok(StoreUsage {
            database_bytes: size(path) + size(&log),
            artifact_bytes,
            results,
            runs,
            task_runs,
        })
    }

    /// Gives the room that removed results took back to the file system. Needs as much free room as
    /// the database takes, and as much time as copying it; other processes wait meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when another process does not stop using the database,
    /// [`StoreError::Full`] when there is too little room. The database is then as it was.
    pub fn compact(&self) -> Result<(), StoreError> {
        self.database.compact()
    }

    /// Lets the database grow to at most this many pages of 4 KiB, for as long as this handle and
    /// its clones live; a write that needs more fails with [`StoreError::Full`].
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub fn limit_database_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.database.limit_pages(pages)
    }

    /// Removes the artifact scopes that nobody can need: those that no result refers to, unless
    /// their job is still at the epoch of the scope and is running or the scope is finished.
    ///
    /// So the leftovers of a worker that died go once its job was handed on, and the logs of a job
    /// that failed stay as long as the job. Other processes may work on meanwhile.
    ///
    /// # Errors
    ///
    /// When the database or a folder cannot be read or a folder not be removed; what was removed
    /// by then stays removed.
    pub fn remove_unreferenced(&self) -> Result<CollectedGarbage, StoreError> {
        let failed = |error: io::Error| from_io(&error, "collecting unreferenced artifacts");
        // The folders are listed before the database is asked: a scope that is made later is not
        // looked at, and one whose job has moved on never becomes live again.
        let root = self.artifacts.root().map_err(failed)?;
        let mut found = Vec::new();
        find_scopes(&root, &mut Vec::new(), &mut found).map_err(failed)?;
        let doomed = self
            .database
            .read("looking for unreferenced artifacts", |tx| {
                let referenced = referenced_scopes(tx)?;
                let mut doomed = Vec::new();
                for scope in found {
                    if !referenced.contains(&scope.identity()) && !is_live(tx, &scope)? {
                        doomed.push(scope);
                    }
                }
                Ok(doomed)
            })?;
        let mut collected = CollectedGarbage::default();
        for scope in doomed {
            root.remove_scope(&scope.parts).map_err(failed)?;
            collected.scopes += 1;
            collected.bytes += scope.bytes;
        }
        self.forget_empty_scopes()?;
        Ok(collected)
    }

    /// Empty scopes take a row each; those without a result or a job at their epoch go.
    fn forget_empty_scopes(&self) -> Result<(), StoreError> {
        self.database.write("forgetting empty scopes", |tx| {
            tx.execute(
                "DELETE FROM empty_scope AS e WHERE NOT EXISTS (
                     SELECT 1 FROM job WHERE job.repo = e.repo AND job.commit_id = e.commit_id
                     AND job.suite = e.suite AND job.epoch = e.epoch
                 ) AND NOT EXISTS (
                     SELECT 1 FROM result WHERE commit_id = e.commit_id AND scope_repo = e.repo
                     AND scope_commit = e.commit_id AND scope_suite = e.suite
                     AND scope_epoch = e.epoch
                 )",
                [],
            )?;
            Ok(())
        })
    }
}

/// A scope as its folders name it.
struct FoundScope {
    parts: Vec<String>,
    repo: RepoId,
    commit: CommitId,
    suite: String,
    epoch: Epoch,
    finished: bool,
    bytes: u64,
}

/// What tells scopes apart when all that is known is their folders.
type Identity = (RepoId, CommitId, String, Epoch);

impl FoundScope {
    fn identity(&self) -> Identity {
        (
            self.repo.clone(),
            self.commit,
            self.suite.clone(),
            self.epoch,
        )
    }

    /// Reads `OWNER…/NAME/COMMIT/SUITE/EPOCH`.
    fn parse(parts: &[String]) -> Option<Self> {
        let [repo @ .., commit, suite, epoch] = parts else {
            return None;
        };
        let (name, owner) = repo.split_last().filter(|(_, owner)| !owner.is_empty())?;
        let good_suite = suite.len() == 12 && suite.bytes().all(|b| b.is_ascii_hexdigit());
        Some(Self {
            repo: RepoId::new(&owner.join("/"), name).ok()?,
            commit: commit.parse().ok()?,
            suite: good_suite.then(|| suite.clone())?,
            epoch: Epoch(epoch.parse().ok()?),
            parts: parts.to_vec(),
            finished: false,
            bytes: 0,
        })
    }
}

fn find_scopes(
    folder: &Folder,
    parts: &mut Vec<String>,
    found: &mut Vec<FoundScope>,
) -> io::Result<()> {
    if let Some(mut scope) = FoundScope::parse(parts) {
        scope.finished = folder.exists(MANIFEST_NAME)?;
        scope.bytes = folder.total_size()?;
        found.push(scope);
        return Ok(());
    }
    for (name, is_folder) in folder.list()? {
        if is_folder && let Some(child) = folder.child(&name)? {
            parts.push(name);
            find_scopes(&child, parts, found)?;
            parts.pop();
        }
    }
    Ok(())
}

fn referenced_scopes(tx: &Transaction<'_>) -> Result<HashSet<Identity>, Fault> {
    let mut select = tx.prepare_cached(
        "SELECT scope_repo, scope_commit, scope_suite, scope_epoch FROM result
         WHERE scope_repo IS NOT NULL",
    )?;
    let mut rows = select.query([])?;
    let mut repos = Repos::default();
    let mut scopes = HashSet::new();
    while let Some(row) = rows.next()? {
        let scope: Option<ArtifactScope> = read_scope(tx, row, 0, &mut repos)?;
        scopes.extend(scope.map(|it| (it.repo.clone(), it.commit, suite_part(&it), it.epoch)));
    }
    Ok(scopes)
}

/// Whether the scope's job is still at its epoch, and running unless the scope is finished.
fn is_live(tx: &Transaction<'_>, scope: &FoundScope) -> Result<bool, Fault> {
    let Some(repo) = find_repo(tx, &scope.repo)? else {
        return Ok(false);
    };
    let mut select = tx.prepare_cached(
        "SELECT suite, epoch, status = 'RUNNING' FROM job WHERE repo = ?1 AND commit_id = ?2",
    )?;
    let mut rows = select.query((repo, scope.commit.as_bytes()))?;
    while let Some(row) = rows.next()? {
        let suite = SuiteFingerprint(Digest256::from_bytes(row.get(0)?));
        let same = suite.0.to_string().starts_with(&scope.suite);
        let running: bool = row.get(2)?;
        if same && unsigned(row, 1)? == scope.epoch.0 && (running || scope.finished) {
            return Ok(true);
        }
    }
    Ok(false)
}
