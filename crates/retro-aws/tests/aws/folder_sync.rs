//! A folder and its prefix.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use retro_aws::{FolderSync, Removal, SyncReport, UploadLimits};
use retro_store::StoreError;
use retro_store::contract::block_on;
use retro_testing::{Fault, FaultProxy, Request};

use crate::support::{Bucket, clients, raw_s3, writer};

async fn sync(bucket: &Bucket, endpoint: &str) -> FolderSync {
    let clients = clients(endpoint).await;
    FolderSync::new(
        &clients,
        &bucket.name,
        "site",
        UploadLimits::default(),
        writer(),
    )
}

/// What is in the bucket, but for the list of files.
async fn stored(bucket: &Bucket) -> BTreeMap<String, String> {
    let client = raw_s3(&bucket.endpoint);
    let listed = client
        .list_objects_v2()
        .bucket(&bucket.name)
        .send()
        .await
        .unwrap();
    let mut all = BTreeMap::new();
    for object in listed.contents() {
        let key = object.key().unwrap();
        let got = client
            .get_object()
            .bucket(&bucket.name)
            .key(key)
            .send()
            .await
            .unwrap();
        let content = got.body.collect().await.unwrap().to_vec();
        if !key.ends_with(".retro-sync.json") {
            all.insert(key.to_owned(), String::from_utf8(content).unwrap());
        }
    }
    all
}

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn expected(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, content): &(&str, &str)| (format!("site/{name}"), (*content).to_owned());
    files.iter().map(owned).collect()
}

#[test]
fn a_prefix_becomes_like_the_folder() {
    block_on(async {
        for bucket in [Bucket::on_moto().await, Bucket::on_s3s().await] {
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path();
            let sync = sync(&bucket, &bucket.endpoint).await;
            write(folder, "index.html", "one");
            write(folder, "a/b.css", "two");
            write(folder, "a/c é.js", "three");
            #[cfg(unix)]
            std::os::unix::fs::symlink("index.html", folder.join("link")).unwrap();
            let first = sync.run(folder, Removal::Keep).await.unwrap();
            assert_eq!((first.uploaded, first.bytes), (3, 11));
            assert_eq!(first.left_out, [folder.join("link")]);
            let all = [
                ("index.html", "one"),
                ("a/b.css", "two"),
                ("a/c é.js", "three"),
            ];
            assert_eq!(stored(&bucket).await, expected(&all));

            write(folder, "a/b.css", "six");
            write(folder, "new", "new");
            fs::remove_file(folder.join("a/c é.js")).unwrap();
            let second = sync.run(folder, Removal::Keep).await.unwrap();
            assert_eq!(
                (second.uploaded, second.unchanged, second.removed),
                (2, 1, 0)
            );
            let third = sync.run(folder, Removal::Delete).await.unwrap();
            assert_eq!((third.uploaded, third.unchanged, third.removed), (0, 3, 1));
            let all = [("index.html", "one"), ("a/b.css", "six"), ("new", "new")];
            assert_eq!(stored(&bucket).await, expected(&all));
        }
    });
}

/// A file with another time and the same content is not sent again.
#[test]
fn a_file_that_was_only_touched_is_unchanged() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let folder = tempfile::tempdir().unwrap();
        let sync = sync(&bucket, &bucket.endpoint).await;
        write(folder.path(), "a", "x");
        sync.run(folder.path(), Removal::Keep).await.unwrap();
        let file = fs::File::options()
            .write(true)
            .open(folder.path().join("a"))
            .unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        let again = sync.run(folder.path(), Removal::Keep).await.unwrap();
        assert_eq!((again.uploaded, again.unchanged), (0, 1));
    });
}

#[test]
fn without_a_list_what_is_there_is_found_by_looking() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let client = raw_s3(&bucket.endpoint);
        for key in ["site/old", "site/kept", "elsewhere"] {
            let put = client.put_object().bucket(&bucket.name).key(key);
            put.body(b"?".to_vec().into()).send().await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "kept", "x");
        let sync = sync(&bucket, &bucket.endpoint).await;
        let report = sync.run(folder.path(), Removal::Delete).await.unwrap();
        assert_eq!((report.uploaded, report.removed), (1, 1));
        let mut all = expected(&[("kept", "x")]);
        all.insert("elsewhere".to_owned(), "?".to_owned());
        assert_eq!(stored(&bucket).await, all);
    });
}

#[test]
fn five_thousand_unchanged_files_cost_one_read() {
    block_on(async {
        let bucket = Bucket::on_s3s().await;
        let folder = tempfile::tempdir().unwrap();
        for number in 0..5_000 {
            write(folder.path(), &format!("{}/{number}", number % 50), "x");
        }
        let first = sync(&bucket, &bucket.endpoint).await;
        assert_eq!(
            first
                .run(folder.path(), Removal::Delete)
                .await
                .unwrap()
                .uploaded,
            5_000
        );
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let address = bucket.endpoint.trim_start_matches("http://").to_owned();
        let proxy = FaultProxy::start(&address, move |_: &Request| {
            counted.fetch_add(1, Ordering::SeqCst);
            Fault::None
        });
        let second = sync(&bucket, &proxy.endpoint()).await;
        let report = second.run(folder.path(), Removal::Delete).await.unwrap();
        let unchanged = SyncReport {
            unchanged: 5_000,
            ..SyncReport::default()
        };
        assert_eq!(report, unchanged);
        assert_eq!(requests.load(Ordering::SeqCst), 1);
    });
}

/// The local file goes back to what it was, so that only the list can tell.
#[test]
fn a_synchronisation_that_was_cut_short_is_made_good() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let sync = sync(&bucket, &bucket.endpoint).await;
        write(folder, "a", "old");
        write(folder, "gone", "x");
        let before = fs::metadata(folder.join("a")).unwrap().modified().unwrap();
        sync.run(folder, Removal::Delete).await.unwrap();

        // Everything arrives but the list at the end.
        let lists = AtomicUsize::new(0);
        let address = bucket.endpoint.trim_start_matches("http://").to_owned();
        let proxy = FaultProxy::start(&address, move |request: &Request| {
            let is_list = request.method == "PUT" && request.path.contains(".retro-sync.json");
            if is_list && lists.fetch_add(1, Ordering::SeqCst) > 0 {
                return Fault::DropBefore;
            }
            Fault::None
        });
        write(folder, "a", "new");
        fs::remove_file(folder.join("gone")).unwrap();
        let broken = self::sync(&bucket, &proxy.endpoint()).await;
        let error = broken.run(folder, Removal::Delete).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");

        write(folder, "a", "old");
        let file = fs::File::options()
            .write(true)
            .open(folder.join("a"))
            .unwrap();
        file.set_modified(before).unwrap();
        let report = sync.run(folder, Removal::Delete).await.unwrap();
        assert_eq!((report.uploaded, report.removed), (1, 1));
        assert_eq!(stored(&bucket).await, expected(&[("a", "old")]));
    });
}

#[test]
fn of_two_synchronisations_at_once_one_is_told() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", "x");
        let address = bucket.endpoint.trim_start_matches("http://").to_owned();
        let other = sync(&bucket, &bucket.endpoint).await;
        let (other, path) = (Arc::new(other), folder.path().to_owned());
        // In the middle of the first one, the second one runs from end to end.
        let proxy = FaultProxy::start(&address, move |request: &Request| {
            if request.method == "PUT" && request.path.contains("/site/a") {
                block_on(other.run(&path, Removal::Keep)).unwrap();
            }
            Fault::None
        });
        let first = sync(&bucket, &proxy.endpoint()).await;
        let error = first.run(folder.path(), Removal::Keep).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    });
}
