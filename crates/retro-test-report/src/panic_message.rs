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
