//! What .NET stack traces and messages tell.

use retro_domain::Location;

/// How many lines of a trace are looked at.
const MOST_LINES: usize = 500;

/// The place of the frame that is in `method`, or of the first frame that has one.
///
/// Frames are `at Class.Method() in FILE:line 12`, the words `at`, `in` and `line` in the language
/// of the machine, or Mono's `at Class.Method () [0x00000] in FILE:12`.
pub(crate) fn place(trace: &str, method: &str) -> Option<Location> {
    let mut first = None;
    for line in trace.lines().take(MOST_LINES) {
        let Some(location) = frame(line) else {
            continue;
        };
        let is_wanted = line.match_indices(method).any(|(at, _)| {
            let after = &line[at + method.len()..];
            line[..at].ends_with(['.', '+']) && after.trim_start().starts_with(['(', '<', '['])
        });
        if is_wanted {
            return Some(location);
        }
        first = first.or(Some(location));
    }
    first
}

fn frame(line: &str) -> Option<Location> {
    let (call, rest) = line.trim().split_once(')')?;
    call.contains('(').then_some(())?;
    // The offset of Mono, then the word for `in`.
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(offset) => offset.split_once(']')?.1.trim_start(),
        None => rest,
    };
    let (word, place) = rest.split_once(' ')?;
    word.chars().all(char::is_alphabetic).then_some(())?;
    let (file, number) = place.rsplit_once(':')?;
    let digits = number.trim_start_matches(|c: char| !c.is_ascii_digit());
    let line = digits
        .trim_end_matches(['.', ' '])
        .parse()
        .ok()
        .filter(|line| *line > 0);
    let is_file = !file.is_empty() && !file.starts_with('<');
    is_file.then(|| Location {
        file: file.to_owned(),
        line,
    })
}

/// The type of an exception that a message begins with: `System.Exception : it broke`, or after
/// the words with which MSTest begins.
pub(crate) fn exception(message: &str) -> Option<String> {
    let mut lines = message.trim_start().lines();
    let mut first = lines.next()?;
    if first.trim_end().ends_with("threw exception:") {
        first = lines.next()?;
    }
    let (name, _) = first.split_once(':')?;
    let name = name.trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '`');
    (name.contains('.') && name.len() <= 200 && name.chars().all(is_name)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trace: &str, method: &str, expected: Option<(&str, Option<u32>)>) {
        let seen = place(trace, method);
        let seen = seen.as_ref().map(|l| (l.file.as_str(), l.line));
        assert_eq!(seen, expected, "{trace}");
    }

    #[test]
    fn the_frame_of_the_test_tells_the_place() {
        let trace = "   at Lib.Check(Int32 a) in C:\\lib\\Check.cs:line 3\n   \
                     at Tests.Sums.AddsMore() in C:\\t\\Sums.cs:line 5\n   \
                     at Tests.Sums.Adds(Int32 a) in C:\\t\\Sums.cs:line 12\n   \
                     at System.Reflection.Invoke()\n";
        check(trace, "Adds", Some(("C:\\t\\Sums.cs", Some(12))));
        check(trace, "Other", Some(("C:\\lib\\Check.cs", Some(3))));
        check("at A.B () [0x00000] in <f00>:0", "B", None);
        check(
            "at A.B () [0x00000] in /t/B.cs:7 ",
            "B",
            Some(("/t/B.cs", Some(7))),
        );
        check(
            "   bei A.B() in C:\\B.cs:Zeile 7.",
            "B",
            Some(("C:\\B.cs", Some(7))),
        );
        check("no trace (at all) here", "B", None);
        check("", "", None);
    }

    #[test]
    fn a_message_may_begin_with_an_exception() {
        for (message, expected) in [
            ("System.Exception : it broke", Some("System.Exception")),
            ("My.Own_Exception`1: x\ny", Some("My.Own_Exception`1")),
            (
                "Test method A.B threw exception: \nSystem.Exception: x",
                Some("System.Exception"),
            ),
            ("Expected: 1", None),
            ("it broke: System.Exception", None),
            ("", None),
        ] {
            assert_eq!(exception(message).as_deref(), expected, "{message}");
        }
    }
}
