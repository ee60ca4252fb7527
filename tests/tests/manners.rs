//! Small manners: what git-retro makes of git's own variables, of bare repositories, of flags that
//! cannot be meant, and what it says then.

use retro_tests::{Said, World, wait_until};

fn one_commit() -> World {
    let world = World::new();
    world
        .repo
        .commit_files(&[("out.tap", "1..1\nok - a\n")], "one");
    world
}

/// git-retro ends with this code and says each of these.
#[track_caller]
fn check(world: &World, args: &[&str], code: i32, parts: &[&str]) -> Said {
    let said = world.expect(code, args);
    for part in parts {
        assert!(
            said.stderr.contains(part),
            "{args:?}: {part:?} is not in\n{}",
            said.stderr
        );
    }
    said
}

/// A run with these flags of a command that succeeds.
fn with<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&["run"], flags, &["--", "true"]].concat()
}

/// git-retro in another folder and with these variables.
fn elsewhere(world: &World, variables: &[(&str, &str)], args: &[&str]) -> Said {
    let folder = world.outside().join("elsewhere");
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = world.command(args);
    command.current_dir(folder);
    command.envs(variables.iter().copied());
    command.output().unwrap().into()
}

#[test]
fn the_variables_of_git_name_the_repository() {
    let world = one_commit();
    let suite = "[[suites]]\nname = \"named\"\nrun = [\"cat\", \"out.tap\"]\n";
    world.repo.write("retro.toml", suite);
    let root = world.repo.path().to_str().unwrap();
    let git_dir = format!("{root}/.git");
    let plan = &["run", "--dry-run"];
    let said = elsewhere(&world, &[("GIT_DIR", &git_dir)], plan);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("suite named"), "{said:?}");
    // Inside of another repository, too.
    let other = one_commit();
    let mut command = other.command(plan);
    let said: Said = command.env("GIT_DIR", &git_dir).output().unwrap().into();
    assert!(said.stderr.contains("suite named"), "{said:?}");
    // What a flag says is meant more.
    let flags = ["-C", root, "run", "--dry-run"];
    let said = elsewhere(&world, &[("GIT_DIR", "nowhere")], &flags);
    assert_eq!(said.code, Some(0), "{said:?}");
    for wrong in ["nowhere", "", root] {
        let said = elsewhere(&world, &[("GIT_DIR", wrong)], plan);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.contains("GIT_DIR"), "{said:?}");
    }
    let bare = world.outside().join("bare.git");
    let bare = bare.to_str().unwrap();
    world.repo.git(["clone", "-q", "--bare", ".", bare]);
    let both = [("GIT_DIR", bare), ("GIT_WORK_TREE", root)];
    let said = elsewhere(&world, &both, plan);
    assert!(said.stderr.contains("suite named"), "{said:?}");
    let both = [("GIT_DIR", bare), ("GIT_WORK_TREE", "nowhere")];
    let said = elsewhere(&world, &both, plan);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("GIT_WORK_TREE"), "{said:?}");
}

#[test]
fn a_bare_repository_has_nothing_to_look_at_and_nowhere_to_write() {
    let world = one_commit();
    world.repo.write("Makefile", "test:\n\ttrue\n");
    world.repo.commit("make");
    let bare = world.outside().join("bare.git");
    world
        .repo
        .git(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let at = ["-C", bare.to_str().unwrap()];
    let run = [&at[..], &["run"]].concat();
    let said = check(
        &world,
        &run,
        2,
        &["bare repository", "--config", "-- COMMAND"],
    );
    assert!(!said.stderr.contains("init"), "{said:?}");
    for args in [&["init"][..], &["init", "--force"]] {
        let args = [&at[..], args].concat();
        check(&world, &args, 2, &["bare repository", "--config"]);
    }
    assert!(!bare.join("retro.toml").exists());
    let file = world.outside().join("suite.toml");
    std::fs::write(&file, "[[suites]]\nname = \"s\"\nrun = [\"make\"]\n").unwrap();
    let named = [&run[..], &["--config", file.to_str().unwrap()]].concat();
    world.expect(0, &named);
    world.expect(0, &[&run[..], &["--", "make"]].concat());
}

#[test]
fn an_overlay_that_fits_no_commit_is_refused_before_anything_runs() {
    let world = one_commit();
    let junk = world.outside().join("junk.patch");
    std::fs::write(&junk, "no patch at all\n").unwrap();
    let junk = junk.to_str().unwrap();
    let flags = ["--overlay-patch", junk];
    check(&world, &with(&flags), 2, &["junk.patch", "git diff"]);
    for dest in ["a//b", ".GIT/x", "../x", "", "git~1/x", "a/.git/x"] {
        let file = format!("{dest}={junk}");
        let flags = ["--overlay", file.as_str()];
        check(&world, &with(&flags), 2, &["not allowed", dest]);
    }
    let text = format!("[overlay]\npatches = [{junk:?}]\n");
    world.repo.write("retro.toml", text);
    check(&world, &with(&[]), 2, &["junk.patch"]);
    assert!(!world.cache().join("slots").exists(), "something ran");
}

#[test]
fn where_results_and_work_trees_are_is_shown() {
    let world = one_commit();
    let said = world.expect(0, &["config", "show", "--origin"]).stdout;
    for (key, folder) in [("data-dir", world.data()), ("cache-dir", world.cache())] {
        let line = format!("{key} = {:?}  # default\n", folder.display().to_string());
        assert!(said.contains(&line), "{line} is not in {said}");
    }
    let named = ["config", "show", "--data-dir", "here"];
    let said = world.expect(0, &named).stdout;
    let here = world.repo.path().join("here");
    assert!(said.contains(&here.display().to_string()), "{said}");
}

#[test]
fn results_that_were_removed_are_not_called_unknown_tests() {
    let world = one_commit();
    world.expect(0, &["run", "--", "cat", "out.tap"]);
    let said = world.expect(0, &["show"]).stdout;
    assert!(!said.contains("git retro gc"), "{said}");
    world.expect(0, &["gc", "--max-age", "1ms"]);
    let said = world.expect(0, &["show"]).stdout;
    let sentence = "1 commit has no result: removed by `git retro gc`";
    assert!(said.contains(sentence), "{said}");
    for question in ["why", "test"] {
        check(&world, &[question, "a"], 2, &["no test of run", sentence]);
    }
}

#[test]
fn a_run_that_did_not_end_says_so_when_it_is_shown() {
    let world = one_commit();
    let here = world.outside().join("here");
    let line = format!("touch {}; sleep 600", here.display());
    let mut child = world.start(&["run", "--", "sh", "-c", &line]);
    wait_until("the command runs", || here.exists());
    let said = world.expect(0, &["show"]).stdout;
    assert!(said.contains("still running"), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();
    let said = world.expect(0, &["show"]).stdout;
    assert!(said.contains("abandoned"), "{said}");
    world.expect(3, &["run", "--time-limit", "1ms", "--", "sleep", "600"]);
    let said = world.expect(0, &["show"]).stdout;
    assert!(said.contains("stopped before its end"), "{said}");
}

#[test]
fn what_a_flag_cannot_mean_is_said_in_plain_words() {
    let world = one_commit();
    for (flags, parts) in [
        (&["--every", "0"][..], &["a whole number from 1"][..]),
        (&["-j", "0"], &["a whole number from 1"]),
        (&["--path", "."], &["matches nothing", "leave out --path"]),
        (&["--path", ":!x"], &["matches nothing", "glob"]),
        (&["--env", ""], &["has no name"]),
        (&["--env", "A B"], &["no name of a variable"]),
        (&["--env", "RETRO_COMMIT=1"], &["itself sets RETRO_COMMIT"]),
        (
            &["--env", "RETRO_SCRATCH=/"],
            &["itself sets RETRO_SCRATCH"],
        ),
        (&["--results", "exit-code:*.xml"], &["in no file"]),
        (&["--results", "junit:dir/"], &["match no file", "dir/*"]),
        (&["--results", "junit:.git/x"], &["match no file", ".git"]),
        (&["--color", "pink"], &["always", "never"]),
    ] {
        check(&world, &with(flags), 2, parts);
    }
    let folder = ["--rev-list-file", "-"];
    let mut command = world.command(&with(&folder));
    let here = std::fs::File::open(world.repo.path()).unwrap();
    let said: Said = command.stdin(here).output().unwrap().into();
    assert!(said.stderr.contains("on standard input"), "{said:?}");
    let said = elsewhere(&world, &[("RETRO_CONFIG", "")], &["ls", "--all"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.stderr.contains("RETRO_CONFIG is set, but empty"),
        "{said:?}"
    );
    world.repo.write("retro.toml", "timeout = 5\n");
    check(&world, &with(&[]), 2, &["5 has no unit", "\"5s\""]);
}

#[test]
fn one_thing_is_told_in_the_singular() {
    let world = one_commit();
    world.expect(0, &["run", "--", "cat", "out.tap"]);
    let listed = world.expect(0, &["ls"]).stdout;
    assert!(listed.contains(" 1 commit "), "{listed}");
    let shown = world.expect(0, &["show", "HEAD"]).stdout;
    assert!(shown.contains("  1 test: 1 passed"), "{shown}");
    let story = world.expect(0, &["why", "a"]).stdout;
    assert!(story.contains("in 1 commit of"), "{story}");
    let none = world.expect(0, &["ls", "-n", "0"]);
    assert!(!none.stderr.contains("no run yet"), "{none:?}");
    let removed = world.expect(0, &["gc", "--max-age", "1ms", "--slots"]);
    let parts = ["removed 0 runs, 1 result and", "emptied 1 work tree\n"];
    for part in parts {
        assert!(removed.stdout.contains(part), "{removed:?}");
    }
}

#[test]
fn a_suite_that_is_named_twice_is_run_once() {
    let world = one_commit();
    let suite = "[[suites]]\nname = \"a\"\nrun = [\"cat\", \"out.tap\"]\n";
    world.repo.write("retro.toml", suite);
    world.expect(0, &["run", "--suite", "a", "--suite", "a"]);
    let listed = world.expect(0, &["ls"]).stdout;
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

#[test]
fn a_printed_command_can_be_typed_whatever_the_test_is_called() {
    let world = World::new();
    for (tap, message) in [("ok - -dash", "good"), ("not ok - -dash", "bad")] {
        let tap = format!("1..1\n{tap}\n");
        world.repo.commit_files(&[("out.tap", &tap)], message);
    }
    let said = world.expect(1, &["run", "--", "cat", "out.tap"]).stdout;
    assert!(said.contains("git retro why -- '-dash'"), "{said}");
    world.expect(0, &["why", "--", "-dash"]);
}

#[test]
fn a_damaged_log_can_be_made_again() {
    let world = one_commit();
    world.expect(0, &["run", "--", "cat", "out.tap"]);
    let mut open = vec![world.data().join("artifacts")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let inside = std::fs::read_dir(path).unwrap();
            open.extend(inside.map(|entry| entry.unwrap().path()));
        } else if path.ends_with("test.stdout") {
            std::fs::write(path, "1..1\nok - b\n").unwrap();
        }
    }
    check(&world, &["log", "HEAD"], 3, &["damaged", "--no-cache"]);
    world.expect(0, &["run", "--no-cache", "--", "cat", "out.tap"]);
    world.expect(0, &["log", "HEAD"]);
}

#[test]
fn a_work_dir_that_is_a_file_is_called_no_folder() {
    let world = one_commit();
    let suite = "[[suites]]\nname = \"a\"\nrun = [\"true\"]\nwork-dir = \"out.tap\"\n";
    world.repo.write("retro.toml", suite);
    let said = world.expect(4, &["run"]).stdout;
    let sentence = "the folder out.tap does not exist in this commit";
    assert!(said.contains(sentence), "{said}");
}
