//! Rule files read once per content.

use std::collections::HashMap;
use std::sync::Arc;

use git2::Oid;

use super::objects::Objects;
use crate::GitError;
use crate::rules::attributes::AttributeFile;
use crate::rules::ignore::IgnoreRules;

/// Parsed rule files by blob.
#[derive(Default)]
pub(crate) struct RuleCache {
    ignore: HashMap<Oid, Arc<IgnoreRules>>,
    attributes: HashMap<Oid, Arc<AttributeFile>>,
}

impl RuleCache {
    pub(crate) fn ignore(
        &mut self,
        objects: &Objects,
        blob: Oid,
    ) -> Result<Arc<IgnoreRules>, GitError> {
        cached(&mut self.ignore, objects, blob, IgnoreRules::parse)
    }

    pub(crate) fn attributes(
        &mut self,
        objects: &Objects,
        blob: Oid,
    ) -> Result<Arc<AttributeFile>, GitError> {
        cached(&mut self.attributes, objects, blob, AttributeFile::parse)
    }
}

/// How many files are kept; a history has few, and a strange one must not fill the memory.
const MOST: usize = 1_000;

fn cached<T>(
    cache: &mut HashMap<Oid, Arc<T>>,
    objects: &Objects,
    blob: Oid,
    parse: fn(&[u8]) -> T,
) -> Result<Arc<T>, GitError> {
    if let Some(found) = cache.get(&blob) {
        return Ok(Arc::clone(found));
    }
    let rules = objects.with_blob(blob, || "a rule file".to_owned(), parse)?;
    if cache.len() >= MOST {
        cache.clear();
    }
    let rules = Arc::new(rules);
    cache.insert(blob, Arc::clone(&rules));
    Ok(rules)
}
