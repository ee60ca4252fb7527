//! Ignore rules and attributes mean what they mean to git: random ones, through whole checkouts.

use std::fs;

use proptest::prelude::*;
use retro_testing::ScratchRepo;

use crate::support::Bench;

const PARTS: [&str; 14] = [
    "a",
    "b",
    "*",
    "**",
    "?",
    "[ab]",
    "[!a]",
    "a*",
    "*.c",
    "x.c",
    "d",
    "\\a",
    "a**b",
    "[[:alpha:]]",
];

fn rule() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(prop::sample::select(&PARTS[..]), 1..4);
    (
        parts,
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.25),
    )
        .prop_map(|(parts, anchored, folders, negated)| {
            let (before, after) = (
                if anchored { "/" } else { "" },
                if folders { "/" } else { "" },
            );
            format!(
                "{}{before}{}{after}",
                if negated { "!" } else { "" },
                parts.join("/")
            )
        })
}

fn rules() -> impl Strategy<Value = String> {
    prop::collection::vec(rule(), 0..5).prop_map(|rules| rules.join("\n") + "\n")
}

/// Every path of two letters' depth.
fn paths() -> Vec<String> {
    let names = ["a", "b", "ab", "x.c", "d"];
    let mut paths = Vec::new();
    for first in names {
        for second in names {
            for third in ["a", "x.c", "axb"] {
                paths.push(
                    format!("{first}_/{second}/{third}")
                        .replace("a_", "a")
                        .replace('_', ""),
                );
            }
        }
    }
    paths
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 25,
        max_shrink_iters: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_git_ignores_stays_and_nothing_else(top in rules(), inner in rules()) {
        let repo = ScratchRepo::new();
        repo.write(".gitignore", &top);
        repo.write("d/.gitignore", &inner);
        repo.git(["add", "-f", ".gitignore", "d/.gitignore"]);
        let commit = repo.commit_index("rules");
        for path in paths() {
            repo.write(path, "x");
        }
        // Git cleans up after itself, and the slot has to keep and remove the same.
        repo.git(["clean", "-ffdq"]);
        let kept_by_git: Vec<bool> = paths().iter().map(|path| repo.path().join(path).exists()).collect();
        let bench = Bench::new(repo);
        let mut slot = bench.slot();
        slot.checkout(&commit).unwrap();
        for path in paths() {
            let full = slot.work_tree().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, "x").unwrap();
        }
        slot.checkout(&commit).unwrap();
        bench.judge_clean(&*slot, &commit);
        for (path, kept) in paths().iter().zip(kept_by_git) {
            prop_assert_eq!(slot.work_tree().join(path).exists(), kept, "{}", path);
        }
    }

    #[test]
    fn files_are_converted_as_git_does(
        top in prop::collection::vec((rule(), 0..8_usize), 0..4),
        inner in prop::collection::vec((rule(), 0..8_usize), 0..3),
    ) {
        let settings = [
            "text", "-text", "text=auto", "eol=crlf", "text eol=crlf", "ident", "binary", "!eol",
        ];
        let lines = |rules: &[(String, usize)]| -> String {
            rules.iter().map(|(rule, setting)| format!("{rule} {}\n", settings[*setting])).collect()
        };
        let repo = ScratchRepo::new();
        let plain = repo.commit_files(&[("b", "1")], "plain");
        for path in ["a/b/x.c", "a/b", "d/a", "d/x.c", "x.c", "d/d/a"] {
            let path = if path == "a/b" { "a/a" } else { path };
            repo.write(path, "line\nline $Id$\n");
        }
        repo.git(["add", "-A"]);
        repo.write(".gitattributes", lines(&top));
        repo.write("d/.gitattributes", lines(&inner));
        repo.git(["add", ".gitattributes", "d/.gitattributes"]);
        let commit = repo.commit_index("attributes");
        let bench = Bench::new(repo);
        let mut slot = bench.slot();
        bench.walk_to(&mut *slot, &commit);
        bench.walk_to(&mut *slot, &plain);
        bench.walk_to(&mut *slot, &commit);
    }
}
