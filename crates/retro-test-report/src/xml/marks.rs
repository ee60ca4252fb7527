//! Tags that are whole in a buffer, read without a copy, with their parts marked on the way.

/// Where the parts of a well-formed start tag are, so that they need not be looked for again.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// Whether the tag is well-formed, and all of it is marked.
    is_whole: bool,
    /// The element's name without its prefix.
    name: (usize, usize),
    /// Every attribute's name without its prefix, and its value.
    attributes: Vec<Mark>,
}

/// Where the name and the value of an attribute begin and end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) name: (usize, usize),
    pub(super) value: (usize, usize),
    /// Whether the value has neither an `&` nor a control character.
    pub(super) is_plain: bool,
}

impl Marks {
    /// The marks of the tag between `<` and `>`, if they were made.
    pub(super) fn of_tag(&self) -> Option<((usize, usize), &[Mark])> {
        self.is_whole.then_some((self.name, &self.attributes))
    }

    pub(super) fn clear(&mut self) {
        self.is_whole = false;
        self.attributes.clear();
    }
}

/// Where the tag that a buffer begins with ends, when all of it is in the buffer and it is a plain
/// start or end tag of no more than `longest` bytes. [`Tokens`](super::Tokens) reads all others byte
/// by byte, in the same way.
pub(super) fn whole_tag(buffer: &[u8], marks: &mut Marks, longest: usize) -> Option<usize> {
    marks.clear();
    if !matches!(
        buffer.get(1)?,
        b'/' | b'_' | b':' | b'a'..=b'z' | b'A'..=b'Z' | 0x80..
    ) {
        return None;
    }
    match marked_tag(buffer, marks) {
        Marked::End(end) => {
            marks.is_whole = true;
            Some(end)
        }
        Marked::NotHere => None,
        Marked::Odd => {
            marks.clear();
            odd_tag(buffer)
        }
    }
    .filter(|&end| end <= longest)
}

enum Marked {
    End(usize),
    /// The buffer ends before the tag does.
    NotHere,
    /// The tag is not as the standard has it.
    Odd,
}

const NAME: u8 = 0;
const COLON: u8 = 1;
const EQUALS: u8 = 2;
const SPACE: u8 = 3;
const SLASH: u8 = 4;
const CLOSE: u8 = 5;
const OTHER: u8 = 6;

/// What a byte means between the values of a tag.
const MEANING: [u8; 256] = {
    let mut meaning = [NAME; 256];
    meaning[b':' as usize] = COLON;
    meaning[b'=' as usize] = EQUALS;
    meaning[b' ' as usize] = SPACE;
    meaning[b'\n' as usize] = SPACE;
    meaning[b'\t' as usize] = SPACE;
    meaning[b'\r' as usize] = SPACE;
    // White space in ASCII, and none in XML.
    meaning[0x0c] = OTHER;
    meaning[b'/' as usize] = SLASH;
    meaning[b'>' as usize] = CLOSE;
    meaning[b'<' as usize] = OTHER;
    meaning[b'"' as usize] = OTHER;
    meaning[b'\'' as usize] = OTHER;
    meaning
};

fn marked_tag(buffer: &[u8], marks: &mut Marks) -> Marked {
    // Places count from after the `<`.
    let Some(tag) = buffer.get(1..) else {
        return Marked::NotHere;
    };
    let (start, mut at, mut meaning) = name(tag, usize::from(tag.first() == Some(&b'/')));
    marks.name = (start, at);
    loop {
        while meaning == SPACE {
            at += 1;
            match tag.get(at) {
                Some(&byte) => meaning = MEANING[usize::from(byte)],
                None => return Marked::NotHere,
            }
        }
        match meaning {
            NAME | COLON => {}
            CLOSE => return Marked::End(at + 1),
            SLASH => {
                return match tag.get(at + 1) {
                    Some(b'>') => Marked::End(at + 2),
                    Some(_) => Marked::Odd,
                    None => Marked::NotHere,
                };
            }
            END => return Marked::NotHere,
            _ => return Marked::Odd,
        }
        let (start, end, after) = name(tag, at);
        match after {
            EQUALS => {}
            END => return Marked::NotHere,
            _ => return Marked::Odd,
        }
        let value = end + 2;
        let quote = match tag.get(end + 1) {
            Some(&quote @ (b'"' | b'\'')) => quote,
            Some(_) => return Marked::Odd,
            None => return Marked::NotHere,
        };
        let rest = tag.get(value..).unwrap_or_default();
        let Some((len, is_plain)) = value_end(rest, quote) else {
            return Marked::NotHere;
        };
        marks.attributes.push(Mark {
            name: (start, end),
            value: (value, value + len),
            is_plain,
        });
        at = value + len + 1;
        meaning = tag.get(at).map_or(END, |&b| MEANING[usize::from(b)]);
    }
}

/// The end of the buffer, where a byte was expected.
const END: u8 = 7;

/// Where the name from `at` on begins without its prefix, where it ends, and what follows.
fn name(tag: &[u8], at: usize) -> (usize, usize, u8) {
    let mut start = at;
    let mut place = at;
    while let Some(&byte) = tag.get(place) {
        let meaning = MEANING[usize::from(byte)];
        if meaning != NAME {
            if meaning != COLON {
                return (start, place, meaning);
            }
            start = place + 1;
        }
        place += 1;
    }
    (start, tag.len(), END)
}

/// How many bytes are looked at eight at a time. Most values are shorter.
const SHORT: usize = 64;

/// Where a value ends, and whether it is plain, see [`Mark`].
fn value_end(rest: &[u8], quote: u8) -> Option<(usize, bool)> {
    let quotes = u64::from_le_bytes([quote; 8]);
    let mut special = 0;
    let (eights, _) = rest.get(..SHORT).unwrap_or(rest).as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        let bytes = u64::from_le_bytes(*eight);
        let found = zeros(bytes ^ quotes);
        if found != 0 {
            // What counts is below the lowest quote.
            let below = (found & found.wrapping_neg()) - 1;
            special |= specials(bytes) & below;
            let place = at * 8 + found.trailing_zeros() as usize / 8;
            return Some((place, special == 0));
        }
        special |= specials(bytes);
    }
    let from = eights.len() * 8;
    let end = from + memchr::memchr(quote, rest.get(from..)?)?;
    Some((end, !is_special(rest.get(..end)?)))
}

/// Whether a value has an `&` or a control character.
pub(super) fn is_special(value: &[u8]) -> bool {
    let (eights, _) = value.as_chunks::<8>();
    match value.last_chunk::<8>() {
        Some(last) => eights
            .iter()
            .chain([last])
            .any(|eight| specials(u64::from_le_bytes(*eight)) != 0),
        None => value.iter().any(|&b| b < b' ' || b == b'&'),
    }
}

/// The highest bit of every byte that is an `&` or a control character. A borrow can set others
/// too, above one that is set for good reason.
fn specials(bytes: u64) -> u64 {
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    const AMPERSANDS: u64 = u64::from_le_bytes([b'&'; 8]);
    (bytes.wrapping_sub(SPACES) & !bytes & HIGH) | zeros(bytes ^ AMPERSANDS)
}

/// The highest bit of every byte that is zero, and maybe of others above it.
fn zeros(bytes: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    bytes.wrapping_sub(ONES) & !bytes & HIGH
}

const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// The same for a tag that is not well-formed: a quote counts after `=` only, and a `<` outside of
/// a quoted value shows that this is no tag.
fn odd_tag(buffer: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let ends = |b: &u8| matches!(b, b'=' | b'>' | b'<');
        at += buffer.get(at..)?.iter().position(ends)?;
        if buffer[at] == b'=' {
            at += 1;
            at += buffer[at..].iter().position(|b| !b.is_ascii_whitespace())?;
        }
        match buffer[at] {
            b'>' => return Some(at),
            b'<' => return None,
            quote @ (b'"' | b'\'') => at += 1 + memchr::memchr(quote, &buffer[at + 1..])?,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_bytes_are_found_wherever_they_are() {
        for len in 0..40 {
            let plain: Vec<u8> = (0..len)
                .map(|at| [b' ', 0x7f, 0x80, 0xff, b'%'][at % 5])
                .collect();
            assert!(!is_special(&plain), "{len}");
            for at in 0..len {
                for special in [b'&', 0, b'\n', 0x1f] {
                    let mut bytes = plain.clone();
                    bytes[at] = special;
                    assert!(is_special(&bytes), "{special} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_value_is_found_wherever_it_is() {
        for len in 0..150 {
            let mut value = vec![b'x'; len];
            value.extend_from_slice(b"\"&\"&");
            assert_eq!(value_end(&value, b'"'), Some((len, true)), "{len}");
            assert_eq!(value_end(&value, b'\''), None, "{len}");
            for at in 0..len {
                value[at] = b'&';
                assert_eq!(value_end(&value, b'"'), Some((len, false)), "{at} of {len}");
                value[at] = b'x';
            }
        }
    }
}
