//! The rules a repository keeps beside its files: what is ignored, and how contents are converted.

pub(crate) mod attributes;
pub(crate) mod conversion;
pub(crate) mod ignore;
mod rule_pattern;
mod wildmatch;
