//! Which encoding the bytes of a file are in: what they show, and what they declare.

use crate::ParseError;
use crate::xml::{Token, Tokens};

/// How the bytes of a file stand for characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encoding {
    Utf8,
    Other(&'static encoding_rs::Encoding),
}

/// What a file says of its encoding.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Sniffed {
    pub(crate) encoding: Encoding,
    /// How many of the first bytes are a byte order mark.
    pub(crate) mark: usize,
    /// Whether the bytes themselves show it, so that no declaration counts.
    pub(crate) is_certain: bool,
    /// A name that is declared and not known. Bytes that are UTF-8 all the same can be read.
    pub(crate) unknown: Option<String>,
}

impl Sniffed {
    fn certain(encoding: Encoding, mark: usize) -> Self {
        Self {
            encoding,
            mark,
            is_certain: true,
            unknown: None,
        }
    }

    fn declared(name: &str) -> Result<Self, ParseError> {
        let (encoding, unknown) = match of_name(name) {
            Named::Known(encoding) => (encoding, None),
            Named::ByItsBytes => (Encoding::Utf8, None),
            Named::Unknown => (Encoding::Utf8, Some(shown(name))),
            Named::Refused => return Err(refused(shown(name))),
        };
        Ok(Self {
            encoding,
            mark: 0,
            is_certain: false,
            unknown,
        })
    }
}

fn refused(encoding: String) -> ParseError {
    ParseError::Encoding { encoding }
}

/// The encoding that the first bytes of a file show or declare.
///
/// Bytes count for more than a declaration: `encoding="utf-16"` on a file of single bytes, which
/// .NET writes, is ignored.
pub(crate) fn sniff(head: &[u8]) -> Result<Sniffed, ParseError> {
    let utf16 = |is_big| match is_big {
        true => Encoding::Other(encoding_rs::UTF_16BE),
        false => Encoding::Other(encoding_rs::UTF_16LE),
    };
    Ok(match head {
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [b'<', 0, 0, 0, ..]
        | [0, 0, 0, b'<', ..] => return Err(refused("UTF-32".to_owned())),
        // `<?xm`.
        [0x4c, 0x6f, 0xa7, 0x94, ..] => return Err(refused("EBCDIC-US".to_owned())),
        [0xef, 0xbb, 0xbf, ..] => Sniffed::certain(Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => Sniffed::certain(utf16(false), 2),
        [0xfe, 0xff, ..] => Sniffed::certain(utf16(true), 2),
        [low, 0, low2, 0, ..] if *low != 0 && *low2 != 0 => Sniffed::certain(utf16(false), 0),
        [0, low, 0, low2, ..] if *low != 0 && *low2 != 0 => Sniffed::certain(utf16(true), 0),
        _ => {
            let start = head.trim_ascii_start();
            let declaration = start.strip_prefix(b"<?xml").and_then(|rest| {
                let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
                name_in(&rest[..end])
            });
            Sniffed::declared(&declaration.unwrap_or_default())?
        }
    })
}

/// The same of an XML report that comes after other output, and after what it declares itself.
pub(crate) fn sniff_after_output(head: &[u8]) -> Result<Option<Sniffed>, ParseError> {
    let mut tokens = Tokens::new(head);
    while !matches!(tokens.next_marked(false)?.0, Token::Start(_) | Token::Eof) {}
    let first = tokens.notices().declarations.first();
    first.map(|(_, name)| Sniffed::declared(name)).transpose()
}

/// The name in a declaration such as ` version="1.0" encoding="UTF-8"?`; `None` without one.
pub(crate) fn name_in(declaration: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&declaration[..declaration.len().min(LONGEST_DECLARATION)]);
    let (_, after) = text.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let end = |c: char| matches!(c, '"' | '\'' | '?') || c.is_whitespace();
    let name = value.trim_start_matches(['"', '\'']).split(end).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// How much of a declaration is looked at.
pub(crate) const LONGEST_DECLARATION: usize = 300;

/// What the name of an encoding means.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Named {
    Known(Encoding),
    /// Only the bytes can show it, and they do not.
    ByItsBytes,
    /// It stands for characters by bytes that look like ASCII.
    Refused,
    Unknown,
}

pub(crate) fn of_name(name: &str) -> Named {
    let name = name.to_ascii_lowercase();
    let is_ascii = matches!(
        name.as_str(),
        "ascii" | "us-ascii" | "ansi_x3.4-1968" | "iso-ir-6" | "iso646-us" | "646" | "ascii-8bit"
    );
    if name.is_empty() || is_ascii || name == "cp65001" {
        return Named::Known(Encoding::Utf8);
    }
    let wide = ["utf-16", "utf16", "utf-32", "utf32", "ucs-", "iso-10646"];
    if wide.iter().any(|start| name.starts_with(start)) {
        return Named::ByItsBytes;
    }
    if matches!(name.as_str(), "utf-7" | "utf7" | "unicode-1-1-utf-7") {
        return Named::Refused;
    }
    match encoding_rs::Encoding::for_label(name.as_bytes()) {
        Some(known) if known == encoding_rs::UTF_8 => Named::Known(Encoding::Utf8),
        Some(known) if known == encoding_rs::REPLACEMENT => Named::Refused,
        Some(known) if known == encoding_rs::UTF_16LE || known == encoding_rs::UTF_16BE => {
            Named::ByItsBytes
        }
        Some(known) => Named::Known(Encoding::Other(known)),
        None => Named::Unknown,
    }
}

/// A declared name for a message.
pub(crate) fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_encodings_are_known_or_refused() {
        let known = |label: &str| {
            let known = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
            Named::Known(Encoding::Other(known))
        };
        for (name, expected) in [
            ("UTF-8", Named::Known(Encoding::Utf8)),
            ("utf8", Named::Known(Encoding::Utf8)),
            ("US-ASCII", Named::Known(Encoding::Utf8)),
            ("ANSI_X3.4-1968", Named::Known(Encoding::Utf8)),
            ("UTF-16", Named::ByItsBytes),
            ("unicode", Named::ByItsBytes),
            ("UTF-7", Named::Refused),
            ("ISO-2022-KR", Named::Refused),
            ("cp850", Named::Unknown),
            ("ISO-8859-1", known("windows-1252")),
            ("iso-8859-15", known("iso-8859-15")),
            ("Shift_JIS", known("shift_jis")),
            ("GBK", known("gbk")),
            ("KOI8-R", known("koi8-r")),
            ("Cp1251", known("windows-1251")),
        ] {
            assert_eq!(of_name(name), expected, "{name}");
        }
    }

    #[test]
    fn the_name_is_found_in_a_declaration() {
        for (declaration, expected) in [
            (" version='1.0' encoding='a-1'?", Some("a-1")),
            (" version=\"1.0\" encoding = \"a-1\" ?", Some("a-1")),
            (" encoding=a-1?", Some("a-1")),
            (" version='1.0'", None),
            (" encoding=''", None),
            (" encoding", None),
        ] {
            assert_eq!(name_in(declaration.as_bytes()).as_deref(), expected);
        }
    }

    #[test]
    fn what_is_not_read_is_refused_by_name() {
        for (head, expected) in [
            (&[0xff, 0xfe, 0, 0, b'<', 0, 0, 0][..], "UTF-32"),
            (&[0x4c, 0x6f, 0xa7, 0x94, 0x93], "EBCDIC-US"),
            (b"\n<?xml version='1.0' encoding='utf-7'?>", "utf-7"),
        ] {
            let error = sniff(head).unwrap_err().to_string();
            assert!(
                error.contains(&format!("iconv -f {expected} -t UTF-8")),
                "{error}"
            );
        }
    }
}
