//! Whose certificates are trusted, for git and for AWS alike, on the real binary.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use retro_testing::{Connection, GitServer, Reaction, ScratchRepo};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server with a certificate that it made itself, and that certificate in PEM. It is both the git
/// server and an AWS that allows nothing.
fn server(repo: &ScratchRepo) -> (GitServer, String) {
    let made = generate_simple_self_signed(["127.0.0.1".to_owned()]);
    let CertifiedKey { cert, signing_key } = made.expect("a certificate can be made");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("there are versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("the certificate is whole");
    let config = Arc::new(config);
    let wrap = move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config));
        let connection = connection.map_err(std::io::Error::other)?;
        let wrapped: Box<dyn Connection> = Box::new(StreamOwned::new(connection, stream));
        Ok(wrapped)
    };
    let server = GitServer::wrapped(repo.outside(), wrap, |request| {
        match request.header("x-amz-target") {
            None => Reaction::Serve,
            Some(_) => {
                let kind = ("x-amzn-errortype", "AccessDeniedException");
                Reaction::Answer(400, vec![(kind.0.to_owned(), kind.1.to_owned())])
            }
        }
    });
    (server, cert.pem())
}

/// Runs the job of a commit that says itself what is run, so that it is fetched before it is claimed.
#[expect(clippy::disallowed_methods, reason = "the real binary is started")]
fn commit_job(repo: &ScratchRepo, server: &GitServer, certificates: Option<&Path>) -> Output {
    let address = server.url("").replace("http://", "https://");
    let mut command = Command::new(env!("CARGO_BIN_EXE_retro-runner"));
    command
        .arg("commit-job")
        .env_clear()
        .env("REPO_URL", format!("{address}repo"))
        .env("REPO_OWNER", "octo")
        .env("REPO_NAME", "repo")
        .env("COMMIT_HASH_TO_PROCESS", repo.head().to_string())
        .env("DYNAMODB_TABLE_NAME", "jobs")
        .env("S3_BUCKET_NAME", "logs")
        .env("AWS_ENDPOINT_URL", address)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any");
    if let Some(file) = certificates {
        command.env("SSL_CERT_FILE", file);
    }
    command.output().expect("the runner starts")
}

#[test]
fn a_file_of_certificates_is_trusted_for_git_and_for_aws_and_the_machines_own_are_without_one() {
    let repo = ScratchRepo::named("repo");
    let suite = "[[suites]]\nname = \"all\"\nrun = [\"true\"]\n";
    repo.commit_files(&[("retro.toml", suite)], "what to run");
    let (server, pem) = server(&repo);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("authorities.pem");
    std::fs::write(&file, pem).expect("a file can be written");
    let check = |certificates: Option<&Path>, expected: &[&str]| {
        let output = commit_job(&repo, &server, certificates);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{said}");
        for words in expected {
            assert!(said.contains(words), "{words}: {said}");
        }
    };
    check(Some(&file), &["\"fetched\"", "AccessDeniedException"]);
    check(None, &["no safe connection"]);
    let absent = folder.path().join("absent.pem");
    check(Some(&absent), &["absent.pem", "SSL_CERT_FILE"]);
}
