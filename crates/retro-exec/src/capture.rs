//! Output files with a cap.

/// The text that every truncation line holds.
pub const TRUNCATION_MARKER: &str = "[git-retro: output truncated here: ";

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
    let text = TRUNCATION_MARKER.as_bytes();
    let found = captured
        .windows(text.len())
        .position(|window| window == text)?;
    let number = &captured[found + text.len()..];
    let digits = number
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let left_out = std::str::from_utf8(&number[..digits]).ok()?.parse().ok()?;
    let rest = b" bytes left out]\n";
    number[digits..].starts_with(rest).then_some(())?;
    let at = found
        .checked_sub(1)
        .filter(|&before| captured[before] == b'\n')?;
    Some(Truncation {
        at,
        resumes_at: found + text.len() + digits + rest.len(),
        left_out,
    })
}
