//! `git retro results`: result files without a repository.

use retro_tests::World;

const JUNIT: &str = "<testsuite name='math' tests='2'><testcase classname='Sum' name='adds' time='0.5'/>\
                     <testcase classname='Sum' name='carries' file='sum.py' line='3'>\
                     <failure message='9 + 1 was 0'/></testcase></testsuite>";

fn world() -> (World, String) {
    let world = World::new();
    let folder = world.outside().join("reports");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("r.xml"), JUNIT).unwrap();
    std::fs::write(folder.join("cut.tap"), "1..3\nok 1 - a\nok 2 - b\n").unwrap();
    std::fs::write(folder.join("notes.txt"), "all is well\n").unwrap();
    let folder = folder.to_str().unwrap().to_owned();
    (world, folder)
}

#[test]
fn what_a_file_holds_is_shown_without_a_repository() {
    let (world, folder) = world();
    let file = format!("{folder}/r.xml");
    let said = world.expect(0, &["results", &file, "-C", "/"]).stdout;
    let expected = format!(
        "{file}: JUnit XML, 2 tests: 1 passed, 1 failed\n  failed math::Sum::carries\n      at sum.py:3\n      9 + 1 was 0\n"
    );
    assert_eq!(said, expected);
    let all = world.expect(0, &["results", "--all", &file]).stdout;
    assert!(all.contains("passed math::Sum::adds (0.50 s)"), "{all}");
    let input = std::fs::File::open(&file).unwrap();
    let output = world
        .command(&["results", "-"])
        .stdin(input)
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("-: JUnit XML, 2 tests")
    );
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let (world, folder) = world();
    let cut = world
        .expect(3, &["results", &format!("{folder}/cut.tap")])
        .stdout;
    assert!(
        cut.contains("2 passed") && cut.contains("truncated:"),
        "{cut}"
    );
    let (none, good) = (format!("{folder}/notes.txt"), format!("{folder}/r.xml"));
    let both = world.expect(2, &["results", &none, &good]).stdout;
    assert!(
        both.contains("not a test report") && both.contains("2 tests"),
        "{both}"
    );
    let missing = world.expect(2, &["results", "nosuch.xml"]).stdout;
    assert!(missing.contains("nosuch.xml: error:"), "{missing}");
    let said = world.expect(2, &["results", "--format", "csv", &none]);
    assert!(said.stderr.contains("not a test report"), "{}", said.stderr);
    let said = world.expect(2, &["results", "--as", "juint", &good]).stderr;
    assert!(said.contains("junit, tap"), "{said}");
    let said = world.expect(2, &["results", "--as", "tap", &good]).stdout;
    assert!(
        said.contains("JUnit XML rather than what was asked for"),
        "{said}"
    );
}

#[test]
fn formats_are_turned_into_each_other() {
    let (world, folder) = world();
    let file = format!("{folder}/r.xml");
    let before = world.json(0, &["results", "--format", "json", &file]);
    assert_eq!(before["kind"], "results");
    assert_eq!(before["files"][0]["cases"][1]["message"], "9 + 1 was 0");
    for format in ["junit", "ctrf"] {
        let text = world
            .expect(0, &["results", "--format", format, &file])
            .stdout;
        let other = format!("{folder}/other");
        std::fs::write(&other, text).unwrap();
        let after = world.json(0, &["results", "--format", "json", &other]);
        assert_eq!(after["files"][0]["format"], format);
        assert_eq!(after["files"][0]["cases"], before["files"][0]["cases"]);
    }
    let table = world
        .expect(0, &["results", "--format", "csv", &file])
        .stdout;
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.contains("math::Sum::carries,"), "{table}");
}

#[test]
fn a_document_is_whole_whatever_becomes_of_the_files() {
    let (world, folder) = world();
    let broken =
        r#"{"reportFormat":"CTRF","results":{"tests":[{"name":"c","status":"passed"},{"name" oops"#;
    std::fs::write(format!("{folder}/broken.json"), broken).unwrap();
    let files = ["cut.tap", "broken.json", "notes.txt", "nosuch", "r.xml"];
    let files = files.map(|name| format!("{folder}/{name}"));
    let [cut, broken, notes, missing, _] = files.each_ref().map(String::as_str);
    let check = |format: &str| {
        let mut args = vec!["results", "--format", format];
        args.extend(files.each_ref().map(String::as_str));
        let said = world.expect(2, &args);
        let stderr = said.stderr;
        for file in [broken, notes, missing] {
            assert!(stderr.contains(&format!("error: {file}: ")), "{stderr}");
        }
        assert!(stderr.contains(&format!("warning: {cut}: ")), "{stderr}");
        said.stdout
    };
    let document: serde_json::Value = serde_json::from_str(&check("json")).unwrap();
    let totals = [2, 1, 0, 0, 2];
    for (at, total) in totals.into_iter().enumerate() {
        let file = &document["files"][at];
        assert_eq!(file["counts"]["total"], total, "{file}");
        assert_eq!(file["cases"].as_array().unwrap().len(), total, "{file}");
        assert_eq!(file["error"].is_null(), [0, 4].contains(&at), "{file}");
    }
    assert_eq!(check("csv").lines().count(), 6);
    for format in ["junit", "ctrf"] {
        let other = format!("{folder}/other");
        std::fs::write(&other, check(format)).unwrap();
        let read = world.json(0, &["results", "--format", "json", &other]);
        assert_eq!(read["files"][0]["format"], format);
        assert_eq!(read["files"][0]["counts"]["total"], 5);
        assert_eq!(read["files"][0]["warnings"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn a_reader_that_went_away_is_no_error_and_hides_none() {
    let (world, folder) = world();
    let many = format!("{folder}/many.tap");
    std::fs::write(&many, "ok - a\n".repeat(20_000) + "1..20000\n").unwrap();
    let notes = format!("{folder}/notes.txt");
    for format in ["json", "junit", "ctrf", "csv"] {
        for (files, code) in [(&[&many][..], 0), (&[&many, &notes], 2)] {
            let mut command = world.command(&["results", "--format", format]);
            let command = command.args(files).stdout(std::process::Stdio::piped());
            let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
            drop(child.stdout.take());
            assert_eq!(child.wait().unwrap().code(), Some(code), "{format}");
        }
    }
}
