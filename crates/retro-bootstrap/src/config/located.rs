//! Positions of keys and values in a parsed file.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where the key with this dotted name stands, if the file has it.
pub(super) fn key_span(table: &DeTable<'_>, name: &str) -> Option<Range<usize>> {
    let (first, rest) = match name.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (name, None),
    };
    let (key, value) = table
        .iter()
        .find(|(key, _)| key.get_ref().as_ref() == first)?;
    match (rest, value.get_ref()) {
        (None, _) => Some(key.span()),
        (Some(rest), DeValue::Table(inner)) => key_span(inner, rest),
        (Some(_), _) => None,
    }
}

/// The values of `field` in each table of the array `name`, by the table's position.
pub(super) fn texts_in<'t>(
    table: &'t DeTable<'_>,
    name: &str,
    field: &str,
) -> Vec<(usize, &'t str, Range<usize>)> {
    fn get<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        table
            .iter()
            .find(|(key, _)| key.get_ref().as_ref() == name)
            .map(|(_, value)| value)
    }
    let Some(array) = get(table, name).and_then(|value| value.get_ref().as_array()) else {
        return Vec::new();
    };
    array
        .iter()
        .enumerate()
        .filter_map(|(index, item)| {
            let value = get(item.get_ref().as_table()?, field)?;
            Some((index, value.get_ref().as_str()?, value.span()))
        })
        .collect()
}
