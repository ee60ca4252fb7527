//! The JSON object that a line holds.

/// The part of a line that is meant to be an object: all of it, or what follows output that did
/// not end with a line end, when it begins as one of `starts` does.
pub(crate) fn object_in<'a>(line: &'a str, starts: &[&str]) -> Option<(&'a str, &'a str)> {
    let trimmed = line.trim();
    if trimmed.starts_with('{') {
        return Some(("", trimmed));
    }
    let at = starts
        .iter()
        .filter_map(|start| trimmed.find(start))
        .min()?;
    Some(trimmed.split_at(at))
}
