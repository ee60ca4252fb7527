//! One commit, whatever the server allows.

use retro_domain::CommitId;
use retro_git::{FetchNote, FetchWay, GitError, GitRepository, History as _, fetch_commit};
use retro_testing::{GitServer, Reaction};

use crate::support::{Scene, remote};

/// What was tried and not possible.
fn fell_back(notes: &[FetchNote]) -> Vec<FetchWay> {
    let from = |note: &FetchNote| match note {
        FetchNote::FellBack { from, reason, .. } => {
            assert!(!reason.is_empty());
            Some(*from)
        }
        _ => None,
    };
    notes.iter().filter_map(from).collect()
}

#[test]
fn a_commit_comes_alone_from_a_server_that_gives_commits_by_hash() {
    let scene = Scene::with_commits(30);
    scene.allow_any_commit(true);
    let server = GitServer::start(scene.repo.outside());
    let commit = scene.repo.rev("main~17");
    let (done, notes) = scene.fetch(&remote(&server.url("repo")), &commit);
    let done = done.unwrap();
    assert_eq!((done.way, notes), (FetchWay::ByHash, vec![]));
    assert!(done.received_bytes > 0);
    assert_eq!(scene.fetched_commits(), 1);
    let repository = GitRepository::open(&done.git_dir).unwrap();
    assert_eq!(repository.resolve("HEAD").unwrap().id, commit);
    scene.check_out(&commit);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_commit_that_is_there_is_not_fetched_again_and_another_joins_it() {
    let scene = Scene::with_commits(30);
    scene.allow_any_commit(true);
    let server = GitServer::start(scene.repo.outside());
    let remote = remote(&server.url("repo"));
    let (old, new) = (scene.repo.rev("main~20"), scene.repo.rev("main~3"));
    scene.fetch(&remote, &old).0.unwrap();
    let so_far = server.requests().len();
    let (again, _) = scene.fetch(&remote, &old);
    assert_eq!(again.unwrap().way, FetchWay::AlreadyThere);
    assert_eq!(server.requests().len(), so_far);
    assert_eq!(scene.fetch(&remote, &new).0.unwrap().way, FetchWay::ByHash);
    assert_eq!(scene.fetched_commits(), 2);
    scene.check_out(&new);
    scene.check_out(&old);
}

#[test]
fn the_tip_of_a_branch_comes_by_its_name_where_hashes_are_refused() {
    let scene = Scene::with_commits(30);
    let server = GitServer::start(scene.repo.outside());
    let commit = scene.repo.rev("main");
    let (done, notes) = scene.fetch(&remote(&server.url("repo")), &commit);
    assert_eq!(done.unwrap().way, FetchWay::ByReference);
    assert_eq!(fell_back(&notes), [FetchWay::ByHash]);
    assert_eq!(scene.fetched_commits(), 1);
    scene.check_out(&commit);
}

#[test]
fn what_a_tag_names_comes_by_the_name_of_the_tag() {
    let scene = Scene::with_commits(30);
    let commit = scene.repo.rev("main~9");
    scene.repo.git(["tag", "-a", "-m", "one", "v1", "main~9"]);
    let server = GitServer::start(scene.repo.outside());
    let (done, _) = scene.fetch(&remote(&server.url("repo")), &commit);
    assert_eq!(done.unwrap().way, FetchWay::ByReference);
    scene.check_out(&commit);
}

#[test]
fn branches_are_deepened_until_the_commit_is_there() {
    let scene = Scene::with_commits(700);
    let server = GitServer::start(scene.repo.outside());
    let remote = remote(&server.url("repo"));
    let near = scene.repo.rev("main~30");
    let (done, notes) = scene.fetch(&remote, &near);
    assert_eq!(done.unwrap().way, FetchWay::Deepening(50));
    assert_eq!(fell_back(&notes), [FetchWay::ByHash, FetchWay::ByReference]);
    assert_eq!(scene.fetched_commits(), 50);
    scene.check_out(&near);
    let far = scene.repo.rev("main~300");
    let (done, notes) = scene.fetch(&remote, &far);
    assert_eq!(done.unwrap().way, FetchWay::Deepening(500));
    assert_eq!(fell_back(&notes).last(), Some(&FetchWay::Deepening(50)));
    assert_eq!(scene.fetched_commits(), 500);
    scene.check_out(&far);
}

#[test]
fn a_commit_of_an_unusual_reference_is_found_in_the_end() {
    let scene = Scene::with_commits(5);
    scene.repo.git(["checkout", "-q", "-b", "side"]);
    let commit = scene
        .repo
        .commit_files(&[("pulled", "1")], "a pull request");
    scene.repo.commit_files(&[("pulled", "2")], "and on");
    scene.repo.git(["update-ref", "refs/pull/1/head", "side"]);
    scene.repo.git(["checkout", "-q", "main"]);
    scene.repo.git(["branch", "-D", "side"]);
    let server = GitServer::start(scene.repo.outside());
    let (done, notes) = scene.fetch(&remote(&server.url("repo")), &commit);
    assert_eq!(done.unwrap().way, FetchWay::EveryReference, "{notes:?}");
    scene.check_out(&commit);
}

#[test]
fn a_commit_that_is_nowhere_is_an_error_that_says_so() {
    for is_allowed in [true, false] {
        let scene = Scene::with_commits(5);
        scene.allow_any_commit(is_allowed);
        let server = GitServer::start(scene.repo.outside());
        let nowhere: CommitId = "0123456789012345678901234567890123456789".parse().unwrap();
        let (done, notes) = scene.fetch(&remote(&server.url("repo")), &nowhere);
        let error = done.unwrap_err();
        assert!(matches!(error, GitError::UnknownCommit { .. }), "{error}");
        assert!(error.to_string().contains("0123456789") && !error.is_retryable());
        assert_eq!(fell_back(&notes).last(), Some(&FetchWay::Everything));
        if is_allowed {
            assert!(notes[0].to_string().contains("not our ref"), "{}", notes[0]);
        }
    }
}

#[test]
fn names_in_another_encoding_are_no_hindrance() {
    let scene = Scene::with_commits(8);
    let (commit, tip) = (scene.repo.rev("main~4"), scene.repo.rev("main"));
    let odd = [
        b"update refs/heads/gr\xfc\xdfe ",
        tip.to_string().as_bytes(),
        b"\n",
    ]
    .concat();
    scene.repo.git_with_input(["update-ref", "--stdin"], &odd);
    let server = GitServer::start(scene.repo.outside());
    let (done, _) = scene.fetch(&remote(&server.url("repo")), &commit);
    assert_eq!(done.unwrap().way, FetchWay::Deepening(50));
    scene.check_out(&commit);
    let (done, _) = scene.fetch(&remote(&server.url("repo")), &tip);
    assert_eq!(done.unwrap().way, FetchWay::ByReference);
}

#[test]
fn several_fetches_go_on_at_once() {
    let scene = Scene::with_commits(12);
    scene.allow_any_commit(true);
    let server = GitServer::start(scene.repo.outside());
    let remote = remote(&server.url("repo"));
    std::thread::scope(|scope| {
        for back in 0..4 {
            let (scene, remote) = (&scene, &remote);
            scope.spawn(move || {
                let commit = scene.repo.rev(&format!("main~{back}"));
                let into = scene.repo.outside().join(format!("fetched-{back}"));
                let options = scene.options();
                let done = fetch_commit(remote, &into, &commit, &options, &mut |_| {}).unwrap();
                let repository = GitRepository::open(&done.git_dir).unwrap();
                assert_eq!(repository.resolve("HEAD").unwrap().id, commit);
            });
        }
    });
}

#[test]
fn redirects_of_the_first_request_are_followed() {
    let scene = Scene::with_commits(5);
    scene.allow_any_commit(true);
    let target = GitServer::start(scene.repo.outside());
    let to = target.url("repo");
    let server = scene.server(move |request| {
        assert!(
            request.is_first(),
            "the rest goes to where the redirect led"
        );
        let location = format!("{to}/info/refs?{}", request.query);
        Reaction::redirect(301, &location)
    });
    let commit = scene.repo.rev("main~2");
    let (done, _) = scene.fetch(&remote(&server.url("moved")), &commit);
    assert_eq!(done.unwrap().way, FetchWay::ByHash);
    assert_eq!((server.requests().len(), target.requests().len()), (1, 3));
}

#[test]
fn redirects_elsewhere_are_not_followed() {
    let scene = Scene::with_commits(2);
    let commit = scene.repo.rev("main");
    let check = |reaction: Reaction, on_first: bool, expected: &str| {
        let server = scene.server(move |request| {
            if request.is_first() == on_first {
                reaction.clone()
            } else {
                Reaction::Serve
            }
        });
        let (done, _) = scene.fetch(&remote(&server.url("repo")), &commit);
        let error = done.unwrap_err();
        assert!(matches!(error, GitError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        server.requests().len()
    };
    let away = "file:///etc/info/refs?service=git-upload-pack";
    check(Reaction::redirect(302, away), true, "leads away");
    check(
        Reaction::redirect(302, "http://h/login"),
        true,
        "list of references",
    );
    check(
        Reaction::redirect(307, "/other/git-upload-pack"),
        false,
        "in the middle",
    );
    let round = "/repo/info/refs?service=git-upload-pack";
    let asked = check(Reaction::redirect(302, round), true, "more than 5 times");
    assert_eq!(asked, 6);
}

#[test]
fn what_is_no_repository_is_told_from_trouble() {
    let scene = Scene::with_commits(2);
    let commit = scene.repo.rev("main");
    let server = GitServer::start(scene.repo.outside());
    let (done, _) = scene.fetch(&remote(&server.url("missing")), &commit);
    let error = done.unwrap_err();
    assert!(error.to_string().contains("no such repository"), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(server.requests().len(), 1);
    let page = scene.server(|_| Reaction::Answer(200, vec![]));
    let (done, _) = scene.fetch(&remote(&page.url("repo")), &commit);
    let error = done.unwrap_err().to_string();
    assert!(error.contains("does not speak git's protocol"), "{error}");
}
