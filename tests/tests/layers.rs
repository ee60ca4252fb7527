//! Who may depend on whom, and who alone may use what.

use std::collections::BTreeMap;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// What each crate may use of the workspace. A binary composes: it may use any of them.
const ALLOWED: &[(&str, &[&str])] = &[
    ("retro-domain", &[]),
    ("retro-test-report", &["retro-domain"]),
    ("retro-git", &["retro-domain"]),
    ("retro-exec", &["retro-domain"]),
    ("retro-store", &["retro-domain"]),
    ("retro-forge", &["retro-domain"]),
    ("retro-analysis", &["retro-domain"]),
    ("retro-store-local", &["retro-domain", "retro-store"]),
    ("retro-aws", &["retro-domain", "retro-store"]),
    (
        "retro-workflow",
        &[
            "retro-domain",
            "retro-store",
            "retro-forge",
            "retro-git",
            "retro-exec",
            "retro-test-report",
            "retro-analysis",
        ],
    ),
    (
        "retro-bootstrap",
        &[
            "retro-domain",
            "retro-store",
            "retro-store-local",
            "retro-aws",
            // Behind its feature `workflow`: what binaries that look back share.
            "retro-git",
            "retro-analysis",
            "retro-workflow",
        ],
    ),
    ("retro-testing", &["retro-domain"]),
];

/// External crates with one owner each.
const OWNED: &[(&str, &str)] = &[
    ("git2", "retro-git"),
    ("rusqlite", "retro-store-local"),
    ("aws-config", "retro-aws"),
    ("aws-sdk-dynamodb", "retro-aws"),
    ("aws-sdk-s3", "retro-aws"),
    ("aws-sdk-secretsmanager", "retro-aws"),
    ("aws-sdk-sfn", "retro-aws"),
    ("aws-sdk-sqs", "retro-aws"),
    ("aws-credential-types", "retro-aws"),
    ("aws-smithy-http-client", "retro-aws"),
    ("aws-smithy-runtime-api", "retro-aws"),
    ("aws-smithy-types", "retro-aws"),
];

/// What an embedder of `retro-workflow` without default features does not get.
const HEAVY: &[&str] = &[
    "git2",
    "libgit2-sys",
    "rusqlite",
    "libsqlite3-sys",
    "reqwest",
    "hyper",
    "rustls",
    "ureq",
    "aws-config",
];

fn metadata() -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    MetadataCommand::new()
        .manifest_path(manifest)
        .other_options(vec!["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap()
}

fn members(metadata: &Metadata) -> Vec<&Package> {
    metadata.workspace_packages()
}

/// Every edge that is not allowed, in words.
fn wrong_edges(edges: &[(String, String)]) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let wrong = edges
        .iter()
        .filter(|(from, to)| match allowed.get(from.as_str()) {
            Some(may_use) => !may_use.contains(&to.as_str()),
            None => to == "retro-testing",
        });
    wrong
        .map(|(from, to)| format!("{from} must not use {to}"))
        .collect()
}

fn workspace_edges(metadata: &Metadata) -> Vec<(String, String)> {
    let names: Vec<&str> = members(metadata)
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut edges = Vec::new();
    for package in members(metadata) {
        if package.name == "retro-tests" {
            continue;
        }
        for dependency in &package.dependencies {
            let of_workspace = names.contains(&dependency.name.as_str());
            if of_workspace && dependency.kind != DependencyKind::Development {
                edges.push((package.name.to_string(), dependency.name.clone()));
            }
        }
    }
    edges
}

#[test]
fn every_crate_uses_only_the_layers_below_it() {
    assert_eq!(
        wrong_edges(&workspace_edges(&metadata())),
        Vec::<String>::new()
    );
}

#[test]
fn a_wrong_edge_is_noticed() {
    let edge = |from: &str, to: &str| vec![(from.to_owned(), to.to_owned())];
    assert!(!wrong_edges(&edge("retro-domain", "retro-git")).is_empty());
    assert!(!wrong_edges(&edge("retro-git", "retro-store")).is_empty());
    assert!(!wrong_edges(&edge("git-retro", "retro-testing")).is_empty());
    assert!(wrong_edges(&edge("git-retro", "retro-git")).is_empty());
}

#[test]
fn every_crate_of_the_workspace_has_a_place_in_the_layers() {
    let metadata = metadata();
    let known: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for package in members(&metadata) {
        let folder = package.manifest_path.parent().unwrap();
        if folder
            .parent()
            .is_some_and(|parent| parent.ends_with("crates"))
        {
            assert!(
                known.contains(&package.name.as_str()),
                "{} has no layer",
                package.name
            );
            assert_eq!(
                folder.file_name(),
                Some(package.name.as_str()),
                "folder name = crate name"
            );
        }
    }
}

#[test]
fn heavy_libraries_have_one_owner_each() {
    let metadata = metadata();
    for package in members(&metadata) {
        for dependency in &package.dependencies {
            let owner = OWNED
                .iter()
                .find(|(library, _)| *library == dependency.name);
            if let Some((library, owner)) = owner
                && dependency.kind != DependencyKind::Development
            {
                assert_eq!(package.name.as_str(), *owner, "only {owner} uses {library}");
            }
        }
    }
}

#[test]
fn the_workflow_embeds_without_git_databases_or_http() {
    let output = retro_tests::cargo(&[
        "tree",
        "--package",
        "retro-workflow",
        "--no-default-features",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--offline",
        "--locked",
    ]);
    assert!(
        output.contains("retro-domain"),
        "cargo tree said:\n{output}"
    );
    for line in output.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        assert!(
            !HEAVY.contains(&name),
            "retro-workflow pulls in {name}:\n{output}"
        );
    }
}
