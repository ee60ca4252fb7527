//! What happens when a data directory is not as it should be.

use std::fs;
use std::path::Path;

use retro_store::{JobStore as _, StoreError};
use retro_store_local::LocalStores;
use rusqlite::Connection;

fn refusal(folder: &Path) -> StoreError {
    match LocalStores::open(folder) {
        Err(error) => error,
        Ok(_) => panic!("{} was opened", folder.display()),
    }
}

fn check(error: &StoreError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
}

#[test]
fn a_data_directory_is_made_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er");
    for _ in 0..3 {
        let stores = LocalStores::open(&path).unwrap();
        let usage = stores.usage().unwrap();
        assert_eq!((usage.results, usage.runs, usage.artifact_bytes), (0, 0, 0));
        assert_eq!(usage.task_runs, 0);
        assert!(usage.database_bytes > 0);
    }
}

#[test]
fn a_newer_database_is_left_alone_and_the_way_out_is_said() {
    let folder = tempfile::tempdir().unwrap();
    drop(LocalStores::open(folder.path()).unwrap());
    let path = folder.path().join("retro.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let error = refusal(folder.path());
    check(
        &error,
        &["retro.db", "form 99", "newer", "update git-retro"],
    );
    assert!(!error.is_retryable());
    assert!(fs::read(&path).unwrap() == before, "it was changed");
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("retro.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    check(&refusal(folder.path()), &["retro.db", "another program"]);
    assert!(fs::read(&path).unwrap() == before, "it was changed");
}

#[test]
fn a_file_that_is_no_database_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("retro.db");
    fs::write(
        &path,
        "not a database, but long enough to be taken for one\n".repeat(99),
    )
    .unwrap();
    let error = refusal(folder.path());
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    check(&error, &["retro.db", "not a database"]);
}

#[test]
fn a_database_with_damaged_pages_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    drop(LocalStores::open(folder.path()).unwrap());
    let path = folder.path().join("retro.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = refusal(folder.path());
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    check(&error, &["retro.db", "move it away"]);
}

#[test]
fn what_cannot_be_a_data_directory_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    check(&refusal(&file), &["data directory", "file"]);
    let odd = folder.path().join("odd");
    fs::create_dir_all(odd.join("retro.db")).unwrap();
    check(&refusal(&odd), &["retro.db", "unable to open"]);
    let blocked = folder.path().join("blocked");
    fs::create_dir(&blocked).unwrap();
    fs::write(blocked.join("artifacts"), "x").unwrap();
    check(&refusal(&blocked), &["artifacts"]);
}

#[test]
fn many_threads_can_make_the_same_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let job = retro_store::contract::samples::job("tool", 1);
    let added: usize = std::thread::scope(|scope| {
        let open = || {
            let stores = LocalStores::open(folder.path()).unwrap();
            let jobs = std::slice::from_ref(&job);
            retro_store::contract::block_on(stores.jobs.enqueue(jobs)).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(added, 1, "of eight, one added the job");
}

#[test]
fn a_full_database_says_so_and_keeps_what_it_had() {
    use retro_store::contract::samples::{case, result};
    use retro_store::{PutCondition, ResultStore as _};
    let folder = tempfile::tempdir().unwrap();
    let stores = LocalStores::open(folder.path()).unwrap();
    let noise = |number: u64| {
        let mut case = case("loud", retro_domain::Outcome::Failed);
        case.stdout = Some(format!("{number:07}\n").repeat(1 << 12));
        result("tool", number, vec![case])
    };
    stores.limit_database_pages(200).unwrap();
    retro_store::contract::block_on(async {
        let mut number = 1;
        let error = loop {
            match stores
                .results
                .put(&noise(number), PutCondition::Absent)
                .await
            {
                Ok(_) => number += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(number > 5, "the limit is not that small");
        let keys: Vec<_> = (1..=number)
            .map(retro_store::contract::samples::key)
            .collect();
        let found = stores.results.summaries(&keys).await.unwrap();
        assert_eq!(found.iter().flatten().count() as u64, number - 1);
        stores.limit_database_pages(1 << 20).unwrap();
        let again = stores
            .results
            .put(&noise(number), PutCondition::Absent)
            .await;
        again.expect("there is room again");
        let cases = stores.results.cases(&keys[keys.len() - 1]).await.unwrap();
        assert_eq!(cases, Some(noise(number).cases));
    });
}
