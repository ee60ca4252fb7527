//! Goes through the elements of a document. The elements that are open are a list and not the call
//! stack, so depth costs nothing.

use std::io::BufRead;

use super::Draft;
use crate::ParseError;
use crate::output::Output;
use crate::xml::{Attributes, OpenTexts, ReferenceText, Token, Tokens, local_name};

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
        let _ = holder;
        Self::role(kind) == Role::Structure
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

    /// The innermost case that is open.
    fn innermost_case(&mut self) -> Option<&mut Draft>;

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
    /// Whether a case is open.
    pub(crate) in_case: bool,
}

impl<K> Place<'_, '_, K> {
    pub(crate) fn warn(&mut self, message: impl Into<String>) {
        self.out.warn(self.line, message);
    }
}

/// An element whose end was not read yet.
struct Open<K> {
    kind: K,
    /// A hash of its name, for its end tag.
    name: u64,
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
        texts: OpenTexts::default(),
        recognised: false,
    };
    loop {
        let line = tokens.line();
        match tokens.next()? {
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
    /// The text of every open element that holds one.
    texts: OpenTexts,
    recognised: bool,
}

impl<E: Elements> Walk<'_, '_, E> {
    fn start(&mut self, tag: &[u8]) {
        let name = name_of(tag);
        let parent = self.open.last().map(|open| open.kind);
        let kind = E::kind(local_name(name), parent);
        if parent
            .is_some_and(|holder| E::role(holder) == Role::Text && !E::may_be_inside(kind, holder))
        {
            // Output that was not escaped: the tag belongs to the text.
            self.text(|text| {
                text.push_literal(b"<");
                text.push(tag);
                text.push_literal(b">");
            });
            return;
        }
        let attributes = || Attributes::new(&tag[name.len()..]);
        self.recognised = self.recognised || E::is_evidence(kind, attributes());
        let mut place = Place {
            out: self.out,
            line: self.line,
            parent,
            in_case: self.elements.open_case().is_some(),
        };
        self.elements.open(kind, attributes(), &mut place);
        if E::role(kind) == Role::Text {
            let limit = self.elements.limit(kind, self.out.options.max_text);
            let limit = limit.unwrap_or(self.out.suite_text_left());
            let case = self.elements.innermost_case();
            let room = case.map_or(usize::MAX, |case| case.text_room());
            self.texts.push(limit.min(room), &self.out.options);
        }
        let name = hash(local_name(name));
        self.open.push(Open { kind, name });
        if tag.ends_with(b"/") {
            self.close();
        }
    }

    fn text(&mut self, push: impl FnOnce(&mut ReferenceText)) {
        if self
            .open
            .last()
            .is_some_and(|open| E::role(open.kind) == Role::Text)
            && let Some(text) = self.texts.last_mut()
        {
            push(text);
        }
    }

    fn end(&mut self, whole_name: &[u8]) {
        let name = local_name(whole_name);
        let wanted = hash(name);
        let reach = self.open.len().saturating_sub(END_TAG_REACH);
        let inside = self.open[reach..]
            .iter()
            .rev()
            .position(|open| open.name == wanted);
        let in_text = self
            .open
            .last()
            .is_some_and(|open| E::role(open.kind) == Role::Text);
        let shown = || String::from_utf8_lossy(&name[..name.len().min(100)]).into_owned();
        match inside {
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
                (0..=count).for_each(|_| self.close());
            }
        }
    }

    /// Closes the innermost element.
    fn close(&mut self) {
        let Some(Open { kind, .. }) = self.open.pop() else {
            return;
        };
        let mut text = None;
        if E::role(kind) == Role::Text {
            text = self.texts.pop();
            let max_text = self.out.options.max_text;
            if let Some(text) = &text
                && self.elements.limit(kind, max_text).is_none()
            {
                self.out.spend_suite_text(text.len());
            }
            if let Some(case) = self.elements.innermost_case() {
                case.keeps_text(text.as_ref().map_or(0, ReferenceText::len));
            }
        }
        let mut place = Place {
            out: self.out,
            line: self.line,
            parent: self.open.last().map(|open| open.kind),
            in_case: self.elements.open_case().is_some(),
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

/// FNV-1a. Names that collide close each other, which harms nobody but their author.
fn hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
