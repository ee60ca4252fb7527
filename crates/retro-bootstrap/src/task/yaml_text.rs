//! Texts of YAML to values.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::document_error::{Faults, shown};
use super::json_text::place;

/// No document is that deep.
const MAX_DEPTH: usize = 32;

/// What is being built: a list, or a table with the key that waits for its value.
enum Open {
    List(Vec<Value>),
    Table(Map<String, Value>, Option<String>),
}

/// The value of a YAML text of one document, by the core schema of YAML 1.2: `yes` and `off` are texts.
/// Aliases, tags, keys that are no texts and keys that are there twice are faults, so that a value is
/// never larger than its text.
pub(super) fn yaml(text: &str, faults: &Faults) -> Option<Value> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let mark = error.marker();
                faults.refuse(place(mark.line(), mark.col() + 1), error.info());
                return None;
            }
        };
        let built = build(event, &mut open, root.is_some());
        match built {
            Ok(None) => {}
            Ok(Some(value)) => root = Some(value),
            Err(message) => {
                faults.refuse(place(span.start.line(), span.start.col() + 1), message);
                return None;
            }
        }
    }
    root.or_else(|| {
        faults.refuse("", "there is nothing in it");
        None
    })
}

/// Takes one event; the value of the document when it is complete.
fn build(event: Event<'_>, open: &mut Vec<Open>, is_done: bool) -> Result<Option<Value>, String> {
    let value = match event {
        Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {
            return Ok(None);
        }
        Event::DocumentStart(_) if is_done => {
            return Err("there is a second document; keep one".to_owned());
        }
        Event::DocumentStart(_) => return Ok(None),
        Event::Alias(_) => {
            return Err("aliases are not read; write out what it stands for".to_owned());
        }
        Event::Scalar(_, _, _, Some(_))
        | Event::SequenceStart(_, Some(_))
        | Event::MappingStart(_, Some(_)) => {
            return Err("tags are not read; leave it away".to_owned());
        }
        Event::Scalar(text, style, _, None) => {
            if let Some(Open::Table(table, key @ None)) = open.last_mut() {
                if table.contains_key(&*text) {
                    return Err(format!("the key {} is there twice", shown(&text)));
                }
                *key = Some(text.into_owned());
                return Ok(None);
            }
            match style {
                ScalarStyle::Plain => plain(&text),
                _ => Value::String(text.into_owned()),
            }
        }
        Event::SequenceStart(..) | Event::MappingStart(..) => {
            if matches!(open.last(), Some(Open::Table(_, None))) {
                return Err("a key must be a text".to_owned());
            }
            if open.len() == MAX_DEPTH {
                return Err(format!("it is more than {MAX_DEPTH} deep"));
            }
            open.push(match event {
                Event::SequenceStart(..) => Open::List(Vec::new()),
                _ => Open::Table(Map::new(), None),
            });
            return Ok(None);
        }
        Event::SequenceEnd | Event::MappingEnd => match open.pop() {
            Some(Open::List(items)) => Value::Array(items),
            Some(Open::Table(table, _)) => Value::Object(table),
            None => return Err("it ends what was not begun".to_owned()),
        },
    };
    match open.last_mut() {
        None => return Ok(Some(value)),
        Some(Open::List(items)) => items.push(value),
        Some(Open::Table(table, key)) => {
            table.insert(key.take().unwrap_or_default(), value);
        }
    }
    Ok(None)
}

/// A text without quotes, by the core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = digits.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    if !is_number {
        return Value::String(text.to_owned());
    }
    let whole = text.parse::<i64>().ok().map(Value::from);
    let decimal = || {
        let number = text.parse::<f64>().ok()?;
        serde_json::Number::from_f64(number).map(Value::Number)
    };
    whole
        .or_else(decimal)
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Result<Value, &str>) {
        let faults = Faults::default();
        let read = yaml(text, &faults);
        let read = faults
            .or("it", read)
            .map_err(|error| error.faults()[0].to_string());
        match (read, expected) {
            (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{text:?}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{text:?}: {error}"),
            (read, expected) => panic!("{text:?}: {read:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn what_a_playbook_needs_is_read() {
        check("a: 1", Ok(json!({"a": 1})));
        check(
            "---\n- x\n- [1, -2, 2.5, 1e3]\n...\n",
            Ok(json!(["x", [1, -2, 2.5, 1000.0]])),
        );
        check(
            "a: yes\nb: 'true'\nc: true\nd: ~\ne:\n",
            Ok(json!({"a": "yes", "b": "true", "c": true, "d": null, "e": null})),
        );
        check(
            "a: |\n  x\n  y\nb: 1.2.3\n",
            Ok(json!({"a": "x\ny\n", "b": "1.2.3"})),
        );
        check("{\"a\": [\"b\"]}", Ok(json!({"a": ["b"]})));
        check("a: &name b", Ok(json!({"a": "b"})));
    }

    #[test]
    fn what_is_dangerous_or_lost_is_refused() {
        check("", Err("there is nothing in it"));
        check(
            "a: &x [1]\nb: [*x, *x]",
            Err("line 2, column 5: aliases are not read"),
        );
        check(
            "a: 1\na: 2",
            Err("line 2, column 1: the key \"a\" is there twice"),
        );
        check("a: !!binary x", Err("tags are not read"));
        check("? [a]\n: 1", Err("a key must be a text"));
        check("a: 1\n---\nb: 2", Err("there is a second document"));
        check("a: [1", Err("line 2"));
        check("{---", Err("line"));
        check(&"- ".repeat(500_000), Err("more than 32 deep"));
        check(&"[".repeat(100), Err("more than 32 deep"));
        check(&"[".repeat(100_000), Err("recursion limit"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(
            text in prop_oneof![".*", "[-\\[\\]{}:,&*!|>'\"%@`?#a1 \n]{0,40}"],
        ) {
            let _ = yaml(&text, &Faults::default());
        }
    }
}
