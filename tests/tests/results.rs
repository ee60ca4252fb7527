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
        said.contains("JUnit XML rather than TAP, which was asked for"),
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

/// What `--format json` says of a document.
fn read_again(world: &World, code: i32, folder: &str, document: &str) -> serde_json::Value {
    let other = format!("{folder}/other");
    std::fs::write(&other, document).unwrap();
    world.json(code, &["results", "--format", "json", &other])["files"][0].take()
}

#[test]
fn a_document_is_whole_whatever_becomes_of_the_files() {
    let (world, folder) = world();
    let broken =
        r#"{"reportFormat":"CTRF","results":{"tests":[{"name":"c","status":"passed"},{"name" oops"#;
    std::fs::write(format!("{folder}/broken.json"), broken).unwrap();
    let files = ["notes.txt", "cut.tap", "broken.json", "nosuch", "r.xml"];
    let files = files.map(|name| format!("{folder}/{name}"));
    let [notes, cut, broken, missing, _] = files.each_ref().map(String::as_str);
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
    let totals = [0, 2, 1, 0, 2];
    let formats = [None, Some("tap"), Some("ctrf"), None, Some("junit")];
    for at in 0..files.len() {
        let file = &document["files"][at];
        assert_eq!(file["counts"]["total"], totals[at], "{file}");
        assert_eq!(
            file["cases"].as_array().unwrap().len(),
            totals[at],
            "{file}"
        );
        assert_eq!(file["error"].is_null(), [1, 4].contains(&at), "{file}");
        assert_eq!(file["format"].as_str(), formats[at], "{file}");
    }
    // Five tests, three files that could not be read, and one that is cut off before its plan is met.
    let table = check("csv");
    let count = |part: &str| table.matches(part).count();
    assert_eq!(
        (count("run-failure"), count("truncated\"")),
        (4, 1),
        "{table}"
    );
    assert_eq!(table.lines().count(), 1 + 5 + 5, "{table}");
    for format in ["junit", "ctrf"] {
        let document = check(format);
        for file in [broken, notes, missing] {
            assert!(document.contains(&format!("{file}: ")), "{document}");
        }
        let read = read_again(&world, 3, &folder, &document);
        assert_eq!(read["format"], format);
        assert_eq!(read["counts"]["total"], 5);
        assert_eq!(read["warnings"].as_array().unwrap().len(), 0);
        assert_eq!(read["truncated"], true);
        let failure = read["run_failure"].as_str().unwrap();
        assert!(failure.contains("(and 3 more)"), "{failure}");
    }
}

#[test]
fn nothing_is_written_when_nothing_could_be_read() {
    let (world, folder) = world();
    let files = [format!("{folder}/nosuch"), format!("{folder}/notes.txt")];
    for format in ["junit", "ctrf", "csv"] {
        let said = world.expect(2, &["results", "--format", format, &files[0], &files[1]]);
        assert_eq!(said.stdout, "", "{format}");
        assert_eq!(said.stderr.matches("error: ").count(), 2, "{}", said.stderr);
    }
    let empty = format!("{folder}/empty.tap");
    std::fs::write(&empty, "1..0 # SKIP no database\n").unwrap();
    for format in ["junit", "ctrf", "csv"] {
        let said = world.expect(0, &["results", "--format", format, &empty]);
        assert_ne!(said.stdout, "", "a report without tests is one");
    }
}

#[test]
fn a_run_that_failed_is_no_green_report() {
    let (world, folder) = world();
    let reports = [
        ("bail.tap", "1..5\nok 1 - a\nBail out! no database\n"),
        (
            "init.json",
            "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"output\",\"Package\":\"p\",\
             \"Output\":\"panic: no config\\n\"}\n{\"Action\":\"fail\",\"Package\":\"p\",\"Elapsed\":0.1}\n",
        ),
        (
            "setup.xml",
            "<testsuite name='s'><error message='setup broke'/></testsuite>",
        ),
    ];
    for (name, text) in reports {
        let file = format!("{folder}/{name}");
        std::fs::write(&file, text).unwrap();
        // That the run failed is what the file says: it was read, and that is what was asked for.
        let before = world.json(0, &["results", "--format", "json", &file])["files"][0].take();
        let failure = before["run_failure"].as_str().unwrap();
        for format in ["junit", "ctrf", "csv"] {
            let document = world
                .expect(0, &["results", "--format", format, &file])
                .stdout;
            let telling = "the run failed outside of its tests";
            assert!(document.contains(telling), "{document}");
            assert!(document.contains(failure), "{document}");
            let is_red = match format {
                "junit" => document.contains("errors=\"1\"") && document.contains("<error "),
                "ctrf" => document.contains("\"failed\":1,"),
                _ => document.contains(",errored,"),
            };
            assert!(is_red, "{document}");
            if format != "csv" {
                let after = read_again(&world, 0, &folder, &document);
                for field in ["run_failure", "truncated", "cases", "counts", "suites"] {
                    assert_eq!(after[field], before[field], "{field} of {name} in {format}");
                }
            }
        }
    }
}

#[test]
fn several_files_are_told_apart() {
    let (world, folder) = world();
    for name in ["one", "two"] {
        std::fs::write(format!("{folder}/{name}.tap"), "1..1\nok 1 - adds\n").unwrap();
    }
    let (one, two) = (format!("{folder}/one"), format!("{folder}/two"));
    let files = [
        format!("{one}.tap"),
        format!("{two}.tap"),
        format!("{folder}/r.xml"),
    ];
    let files = files.each_ref().map(String::as_str);
    let written = |format: &str| {
        let args = ["results", "--all", "--format", format];
        world.expect(0, &[&args[..], &files].concat()).stdout
    };
    let human = written("human");
    assert!(human.contains(&format!("passed {one}::adds")), "{human}");
    assert!(human.contains("passed math::Sum::adds"), "{human}");
    let json: serde_json::Value = serde_json::from_str(&written("json")).unwrap();
    assert_eq!(json["files"][1]["cases"][0]["suite"][0], two.as_str());
    let csv = written("csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].ends_with(",properties,report"), "{csv}");
    assert!(
        lines[1].ends_with(files[0]) && lines[4].ends_with(files[2]),
        "{csv}"
    );
    for format in ["junit", "ctrf"] {
        let read = read_again(&world, 0, &folder, &written(format));
        let names: Vec<_> = read["cases"].as_array().unwrap().iter().collect();
        assert_eq!(names[0]["test"], format!("{one}::adds"));
        assert_eq!(names[1]["test"], format!("{two}::adds"));
        assert_eq!(names[2]["test"], "math::Sum::adds");
    }
    // One file alone is not part of any name.
    let alone = world.json(0, &["results", "--format", "json", files[0]]);
    assert_eq!(alone["files"][0]["cases"][0]["test"], "adds");
}

#[test]
fn names_that_look_alike_are_told_apart_by_what_programs_read() {
    let (world, folder) = world();
    let file = format!("{folder}/alike.xml");
    let report = "<testsuites><testsuite name='a/b'><testcase name='n'/></testsuite><testsuite name='a'>\
                  <testsuite name='b'><testcase name='n'/></testsuite></testsuite></testsuites>";
    std::fs::write(&file, report).unwrap();
    let json = world.json(0, &["results", "--format", "json", &file]);
    let cases = &json["files"][0]["cases"];
    assert_eq!(cases[0]["test"], cases[1]["test"]);
    assert_eq!(cases[0]["suite"], serde_json::json!(["a/b"]));
    assert_eq!(cases[1]["suite"], serde_json::json!(["a", "b"]));
    let csv = world
        .expect(0, &["results", "--format", "csv", &file])
        .stdout;
    let columns: Vec<&str> = csv.lines().skip(1).collect();
    assert_ne!(columns[0], columns[1]);
}

#[test]
fn equal_warnings_are_shown_once() {
    let (world, folder) = world();
    let file = format!("{folder}/odd.xml");
    let case = "<testcase name='a' time='soon'/>\n";
    std::fs::write(
        &file,
        format!("<testsuite name='s'>\n{}</testsuite>", case.repeat(7)),
    )
    .unwrap();
    let said = world.expect(0, &["results", &file]).stdout;
    let expected = "  warning: line 2: \"soon\" is no duration (and 6 more like it)\n";
    assert!(said.ends_with(expected), "{said}");
    assert_eq!(said.matches("warning").count(), 1, "{said}");
}

#[test]
fn a_name_need_not_be_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let (world, folder) = world();
    let name = OsStr::from_bytes(b"caf\xe9.tap");
    let file = std::path::Path::new(&folder).join(name);
    std::fs::write(&file, "1..1\nok 1 - adds\n").unwrap();
    let output = world.command(&["results"]).arg(&file).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("caf\u{fffd}.tap: TAP, 1 test"), "{said}");
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
