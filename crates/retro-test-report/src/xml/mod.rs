//! XML as result files contain it, well-formed or not.
//!
//! XML libraries stop at the first fault, as the standard wants, and buffer a whole text before
//! they hand it over. Result files are cut off, contain raw `<`, `&`, escape codes and NUL, and
//! texts of gigabytes. This reader goes on where the next tag is plain, hands texts over in pieces,
//! expands nothing but character references and the five predefined entities, and never recurses.

mod attributes;
mod marks;
mod nesting;
mod notices;
mod references;
mod tokens;

pub(crate) use attributes::{Attributes, Value, local_name};
pub(crate) use marks::Marks;
pub(crate) use nesting::{MOST_HELD, MOST_OPEN, NameCounts, TOO_DEEP};
pub(crate) use notices::Notices;
pub(crate) use references::ReferenceText;
pub(crate) use tokens::{Token, Tokens};
