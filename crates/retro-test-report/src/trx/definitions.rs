//! What a report says about its tests apart from their results.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::dotnet::base_name;
use crate::xml::Attributes;

/// The most bytes that definitions may take.
pub(super) const MOST_BYTES: usize = 12 << 20;

/// What one definition costs beside its texts.
const OVERHEAD: usize = 200;

/// The most properties kept of one definition.
const MOST_PROPERTIES: usize = 100;

/// The definition of one test.
#[derive(Clone, Debug, Default)]
pub(super) struct Definition {
    /// The full name of its class.
    pub(super) class: Option<Rc<str>>,
    pub(super) method: Option<Box<str>>,
    /// The file that it is in, without folders.
    pub(super) storage: Option<Rc<str>>,
    pub(super) properties: Vec<(String, String)>,
}

/// The definitions read so far, up to a limit.
#[derive(Default)]
pub(super) struct Definitions {
    by_id: BTreeMap<u128, Definition>,
    /// Classes and files, for many tests share them.
    shared: BTreeSet<Rc<str>>,
    bytes: usize,
    pub(super) left_out: u64,
    /// The one that is open.
    open: Option<(Option<u128>, Definition)>,
}

impl Definitions {
    pub(super) fn get(&self, id: u128) -> Option<&Definition> {
        self.by_id.get(&id)
    }

    pub(super) fn begin(&mut self, attributes: Attributes<'_>) {
        let (mut id, mut definition) = (None, Definition::default());
        for (key, raw) in attributes {
            match key {
                b"id" => id = Some(key_of(raw)),
                b"storage" => {
                    let text = Attributes::text(raw);
                    definition.storage = self.share(base_name(&text));
                }
                b"priority" => {
                    let value = Attributes::text(raw);
                    definition.properties.push(("priority".to_owned(), value));
                }
                _ => {}
            }
        }
        self.open = Some((id, definition));
    }

    /// Reads the start tag of a `<TestMethod>`.
    pub(super) fn method(&mut self, attributes: Attributes<'_>) {
        let (mut class, mut method) = (None, None);
        for (key, raw) in attributes {
            match key {
                b"className" => class = self.share(without_assembly(&Attributes::text(raw))),
                b"name" => method = Some(Attributes::text(raw).into_boxed_str()),
                _ => {}
            }
        }
        if let Some((_, open)) = &mut self.open {
            (open.class, open.method) = (class, method);
        }
    }

    pub(super) fn property(&mut self, name: &str, value: String) {
        if let Some((_, open)) = &mut self.open
            && open.properties.len() < MOST_PROPERTIES
            && !name.is_empty()
        {
            open.properties.push((name.to_owned(), value));
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn end(&mut self) {
        let Some((Some(id), definition)) = self.open.take() else {
            return;
        };
        let properties = definition.properties.iter();
        let texts = properties.map(|(name, value)| name.len() + value.len() + 64);
        let method = definition.method.as_deref().map_or(0, str::len);
        let size = OVERHEAD + method + texts.sum::<usize>();
        if self.bytes + size > MOST_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += size;
        self.by_id.insert(id, definition);
    }

    fn share(&mut self, text: &str) -> Option<Rc<str>> {
        if text.is_empty() {
            return None;
        }
        if let Some(known) = self.shared.get(text) {
            return Some(known.clone());
        }
        let new: Rc<str> = text.into();
        if self.bytes + OVERHEAD + text.len() <= MOST_BYTES {
            self.bytes += OVERHEAD + text.len();
            self.shared.insert(new.clone());
        }
        Some(new)
    }
}

/// A test id in few bytes: the number that a GUID is, or a hash of what is none.
pub(super) fn key_of(raw: &[u8]) -> u128 {
    let digits = || raw.iter().filter(|b| b.is_ascii_hexdigit());
    let is_guid = digits().count() == 32
        && raw
            .iter()
            .all(|b| b.is_ascii_hexdigit() || matches!(b, b'-' | b'{' | b'}'));
    if is_guid {
        return digits().fold(0, |number, digit| {
            let digit = char::from(*digit).to_digit(16).unwrap_or(0);
            number << 4 | u128::from(digit)
        });
    }
    raw.iter()
        .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
            (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        })
}

/// `A.B, Assembly, Version=1.0` is the class `A.B`.
fn without_assembly(class: &str) -> &str {
    let mut depth = 0_u32;
    let end = class.bytes().position(|byte| {
        match byte {
            b'[' | b'<' | b'(' => depth += 1,
            b']' | b'>' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        byte == b',' && depth == 0
    });
    class[..end.unwrap_or(class.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers() {
        let id = b"00000000-0000-0000-0000-0000000000Ff";
        assert_eq!(key_of(id), 255);
        assert_eq!(key_of(b"{00000000-0000-0000-0000-0000000000ff}"), 255);
        assert_ne!(key_of(b"a"), key_of(b"b"));
    }

    #[test]
    fn classes_have_no_assembly() {
        for (class, expected) in [
            ("A.B", "A.B"),
            ("A.B, C, Version=1.0.0.0", "A.B"),
            ("A.B`1[[X, Y]], C", "A.B`1[[X, Y]]"),
            ("", ""),
        ] {
            assert_eq!(without_assembly(class), expected);
        }
    }
}
