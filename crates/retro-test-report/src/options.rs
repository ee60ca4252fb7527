//! How a report is read.

/// How a report is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The most bytes kept of one text (a message, a failure's detail, one output stream of one
    /// case). What is longer is cut, and a line at its end says so. 1 MiB by default.
    pub max_text: usize,
    /// Whether TAP subtests go to the sink too, under the names of the tests around them. Off by
    /// default: established TAP readers count the outermost tests only, and a test with subtests
    /// says in its message which of them failed.
    pub subtests: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_text: 1 << 20,
            subtests: false,
        }
    }
}
