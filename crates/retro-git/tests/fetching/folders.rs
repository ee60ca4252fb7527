//! Repositories in folders, and the folders that are fetched into.

use retro_git::{FetchNote, FetchWay, GitError};
use retro_testing::GitServer;

use crate::support::{Scene, remote};

#[test]
fn a_commit_of_a_folder_comes_with_its_history() {
    for prefix in ["file://", ""] {
        let scene = Scene::with_commits(12);
        let commit = scene.repo.rev("main~5");
        let url = format!("{prefix}{}", scene.repo.path().display());
        let (done, notes) = scene.fetch(&remote(&url), &commit);
        assert_eq!(done.unwrap().way, FetchWay::Everything);
        assert!(
            matches!(
                &notes[..],
                [FetchNote::FellBack {
                    from: FetchWay::ByHash,
                    ..
                }]
            ),
            "{notes:?}"
        );
        scene.check_out(&commit);
        // It does not need the folder it came from.
        assert!(!scene.target().join("objects/info/alternates").exists());
    }
}

#[test]
fn an_unknown_commit_or_folder_is_told() {
    let scene = Scene::with_commits(2);
    let nowhere = "0123456789012345678901234567890123456789".parse().unwrap();
    let url = format!("file://{}", scene.repo.path().display());
    let error = scene.fetch(&remote(&url), &nowhere).0.unwrap_err();
    assert!(matches!(error, GitError::UnknownCommit { .. }), "{error}");
    let url = format!("file://{}/missing", scene.repo.path().display());
    let error = scene.fetch(&remote(&url), &nowhere).0.unwrap_err();
    assert!(matches!(error, GitError::Refused { .. }), "{error}");
    let empty = scene.repo.outside().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let error = scene
        .fetch(&remote(&empty.display().to_string()), &nowhere)
        .0;
    assert!(error.is_err());
}

#[test]
fn what_a_process_that_died_left_is_no_hindrance() {
    let scene = Scene::with_commits(12);
    scene.allow_any_commit(true);
    let server = GitServer::start(scene.repo.outside());
    let remote = remote(&server.url("repo"));
    let first = scene.repo.rev("main~8");
    scene.fetch(&remote, &first).0.unwrap();
    let second = scene.repo.rev("main~2");
    let target = scene.target();
    let leftovers = [
        "shallow.lock".to_owned(),
        "HEAD.lock".to_owned(),
        format!("refs/retro/commits/{second}.lock"),
        "objects/pack/pack_git2_123".to_owned(),
    ];
    for name in &leftovers {
        std::fs::write(target.join(name), "").unwrap();
    }
    let (done, notes) = scene.fetch(&remote, &second);
    assert_eq!(done.unwrap().way, FetchWay::ByHash);
    assert_eq!(notes, [FetchNote::RemovedLeftovers { files: 4 }]);
    scene.check_out(&second);
}

#[test]
fn no_hook_and_no_template_gets_into_the_folder() {
    let scene = Scene::with_commits(2);
    let server = GitServer::start(scene.repo.outside());
    let commit = scene.repo.rev("main");
    scene
        .fetch(&remote(&server.url("repo")), &commit)
        .0
        .unwrap();
    let hooks = std::fs::read_dir(scene.target().join("hooks")).unwrap();
    let names: Vec<_> = hooks.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        names.iter().all(|name| name == "README.sample"),
        "{names:?}"
    );
}
