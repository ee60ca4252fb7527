//! What AWS refuses to a role that may list some prefixes only, and stand-ins do not.

use retro_aws::S3Objects;
use retro_store::StoreError;
use retro_store::contract::block_on;
use retro_testing::{Fault, FaultProxy, Request};

use crate::support::{Bucket, clients, writer};

/// Refuses every look at an object, as AWS does when it is not there; a listing is answered.
fn refusing(
    endpoint: &str,
    also: impl Fn(&Request) -> Fault + Send + Sync + 'static,
) -> FaultProxy {
    let address = endpoint.trim_start_matches("http://").to_owned();
    FaultProxy::start(&address, move |request: &Request| {
        let looks = ["GET", "HEAD"].contains(&request.method.as_str());
        if looks && !request.path.contains("list-type") {
            let body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
            let body = if request.method == "HEAD" { "" } else { body };
            return Fault::Answer(403, "application/xml".to_owned(), body.to_owned());
        }
        also(request)
    })
}

async fn objects(bucket: &Bucket, endpoint: &str) -> S3Objects {
    S3Objects::new(&clients(endpoint).await, &bucket.name, "pre", writer())
}

#[test]
fn a_look_at_what_is_not_there_finds_nothing_and_one_at_what_is_there_is_refused() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let direct = objects(&bucket, &bucket.endpoint).await;
        direct.put("there", b"x".to_vec()).await.unwrap();
        let proxy = refusing(&bucket.endpoint, |_| Fault::None);
        let refused = objects(&bucket, &proxy.endpoint()).await;
        assert_eq!(refused.get("nowhere", 10).await.unwrap(), None);
        // A name that others begin with is none.
        assert_eq!(refused.get("the", 10).await.unwrap(), None);
        let error = refused.get("there", 10).await.unwrap_err();
        assert!(error.to_string().contains("AccessDenied"), "{error}");
    });
}

#[test]
fn a_write_that_nobody_answers_is_not_called_a_lack_of_permission() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let proxy = refusing(&bucket.endpoint, |request| match request.method.as_str() {
            "PUT" => Fault::s3_slow_down(),
            _ => Fault::None,
        });
        let refused = objects(&bucket, &proxy.endpoint()).await;
        let error = refused.put_new("new", b"x".to_vec()).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    });
}
