//! Names of .NET tests, such as `Company.Product.Tests.Sums.Adds(1, "a.b")`.

/// What a name's characters are to its structure.
struct Scan {
    depth: u32,
    quoted: bool,
    escaped: bool,
}

impl Scan {
    fn new() -> Self {
        Self {
            depth: 0,
            quoted: false,
            escaped: false,
        }
    }

    /// Takes the next byte; whether it is outside of brackets and quotes.
    fn is_outside(&mut self, byte: u8) -> bool {
        if self.quoted {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.quoted = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.quoted = true,
            b'(' | b'[' | b'<' => self.depth += 1,
            b')' | b']' | b'>' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => return self.depth == 0,
        }
        false
    }
}

/// The class and the rest of a full name: cut at the last dot outside of brackets and quotes. A
/// sentence has no class.
pub(crate) fn class_and_name(full: &str) -> Option<(&str, &str)> {
    let (mut scan, mut last) = (Scan::new(), None);
    for (at, byte) in full.bytes().enumerate() {
        let outside = scan.is_outside(byte);
        match byte {
            b'.' if outside => last = Some(at),
            // Only what comes before the last dot can spoil a class.
            b if outside && b.is_ascii_whitespace() => break,
            _ => {}
        }
    }
    let (class, name) = (&full[..last?], &full[last? + 1..]);
    (!class.is_empty() && !name.trim().is_empty()).then_some((class, name))
}

/// The parameters of `name` when it is `method` and something in brackets: `Adds (1)` and `Adds`
/// give `1`. Rows inside of rows have several brackets after each other, which are kept then.
pub(crate) fn parameters_after<'n>(name: &'n str, method: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(method)?.trim();
    let inside = rest.strip_prefix('(')?.strip_suffix(')')?;
    Some(match are_several(inside) {
        true => rest,
        false => inside,
    })
}

/// Whether brackets that are open before a text end inside of it, and others begin right there.
fn are_several(inside: &str) -> bool {
    let mut scan = Scan::new();
    scan.depth = 1;
    inside.bytes().enumerate().any(|(at, byte)| {
        scan.is_outside(byte) && byte == b')' && inside[at + 1..].trim_start().starts_with('(')
    })
}

/// A name and its parameters, when it ends with the brackets that open first and has no space
/// before them.
pub(crate) fn split_parameters(name: &str) -> (&str, Option<&str>) {
    let whole = (name, None);
    let Some(open) = name.find('(').filter(|&at| at > 0) else {
        return whole;
    };
    let head = &name[..open];
    let Some(inside) = name[open..]
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return whole;
    };
    if head.contains(char::is_whitespace) {
        return whole;
    }
    // Brackets of a text that is not quoted may not match: then the last one is the end.
    let mut scan = Scan::new();
    scan.depth = 1;
    if inside.bytes().any(|byte| scan.is_outside(byte)) {
        return whole;
    }
    (head, Some(inside))
}

/// The last part of a path, whatever it is separated by.
pub(crate) fn base_name(path: &str) -> &str {
    let path = path.trim().trim_end_matches(['/', '\\']);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_end_at_the_last_dot_outside_of_brackets() {
        for (full, expected) in [
            ("A.B.C", Some(("A.B", "C"))),
            ("A.B.C(1.5)", Some(("A.B", "C(1.5)"))),
            ("A.B(1.5).C(\"x.y\")", Some(("A.B(1.5)", "C(\"x.y\")"))),
            (
                "A.B.C(s: \"a \\\" ) b.c\")",
                Some(("A.B", "C(s: \"a \\\" ) b.c\")")),
            ),
            ("A.List<A.B>.C", Some(("A.List<A.B>", "C"))),
            ("A+B.C", Some(("A+B", "C"))),
            ("A.B.adds one and 1.5", Some(("A.B", "adds one and 1.5"))),
            ("adds 1.5", None),
            ("works.", None),
            (".x", None),
            ("plain", None),
            ("", None),
        ] {
            assert_eq!(class_and_name(full), expected, "{full}");
        }
    }

    #[test]
    fn parameters_are_what_the_last_brackets_hold() {
        for (name, expected) in [
            ("Adds(1,2)", ("Adds", Some("1,2"))),
            ("Adds()", ("Adds", Some(""))),
            ("Adds<Int32>(\"a)(\")", ("Adds<Int32>", Some("\"a)(\""))),
            ("Adds((1, 2), [3])", ("Adds", Some("(1, 2), [3]"))),
            ("Adds(')')", ("Adds(')')", None)),
            ("Adds(')", ("Adds", Some("'"))),
            ("Adds(1).More(2)", ("Adds(1).More(2)", None)),
            ("adds one (or two)", ("adds one (or two)", None)),
            ("(odd)", ("(odd)", None)),
            ("Adds", ("Adds", None)),
        ] {
            assert_eq!(split_parameters(name), expected, "{name}");
        }
        assert_eq!(parameters_after("Adds (row 1)", "Adds"), Some("row 1"));
        for (name, expected) in [
            ("Adds (one) (two)", "(one) (two)"),
            ("Adds(one)(two) ", "(one)(two)"),
            ("Adds (a (b) (c))", "a (b) (c)"),
            ("Adds (\") (\")", "\") (\""),
            ("Adds (:) or :()", ":) or :("),
        ] {
            assert_eq!(parameters_after(name, "Adds"), Some(expected));
        }
        assert_eq!(parameters_after("AddsMore(1)", "Adds"), None);
        assert_eq!(parameters_after("Adds", "Adds"), None);
    }

    #[test]
    fn paths_have_a_last_part() {
        for (path, expected) in [
            ("C:\\a\\b.dll", "b.dll"),
            ("/a/b.dll", "b.dll"),
            ("b.dll", "b.dll"),
            ("a/b/", "b"),
            ("", ""),
        ] {
            assert_eq!(base_name(path), expected);
        }
    }
}
