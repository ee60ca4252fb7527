//! Checks of secrets. The store holds the secrets of [`SECRETS`].

use std::sync::Arc;

use super::{is_backend, is_not_found, refused};
use crate::Secrets;

type Store = Arc<dyn Secrets>;

/// What a store under test holds: names and values.
pub const SECRETS: [(&str, &str); 2] = [
    ("retro/plain", "sesame-open"),
    (
        "retro/object",
        r#"{"token":"sesame-shut","port":7,"empty":""}"#,
    ),
];

/// Whole.
pub async fn a_secret_is_read(store: Store) {
    for (name, value) in SECRETS {
        assert_eq!(store.read(name, None).await.unwrap().expose(), value);
    }
}

/// Also an empty one.
pub async fn a_key_of_a_secret_is_read(store: Store) {
    let read = async |key| store.read("retro/object", Some(key)).await.unwrap();
    assert_eq!(read("token").await.expose(), "sesame-shut");
    assert_eq!(read("empty").await.expose(), "");
}

/// A key, or the secret itself.
pub async fn what_is_not_there_is_not_found(store: Store) {
    refused(store.read("retro/absent", None).await, is_not_found);
    refused(
        store.read("retro/absent", Some("token")).await,
        is_not_found,
    );
    refused(
        store.read("retro/object", Some("absent")).await,
        is_not_found,
    );
    refused(store.read("retro/object", Some("port")).await, is_not_found);
    refused(store.read("retro/plain", Some("token")).await, is_backend);
}

/// In no form and in no error.
pub async fn a_secret_never_shows(store: Store) {
    let secret = store.read("retro/plain", None).await.unwrap();
    assert!(!format!("{secret:?}").contains("sesame"));
    for (name, key) in [
        ("retro/plain", "token"),
        ("retro/object", "absent"),
        ("retro/object", "port"),
    ] {
        let error = store.read(name, Some(key)).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("sesame"), "{text}");
    }
}
