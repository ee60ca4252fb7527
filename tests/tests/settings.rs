//! Configuration, detection, and the surface of the command line.

use retro_tests::World;

const TAP_SUITE: &str = "[[suites]]\nname = \"tap\"\nrun = [\"cat\", \"out.tap\"]\n\
                         results = [{ format = \"tap\", stdout = true }]\n";

fn two_commits() -> World {
    let world = World::new();
    world
        .repo
        .commit_files(&[("out.tap", "1..1\nok - a\n")], "one");
    world
        .repo
        .commit_files(&[("out.tap", "1..1\nnot ok - a\n")], "two");
    world
}

#[test]
fn a_suite_of_the_configuration_is_run() {
    let world = two_commits();
    world.repo.write("retro.toml", TAP_SUITE);
    let said = world.expect(1, &["run"]);
    assert!(said.stdout.contains("BROKE"), "{}", said.stdout);
}

#[test]
fn the_old_layout_is_read_with_a_warning() {
    let world = two_commits();
    let old = "[[test_runners]]\nname = \"old\"\ncommand = \"mkdir -p out; cp out.tap out/r.tap\"\n\
               output_dir = \"out\"\n";
    world.repo.write("retro.toml", old);
    let said = world.expect(1, &["run"]);
    assert!(said.stderr.contains("[[suites]]"), "{}", said.stderr);
    assert!(said.stdout.contains("BROKE"), "{}", said.stdout);
}

#[test]
fn a_rule_changes_the_command_for_old_commits() {
    let world = two_commits();
    world.repo.git(["tag", "old", "HEAD~1"]);
    let rule = "[[rules]]\nrange = \"old\"\nrun = [\"printf\", '1..1\\nok - ruled\\n']\n";
    world.repo.write("retro.toml", format!("{TAP_SUITE}{rule}"));
    world.expect(1, &["run"]);
    let shown = world.expect(0, &["show", "--all", "old"]).stdout;
    assert!(shown.contains("passed ruled"), "{shown}");
}

#[test]
fn an_overlay_changes_every_commit_and_its_key() {
    let world = two_commits();
    world.repo.write("retro.toml", TAP_SUITE);
    world.expect(1, &["run"]);
    let file = world.outside().join("new.tap");
    std::fs::write(&file, "1..1\nok - overlaid\n").unwrap();
    let overlay = format!("out.tap={}", file.display());
    let said = world.expect(0, &["run", "--overlay", &overlay]);
    assert!(said.stderr.contains("0 known"), "{}", said.stderr);
    assert!(said.stdout.contains("2 passed"), "{}", said.stdout);
    let patch = world.outside().join("p.patch");
    let diff = "diff --git a/out.tap b/out.tap\n--- a/out.tap\n+++ b/out.tap\n@@ -1,2 +1,2 @@\n 1..1\n-not ok - a\n+ok - a\n";
    std::fs::write(&patch, diff).unwrap();
    let args = [
        "run",
        "--overlay-patch",
        patch.to_str().unwrap(),
        "--format",
        "json",
    ];
    let found = world.json(0, &args);
    assert_eq!(
        found["commits"][0]["verdict"], "untestable",
        "it does not apply there"
    );
    assert_eq!(found["commits"][1]["verdict"], "passed");
}

#[test]
fn later_layers_win_and_say_so() {
    let mut world = two_commits();
    world.repo.write(
        "retro.toml",
        format!("jobs = 3\norder = \"oldest\"\n{TAP_SUITE}"),
    );
    world.set("RETRO_JOBS", "5");
    let said = world.expect(0, &["config", "show", "--origin"]).stdout;
    let line = |key: &str| {
        said.lines()
            .find(|line| line.starts_with(key))
            .unwrap()
            .to_owned()
    };
    assert!(
        line("jobs").contains("5") && line("jobs").contains("RETRO_JOBS"),
        "{said}"
    );
    assert!(
        line("order").contains("oldest") && line("order").contains("retro.toml:2"),
        "{said}"
    );
    assert!(line("cache ").contains("default"), "{said}");
}

#[test]
fn init_writes_a_file_that_runs() {
    let world = two_commits();
    world.repo.write("Makefile", "test:\n\t@cat out.tap\n");
    let said = world.expect(0, &["init"]);
    assert!(said.stderr.contains("make"), "{}", said.stderr);
    let file = std::fs::read_to_string(world.repo.path().join("retro.toml")).unwrap();
    assert!(file.contains("[[suites]]") && file.contains('#'), "{file}");
    world.expect(2, &["init"]);
    world.expect(0, &["init", "--force"]);
    world.expect(0, &["config", "show"]);
}

#[test]
fn a_cargo_project_is_detected_and_judged_test_by_test() {
    let world = World::new();
    let manifest = "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let lib = |two: &str| {
        format!("#[test]\nfn one() {{}}\n#[test]\nfn two() {{ assert!({two}, \"two is off\"); }}\n")
    };
    let files = |body: &str| {
        world.repo.write("Cargo.toml", manifest);
        world.repo.write(
            "Cargo.lock",
            "version = 3\n[[package]]\nname = \"sample\"\nversion = \"0.1.0\"\n",
        );
        world.repo.write(".gitignore", "/target\n");
        world.repo.write("src/lib.rs", body);
    };
    files(&lib("true"));
    world.repo.commit("good");
    files("this does not compile");
    world.repo.commit("does not compile");
    files(&lib("false"));
    world.repo.commit("bad");
    let found = world.json(1, &["run", "--format", "json", "--jobs", "1"]);
    let verdicts: Vec<&str> = found["commits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| commit["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["passed", "untestable", "tests-failed"],
        "{found}"
    );
    assert_eq!(found["commits"][0]["counts"]["passed"], 2, "{found}");
    let broke = found["findings"]["broke"].as_array().unwrap();
    assert_eq!(broke.len(), 1, "{found}");
    assert!(
        broke[0]["test"].as_str().unwrap().ends_with("two"),
        "{found}"
    );
    assert_eq!(broke[0]["suspects"].as_array().unwrap().len(), 2, "{found}");
}

#[test]
fn the_schema_is_printed_as_json() {
    let world = two_commits();
    let schema = world.json(0, &["config", "schema"]);
    assert!(schema["properties"]["suites"].is_object(), "{schema}");
}

/// What bash offers for a line, with the script that is printed; `git retro` as git's own completion
/// would ask for it.
#[expect(
    clippy::disallowed_methods,
    reason = "the judge of a completion script is the shell"
)]
fn completed(world: &World, line: &str) -> String {
    let script = world.outside().join("completions.bash");
    std::fs::write(&script, world.expect(0, &["completions", "bash"]).stdout).unwrap();
    let ask = if line.starts_with("git retro") {
        "words=($1); [[ $1 == *' ' ]] && words+=(''); cword=$((${#words[@]} - 1)); _git_retro"
    } else {
        "COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); \
         _git__retro git-retro \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\""
    };
    let program = format!(
        "source {}; {ask}; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let mut bash = std::process::Command::new("bash");
    let output = bash
        .args(["--norc", "-c", &program, "bash", line])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn bash_completes_both_ways_of_typing_the_command() {
    let world = two_commits();
    for name in ["git-retro", "git retro"] {
        assert_eq!(completed(&world, &format!("{name} ru")), "run");
        assert_eq!(completed(&world, &format!("{name} run --la")), "--last");
        assert_eq!(
            completed(&world, &format!("{name} run --order s")),
            "spread"
        );
        assert_eq!(
            completed(&world, &format!("{name} show --form")),
            "--format"
        );
    }
}

#[test]
fn what_a_command_sees_is_part_of_what_is_known() {
    let world = two_commits();
    let args = ["run", "--fail-on", "none", "--", "cat", "out.tap"];
    world.expect(0, &args);
    for other in [
        ["--submodules", "checkout"],
        ["--lfs", "checkout"],
        ["--home", "user"],
    ] {
        let said = world.expect(0, &[&args[..1], &other[..], &args[1..]].concat());
        assert!(
            said.stderr.contains("0 known"),
            "{other:?}: {}",
            said.stderr
        );
    }
    let said = world.expect(0, &args);
    assert!(said.stderr.contains("2 known"), "{}", said.stderr);
}

#[test]
fn completions_and_the_manual_page_are_made() {
    let world = two_commits();
    for shell in ["bash", "zsh", "fish"] {
        let script = world.expect(0, &["completions", shell]).stdout;
        assert!(script.contains("git-retro"), "{shell}");
    }
    let folder = world.outside().join("man1");
    world.expect(0, &["man", "--install", "--dir", folder.to_str().unwrap()]);
    let page = std::fs::read_to_string(folder.join("git-retro.1")).unwrap();
    assert!(page.contains("git") && page.contains("run"), "{page}");
}

#[test]
fn output_for_programs_is_not_mixed_with_words_for_people() {
    let world = two_commits();
    world.repo.write("retro.toml", TAP_SUITE);
    let said = world.expect(1, &["run", "--format", "json", "-vv"]);
    assert!(
        serde_json::from_str::<serde_json::Value>(&said.stdout).is_ok(),
        "{}",
        said.stdout
    );
    let quiet = world.expect(1, &["run", "--quiet", "--no-cache"]);
    assert_eq!(quiet.stderr, "");
    assert!(
        !quiet.stdout.contains('\u{1b}'),
        "no colour without a terminal"
    );
    let coloured = world.expect(1, &["run", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));
}

/// What `git retro run --backend aws --dry-run` says on standard error.
fn planned_on_aws(world: &World, code: i32, more: &[&str]) -> String {
    let run = ["run", "--backend", "aws", "--dry-run"];
    let command = ["--", "true"];
    world.expect(code, &[&run, more, &command].concat()).stderr
}

#[test]
fn flags_that_mean_nothing_where_the_jobs_run_are_refused() {
    let world = two_commits();
    let from = ["--from", "file:///srv/r"];
    let here = ["--fail-fast", "--jobs", "2", "--clean", "--keep", "x"];
    let rest = ["--time-limit", "1h", "--order", "newest", "--home", "own"];
    let all = [&from[..], &here, &rest, &["--retry-untestable"]].concat();
    let said = planned_on_aws(&world, 2, &all);
    for flag in all.iter().filter(|word| word.starts_with("--")) {
        assert_eq!(said.contains(*flag), *flag != "--from", "{flag}: {said}");
    }
    let there = ["--no-wait", "--max-cost-usd", "5", "--batch", "x"];
    let words = ["run", "--from", "x", "--table", "jobs"];
    let said = world.expect(2, &[&words[..], &there, &["--", "true"]].concat());
    for flag in [
        "--no-wait",
        "--max-cost-usd",
        "--batch",
        "--from",
        "--table",
    ] {
        assert!(said.stderr.contains(flag), "{}", said.stderr);
    }
}

#[test]
fn what_a_batch_cannot_do_is_refused_also_by_a_dry_run() {
    let world = two_commits();
    let from = ["--from", "file:///srv/r"];
    let with = |code, more: &[&str]| planned_on_aws(&world, code, &[&from[..], more].concat());
    for flag in ["--submodules", "--lfs"] {
        let said = with(2, &[flag, "checkout"]);
        assert!(said.contains("is \"checkout\", and a runner"), "{said}");
        with(0, &[flag, "skip"]);
    }
    let said = with(
        2,
        &["--prefix", "a/../b", "--bucket", "b", "--table", "a b"],
    );
    for key in ["aws.prefix is", "aws.bucket is", "aws.table is"] {
        assert!(said.contains(key), "{said}");
    }
    let other = TAP_SUITE.replace("\"tap\"\nrun", "\"other\"\nrun");
    world
        .repo
        .write("retro.toml", format!("{TAP_SUITE}{other}"));
    let run = ["run", "--backend", "aws", "--dry-run", from[0], from[1]];
    let said = world.expect(2, &run).stderr;
    assert!(said.contains("--suite: tap, other"), "{said}");
}

#[test]
fn commits_that_were_not_pushed_are_told() {
    let world = two_commits();
    let repo = &world.repo;
    repo.git(["remote", "add", "origin", "https://example.com/o/r"]);
    repo.git(["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    let newest = repo.head().short().to_string();
    let said = planned_on_aws(&world, 0, &["--last", "2"]);
    assert!(
        said.contains(&format!("commit {newest} is on no branch of origin")),
        "{said}"
    );
    assert!(said.contains("push first"), "{said}");
    let said = planned_on_aws(&world, 0, &["--last", "2", "--from", "file:///srv/r"]);
    assert!(!said.contains("push first"), "{said}");
    repo.git(["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let said = planned_on_aws(&world, 0, &["--last", "2"]);
    assert!(!said.contains("push first"), "{said}");
}

#[test]
fn a_profile_that_is_named_goes_before_credentials_in_the_environment() {
    let mut world = two_commits();
    world.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    world.set("AWS_SECRET_ACCESS_KEY", "any");
    let place = [
        "--table",
        "jobs",
        "--bucket",
        "logs",
        "--region",
        "us-east-1",
    ];
    let nowhere = [
        "--endpoint",
        "http://127.0.0.1:1",
        "--from",
        "file:///srv/r",
    ];
    let profile = ["--profile", "absent-one"];
    let said = planned_on_aws(&world, 0, &[&place[..], &nowhere, &profile].concat());
    assert!(
        said.contains("cannot be seen") && said.contains("absent-one"),
        "{said}"
    );
}
