//! Texts as parts of addresses.

/// As one segment of a path, or a value in a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_part_is_encoded() {
        assert_eq!(encoded("o:é/#?%&c=d"), "o%3A%C3%A9%2F%23%3F%25%26c%3Dd");
        assert_eq!(encoded("a-b_c.d~0"), "a-b_c.d~0");
    }
}
