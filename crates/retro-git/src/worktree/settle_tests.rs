use std::ffi::CString;
use std::fs;

use retro_testing::ScratchRepo;

use super::*;
use crate::LfsPolicy;
use crate::worktree::lfs::LfsFiles;
use crate::worktree::tracked::Loader;

/// A commit with two paths that differ in letter case only, on a file system that takes both for one:
/// what is on disk under the second name is the very file that was recorded for the first.
fn check(paths: [&str; 2]) {
    let repo = ScratchRepo::new();
    let commit = repo.commit_files(&[(paths[0], "1"), (paths[1], "2")], "both");
    let objects = Objects::open(&repo.path().join(".git")).unwrap();
    let commit = Oid::from_bytes(commit.as_bytes()).unwrap();
    let loader = Loader {
        objects: &objects,
        commit,
        state: FileState::Unwritten(Cause::Commit { intact: false }),
    };
    let tree = objects.tree_of(commit).unwrap();
    let mut root = loader
        .dir(CString::default().into_boxed_c_str(), tree, &mut Vec::new())
        .unwrap();
    let disk = repo.outside().join("disk");
    let second = disk.join(paths[1]);
    fs::create_dir_all(second.parent().unwrap()).unwrap();
    fs::write(&second, "the first one").unwrap();
    let handle = DirHandle::open(&disk).unwrap();
    let name = paths[1].split('/').next().unwrap();
    let stat = handle.stat(&CString::new(name).unwrap()).unwrap();
    match &mut root.entries[0] {
        Entry::File(file) => file.state = FileState::Recorded(stat),
        Entry::Dir(dir) => (dir.record, dir.busy) = (Some(stat), false),
        Entry::Submodule(_) => unreachable!("there is none"),
    }
    let mut settle = Settle {
        objects: &objects,
        commit,
        rules: &mut RuleCache::default(),
        lfs: &LfsFiles::new(LfsPolicy::Skip, disk.clone()),
        list_all: false,
        with_submodules: false,
        usual_mode: stat.mode,
        ignore: IgnoreStack::default(),
        attributes: AttributeStack::default(),
        done: Checkout::default(),
        path: Vec::new(),
    };
    let error = settle.root(&mut root, &handle).unwrap_err();
    let shown = error.to_string();
    assert!(matches!(error, GitError::Unrepresentable { .. }), "{shown}");
    assert!(
        shown.contains(name) && shown.contains("takes it and another path"),
        "{shown}"
    );
    assert_eq!(fs::read(&second).unwrap(), b"the first one");
}

#[test]
fn two_paths_that_the_file_system_takes_for_one_are_refused() {
    check(["File", "file"]);
    check(["Folder/a", "folder/a"]);
}
