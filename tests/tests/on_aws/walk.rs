//! The walk of docs/aws.md, on this machine: its commands of git-retro as they stand there, with fewer
//! commits; and what it tells the template.

use std::collections::BTreeSet;
use std::path::Path;

use retro_tests::emulator::Emulator;
use retro_tests::{Said, World};

use crate::initiator::{scene, scene_with};

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The lines of the blocks of code in the walk.
fn commands() -> Vec<String> {
    let page = read("docs/aws.md");
    let walk = page
        .split("\n## ")
        .find(|section| section.starts_with("From an empty account"));
    let blocks = walk.expect("the walk").split("```").skip(1).step_by(2);
    blocks
        .flat_map(str::lines)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn run(world: &World, program: &str, words: &[&str]) -> Said {
    let said = Said::from(world.program(program, words).output().unwrap());
    // 1 says that a commit broke a test, as one of these does.
    assert!(
        matches!(said.code, Some(0 | 1)),
        "{words:?}: {}{}",
        said.stderr,
        said.stdout
    );
    said
}

#[test]
fn the_commands_of_the_walk_work_as_they_stand_there() {
    let (world, emulator, url) = scene(9);
    walk(&world, &emulator, &url);
}

#[test]
fn they_work_as_well_with_results_elsewhere_in_the_bucket() {
    let prefix = "team-1/results";
    let (mut world, emulator, url) = scene_with(9, &[&format!("ResultPrefix={prefix}")]);
    world.set("RETRO_AWS_PREFIX", prefix);
    world.set("AWS_ACCESS_KEY_ID", "People");
    walk(&world, &emulator, &url);
    let keys = emulator.keys();
    let manifest = |key: &&String| key.ends_with("/manifest.json");
    assert!(keys.iter().any(|key| manifest(&key)), "{keys:?}");
    for key in keys.iter().filter(manifest) {
        assert!(key.starts_with("team-1/results/"), "{key}");
    }
}

fn walk(world: &World, emulator: &Emulator, url: &str) {
    world.repo.git(["remote", "add", "origin", url]);
    let mut batch = String::new();
    let mut seen = 0;
    for line in commands() {
        let line = line
            .replace("--last 200", "--last 5")
            .replace("https://github.com/OWNER/NAME", url)
            .replace("BATCH", &batch);
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = match words.as_slice() {
            ["git", "retro", words @ ..] => run(world, "git-retro", words),
            ["retro-initiator", words @ ..] => run(world, "retro-initiator", words),
            _ => continue,
        };
        seen += 1;
        if words.contains(&"--dry-run") {
            // What was run from the clone is complete for the initiator.
            let counted = ["5 tasks of 10 min", "5 more complete"];
            let is_counted = counted.iter().any(|words| said.stderr.contains(words));
            assert!(is_counted, "{}", said.stderr);
        } else {
            assert!(!said.stdout.is_empty(), "{line}");
        }
        if let Some(id) = said
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("batch "))
        {
            id.split([' ', ':']).next().unwrap().clone_into(&mut batch);
        }
    }
    assert_eq!(seen, 8);
    let denied = &emulator.report()["permissions"]["denied"];
    assert_eq!(*denied, serde_json::json!({}));
}

#[test]
fn the_walk_sets_parameters_and_reads_outputs_that_the_template_has() {
    let template = read("infra/template.yaml");
    let has = |section: &str, name: &str| {
        let rest = template
            .split(&format!("\n{section}:\n"))
            .nth(1)
            .unwrap_or_default();
        rest.lines()
            .take_while(|line| line.is_empty() || line.starts_with([' ', '#']))
            .any(|line| line == format!("  {name}:"))
    };
    // A container tool has arguments of its own.
    let mut lines = commands();
    lines.retain(|line| !line.starts_with("podman"));
    let lines = lines.join("\n");
    let mut checked = BTreeSet::new();
    for word in lines.split_whitespace() {
        let Some((name, value)) = word.split_once('=') else {
            continue;
        };
        if name.starts_with("RETRO_") {
            assert!(has("Outputs", value), "{value}");
        } else {
            assert!(has("Parameters", name), "{name}");
        }
        checked.insert(name);
    }
    assert!(has("Outputs", "InitiatorName") && lines.contains("--function-name InitiatorName"));
    assert_eq!(checked.len(), 10);
}
