//! What people ask beside runs, and how they are answered.

use retro_tests::World;

/// Prints the commit's TAP file.
const TAP: [&str; 4] = ["--", "sh", "-c", "cat out.tap; ! grep -q '^not ok' out.tap"];

fn run(world: &World, code: i32, flags: &[&str]) -> retro_tests::Said {
    let mut args = vec!["run"];
    args.extend(flags);
    args.extend(TAP);
    world.expect(code, &args)
}

fn commit(world: &World, lines: &[&str]) -> String {
    let plan = format!("1..{}", lines.len());
    let tap: Vec<&str> = std::iter::once(plan.as_str())
        .chain(lines.iter().copied())
        .collect();
    world.repo.write("out.tap", tap.join("\n") + "\n");
    let id = world.repo.commit(&lines.join(", "));
    id.short()
}

#[test]
fn runs_are_listed_and_removed_from_anywhere() {
    let world = World::new();
    commit(&world, &["ok - a"]);
    run(&world, 0, &[]);
    let outside = world.outside().join("elsewhere");
    std::fs::create_dir(&outside).unwrap();
    let outside = outside.to_str().unwrap();

    let listed = world.expect(0, &["ls", "--all", "-C", outside]).stdout;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let removed = world.expect(0, &["gc", "-C", outside]).stdout;
    assert!(removed.starts_with("removed 0 runs"), "{removed}");
    for about_one in [&["ls"][..], &["gc", "--slots"], &["show"]] {
        let said = world.expect(2, &[about_one, &["-C", outside]].concat());
        assert!(
            said.stderr.contains("not inside a git repository"),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn the_whole_name_or_its_last_part_is_enough_for_why() {
    let world = World::new();
    let names = [
        "ok - math::sum",
        "ok - math::sum::of_none",
        "ok - math::checksum",
    ];
    commit(&world, &names);
    commit(&world, &["not ok - math::sum", names[1], names[2]]);
    run(&world, 1, &[]);
    for pattern in ["math::sum", "sum"] {
        let story = world.expect(0, &["why", pattern]).stdout;
        assert!(story.starts_with("math::sum\n"), "{story}");
    }
    let refused = world.expect(2, &["why", "su"]).stderr;
    assert!(refused.contains("more than one test"), "{refused}");
    assert!(refused.contains("math::checksum"), "{refused}");
}

#[test]
fn what_could_not_be_judged_is_tried_again_when_asked() {
    let world = World::new();
    commit(&world, &["ok - a"]);
    let network = world.outside().join("network");
    let line = format!("test -e '{}' || exit 125; cat out.tap", network.display());
    let args = ["run", "--", "sh", "-c", &line];
    let said = world.expect(4, &args);
    assert!(
        said.stdout.contains("--retry-untestable"),
        "{}",
        said.stdout
    );
    std::fs::write(&network, "").unwrap();
    world.expect(4, &args);
    let again = world.expect(0, &["run", "--retry-untestable", "--", "sh", "-c", &line]);
    assert!(again.stdout.contains("1 passed"), "{}", again.stdout);
    let known = world.expect(0, &["run", "--retry-untestable", "--", "sh", "-c", &line]);
    assert!(known.stderr.contains("0 to run"), "{}", known.stderr);
}

#[test]
fn an_older_range_is_only_promised_where_there_is_one() {
    let world = World::new();
    for _ in 0..3 {
        world.repo.write("number", rand_like(&world));
        commit(&world, &["not ok - a"]);
    }
    let whole = run(&world, 0, &[]).stdout;
    assert!(whole.contains("FAILING FROM THE START 1 test\n"), "{whole}");
    let part = run(&world, 0, &["--last", "2"]).stdout;
    assert!(part.contains("an older range shows where"), "{part}");
}

/// Something that differs from commit to commit.
fn rand_like(world: &World) -> String {
    let log = world.repo.path().join(".git/logs/HEAD");
    std::fs::read_to_string(log).unwrap_or_default()
}

#[test]
fn a_suite_that_was_only_detected_has_a_name_too() {
    let world = World::new();
    world.repo.write("Makefile", "test:\n\ttrue\n");
    world.repo.commit("make");
    world.expect(0, &["run", "--suite", "make"]);
    let said = world.expect(2, &["run", "--suite", "nosuch"]).stderr;
    assert!(
        said.contains("\"nosuch\"") && said.contains("found here: make"),
        "{said}"
    );
}

#[test]
fn the_colour_of_errors_is_as_asked() {
    let world = World::new();
    let plain = world
        .expect(2, &["run", "--color", "never", "--nonsense"])
        .stderr;
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let coloured = world
        .expect(2, &["--color=always", "run", "--nonsense"])
        .stderr;
    assert!(coloured.contains('\u{1b}'), "{coloured:?}");
}

#[test]
fn a_command_that_fails_beside_its_tests_is_not_called_failed_tests() {
    let world = World::new();
    world.repo.write("out.tap", "1..2\nok - a\nok - b\n");
    world.repo.commit("all is well");
    let said = world.expect(0, &["run", "--", "sh", "-c", "cat out.tap; exit 3"]);
    assert!(
        said.stderr.contains("no test of 2: the command itself"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_dry_run_says_which_commit_stands_for_which() {
    let world = World::new();
    let first = commit(&world, &["ok - a"]);
    world
        .repo
        .git(["commit", "-q", "--allow-empty", "-m", "nothing"]);
    let said = world.expect(0, &["run", "--dry-run", "--", "true"]);
    let mut lines = said.stdout.lines();
    let newest = lines.next().unwrap();
    assert!(newest.starts_with("same tree"), "{}", said.stdout);
    assert!(
        newest.ends_with(&format!("(runs as {first})")),
        "{}",
        said.stdout
    );
    assert!(!world.data().exists(), "a dry run made the data folder");
    assert!(!world.cache().exists(), "a dry run made the cache folder");
}
