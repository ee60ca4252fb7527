//! What compilers say in the events of `go test -json`.

use std::collections::BTreeMap;

use crate::kept_text::{KeptText, first_line};
use crate::open_room::OpenRoom;

/// The most bytes of it that the second package gets which needs the same thing.
const AGAIN: usize = 4_096;

/// What was to be built, by the path of its package.
#[derive(Default)]
pub(super) struct Builds(BTreeMap<String, Build>);

struct Build {
    said: KeptText,
    has_failed: bool,
    /// What was told of it, in short.
    told: Option<String>,
}

impl Builds {
    pub(super) fn add(
        &mut self,
        import_path: &str,
        output: &str,
        has_failed: bool,
        limit: usize,
        room: &mut OpenRoom,
    ) {
        let path = package_of(import_path);
        if !self.0.contains_key(path) {
            if !room.enter(path.len()) {
                return;
            }
            let build = Build {
                said: KeptText::new(limit),
                has_failed: false,
                told: None,
            };
            self.0.insert(path.to_owned(), build);
        }
        if let Some(build) = self.0.get_mut(path) {
            build.said.push_within(output.as_bytes(), &mut room.texts);
            build.has_failed |= has_failed;
        }
    }

    /// What was said of a package, or of what it needs and what was not built.
    pub(super) fn take(
        &mut self,
        package: &str,
        failed_build: Option<&str>,
        room: &mut OpenRoom,
    ) -> Option<String> {
        if let Some(build) = self.0.remove(package) {
            let text = build.told.as_ref().map_or(0, String::len);
            room.give(text);
            room.leave(package.len(), build.said.len());
            return build.said.finish().or(build.told);
        }
        // Others may need the same.
        let build = self.0.get_mut(package_of(failed_build?))?;
        if build.told.is_some() {
            return build.told.clone();
        }
        room.texts += build.said.len();
        let said = build.said.take().unwrap_or_default();
        let short = said[..said.floor_char_boundary(AGAIN)].to_owned();
        build.told = Some(room.keep(short).unwrap_or_default());
        Some(said).filter(|said| !said.is_empty())
    }

    /// What failed and belongs to no package that was tested.
    pub(super) fn untold(&mut self) -> Vec<String> {
        let failed = std::mem::take(&mut self.0).into_iter();
        let failed = failed.filter(|(_, build)| build.has_failed && build.told.is_none());
        let message = |(path, build): (String, Build)| {
            let said = build.said.finish().unwrap_or_default();
            let mut lines = said.lines().filter(|line| !line.starts_with("# "));
            let why = lines.find_map(first_line);
            let why = why.map_or(String::new(), |why| format!(": {why}"));
            format!("{path} was not built{why}")
        };
        failed.map(message).collect()
    }
}

/// `PACKAGE` of `PACKAGE [PACKAGE.test]`.
fn package_of(import_path: &str) -> &str {
    import_path.split(' ').next().unwrap_or_default()
}
