//! What the output of a Go test says about its result.

use retro_domain::{Location, Outcome, TestCase};

use crate::kept_text::{first_line, trimmed};

/// Gives a case its output, and what the output says: message, place, detail.
pub(super) fn describe(case: &mut TestCase, output: Option<String>) {
    if let Some(text) = output.as_deref() {
        match case.outcome {
            Outcome::Passed => {}
            Outcome::Skipped => skipped(case, text),
            Outcome::Failed | Outcome::Errored => failed(case, text),
        }
    }
    case.stdout = output;
}

/// The reason is what was logged last.
fn skipped(case: &mut TestCase, text: &str) {
    let mut lines = text.lines().filter_map(logged);
    if let Some((location, said)) = lines.next_back() {
        case.location = Some(location);
        case.message = first_line(said);
    }
}

fn failed(case: &mut TestCase, text: &str) {
    let mut at = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let after = &text[at + line.len()..];
        if let Some(message) = panic_message(line) {
            found = Some((at, Some(message), panic_place(after)));
            break;
        }
        if found.is_none()
            && let Some((location, said)) = logged(line)
        {
            found = Some((at, message(said, after), Some(location)));
        }
        at += line.len();
    }
    let (start, message, location) = found.unwrap_or_else(|| (0, example(text), None));
    let is_own = |place: &Location| place.file != "testing.go";
    case.location = location.filter(is_own);
    if case.message.is_none() {
        case.message = message.or_else(|| first_line(text));
    }
    let detail = trimmed(&text[start..]);
    case.detail = (!detail.is_empty()).then(|| detail.to_owned());
}

/// `    some_test.go:12: what was logged`
fn logged(line: &str) -> Option<(Location, &str)> {
    let line = line.trim_start();
    let at = line.find(".go:")? + ".go".len();
    let file = &line[..at];
    if file.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(')) {
        return None;
    }
    let rest = &line[at + 1..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest[..digits].parse().ok()?;
    let said = rest[digits..].strip_prefix(':')?;
    let location = Location {
        file: file.to_owned(),
        line: Some(number),
    };
    Some((location, said.trim()))
}

/// What a logged text says first; an assertion's library may begin with an empty line.
fn message(said: &str, after: &str) -> Option<String> {
    if let Some(line) = first_line(said).filter(|line| !line.starts_with("Error Trace:")) {
        return Some(line);
    }
    let mut lines = after.lines().take(40);
    let first = lines.clone().find(|line| !line.trim().is_empty())?.trim();
    // testify: `Error:` and what continues it in the same column.
    let mut error = None;
    for line in lines.by_ref() {
        if let Some(text) = line.trim().strip_prefix("Error:") {
            error = Some(text.trim().to_owned());
            break;
        }
        if logged(line).is_some() && !line.contains("Error Trace:") && !line.starts_with("        ")
        {
            break;
        }
    }
    let Some(mut text) = error else {
        return first_line(first);
    };
    for line in lines.map(str::trim).take(3) {
        let is_field = ["Test:", "Messages:", "Error Trace:", "Diff:"]
            .iter()
            .any(|field| line.starts_with(field));
        if is_field || line.is_empty() || logged(line).is_some() {
            break;
        }
        text.push(' ');
        text.push_str(line);
    }
    first_line(&text)
}

/// What a line says about a panic.
pub(super) fn panic_message(line: &str) -> Option<String> {
    let line = line.trim_end();
    ["panic: ", "fatal error: ", "SIGQUIT: "]
        .iter()
        .any(|start| line.starts_with(start))
        .then(|| {
            let line = line.strip_suffix(" [recovered]").unwrap_or(line);
            first_line(line)
        })?
}

/// Whether a line may say why a test failed.
pub(super) fn is_reason(line: &str) -> bool {
    logged(line).is_some() || panic_message(line).is_some()
}

/// The first frame of a test's own code.
fn panic_place(trace: &str) -> Option<Location> {
    trace.lines().take(1000).find_map(|line| {
        let line = line.strip_prefix('\t')?;
        let at = line.find("_test.go:")? + "_test.go".len();
        let rest = &line[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        Some(Location {
            file: line[..at].to_owned(),
            line: Some(rest[..digits].parse().ok()?),
        })
    })
}

/// An example that printed something else: `got:` and `want:` with texts below.
fn example(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("got:\n")?;
    let (got, want) = rest.split_once("want:\n")?;
    let got = first_line(got).unwrap_or_default();
    let want = first_line(want).unwrap_or_default();
    Some(format!("got {got:?}, want {want:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use retro_domain::TestId;

    fn check(outcome: Outcome, text: &str, message: &str, place: Option<(&str, u32)>) {
        let mut case = TestCase::new(TestId::named("a"), outcome);
        describe(&mut case, Some(text.to_owned()));
        assert_eq!(case.message.as_deref(), Some(message), "{text}");
        let place = place.map(|(file, line)| Location {
            file: file.into(),
            line: Some(line),
        });
        assert_eq!(case.location, place, "{text}");
        assert_eq!(case.stdout.as_deref(), Some(text));
    }

    #[test]
    fn the_first_useful_line_is_the_message() {
        use Outcome::{Failed, Skipped};
        check(
            Failed,
            "printed\n    a_test.go:10: 1 is not 2\n        more\n    a_test.go:11: x\n",
            "1 is not 2",
            Some(("a_test.go", 10)),
        );
        check(
            Skipped,
            "    a_test.go:10: a log\n    a_test.go:12: no network\n",
            "no network",
            Some(("a_test.go", 12)),
        );
        check(
            Failed,
            "    a_test.go:9: \n        \tError Trace:\t/x/a_test.go:9\n        \tError:      \tNot equal: \n        \t            \texpected: 1\n        \t            \tactual  : 2\n        \tTest:       \tTestA\n",
            "Not equal: expected: 1 actual  : 2",
            Some(("a_test.go", 9)),
        );
        check(
            Failed,
            "    a_test.go:3: log\npanic: boom [recovered]\n\tpanic: boom\n\ngoroutine 7 [running]:\ntesting.x(0x1)\n\t/go/testing.go:9 +0x1\na.TestA(0x1)\n\t/src/a_test.go:33 +0x2\n",
            "panic: boom",
            Some(("/src/a_test.go", 33)),
        );
        check(Failed, "got:\na\nwant:\nb\n", "got \"a\", want \"b\"", None);
        check(
            Failed,
            "    testing.go:853: race detected during execution of test\n",
            "race detected during execution of test",
            None,
        );
        check(Failed, "only this\n", "only this", None);
    }
}
