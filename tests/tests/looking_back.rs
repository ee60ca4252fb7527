//! `git retro run` and the questions after it, on the real binary.

use retro_domain::CommitId;
use retro_tests::World;
use serde_json::Value;

/// A command that prints a TAP file of the commit and fails as the file says.
const TAP: [&str; 4] = ["--", "sh", "-c", "cat out.tap; ! grep -q '^not ok' out.tap"];

/// Commits whose tests end as the words say: `+a -b` is a passed and a failed test, `!` a commit
/// that asks to be skipped.
fn history(world: &World, states: &[&str]) -> Vec<CommitId> {
    let mut commits = Vec::new();
    for (number, state) in states.iter().enumerate() {
        let words: Vec<&str> = state.split_whitespace().collect();
        let mut tap = format!("1..{}\n", words.len());
        for word in words {
            let (mark, name) = word.split_at(1);
            let ok = if mark == "+" { "ok" } else { "not ok" };
            tap += &format!("{ok} - {name}\n");
        }
        world.repo.write("out.tap", &tap);
        world.repo.write("number", number.to_string());
        commits.push(world.repo.commit(&format!("change {number}")));
    }
    commits
}

fn run(world: &World, code: i32, flags: &[&str]) -> Value {
    let mut args = vec!["run", "--format", "json"];
    args.extend(flags);
    args.extend(TAP);
    world.json(code, &args)
}

/// Test and commit of every transition in a list of findings.
fn pairs(document: &Value, finding: &str) -> Vec<(String, String)> {
    let list = document["findings"][finding].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.iter()
        .map(|found| (text(&found["test"]), text(&found["commit"])))
        .collect()
}

fn pair(test: &str, commit: &CommitId) -> (String, String) {
    (test.to_owned(), commit.to_string())
}

#[test]
fn a_break_and_a_fix_are_laid_at_the_right_commits() {
    let world = World::new();
    let commits = history(
        &world,
        &["+a +b", "+a +b", "+a -b", "+a -b", "+a +b", "-c +a +b"],
    );
    for jobs in ["1", "3"] {
        let found = run(&world, 1, &["--jobs", jobs, "--no-cache"]);
        assert_eq!(pairs(&found, "broke"), [pair("b", &commits[2])]);
        assert_eq!(pairs(&found, "fixed"), [pair("b", &commits[4])]);
        assert_eq!(pairs(&found, "new_failures"), [pair("c", &commits[5])]);
    }
}

#[test]
fn what_is_known_is_not_run_again() {
    let world = World::new();
    history(&world, &["+a", "+a", "-a"]);
    let log = world.outside().join("executions");
    let line = format!("echo x >> {}; cat out.tap", log.display());
    let args = ["run", "--", "sh", "-c", &line];
    let executions = || {
        std::fs::read_to_string(&log)
            .unwrap_or_default()
            .lines()
            .count()
    };
    world.expect(1, &args);
    assert_eq!(executions(), 3);
    let again = world.expect(1, &args);
    assert_eq!(executions(), 3, "{}", again.stderr);
    assert!(
        again.stderr.contains("3 known, 0 to run"),
        "{}",
        again.stderr
    );
    world.expect(1, &["run", "--no-cache", "--", "sh", "-c", &line]);
    assert_eq!(executions(), 6);
}

#[test]
fn commits_with_one_tree_are_one_run() {
    let world = World::new();
    world.repo.write("out.tap", "1..1\nok - a\n");
    world.repo.commit("first");
    world
        .repo
        .git(["commit", "--allow-empty", "-m", "nothing changed"]);
    let plan = world.expect(0, &["run", "--dry-run", "--", "cat", "out.tap"]);
    assert!(
        plan.stderr.contains("2 commits -> 1 distinct tree"),
        "{}",
        plan.stderr
    );
    assert!(plan.stdout.contains("same tree"), "{}", plan.stdout);
    let found = run(&world, 0, &[]);
    let verdicts: Vec<&Value> = found["commits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| &commit["verdict"])
        .collect();
    assert_eq!(verdicts, ["passed", "passed"]);
}

#[test]
fn an_untestable_gap_widens_the_blame() {
    let world = World::new();
    let line = "test -e skip && exit 125; cat out.tap";
    world.repo.write("out.tap", "1..1\nok - a\n");
    let good = world.repo.commit("good");
    world.repo.write("skip", "");
    let gap = world.repo.commit("cannot be built");
    world.repo.git(["rm", "-q", "skip"]);
    world.repo.write("out.tap", "1..1\nnot ok - a\n");
    let bad = world.repo.commit("bad");
    let found = world.json(1, &["run", "--format", "json", "--", "sh", "-c", line]);
    let broke = &found["findings"]["broke"][0];
    assert_eq!(
        broke["suspects"],
        serde_json::json!([gap.to_string(), bad.to_string()])
    );
    assert_eq!(broke["before"], serde_json::json!([good.to_string()]));
    assert_eq!(
        found["findings"]["untestable"][0]["commits"][0],
        gap.to_string()
    );
    let why = world.expect(0, &["why", "a"]);
    for part in [
        "BROKE",
        "first bad",
        "no result",
        "last good",
        "one of 2 commits",
    ] {
        assert!(
            why.stdout.contains(part),
            "{part:?} is not in\n{}",
            why.stdout
        );
    }
}

#[test]
fn a_failed_build_is_untestable_and_not_a_failed_test() {
    let world = World::new();
    world.repo.write("out.tap", "1..1\nok - a\n");
    world.repo.commit("builds");
    world.repo.write("broken", "");
    let broken = world.repo.commit("does not build");
    let mut args = vec!["run", "--format", "json", "--build", "test ! -e broken"];
    args.extend(TAP);
    let found = world.json(0, &args);
    assert_eq!(found["commits"][1]["verdict"], "untestable");
    assert_eq!(
        found["findings"]["untestable"][0]["commits"][0],
        broken.to_string()
    );
    assert!(pairs(&found, "broke").is_empty() && pairs(&found, "new_failures").is_empty());
}

#[test]
fn a_test_that_passes_when_run_again_is_flaky() {
    let world = World::new();
    history(&world, &["+a"]);
    let marker = world.outside().join("marker");
    let marker = marker.display();
    let line = format!(
        "echo 1..1; if test -e {marker}; then echo ok - a; else touch {marker}; echo not ok - a; exit 1; fi"
    );
    let args = [
        "run",
        "--format",
        "json",
        "--retries",
        "2",
        "--fail-on",
        "flaky",
        "--",
        "sh",
        "-c",
        &line,
    ];
    let found = world.json(1, &args);
    assert_eq!(found["findings"]["flaky"][0]["test"], "a");
    assert_eq!(found["commits"][0]["verdict"], "passed");
    assert_eq!(found["commits"][0]["counts"]["flaky"], 1);
}

#[test]
fn every_question_has_an_answer_for_people_and_for_programs() {
    let world = World::new();
    let commits = history(&world, &["+a +b", "+a -b"]);
    run(&world, 1, &[]);
    let (old, new) = (commits[0].to_string(), commits[1].to_string());
    let human = |args: &[&str], part: &str| {
        let said = world.expect(0, args);
        assert!(
            said.stdout.contains(part),
            "{args:?}: {part:?} is not in\n{}",
            said.stdout
        );
    };
    human(&["show"], "BROKE");
    human(&["show", &new], "failed b");
    human(&["show", "--all", &old], "passed a");
    human(&["test", "b"], ".F");
    human(&["why", "b"], "last good");
    human(&["diff", "HEAD~1", "HEAD"], "broke: 1\n  b");
    human(&["log", "HEAD"], "not ok - b");
    human(&["log", "--list", "HEAD"], "test.stdout");
    human(&["ls"], "finished");
    let json = |args: &[&str], kind: &str| {
        for format in ["json", "jsonl"] {
            let args = [args, &["--format", format]].concat();
            let document = world.json(0, &args);
            assert_eq!(
                (&document["version"], &document["kind"]),
                (&1.into(), &kind.into())
            );
        }
    };
    json(&["show"], "run");
    json(&["show", &new], "commit");
    json(&["test", "b"], "test-history");
    json(&["why", "b"], "why");
    json(&["diff", &old, &new], "diff");
    json(&["ls"], "runs");
    json(&["log", "HEAD"], "log");
}

#[test]
fn results_can_be_exported() {
    let world = World::new();
    history(&world, &["+a +b", "+a -b"]);
    run(&world, 1, &[]);
    let csv = world.expect(0, &["export", "--format", "csv"]).stdout;
    assert_eq!(
        csv.lines().filter(|line| line.contains(",failed,")).count(),
        1,
        "{csv}"
    );
    let jsonl = world.expect(0, &["export", "--format", "jsonl"]).stdout;
    let tests = jsonl
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(
        tests.filter(|test| test["test"] == "a").count(),
        2,
        "{jsonl}"
    );
    let file = world.outside().join("out.xml");
    world.expect(
        0,
        &[
            "export",
            "--format",
            "junit",
            "--output",
            file.to_str().unwrap(),
        ],
    );
    let xml = std::fs::read_to_string(file).unwrap();
    assert_eq!(xml.matches("<failure").count(), 1, "{xml}");
    assert_eq!(xml.matches("<testsuite ").count(), 2, "{xml}");
}

#[test]
fn the_range_can_be_cut_in_every_way() {
    let world = World::new();
    let commits = history(&world, &["+a", "+a", "+a", "+a", "+a", "+a"]);
    world.repo.git(["tag", "v1", &commits[1].to_string()]);
    let listed = world.outside().join("list");
    std::fs::write(&listed, format!("{}\n{}\n", commits[0], commits[5])).unwrap();
    let check = |flags: &[&str], expected: &[usize]| {
        let found = run(&world, 0, flags);
        let ids = found["commits"].as_array().unwrap().iter();
        let ids: Vec<&str> = ids.map(|commit| commit["id"].as_str().unwrap()).collect();
        let expected: Vec<String> = expected.iter().map(|&at| commits[at].to_string()).collect();
        assert_eq!(ids, expected, "{flags:?}");
    };
    check(&["--last", "2"], &[4, 5]);
    check(&["v1..HEAD~1"], &[2, 3, 4]);
    check(&["v1"], &[1]);
    check(&["--every", "2", "v1..HEAD"], &[2, 3, 5]);
    check(&["--last", "1", "v1"], &[1]);
    check(&["--path", "numb*", "--last", "2"], &[4, 5]);
    check(&["--rev-list-file", listed.to_str().unwrap()], &[0, 5]);
    for order in ["newest", "oldest", "spread"] {
        check(
            &["--order", order, "--no-cache", "--last", "4"],
            &[2, 3, 4, 5],
        );
    }
}

#[test]
fn a_sampled_range_does_not_pretend_to_know_the_commit() {
    let world = World::new();
    history(&world, &["+a", "+a", "+a", "-a", "-a"]);
    let mut args = vec!["run", "--every", "2"];
    args.extend(TAP);
    let said = world.expect(1, &args);
    assert!(
        said.stdout.contains("the range leaves commits out"),
        "{}",
        said.stdout
    );
}

#[test]
fn fail_fast_stops_at_the_first_failure() {
    let world = World::new();
    history(&world, &["+a", "-a", "+a", "+a", "+a"]);
    let found = run(
        &world,
        1,
        &["--fail-fast", "--order", "oldest", "--jobs", "1"],
    );
    let commits = found["commits"].as_array().unwrap().iter();
    let verdicts: Vec<&str> = commits
        .map(|commit| commit["verdict"].as_str().unwrap_or("not run"))
        .collect();
    assert_eq!(
        verdicts,
        ["passed", "tests-failed", "not run", "not run", "not run"]
    );
}

#[test]
fn the_time_limit_of_a_run_keeps_what_was_done() {
    let world = World::new();
    history(&world, &["+a", "+a"]);
    let line = "test \"$(cat number)\" = 1 || { sleep 600; }; cat out.tap";
    let args = [
        "run",
        "--format",
        "json",
        "--time-limit",
        "3s",
        "--",
        "sh",
        "-c",
        line,
    ];
    let found = world.json(3, &args);
    assert_eq!(found["commits"][1]["verdict"], "passed");
    assert_eq!(found["commits"][0]["verdict"], Value::Null);
}

#[test]
fn a_command_that_takes_too_long_is_timed_out() {
    let world = World::new();
    history(&world, &["+a"]);
    let args = [
        "run",
        "--format",
        "json",
        "--timeout",
        "200ms",
        "--fail-on",
        "any",
        "--",
        "sleep",
        "600",
    ];
    let found = world.json(1, &args);
    assert_eq!(found["commits"][0]["verdict"], "timed-out");
    // Nothing was judged, which is not the same as fine.
    world.expect(4, &["run", "--timeout", "200ms", "--", "sleep", "600"]);
}
