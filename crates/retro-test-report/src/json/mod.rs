//! JSON of which nothing is trusted to be small, well formed or of the expected type.

mod bounded;
mod lenient;
mod object_line;

pub(crate) use bounded::Bounded;
pub(crate) use lenient::{Node, NodeRoom, NodeSeed, Number};
pub(crate) use object_line::{each_line, object_in};
