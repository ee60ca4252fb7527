use super::*;

fn end(outcome: Outcome, name: &str, millis: u64) -> Line<'_> {
    Line::End(End {
        outcome,
        name,
        took: Some(Duration::from_millis(millis)),
    })
}

#[test]
fn lines_of_tests_are_told_apart() {
    use Outcome::{Failed, Passed, Skipped};
    for (line, expected) in [
        ("=== RUN   TestA", Line::Run("TestA")),
        ("=== RUN TestA", Line::Run("TestA")),
        ("\u{16}=== RUN   TestA/b#01", Line::Run("TestA/b#01")),
        ("=== FUZZ  FuzzA", Line::Run("FuzzA")),
        ("=== CONT  TestA", Line::Current("TestA")),
        ("=== NAME  TestA", Line::Current("TestA")),
        ("=== PAUSE TestA", Line::Pause("TestA")),
        (
            "=== ATTR  TestA key a value",
            Line::Attribute("TestA", "key", "a value"),
        ),
        (
            "=== ARTIFACTS TestA /a b/c",
            Line::Artifacts("TestA", "/a b/c"),
        ),
        ("=== RUN   two words", Line::Other),
        ("--- PASS: TestA (0.00s)", end(Passed, "TestA", 0)),
        (
            "        --- FAIL: TestA/b/c (1.50s)",
            end(Failed, "TestA/b/c", 1500),
        ),
        (
            "\t--- SKIP: TestA/b (0.10 seconds)",
            end(Skipped, "TestA/b", 100),
        ),
        ("--- PASS: TestA (0.00s) and more", Line::Other),
        ("--- PASS: TestA", Line::Other),
        ("--- old.txt", Line::Other),
        ("PASS", Line::Verdict(true)),
        ("FAIL", Line::Verdict(false)),
        ("exit status 2", Line::ExitStatus),
        ("# a/b [a/b.test]", Line::Build("a/b")),
        ("# a heading of three", Line::Other),
        ("pkg: a/b", Line::PackageHeader("a/b")),
    ] {
        assert_eq!(classify(line), expected, "{line:?}");
    }
}

#[test]
fn benchmarks_lose_the_number_of_processors() {
    for (line, expected) in [
        (
            "BenchmarkA-8    \t 30000000\t  45.7 ns/op",
            Some("BenchmarkA"),
        ),
        (
            "BenchmarkA/b=1e4-16 5 1.5 MB/s 3 ns/op",
            Some("BenchmarkA/b=1e4"),
        ),
        ("BenchmarkA   100   0.26 ns/op", Some("BenchmarkA")),
        ("BenchmarkA-8", None),
        ("BenchmarkA-8 was fast", None),
        ("Benchmark 1 2 3", None),
    ] {
        let name = match classify(line) {
            Line::Bench(bench) => Some(bench.name),
            _ => None,
        };
        assert_eq!(name, expected, "{line:?}");
    }
}

#[test]
fn lines_of_packages_are_told_apart() {
    use PackageEnd::{Failed, NotBuilt, Passed, Skipped};
    for (line, expected) in [
        ("ok  \ta/b\t0.012s", Some(("a/b", Passed))),
        (
            "ok  \ta/b\t(cached)\tcoverage: 5.0% of statements",
            Some(("a/b", Passed)),
        ),
        ("ok a/b\t4.3s", Some(("a/b", Passed))),
        ("ok      a 0.1s [no tests to run]", Some(("a", Passed))),
        ("FAIL\ta/b\t0.1s", Some(("a/b", Failed))),
        (
            "FAIL\ta/b [build failed]",
            Some(("a/b", NotBuilt("build failed"))),
        ),
        (
            "FAIL    a/b [setup failed]",
            Some(("a/b", NotBuilt("setup failed"))),
        ),
        ("?   \ta/b\t[no test files]", Some(("a/b", Skipped))),
        ("ok 1 - a test", None),
        ("ok 1 0.1s", None),
        ("ok", None),
        ("FAIL: a b", None),
        ("FAIL a", None),
    ] {
        let seen = match classify(line) {
            Line::Package(package) => Some((package.name, package.ended)),
            _ => None,
        };
        assert_eq!(seen, expected, "{line:?}");
    }
}

#[test]
fn a_result_after_output_is_seen() {
    let (output, end) = end_after_output("no line end--- FAIL: TestA (0.00s)").unwrap();
    assert_eq!(
        (output, end.name, end.outcome),
        ("no line end", "TestA", Outcome::Failed)
    );
    assert_eq!(end_after_output("--- FAIL: TestA (0.00s)"), None);
    assert_eq!(end_after_output("a --- b"), None);
}
