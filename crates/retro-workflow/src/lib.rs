//! The use cases of git-retro over its traits; what other services embed.
//!
//! A look back is planned ([`plan()`]), carried out ([`look_back()`]) and read ([`view_run`]).
//! Everything it touches comes in as a trait object of [`Services`]: bring your own stores, work
//! trees and clock, or take the ones of the other crates.

pub mod batch;
mod collect;
pub mod document;
mod environments;
mod error;
pub mod export;
mod interrupt;
mod job_record;
mod job_run;
mod judge;
mod leases;
mod look_back;
mod options;
mod plan;
mod recorder;
mod report;
mod schedule;
mod scratch;
mod services;
mod source_text;
mod suite_rules;
pub mod task_run;
mod toolchain;
mod view;

pub use collect::check_result_pattern;
pub use error::LookBackError;
pub use interrupt::Interrupt;
pub use job_record::RESULT_NAME;
pub use leases::{ClaimedJob, IsGone};
pub use look_back::look_back;
pub use options::{Claims, LookBackOptions};
pub use plan::{LookBackRequest, Plan, PlannedJob, Reuse, plan};
pub use recorder::{DiscardingSink, EventSink};
pub use report::{LeftBecause, LookBackReport, StopCause};
pub use schedule::Order;
pub use services::Services;
pub use source_text::{SourceFault, parse_result_glob, parse_result_source};
pub use suite_rules::{SuiteRule, SuiteRules, is_expression};
pub use toolchain::toolchain_fingerprint;
pub use view::{RunView, find_run, results_of_commit, view_run};
