//! Histories to list commits from.

use retro_git::{
    CommitQuery, FetchNote, FetchWay, FetchedHistory, GitError, GitRepository, History as _,
    HistoryRequest, Selection, fetch_history,
};
use retro_testing::{GitServer, HistorySpec, Reaction, ScratchRepo};

use crate::support::{NoWait, Scene, remote};

fn fetch(
    scene: &Scene,
    url: &str,
    request: &HistoryRequest,
) -> (Result<FetchedHistory, GitError>, Vec<FetchNote>) {
    let mut notes = Vec::new();
    let mut note = |said| notes.push(said);
    let (target, options) = (scene.target(), scene.options());
    let done = fetch_history(&remote(url), &target, request, &options, &mut note);
    (done, notes)
}

fn to_depth(depth: u32) -> HistoryRequest {
    HistoryRequest {
        depth: Some(depth),
        tips: Vec::new(),
    }
}

#[test]
fn the_newest_commits_are_listed_and_the_boundary_is_told() {
    let scene = Scene::with_commits(60);
    let server = GitServer::start(scene.repo.outside());
    let (done, notes) = fetch(&scene, &server.url("repo"), &to_depth(20));
    let done = done.unwrap();
    assert_eq!((done.tip, notes), (scene.repo.rev("main"), vec![]));
    assert_eq!(scene.fetched_commits(), 20);
    let repository = GitRepository::open(&done.git_dir).unwrap();
    assert!(repository.is_bare());
    let last = |count| {
        let query = CommitQuery::new(Selection::Last { count, tip: None });
        repository.commits(&query).unwrap()
    };
    let listed = last(15);
    let expected = scene.repo.rev_list(["--reverse", "-15", "main"]);
    let ids: Vec<_> = listed.commits.iter().map(|commit| commit.id).collect();
    assert_eq!((ids, listed.warnings), (expected, vec![]));
    let listed = last(100);
    assert_eq!(listed.commits.len(), 20);
    assert!(
        listed.warnings[0].contains("shallow"),
        "{:?}",
        listed.warnings
    );
    // Filters by path need the trees.
    let mut query = CommitQuery::new(Selection::Last {
        count: 5,
        tip: None,
    });
    query.paths = vec!["src/**".to_owned()];
    assert_eq!(repository.commits(&query).unwrap().commits.len(), 5);
    let head = repository.resolve("main").unwrap();
    let file = repository.read_file(&head.id, "src/area_00/part_0000/file_00000.txt");
    assert!(file.unwrap().is_some());
}

#[test]
fn a_history_grows_when_more_of_it_is_asked_for() {
    let scene = Scene::with_commits(60);
    let server = GitServer::start(scene.repo.outside());
    let url = server.url("repo");
    for (request, commits) in [
        (to_depth(5), 5),
        (to_depth(40), 40),
        (HistoryRequest::default(), 60),
    ] {
        fetch(&scene, &url, &request).0.unwrap();
        assert_eq!(scene.fetched_commits(), commits);
    }
    let repository = GitRepository::open(&scene.target()).unwrap();
    let all = CommitQuery::new(Selection::Last {
        count: 100,
        tip: None,
    });
    assert_eq!(
        repository.commits(&all).unwrap().warnings,
        Vec::<String>::new()
    );
    // And follows the branch when that moves, rewritten or not.
    scene.repo.git(["reset", "-q", "--hard", "main~3"]);
    let moved = scene.repo.commit_files(&[("new", "1")], "elsewhere");
    let (done, _) = fetch(&scene, &url, &HistoryRequest::default());
    assert_eq!(done.unwrap().tip, moved);
}

#[test]
fn branches_and_tags_are_found_by_their_names() {
    let scene = Scene::with_commits(6);
    scene.repo.git(["branch", "topic/one", "main~2"]);
    scene.repo.git(["tag", "-a", "-m", "one", "v1", "main~4"]);
    let server = GitServer::start(scene.repo.outside());
    let check = |tip: &str, expected: &str| {
        let request = HistoryRequest {
            depth: Some(2),
            tips: vec![tip.to_owned()],
        };
        let (done, _) = fetch(&scene, &server.url("repo"), &request);
        let done = done.unwrap();
        assert_eq!(done.tip, scene.repo.rev(expected), "{tip}");
        let repository = GitRepository::open(&done.git_dir).unwrap();
        assert_eq!(repository.resolve("HEAD").unwrap().id, done.tip);
    };
    check("topic/one", "main~2");
    check("refs/heads/topic/one", "main~2");
    check("v1", "main~4");
    check("main", "main");
    check("HEAD", "main");
    for tip in ["missing", ""] {
        let request = HistoryRequest {
            depth: None,
            tips: vec![tip.to_owned()],
        };
        let error = fetch(&scene, &server.url("repo"), &request).0.unwrap_err();
        assert!(
            matches!(error, GitError::BadRevision { .. }),
            "{tip}: {error}"
        );
    }
}

#[test]
fn several_tips_are_fetched_at_once() {
    let scene = Scene::with_commits(6);
    scene.repo.git(["tag", "v1", "main~4"]);
    let server = GitServer::start(scene.repo.outside());
    let request = HistoryRequest {
        depth: None,
        tips: vec!["HEAD".to_owned(), "v1".to_owned()],
    };
    let (done, _) = fetch(&scene, &server.url("repo"), &request);
    let done = done.unwrap();
    assert_eq!(done.tip, scene.repo.rev("main"));
    let repository = GitRepository::open(&done.git_dir).unwrap();
    let range = Selection::Revisions(vec!["v1..main".to_owned()]);
    let listed = repository.commits(&CommitQuery::new(range)).unwrap();
    assert_eq!(listed.commits.len(), 4);
}

#[test]
fn an_empty_repository_has_no_history() {
    let scene = Scene {
        repo: ScratchRepo::new(),
        pace: NoWait::default(),
    };
    let server = GitServer::start(scene.repo.outside());
    let error = fetch(&scene, &server.url("repo"), &to_depth(3))
        .0
        .unwrap_err();
    assert!(error.to_string().contains("no default branch"), "{error}");
}

#[test]
fn a_folder_gives_all_of_its_history() {
    let scene = Scene::with_commits(9);
    let url = format!("file://{}", scene.repo.path().display());
    let (done, notes) = fetch(&scene, &url, &to_depth(3));
    assert_eq!(done.unwrap().tip, scene.repo.rev("main"));
    assert!(
        matches!(
            &notes[..],
            [FetchNote::FellBack {
                from: FetchWay::Branch(Some(3)),
                to: FetchWay::Branch(None),
                ..
            }]
        ),
        "{notes:?}"
    );
    assert_eq!(scene.fetched_commits(), 9);
}

#[test]
fn merges_are_cut_at_the_same_depth_on_every_side() {
    let scene = Scene::with_commits(4);
    scene.repo.git(["checkout", "-q", "-b", "side", "main~2"]);
    for number in 0..3 {
        scene
            .repo
            .commit_files(&[("side", &number.to_string())], "side");
    }
    scene.repo.git(["checkout", "-q", "main"]);
    scene
        .repo
        .git(["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let server = GitServer::start(scene.repo.outside());
    let (done, _) = fetch(&scene, &server.url("repo"), &to_depth(3));
    let repository = GitRepository::open(&done.unwrap().git_dir).unwrap();
    let query = CommitQuery::new(Selection::Last {
        count: 99,
        tip: None,
    });
    assert_eq!(repository.commits(&query).unwrap().commits.len(), 5);
}

#[test]
fn trouble_on_the_way_is_survived() {
    let scene = Scene::with_commits(30);
    let server = scene.server(|request| match request.number {
        0 => Reaction::Answer(503, vec![]),
        3 => Reaction::ServeAndDrop(300),
        _ => Reaction::Serve,
    });
    let (done, notes) = fetch(&scene, &server.url("repo"), &to_depth(10));
    assert_eq!(done.unwrap().tip, scene.repo.rev("main"));
    assert_eq!(notes.len(), 2, "{notes:?}");
}

#[test]
fn ten_thousand_commits_are_listed() {
    let repo = ScratchRepo::with_history(HistorySpec {
        files: 30,
        commits: 10_000,
        changed_per_commit: 1,
    });
    let scene = Scene {
        repo,
        pace: NoWait::default(),
    };
    let server = GitServer::start(scene.repo.outside());
    let (done, _) = fetch(&scene, &server.url("repo"), &to_depth(9_999));
    let repository = GitRepository::open(&done.unwrap().git_dir).unwrap();
    let query = CommitQuery::new(Selection::Last {
        count: 10_000,
        tip: None,
    });
    let listed = repository.commits(&query).unwrap();
    assert_eq!((listed.commits.len(), listed.warnings.len()), (9_999, 1));
}
