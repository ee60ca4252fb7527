//! Bad input and hostile commands: a clear message, the right exit code, nothing lost.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;

use retro_testing::{HistorySpec, ScratchRepo};
use retro_tests::World;

fn one_commit() -> World {
    let world = World::new();
    world
        .repo
        .commit_files(&[("out.tap", "1..1\nok - a\n")], "one");
    world
}

/// git-retro ends with this code and says each of these.
#[track_caller]
fn check(world: &World, args: &[&str], code: i32, parts: &[&str]) {
    let said = world.expect(code, args);
    for part in parts {
        assert!(
            said.stderr.contains(part),
            "{args:?}: {part:?} is not in\n{}",
            said.stderr
        );
    }
}

#[test]
fn what_is_wrong_with_the_call_is_said() {
    let world = one_commit();
    let outside = world.outside().to_str().unwrap().to_owned();
    check(
        &world,
        &["-C", &outside, "run"],
        2,
        &["not inside a git repository"],
    );
    check(
        &world,
        &["run", "nosuchbranch", "--", "true"],
        2,
        &["nosuchbranch"],
    );
    check(
        &world,
        &["run", "HEAD..HEAD", "--", "true"],
        4,
        &["no commit matches"],
    );
    check(&world, &["run"], 2, &["no way to run", "retro.toml"]);
    check(
        &world,
        &["run", "--since", "soon", "--", "true"],
        2,
        &["--since", "soon"],
    );
    check(&world, &["show"], 2, &["no run yet", "git retro run"]);
    check(&world, &["log", "HEAD"], 2, &["no result is known"]);
    check(
        &world,
        &["run", "--", "no-such-program"],
        2,
        &["no-such-program", "not found"],
    );
    check(&world, &["run", "--order", "random"], 2, &["random"]);
    check(
        &world,
        &["run", "--path", "[", "--", "true"],
        2,
        &["--path"],
    );
}

#[test]
fn an_empty_repository_has_no_commits_to_run() {
    let world = World::new();
    let said = world.retro(&["run", "--", "true"]);
    assert!(matches!(said.code, Some(2 | 4)), "{said:?}");
    assert!(said.stderr.starts_with("error:"), "{}", said.stderr);
}

#[test]
fn a_mistake_in_the_configuration_is_shown_with_its_line() {
    let world = one_commit();
    world
        .repo
        .write("retro.toml", "jobs = 2\nordr = \"oldest\"\n");
    check(
        &world,
        &["run", "--", "true"],
        2,
        &["retro.toml", "2", "ordr", "order"],
    );
    world.repo.write("retro.toml", "jobs = = 2\n");
    check(&world, &["run", "--", "true"], 2, &["retro.toml"]);
    world.repo.write("retro.toml", b"\xff\xfe");
    check(&world, &["run", "--", "true"], 2, &["retro.toml"]);
}

#[test]
fn a_command_that_leaves_a_daemon_does_not_hold_the_run() {
    let world = one_commit();
    let pid_file = world.outside().join("pid");
    let line = format!(
        "(setsid sh -c 'echo $$ > {0}.tmp; mv {0}.tmp {0}; exec sleep 600' &) ; while ! test -e {0}; do :; done; cat out.tap",
        pid_file.display()
    );
    let found = world.json(0, &["run", "--format", "json", "--", "sh", "-c", &line]);
    assert_eq!(found["commits"][0]["verdict"], "passed");
    let pid = std::fs::read_to_string(&pid_file).unwrap();
    let alive = std::path::Path::new("/proc").join(pid.trim()).exists();
    assert!(!alive, "the daemon {pid} outlived the run");
}

#[test]
fn a_gigabyte_of_output_is_cut_and_said_to_be() {
    let world = one_commit();
    let line = "head -c 1000000000 /dev/zero | tr '\\0' x; exit 1";
    let args = [
        "run",
        "--log-cap",
        "1MiB",
        "--fail-on",
        "none",
        "--",
        "sh",
        "-c",
        line,
    ];
    world.expect(0, &args);
    let log = world
        .expect(0, &["log", "HEAD", "--file", "test.stdout"])
        .stdout;
    assert!(log.len() < 2 << 20, "{} bytes were kept", log.len());
    assert!(log.contains("truncated"), "the cut is not marked");
    let shown = world.expect(0, &["show", "HEAD"]).stdout;
    assert!(shown.contains("1000000000 bytes"), "{shown}");
}

#[test]
fn a_command_may_remove_its_work_tree() {
    let world = World::new();
    for number in 0..3 {
        world.repo.commit_files(
            &[("out.tap", "1..1\nok - a\n"), ("n", &number.to_string())],
            "x",
        );
    }
    let line = "cat out.tap; d=$PWD; cd /; rm -rf \"$d\"";
    let found = world.json(0, &["run", "--format", "json", "--", "sh", "-c", line]);
    for commit in found["commits"].as_array().unwrap() {
        assert_eq!(commit["verdict"], "passed", "{commit}");
    }
}

#[test]
fn a_commit_sees_nothing_of_what_the_last_one_left() {
    let world = World::new();
    for number in 0..4 {
        world
            .repo
            .commit_files(&[("a/file", "same"), ("n", &number.to_string())], "x");
    }
    // Each command first checks that its work tree is clean, then spoils it in every way.
    let line = "test -z \"$(git status --porcelain)\" && test \"$(cat a/file)\" = same || exit 1; \
                test \"$(git rev-parse HEAD)\" = \"$RETRO_COMMIT\" || exit 1; \
                echo spoiled > a/file; echo new > a/new; rm n; mkdir d; echo x > d/e; chmod +x a/file; \
                git checkout -q -b branch 2>/dev/null; git add -A; git -c user.name=x -c user.email=x@x commit -qm mine";
    let found = world.json(
        0,
        &[
            "run", "--jobs", "1", "--format", "json", "--", "sh", "-c", line,
        ],
    );
    for commit in found["commits"].as_array().unwrap() {
        assert_eq!(commit["verdict"], "passed", "{commit}");
    }
}

#[test]
fn names_and_output_need_not_be_unicode() {
    let world = one_commit();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    world.repo.write(name, "x");
    world.repo.commit("a name that is not UTF-8");
    let line = "printf '1..1\\nok - \\377\\376 bytes\\n'; ls caf*";
    let args = [
        "run",
        "--last",
        "1",
        "--results",
        "tap",
        "--format",
        "json",
        "--",
        "sh",
        "-c",
        line,
    ];
    let found = world.json(0, &args);
    assert_eq!(found["commits"][0]["counts"]["passed"], 1, "{found}");
}

#[test]
fn a_commit_of_ten_thousand_files_is_checked_out() {
    let spec = HistorySpec {
        files: 10_000,
        commits: 3,
        changed_per_commit: 50,
    };
    let world = World::around(ScratchRepo::with_history(spec));
    let line = "test $(git ls-files | wc -l) -ge 10000 && test -z \"$(git status --porcelain)\"";
    let found = world.json(0, &["run", "--format", "json", "--", "sh", "-c", line]);
    for commit in found["commits"].as_array().unwrap() {
        assert_eq!(commit["verdict"], "passed", "{commit}");
    }
}

#[test]
fn paths_that_differ_in_case_are_two_files_where_the_system_can() {
    let world = World::new();
    world
        .repo
        .commit_files(&[("Name", "upper"), ("name", "lower")], "x");
    let line = "test \"$(cat Name)\" = upper && test \"$(cat name)\" = lower";
    world.expect(0, &["run", "--", "sh", "-c", line]);
}

#[test]
fn a_link_out_of_the_work_tree_is_not_followed() {
    let world = World::new();
    let victim = world.outside().join("victim");
    std::fs::create_dir(&victim).unwrap();
    std::os::unix::fs::symlink(&victim, world.repo.path().join("dir")).unwrap();
    world.repo.commit("a link to a folder outside");
    std::fs::remove_file(world.repo.path().join("dir")).unwrap();
    world.repo.write("dir/file", "inside");
    world.repo.commit("a folder in its place");
    for order in ["oldest", "newest"] {
        world.expect(
            0,
            &[
                "run",
                "--no-cache",
                "--jobs",
                "1",
                "--order",
                order,
                "--",
                "true",
            ],
        );
        let written: Vec<_> = std::fs::read_dir(&victim).unwrap().collect();
        assert!(written.is_empty(), "a checkout wrote outside: {written:?}");
    }
}

#[test]
fn a_result_that_is_a_link_is_not_read() {
    let world = one_commit();
    let secret = world.outside().join("secret.xml");
    std::fs::write(
        &secret,
        "<testsuites><testcase name=\"secret\"/></testsuites>",
    )
    .unwrap();
    let line = format!("ln -s {} out.xml", secret.display());
    let args = [
        "run",
        "--results",
        "junit:*.xml",
        "--format",
        "json",
        "--",
        "sh",
        "-c",
        &line,
    ];
    let found = world.json(4, &args);
    assert_eq!(found["commits"][0]["verdict"], "untestable", "{found}");
}

#[test]
fn a_suite_without_readable_results_has_not_passed() {
    let world = one_commit();
    let args = [
        "run",
        "--results",
        "junit:out/*.xml",
        "--format",
        "json",
        "--",
        "true",
    ];
    let found = world.json(4, &args);
    assert_eq!(found["commits"][0]["verdict"], "untestable");
    let reason = found["commits"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("out/*.xml"), "{reason}");
}

#[test]
fn a_tracked_file_that_matches_is_not_taken_for_a_result() {
    let world = World::new();
    let old = "<testsuites><testcase name=\"old\"/></testsuites>";
    world.repo.commit_files(&[("out/committed.xml", old)], "x");
    let args = [
        "run",
        "--results",
        "junit:out/*.xml",
        "--format",
        "json",
        "--",
        "true",
    ];
    assert_eq!(world.json(4, &args)["commits"][0]["verdict"], "untestable");
}

#[test]
fn a_shallow_clone_is_run_up_to_its_edge() {
    let whole = World::new();
    for number in 0..5 {
        whole.repo.commit_files(&[("n", &number.to_string())], "x");
    }
    let world = World::around(whole.repo.clone_with(["--depth", "2"]));
    let said = world.expect(0, &["run", "--last", "10", "--", "true"]);
    assert!(said.stderr.contains("shallow"), "{}", said.stderr);
    assert!(said.stdout.contains("2 commits"), "{}", said.stdout);
}

#[test]
fn a_missing_object_is_named_and_the_rest_goes_on() {
    let world = World::new();
    world.repo.commit_files(&[("f", "first")], "lost");
    let blob = world.repo.git(["rev-parse", "HEAD:f"]);
    world.repo.commit_files(&[("f", "second")], "whole");
    let (head, tail) = blob.trim().split_at(2);
    let object = world.repo.path().join(".git/objects").join(head).join(tail);
    std::fs::remove_file(object).unwrap();
    let said = world.expect(3, &["run", "--", "true"]);
    assert!(said.stdout.contains("NOT DONE 1 commit"), "{}", said.stdout);
    assert!(said.stdout.contains("1 passed"), "{}", said.stdout);
}

#[test]
fn secrets_of_the_environment_do_not_reach_commands() {
    let mut world = one_commit();
    for name in [
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "GIT_DIR_NOT",
        "MY_SETTING",
    ] {
        world.set(name, "hunter2hunter2");
    }
    world.expect(
        0,
        &[
            "run",
            "--env",
            "MY_SETTING",
            "--",
            "sh",
            "-c",
            "env; cat out.tap",
        ],
    );
    let log = world.expect(0, &["log", "HEAD"]).stdout;
    assert!(log.contains("MY_SETTING=hunter2hunter2"), "{log}");
    assert_eq!(log.matches("hunter2hunter2").count(), 1, "{log}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = one_commit();
    world.expect(0, &["run", "--", "cat", "out.tap"]);
    let mut command = world.command(&["show", "--all"]);
    command.stdout(std::process::Stdio::piped());
    // Nobody reads the other end.
    let mut child = command.process_group(0).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
