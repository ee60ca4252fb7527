//! Safe connections.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use retro_forge::contract::block_on;
use retro_forge::forgejo::Forgejo;
use retro_forge::{
    ForgeAccess, ForgeError, ForgeKind, ForgeRepository, ForgeToken, Opened, PullRequests,
};
use retro_testing::{Connection, ForgeServer};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{TOKEN, Waiting, spec, world};

/// A server with a certificate that it made itself; the certificate in PEM.
fn server() -> (ForgeServer, String) {
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
    let server = ForgeServer::forgejo_wrapped(world(), move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config));
        let connection = connection.map_err(std::io::Error::other)?;
        let wrapped: Box<dyn Connection> = Box::new(StreamOwned::new(connection, stream));
        Ok(wrapped)
    });
    (server, cert.pem())
}

fn open(server: &ForgeServer, certificates: Option<String>) -> Result<Opened, ForgeError> {
    let remote = server.remote().replace("http://", "https://");
    let repository = ForgeRepository::from_remote(ForgeKind::Forgejo, &remote)?;
    let token = ForgeToken::new(TOKEN);
    let mut access = ForgeAccess::new(repository, token, Arc::new(Waiting::default()));
    access.certificates = certificates.map(String::into_bytes);
    let forge = Forgejo::new(access)?;
    block_on(forge.open(&spec()))
}

#[test]
fn only_certificates_that_somebody_vouches_for_are_accepted() {
    let (server, pem) = server();
    let (_other, other_pem) = self::server();
    for certificates in [None, Some(other_pem)] {
        let error = open(&server, certificates).unwrap_err();
        assert!(matches!(error, ForgeError::Unsafe { .. }), "{error}");
        assert!(!error.is_retryable());
    }
    assert_eq!(server.requests(), []);
    open(&server, Some(pem)).unwrap();
    for nonsense in ["", "nonsense"] {
        let error = open(&server, Some(nonsense.to_owned())).unwrap_err();
        assert!(matches!(error, ForgeError::Invalid { .. }), "{error}");
    }
}
