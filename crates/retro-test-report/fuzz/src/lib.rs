//! What holds of every input, whatever its format.

use retro_test_report::{Collected, Format, Options, parse_with};

/// Reads `data` and checks what is promised of any bytes; `None` finds the format out.
///
/// # Panics
///
/// When a promise is broken.
pub fn check(data: &[u8], format: Option<Format>) {
    let options = Options {
        max_text: 4096,
        subtests: data.len() % 2 == 1,
    };
    let mut whole = Collected::default();
    let read = parse_with(data, format, &options, &mut whole);
    if let Ok(summary) = &read {
        let counted = summary.counts.total() + summary.subtests.total();
        assert!(whole.cases.len() as u64 <= counted, "more cases than counted");
        if !options.subtests {
            assert_eq!(whole.cases.len() as u64, summary.counts.total());
        }
    }
    assert!(whole.warnings.len() <= retro_test_report::MAX_WARNINGS + 1);
    // However the bytes arrive, they mean the same.
    let mut pieces = Collected::default();
    let again = parse_with(Pieces(data, 7), format, &options, &mut pieces);
    assert_eq!(read.is_ok(), again.is_ok());
    assert_eq!(whole, pieces);
}

/// A reader that gives a few bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl std::io::Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let few = self.1.min(buffer.len());
        let count = self.0.read(&mut buffer[..few])?;
        Ok(count)
    }
}

impl std::io::BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(&self.0[..self.0.len().min(self.1)])
    }

    fn consume(&mut self, count: usize) {
        self.0 = &self.0[count..];
    }
}
