//! Checks of artifact stores.

use std::path::Path;
use std::sync::Arc;

use retro_domain::{Digest256, Epoch};

use super::samples::{commit, repo, scope, suite};
use super::{at_once, exactly_one, is_backend, is_conflict, is_not_found, refused};
use crate::{
    ArtifactContent, ArtifactEntry, ArtifactScope, ArtifactStore, MANIFEST_NAME, Manifest,
    StoreError,
};

type Store = Arc<dyn ArtifactStore>;

async fn put(store: &Store, scope: &ArtifactScope, name: &str, content: &[u8]) -> ArtifactEntry {
    let content = ArtifactContent::Bytes(content.to_vec());
    store.put(scope, name, content).await.unwrap()
}

async fn finish(store: &Store, scope: &ArtifactScope, entries: &[&ArtifactEntry]) {
    store.finish(scope, &manifest(entries)).await.unwrap();
}

fn manifest(entries: &[&ArtifactEntry]) -> Manifest {
    Manifest {
        entries: entries.iter().copied().cloned().collect(),
    }
}

/// In any folder, of any size.
pub async fn what_is_put_is_read_back_once_finished(store: Store) {
    let big: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let contents: [(&str, &[u8]); 5] = [
        ("big", &big),
        ("deep/er/junit.xml", b"<testsuite/>"),
        ("deep/log", b"\0\xff"),
        ("empty", b""),
        ("name with spaces é", b"x"),
    ];
    let scope = scope(1, 1);
    let mut entries = Vec::new();
    for (name, content) in contents {
        let entry = put(&store, &scope, name, content).await;
        let expected = ArtifactEntry {
            name: name.to_owned(),
            size: content.len() as u64,
            digest: Digest256::of(content),
        };
        assert_eq!(entry, expected);
        entries.push(entry);
    }
    let manifest = Manifest { entries };
    store.finish(&scope, &manifest).await.unwrap();
    assert_eq!(store.manifest(&scope).await.unwrap(), Some(manifest));
    for (name, content) in contents {
        let read = store.read(&scope, name).await.unwrap();
        assert!(read.as_deref() == Some(content), "{name} changed");
    }
    assert_eq!(store.read(&scope, "absent").await.unwrap(), None);
    assert_eq!(store.read(&scope, "deep").await.unwrap(), None);
    assert_eq!(store.read(&scope, "../x").await.unwrap(), None);
    assert_eq!(store.read(&scope, MANIFEST_NAME).await.unwrap(), None);
}

/// A crash may have left anything.
pub async fn nothing_is_seen_before_the_manifest(store: Store) {
    let scope = scope(1, 1);
    put(&store, &scope, "log", b"x").await;
    assert_eq!(store.manifest(&scope).await.unwrap(), None);
    assert_eq!(store.read(&scope, "log").await.unwrap(), None);
}

/// The manifest lists the second.
pub async fn a_second_put_of_a_name_replaces_the_first(store: Store) {
    let scope = scope(1, 1);
    put(&store, &scope, "a/log", b"first, and longer").await;
    let second = put(&store, &scope, "a/log", b"second").await;
    finish(&store, &scope, &[&second]).await;
    let read = store.read(&scope, "a/log").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"second"[..]));
}

/// Even though it was put.
pub async fn what_the_manifest_does_not_list_is_never_seen(store: Store) {
    let scope = scope(1, 1);
    let kept = put(&store, &scope, "kept", b"x").await;
    put(&store, &scope, "left out", b"y").await;
    finish(&store, &scope, &[&kept]).await;
    assert_eq!(store.read(&scope, "left out").await.unwrap(), None);
    assert_eq!(
        store.manifest(&scope).await.unwrap(),
        Some(manifest(&[&kept]))
    );
}

/// An equal one included.
pub async fn a_manifest_is_written_once(store: Store) {
    let scope = scope(1, 1);
    let entry = put(&store, &scope, "log", b"x").await;
    finish(&store, &scope, &[&entry]).await;
    for second in [manifest(&[&entry]), Manifest::default()] {
        refused(store.finish(&scope, &second).await, is_conflict);
    }
    assert_eq!(
        store.manifest(&scope).await.unwrap(),
        Some(manifest(&[&entry]))
    );
}

/// With artifacts or without.
pub async fn nothing_is_put_into_a_finished_scope(store: Store) {
    let (full, empty) = (scope(1, 1), scope(2, 1));
    let entry = put(&store, &full, "log", b"x").await;
    finish(&store, &full, &[&entry]).await;
    finish(&store, &empty, &[]).await;
    for scope in [&full, &empty] {
        let content = ArtifactContent::Bytes(b"y".to_vec());
        refused(store.put(scope, "log", content).await, is_conflict);
    }
    let read = store.read(&full, "log").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"x"[..]));
    assert_eq!(store.read(&empty, "log").await.unwrap(), None);
}

/// Something of the name, and exactly that.
pub async fn a_manifest_must_list_what_was_put(store: Store) {
    let scope = scope(1, 1);
    let entry = put(&store, &scope, "log", b"x").await;
    let absent = ArtifactEntry {
        name: "absent".to_owned(),
        ..entry.clone()
    };
    let larger = ArtifactEntry {
        size: 2,
        ..entry.clone()
    };
    let other = ArtifactEntry {
        digest: Digest256::of(b"y"),
        ..entry.clone()
    };
    refused(
        store.finish(&scope, &manifest(&[&entry, &absent])).await,
        is_not_found,
    );
    refused(
        store.finish(&scope, &manifest(&[&larger])).await,
        is_conflict,
    );
    refused(
        store.finish(&scope, &manifest(&[&other])).await,
        is_conflict,
    );
    assert_eq!(store.manifest(&scope).await.unwrap(), None);
    let nothing = self::scope(2, 1);
    refused(
        store.finish(&nothing, &manifest(&[&entry])).await,
        is_not_found,
    );
    finish(&store, &scope, &[&entry]).await;
}

/// Whatever order it was given in.
pub async fn a_manifest_lists_a_name_once_and_in_order(store: Store) {
    let scope = scope(1, 1);
    let a = put(&store, &scope, "a", b"1").await;
    let b = put(&store, &scope, "b", b"2").await;
    refused(
        store.finish(&scope, &manifest(&[&a, &b, &a])).await,
        is_backend,
    );
    finish(&store, &scope, &[&b, &a]).await;
    assert_eq!(
        store.manifest(&scope).await.unwrap(),
        Some(manifest(&[&a, &b]))
    );
}

/// A job that leaves nothing behind is finished too.
pub async fn an_empty_scope_can_be_finished(store: Store) {
    let scope = scope(1, 1);
    assert_eq!(store.manifest(&scope).await.unwrap(), None);
    finish(&store, &scope, &[]).await;
    assert_eq!(
        store.manifest(&scope).await.unwrap(),
        Some(Manifest::default())
    );
    refused(
        store.finish(&scope, &Manifest::default()).await,
        is_conflict,
    );
    assert_eq!(store.manifest(&self::scope(1, 2)).await.unwrap(), None);
}

/// In any disguise.
pub async fn names_that_could_leave_the_scope_are_refused(store: Store) {
    let scope = scope(1, 1);
    for name in [
        "",
        ".",
        "..",
        "../x",
        "a/../../x",
        "/etc/x",
        "a//b",
        "a/",
        "./a",
        ".git/config",
        "a/.GIT/x",
        "a\\..\\b",
        "a\0b",
        MANIFEST_NAME,
    ] {
        let content = ArtifactContent::Bytes(b"x".to_vec());
        refused(store.put(&scope, name, content).await, is_backend);
        let entry = ArtifactEntry {
            name: name.to_owned(),
            size: 1,
            digest: Digest256::of(b"x"),
        };
        refused(store.finish(&scope, &manifest(&[&entry])).await, is_backend);
    }
    assert_eq!(store.manifest(&scope).await.unwrap(), None);
}

/// Wherever artifacts become files.
pub async fn a_name_cannot_be_file_and_folder(store: Store) {
    let scope = scope(1, 1);
    put(&store, &scope, "a", b"x").await;
    put(&store, &scope, "b/c", b"x").await;
    for name in ["a/b", "b"] {
        let content = ArtifactContent::Bytes(b"y".to_vec());
        refused(store.put(&scope, name, content).await, is_backend);
    }
}

/// Also when it has two names.
pub async fn a_file_is_taken_with_its_content(store: Store) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let path = folder.path().join("log");
    std::fs::write(&path, &content).expect("a file can be written");
    let linked = folder.path().join("linked");
    std::fs::write(&linked, b"linked").expect("a file can be written");
    let other_name = folder.path().join("other name");
    std::fs::hard_link(&linked, &other_name).expect("a link can be made");
    let scope = scope(1, 1);
    let take = async |name: &str, path: &Path| {
        let content = ArtifactContent::File(path.to_owned());
        store.put(&scope, name, content).await.unwrap()
    };
    let log = take("a/log", &path).await;
    assert_eq!(log.digest, Digest256::of(&content));
    let linked = take("linked", &linked).await;
    std::fs::write(&other_name, b"changed afterwards").expect("a file can be written");
    finish(&store, &scope, &[&log, &linked]).await;
    let read = store.read(&scope, "a/log").await.unwrap();
    assert!(read == Some(content), "the content changed");
    let read = store.read(&scope, "linked").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"linked"[..]));
}

/// Neither links nor folders nor what is not there.
pub async fn what_is_no_regular_file_is_refused(store: Store) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), b"x").expect("a file can be written");
    #[cfg(unix)]
    std::os::unix::fs::symlink(path("file"), path("link")).expect("a link can be made");
    for name in ["link", ".", "absent"] {
        let content = ArtifactContent::File(path(name));
        refused(store.put(&scope(1, 1), "log", content).await, is_backend);
    }
    assert!(path("file").exists(), "what the link led to is gone");
}

/// Each part of a scope tells it apart.
pub async fn scopes_are_apart(store: Store) {
    let first = scope(1, 1);
    let scopes = [
        first.clone(),
        ArtifactScope {
            epoch: Epoch(2),
            ..first.clone()
        },
        ArtifactScope {
            suite: suite(2),
            ..first.clone()
        },
        ArtifactScope {
            commit: commit(2),
            ..first.clone()
        },
        ArtifactScope {
            repo: repo("other"),
            ..first
        },
    ];
    for (index, scope) in (0_u8..).zip(&scopes) {
        let entry = put(&store, scope, "log", &[index]).await;
        finish(&store, scope, &[&entry]).await;
    }
    for (index, scope) in (0_u8..).zip(&scopes) {
        let read = store.read(scope, "log").await.unwrap();
        assert_eq!(read, Some(vec![index]));
    }
    store.remove(&scopes[0]).await.unwrap();
    for scope in &scopes[1..] {
        assert!(store.read(scope, "log").await.unwrap().is_some());
    }
}

/// Finished, unfinished, empty, or never there.
pub async fn a_removed_scope_is_gone(store: Store) {
    let [finished, unfinished, empty, absent] = [1, 2, 3, 4].map(|number| scope(number, 1));
    let entry = put(&store, &finished, "a/log", b"x").await;
    finish(&store, &finished, &[&entry]).await;
    put(&store, &unfinished, "log", b"x").await;
    finish(&store, &empty, &[]).await;
    for scope in [&finished, &unfinished, &empty, &absent] {
        store.remove(scope).await.unwrap();
        store.remove(scope).await.unwrap();
        assert_eq!(store.manifest(scope).await.unwrap(), None);
        assert_eq!(store.read(scope, "log").await.unwrap(), None);
        refused(
            store.finish(scope, &manifest(&[&entry])).await,
            is_not_found,
        );
    }
    let again = put(&store, &finished, "a/log", b"again").await;
    finish(&store, &finished, &[&again]).await;
    let read = store.read(&finished, "a/log").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"again"[..]));
}

/// Empty or not.
pub async fn of_many_manifests_at_once_exactly_one_is_written(store: Store) {
    let full = scope(1, 1);
    let entry = put(&store, &full, "log", b"x").await;
    for (scope, manifest) in [
        (full, manifest(&[&entry])),
        (scope(2, 1), Manifest::default()),
    ] {
        let answers = at_once(6, |_| {
            let (store, scope) = (Arc::clone(&store), scope.clone());
            let manifest = manifest.clone();
            async move { store.finish(&scope, &manifest).await }
        })
        .await;
        exactly_one(&answers, is_conflict);
        assert_eq!(store.manifest(&scope).await.unwrap(), Some(manifest));
    }
}

/// `damage` changes the stored content.
pub async fn damaged_content_is_not_returned(store: Store, damage: impl Fn(&ArtifactScope, &str)) {
    let scope = scope(1, 1);
    let mut entries = Vec::new();
    for (name, content) in [("a/log", &b"content"[..]), ("empty", b""), ("whole", b"x")] {
        entries.push(put(&store, &scope, name, content).await);
    }
    store.finish(&scope, &Manifest { entries }).await.unwrap();
    for name in ["a/log", "empty"] {
        damage(&scope, name);
        let is_corrupt = |error: &StoreError| matches!(error, StoreError::Corrupt { .. });
        refused(store.read(&scope, name).await, is_corrupt);
    }
    let read = store.read(&scope, "whole").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"x"[..]));
}

/// What is wrong with one of them is the answer to that one.
pub async fn several_are_put_as_one_by_one(store: Store) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let scope = scope(1, 1);
    let bytes = |content: &str| ArtifactContent::Bytes(content.as_bytes().to_vec());
    let mut contents: Vec<_> = (0..100)
        .map(|number| (format!("f/{number}"), bytes(&number.to_string())))
        .collect();
    let absent = ArtifactContent::File(folder.path().join("absent"));
    contents.push(("absent".to_owned(), absent));
    contents.push(("../x".to_owned(), bytes("x")));
    contents.push(("f/7/below".to_owned(), bytes("x")));
    contents.push(("last".to_owned(), bytes("x")));
    let answers = store.put_many(&scope, contents).await.unwrap();
    assert_eq!(answers.len(), 104);
    let mut entries = Vec::new();
    for (index, answer) in answers.into_iter().enumerate() {
        match index {
            100..103 => refused(answer, is_backend),
            _ => entries.push(answer.unwrap()),
        }
    }
    assert_eq!(entries[7].name, "f/7");
    assert_eq!(entries[7].digest, Digest256::of(b"7"));
    assert_eq!(entries[100].name, "last");
    let manifest = Manifest { entries };
    store.finish(&scope, &manifest).await.unwrap();
    let read = store.read(&scope, "f/42").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"42"[..]));
    refused(
        store
            .put_many(&scope, vec![("new".to_owned(), bytes("x"))])
            .await,
        is_conflict,
    );
    assert!(store.put_many(&scope, Vec::new()).await.unwrap().is_empty());
}
