//! What git-retro is started in, and what it is given to print: closed terminals, odd folders, odd
//! flags, hostile texts.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use retro_tests::{Said, World, signal, wait_until};
use serde_json::Value;

fn one_commit() -> World {
    let world = World::new();
    world.repo.commit_files(&[("file", "1")], "one");
    world
}

/// The document of a run of this shell line with these flags.
fn run(world: &World, code: i32, flags: &[&str], line: &str) -> Value {
    let mut args = vec!["run", "--format", "json"];
    args.extend(flags);
    args.extend(["--", "sh", "-c", line]);
    world.json(code, &args)
}

fn verdict(document: &Value) -> &str {
    document["commits"][0]["verdict"].as_str().unwrap_or("none")
}

#[test]
fn a_run_goes_on_when_nobody_reads_its_progress_any_more() {
    let world = one_commit();
    let mut command = world.command(&["run", "--", "true"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn().unwrap();
    drop(child.stderr.take());
    let said: Said = child.wait_with_output().unwrap().into();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("1 passed"), "{}", said.stdout);
    let mut wrong = world.command(&["run", "nosuchbranch", "--", "true"]);
    let full = std::fs::File::create("/dev/full").unwrap();
    let said: Said = wrong.stderr(full).output().unwrap().into();
    assert_eq!(said.code, Some(2));
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let world = one_commit();
    let (here, go) = (world.outside().join("here"), world.outside().join("go"));
    let line = format!(
        "touch {}; until test -e {}; do sleep 0.02; done",
        here.display(),
        go.display()
    );
    let mut command = world.command(&["run", "--", "sh", "-c", &line]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: `signal` may be called between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGHUP, libc::SIG_IGN);
            Ok(())
        })
    };
    let mut child = command.spawn().unwrap();
    wait_until("the command runs", || here.exists());
    signal(&child, libc::SIGHUP);
    // More than once: were the signal heard, the second one would end the run at once.
    signal(&child, libc::SIGHUP);
    std::fs::write(&go, "").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_flag_that_can_mean_nothing_is_refused_before_anything_runs() {
    let world = one_commit();
    for args in [
        &["run", "--results", "junit:", "--", "true"][..],
        &["run", "--results", "junit:[", "--", "true"],
        &["run", "--results", "junit:../x.xml", "--", "true"],
        &["run", "--results", ":x", "--", "true"],
        &["run", "--env", "=x", "--", "true"],
        &["run", "--", ""],
    ] {
        let said = world.expect(2, args);
        assert!(said.stderr.starts_with("error:"), "{args:?}: {said:?}");
    }
    world.expect(2, &["show"]);
}

#[test]
fn a_dry_run_for_programs_is_a_document() {
    let world = one_commit();
    let known = world.repo.commit_files(&[("file", "2")], "two");
    world.expect(0, &["run", "--last", "1", "--", "true"]);
    let plan = world.json(0, &["run", "--dry-run", "--format", "json", "--", "true"]);
    assert_eq!(
        (&plan["kind"], &plan["to_run"]),
        (&"plan".into(), &1.into())
    );
    assert_eq!(plan["commits"][0]["fate"], "run");
    assert_eq!(plan["commits"][1]["fate"], "known");
    assert_eq!(plan["commits"][1]["id"], known.to_string());
}

#[test]
fn texts_from_the_repository_cannot_write_to_the_terminal() {
    let world = World::new();
    world.repo.write(
        "retro.toml",
        "[[suites]]\nname = \"s\"\nrun = \"printf '\\u001b[2J'\\necho '\\u001b[31m'; exit 1\"\n",
    );
    let report = "1..1\nnot ok 1 - n\u{1b}[2J\n  ---\n  message: 'x\u{1b}[31m'\n  ...\n";
    let files = [("report", report)];
    world.repo.commit_files(&files, "one\u{1b}[31m");
    world.expect(0, &["run"]);
    let unreadable = "printf '\u{1b}[2J' >x\u{1b}.xml";
    let flags = ["--results", "junit:x*.xml"];
    assert_eq!(verdict(&run(&world, 4, &flags, unreadable)), "untestable");
    let flags = ["--results", "tap:y*.tap"];
    let failing = "cp report y\u{1b}.tap; exit 1";
    assert_eq!(verdict(&run(&world, 0, &flags, failing)), "tests-failed");
    for args in [
        &["show"][..],
        &["show", "HEAD"],
        &["show", "--all", "HEAD"],
        &["ls"],
        &["test", "n"],
        &["why", "n*"],
        &["log", "--list", "HEAD"],
        &["config", "show", "--origin"],
        &["run", "-vv", "--no-cache"],
    ] {
        let said = world.retro(args);
        for (name, text) in [("stdout", &said.stdout), ("stderr", &said.stderr)] {
            let control = text
                .chars()
                .any(|c| c.is_control() && c != '\n' && c != '\t');
            assert!(!control, "{args:?} wrote to {name}: {text:?}");
        }
    }
}

#[test]
fn a_retry_builds_what_its_fresh_checkout_removed() {
    let world = one_commit();
    let first = world.outside().join("first");
    let line = format!(
        "./built && {{ test -e {0} || {{ touch {0}; exit 1; }}; }}",
        first.display()
    );
    let build = "echo building; cp /bin/true built";
    let flags = ["--build", build, "--retries", "2", "--clean"];
    let found = run(&world, 0, &flags, &line);
    assert_eq!(verdict(&found), "passed", "{found:#}");
    assert_eq!(found["findings"]["flaky"][0]["test"], "sh::(command)");
    let said = world.expect(0, &["log", "--list", "HEAD"]);
    assert!(said.stdout.contains("retry-1-build.stdout"), "{said:?}");
}

#[test]
fn one_result_name_in_two_folders_is_two_artifacts() {
    let world = World::new();
    let report =
        |name: &str| format!("<testsuite><testcase classname='c' name='{name}'/></testsuite>");
    world
        .repo
        .commit_files(&[("a", &report("a")), ("b", &report("b"))], "one");
    let flags = [
        "--results",
        "junit:out.xml",
        "--results",
        "junit:$RETRO_SCRATCH/out.xml",
        "--results",
        "auto:*.xml",
    ];
    let found = run(
        &world,
        0,
        &flags,
        "cp a out.xml; cp b $RETRO_SCRATCH/out.xml",
    );
    assert_eq!(found["commits"][0]["counts"]["passed"], 2, "{found:#}");
    let said = world.expect(0, &["log", "--list", "HEAD"]);
    assert_eq!(
        said.stdout.matches("results/out.xml").count(),
        2,
        "{said:?}"
    );
}

#[test]
fn folders_need_not_be_named_in_unicode() {
    let world = one_commit();
    let odd = std::ffi::OsStr::from_bytes(b"c\xffche");
    let line = "test -d \"$RETRO_SCRATCH\" && test -d \"$TMPDIR\"";
    let mut command = world.command(&["run", "--", "sh", "-c", line]);
    command.env("XDG_CACHE_HOME", world.outside().join(odd));
    let said: Said = command.output().unwrap().into();
    assert!(said.stdout.contains("1 passed"), "{said:?}");
}

#[test]
fn fail_fast_starts_no_further_suite() {
    let world = World::new();
    let ran = world.outside().join("ran");
    let text = format!(
        "[[suites]]\nname = 'a'\nrun = ['false']\n[[suites]]\nname = 'b'\nrun = ['touch', '{}']\n",
        ran.display()
    );
    world.repo.commit_files(&[("retro.toml", &text)], "one");
    world.expect(1, &["run", "--fail-fast", "--fail-on", "any"]);
    assert!(!ran.exists());
    world.expect(1, &["run", "--no-cache", "--fail-on", "any"]);
    assert!(ran.exists());
}

#[test]
fn a_variable_that_only_a_rule_lets_through_is_part_of_the_key() {
    let mut world = World::new();
    let text = "[[suites]]\nname = 's'\nrun = ['true']\n\
                [[rules]]\nrange = 'HEAD'\nrun = ['sh', '-c', 'test \"$FLAVOUR\" = good']\nenv-allow = ['FLAVOUR']\n";
    world.repo.commit_files(&[("retro.toml", text)], "one");
    world.set("FLAVOUR", "good");
    assert_eq!(
        verdict(&world.json(0, &["run", "--format", "json"])),
        "passed"
    );
    world.set("FLAVOUR", "bad");
    let found = world.json(0, &["run", "--format", "json"]);
    assert_eq!(verdict(&found), "tests-failed");
}

#[test]
fn a_run_that_was_killed_is_shown_as_abandoned() {
    let world = one_commit();
    let here = world.outside().join("here");
    let line = format!("touch {}; sleep 600", here.display());
    let mut child = world.start(&["run", "--", "sh", "-c", &line]);
    wait_until("the command runs", || here.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    for args in [
        &["ls", "--format", "json"][..],
        &["show", "--format", "json"],
    ] {
        let found = world.json(0, args);
        let run = found.get("run").unwrap_or(&found["runs"][0]);
        assert_eq!(run["status"], "abandoned", "{args:?}");
    }
}
