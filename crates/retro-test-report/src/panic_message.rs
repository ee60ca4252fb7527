//! What a Rust panic says about itself.

use retro_domain::Location;

use crate::kept_text::first_line;

/// A panic found in a test's output.
#[derive(Debug, PartialEq)]
pub(crate) struct Panic {
    pub(crate) message: Option<String>,
    pub(crate) location: Option<Location>,
}

/// The first panic in a text.
///
/// Reads both `panicked at FILE:LINE:COLUMN:` with the message on the next lines, and the older
/// `panicked at 'MESSAGE', FILE:LINE:COLUMN`.
pub(crate) fn find_panic(text: &str) -> Option<Panic> {
    let Some((_, after)) = text.split_once(" panicked at ") else {
        return missing_panic(text);
    };
    let line = after.lines().next().unwrap_or_default();
    if let Some(location) = line.strip_suffix(':').and_then(location) {
        let message = after.split_once('\n').map(|(_, rest)| rest);
        let message = message
            .and_then(first_line)
            .filter(|line| !line.starts_with("note: "));
        return Some(Panic {
            message,
            location: Some(location),
        });
    }
    // An old message may have several lines; its place follows the quote that closes it.
    let quoted = after.strip_prefix('\'')?;
    let end = quoted.match_indices("', ").find_map(|(at, close)| {
        let place = quoted[at + close.len()..].lines().next()?;
        location(place.trim_end()).map(|location| (at, location))
    });
    let (message, location) = match end {
        Some((at, location)) => (&quoted[..at], Some(location)),
        None => (quoted.lines().next().unwrap_or_default(), None),
    };
    Some(Panic {
        message: first_line(message),
        location,
    })
}

/// What a failed test's output says in one line, and where: its panic's own message, or else the
/// first line that is no head of a panic, which names a thread by a number that is never the same.
pub(crate) fn failure_message(text: &str) -> (Option<String>, Option<Location>) {
    let panic = find_panic(text);
    let (said, location) = panic.map_or((None, None), |panic| (panic.message, panic.location));
    let plain = || {
        let lines = text
            .lines()
            .filter(|line| !is_head(line) && !line.starts_with("note: "));
        lines
            .filter_map(first_line)
            .next()
            .map(|line| without_number(&line))
    };
    let said = said.or_else(plain);
    let bare = || {
        text.contains(" panicked at ")
            .then(|| "panicked".to_owned())
    };
    (said.or_else(bare), location)
}

/// `thread 'NAME' (NUMBER) panicked at PLACE`
fn is_head(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("thread ") && line.contains(" panicked at ")
}

/// A message without the head of a panic: what follows it on the next lines, or in `detail`.
pub(crate) fn without_head(message: &str, detail: Option<&str>) -> Option<String> {
    let line = first_line(message)?;
    if !is_head(&line) {
        return Some(without_number(&line));
    }
    let own = find_panic(message).and_then(|panic| panic.message);
    own.or_else(|| detail.and_then(find_panic)?.message)
        .or_else(|| Some(without_number(&line)))
}

/// `thread 'NAME' (NUMBER) …` without the number.
fn without_number(head: &str) -> String {
    if !head.starts_with("thread '") {
        return head.to_owned();
    }
    let Some((start, rest)) = head.split_once("' (") else {
        return head.to_owned();
    };
    match rest.split_once(") ") {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{start}' {rest}")
        }
        _ => head.to_owned(),
    }
}

/// A test that should have panicked and did not.
fn missing_panic(text: &str) -> Option<Panic> {
    const WORDS: &str = "test did not panic as expected";
    let (_, after) = text.split_once(WORDS)?;
    let place = after
        .lines()
        .next()
        .unwrap_or_default()
        .strip_prefix(" at ");
    Some(Panic {
        message: Some(WORDS.to_owned()),
        location: place.and_then(location),
    })
}

/// `FILE:LINE:COLUMN` or `FILE:LINE`.
fn location(text: &str) -> Option<Location> {
    let (rest, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    let (file, line) = match rest
        .rsplit_once(':')
        .map(|(file, line)| (file, line.parse::<u32>()))
    {
        Some((file, Ok(line))) => (file, line),
        _ => (rest, last),
    };
    let plain = !file.is_empty() && !file.contains('\'');
    plain.then(|| Location {
        file: file.to_owned(),
        line: Some(line),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, message: Option<&str>, place: Option<(&str, u32)>) {
        let panic = find_panic(text).unwrap();
        let location = place.map(|(file, line)| Location {
            file: file.into(),
            line: Some(line),
        });
        assert_eq!(
            panic,
            Panic {
                message: message.map(Into::into),
                location
            },
            "{text}"
        );
    }

    #[test]
    fn messages_have_no_numbers_of_threads() {
        let check = |text: &str, expected: &str| {
            let (message, _) = failure_message(text);
            assert_eq!(message.as_deref(), Some(expected), "{text}");
        };
        let head = "thread 'a' (4711) panicked at src/lib.rs:1:2";
        check(&format!("\n{head}:\nboom\n"), "boom");
        check(&format!("{head}:\nnote: run with"), "panicked");
        check(&format!("out\n{head}:\n\nnote: run with"), "out");
        check(
            "thread 'a' (4711) has overflowed its stack",
            "thread 'a' has overflowed its stack",
        );
        check("Error: \"e\"\n", "Error: \"e\"");
        let joined = |message: &str, detail| without_head(message, detail);
        let detail = format!("{head}:\nassertion failed: x\n");
        assert_eq!(
            joined(head, Some(&detail)).as_deref(),
            Some("assertion failed: x")
        );
        assert_eq!(
            joined(&detail, None).as_deref(),
            Some("assertion failed: x")
        );
        assert_eq!(
            joined(head, None).as_deref(),
            Some("thread 'a' panicked at src/lib.rs:1:2")
        );
        assert_eq!(joined("plain", Some(&detail)).as_deref(), Some("plain"));
    }

    #[test]
    fn panics_of_all_ages_are_read() {
        let new = "\nthread 'a::b' panicked at src/lib.rs:10:5:\nassertion failed: x\n  left: 1\n";
        check(new, Some("assertion failed: x"), Some(("src/lib.rs", 10)));
        let numbered = "thread 'a' (4711) panicked at C:\\x\\lib.rs:1:2:\nboom";
        check(numbered, Some("boom"), Some(("C:\\x\\lib.rs", 1)));
        let old = "thread 'a' panicked at 'it's, 'so', bad', src/lib.rs:3:4\nnote: run with";
        check(old, Some("it's, 'so', bad"), Some(("src/lib.rs", 3)));
        let old_lines = "thread 'a' panicked at 'assertion failed\n  left: `1`', src/lib.rs:3:4";
        check(old_lines, Some("assertion failed"), Some(("src/lib.rs", 3)));
        check("thread 'a' panicked at 'no place", Some("no place"), None);
        check(
            "thread 'a' panicked at a.rs:1:1:\nnote: run with",
            None,
            Some(("a.rs", 1)),
        );
        let missing = "note: test did not panic as expected at src/lib.rs:29:46";
        check(
            missing,
            Some("test did not panic as expected"),
            Some(("src/lib.rs", 29)),
        );
        assert_eq!(find_panic("all is well"), None);
    }
}
