//! Builders and scratch repositories for the tests of git-retro. Never part of a release.
