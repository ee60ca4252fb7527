//! What tests say about themselves in their output: `[[ATTACHMENT|path]]` and
//! `[[PROPERTY|name=value]]`.

use retro_domain::Attachment;

/// What was found in one text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Directives {
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) properties: Vec<(String, String)>,
    /// How many there were beyond the limit.
    pub(crate) left_out: u64,
}

/// Finds the directives of a text, at most `most` of each kind.
pub(crate) fn directives(text: &str, most: usize) -> Directives {
    let mut found = Directives::default();
    let bytes = text.as_bytes();
    if !memchr::memchr_iter(b'[', bytes).any(|at| bytes.get(at + 1) == Some(&b'[')) {
        return found;
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("[[") {
        // Only what follows the opening itself is looked at, so that the search stays linear.
        let body = after
            .strip_prefix("ATTACHMENT|")
            .map(|body| (true, body))
            .or_else(|| after.strip_prefix("PROPERTY|").map(|body| (false, body)));
        let Some((is_attachment, body)) = body else {
            rest = after;
            continue;
        };
        let Some((body, after)) = body.split_once("]]") else {
            break;
        };
        if is_attachment && found.attachments.len() < most {
            found.attachments.extend(attachment(body));
        } else if !is_attachment && found.properties.len() < most {
            let (name, value) = body.split_once(['=', '\n']).unwrap_or((body, ""));
            found
                .properties
                .push((name.trim().to_owned(), value.trim().to_owned()));
        } else {
            found.left_out += 1;
        }
        rest = after;
    }
    found
}

/// The directives of a text that consists of them, one to a line; `None` for any other text.
pub(crate) fn only_directives(text: &str, most: usize) -> Option<Directives> {
    // Most outputs are none, and their lines need not be looked for.
    if !text.trim_start().starts_with("[[") {
        return None;
    }
    let is_one = |line: &str| {
        let line = line.trim();
        let body = line
            .strip_prefix("[[")
            .and_then(|rest| rest.strip_suffix("]]"));
        body.is_some_and(|body| {
            !body.contains("]]")
                && (body.starts_with("ATTACHMENT|") || body.starts_with("PROPERTY|"))
        })
    };
    text.lines().all(is_one).then(|| directives(text, most))
}

/// The attachment at a path, named after its last part; `None` for an empty path.
pub(crate) fn attachment(path: &str) -> Option<Attachment> {
    let path = path.trim();
    let name = path
        .trim_end_matches(['/', '\\'])
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(path);
    (!path.is_empty()).then(|| Attachment {
        name: name.to_owned(),
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_found_among_other_output() {
        let text = "a [[x [[ATTACHMENT|/tmp/shot 1.png]] b\n[[PROPERTY|k=v=w]] [[PROPERTY|text\nl1\nl2\n]] \
                    [[ATTACHMENT|]] [[ATTACHMENT|C:\\d\\log.txt]] [[PROPERTY|alone]] [[ATTACHMENT|open";
        let found = directives(text, 10);
        let shown: Vec<_> = found
            .attachments
            .iter()
            .map(|a| (a.name.as_str(), a.path.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("shot 1.png", "/tmp/shot 1.png"),
                ("log.txt", "C:\\d\\log.txt")
            ]
        );
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        assert_eq!(
            found.properties,
            [pair("k", "v=w"), pair("text", "l1\nl2"), pair("alone", "")]
        );
        let one = directives(text, 1);
        assert_eq!((one.properties.len(), one.left_out), (1, 4));
    }
}
