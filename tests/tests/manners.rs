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
