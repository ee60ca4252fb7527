//! Texts inside of each other.

use super::ReferenceText;
use crate::Options;

/// The texts of elements that are open inside of each other. Together they keep four times as much
/// as one of them.
#[derive(Debug, Default)]
pub(crate) struct OpenTexts(Vec<OpenText>);

#[derive(Debug)]
struct OpenText {
    text: ReferenceText,
    /// The bytes of those around it.
    around: usize,
}

impl OpenTexts {
    /// Begins a text of at most so many bytes.
    pub(crate) fn push(&mut self, limit: usize, options: &Options) -> &mut Self {
        let last = self.0.last();
        let around = last.map_or(0, |open| open.around + open.text.len());
        let left = options.max_text.saturating_mul(4).saturating_sub(around);
        let text = ReferenceText::new(limit.min(left));
        self.0.push(OpenText { text, around });
        self
    }

    /// Puts the innermost text, which is empty, into memory that is not needed.
    pub(crate) fn fill(&mut self, spare: String) {
        if let Some(text) = self.last_mut() {
            *text = std::mem::take(text).filling(spare);
        }
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut ReferenceText> {
        self.0.last_mut().map(|open| &mut open.text)
    }

    pub(crate) fn pop(&mut self) -> Option<ReferenceText> {
        self.0.pop().map(|open| open.text)
    }
}
