//! Safe connections.

use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use retro_git::{FetchWay, GitError};
use retro_testing::{GitServer, Reaction, ServedRequest};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Scene, remote};

/// A server with a certificate that it made itself; the certificate in PEM.
fn server(folder: &Path, react: Reaction) -> (GitServer, String) {
    server_reacting(folder, move |_| react.clone())
}

/// A server as above that is asked about each request.
pub(crate) fn server_reacting(
    folder: &Path,
    react: impl Fn(&ServedRequest) -> Reaction + Send + Sync + 'static,
) -> (GitServer, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let wrap = move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config));
        let connection = connection.map_err(std::io::Error::other)?;
        let wrapped: Box<dyn retro_testing::Connection> =
            Box::new(StreamOwned::new(connection, stream));
        Ok(wrapped)
    };
    let server = GitServer::wrapped(folder, wrap, react);
    (server, cert.pem())
}

fn url(server: &GitServer) -> String {
    server.url("repo").replace("http://", "https://")
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_at_once() {
    let scene = Scene::with_commits(3);
    let (server, _) = server(scene.repo.outside(), Reaction::Serve);
    let (done, notes) = scene.fetch(&remote(&url(&server)), &scene.repo.rev("main"));
    let error = done.unwrap_err();
    assert!(matches!(error, GitError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("no safe connection"), "{error}");
    assert!(notes.is_empty() && server.requests().is_empty());
}

#[test]
fn a_certificate_that_the_caller_vouches_for_is_accepted() {
    let scene = Scene::with_commits(20);
    scene.allow_any_commit(true);
    let (server, pem) = server(scene.repo.outside(), Reaction::Serve);
    let commit = scene.repo.rev("main~9");
    let remote = remote(&url(&server)).with_certificates(pem);
    assert_eq!(
        scene.fetch(&remote, &commit).0.unwrap().way,
        FetchWay::ByHash
    );
    scene.check_out(&commit);
    assert_eq!(scene.fetched_commits(), 1);
}

#[test]
fn a_certificate_of_somebody_else_is_no_help() {
    let scene = Scene::with_commits(3);
    let (_, other) = server(scene.repo.outside(), Reaction::Serve);
    let (server, _) = server(scene.repo.outside(), Reaction::Serve);
    let commit = scene.repo.rev("main");
    let check = |pem: &str, expected: &str| {
        let remote = remote(&url(&server)).with_certificates(pem);
        let error = scene.fetch(&remote, &commit).0.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(&other, "no safe connection");
    check("", "no certificate in the PEM");
    check("nonsense", "no certificate in the PEM");
}

#[test]
fn a_redirect_from_https_to_http_is_not_followed() {
    let scene = Scene::with_commits(3);
    let plain = GitServer::start(scene.repo.outside());
    let to = format!("{}/info/refs?service=git-upload-pack", plain.url("repo"));
    let (server, pem) = server(scene.repo.outside(), Reaction::redirect(301, &to));
    let remote = remote(&url(&server)).with_certificates(pem);
    let error = scene.fetch(&remote, &scene.repo.rev("main")).0.unwrap_err();
    assert!(error.to_string().contains("from https to http"), "{error}");
    assert!(plain.requests().is_empty());
}
