use super::*;

/// A database of the first form, with a repository, a run and an event.
fn first_form() -> Connection {
    let database = Connection::open_in_memory().unwrap();
    database.execute_batch(FORM_1).unwrap();
    database
        .execute_batch(
            "INSERT INTO repo VALUES (7, 'some/group', 'tool');
             INSERT INTO run VALUES ('a', 7, 1, 2, 'finished', '{}');
             INSERT INTO event VALUES ('a', 1, '{}');",
        )
        .unwrap();
    database
        .pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
    database
}

/// What a database has of tables and indexes.
fn shape(database: &Connection) -> Vec<String> {
    let sql = "SELECT name || coalesce(sql, '') FROM sqlite_schema ORDER BY 1";
    let mut select = database.prepare(sql).unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_older_database_is_taken_along() {
    let mut old = first_form();
    migrate(&mut old).unwrap();
    let mut new = Connection::open_in_memory().unwrap();
    migrate(&mut new).unwrap();
    assert_eq!(shape(&old), shape(&new));
    let count = "SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM event)
                 + (SELECT count(*) FROM repo)";
    let rows: i64 = old.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 3);
    let form: i64 = old
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(usize::try_from(form), Ok(FORM));
    migrate(&mut old).expect("once more changes nothing");
}

#[test]
fn a_migration_that_fails_leaves_the_form_that_was_there() {
    let mut old = first_form();
    // In the way of the new form.
    old.execute_batch("CREATE TABLE effect (x)").unwrap();
    let before = shape(&old);
    migrate(&mut old).expect_err("there is such a table");
    assert_eq!(shape(&old), before);
    let form: i64 = old
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(form, 1);
}
