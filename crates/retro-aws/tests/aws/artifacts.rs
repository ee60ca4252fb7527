//! What S3 alone makes of artifacts.

use retro_aws::{S3ArtifactStore, UploadLimits, artifact_prefix};
use retro_store::contract::block_on;
use retro_store::contract::samples::scope;
use retro_store::{ArtifactContent, ArtifactEntry, ArtifactScope, ArtifactStore, Manifest};

use crate::support::{Bucket, raw_s3, writer};

/// Changes stored content behind the store's back.
pub(crate) fn damage(bucket: &Bucket, scope: &ArtifactScope, name: &str) {
    let key = format!("pre/fix/{}{name}", artifact_prefix(scope));
    let (endpoint, bucket) = (bucket.endpoint.clone(), bucket.name.clone());
    // The caller is within a runtime.
    std::thread::spawn(move || {
        block_on(async {
            let client = raw_s3(&endpoint);
            let put = client.put_object().bucket(bucket).key(key);
            put.body(b"damaged".to_vec().into()).send().await.unwrap();
        });
    })
    .join()
    .unwrap();
}

#[test]
fn artifacts_are_where_people_look_for_them() {
    let scope = scope(1, 7);
    let suite = scope.suite.0.to_string();
    assert_eq!(
        artifact_prefix(&scope),
        format!("some/group/tool/{}/{}/7/", scope.commit, &suite[..12])
    );
}

/// More files than go at once, and more keys than a page of a listing has.
#[test]
fn many_files_are_stored_at_once_and_removed_page_by_page() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let store = bucket.artifacts();
        let scope = scope(1, 1);
        let folder = tempfile::tempdir().unwrap();
        let mut contents = Vec::new();
        for number in 0..1100 {
            let path = folder.path().join(format!("{number}"));
            std::fs::write(&path, format!("content {number}")).unwrap();
            contents.push((format!("f/{number:04}"), ArtifactContent::File(path)));
        }
        contents.push((
            "absent".to_owned(),
            ArtifactContent::File(folder.path().join("absent")),
        ));
        let answers = store.put_many(&scope, contents).await.unwrap();
        assert_eq!(answers.len(), 1101);
        assert!(answers[1100].is_err());
        let entries: Vec<ArtifactEntry> = answers.into_iter().flatten().collect();
        assert!(
            entries.is_sorted_by(|a, b| a.name < b.name),
            "in the order given"
        );
        let manifest = Manifest { entries };
        store.finish(&scope, &manifest).await.unwrap();
        let read = store.read(&scope, "f/0777").await.unwrap();
        assert_eq!(read.as_deref(), Some(&b"content 777"[..]));
        store.remove(&scope).await.unwrap();
        let left = raw_s3(&bucket.endpoint)
            .list_objects_v2()
            .bucket(&bucket.name)
            .send()
            .await
            .unwrap();
        assert_eq!(left.key_count(), Some(0));
    });
}

#[test]
fn another_process_finishes_what_this_one_put() {
    block_on(async {
        for bucket in [Bucket::on_moto().await, Bucket::on_s3s().await] {
            let (first, second) = (bucket.artifacts(), bucket.artifacts());
            let scope = scope(1, 1);
            let mut entries = Vec::new();
            let large: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
            for (name, content) in [("large", large), ("small", b"x".to_vec())] {
                let content = ArtifactContent::Bytes(content);
                entries.push(first.put(&scope, name, content).await.unwrap());
            }
            let manifest = Manifest { entries };
            second.finish(&scope, &manifest).await.unwrap();
            assert_eq!(first.manifest(&scope).await.unwrap(), Some(manifest));
        }
    });
}

#[test]
fn a_key_that_s3_does_not_take_is_refused_at_once() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let name = format!("{}x", "long/".repeat(160));
        let prefix = "prefix/".repeat(30);
        let limits = UploadLimits::default();
        let store = S3ArtifactStore::new(&bucket.clients, &bucket.name, &prefix, limits, writer());
        let content = ArtifactContent::Bytes(Vec::new());
        let error = store.put(&scope(1, 1), &name, content).await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("1024"), "{text}");
    });
}

/// Else the checksums that the store sends would prove nothing here.
#[test]
fn the_stricter_server_refuses_content_that_does_not_match_its_checksum() {
    block_on(async {
        let bucket = Bucket::on_s3s().await;
        let other = retro_domain::Digest256::of(b"other");
        let put = raw_s3(&bucket.endpoint)
            .put_object()
            .bucket(&bucket.name)
            .key("x")
            .checksum_sha256(aws_smithy_types::base64::encode(other.as_bytes()))
            .body(b"content".to_vec().into());
        let error = put.send().await.unwrap_err();
        assert!(error.as_service_error().is_some(), "{error:?}");
    });
}
