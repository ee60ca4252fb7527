//! One test as it ended.

use std::fmt::Write;

use retro_domain::TestCase;

use super::{Paint, duration, one_line};

/// How a test ended and how long it took; where it is and what it said, when that is known.
pub fn case_lines(case: &TestCase, paint: Paint) -> String {
    let mark = match (case.outcome.is_failure(), case.flaky) {
        (true, _) => paint.bad(case.outcome.name()),
        (false, true) => paint.doubtful("flaky"),
        (false, false) => case.outcome.name().to_owned(),
    };
    let took = case.duration.map(|took| format!(" ({})", duration(took)));
    let name = one_line(&case.id.to_string());
    let mut text = format!("  {mark} {name}{}\n", took.unwrap_or_default());
    if let Some(place) = &case.location {
        let line = place.line.map(|line| format!(":{line}"));
        let line = line.unwrap_or_default();
        let _ = writeln!(text, "      at {}{line}", one_line(&place.file));
    }
    if let Some(message) = &case.message {
        let _ = writeln!(text, "      {}", one_line(message));
    }
    text
}
