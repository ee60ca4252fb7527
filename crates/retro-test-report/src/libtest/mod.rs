//! libtest.
use std::io::BufRead;
use crate::{ParseError, output::Output};
pub(crate) fn read<R: BufRead>(_reader: R, _out: &mut Output<'_>) -> Result<bool, ParseError> { Ok(false) }
pub(crate) fn is_evidence(_line: &[u8]) -> bool { false }
