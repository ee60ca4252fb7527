//! Whose certificates are trusted.

use aws_smithy_types::base64;
use retro_store::StoreError;
use rustls::RootCertStore;
use rustls_native_certs::CertificateResult;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// The authorities that this machine trusts, in PEM: those of `SSL_CERT_FILE` and `SSL_CERT_DIR`,
/// else those of the system, else, where there are none, as in many images, those of Mozilla, which
/// are built in. [`AwsClients`](crate::AwsClients) trust them unless they are given others; a program
/// that fetches from elsewhere, too, hands them on. With what the SDK's standard chain finds, this
/// is the one thing that this crate reads from the environment.
///
/// # Errors
///
/// [`StoreError::Backend`] when a place is named, or there, and holds no certificate that can be read.
pub fn trusted_certificates() -> Result<Vec<u8>, StoreError> {
    choose(rustls_native_certs::load_native_certs())
}

fn choose(found: CertificateResult) -> Result<Vec<u8>, StoreError> {
    // Old stores have some that no longer count, which is no reason to trust none.
    let usable: Vec<_> = found.certs.iter().filter(|it| is_usable(it)).collect();
    if !usable.is_empty() {
        return Ok(pem(usable));
    }
    match found.errors.first() {
        None if found.certs.is_empty() => Ok(pem(webpki_root_certs::TLS_SERVER_ROOT_CERTS)),
        None => Err(unread("none of them can be used")),
        Some(error) => Err(unread(&format!(
            "{error}; SSL_CERT_FILE names a file of them, in PEM"
        ))),
    }
}

/// Refuses certificates that no connection could be made with.
pub(crate) fn check(pem: &[u8]) -> Result<(), StoreError> {
    let mut some = false;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| unread(&error.to_string()))?;
        if !is_usable(&certificate) {
            return Err(unread("one of them is no certificate of an authority"));
        }
        some = true;
    }
    match some {
        true => Ok(()),
        false => Err(unread("no certificate in PEM form is among them")),
    }
}

fn is_usable(certificate: &CertificateDer<'_>) -> bool {
    let mut store = RootCertStore::empty();
    store.add(certificate.clone().into_owned()).is_ok()
}

fn unread(why: &str) -> StoreError {
    StoreError::backend("reading the certificates to trust", why)
}

fn pem<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> Vec<u8> {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = base64::encode(certificate);
        while !rest.is_empty() {
            let after = rest.split_off(rest.len().min(64));
            text.push_str(&rest);
            text.push('\n');
            rest = after;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(certs: Vec<CertificateDer<'static>>) -> CertificateResult {
        let mut found = CertificateResult::default();
        found.certs = certs;
        found
    }

    fn count(pem: &[u8]) -> usize {
        check(pem).unwrap();
        CertificateDer::pem_slice_iter(pem).count()
    }

    #[test]
    fn where_there_are_none_those_of_mozilla_are_trusted() {
        let all = choose(found(Vec::new())).unwrap();
        assert_eq!(count(&all), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
    }

    #[test]
    fn where_there_are_some_only_those_are_trusted_that_can_be_used() {
        let good = webpki_root_certs::TLS_SERVER_ROOT_CERTS[0].clone();
        let bad = CertificateDer::from(vec![1, 2, 3]);
        let some = choose(found(vec![bad.clone(), good])).unwrap();
        assert_eq!(count(&some), 1);
        let error = choose(found(vec![bad])).unwrap_err();
        assert!(error.to_string().contains("can be used"), "{error}");
    }

    #[test]
    fn what_is_given_is_looked_at_before_a_connection_needs_it() {
        let check = |pem: &str, expected: &str| {
            let error = check(pem.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check("", "no certificate");
        check("nonsense", "no certificate");
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        check(&format!("{begin}\n!!\n{end}\n"), "certificates");
        check(&format!("{begin}\nAQID\n{end}\n"), "of an authority");
    }
}
