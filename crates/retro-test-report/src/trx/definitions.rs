//! What a report says about its tests apart from their results.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::dotnet::{base_name, parameters_after, split_parameters};
use crate::xml::Attributes;

/// The most bytes that definitions may take: enough for 375,000 plain ones.
pub(super) const MOST_BYTES: usize = 24 << 20;

/// What one definition costs beside its texts, and what a text costs beside its bytes.
const OVERHEAD: usize = 64;

/// The most properties kept of one definition, and the most bytes of them.
pub(super) const MOST_PROPERTIES: usize = 100;
pub(super) const MOST_TEXT: usize = 256 << 10;

/// What a definition says that few have, or that must be kept for each test.
#[derive(Debug, Default)]
struct More {
    /// The name of its method, when the name of the test does not tell it.
    method: Option<String>,
    properties: Vec<(String, String)>,
}

/// What is kept of a definition.
#[derive(Debug)]
struct Kept {
    /// Places in the list of shared texts.
    class: Option<Place>,
    storage: Option<Place>,
    more: Option<Box<More>>,
}

type Place = std::num::NonZero<u32>;

/// The definition of one test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition<'d> {
    /// The full name of its class.
    pub(super) class: Option<&'d str>,
    /// The name of its method, when the name of the test does not tell it.
    pub(super) method: Option<&'d str>,
    /// The file that it is in, without folders.
    pub(super) storage: Option<&'d str>,
    pub(super) properties: &'d [(String, String)],
}

/// A definition whose end was not read yet.
#[derive(Default)]
struct Open {
    id: Option<u128>,
    name: String,
    class: String,
    storage: String,
    more: More,
    /// How many bytes its properties have.
    text: usize,
}

/// The definitions read so far, up to a limit.
#[derive(Default)]
pub(super) struct Definitions {
    by_id: BTreeMap<u128, Kept>,
    /// Classes and files, for many tests share them.
    shared: Vec<Rc<str>>,
    places: BTreeMap<Rc<str>, Place>,
    bytes: usize,
    /// Whether nobody needs them any more.
    pub(super) ignored: bool,
    pub(super) left_out: u64,
    pub(super) properties_left_out: u64,
    open: Option<Open>,
}

impl Definitions {
    pub(super) fn get(&self, id: u128) -> Option<Definition<'_>> {
        let kept = self.by_id.get(&id)?;
        let more = kept.more.as_deref();
        Some(Definition {
            class: self.shared_text(kept.class),
            method: more.and_then(|more| more.method.as_deref()),
            storage: self.shared_text(kept.storage),
            properties: more.map_or(&[], |more| &more.properties),
        })
    }

    pub(super) fn begin(&mut self, attributes: Attributes<'_>) {
        let (mut open, mut priority) = (Open::default(), None);
        for (key, raw) in attributes {
            match key {
                b"id" => open.id = Some(key_of(raw)),
                b"name" => open.name = Attributes::text(raw),
                b"storage" => {
                    let text = Attributes::text(raw);
                    open.storage = base_name(&text).to_owned();
                }
                b"priority" => priority = Some(Attributes::text(raw)),
                _ => {}
            }
        }
        self.open = Some(open);
        if let Some(priority) = priority {
            self.property("priority", priority);
        }
    }

    /// Reads the start tag of a `<TestMethod>`.
    pub(super) fn method(&mut self, attributes: Attributes<'_>) {
        let Some(open) = &mut self.open else { return };
        for (key, raw) in attributes {
            match key {
                b"className" => {
                    open.class = without_assembly(&Attributes::text(raw)).to_owned();
                }
                b"name" => {
                    open.more.method = Some(Attributes::text(raw));
                }
                _ => {}
            }
        }
    }

    pub(super) fn property(&mut self, name: &str, value: String) {
        let Some(open) = self.open.as_mut().filter(|_| !name.is_empty()) else {
            return;
        };
        let text = open.text + name.len() + value.len();
        if open.more.properties.len() < MOST_PROPERTIES && text <= MOST_TEXT {
            open.text = text;
            open.more.properties.push((name.to_owned(), value));
        } else {
            self.properties_left_out += 1;
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn end(&mut self) {
        let Some(Open {
            id: Some(id),
            name,
            class,
            storage,
            mut more,
            ..
        }) = self.open.take()
        else {
            return;
        };
        if self.ignored {
            return;
        }
        more.method = more.method.map(|method| {
            let method = within_class(&method, &class);
            split_parameters(method).0.to_owned()
        });
        let told = method_of(within_class(&name, &class));
        more.method = more.method.filter(|method| method != told);
        let is_plain = more.method.is_none() && more.properties.is_empty();
        let method = more.method.as_deref().map_or(0, str::len);
        let properties = more.properties.iter();
        let texts = properties.map(|(name, value)| name.len() + value.len() + OVERHEAD);
        let extra = if is_plain { 0 } else { 2 * OVERHEAD };
        let size = OVERHEAD + extra + method + texts.sum::<usize>();
        let new = [&class, &storage]
            .into_iter()
            .filter(|text| !self.places.contains_key(text.as_str()))
            .map(|text| text.len() + 2 * OVERHEAD);
        let size = size + new.sum::<usize>();
        if self.bytes + size > MOST_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += size;
        let kept = Kept {
            class: self.share(&class),
            storage: self.share(&storage),
            more: (!is_plain).then(|| Box::new(more)),
        };
        self.by_id.insert(id, kept);
    }

    fn share(&mut self, text: &str) -> Option<Place> {
        if text.is_empty() {
            return None;
        }
        if let Some(known) = self.places.get(text) {
            return Some(*known);
        }
        let new: Rc<str> = text.into();
        self.shared.push(new.clone());
        let place = Place::new(u32::try_from(self.shared.len()).ok()?)?;
        self.places.insert(new, place);
        Some(place)
    }

    fn shared_text(&self, place: Option<Place>) -> Option<&str> {
        let place = usize::try_from(place?.get()).ok()?;
        self.shared.get(place - 1).map(|text| &**text)
    }
}

/// A name without that of its class.
pub(super) fn within_class<'n>(name: &'n str, class: &str) -> &'n str {
    let rest = name.strip_prefix(class);
    rest.and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
}

/// The method that the name of a test in its class begins with.
pub(super) fn method_of(name: &str) -> &str {
    parts_of(name).0
}

/// A method and its parameters, which may come after a space: `Adds (Data Row 0)`.
pub(super) fn parts_of(name: &str) -> (&str, Option<&str>) {
    let method = name.split(['(', ' ']).next().unwrap_or(name);
    match parameters_after(name, method) {
        Some(parameters) if name[method.len()..].starts_with(" (") => (method, Some(parameters)),
        _ => split_parameters(name),
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
