//! The file that `git retro init` writes.

use super::Detection;

/// The commented `retro.toml` for what was found; it loads back to the same suites.
pub fn render_init(detections: &[Detection]) -> String {
    let _ = detections;
    String::new()
}
