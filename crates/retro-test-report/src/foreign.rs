//! Reports of another format in the same stream.

use crate::detect::detect_decoded;
use crate::output::Output;

/// Notices where a stream goes on in another format, and says so once.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    is_told: bool,
}

impl Foreign {
    /// Looks at a line that means nothing in the stream's own format.
    pub(crate) fn look(&mut self, number: u64, line: &str, out: &mut Output<'_>) {
        // Nearly all other lines begin like no report.
        let may_begin = |b: &u8| matches!(b, b'<' | b'{' | b'#' | b'=' | b'-' | b't' | b'T');
        if self.is_told || !line.as_bytes().first().is_some_and(may_begin) {
            return;
        }
        let own = out.summary.format;
        if let Some(format) = detect_decoded(line.as_bytes()).filter(|format| *format != own) {
            self.is_told = true;
            let message = format!(
                "here begins {} in a stream of {}; its tests are not read: give them a file of \
                 their own",
                format.title(),
                own.title()
            );
            out.warn(number, message);
        }
    }
}
