//! Child processes: deadlines, signals, capture and clean environments. Nothing else in git-retro starts one.
