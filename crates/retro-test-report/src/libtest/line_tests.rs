use super::*;

fn check_ended(text: &str, expected: Option<(Outcome, Option<&str>)>) {
    let seen = ended(text);
    let seen = seen
        .as_ref()
        .map(|ended| (ended.outcome, ended.message.as_deref()));
    assert_eq!(seen, expected, "{text:?}");
}

#[test]
fn endings_are_whole_words() {
    check_ended("ok", Some((Outcome::Passed, None)));
    check_ended("FAILED", Some((Outcome::Failed, None)));
    check_ended("ignored", Some((Outcome::Skipped, None)));
    check_ended(
        "ignored, needs a network",
        Some((Outcome::Skipped, Some("needs a network"))),
    );
    check_ended("ok <0.012s>", Some((Outcome::Passed, None)));
    check_ended(
        "FAILED (time limit exceeded) <1.5s>",
        Some((Outcome::Failed, Some("time limit exceeded"))),
    );
    check_ended("failed (allowed)", Some((Outcome::Skipped, None)));
    check_ended(
        "bench:   1,234 ns/iter (+/- 5)",
        Some((Outcome::Passed, None)),
    );
    check_ended("ok then", None);
    check_ended("okay", None);
    check_ended("ignored-ish", None);
    check_ended("", None);
    assert_eq!(
        ended("ok <0.5s>").unwrap().duration,
        Some(Duration::from_millis(500))
    );
    assert_eq!(
        ended("bench:  12 ns/iter").unwrap().bench.as_deref(),
        Some("12 ns/iter")
    );
    assert_eq!(
        ended_after_output("hellook").unwrap().outcome,
        Outcome::Passed
    );
}

fn check_test(line: &str, name: &str, mode: Option<&str>, has_ended: bool) {
    let Line::Test(test) = classify(line) else {
        panic!("{line:?} is no test")
    };
    assert_eq!(
        (test.name, test.mode, test.ended.is_some()),
        (name, mode, has_ended),
        "{line:?}"
    );
}

#[test]
fn tests_are_read_with_their_modes() {
    check_test("test a::b ... ok", "a::b", None, true);
    check_test(
        "test a - should panic ... ok",
        "a",
        Some("should panic"),
        true,
    );
    check_test(
        "test src/lib.rs - f (line 3) ... ok",
        "src/lib.rs - f (line 3)",
        None,
        true,
    );
    check_test(
        "test src/lib.rs - (line 3) - compile fail ... ok",
        "src/lib.rs - (line 3)",
        Some("compile fail"),
        true,
    );
    check_test(
        "test src/my lib.rs - f (line 3) - compile ... FAILED",
        "src/my lib.rs - f (line 3)",
        Some("compile"),
        true,
    );
    check_test("test a ... hello", "a", None, false);
    check_test("test a ... ", "a", None, false);
    let (before, test) = test_after_output("some outputtest a::b ... ok").unwrap();
    assert_eq!((before, test.name), ("some output", "a::b"));
    assert_eq!(test_after_output("the latest news ... well"), None);
}

#[test]
fn binaries_have_names_that_survive_a_rebuild() {
    for (line, expected) in [
        (
            "     Running unittests src/lib.rs (target/debug/deps/foo-0123456789abcdef)",
            &["foo", "src/lib.rs"][..],
        ),
        (
            "     Running tests/it.rs (target/debug/deps/it-0123456789abcdef)",
            &["it", "tests/it.rs"],
        ),
        (
            "Running unittests src\\main.rs (target\\debug\\deps\\a-b-0123456789abcdef.exe)",
            &["a-b", "src/main.rs"],
        ),
        (
            "     Running target/debug/deps/foo-0123456789abcdef",
            &["foo"],
        ),
        (
            "     Running `/x/target/debug/deps/foo-0123456789abcdef --nocapture`",
            &["foo"],
        ),
        ("   Doc-tests foo", &["foo", "doc-tests"]),
    ] {
        let expected = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(classify(line), Line::Binary(expected), "{line:?}");
    }
    for other in [
        "Running fast (really)",
        "Running",
        "Running foo-123",
        "Running target/debug/foo",
    ] {
        assert_eq!(classify(other), Line::Other, "{other:?}");
    }
}

#[test]
fn other_lines_are_told_apart() {
    let result = ResultLine {
        ok: false,
        passed: 4,
        failed: 1,
        ignored: 2,
        took: Some(Duration::from_millis(1500)),
    };
    for (line, expected) in [
        ("running 3 tests", Line::Start(3)),
        ("running 1 test", Line::Start(1)),
        ("running late", Line::Other),
        ("failures:", Line::Failures),
        ("successes:", Line::Successes),
        ("---- a::b stdout ----", Line::Block("a::b")),
        (
            "---- src/lib.rs - f (line 3) stdout ----",
            Line::Block("src/lib.rs - f (line 3)"),
        ),
        (
            "test result: FAILED. 3 passed; 1 failed; 2 ignored; 1 measured; 9 filtered out; finished in 1.50s",
            Line::Result(result),
        ),
        ("test result: unknown", Line::Other),
        ("test a has been running for over 60 seconds", Line::Note),
        (
            "error: test failed, to rerun pass `--lib`",
            Line::BinaryFailed("error: test failed, to rerun pass `--lib`"),
        ),
        ("", Line::Other),
    ] {
        assert_eq!(classify(line), expected, "{line:?}");
    }
    assert_eq!(without_colours("\u{1b}[32mok\u{1b}[0m\u{1b}(B x"), "ok x");
    assert_eq!(without_colours("a\u{1b}[3"), "a");
}
