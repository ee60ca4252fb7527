//! What is wrong with a task or a playbook.

use std::cell::RefCell;
use std::fmt;

use crate::Failure;

/// More faults than this help nobody.
const MAX_FAULTS: usize = 100;
/// Texts from a document are cut at this length in messages.
const MAX_SHOWN: usize = 60;
const MAX_MESSAGE: usize = 400;

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// The field (`executor.command`, `suites[0].run`), the flag (`--timeout`) or the place in the
    /// text (`line 3`); empty for the document as a whole.
    pub field: String,
    /// What is wrong and what to do, for people.
    pub message: String,
}

/// A task or a playbook cannot be read: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    name: String,
    faults: Vec<FieldFault>,
    left_out: usize,
}

impl DocumentError {
    /// Everything that is wrong; at least one thing, and at most a hundred.
    pub fn faults(&self) -> &[FieldFault] {
        &self.faults
    }
}

impl fmt::Display for FieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.message),
            field => write!(f, "{field}: {}", self.message),
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used:", self.name)?;
        for fault in &self.faults {
            write!(f, "\n- {fault}")?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\n- and {more} more"),
        }
    }
}

impl std::error::Error for DocumentError {}

impl From<DocumentError> for Failure {
    fn from(error: DocumentError) -> Self {
        Self::usage(error.to_string())
    }
}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults(RefCell<(Vec<FieldFault>, usize)>);

impl Faults {
    pub(super) fn refuse(&self, field: impl Into<String>, message: impl Into<String>) {
        let (faults, left_out) = &mut *self.0.borrow_mut();
        if faults.len() == MAX_FAULTS {
            *left_out += 1;
            return;
        }
        let mut message: String = message.into();
        if let Some((at, _)) = message.char_indices().nth(MAX_MESSAGE) {
            message.truncate(at);
            message.push('…');
        }
        let field = field.into();
        faults.push(FieldFault { field, message });
    }

    /// Whether something is wrong with the field or an item of it.
    pub(super) fn has_below(&self, field: &str) -> bool {
        self.0.borrow().0.iter().any(|fault| {
            let rest = fault.field.strip_prefix(field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        })
    }

    /// Whether there are so many that no more are kept.
    pub(super) fn is_full(&self) -> bool {
        self.0.borrow().0.len() == MAX_FAULTS
    }

    /// What was read, when nothing was wrong.
    pub(super) fn or<T>(self, name: &str, read: Option<T>) -> Result<T, DocumentError> {
        let (mut faults, left_out) = self.0.into_inner();
        match read {
            Some(read) if faults.is_empty() => Ok(read),
            _ => {
                if faults.is_empty() {
                    faults.push(FieldFault {
                        field: String::new(),
                        message: "there is nothing in it".to_owned(),
                    });
                }
                let name = name.to_owned();
                Err(DocumentError {
                    name,
                    faults,
                    left_out,
                })
            }
        }
    }
}

/// A text from a document, as messages show it.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{:?}…", &text[..at]),
        None => format!("{text:?}"),
    }
}
