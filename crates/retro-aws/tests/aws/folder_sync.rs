//! A folder and its prefix.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use retro_aws::{S3FolderSync, UploadLimits};
use retro_store::contract::block_on;
use retro_store::contract::folder_sync::Placed;
use retro_store::{FileHeaders, FolderSync, StoreError, SyncOutcome, SyncReport, SyncRequest};
use retro_testing::{Fault, FaultProxy, Request};

use crate::support::{Bucket, clients, raw_s3, small_parts, writer};

/// On a prefix of the bucket, so that places are below one.
async fn sync(bucket: &Bucket, endpoint: &str, limits: UploadLimits) -> S3FolderSync {
    let clients = clients(endpoint).await;
    S3FolderSync::new(&clients, &bucket.name, "pre/fix", limits, writer())
}

/// What is in the bucket below a place, but for the manifest.
async fn look(bucket: &Bucket, place: &str) -> Placed {
    let client = raw_s3(&bucket.endpoint);
    let prefix = format!("pre/fix/{place}/");
    let mut all = Placed::new();
    let mut next = None;
    loop {
        let list = client.list_objects_v2().bucket(&bucket.name);
        let list = list.prefix(&prefix).set_continuation_token(next);
        let listed = list.send().await.unwrap();
        let mut reading = tokio::task::JoinSet::new();
        for object in listed.contents() {
            let key = object.key().unwrap().to_owned();
            let get = client.get_object().bucket(&bucket.name).key(&key);
            reading.spawn(async move {
                let got = get.send().await.unwrap();
                let headers = FileHeaders {
                    content_type: got.content_type().unwrap_or_default().to_owned(),
                    cache_control: got.cache_control().map(str::to_owned),
                };
                (key, (got.body.collect().await.unwrap().to_vec(), headers))
            });
        }
        while let Some(read) = reading.join_next().await {
            let (key, found) = read.unwrap();
            let name = key.strip_prefix(&prefix).unwrap();
            if name != ".retro-sync.json" {
                all.insert(name.to_owned(), found);
            }
        }
        next = listed.next_continuation_token().map(str::to_owned);
        if next.is_none() {
            return all;
        }
    }
}

async fn stored(bucket: &Bucket) -> BTreeMap<String, String> {
    let text = |content| String::from_utf8(content).unwrap();
    let placed = look(bucket, "site").await.into_iter();
    placed
        .map(|(name, (content, _))| (name, text(content)))
        .collect()
}

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn expected(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, content): &(&str, &str)| ((*name).to_owned(), (*content).to_owned());
    files.iter().map(owned).collect()
}

fn request(folder: &Path, delete: bool) -> SyncRequest {
    SyncRequest {
        root: folder.to_owned(),
        output: String::new(),
        place: "site".to_owned(),
        delete,
        content_types: Vec::new(),
        cache_headers: Vec::new(),
    }
}

async fn run(sync: &S3FolderSync, folder: &Path, delete: bool) -> Result<SyncReport, StoreError> {
    match sync.sync(&request(folder, delete)).await? {
        SyncOutcome::Synced(report) => Ok(report),
        SyncOutcome::NoFolder => panic!("there is a folder"),
    }
}

/// The same through a proxy.
fn address(bucket: &Bucket) -> String {
    bucket.endpoint.trim_start_matches("http://").to_owned()
}

mod contract {
    use super::*;

    async fn on(bucket: Bucket) -> (Arc<dyn FolderSync>, Bucket) {
        let sync = sync(&bucket, &bucket.endpoint, UploadLimits::default()).await;
        (Arc::new(sync), bucket)
    }

    mod moto {
        use super::*;

        retro_store::folder_sync_contract!(async || on(Bucket::on_moto().await).await, look);
    }

    mod s3s {
        use super::*;

        retro_store::folder_sync_contract!(async || on(Bucket::on_s3s().await).await, look);
    }
}

#[test]
fn a_file_in_parts_has_its_headers_too() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "large.wasm", &"x".repeat(11 << 20));
        let sync = sync(&bucket, &bucket.endpoint, small_parts()).await;
        run(&sync, folder.path(), false).await.unwrap();
        let placed = look(&bucket, "site").await;
        let (content, headers) = &placed["large.wasm"];
        assert_eq!(
            (content.len(), headers.content_type.as_str()),
            (11 << 20, "application/wasm")
        );
    });
}

#[test]
fn without_a_list_what_is_there_is_found_by_looking() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let client = raw_s3(&bucket.endpoint);
        for key in ["pre/fix/site/old", "pre/fix/site/kept", "elsewhere"] {
            let put = client.put_object().bucket(&bucket.name).key(key);
            put.body(b"?".to_vec().into()).send().await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "kept", "x");
        let sync = sync(&bucket, &bucket.endpoint, UploadLimits::default()).await;
        let report = run(&sync, folder.path(), true).await.unwrap();
        assert_eq!((report.uploaded, report.deleted), (1, 1));
        assert_eq!(stored(&bucket).await, expected(&[("kept", "x")]));
        let elsewhere = client.head_object().bucket(&bucket.name).key("elsewhere");
        elsewhere.send().await.unwrap();
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
        let first = sync(&bucket, &bucket.endpoint, UploadLimits::default()).await;
        let report = run(&first, folder.path(), true).await.unwrap();
        assert_eq!(report.uploaded, 5_000);
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let address = address(&bucket);
        let proxy = FaultProxy::start(&address, move |_: &Request| {
            counted.fetch_add(1, Ordering::SeqCst);
            Fault::None
        });
        let second = sync(&bucket, &proxy.endpoint(), UploadLimits::default()).await;
        let report = run(&second, folder.path(), true).await.unwrap();
        let unchanged = SyncReport {
            skipped: 5_000,
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
        let sync = sync(&bucket, &bucket.endpoint, UploadLimits::default()).await;
        write(folder, "a", "old");
        write(folder, "gone", "x");
        let before = fs::metadata(folder.join("a")).unwrap().modified().unwrap();
        run(&sync, folder, true).await.unwrap();

        // Everything arrives but the list at the end.
        let lists = AtomicUsize::new(0);
        let address = address(&bucket);
        let proxy = FaultProxy::start(&address, move |request: &Request| {
            let is_list = request.method == "PUT" && request.path.contains(".retro-sync.json");
            if is_list && lists.fetch_add(1, Ordering::SeqCst) > 0 {
                return Fault::DropBefore;
            }
            Fault::None
        });
        write(folder, "a", "new");
        fs::remove_file(folder.join("gone")).unwrap();
        let broken = self::sync(&bucket, &proxy.endpoint(), UploadLimits::default()).await;
        let error = run(&broken, folder, true).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");

        write(folder, "a", "old");
        let file = fs::File::options()
            .write(true)
            .open(folder.join("a"))
            .unwrap();
        file.set_modified(before).unwrap();
        let report = run(&sync, folder, true).await.unwrap();
        assert_eq!((report.uploaded, report.deleted), (1, 1));
        assert_eq!(stored(&bucket).await, expected(&[("a", "old")]));
    });
}

#[test]
fn of_two_synchronisations_at_once_one_is_told() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", "x");
        let address = address(&bucket);
        let other = sync(&bucket, &bucket.endpoint, UploadLimits::default()).await;
        let (other, path) = (Arc::new(other), folder.path().to_owned());
        // In the middle of the first one, the second one runs from end to end.
        let proxy = FaultProxy::start(&address, move |request: &Request| {
            if request.method == "PUT" && request.path.contains("/site/a") {
                block_on(run(&other, &path, false)).unwrap();
            }
            Fault::None
        });
        let first = sync(&bucket, &proxy.endpoint(), UploadLimits::default()).await;
        let error = run(&first, folder.path(), false).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    });
}
