//! Writing test cases in formats that other tools read.

mod csv;
mod ctrf;
pub(crate) mod extra;
mod junit;
#[cfg(test)]
mod sample;
pub(crate) mod whole;

use std::time::Duration;

pub use self::csv::CsvWriter;
pub use self::ctrf::CtrfWriter;
pub use self::junit::JunitWriter;

/// Seconds, to the millisecond or as exact as it takes.
fn seconds(took: Duration) -> String {
    let (whole, nanos) = (took.as_secs(), took.subsec_nanos());
    match nanos % 1_000_000 {
        0 => format!("{whole}.{:03}", nanos / 1_000_000),
        _ => format!("{whole}.{nanos:09}"),
    }
}
