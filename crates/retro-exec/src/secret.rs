//! Text that is not for everybody's eyes.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: overwritten when it is dropped, and not shown by `{:?}`.
///
/// Copies that were made on the way here (a variable of the environment, a buffer that grew) are the
/// caller's to overwrite.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a value over.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = SecretText::new("hunter22");
        assert_eq!(format!("{secret:?}"), "SecretText(..)");
        assert_eq!(secret.expose(), "hunter22");
    }
}
