//! Git's wild cards, over bytes.

/// A compiled pattern.
///
/// Matching follows all possibilities at once, so that no pattern of a hostile repository takes more
/// than its length times the text's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wildmatch(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// `?`
    One {
        slash: bool,
    },
    /// `[...]`, as the bytes that match.
    Class(Box<[bool; 256]>),
    /// `*`, and `**` where it spans folders.
    Any {
        slash: bool,
    },
    /// `**/`: nothing, or anything that ends in a slash, which is the next token's part.
    Folders,
    /// The inside of `**/`: only a slash leads out.
    InsideFolders,
    /// What is left of a malformed pattern.
    Never,
}

impl Wildmatch {
    /// Compiles a pattern. In a `path` pattern, `*`, `?` and `[...]` match no slash, and `**` spans
    /// folders where it stands between slashes or at an end; otherwise all of them match any byte.
    pub(crate) fn new(pattern: &[u8], path: bool) -> Self {
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < pattern.len() {
            match pattern[at] {
                b'*' => {
                    let start = at;
                    while pattern.get(at) == Some(&b'*') {
                        at += 1;
                    }
                    let after_slash = start == 0 || pattern[start - 1] == b'/';
                    let spans = at - start > 1 && after_slash;
                    match &pattern[at..] {
                        [] if path && spans => tokens.push(Token::Any { slash: true }),
                        [b'/', ..] if path && spans => {
                            tokens.extend([Token::Folders, Token::InsideFolders]);
                            at += 1;
                        }
                        _ => tokens.push(Token::Any { slash: !path }),
                    }
                }
                b'?' => {
                    tokens.push(Token::One { slash: !path });
                    at += 1;
                }
                b'[' => match parse_class(&pattern[at + 1..], path) {
                    Some((class, length)) => {
                        tokens.push(Token::Class(class));
                        at += 1 + length;
                    }
                    None => {
                        tokens.push(Token::Never);
                        break;
                    }
                },
                b'\\' => {
                    tokens.push(
                        pattern
                            .get(at + 1)
                            .map_or(Token::Never, |&b| Token::Byte(b)),
                    );
                    at += 2;
                }
                byte => {
                    tokens.push(Token::Byte(byte));
                    at += 1;
                }
            }
        }
        Self(tokens)
    }

    /// Whether the pattern matches all of `text`.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let tokens = &self.0;
        // Most patterns and texts part at their first or last byte.
        if let (Some(Token::Byte(last)), Some(byte)) = (tokens.last(), text.last())
            && last != byte
        {
            return false;
        }
        let mut active = vec![false; tokens.len() + 1];
        active[0] = true;
        self.pass_over(&mut active);
        for &byte in text {
            let mut next = vec![false; tokens.len() + 1];
            let mut any = false;
            for (index, token) in tokens
                .iter()
                .enumerate()
                .filter(|(index, _)| active[*index])
            {
                let (stay, go) = match token {
                    Token::Byte(expected) => (false, *expected == byte),
                    Token::One { slash } => (false, *slash || byte != b'/'),
                    Token::Class(class) => (false, class[usize::from(byte)]),
                    Token::Any { slash } => (*slash || byte != b'/', false),
                    Token::InsideFolders => (true, byte == b'/'),
                    Token::Folders | Token::Never => (false, false),
                };
                next[index] |= stay;
                next[index + 1] |= go;
                any |= stay || go;
            }
            if !any {
                return false;
            }
            self.pass_over(&mut next);
            active = next;
        }
        active[tokens.len()]
    }

    /// Also makes active what is reached from an active place without a byte.
    fn pass_over(&self, active: &mut [bool]) {
        for (index, token) in self.0.iter().enumerate() {
            if active[index] && matches!(token, Token::Any { .. } | Token::Folders) {
                active[index + 1] = true;
            }
            if active[index] && *token == Token::Folders {
                active[index + 2] = true;
            }
        }
    }
}

/// The bytes that match the class whose text follows the opening bracket, and how long that text is
/// with its closing bracket. `None` when there is none.
fn parse_class(text: &[u8], path: bool) -> Option<(Box<[bool; 256]>, usize)> {
    let negated = matches!(text.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let mut class = Box::new([false; 256]);
    let mut previous: Option<u8> = None;
    let mut first = true;
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b']' if !first => break,
            b'-' if previous.is_some() && text.get(at).is_some_and(|&next| next != b']') => {
                let mut end = text[at];
                at += 1;
                if end == b'\\' {
                    end = *text.get(at)?;
                    at += 1;
                }
                for member in previous.unwrap_or(end)..=end {
                    class[usize::from(member)] = true;
                }
                previous = None;
            }
            b'[' if text.get(at) == Some(&b':') => {
                let length = text[at + 1..].windows(2).position(|pair| pair == b":]")?;
                let is_member = named_class(&text[at + 1..at + 1 + length])?;
                for member in 0..=255_u8 {
                    class[usize::from(member)] |= is_member(&member);
                }
                at += length + 3;
                previous = None;
            }
            byte => {
                let mut member = byte;
                if byte == b'\\' {
                    member = *text.get(at)?;
                    at += 1;
                }
                class[usize::from(member)] = true;
                previous = Some(member);
            }
        }
        first = false;
    }
    if negated {
        class.iter_mut().for_each(|member| *member = !*member);
    }
    if path {
        class[usize::from(b'/')] = false;
    }
    Some((class, at))
}

fn named_class(name: &[u8]) -> Option<fn(&u8) -> bool> {
    Some(match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |b| matches!(b, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |b| (0x20..0x7f).contains(b),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |b| matches!(b, b' ' | 0x09..=0x0d),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        let matched = Wildmatch::new(pattern.as_bytes(), true).matches(text.as_bytes());
        assert_eq!(matched, expected, "{pattern:?} against {text:?}");
    }

    #[test]
    fn patterns_match_as_gits_do() {
        for (pattern, text, expected) in [
            ("foo", "foo", true),
            ("foo", "foot", false),
            ("*", "foo", true),
            ("*", "foo/bar", false),
            ("f*o/b?r", "foo/bar", true),
            ("foo?bar", "foo/bar", false),
            ("foo[/]bar", "foo/bar", false),
            ("**/foo", "foo", true),
            ("**/foo", "a/b/foo", true),
            ("**/foo", "a/b/xfoo", false),
            ("foo/**", "foo", false),
            ("foo/**", "foo/a/b", true),
            ("foo/**/bar", "foo/bar", true),
            ("foo/**/bar", "foo/a/b/bar", true),
            ("foo/**/bar", "foo/abar", false),
            ("foo**bar", "foo/bar", false),
            ("foo**bar", "fooxbar", true),
            ("**/**/x", "x", true),
            ("a**/x", "ab/x", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[]-]x", "-x", true),
            ("[]x]", "]", true),
            ("[[:digit:]a]x", "7x", true),
            ("[[:nonsense:]]x", "7x", false),
            ("[a-", "a", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a", false),
            ("[\\]]", "]", true),
            ("*.o", ".o", true),
            ("", "", true),
            ("**", "a/b", true),
        ] {
            check(pattern, text, expected);
        }
    }

    #[test]
    fn a_star_spans_slashes_outside_of_path_patterns() {
        assert!(Wildmatch::new(b"*.rs", false).matches(b"a/b.rs"));
        assert!(Wildmatch::new(b"a**b?c", false).matches(b"a//b/c"));
    }

    #[test]
    fn a_pattern_made_to_backtrack_ends_at_once() {
        let pattern = b"*a".repeat(200);
        assert!(!Wildmatch::new(&pattern, true).matches(&b"a".repeat(199)));
        assert!(Wildmatch::new(&pattern, true).matches(&b"a".repeat(400)));
    }
}
