//! Deploys into folders, and processes that are killed during one.

mod child;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use retro_store::contract::block_on;
use retro_store::{FolderSync as _, StoreError, SyncOutcome, SyncReport, SyncRequest};
use retro_store_local::FsFolderSync;
use tempfile::TempDir;

use child::Writer;

/// How many files the child deploys, and how long each is.
const FILES: u64 = 60;
const SIZE: usize = 100_000;

#[test]
fn a_child_does_what_it_was_started_for() {
    let Some(task) = child::task() else {
        return;
    };
    let site = task.folder.join("site");
    match task.role.as_str() {
        // One after the other, each with other content in every file.
        "deploy" => {
            for version in task.first.. {
                fill(&task.folder.join("dist"), version);
                child::say(version);
                run(&task.folder, &site, true).expect("it is deployed");
            }
        }
        "once" => match run(&task.folder, &site, true) {
            Ok(_) => child::say(1),
            Err(StoreError::Conflict { .. }) => child::say(0),
            Err(error) => panic!("{error}"),
        },
        other => panic!("no such role: {other}"),
    }
}

fn content(version: u64) -> String {
    format!("{version:010}").repeat(SIZE / 10)
}

fn fill(dist: &Path, version: u64) {
    for number in 0..FILES {
        write(dist, &format!("{}/{number}", number % 7), &content(version));
    }
    write(dist, &format!("of-version-{version}"), "x");
    let _ = fs::remove_file(dist.join(format!("of-version-{}", version.wrapping_sub(1))));
}

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn request(root: &Path, place: &str, delete: bool) -> SyncRequest {
    SyncRequest {
        root: root.to_owned(),
        output: "dist".to_owned(),
        place: place.to_owned(),
        delete,
        content_types: Vec::new(),
        cache_headers: Vec::new(),
    }
}

fn run(root: &Path, to: &Path, delete: bool) -> Result<SyncReport, StoreError> {
    let sync = FsFolderSync::new(to);
    match block_on(sync.sync(&request(root, "", delete)))? {
        SyncOutcome::Synced(report) => Ok(report),
        SyncOutcome::NoFolder => panic!("there is a folder"),
    }
}

/// A work tree with `dist`, and beside it `site`, where it goes.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("dist")).unwrap();
    for (name, content) in files {
        write(&tree.path().join("dist"), name, content);
    }
    tree
}

/// Every file of a folder by its name, but for the manifest and what a killed process left.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
        } else if name != ".retro-sync.json" && !name.contains(".retro-tmp-") {
            all.insert(name.to_owned(), fs::read_to_string(&path).unwrap());
        }
    }
    all
}

#[test]
fn a_killed_deploy_leaves_whole_files_and_is_made_good_by_the_next() {
    let tree = tree(&[]);
    let (dist, site) = (tree.path().join("dist"), tree.path().join("site"));
    let mut first = 1;
    for round in 0..6 {
        let mut writer = Writer::start("deploy", tree.path(), first);
        // Killed once it has begun with this many versions: somewhere in the middle of one.
        for _ in 0..=round % 3 {
            first = writer.next().expect("it goes on") + 1;
        }
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !site.exists() && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        first = writer.kill().last().map_or(first, |last| last + 1);
        let whole: Vec<String> = (0..first).map(content).collect();
        for (name, content) in files(&site) {
            assert!(
                content == "x" || whole.contains(&content),
                "half a file: {name}"
            );
        }
        first += 1;
    }
    run(tree.path(), &site, true).expect("it is deployed after a kill");
    assert!(files(&site) == files(&dist));
    let left = fs::read_dir(&site)
        .unwrap()
        .map(|it| it.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().contains("tmp"))
        .collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
    let again = run(tree.path(), &site, true).unwrap();
    assert_eq!((again.uploaded, again.deleted), (0, 0));
}

#[test]
fn of_two_processes_at_once_one_ends_well() {
    let tree = tree(&[]);
    fill(&tree.path().join("dist"), 1);
    let mut deploys = [1, 2, 3].map(|number| Writer::start("once", tree.path(), number));
    let mut ended_well = 0;
    for deploy in &mut deploys {
        ended_well += deploy.next().expect("it ends in one of two ways");
        deploy.finish();
    }
    assert!(ended_well > 0);
    assert!(files(&tree.path().join("site")) == files(&tree.path().join("dist")));
}

/// The files themselves may even be gone.
#[test]
fn five_thousand_unchanged_files_cost_one_read() {
    let tree = tree(&[]);
    for number in 0..5_000 {
        write(
            &tree.path().join("dist"),
            &format!("{}/{number}", number % 50),
            "x",
        );
    }
    let site = tree.path().join("site");
    assert_eq!(run(tree.path(), &site, true).unwrap().uploaded, 5_000);
    for number in 0..50 {
        fs::remove_dir_all(site.join(number.to_string())).unwrap();
    }
    let manifest = fs::metadata(site.join(".retro-sync.json")).unwrap();
    let report = run(tree.path(), &site, true).unwrap();
    assert_eq!(
        (report.uploaded, report.skipped, report.deleted),
        (0, 5_000, 0)
    );
    let after = fs::metadata(site.join(".retro-sync.json")).unwrap();
    assert_eq!(
        after.modified().unwrap(),
        manifest.modified().unwrap(),
        "it was written"
    );
}

#[test]
fn a_file_takes_the_place_of_a_folder_and_a_folder_that_of_a_file() {
    let first = tree(&[("a/b/c", "1"), ("d", "2")]);
    let second = tree(&[("a", "3"), ("d/e/f", "4")]);
    let site = first.path().join("site");
    run(first.path(), &site, true).unwrap();
    let refused = run(second.path(), &site, false).unwrap_err();
    assert!(matches!(refused, StoreError::Backend { .. }), "{refused:?}");
    run(second.path(), &site, true).unwrap();
    assert!(files(&site) == files(&second.path().join("dist")));
    run(first.path(), &site, true).unwrap();
    assert!(files(&site) == files(&first.path().join("dist")));
}

#[test]
fn strangers_go_and_a_git_folder_stays() {
    let tree = tree(&[("a", "1")]);
    let site = tree.path().join("site");
    write(&site, "old/deep/file", "?");
    write(&site, ".git/HEAD", "ref");
    write(tree.path(), "outside", "kept");
    symlink("../outside", site.join("link")).unwrap();
    symlink("..", site.join("up")).unwrap();
    let report = run(tree.path(), &site, true).unwrap();
    assert_eq!((report.uploaded, report.deleted), (1, 3));
    assert!(!site.join("old").exists());
    assert_eq!(fs::read_to_string(site.join(".git/HEAD")).unwrap(), "ref");
    assert_eq!(
        fs::read_to_string(tree.path().join("outside")).unwrap(),
        "kept"
    );
}

#[test]
fn no_link_of_a_place_is_followed() {
    let tree = tree(&[("a/b", "1")]);
    let site = tree.path().join("site");
    fs::create_dir_all(tree.path().join("outside")).unwrap();
    fs::create_dir(&site).unwrap();
    symlink("../outside", site.join("a")).unwrap();
    assert!(run(tree.path(), &site, false).is_err());
    assert_eq!(
        fs::read_dir(tree.path().join("outside")).unwrap().count(),
        0
    );
    let sync = FsFolderSync::new(&site);
    assert!(block_on(sync.sync(&request(tree.path(), "a", false))).is_err());
    assert_eq!(
        fs::read_dir(tree.path().join("outside")).unwrap().count(),
        0
    );
}

#[test]
fn a_damaged_manifest_leads_nowhere_else() {
    let tree = tree(&[("a", "1")]);
    let site = tree.path().join("site");
    write(tree.path(), "outside", "kept");
    let manifest = r#"{"v":2,"files":[],"unsure":["../outside"]}"#;
    write(&site, ".retro-sync.json", manifest);
    assert!(run(tree.path(), &site, true).is_err());
    assert_eq!(
        fs::read_to_string(tree.path().join("outside")).unwrap(),
        "kept"
    );
    write(&site, ".retro-sync.json", "{");
    let error = run(tree.path(), &site, true).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_place_that_holds_the_folder_is_refused() {
    let tree = tree(&[("a/b", "1")]);
    let before = files(tree.path());
    for place in [
        tree.path().to_owned(),
        tree.path().join("dist"),
        tree.path().join("dist/a"),
    ] {
        let error = run(tree.path(), &place, true).unwrap_err();
        assert!(error.to_string().contains("deploy elsewhere"), "{error}");
    }
    assert!(files(tree.path()) == before);
}

#[test]
fn an_absolute_place_is_below_the_base() {
    let tree = tree(&[("a", "1")]);
    let base = tree.path().join("base");
    let sync = FsFolderSync::new(&base);
    let inside = base.join("site");
    let wanted = request(tree.path(), inside.to_str().unwrap(), false);
    block_on(sync.sync(&wanted)).unwrap();
    assert_eq!(fs::read_to_string(inside.join("a")).unwrap(), "1");
    for outside in ["/", "/elsewhere", tree.path().to_str().unwrap()] {
        let error = block_on(sync.sync(&request(tree.path(), outside, false))).unwrap_err();
        assert!(error.to_string().contains("not below"), "{error}");
    }
}

#[test]
fn what_is_deployed_is_for_others_to_read() {
    let tree = tree(&[("a/b", "1")]);
    fs::set_permissions(
        tree.path().join("dist/a/b"),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    let site = tree.path().join("site");
    run(tree.path(), &site, false).unwrap();
    let mode = |path: &str| fs::metadata(site.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".retro-sync.json"), 0o600);
    // As far as the mask of this process lets them.
    let probe = tree.path().join("probe");
    fs::write(&probe, "").unwrap();
    let masked = fs::metadata(probe).unwrap().permissions().mode() & 0o644;
    assert_eq!(mode("a/b"), masked);
}
