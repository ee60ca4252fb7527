//! Lines of a text, with a limit on how much of one line is kept.

use std::io::{self, BufRead, ErrorKind};

use crate::kept_text::drop_partial_character;

/// Reads lines. A line inside the reader's buffer is not copied; one longer than the limit loses
/// what is beyond it, and says so at its end.
pub(crate) struct Lines<R> {
    reader: R,
    limit: usize,
    /// Bytes of the reader's buffer that belong to the line handed out last.
    pending: usize,
    joined: Vec<u8>,
    ended: bool,
    cut: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R, limit: usize) -> Self {
        Self {
            reader,
            limit,
            pending: 0,
            joined: Vec::new(),
            ended: true,
            cut: false,
        }
    }

    /// Whether the line handed out last had a line end.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the line handed out last was longer than the limit.
    pub(crate) fn was_cut(&self) -> bool {
        self.cut
    }

    /// The next line without its line end, or `None` after the last one.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        Ok(self.next_and_end()?.map(|(line, _)| line))
    }

    /// As [`next`](Self::next), with whether the line had an end: the last one of a file that was
    /// cut has none.
    pub(crate) fn next_and_end(&mut self) -> io::Result<Option<(&[u8], bool)>> {
        self.reader.consume(std::mem::take(&mut self.pending));
        self.joined.clear();
        self.cut = false;
        let (mut any, mut dropped) = (false, 0);
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let (len, end) = (buffer.len(), memchr::memchr(b'\n', buffer));
            if let Some(end) = end.filter(|&end| !any && end <= self.limit) {
                self.pending = end + 1;
                self.ended = true;
                // The borrow checker does not see that this arm returns, so the buffer is asked
                // for again; it is the same one.
                let line = &self.reader.fill_buf()?[..end];
                return Ok(Some((without_return(line), true)));
            }
            let part = end.unwrap_or(len);
            any |= len > 0;
            let kept = part.min(self.limit.saturating_sub(self.joined.len()));
            self.joined.extend_from_slice(&buffer[..kept]);
            dropped += part - kept;
            self.reader.consume(end.map_or(len, |end| end + 1));
            if end.is_some() || len == 0 {
                self.ended = end.is_some();
                self.cut = dropped > 0;
                if self.cut {
                    drop_partial_character(&mut self.joined);
                    let marker = format!(" [cut here: {dropped} more bytes]");
                    self.joined.extend_from_slice(marker.as_bytes());
                }
                return Ok(any.then(|| (without_return(&self.joined), end.is_some())));
            }
        }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn lines_are_the_same_however_the_buffer_cuts_them() {
        for capacity in [1, 2, 3, 5, 100] {
            let text = &b"on\r\n\ntwo\nlast"[..];
            let mut lines = Lines::new(BufReader::with_capacity(capacity, text), 3);
            let mut seen = Vec::new();
            while let Some(line) = lines.next().unwrap() {
                seen.push(String::from_utf8(line.to_vec()).unwrap());
            }
            let last = "las [cut here: 1 more bytes]";
            assert_eq!(seen, ["on", "", "two", last], "{capacity}");
        }
    }
}
