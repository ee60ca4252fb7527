//! What the XML formats of .NET runners share: going through elements, one open case, names and
//! stack traces.

mod draft;
mod elements;
mod names;
mod traces;

pub(crate) use draft::Draft;
pub(crate) use elements::{Elements, Place, Role, read};
pub(crate) use names::{base_name, class_and_name, parameters_after, split_parameters};
pub(crate) use traces::{exception, place};
