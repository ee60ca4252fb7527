//! Keeping secrets out of what is stored and shown.
//!
//! A [`Redactor`] knows all [`forms`] of all secrets in one [`automaton`], and a [`RedactedStream`]
//! drives it over bytes as they come.

mod automaton;
mod forms;
mod stream;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::secret::SecretText;
use automaton::Automaton;
pub use stream::RedactedStream;

/// Values shorter than this are in too many ordinary words to be looked for.
pub(crate) const SHORTEST: usize = 6;

/// Replaces secrets by `[redacted: NAME]`, in texts and in streams.
///
/// # What is found
///
/// - the value, without white space at its ends, and each of its lines of 6 bytes or more;
/// - all of them in base64 (standard and URL-safe, padded or not, wherever they start in what was
///   encoded; also in lines of 64 or 76 characters when they were encoded by themselves),
///   percent-encoded and JSON-escaped, in the variants that are in use.
///
/// Of a value inside a longer base64 text up to one character on each side stays, which also holds
/// bits of its neighbour. Values shorter than 6 bytes are not looked for and are
/// [reported](Self::too_short). Not found: a value encoded twice, compressed, encrypted, reversed, in
/// hexadecimal, or put together from parts by whoever reads.
///
/// Occurrences that overlap are replaced as one, under the name of the one that starts first (of the
/// longest, where several do): no byte of any of them stays. Time is linear in the length of what is
/// read, memory is bounded by the secrets.
///
/// Clones share the forms, which are overwritten when the last one is dropped; two redactors are equal
/// when they are clones of each other, or both without secrets. The default knows no secret.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Option<Arc<Known>>,
    too_short: Arc<[String]>,
}

struct Known {
    automaton: Automaton,
    /// What stands in the place of each secret.
    placeholders: Vec<String>,
}

impl Redactor {
    /// Learns the secrets, each with the name that stands in its place. The order matters only for
    /// values that are the same: the first name is used.
    ///
    /// A name that holds a secret is replaced by a number.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a SecretText)>) -> Self {
        let (mut names, mut all, mut too_short) = (Vec::new(), Vec::new(), Vec::new());
        for (name, secret) in secrets {
            let forms = forms::forms(secret.expose());
            if forms.is_empty() {
                too_short.push(name.to_owned());
                continue;
            }
            all.push(forms);
            names.push(name);
        }
        let too_short = too_short.into();
        if all.is_empty() {
            let known = None;
            return Self { known, too_short };
        }
        let automaton = Automaton::new(&all);
        let mut placeholders = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            placeholders.push(match automaton.is_in(name.as_bytes()) {
                true => format!("[redacted: secret {}]", index + 1),
                false => format!("[redacted: {name}]"),
            });
        }
        let known = Some(Arc::new(Known {
            automaton,
            placeholders,
        }));
        Self { known, too_short }
    }

    /// The names of the values that are shorter than 6 bytes (white space at the ends left out) and
    /// are not looked for.
    pub fn too_short(&self) -> &[String] {
        &self.too_short
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.known.is_none()
    }

    /// The text without secrets.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Forms of a text are texts, so that what is left between them is one, too.
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// The bytes without secrets.
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let holds_any = |known: &Arc<Known>| known.automaton.is_in(bytes);
        if !self.known.as_ref().is_some_and(holds_any) {
            return Cow::Borrowed(bytes);
        }
        let (mut left, mut stream) = (Vec::with_capacity(bytes.len()), self.stream());
        stream.take(bytes, |part| left.extend_from_slice(part));
        stream.finish(|part| left.extend_from_slice(part));
        Cow::Owned(left)
    }

    /// Begins a stream.
    pub fn stream(&self) -> RedactedStream {
        RedactedStream::new(self.known.clone())
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let placeholders = self.known.as_ref().map(|known| &known.placeholders);
        f.debug_struct("Redactor")
            .field("placeholders", &placeholders)
            .field("too_short", &self.too_short)
            .finish()
    }
}

impl PartialEq for Redactor {
    fn eq(&self, other: &Self) -> bool {
        match (&self.known, &other.known) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Redactor {}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
