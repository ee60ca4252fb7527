//! What was noticed of encodings while a document was cut into tokens.

/// How many declared encodings are kept.
const MOST_DECLARATIONS: usize = 8;

/// What was noticed beside the tokens, outside of texts.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// The encodings that documents declare, each one once and with its line.
    pub(crate) declarations: Vec<(u64, String)>,
    /// The line of the first tag whose letters have a zero byte each.
    pub(crate) wide: Option<u64>,
}

impl Notices {
    /// Takes the encoding that a declaration on this line names.
    pub(super) fn declared(&mut self, line: u64, name: String) {
        let all = &mut self.declarations;
        let is_new = all.iter().all(|(_, known)| *known != name);
        if is_new && all.len() < MOST_DECLARATIONS {
            all.push((line, name));
        }
    }
}
