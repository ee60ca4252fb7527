//! Reads what test runners write: bytes of a result file in, test cases out, streaming.
