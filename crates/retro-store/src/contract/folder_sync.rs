//! Checks of synchronisations of folders with places.
//!
//! Each check gets the store and a function that looks at the files of a place, without its manifest.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use retro_domain::PathRule;
use tempfile::TempDir;

use super::{at_once, is_backend, is_conflict, refused};
use crate::{FileHeaders, FolderSync, SyncOutcome, SyncReport, SyncRequest};

type Store = Arc<dyn FolderSync>;
/// The files of a place: content and what it is served with.
pub type Placed = BTreeMap<String, (Vec<u8>, FileHeaders)>;

/// A work tree with a folder `dist` of these files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let tree = tempfile::tempdir().expect("a folder can be made");
    fs::create_dir(tree.path().join("dist")).unwrap();
    for (name, content) in files {
        write(tree.path(), name, content);
    }
    tree
}

fn write(tree: &Path, name: &str, content: &str) {
    let path = tree.join("dist").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn request(tree: &Path, place: &str) -> SyncRequest {
    SyncRequest {
        root: tree.to_owned(),
        output: "dist".to_owned(),
        place: place.to_owned(),
        delete: false,
        content_types: Vec::new(),
        cache_headers: Vec::new(),
    }
}

fn deleting(tree: &Path, place: &str) -> SyncRequest {
    SyncRequest {
        delete: true,
        ..request(tree, place)
    }
}

async fn done(store: &Store, request: &SyncRequest) -> SyncReport {
    match store.sync(request).await.expect("it is synchronised") {
        SyncOutcome::Synced(report) => report,
        SyncOutcome::NoFolder => panic!("there is a folder"),
    }
}

/// Uploaded, skipped, deleted.
fn counts(report: &SyncReport) -> (u64, u64, u64) {
    (report.uploaded, report.skipped, report.deleted)
}

fn texts(placed: Placed) -> BTreeMap<String, String> {
    let text = |content| String::from_utf8(content).expect("the tests write text");
    placed
        .into_iter()
        .map(|(name, (content, _))| (name, text(content)))
        .collect()
}

fn expected(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, content): &(&str, &str)| ((*name).to_owned(), (*content).to_owned());
    files.iter().map(owned).collect()
}

/// Only what changed is uploaded, and strangers go when asked for.
pub async fn a_place_becomes_like_the_folder(store: Store, look: impl AsyncFn(&str) -> Placed) {
    let all = [
        ("index.html", "one"),
        ("a/b.css", "two"),
        ("a/c é.js", "three"),
    ];
    let tree = tree(&all);
    let tree = tree.path();
    let first = done(&store, &request(tree, "site/main")).await;
    assert_eq!((counts(&first), first.bytes), ((3, 0, 0), 11));
    assert_eq!(texts(look("site/main").await), expected(&all));

    write(tree, "a/b.css", "six");
    write(tree, "new", "");
    fs::remove_file(tree.join("dist/a/c é.js")).unwrap();
    let second = done(&store, &request(tree, "site/main")).await;
    assert_eq!(counts(&second), (2, 1, 0));
    let third = done(&store, &deleting(tree, "site//main/")).await;
    assert_eq!(counts(&third), (0, 3, 1));
    let all = [("index.html", "one"), ("a/b.css", "six"), ("new", "")];
    assert_eq!(texts(look("site/main").await), expected(&all));
}

/// Also one of another work tree, where every file has another time.
pub async fn what_has_the_same_content_is_skipped(
    store: Store,
    look: impl AsyncFn(&str) -> Placed,
) {
    let all = [("a", "x"), ("b/c", "y")];
    done(&store, &request(tree(&all).path(), "p")).await;
    let report = done(&store, &deleting(tree(&all).path(), "p")).await;
    assert_eq!((counts(&report), report.bytes), ((0, 2, 0), 0));
    assert_eq!(texts(look("p").await), expected(&all));
}

/// As programs do that give everything one time.
pub async fn a_change_that_keeps_size_and_time_is_noticed(
    store: Store,
    look: impl AsyncFn(&str) -> Placed,
) {
    let same_time = |tree: &Path| {
        let file = fs::File::options().write(true).open(tree.join("dist/a"));
        file.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    };
    let tree = tree(&[("a", "old")]);
    same_time(tree.path());
    done(&store, &request(tree.path(), "p")).await;
    write(tree.path(), "a", "new");
    same_time(tree.path());
    let report = done(&store, &request(tree.path(), "p")).await;
    assert_eq!(counts(&report), (1, 0, 0));
    assert_eq!(texts(look("p").await), expected(&[("a", "new")]));
}

/// By the first rule that fits; a file whose headers change is uploaded again.
pub async fn files_have_content_types_and_cache_headers(
    store: Store,
    look: impl AsyncFn(&str) -> Placed,
) {
    let rule = |glob: &str, value: &str| PathRule {
        glob: glob.to_owned(),
        value: value.to_owned(),
    };
    let tree = tree(&[
        ("index.html", "i"),
        ("assets/app.js", "j"),
        ("data.bin", "d"),
    ]);
    let mut wanted = request(tree.path(), "p");
    wanted.content_types = vec![rule("*.bin", "application/x-data"), rule("data*", "a/b")];
    wanted.cache_headers = vec![
        rule("assets/**", "public, max-age=31536000, immutable"),
        rule("*.html", "no-cache"),
    ];
    done(&store, &wanted).await;
    let check = |placed: &Placed, name: &str, content_type: &str, cache: Option<&str>| {
        let headers = FileHeaders {
            content_type: content_type.to_owned(),
            cache_control: cache.map(str::to_owned),
        };
        assert_eq!(placed[name].1, headers, "{name}");
    };
    let placed = look("p").await;
    check(
        &placed,
        "index.html",
        "text/html; charset=utf-8",
        Some("no-cache"),
    );
    let immutable = Some("public, max-age=31536000, immutable");
    check(
        &placed,
        "assets/app.js",
        "text/javascript; charset=utf-8",
        immutable,
    );
    check(&placed, "data.bin", "application/x-data", None);

    wanted.cache_headers.remove(1);
    assert_eq!(counts(&done(&store, &wanted).await), (1, 2, 0));
    check(
        &look("p").await,
        "index.html",
        "text/html; charset=utf-8",
        None,
    );
}

/// Nothing is removed then, either.
pub async fn a_missing_folder_is_skipped(store: Store, look: impl AsyncFn(&str) -> Placed) {
    let tree = tree(&[("a", "x")]);
    done(&store, &request(tree.path(), "p")).await;
    fs::remove_dir_all(tree.path().join("dist")).unwrap();
    let outcome = store.sync(&deleting(tree.path(), "p")).await.unwrap();
    assert_eq!(outcome, SyncOutcome::NoFolder);
    assert_eq!(texts(look("p").await), expected(&[("a", "x")]));
}

/// They are said to be left out.
pub async fn links_pipes_and_git_are_left_out(store: Store, look: impl AsyncFn(&str) -> Placed) {
    use std::os::unix::fs::symlink;
    let tree = tree(&[("a", "x"), (".git/config", "?"), ("b/.GIT", "?")]);
    let dist = tree.path().join("dist");
    fs::write(tree.path().join("secret"), "hush").unwrap();
    symlink("../secret", dist.join("link")).unwrap();
    symlink("..", dist.join("b/up")).unwrap();
    symlink("a", dist.join("inner")).unwrap();
    write(tree.path(), ".retro-sync.json", "{}");
    let pipe = std::os::unix::net::UnixListener::bind(dist.join("pipe"));
    let report = done(&store, &deleting(tree.path(), "p")).await;
    drop(pipe);
    let refused = [
        ".git",
        ".retro-sync.json",
        "b/.GIT",
        "b/up",
        "inner",
        "link",
        "pipe",
    ];
    assert_eq!(report.left_out, refused);
    assert_eq!(texts(look("p").await), expected(&[("a", "x")]));
}

/// By its name or by a link on the way.
pub async fn a_folder_outside_the_work_tree_is_refused(
    store: Store,
    look: impl AsyncFn(&str) -> Placed,
) {
    let outside = tree(&[("a", "x")]);
    let tree = tree(&[("file", "x")]);
    let link = tree.path().join("link");
    std::os::unix::fs::symlink(outside.path(), &link).unwrap();
    fs::create_dir(tree.path().join(".git")).unwrap();
    let absolute = outside.path().to_str().unwrap().to_owned();
    for output in [
        "..",
        "dist/../..",
        ".git",
        "link",
        "link/dist",
        "dist/file",
        &absolute,
    ] {
        let wanted = SyncRequest {
            output: output.to_owned(),
            ..request(tree.path(), "p")
        };
        refused(store.sync(&wanted).await, is_backend);
    }
    assert_eq!(look("p").await, Placed::new());
}

/// A place is below what the store has.
pub async fn a_place_outside_the_store_is_refused(
    store: Store,
    _look: impl AsyncFn(&str) -> Placed,
) {
    let tree = tree(&[("a", "x")]);
    for place in [
        "..",
        "a/../../b",
        "./a",
        "a/.git",
        ".retro-tmp-1",
        "a\nb",
        "a\\b",
    ] {
        refused(store.sync(&request(tree.path(), place)).await, is_backend);
    }
}

/// Nothing is done then.
pub async fn rules_that_are_none_are_refused(store: Store, look: impl AsyncFn(&str) -> Placed) {
    let tree = tree(&[("a", "x")]);
    let rule = |glob: &str, value: &str| PathRule {
        glob: glob.to_owned(),
        value: value.to_owned(),
    };
    let mut wanted = request(tree.path(), "p");
    wanted.content_types = vec![rule("a[", "text/html")];
    wanted.cache_headers = vec![rule("*", "no-cache\r\nSet-Cookie: a=b")];
    let error = store.sync(&wanted).await.expect_err("they are refused");
    let text = error.to_string();
    assert!(
        text.contains("content_types") && text.contains("cache_headers"),
        "{text}"
    );
    assert_eq!(look("p").await, Placed::new());
}

/// Whatever their names begin with.
pub async fn places_are_apart(store: Store, look: impl AsyncFn(&str) -> Placed) {
    done(&store, &request(tree(&[("a", "1")]).path(), "run-1")).await;
    done(&store, &request(tree(&[("a", "2")]).path(), "run-12")).await;
    done(&store, &deleting(tree(&[]).path(), "run-1")).await;
    assert_eq!(look("run-1").await, Placed::new());
    assert_eq!(texts(look("run-12").await), expected(&[("a", "2")]));
}

/// Either is told of the other or ends well, and the next one makes all good.
pub async fn of_many_at_once_one_ends_well(store: Store, look: impl AsyncFn(&str) -> Placed) {
    let names: Vec<String> = (0..40).map(|number| format!("f/{number}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let tree = tree(&files);
    let answers = at_once(4, |_| {
        let (store, wanted) = (Arc::clone(&store), request(tree.path(), "p"));
        async move { store.sync(&wanted).await }
    })
    .await;
    assert!(answers.iter().any(Result::is_ok), "{answers:?}");
    for answer in answers {
        if answer.is_err() {
            refused(answer, is_conflict);
        }
    }
    done(&store, &deleting(tree.path(), "p")).await;
    assert_eq!(texts(look("p").await), expected(&files));
}

/// More than are uploaded between two writes of the manifest.
pub async fn many_files_are_taken_along(store: Store, look: impl AsyncFn(&str) -> Placed) {
    let names: Vec<String> = (0..600).map(|it| format!("{}/{it}", it % 10)).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|it| (it.as_str(), it.as_str())).collect();
    let tree = tree(&files);
    assert_eq!(
        counts(&done(&store, &request(tree.path(), "p")).await),
        (600, 0, 0)
    );
    assert_eq!(
        counts(&done(&store, &request(tree.path(), "p")).await),
        (0, 600, 0)
    );
    assert_eq!(texts(look("p").await), expected(&files));
}
