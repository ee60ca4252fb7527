//! What a history shows, rule by rule, and against slower ways of finding out.

mod blame;
mod differences;
mod notation;
mod random;
mod reference;
mod scale;
mod stories;
mod transitions;
mod untestable;
