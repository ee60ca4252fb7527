//! The documentation keeps up with the code.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_map_names_every_crate_and_only_crates_that_exist() {
    let map = read("docs/architecture.md");
    let mut crates: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    crates.sort();
    for name in &crates {
        assert!(
            map.contains(&format!("`{name}`")),
            "docs/architecture.md does not name {name}"
        );
    }
    for word in map.split('`').skip(1).step_by(2) {
        if word.starts_with("retro-") && !word.contains(['/', '.', ':', ' ']) {
            assert!(
                crates.contains(&word.to_owned()),
                "docs/architecture.md names {word}"
            );
        }
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    for page in pages {
        let text = read(&page);
        let folder = root().join(&page).parent().unwrap().to_owned();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                assert!(folder.join(target).exists(), "{page} links to {target}");
            }
        }
    }
}

#[test]
fn the_readme_has_the_two_commands() {
    let readme = read("README.md");
    for command in ["cargo install --path bins/git-retro", "cargo nextest run"] {
        assert!(readme.contains(command), "README.md lacks: {command}");
    }
}

/// Every name of a field in a document.
fn field_names(value: &serde_json::Value, names: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                field_names(value, names);
            }
        }
        serde_json::Value::Array(values) => {
            values.iter().for_each(|value| field_names(value, names))
        }
        _ => {}
    }
}

#[test]
fn every_field_of_every_document_is_described() {
    let world = retro_tests::World::new();
    for (tap, message) in [
        ("ok - a\nok - b", "good"),
        ("not ok - a\nok - b", "bad"),
        ("Bail out!", "neither"),
        ("ok - a\nok - b # SKIP", "good again"),
    ] {
        world.repo.write("out.tap", format!("{tap}\n1..2\n"));
        world.repo.commit(message);
    }
    let run = "grep -q Bail out.tap && exit 125; cat out.tap; ! grep -q '^not' out.tap";
    let command = ["--", "sh", "-c", run];
    let mut names = std::collections::BTreeSet::new();
    let mut columns = String::new();
    for args in [
        &["run", "--dry-run", "--format", "json"][..],
        &["run", "--fail-on", "none", "--format", "json"],
        &["show", "--format", "json"],
        &["show", "--all", "HEAD", "--format", "json"],
        &["test", "*", "--format", "json"],
        &["why", "a", "--format", "json"],
        &["diff", "HEAD", "HEAD~2", "--format", "json"],
        &["log", "HEAD", "--format", "json"],
        &["ls", "--format", "json"],
        &["export", "--format", "jsonl"],
        &["export", "--format", "csv"],
    ] {
        let mut args = args.to_vec();
        if args[0] == "run" {
            args.extend(command);
        }
        let said = world.expect(0, &args).stdout;
        if args.ends_with(&["csv"]) {
            columns = said.lines().next().unwrap_or_default().to_owned();
            continue;
        }
        for document in serde_json::Deserializer::from_str(&said).into_iter() {
            field_names(&document.unwrap(), &mut names);
        }
    }
    names.extend(columns.split(',').map(str::to_owned));
    assert!(names.len() > 60, "{names:?}");
    let page = read("docs/json.md");
    for name in names {
        let word = format!("`{name}`");
        assert!(page.contains(&word), "docs/json.md does not have {word}");
    }
}

#[test]
fn every_value_that_a_document_can_have_is_described() {
    let page = read("docs/json.md");
    for value in [
        "passed",
        "failed",
        "errored",
        "skipped",
        "flaky",
        "absent",
        "lost",
        "untestable",
        "timed-out",
        "not-run",
        "tests-failed",
        "running",
        "finished",
        "interrupted",
        "abandoned",
        "broke",
        "fixed",
        "appeared-failing",
        "passing",
        "failing",
        "disputed",
        "unknown",
        "run",
        "known",
        "same-tree",
    ] {
        let word = format!("`{value}`");
        assert!(page.contains(&word), "docs/json.md does not have {word}");
    }
}
