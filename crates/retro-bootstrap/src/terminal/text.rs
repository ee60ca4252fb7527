//! Small pieces of text.

use std::time::Duration;

use retro_domain::Timestamp;
use retro_store::RunCommit;
use retro_workflow::document::rfc3339;

use super::Paint;

/// A duration in the two units that matter: `0.42 s`, `12.3 s`, `3 min 5 s`, `2 h 1 min`.
pub fn duration(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..=9 => format!("{:.2} s", length.as_secs_f64()),
        10..=59 => format!("{:.1} s", length.as_secs_f64()),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A size with the unit that fits.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if size < 1024 {
        return format!("{size} B");
    }
    let mut value = size as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// The day of a moment, in UTC.
pub fn date(at: Timestamp) -> String {
    rfc3339(at).chars().take(10).collect()
}

/// Text from elsewhere on one line and without control characters, which could write to the
/// terminal.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(
            word.chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c }),
        );
    }
    line
}

/// At most `width` characters.
pub fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A commit as people know it: short id, subject, author and day.
pub fn commit_line(commit: &RunCommit, paint: Paint) -> String {
    let subject = clip(&one_line(&commit.summary), 72);
    let who = format!(
        "({}, {})",
        one_line(&commit.author),
        date(commit.committed_at)
    );
    format!(
        "{} {subject} {}",
        paint.id(commit.commit.short()),
        paint.dim(who)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_sizes_have_the_unit_that_fits() {
        assert_eq!(duration(Duration::from_millis(420)), "0.42 s");
        assert_eq!(duration(Duration::from_secs(185)), "3 min 5 s");
        assert_eq!(duration(Duration::from_secs(7260)), "2 h 1 min");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(3 << 20), "3.0 MiB");
    }

    #[test]
    fn text_from_elsewhere_cannot_write_to_the_terminal() {
        assert_eq!(one_line("a\x1b[2J\n\tb"), "a\u{fffd}[2J b");
        assert_eq!(clip("abcdef", 4), "abc…");
    }
}
