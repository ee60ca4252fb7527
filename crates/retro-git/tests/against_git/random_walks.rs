//! Random histories, random walks over them, and random commands in between.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;
use retro_domain::CommitId;
use retro_testing::{ScratchRepo, TreeSnapshot};

use crate::support::Bench;

/// Few names, so that they meet: as files, folders and links, ignored and not.
const NAMES: [&str; 6] = ["a", "b", "a.x", "dir", "build", "c.o"];
const CONTENTS: [&str; 4] = ["one", "two", "six", "a longer one\nwith lines\n"];
const IGNORES: [&str; 6] = [
    "",
    "*.o\n",
    "build/\n",
    "/dir/*\n!/dir/a\n",
    "*\n!*/\n",
    "b\n!dir/b\n",
];

#[derive(Clone, Debug)]
enum Edit {
    Write(String, usize),
    Run(String),
    Link(String, usize),
    Remove(String),
    Rename(String, String),
    Ignore(Option<&'static str>, usize),
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&NAMES[..]), 1..4).prop_map(|names| names.join("/"))
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        6 => (path(), 0..CONTENTS.len()).prop_map(|(path, content)| Edit::Write(path, content)),
        1 => path().prop_map(Edit::Run),
        2 => (path(), 0..CONTENTS.len()).prop_map(|(path, target)| Edit::Link(path, target)),
        2 => path().prop_map(Edit::Remove),
        2 => (path(), path()).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => (prop::option::of(prop::sample::select(&["dir", "a", "build"][..])), 0..IGNORES.len())
            .prop_map(|(folder, rules)| Edit::Ignore(folder, rules)),
    ]
}

/// What a command may do beside editing.
#[derive(Clone, Debug)]
enum Deed {
    Edit(Edit),
    Mode(String, u32),
    Git(&'static [&'static str]),
    Drop(&'static str),
    GiveBack,
    Die,
}

const GIT: [&[&str]; 6] = [
    &["add", "-A"],
    &["commit", "-q", "--allow-empty", "-am", "by a command"],
    &["checkout", "-q", "-b", "of-a-command"],
    &["stash", "-q"],
    &["rm", "-rq", "--cached", "--ignore-unmatch", "."],
    &["status"],
];

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => edit().prop_map(Deed::Edit),
        1 => (path(), prop::sample::select(&[0o600, 0o755, 0o000, 0o777][..]))
            .prop_map(|(path, mode)| Deed::Mode(path, mode)),
        1 => prop::sample::select(&GIT[..]).prop_map(Deed::Git),
        1 => prop::sample::select(&[".git", ".git/index", ".git/HEAD", "dir", ""][..])
            .prop_map(Deed::Drop),
        1 => Just(Deed::GiveBack),
        1 => Just(Deed::Die),
    ]
}

fn remove(path: &Path) {
    drop(fs::remove_file(path));
    drop(fs::remove_dir_all(path));
}

/// Frees the way to a path: what is in its place or on the way to it goes.
fn clear(root: &Path, path: &str) {
    let mut way = root.to_owned();
    for part in path.split('/') {
        way.push(part);
        if way
            .symlink_metadata()
            .is_ok_and(|metadata| !metadata.is_dir())
        {
            remove(&way);
        }
    }
    remove(&way);
    fs::create_dir_all(way.parent().unwrap()).unwrap();
}

fn do_edit(root: &Path, edit: &Edit) {
    match edit {
        Edit::Write(path, content) => {
            // Over what is there, when it is a file: the same inode, mode and maybe size.
            let full = root.join(path);
            if !full
                .symlink_metadata()
                .is_ok_and(|metadata| metadata.is_file())
            {
                clear(root, path);
            }
            fs::write(full, CONTENTS[*content]).unwrap();
        }
        Edit::Run(path) => {
            clear(root, path);
            fs::write(root.join(path), "run").unwrap();
            fs::set_permissions(root.join(path), PermissionsExt::from_mode(0o755)).unwrap();
        }
        Edit::Link(path, target) => {
            clear(root, path);
            symlink(["a", "..", "/etc", "dir/nowhere"][*target], root.join(path)).unwrap();
        }
        Edit::Remove(path) => {
            // Never through a link: what is behind one is not the test's to remove.
            let is_through_link = Path::new(path)
                .ancestors()
                .skip(1)
                .any(|part| part != Path::new("") && root.join(part).is_symlink());
            if !is_through_link {
                remove(&root.join(path));
            }
        }
        Edit::Rename(from, to) => {
            let is_inside = Path::new(to).starts_with(from) || Path::new(from).starts_with(to);
            let has_link = [from, to].into_iter().any(|path| {
                Path::new(path)
                    .ancestors()
                    .any(|part| root.join(part).is_symlink())
            });
            if !is_inside && !has_link && root.join(from).exists() {
                clear(root, to);
                drop(fs::rename(root.join(from), root.join(to)));
            }
        }
        Edit::Ignore(folder, rules) => {
            let path = folder.map_or(".gitignore".to_owned(), |folder| {
                format!("{folder}/.gitignore")
            });
            clear(root, &path);
            fs::write(root.join(path), IGNORES[*rules]).unwrap();
        }
    }
}

/// What git ignores in a slot, which may stay.
fn ignored(bench: &Bench, tree: &Path) -> Vec<String> {
    let words = [
        "status",
        "--porcelain",
        "--ignored=matching",
        "-z",
        "--untracked-files=all",
    ];
    let status = bench.repo.git_in(tree, words);
    status
        .split('\0')
        .filter_map(|line| line.strip_prefix("!! "))
        .map(|path| path.trim_end_matches('/').to_owned())
        .collect()
}

fn is_as_committed(bench: &Bench, tree: &Path, expected: &TreeSnapshot) -> Vec<String> {
    let mut found = TreeSnapshot::of(tree).without(".git");
    let ignored = ignored(bench, tree);
    for path in &ignored {
        found = found.without(path);
    }
    // A folder stays for the ignored files in it.
    let mut differences = found.differences(expected);
    differences.retain(|line| {
        let Some(path) = line.strip_prefix("added: ") else {
            return true;
        };
        let is_way = ignored.iter().any(|file| Path::new(file).starts_with(path));
        !(tree.join(path).is_dir() && is_way)
    });
    differences
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 30,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_checkout_is_exactly_its_commit(
        history in prop::collection::vec(prop::collection::vec(edit(), 1..6), 2..6),
        walk in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(deed(), 0..5)), 1..8),
    ) {
        let repo = ScratchRepo::new();
        let mut commits: Vec<CommitId> = Vec::new();
        for edits in &history {
            edits.iter().for_each(|edit| do_edit(repo.path(), edit));
            commits.push(repo.commit("random"));
        }
        let bench = Bench::new(repo);
        let expected: Vec<TreeSnapshot> = commits.iter().map(|commit| bench.expected(commit)).collect();
        let mut slot = bench.slot();
        for (step, (to, deeds)) in walk.iter().enumerate() {
            let to = to.index(commits.len());
            slot.checkout(&commits[to]).unwrap();
            bench.judge_clean(&*slot, &commits[to]);
            let differences = is_as_committed(&bench, slot.work_tree(), &expected[to]);
            prop_assert!(differences.is_empty(), "step {step} to {to}: {differences:?}");
            let tree = slot.work_tree().to_owned();
            for deed in deeds {
                match deed {
                    Deed::Edit(edit) if tree.is_dir() => do_edit(&tree, edit),
                    Deed::Mode(path, mode) if tree.join(path).exists() && !tree.join(path).is_symlink() => {
                        drop(fs::set_permissions(tree.join(path), PermissionsExt::from_mode(*mode)));
                    }
                    Deed::Git(words) if tree.join(".git/index").exists() => {
                        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
                        drop(bench.repo.try_git_in(&tree, &words, b""));
                    }
                    Deed::Drop(path) if !tree.join(path).is_symlink() => remove(&tree.join(path)),
                    Deed::GiveBack => {
                        drop(slot);
                        slot = bench.slot();
                    }
                    Deed::Die => {
                        drop(slot);
                        drop(fs::remove_file(tree.with_file_name("state")));
                        slot = bench.slot();
                    }
                    _ => {}
                }
            }
        }
    }
}
