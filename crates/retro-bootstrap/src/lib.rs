//! Puts git-retro together for its binaries: configuration layers, suite detection, errors and exit codes.
