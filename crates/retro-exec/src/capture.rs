//! Output files with a cap: the beginning and the end are kept, and a line says what is missing.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};

use crate::error::ExecError;
use crate::finished::Captured;
use crate::invocation::Capture;
use crate::redact::{RedactedStream, Redactor};

/// The text that every truncation line holds.
pub const TRUNCATION_MARKER: &str = "[git-retro: output truncated here: ";

const MARKER_END: &str = " bytes left out]\n";

/// The most bytes kept from the end of a long output.
const LONGEST_TAIL: u64 = 64 * 1024;

/// Where output was left out of a captured file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncation {
    /// The byte at which the truncation line starts, its leading newline included.
    pub at: usize,
    /// The byte after the truncation line: the kept end of the output starts here.
    pub resumes_at: usize,
    /// How many bytes were left out.
    pub left_out: u64,
}

/// Finds the truncation line of a captured file.
///
/// Output can contain a forged one: where that matters, look at
/// [`Captured::marker_at`](crate::Captured::marker_at).
pub fn find_truncation(captured: &[u8]) -> Option<Truncation> {
    let opening = format!("\n{TRUNCATION_MARKER}");
    let opening = opening.as_bytes();
    let at = captured
        .windows(opening.len())
        .position(|window| window == opening)?;
    let number = &captured[at + opening.len()..];
    let digits = number
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let left_out = std::str::from_utf8(&number[..digits]).ok()?.parse().ok()?;
    number[digits..]
        .starts_with(MARKER_END.as_bytes())
        .then_some(Truncation {
            at,
            resumes_at: at + opening.len() + digits + MARKER_END.len(),
            left_out,
        })
}

/// Receives one stream: writes its beginning at once, holds its end in memory until it is known
/// which bytes are the end.
#[derive(Debug)]
pub(crate) struct Sink<W> {
    to: W,
    head_left: u64,
    tail: VecDeque<u8>,
    longest_tail: usize,
    total: u64,
}

impl<W: Write> Sink<W> {
    pub(crate) fn new(to: W, cap: u64) -> Self {
        let tail = LONGEST_TAIL.min(cap / 2);
        Self {
            to,
            head_left: cap - tail,
            tail: VecDeque::new(),
            // At most 64 KiB, so that it fits whatever the size of a pointer.
            longest_tail: tail as usize,
            total: 0,
        }
    }

    /// Takes the next bytes of the stream.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.total = self.total.saturating_add(bytes.len() as u64);
        let here = usize::try_from(self.head_left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let (head, rest) = bytes.split_at(here);
        if !head.is_empty() {
            self.to.write_all(head)?;
            self.head_left -= head.len() as u64;
        }
        let kept = &rest[rest.len().saturating_sub(self.longest_tail)..];
        let too_many = (self.tail.len() + kept.len()).saturating_sub(self.longest_tail);
        self.tail.drain(..too_many);
        self.tail.extend(kept);
        Ok(())
    }

    /// Writes the end of the stream and says what became of it.
    pub(crate) fn finish(mut self, cap: u64) -> io::Result<Captured> {
        let head = cap - self.longest_tail as u64 - self.head_left;
        let left_out = self.total - head - self.tail.len() as u64;
        if left_out > 0 {
            write!(self.to, "\n{TRUNCATION_MARKER}{left_out}{MARKER_END}")?;
        }
        let (first, second) = self.tail.as_slices();
        self.to.write_all(first)?;
        self.to.write_all(second)?;
        self.to.flush()?;
        let truncated = left_out > 0;
        Ok(Captured {
            bytes: self.total,
            truncated,
            marker_at: truncated.then_some(head),
            redacted: 0,
        })
    }
}

/// A sink into the file of a capture, with redaction in front of it, which remembers the first failure
/// instead of stopping the reader: the pipe has to be drained in any case.
#[derive(Debug)]
pub(crate) struct CaptureFile {
    capture: Capture,
    taken: u64,
    redacted: RedactedStream,
    sink: Sink<File>,
    failed: Option<io::Error>,
}

impl CaptureFile {
    pub(crate) fn create(capture: &Capture, redactor: &Redactor) -> Result<Self, ExecError> {
        let file = File::create(&capture.path).map_err(|error| failure(capture, error))?;
        let sink = Sink::new(file, capture.cap);
        Ok(Self {
            capture: capture.clone(),
            taken: 0,
            redacted: redactor.stream(),
            sink,
            failed: None,
        })
    }

    /// Takes the next bytes; false when they cannot be written, now or earlier.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> bool {
        self.taken = self.taken.saturating_add(bytes.len() as u64);
        let (sink, failed) = (&mut self.sink, &mut self.failed);
        self.redacted.take(bytes, |part| {
            if failed.is_none() {
                *failed = sink.take(part).err();
            }
        });
        self.failed.is_none()
    }

    /// All bytes that were taken so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    pub(crate) fn finish(mut self) -> Result<Captured, ExecError> {
        let (sink, failed) = (&mut self.sink, &mut self.failed);
        let redacted = self.redacted.finish(|part| {
            if failed.is_none() {
                *failed = sink.take(part).err();
            }
        });
        match self.failed {
            Some(error) => Err(error),
            None => self.sink.finish(self.capture.cap),
        }
        .map(|captured| Captured {
            redacted,
            ..captured
        })
        .map_err(|error| failure(&self.capture, error))
    }
}

fn failure(capture: &Capture, error: io::Error) -> ExecError {
    let path = capture.path.clone();
    match error.raw_os_error() {
        Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => ExecError::DiskFull { path },
        _ => ExecError::Io {
            doing: format!("writing {}", path.display()),
            source: error,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn captured(cap: u64, chunks: &[&[u8]]) -> (Vec<u8>, Captured) {
        let mut file = Vec::new();
        let mut sink = Sink::new(&mut file, cap);
        for chunk in chunks {
            sink.take(chunk).unwrap();
        }
        let captured = sink.finish(cap).unwrap();
        (file, captured)
    }

    #[test]
    fn output_up_to_the_cap_is_kept_whole() {
        let check = |cap: u64, output: &[u8]| {
            let (file, captured) = captured(cap, &[output]);
            assert_eq!(file, output);
            assert_eq!(captured.bytes, output.len() as u64);
            assert!(!captured.truncated);
            assert_eq!(find_truncation(&file), None);
        };
        check(0, b"");
        check(10, b"");
        check(10, b"0123456789");
        check(u64::MAX, b"0123456789");
    }

    #[test]
    fn longer_output_keeps_both_ends_around_a_marker() {
        let (file, captured) = captured(10, &[b"0123", b"456789abcdef"]);
        let expected = "01234\n[git-retro: output truncated here: 6 bytes left out]\nbcdef";
        assert_eq!(String::from_utf8(file).unwrap(), expected);
        assert_eq!(
            captured,
            Captured {
                bytes: 16,
                truncated: true,
                marker_at: Some(5),
                redacted: 0
            }
        );
    }

    #[test]
    fn a_cap_of_zero_keeps_the_marker_only() {
        let (file, _) = captured(0, &[b"abc"]);
        let found = find_truncation(&file).unwrap();
        assert_eq!(
            found,
            Truncation {
                at: 0,
                resumes_at: file.len(),
                left_out: 3
            }
        );
    }

    #[test]
    fn a_line_that_only_resembles_the_marker_is_not_one() {
        let check = |text: &str| assert_eq!(find_truncation(text.as_bytes()), None);
        check("[git-retro: output truncated here: 6 bytes left out]\n");
        check("a\n[git-retro: output truncated here:  bytes left out]\n");
        check("a\n[git-retro: output truncated here: 6 bytes left ou");
        check("a\n[git-retro: output truncated here: 99999999999999999999 bytes left out]\n");
    }

    proptest! {
        #[test]
        fn however_it_arrives_the_file_holds_the_two_ends(
            chunks in proptest::collection::vec(proptest::collection::vec(97u8..123, 0..40), 0..20),
            cap in 0u64..200,
        ) {
            let output = chunks.concat();
            let parts: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let (file, captured) = captured(cap, &parts);
            let length = output.len() as u64;
            prop_assert_eq!(captured.bytes, length);
            prop_assert_eq!(captured.truncated, length > cap);
            match find_truncation(&file) {
                None => prop_assert_eq!(&file, &output),
                Some(found) => {
                    prop_assert_eq!(captured.marker_at, Some(found.at as u64));
                    prop_assert_eq!(found.left_out, length - cap);
                    prop_assert!(output.starts_with(&file[..found.at]));
                    prop_assert!(output.ends_with(&file[found.resumes_at..]));
                    prop_assert_eq!(found.at + file.len() - found.resumes_at, cap as usize);
                }
            }
        }
    }
}
