//! The file a test comes from, as a part of its name.

use std::path::Path;

use retro_domain::TestId;

/// Gives a test that has neither suite nor class the file it comes from as its suite; the path without
/// its ending.
///
/// Some formats, such as TAP, have names of tests alone: where one of several files is read, it is the
/// file that tells the tests of one script from another's. Only the text of the path is looked at.
///
/// ```
/// use retro_test_report::{TestId, suite_from_file};
///
/// let mut id = TestId::named("adds");
/// suite_from_file(&mut id, "./out/math.tap");
/// assert_eq!(id.to_string(), "out/math::adds");
///
/// suite_from_file(&mut id, "other.tap");
/// assert_eq!(id.to_string(), "out/math::adds");
/// ```
pub fn suite_from_file(id: &mut TestId, path: &str) {
    if id.suite.is_empty() && id.class.is_none() {
        let path = path.strip_prefix("./").unwrap_or(path);
        let path = Path::new(path).with_extension("");
        id.suite.push(path.to_string_lossy().into_owned());
    }
}
