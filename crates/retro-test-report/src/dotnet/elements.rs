//! Goes through the elements of a document. The elements that are open are a list and not the call
//! stack, so depth costs nothing.

use std::io::BufRead;

use super::Draft;
use crate::ParseError;
use crate::odd::short;
use crate::output::Output;
use crate::suite_path::digest;
use crate::xml::{
    Attributes, MOST_HELD, MOST_OPEN, NameCounts, ReferenceText, TOO_DEEP, Token, Tokens,
    local_name,
};

/// How far an end tag looks for its start tag.
const END_TAG_REACH: usize = 256;

/// What an element is to the way through a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// It is never stray markup in a text.
    Structure,
    /// It holds a text.
    Text,
    /// Neither.
    Plain,
}

/// What a format makes of its elements.
pub(crate) trait Elements {
    /// The elements that mean something, and one for all others.
    type Kind: Copy + PartialEq;

    /// The element with this local name inside `parent`.
    fn kind(name: &[u8], parent: Option<Self::Kind>) -> Self::Kind;

    fn role(kind: Self::Kind) -> Role;

    /// Whether a document that has it is a report of the format.
    fn is_evidence(kind: Self::Kind, attributes: Attributes<'_>) -> bool {
        let _ = attributes;
        Self::role(kind) == Role::Structure
    }

    /// Whether it may be an element inside one that holds a text, and is no stray markup there.
    fn may_be_inside(kind: Self::Kind, holder: Self::Kind) -> bool {
        let _ = (kind, holder);
        false
    }

    fn open(
        &mut self,
        kind: Self::Kind,
        attributes: Attributes<'_>,
        place: &mut Place<'_, '_, Self::Kind>,
    );

    fn close(
        &mut self,
        kind: Self::Kind,
        text: Option<ReferenceText>,
        place: &mut Place<'_, '_, Self::Kind>,
    );

    /// The most bytes of a text, or `None` for output of a suite, which shares an allowance with
    /// that of all others.
    fn limit(&self, kind: Self::Kind, max_text: usize) -> Option<usize> {
        let _ = kind;
        self.open_case().map(|_| max_text)
    }

    /// The outermost case that is open, if one is.
    fn open_case(&self) -> Option<&Draft>;

    /// How many bytes the cases that are open hold, and what else may be in itself, but for the
    /// innermost case.
    fn held(&self) -> usize;

    /// The most that may be held so.
    const MOST_HELD: usize = MOST_HELD;

    /// The end of the document. The elements still open do not close.
    fn finish(&mut self, out: &mut Output<'_>);
}

/// Where in the document something happens.
pub(crate) struct Place<'p, 's, K> {
    pub(crate) out: &'p mut Output<'s>,
    /// From 1.
    pub(crate) line: u64,
    /// The element around.
    pub(crate) parent: Option<K>,
}

impl<K> Place<'_, '_, K> {
    pub(crate) fn warn(&mut self, message: impl Into<String>) {
        self.out.warn(self.line, message);
    }
}

/// An element whose end was not read yet.
struct Open<K> {
    kind: K,
    /// A hash of its name, for its end tag. Names that collide close each other, which harms nobody
    /// but their author.
    name: u32,
}

/// Reads a document; whether it was a report of the format at all.
pub(crate) fn read<E: Elements>(
    reader: impl BufRead,
    elements: &mut E,
    out: &mut Output<'_>,
) -> Result<bool, ParseError> {
    let mut tokens = Tokens::new(reader).keeping(out.options.max_text);
    let mut walk = Walk {
        elements,
        out,
        line: 1,
        open: Vec::new(),
        open_names: NameCounts::new(),
        raw_names: NameCounts::new(),
        has_raw_case: false,
        texts: Vec::new(),
        recognised: false,
        is_too_deep: false,
    };
    while !walk.is_too_deep {
        let line = tokens.line();
        match tokens.next_marked(walk.holds_text())?.0 {
            Token::Start(tag) => {
                walk.line = line;
                walk.start(tag);
            }
            Token::End(name) => {
                walk.line = line;
                walk.end(name);
            }
            Token::Text(piece) => walk.text(|text| text.push(piece)),
            Token::Literal(piece) => walk.text(|text| text.push_literal(piece)),
            Token::Declaration => {}
            Token::Eof => break,
        }
    }
    let cut_tag = tokens.cut_tag();
    if !cut_tag.is_empty() {
        let parent = walk.open.last().map(|open| open.kind);
        let name = name_of(cut_tag);
        let attributes = Attributes::new(&cut_tag[name.len()..]);
        walk.recognised |= E::is_evidence(E::kind(local_name(name), parent), attributes);
    }
    let is_cut = tokens.is_cut() || !walk.open.is_empty();
    let recognised = walk.recognised;
    out.notices = std::mem::take(tokens.notices());
    if let Some(case) = elements.open_case() {
        let message = format!(
            "the file ends inside the test {}, which is left out",
            case.shown()
        );
        out.warn(case.line, message);
    }
    out.summary.truncated |= recognised && is_cut;
    elements.finish(out);
    Ok(recognised)
}

struct Walk<'w, 's, E: Elements> {
    elements: &'w mut E,
    out: &'w mut Output<'s>,
    line: u64,
    open: Vec<Open<E::Kind>>,
    /// The names of these.
    open_names: NameCounts,
    /// The tags that began in the text that is open, and belong to it.
    raw_names: NameCounts,
    has_raw_case: bool,
    /// The text of every open element that holds one.
    texts: Vec<ReferenceText>,
    recognised: bool,
    /// Whether more is open than can be kept, which ends the reading.
    is_too_deep: bool,
}

impl<E: Elements> Walk<'_, '_, E> {
    fn start(&mut self, tag: &[u8]) {
        let name = name_of(tag);
        let parent = self.open.last().map(|open| open.kind);
        let kind = E::kind(local_name(name), parent);
        if parent
            .is_some_and(|holder| E::role(holder) == Role::Text && !E::may_be_inside(kind, holder))
        {
            // Output that was not escaped: the tag belongs to the text, and so does its end tag.
            self.text(|text| {
                text.push_literal(b"<");
                text.push(tag);
                text.push_literal(b">");
            });
            self.has_raw_case |= E::role(kind) == Role::Structure;
            if !tag.ends_with(b"/") {
                self.raw_names.add(bucket(hash(local_name(name))));
            }
            return;
        }
        if self.open.len() >= MOST_OPEN {
            self.stop();
            return;
        }
        let attributes = || Attributes::new(&tag[name.len()..]);
        self.recognised = self.recognised || E::is_evidence(kind, attributes());
        let mut place = Place {
            out: self.out,
            line: self.line,
            parent,
        };
        self.elements.open(kind, attributes(), &mut place);
        if E::role(kind) == Role::Text {
            let limit = self.elements.limit(kind, self.out.options.max_text);
            let limit = limit.unwrap_or(self.out.suite_text_left());
            self.texts.push(ReferenceText::new(limit));
            self.forget_raw_names();
        }
        let name = hash(local_name(name));
        self.open_names.add(bucket(name));
        self.open.push(Open { kind, name });
        if tag.ends_with(b"/") {
            self.close();
        } else if self.elements.held() > E::MOST_HELD {
            self.stop();
        }
    }

    fn stop(&mut self) {
        self.is_too_deep = true;
        self.out.summary.truncated = true;
        self.out.warn(self.line, TOO_DEEP);
    }

    fn forget_raw_names(&mut self) {
        self.raw_names.clear();
        self.has_raw_case = false;
    }

    fn holds_text(&self) -> bool {
        let open = self.open.last();
        open.is_some_and(|open| E::role(open.kind) == Role::Text)
    }

    fn text(&mut self, push: impl FnOnce(&mut ReferenceText)) {
        if self.holds_text()
            && let Some(text) = self.texts.last_mut()
        {
            push(text);
        }
    }

    fn end(&mut self, whole_name: &[u8]) {
        let name = local_name(whole_name);
        let wanted = hash(name);
        let in_text = self.holds_text();
        let shown = || short(&String::from_utf8_lossy(name));
        let closes = if in_text && self.raw_names.remove(bucket(wanted)) {
            None
        } else {
            self.closes(wanted)
        };
        match closes {
            Some(0) => self.close(),
            // An end tag in a text that closes nothing near belongs to the text.
            None if in_text => self.text(|text| {
                text.push_literal(b"</");
                text.push(whole_name);
                text.push_literal(b">");
            }),
            None => self
                .out
                .warn(self.line, format!("</{}> closes nothing", shown())),
            Some(count) => {
                let message = format!(
                    "</{}> comes before the end of {count} elements inside it",
                    shown()
                );
                self.out.warn(self.line, message);
                // What was taken for text may have been tests, for the text had no end.
                self.out.summary.truncated |= in_text && self.has_raw_case;
                (0..=count).for_each(|_| self.close());
            }
        }
    }

    /// How many elements are open inside of the one near that an end tag closes.
    fn closes(&self, name: u32) -> Option<usize> {
        if !self.open_names.has(bucket(name)) {
            return None;
        }
        let reach = self.open.len().saturating_sub(END_TAG_REACH);
        let mut near = self.open[reach..].iter().rev();
        near.position(|open| open.name == name)
    }

    /// Closes the innermost element.
    fn close(&mut self) {
        let Some(Open { kind, name }) = self.open.pop() else {
            return;
        };
        self.open_names.remove(bucket(name));
        let mut text = None;
        if E::role(kind) == Role::Text {
            self.forget_raw_names();
            text = self.texts.pop();
            let max_text = self.out.options.max_text;
            if let Some(text) = &text
                && self.elements.limit(kind, max_text).is_none()
            {
                self.out.spend_suite_text(text.len());
            }
        }
        let mut place = Place {
            out: self.out,
            line: self.line,
            parent: self.open.last().map(|open| open.kind),
        };
        self.elements.close(kind, text, &mut place);
    }
}

/// The name of a tag, with its prefix.
fn name_of(tag: &[u8]) -> &[u8] {
    let end = tag
        .iter()
        .position(|b| b.is_ascii_whitespace() || *b == b'/');
    &tag[..end.unwrap_or(tag.len())]
}

/// The higher half of a hash, which is the better one.
fn hash(name: &[u8]) -> u32 {
    (digest(name) >> 32) as u32
}

fn bucket(name: u32) -> u8 {
    (name % 256) as u8
}
