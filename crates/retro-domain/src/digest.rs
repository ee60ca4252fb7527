//! SHA-256 digests over unambiguous input, for fingerprints that must never change meaning.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. Displays as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest256([u8; 32]);

impl Digest256 {
    /// Wraps raw digest bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw digest bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of plain bytes, as `sha256sum` prints it.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Digest256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text was not 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest (64 hexadecimal digits): {0:?}")]
pub struct DigestParseError(String);

impl FromStr for Digest256 {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0_u8; 32];
        decode_hex(text, &mut bytes)
            .filter(|&len| len == 32)
            .map(|_| Self(bytes))
            .ok_or_else(|| DigestParseError(text.to_owned()))
    }
}

/// Decodes hexadecimal `text` into the front of `out`; the number of bytes written, or `None` when
/// the text is not hexadecimal, odd in length, or too long.
pub(crate) fn decode_hex(text: &str, out: &mut [u8]) -> Option<usize> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() / 2 > out.len() {
        return None;
    }
    for (slot, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *slot = u8::try_from(high * 16 + low).ok()?;
    }
    Some(digits.len() / 2)
}

/// Builds a [`Digest256`] from labelled fields.
///
/// Every field is written as its label, its length and its bytes, so that no two different
/// sequences of fields feed the hash the same bytes.
///
/// ```
/// use retro_domain::Digester;
/// let split = |a: &str, b: &str| Digester::new("demo-v1").field("x", a).field("x", b).finish();
/// assert_ne!(split("ab", "c"), split("a", "bc"));
/// ```
#[derive(Clone)]
pub struct Digester(Sha256);

impl Digester {
    /// Starts a digest in the name space `domain`, which should carry a version.
    pub fn new(domain: &str) -> Self {
        Self(Sha256::new()).field("domain", domain)
    }

    /// Adds one labelled field.
    #[must_use]
    pub fn field(mut self, label: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [label.as_bytes(), value.as_ref()] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
        self
    }

    /// Adds a list as its length and its items.
    #[must_use]
    pub fn list<T: AsRef<[u8]>>(self, label: &str, items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<T> = items.into_iter().collect();
        let counted = self.field(label, (items.len() as u64).to_le_bytes());
        items
            .iter()
            .fold(counted, |digester, item| digester.field("item", item))
    }

    /// The digest of everything added.
    pub fn finish(self) -> Digest256 {
        Digest256(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_what_it_prints() {
        let digest = Digest256::of(b"");
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
        assert!("e3".parse::<Digest256>().is_err());
        assert!("zz".repeat(32).parse::<Digest256>().is_err());
    }

    #[test]
    fn a_list_is_not_its_items_in_a_row() {
        let listed = Digester::new("t").list("a", ["x", "y"]).finish();
        let nested = Digester::new("t")
            .list("a", ["x"])
            .field("item", "y")
            .finish();
        assert_ne!(listed, nested);
    }
}
