//! Cutting a document into tags and texts.

use std::io::{BufRead, ErrorKind};

use super::marks::{Marks, whole_tag};
use super::notices::Notices;
use crate::ParseError;
use crate::encoding::{LONGEST_DECLARATION, name_in};
use crate::kept_text::drop_partial_character;

/// A piece of a document.
#[derive(Debug, PartialEq)]
pub(crate) enum Token<'a> {
    /// A start tag: what is between `<` and `>`, with the slash of an empty element.
    Start(&'a [u8]),
    /// An end tag: its name.
    End(&'a [u8]),
    /// Character data in which references count; one text may come in several pieces.
    Text(&'a [u8]),
    /// Character data in which nothing counts.
    Literal(&'a [u8]),
    /// The declaration `<?xml …?>` that a document begins with. While texts are wanted, only one at
    /// the start of a line: others are part of a text.
    Declaration,
    /// The end of the document.
    Eof,
}

/// How long a tag may be, beside its longest value. A longer one is no tag.
const LONGEST_TAG: usize = 16 << 20;

/// How long a value may always be: names are cut by no limit on texts.
const LONG_VALUE: usize = 64 << 10;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Content,
    /// Inside `<![CDATA[`, with this many brackets held back because they may be its end.
    Cdata(usize),
    /// Inside `<!--`, with this many dashes just before.
    Comment(usize),
}

/// The value of an attribute that is read byte by byte.
#[derive(Default)]
struct Value {
    /// Where in the tag it begins.
    start: usize,
    /// How many of its bytes were left out at its end.
    dropped: u64,
}

enum Start {
    At(usize),
    OnLine(u64),
}

/// Cuts a document into tokens, in one pass and without ever going back.
pub(crate) struct Tokens<R> {
    reader: R,
    state: State,
    /// How much of the reader's buffer was handed out.
    taken: usize,
    /// The last byte of the buffer before this one.
    before: u8,
    /// Where in the buffer the last token begins, or its line when it is not in the buffer.
    start: Start,
    /// The tag being read, from its `<` on.
    tag: Vec<u8>,
    marks: Marks,
    /// The line at `counted`, a place in the buffer.
    line: u64,
    counted: usize,
    cut: bool,
    longest_value: usize,
    notices: Notices,
}

impl<R: BufRead> Tokens<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            state: State::Content,
            taken: 0,
            before: b'\n',
            start: Start::At(0),
            tag: Vec::new(),
            marks: Marks::default(),
            line: 1,
            counted: 0,
            cut: false,
            longest_value: 1 << 20,
            notices: Notices::default(),
        }
    }

    /// The same, with values of attributes kept up to a limit: what is longer is cut, and says so.
    pub(crate) fn keeping(mut self, max_text: usize) -> Self {
        self.longest_value = max_text.max(LONG_VALUE);
        self
    }

    /// The line, from 1, on which the next token begins. Lines are counted when they are asked for.
    pub(crate) fn line(&mut self) -> u64 {
        self.line_at(self.taken)
    }

    /// The line, from 1, on which the last token begins.
    pub(crate) fn token_line(&mut self) -> u64 {
        match self.start {
            Start::At(place) => self.line_at(place),
            Start::OnLine(line) => line,
        }
    }

    fn line_at(&mut self, place: usize) -> u64 {
        let buffer = fill(&mut self.reader).unwrap_or_default();
        let (low, high) = (place.min(self.counted), place.max(self.counted));
        let lines = lines(buffer.get(low..high).unwrap_or_default());
        if place < self.counted {
            self.line -= lines;
        } else {
            self.line += lines;
        }
        self.counted = place;
        self.line
    }

    /// Whether the document ended inside a tag, a comment or a section.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    pub(crate) fn notices(&mut self) -> &mut Notices {
        &mut self.notices
    }

    /// The tag in which the document ended, if it did.
    pub(crate) fn cut_tag(&self) -> &[u8] {
        if self.cut {
            self.tag.strip_prefix(b"<").unwrap_or_default()
        } else {
            b""
        }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token<'_>, ParseError> {
        Ok(self.next_marked(true)?.0)
    }

    /// The next token, and where the parts of a start tag are. Texts are left out unless wanted.
    pub(crate) fn next_marked(
        &mut self,
        wants_text: bool,
    ) -> Result<(Token<'_>, &Marks), ParseError> {
        let piece = self.piece(wants_text)?;
        let token = match piece {
            Piece::Start(from, to) => Token::Start(part(&mut self.reader, from, to)?),
            Piece::End(from, to) => Token::End(end_name(part(&mut self.reader, from, to)?)),
            Piece::Text(from, to) => Token::Text(part(&mut self.reader, from, to)?),
            Piece::Literal(from, to) => Token::Literal(part(&mut self.reader, from, to)?),
            Piece::Brackets(count) => Token::Literal(&b"]]"[..count]),
            Piece::Copied(Kind::Start) => Token::Start(&self.tag[1..]),
            Piece::Copied(Kind::End) => Token::End(end_name(&self.tag[2..])),
            Piece::Copied(Kind::Text) => Token::Text(&self.tag),
            Piece::Copied(Kind::Declaration) => Token::Declaration,
            Piece::Copied(Kind::Eof) => Token::Eof,
        };
        Ok((token, &self.marks))
    }

    fn piece(&mut self, wants_text: bool) -> Result<Piece, ParseError> {
        loop {
            match self.state {
                State::Content => {
                    let from = self.next_byte()?;
                    let buffer = fill(&mut self.reader)?;
                    let buffer = buffer.get(from..).unwrap_or_default();
                    match buffer.first() {
                        None => return Ok(Piece::Copied(Kind::Eof)),
                        Some(b'<') => {
                            if let Some(end) = whole_tag(buffer, &mut self.marks, LONG_VALUE) {
                                self.start = Start::At(from);
                                self.taken = from + end + 1;
                                return Ok(match buffer[1] {
                                    b'/' => Piece::End(from + 2, from + end),
                                    _ => Piece::Start(from + 1, from + end),
                                });
                            }
                        }
                        Some(_) => {
                            let end = memchr::memchr(b'<', buffer).unwrap_or(buffer.len());
                            self.start = Start::At(from);
                            self.taken = from + end;
                            if wants_text {
                                return Ok(Piece::Text(from, from + end));
                            }
                            continue;
                        }
                    }
                    self.marks.clear();
                    match self.markup(wants_text)? {
                        Some(Kind::Text) if !wants_text => {}
                        Some(kind) => return Ok(Piece::Copied(kind)),
                        None => {}
                    }
                }
                State::Cdata(held) => {
                    let from = self.next_byte()?;
                    let buffer = fill(&mut self.reader)?;
                    let buffer = buffer.get(from..).unwrap_or_default();
                    let Some(&first) = buffer.first() else {
                        self.cut = true;
                        self.tag.clear();
                        self.state = State::Content;
                        return Ok(Piece::Brackets(held));
                    };
                    match (held, first) {
                        (2, b'>') => {
                            self.skip(1);
                            self.state = State::Content;
                        }
                        (2, b']') => {
                            self.skip(1);
                            return Ok(Piece::Brackets(1));
                        }
                        (0 | 1, b']') => {
                            self.skip(1);
                            self.state = State::Cdata(held + 1);
                        }
                        (0, _) => {
                            let end = memchr::memchr(b']', buffer).unwrap_or(buffer.len());
                            self.start = Start::At(from);
                            self.taken = from + end;
                            return Ok(Piece::Literal(from, from + end));
                        }
                        _ => {
                            self.state = State::Cdata(0);
                            return Ok(Piece::Brackets(held));
                        }
                    }
                }
                State::Comment(dashes) => {
                    let buffer = self.rest()?;
                    let Some(&first) = buffer.first() else {
                        self.cut = true;
                        self.tag.clear();
                        self.state = State::Content;
                        return Ok(Piece::Copied(Kind::Eof));
                    };
                    let (skip, state) = match (dashes, first) {
                        (2, b'>') => (1, State::Content),
                        (_, b'-') => (1, State::Comment(2.min(dashes + 1))),
                        _ => {
                            let next = memchr::memchr(b'-', buffer).unwrap_or(buffer.len());
                            (next, State::Comment(0))
                        }
                    };
                    self.skip(skip);
                    self.state = state;
                }
            }
        }
    }

    /// Reads what starts with `<`. `None` when it was something to skip, or the start of a
    /// section, which the state then says.
    fn markup(&mut self, in_text: bool) -> Result<Option<Kind>, ParseError> {
        self.start = Start::OnLine(self.line());
        self.tag.clear();
        let begins_line = self.begins_line()?;
        self.take_byte()?;
        match self.peek()? {
            None => {
                self.cut = true;
                Ok(Some(Kind::Text))
            }
            Some(b'/') => self.tag(Kind::End),
            Some(b'_' | b':' | b'a'..=b'z' | b'A'..=b'Z' | 0x80..) => self.tag(Kind::Start),
            Some(b'?') if in_text && !begins_line => Ok(self.skip_to_end()?.then_some(Kind::Eof)),
            Some(b'?') => self.instruction(in_text),
            Some(b'!') => self.declaration(),
            Some(0) if !in_text => self.wide_tag(),
            Some(_) => Ok(Some(Kind::Text)),
        }
    }

    /// Reads a tag up to its `>`. A quote counts after `=` only, and a `<` outside of a quoted
    /// value shows that this was no tag but text.
    fn tag(&mut self, kind: Kind) -> Result<Option<Kind>, ParseError> {
        enum Inside {
            Names,
            Equals,
            Value(u8),
        }
        let (mut inside, mut value) = (Inside::Names, Value::default());
        loop {
            let buffer = self.rest()?;
            if buffer.is_empty() {
                self.cut = true;
                return Ok(Some(Kind::Eof));
            }
            let found = match inside {
                Inside::Names => memchr::memchr3(b'>', b'<', b'=', buffer),
                Inside::Equals => buffer.iter().position(|b| !b.is_ascii_whitespace()),
                Inside::Value(quote) => memchr::memchr(quote, buffer),
            };
            let (len, byte) = (found.unwrap_or(buffer.len()), found.map(|at| buffer[at]));
            match inside {
                Inside::Value(_) => self.take_of_value(len, &mut value)?,
                _ => self.take(len)?,
            }
            match (inside, byte) {
                (still, None) => {
                    inside = still;
                    continue;
                }
                (Inside::Names | Inside::Equals, Some(b'>')) => {
                    self.skip(1);
                    return Ok(Some(kind));
                }
                (Inside::Names | Inside::Equals, Some(b'<')) => return Ok(Some(Kind::Text)),
                (Inside::Names, _) => inside = Inside::Equals,
                (Inside::Equals, Some(quote @ (b'"' | b'\''))) => {
                    inside = Inside::Value(quote);
                    value = Value {
                        start: self.tag.len() + 1,
                        dropped: 0,
                    };
                }
                (Inside::Equals, _) => inside = Inside::Names,
                (Inside::Value(_), _) => {
                    inside = Inside::Names;
                    if value.dropped > 0 {
                        drop_partial_character(&mut self.tag);
                        let marker = format!(" [cut here: {} more bytes]", value.dropped);
                        self.tag.extend_from_slice(marker.as_bytes());
                    }
                }
            }
            self.take_byte()?;
        }
    }

    /// Takes bytes of a value as long as there is room.
    fn take_of_value(&mut self, count: usize, value: &mut Value) -> Result<(), ParseError> {
        let kept = match value.dropped {
            0 => count.min(
                value
                    .start
                    .saturating_add(self.longest_value)
                    .saturating_sub(self.tag.len()),
            ),
            _ => 0,
        };
        self.take(kept)?;
        self.skip(count - kept);
        value.dropped += (count - kept) as u64;
        Ok(())
    }

    /// Reads what starts with `<!`.
    fn declaration(&mut self) -> Result<Option<Kind>, ParseError> {
        self.take_byte()?;
        const CDATA: &[u8] = b"<![CDATA[";
        const COMMENT: &[u8] = b"<!--";
        loop {
            if self.tag == CDATA {
                self.state = State::Cdata(0);
                return Ok(None);
            }
            if self.tag == COMMENT {
                self.state = State::Comment(0);
                return Ok(None);
            }
            let Some(byte) = self.peek()? else {
                self.cut = true;
                return Ok(Some(Kind::Eof));
            };
            let fits = |wanted: &[u8]| {
                wanted.starts_with(&self.tag) && wanted.get(self.tag.len()) == Some(&byte)
            };
            if fits(CDATA) || fits(COMMENT) {
                self.take_byte()?;
            } else if self.tag.len() == 2 && byte.is_ascii_alphabetic() {
                return Ok(self.skip_document_type()?.then_some(Kind::Eof));
            } else {
                return Ok(Some(Kind::Text));
            }
        }
    }

    /// Reads what starts with `<?`, of which only the declaration of a document counts, and of that
    /// the encoding, which in a text may be anybody's.
    fn instruction(&mut self, in_text: bool) -> Result<Option<Kind>, ParseError> {
        let line = self.line();
        loop {
            let room = LONGEST_DECLARATION.saturating_sub(self.tag.len());
            let buffer = self.rest()?;
            let end = memchr::memchr(b'>', buffer).unwrap_or(buffer.len());
            if room == 0 || end < buffer.len() || buffer.is_empty() {
                self.take(end.min(room))?;
                break;
            }
            self.take(end.min(room))?;
        }
        let is_cut = self.skip_to_end()?;
        let declaration = self.tag.strip_prefix(b"<?xml");
        let declaration =
            declaration.filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace));
        let declared = declaration.and_then(name_in);
        let is_declaration = declaration.is_some();
        self.tag.clear();
        if let Some(name) = declared.filter(|_| !in_text) {
            self.notices.declared(line, name);
        }
        Ok(match (is_cut, is_declaration) {
            (true, _) => Some(Kind::Eof),
            (false, true) => Some(Kind::Declaration),
            (false, false) => None,
        })
    }

    /// Whether the next byte is the first one of its line.
    fn begins_line(&mut self) -> Result<bool, ParseError> {
        let buffer = fill(&mut self.reader)?;
        let last = match self.taken.checked_sub(1) {
            Some(at) => buffer.get(at).copied(),
            None => Some(self.before),
        };
        Ok(matches!(last, Some(b'\n' | b'\r')))
    }

    /// Reads the text that is `<` and a zero byte: the beginning of a tag in UTF-16, when a letter
    /// and another zero byte follow.
    fn wide_tag(&mut self) -> Result<Option<Kind>, ParseError> {
        self.take_byte()?;
        if let Some(b'?' | b'!' | b'/' | b'a'..=b'z' | b'A'..=b'Z') = self.peek()? {
            self.take_byte()?;
            if self.peek()? == Some(0) {
                let line = self.line();
                self.notices.wide.get_or_insert(line);
            }
        }
        Ok(Some(Kind::Text))
    }

    /// Skips to the next `>`; true when the document ends before.
    fn skip_to_end(&mut self) -> Result<bool, ParseError> {
        loop {
            let buffer = self.rest()?;
            if buffer.is_empty() {
                self.cut = true;
                return Ok(true);
            }
            let found = memchr::memchr(b'>', buffer);
            let skip = found.map_or(buffer.len(), |at| at + 1);
            self.skip(skip);
            if found.is_some() {
                return Ok(false);
            }
        }
    }

    /// Skips a document type with its definitions, none of which is ever used; true when the
    /// document ends before.
    fn skip_document_type(&mut self) -> Result<bool, ParseError> {
        let (mut depth, mut quote, mut recent) = (0_u32, None, [0_u8; 4]);
        // The end of the comment or the processing instruction that is open.
        let mut skipped: Option<&[u8]> = None;
        while let Some(byte) = self.peek()? {
            self.skip(1);
            recent = [recent[1], recent[2], recent[3], byte];
            match quote {
                _ if skipped.is_some() => skipped = skipped.filter(|end| !recent.ends_with(end)),
                Some(open) => quote = Some(open).filter(|&open| open != byte),
                None => match byte {
                    b'-' if recent == *b"<!--" => skipped = Some(b"-->"),
                    b'?' if recent.ends_with(b"<?") => skipped = Some(b"?>"),
                    b'"' | b'\'' => quote = Some(byte),
                    b'[' => depth += 1,
                    b']' => depth = depth.saturating_sub(1),
                    b'>' if depth == 0 => return Ok(false),
                    _ => {}
                },
            }
        }
        self.cut = true;
        Ok(true)
    }

    fn peek(&mut self) -> Result<Option<u8>, ParseError> {
        Ok(self.rest()?.first().copied())
    }

    fn take_byte(&mut self) -> Result<(), ParseError> {
        self.take(1)
    }

    /// Moves bytes from the reader's buffer to the tag.
    fn take(&mut self, count: usize) -> Result<(), ParseError> {
        let buffer = fill(&mut self.reader)?;
        let bytes = buffer.get(self.taken..self.taken + count);
        self.tag.extend_from_slice(bytes.unwrap_or_default());
        self.taken += count;
        if self.tag.len() > self.longest_value.saturating_add(LONGEST_TAG) {
            let why = format!("a tag of more than {} MiB", LONGEST_TAG >> 20);
            return Err(ParseError::Malformed {
                line: self.line(),
                why,
            });
        }
        Ok(())
    }

    /// What is buffered and not handed out; empty at the end of the document.
    #[inline]
    fn rest(&mut self) -> Result<&[u8], ParseError> {
        let from = self.next_byte()?;
        let buffer = fill(&mut self.reader)?;
        Ok(buffer.get(from..).unwrap_or_default())
    }

    /// The place in the buffer of what was not handed out. The buffer is a new one when all of the
    /// last one was.
    #[inline]
    fn next_byte(&mut self) -> Result<usize, ParseError> {
        let buffer = fill(&mut self.reader)?;
        let len = buffer.len();
        if self.taken >= len
            && let Some(&last) = buffer.last()
        {
            self.before = last;
            self.line();
            self.reader.consume(len);
            (self.taken, self.counted) = (0, 0);
        }
        Ok(self.taken)
    }

    fn skip(&mut self, count: usize) {
        self.taken += count;
    }
}

/// A token by its places in the buffer, so that it borrows nothing.
enum Piece {
    Start(usize, usize),
    End(usize, usize),
    Text(usize, usize),
    Literal(usize, usize),
    /// So many closing brackets that were held back.
    Brackets(usize),
    /// In the buffer of tags.
    Copied(Kind),
}

#[derive(Clone, Copy)]
enum Kind {
    Start,
    End,
    Text,
    Declaration,
    Eof,
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn end_name(tag: &[u8]) -> &[u8] {
    tag.trim_ascii_end()
}

#[inline]
fn part<R: BufRead>(reader: &mut R, from: usize, to: usize) -> Result<&[u8], ParseError> {
    Ok(fill(reader)?.get(from..to).unwrap_or_default())
}

#[inline]
fn fill<R: BufRead>(reader: &mut R) -> Result<&[u8], ParseError> {
    while let Err(error) = reader.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error.into());
        }
    }
    Ok(reader.fill_buf()?)
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
