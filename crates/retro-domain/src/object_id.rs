//! Names of git objects: commits and trees, in SHA-1 or SHA-256 repositories.

use std::fmt;
use std::str::FromStr;

use crate::digest::decode_hex;

/// A text was not a full object name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a full object id (40 or 64 hexadecimal digits): {0:?}")]
pub struct ObjectIdError(String);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct ObjectId {
    bytes: [u8; 32],
    len: u8,
}

impl ObjectId {
    fn from_bytes(raw: &[u8]) -> Option<Self> {
        if raw.len() != 20 && raw.len() != 32 {
            return None;
        }
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self {
            bytes,
            len: u8::try_from(raw.len()).ok()?,
        })
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

macro_rules! object_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ObjectId);

        impl $name {
            /// Wraps a raw object name; `None` unless it is 20 (SHA-1) or 32 (SHA-256) bytes long.
            pub fn from_bytes(raw: &[u8]) -> Option<Self> {
                ObjectId::from_bytes(raw).map(Self)
            }

            /// The raw object name: 20 or 32 bytes.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }

            /// The first ten hexadecimal digits, for people.
            pub fn short(&self) -> String {
                self.to_string()[..10].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ObjectIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; 32];
                decode_hex(text, &mut bytes)
                    .and_then(|len| Self::from_bytes(&bytes[..len]))
                    .ok_or_else(|| ObjectIdError(text.to_owned()))
            }
        }
    };
}

object_name! {
    /// The name of a commit. Displays as 40 or 64 lowercase hexadecimal digits.
    CommitId
}
object_name! {
    /// The name of a tree. Displays as 40 or 64 lowercase hexadecimal digits.
    TreeId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_hash_lengths_round_trip_and_others_do_not() {
        for text in ["a9".repeat(20), "0f".repeat(32)] {
            assert_eq!(text.parse::<CommitId>().map(|id| id.to_string()), Ok(text));
        }
        for text in ["", "a9", "a9a", &"g0".repeat(20), &"é".repeat(20)] {
            assert!(text.parse::<TreeId>().is_err(), "{text:?} was accepted");
        }
    }
}
