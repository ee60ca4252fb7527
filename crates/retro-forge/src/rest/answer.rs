//! What a server answered.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ForgeError;

/// Errors show this much of what a server says.
const MAX_MESSAGE: usize = 300;

/// An answer that is no trouble of the server's or the network's.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The query of the next page's address.
    pub(super) next: Option<String>,
    /// How many there are on all pages.
    pub(super) total: Option<usize>,
    pub(crate) body: Vec<u8>,
    /// What it says when it refuses, without the token.
    pub(super) message: String,
    pub(super) forge: String,
    pub(super) doing: String,
}

impl Answer {
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the server says.
    pub(crate) fn message(&self) -> String {
        match self.message.as_str() {
            "" => format!("it answered with status {}", self.status),
            message => format!("it says {message:?} (status {})", self.status),
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ForgeError> {
        // Where, and not what: what the parser says may quote a value.
        serde_json::from_slice(&self.body).map_err(|error| ForgeError::Unexpected {
            forge: self.forge.clone(),
            doing: self.doing.clone(),
            why: format!(
                "its JSON is not as expected, at line {} column {}",
                error.line(),
                error.column()
            ),
        })
    }
}

/// What a body says when a request was refused: its `message` and its `errors`, as one line.
pub(super) fn message_of(body: &[u8]) -> String {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return String::new();
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut parts: Vec<String> = object.get("message").and_then(text).into_iter().collect();
    if let Some(Value::Array(errors)) = object.get("errors") {
        for error in errors {
            let field = |name: &str| error.get(name).and_then(text);
            let said = text(error)
                .or_else(|| field("message"))
                .or_else(|| Some(format!("{} {}", field("field")?, field("code")?)));
            parts.extend(said);
        }
    }
    let line: String = parts
        .join("; ")
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_MESSAGE)
        .collect();
    line.trim().to_owned()
}

/// The query of the page that a `Link` header calls the next one. Its host does not matter: all
/// pages are asked of the same one.
pub(super) fn next_query(link: &str) -> Option<String> {
    link.split(',').find_map(|part| {
        let (address, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters
            .split(';')
            .any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
        let (_, query) = address.split_once('?')?;
        is_next.then(|| query.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_others() {
        let check = |link: &str, expected: Option<&str>| {
            assert_eq!(next_query(link).as_deref(), expected, "{link}");
        };
        check(
            "<https://a/b?page=1>; rel=\"prev\", <https://a/b?page=3&q=1>; rel=\"next\"",
            Some("page=3&q=1"),
        );
        check("<https://a/b?page=1>; rel=\"first\"", None);
        check("<https://a/b>; rel=\"next\"", None);
        check("nonsense", None);
        check("", None);
    }

    #[test]
    fn refusals_are_put_into_one_line() {
        let check = |body: &str, expected: &str| assert_eq!(message_of(body.as_bytes()), expected);
        check("<html>", "");
        check(r#"{"message":"Not Found"}"#, "Not Found");
        check(
            r#"{"message":"No","errors":[{"field":"base","code":"invalid"},{"message":"a\nb"},"c",7]}"#,
            "No; base invalid; a b; c",
        );
    }
}
