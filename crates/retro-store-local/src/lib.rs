//! Storage on one machine: SQLite for jobs, results and events, folders for artifacts.
