//! What must never be called passed, and what must never be remembered.

use retro_tests::{Said, World};

fn shell(world: &World, code: i32, flags: &[&str], line: &str) -> Said {
    let args = [&["run"], flags, &["--", "sh", "-c", line]].concat();
    world.expect(code, &args)
}

fn one_commit() -> World {
    let world = World::new();
    world.repo.commit_files(&[("file", "1")], "one");
    world
}

#[test]
fn a_command_that_prints_ok_is_no_report_that_was_cut_off() {
    for line in ["echo ok", "echo ok; echo ok", "printf ok"] {
        let said = shell(&one_commit(), 0, &["--fail-on", "any"], line);
        assert!(said.stdout.contains("1 passed"), "{line}: {}", said.stdout);
    }
}

/// Two files with a test of the same name, one of which failed.
const TWO_FILES: &str = "mkdir -p out; printf '1..1\\nok 1 - same\\n' > out/a.tap; \
                         printf '1..1\\nnot ok 1 - same\\n' > out/b.tap";

#[test]
fn a_failure_is_not_made_good_by_another_file() {
    let world = one_commit();
    let one_source = [
        "tap:out/*.tap",
        "tap:out/?.tap",
        "tap:out/{a,b}.tap",
        "tap:out/[ab].tap",
    ];
    for source in one_source {
        let said = shell(
            &world,
            1,
            &["--fail-on", "any", "--results", source],
            TWO_FILES,
        );
        assert!(
            said.stdout.contains("1 with failed tests"),
            "{source}: {}",
            said.stdout
        );
    }
    let two = [
        "--fail-on",
        "any",
        "--results",
        "tap:out/a.tap",
        "--results",
        "tap:out/b.tap",
    ];
    shell(&world, 1, &two, TWO_FILES);
    let suites = |name: &str, failure: &str| {
        format!(
            "mkdir -p {name}/out; echo '<testsuite name=\"S\"><testcase classname=\"C\" \
             name=\"t\">{failure}</testcase></testsuite>' > {name}/out/r.xml; "
        )
    };
    let modules = suites("m1", "") + &suites("m2", "<failure/>");
    shell(
        &world,
        1,
        &["--fail-on", "any", "--results", "junit:**/*.xml"],
        &modules,
    );
}

#[test]
fn a_failure_is_made_good_only_by_a_runner_that_tries_again() {
    let world = one_commit();
    let tap = "echo 1..2; echo not ok 1 - same; echo ok 2 - same";
    shell(&world, 1, &["--fail-on", "any", "--results", "tap"], tap);
    let junit = |cases: &str| format!("echo '<testsuite name=\"S\">{cases}</testsuite>'");
    let (passed, failed) = (
        "<testcase name=\"t\"/>",
        "<testcase name=\"t\"><failure/></testcase>",
    );
    let retried = junit(&format!("{failed}{failed}{passed}"));
    let said = shell(&world, 0, &["--fail-on", "any"], &retried);
    assert!(said.stdout.contains("FLAKY"), "{}", said.stdout);
    shell(
        &world,
        1,
        &["--fail-on", "any"],
        &junit(&format!("{passed}{failed}")),
    );
    for hidden in ["|| true", "; true", "||true", "|| exit 0", "| cat"] {
        let line = format!("({retried}; exit 1) {hidden}");
        shell(&world, 1, &["--fail-on", "any"], &line);
    }
    let own = format!("rm nothing || true; {retried}");
    shell(&world, 0, &["--fail-on", "any"], &own);
}

#[test]
fn a_command_that_never_ended_well_has_not_passed() {
    let world = one_commit();
    let counter = world.outside().join("counter");
    let line = |second: &str| {
        format!(
            "if test -e '{0}'; then echo 1..1; echo ok 1 - b; {second}; else touch '{0}'; \
             echo 1..1; echo not ok 1 - b; exit 23; fi",
            counter.display()
        )
    };
    for second in ["exit 23", "kill -SEGV $$"] {
        drop(std::fs::remove_file(&counter));
        let said = shell(
            &world,
            1,
            &["--retries", "1", "--fail-on", "any"],
            &line(second),
        );
        assert!(
            said.stdout.contains("1 with failed tests"),
            "{}",
            said.stdout
        );
    }
    drop(std::fs::remove_file(&counter));
    let said = shell(
        &world,
        0,
        &["--retries", "1", "--fail-on", "any"],
        &line("exit 0"),
    );
    assert!(said.stdout.contains("1 passed"), "{}", said.stdout);
}

#[test]
fn namesakes_do_not_forgive_each_other_in_a_retry_either() {
    let world = one_commit();
    let flags = ["--retries", "2", "--fail-on", "any"];
    let tap = "echo 1..2; echo ok 1 - x; echo not ok 2 - x; exit 1";
    let said = shell(&world, 1, &flags, tap);
    assert!(!said.stdout.contains("FLAKY"), "{}", said.stdout);
    let two = ["--results", "tap:out/a.tap", "--results", "tap:out/b.tap"];
    shell(
        &world,
        1,
        &[&flags[..], &two].concat(),
        &format!("{TWO_FILES}; exit 1"),
    );
    let junit = "echo '<testsuite name=\"S\"><testcase name=\"t\"/><testcase name=\"t\"><failure/>\
                 </testcase></testsuite>'; exit 1";
    shell(&world, 1, &flags, junit);
}

#[test]
fn results_that_git_retro_cut_off_are_no_verdict() {
    let world = one_commit();
    let line = "echo 1..500; for i in $(seq 500); do echo ok $i - test number $i; done";
    let said = shell(&world, 3, &["--log-cap", "2KiB"], line);
    assert!(said.stdout.contains("--log-cap"), "{}", said.stdout);
    let said = shell(&world, 0, &[], line);
    assert!(
        said.stdout.contains("500 tests in the newest"),
        "{}",
        said.stdout
    );
    // Without results in it, output may be as long as it likes.
    shell(&world, 0, &["--log-cap", "2KiB"], "seq 10000");
}

#[test]
fn a_file_of_results_that_was_named_and_not_written_is_missed() {
    let world = one_commit();
    let flags = [
        "--fail-on",
        "any",
        "--results",
        "tap:a.tap",
        "--results",
        "tap:b.tap",
    ];
    let said = shell(&world, 1, &flags, "printf '1..1\\nok - a\\n' > a.tap");
    assert!(said.stdout.contains("(command)"), "{}", said.stdout);
    let log = world.expect(0, &["show", "HEAD"]).stdout;
    assert!(log.contains("b.tap was not written"), "{log}");
}

#[test]
fn a_script_that_a_commit_cannot_run_is_that_commits_trouble() {
    let world = World::new();
    world
        .repo
        .commit_files(&[("r.sh", "#!/bin/sh\nexit 0\n")], "not executable");
    world.repo.git(["update-index", "--chmod=+x", "r.sh"]);
    world.repo.git(["commit", "-q", "-m", "executable"]);
    world
        .repo
        .commit_files(&[("r.sh", "#!/no/such/interpreter\n")], "no interpreter");
    let said = world.expect(0, &["run", "--", "./r.sh"]);
    assert!(
        said.stdout.contains("1 passed, 2 untestable"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("cannot be run"), "{}", said.stdout);
    let again = world.expect(0, &["run", "--", "./r.sh"]);
    assert!(again.stderr.contains("0 to run"), "{}", again.stderr);
}

#[test]
fn nothing_is_removed_behind_a_link_in_place_of_the_scratch_folder() {
    let world = World::new();
    for number in ["1", "2", "3"] {
        world.repo.commit_files(&[("file", number)], number);
    }
    let precious = world.outside().join("precious");
    std::fs::create_dir_all(precious.join("out")).unwrap();
    std::fs::write(precious.join("out/thesis.txt"), "x").unwrap();
    let line = format!(
        "P=$(dirname \"$RETRO_SCRATCH\"); rm -rf \"$P\"; ln -s '{}' \"$P\"",
        precious.display()
    );
    // It took its own log with it, which is its own trouble.
    let said = shell(&world, 0, &["--jobs", "1"], &line);
    assert!(
        said.stdout.contains("3 with failed tests"),
        "{}",
        said.stdout
    );
    assert!(precious.join("out/thesis.txt").exists());
    assert!(!precious.join("logs").exists());
}

#[test]
fn a_run_that_was_to_end_at_a_failure_says_so_each_time() {
    let world = World::new();
    for (number, code) in [("1", "0"), ("2", "1"), ("3", "1"), ("4", "0")] {
        world
            .repo
            .commit_files(&[("code", code), ("number", number)], number);
    }
    for remaining in ["2 not run", "2 not run"] {
        let said = shell(
            &world,
            1,
            &["--fail-fast", "--jobs", "1"],
            "exit $(cat code)",
        );
        assert!(said.stdout.contains(remaining), "{}", said.stdout);
        assert!(said.stdout.contains("--fail-fast"), "{}", said.stdout);
    }
    let said = shell(
        &world,
        0,
        &["--fail-fast", "--fail-on", "none"],
        "exit $(cat code)",
    );
    assert!(said.stdout.contains("2 not run"), "{}", said.stdout);
    let spread = ["--fail-fast", "--jobs", "1", "--order", "spread"];
    let said = shell(&world, 1, &spread, "exit $(cat code)");
    assert!(said.stdout.contains("2 not run"), "{}", said.stdout);
    let said = shell(
        &world,
        1,
        &["--fail-fast", "--jobs", "1", "--order", "oldest"],
        "exit $(cat code)",
    );
    assert!(said.stdout.contains("ended early"), "{}", said.stdout);
}

#[test]
fn what_was_typed_runs_on_every_commit() {
    let world = World::new();
    world.repo.commit_files(&[("file", "1")], "one");
    world.repo.git(["tag", "v1"]);
    world.repo.commit_files(
        &[(
            "retro.toml",
            "[[suites]]\nname = \"unit\"\nrun = \"echo CONFIGURED\"\n\
             [[rules]]\nrange = \"v1\"\nrun = \"echo OLD $A $B\"\nbuild = \"false\"\nenv = { A = \"rule\" }\n\
             [[rules]]\nrange = \"v1\"\nenv = { B = \"later\" }\n",
        )],
        "two",
    );
    shell(&world, 0, &[], "echo TYPED");
    let log = world.expect(0, &["log", "v1"]).stdout;
    assert!(log.contains("TYPED") && !log.contains("OLD"), "{log}");

    world.expect(0, &["run", "--build", "true", "--env", "A=flag"]);
    let log = world.expect(0, &["log", "v1", "--suite", "unit"]).stdout;
    assert!(log.contains("OLD flag later"), "{log}");
}

#[test]
fn a_tool_that_a_rule_names_is_looked_at() {
    let world = one_commit();
    let version = world.outside().join("version");
    std::fs::write(&version, "1").unwrap();
    let text = format!(
        "[[suites]]\nname = \"unit\"\nrun = \"true\"\n\
         [[rules]]\nrange = \"HEAD\"\ntoolchain = [\"cat {}\"]\n",
        version.display()
    );
    world.repo.write("retro.toml", text);
    world.expect(0, &["run"]);
    assert!(world.expect(0, &["run"]).stderr.contains("0 to run"));
    std::fs::write(&version, "2").unwrap();
    assert!(world.expect(0, &["run"]).stderr.contains("1 to run"));
}

#[test]
fn how_work_trees_are_made_is_part_of_a_result() {
    let world = one_commit();
    for flags in [&[][..], &["--clean"], &["--keep", "cache"]] {
        let first = shell(&world, 0, flags, "true");
        assert!(
            first.stderr.contains("1 to run"),
            "{flags:?}: {}",
            first.stderr
        );
        let again = shell(&world, 0, flags, "true");
        assert!(
            again.stderr.contains("0 to run"),
            "{flags:?}: {}",
            again.stderr
        );
    }
}

#[test]
fn a_mistake_in_one_suite_is_told_before_any_runs() {
    let world = one_commit();
    world.repo.write(
        "retro.toml",
        "[[suites]]\nname = \"a\"\nrun = \"true\"\n[[suites]]\nname = \"b\"\nrun = \"true\"\n\
         [[rules]]\nsuite = \"b\"\nrange = \"nope..HEAD\"\nrun = \"false\"\n",
    );
    let said = world.expect(2, &["run"]);
    assert!(
        said.stderr.contains("\"nope..HEAD\" of a rule"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("[[rules]]"), "{}", said.stderr);
    assert!(!said.stderr.contains("[1/1]"), "{}", said.stderr);
}

#[test]
fn what_to_type_next_works_for_every_suite() {
    let world = World::new();
    world.repo.commit_files(&[("a", "0"), ("b", "0")], "good");
    world.repo.commit_files(&[("a", "1")], "bad");
    world.repo.write(
        "retro.toml",
        "[[suites]]\nname = \"a\"\nrun = \"exit $(cat a)\"\n\
         [[suites]]\nname = \"b\"\nrun = \"exit $(cat b)\"\n",
    );
    let said = world.expect(1, &["run"]);
    let next = said
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("why:   git retro "));
    let words: Vec<String> = next
        .unwrap()
        .split(' ')
        .map(|word| word.trim_matches('\'').to_owned())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let story = world.expect(0, &words).stdout;
    assert!(story.contains("BROKE"), "{story}");
}

#[test]
fn several_revisions_are_several_commits() {
    let world = World::new();
    for number in ["1", "2", "3", "4"] {
        world.repo.commit_files(&[("file", number)], number);
    }
    let said = world.expect(0, &["run", "HEAD", "HEAD~2", "--", "true"]);
    assert!(said.stdout.contains("2 commits"), "{}", said.stdout);
}

#[test]
fn different_commands_are_not_compared_in_silence() {
    let world = World::new();
    world.repo.commit_files(&[("file", "1")], "1");
    world.repo.commit_files(&[("file", "2")], "2");
    world.expect(
        0,
        &[
            "run",
            "HEAD~1",
            "--",
            "sh",
            "-c",
            "echo 1..1; echo ok 1 - works",
        ],
    );
    let failing = "echo 1..1; echo not ok 1 - works; exit 1";
    world.expect(0, &["run", "HEAD", "--", "sh", "-c", failing]);
    let said = world.expect(0, &["diff", "HEAD~1", "HEAD"]).stdout;
    assert!(said.contains("not the same command"), "{said}");
    let document = world.json(0, &["diff", "HEAD~1", "HEAD", "--format", "json"]);
    assert_eq!(document["same_suite"], false, "{document}");
    assert_eq!(document["suite"], "sh", "{document}");
}
