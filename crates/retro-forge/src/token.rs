//! Tokens, which nobody is to see.

use std::fmt;

use zeroize::Zeroizing;

/// What a forge knows its caller by. It shows in no `Debug` and in no error, and its memory is
/// cleared when it is dropped. (What an HTTP client makes of it for one request is not.)
#[derive(Clone)]
pub struct ForgeToken(Zeroizing<String>);

impl ForgeToken {
    /// Wraps a token; white space around it is not part of it.
    pub fn new(token: impl Into<String>) -> Self {
        let given = Zeroizing::new(token.into());
        Self(Zeroizing::new(given.trim().to_owned()))
    }

    /// The token itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text without the token, should a server repeat it.
    #[cfg(any(feature = "forgejo", feature = "github"))]
    pub(crate) fn removed_from(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        text.replace(self.0.as_str(), "***")
    }
}

impl fmt::Debug for ForgeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForgeToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_show() {
        let token = ForgeToken::new(" hunter2\n");
        assert_eq!(token.expose(), "hunter2");
        assert_eq!(format!("{token:?}"), "ForgeToken(***)");
    }

    #[cfg(any(feature = "forgejo", feature = "github"))]
    #[test]
    fn a_token_is_taken_out_of_what_others_say() {
        let token = ForgeToken::new("hunter2");
        assert_eq!(token.removed_from("no hunter2 here"), "no *** here");
        assert_eq!(ForgeToken::new("").removed_from("as it is"), "as it is");
    }
}
