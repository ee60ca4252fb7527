//! One `<testsuite>`, and the root around them.

use std::fmt::Write as _;
use std::io;

use retro_domain::OutcomeCounts;

use super::super::extra::{NAME, as_xml_text};
use super::super::whole::{DOCUMENT, SuiteExtra};
use super::text::{attribute, date_time, indent, with_text};
use super::{inside, read_back};
use crate::SuiteMetadata;

/// A `<testsuite>` of the document.
pub(super) struct Element {
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    /// The cases inside, also those of suites inside.
    pub(super) counts: OutcomeCounts,
    /// How many suites of the document end before it.
    pub(super) number: u32,
    /// What is told of it.
    pub(super) metadata: Option<SuiteMetadata>,
}

/// Everything of a suite but its cases and its end tag; `path` are the names of the suites around.
/// `document` is what is kept in it of the whole document.
pub(super) fn open(
    text: &mut String,
    path: &[String],
    element: &Element,
    document: Option<String>,
) -> io::Result<()> {
    let mut kept = Vec::new();
    if let Some(metadata) = &element.metadata {
        let mut alone = String::new();
        plain(&mut alone, 0, element, &[]);
        alone.push_str("</testsuite>");
        let missing = missing(metadata, &inside(path, &alone));
        if !missing.is_empty() {
            kept.push((NAME, as_xml_text(&missing)?));
        }
    }
    kept.extend(document.map(|document| (DOCUMENT, document)));
    plain(text, path.len() + 1, element, &kept);
    Ok(())
}

/// What has to be kept of a suite beside the first one that a document tells of.
fn missing(metadata: &SuiteMetadata, document: &str) -> SuiteExtra {
    let (_, suites) = read_back(document);
    let read = suites.into_iter().next().unwrap_or_default();
    SuiteExtra::between(metadata, &read)
}

/// The start tag of the root.
pub(super) fn open_root(text: &mut String, all: OutcomeCounts, told: Option<&SuiteMetadata>) {
    text.push_str("<testsuites");
    counts(text, &all);
    if let Some(metadata) = told {
        time(text, metadata);
    }
    text.push_str(">\n");
}

/// What has to be kept of the root, when it is told as a suite.
pub(super) fn missing_of_root(all: OutcomeCounts, told: &SuiteMetadata) -> SuiteExtra {
    let mut alone = String::new();
    open_root(&mut alone, all, Some(told));
    alone.push_str("</testsuites>");
    missing(told, &alone)
}

fn plain(text: &mut String, depth: usize, element: &Element, kept: &[(&str, String)]) {
    let nothing = SuiteMetadata::default();
    let metadata = element.metadata.as_ref().unwrap_or(&nothing);
    indent(text, depth);
    text.push_str("<testsuite");
    attribute(text, "name", &element.name);
    counts(text, &element.counts);
    let _ = write!(text, " skipped=\"{}\"", element.counts.skipped);
    time(text, metadata);
    if let Some(started) = metadata.started.and_then(date_time) {
        attribute(text, "timestamp", &started);
    }
    if let Some(hostname) = &metadata.hostname {
        attribute(text, "hostname", hostname);
    }
    text.push_str(">\n");
    let own = metadata.properties.iter();
    let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
    let own = own.filter(|(name, _)| ![NAME, DOCUMENT].contains(name));
    let kept = kept.iter().map(|(name, value)| (*name, value.as_str()));
    let mut properties = kept.chain(own).peekable();
    if properties.peek().is_some() {
        indent(text, depth + 1);
        text.push_str("<properties>\n");
        for (name, value) in properties {
            indent(text, depth + 2);
            text.push_str("<property");
            attribute(text, "name", name);
            attribute(text, "value", value);
            text.push_str("/>\n");
        }
        indent(text, depth + 1);
        text.push_str("</properties>\n");
    }
    for (element, output) in [
        ("system-out", &metadata.stdout),
        ("system-err", &metadata.stderr),
    ] {
        if let Some(output) = output {
            indent(text, depth + 1);
            with_text(text, element, output);
            text.push('\n');
        }
    }
}

fn counts(text: &mut String, counts: &OutcomeCounts) {
    let (all, failed, errored) = (counts.total(), counts.failed, counts.errored);
    let _ = write!(
        text,
        " tests=\"{all}\" failures=\"{failed}\" errors=\"{errored}\""
    );
}

fn time(text: &mut String, metadata: &SuiteMetadata) {
    if let Some(took) = metadata.duration {
        // The schema allows three decimals here.
        let _ = write!(text, " time=\"{:.3}\"", took.as_secs_f64());
    }
}
