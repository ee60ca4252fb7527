//! Names of contents: whether a file holds what it should.

use std::io::{self, Read};

use git2::Oid;
use sha1::{Digest as _, Sha1};

/// The name git gives to a blob with this content.
pub(crate) fn blob_id(content: &[u8]) -> Oid {
    let mut hasher = blob_hasher(content.len() as u64);
    hasher.update(content);
    finish(hasher)
}

/// The name git gives to a blob of what is read, which the caller believes to be `size` bytes long;
/// `None` when it is not.
pub(crate) fn blob_id_of(mut file: impl Read, size: u64) -> io::Result<Option<Oid>> {
    let mut hasher = blob_hasher(size);
    let mut buffer = vec![0; 64 * 1024];
    let mut seen = 0_u64;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        seen += count as u64;
        hasher.update(&buffer[..count]);
    }
    Ok((seen == size).then(|| finish(hasher)))
}

/// The SHA-1 digest of plain bytes.
pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

fn blob_hasher(size: u64) -> Sha1 {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {size}\0"));
    hasher
}

fn finish(hasher: Sha1) -> Oid {
    Oid::from_bytes(&hasher.finalize()).expect("a SHA-1 digest is an object id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_have_the_names_git_gives_them() {
        let expected = "ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(blob_id(b"hello\n").to_string(), expected);
        let read = blob_id_of(&b"hello\n"[..], 6).unwrap();
        assert_eq!(read.unwrap().to_string(), expected);
        assert_eq!(blob_id_of(&b"hello\n"[..], 7).unwrap(), None);
    }
}
