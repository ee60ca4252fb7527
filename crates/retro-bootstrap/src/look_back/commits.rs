//! From flags to a query for commits.

use std::io::Read;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use retro_domain::Timestamp;
use retro_git::{CommitQuery, MergePolicy, Selection};
use retro_workflow::is_expression;

use crate::{ExitCode, Failure};

/// How many commits are taken when nobody says.
pub const DEFAULT_LAST: usize = 20;

/// Which commits.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Commits")]
pub struct CommitArgs {
    /// The newest N commits [default: 20, when no revision is given]
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
    /// Leave out commits older than this: a date, or an age such as 2w
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
    /// Leave out commits newer than this
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// Follow only the first parent of merges
    #[arg(long)]
    pub first_parent: bool,
    /// Merge commits: include, exclude or only
    #[arg(long, value_enum, value_name = "WHAT", default_value = "include")]
    pub merges: Merges,
    /// Only commits that change a matching path, seen from the top folder; may be given several times
    #[arg(long, value_name = "GLOB")]
    pub path: Vec<String>,
    /// Only every n-th commit
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one)]
    pub every: NonZeroU32,
    /// Exactly the commits listed in this file, one a line; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["revisions", "last"])]
    pub rev_list_file: Option<PathBuf>,
}

impl CommitArgs {
    /// What was typed, with these revisions, as one would type it again.
    pub fn words(&self, revisions: &[String]) -> Vec<String> {
        let mut words = revisions.to_vec();
        words.extend(self.last.map(|last| format!("--last {last}")));
        for (flag, value) in [("--since", &self.since), ("--until", &self.until)] {
            words.extend(value.iter().map(|value| format!("{flag} {value}")));
        }
        if self.first_parent {
            words.push("--first-parent".to_owned());
        }
        match self.merges {
            Merges::Include => {}
            Merges::Exclude => words.push("--merges exclude".to_owned()),
            Merges::Only => words.push("--merges only".to_owned()),
        }
        words.extend(self.path.iter().map(|glob| format!("--path {glob}")));
        if self.every.get() > 1 {
            words.push(format!("--every {}", self.every));
        }
        if let Some(file) = &self.rev_list_file {
            words.push(format!("--rev-list-file {}", file.display()));
        }
        words
    }
}

impl Default for CommitArgs {
    fn default() -> Self {
        Self {
            last: None,
            since: None,
            until: None,
            first_parent: false,
            merges: Merges::Include,
            path: Vec::new(),
            every: NonZeroU32::MIN,
            rev_list_file: None,
        }
    }
}

/// What to do with merge commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Merges {
    /// They are commits like others
    Include,
    /// Leave them out
    Exclude,
    /// Take only them
    Only,
}

/// Reads a number of things of which there must be one.
pub fn at_least_one(text: &str) -> Result<NonZeroU32, &'static str> {
    text.parse().map_err(|_| "write a whole number from 1")
}

/// The query that flags and revisions make; `now` is what ages count from.
///
/// # Errors
///
/// When they do not fit each other, are no dates or paths, or name a file that cannot be read.
pub fn query(
    commits: &CommitArgs,
    revisions: &[String],
    now: Timestamp,
) -> Result<CommitQuery, Failure> {
    for glob in &commits.path {
        retro_workflow::check_result_pattern(glob)
            .map_err(|why| Failure::usage(format!("--path {glob:?} {why}")))?;
        let hint = match glob.trim_end_matches('/') {
            "." => "leave out --path: every path is below the top folder",
            _ if glob.starts_with(':') => {
                "write a glob such as 'src/**'; what git makes of a colon is not known here"
            }
            _ => continue,
        };
        return Err(Failure::usage(format!("--path {glob:?} matches nothing")).with_hint(hint));
    }
    let bounded = commits.since.is_some() || commits.until.is_some();
    let selection = match (&commits.rev_list_file, commits.last, revisions) {
        (Some(file), _, _) => Selection::Listed(listed(file)?),
        (None, Some(count), []) => Selection::Last { count, tip: None },
        (None, Some(count), [tip]) if !tip.contains("..") => Selection::Last {
            count,
            tip: Some(tip.clone()),
        },
        (None, Some(_), _) => {
            return Err(
                Failure::usage("--last takes at most one revision to start from")
                    .with_hint("leave out --last to run the whole range, or thin it with --every"),
            );
        }
        (None, None, []) if bounded => Selection::Last {
            count: usize::MAX,
            tip: None,
        },
        (None, None, []) => Selection::Last {
            count: DEFAULT_LAST,
            tip: None,
        },
        // Revisions alone are those commits, and not the histories behind them.
        (None, None, revisions) if !revisions.iter().any(|word| is_expression(word)) => {
            Selection::Listed(revisions.to_vec())
        }
        (None, None, revisions) => Selection::Revisions(revisions.to_vec()),
    };
    Ok(CommitQuery {
        first_parent: commits.first_parent,
        merges: match commits.merges {
            Merges::Include => MergePolicy::Include,
            Merges::Exclude => MergePolicy::Exclude,
            Merges::Only => MergePolicy::Only,
        },
        since: commits
            .since
            .as_deref()
            .map(|text| moment("--since", text, now))
            .transpose()?,
        until: commits
            .until
            .as_deref()
            .map(|text| moment("--until", text, now))
            .transpose()?,
        paths: commits.path.clone(),
        every: usize::try_from(commits.every.get()).unwrap_or(usize::MAX),
        ..CommitQuery::new(selection)
    })
}

fn listed(file: &std::path::Path) -> Result<Vec<String>, Failure> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(file).map(|content| text = content)
    };
    read.map_err(|error| {
        let place = match file.to_str() {
            Some("-") => "on standard input".to_owned(),
            _ => format!("in {}", file.display()),
        };
        Failure::from_error(ExitCode::Usage, &error)
            .context(format!("the list of commits {place} cannot be read"))
    })?;
    // `git rev-list --format` and `git log --oneline` put more behind the id.
    let first_words = text
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    Ok(first_words
        .filter(|word| !word.starts_with('#'))
        .map(str::to_owned)
        .collect())
}

/// A date, a date with a time, or an age such as `2w` or `3 days ago`.
fn moment(flag: &str, text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    parse_moment(text, now).ok_or_else(|| {
        Failure::usage(format!("{flag} {text:?} is not a date"))
            .with_hint("write 2026-01-31, 2026-01-31T12:00:00Z, or an age such as 36h, 10d or 2w")
    })
}

fn parse_moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    let millis = |at: jiff::Timestamp| Timestamp::from_unix_millis(at.as_millisecond());
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(millis(at));
    }
    if let Ok(at) = text.parse::<jiff::civil::DateTime>() {
        return at
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|at| millis(at.timestamp()));
    }
    let age = text.strip_suffix("ago").unwrap_or(text).trim();
    let digits = age.len() - age.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let count: i64 = age[..digits].parse().ok()?;
    let seconds = match age[digits..].trim().trim_start_matches('.') {
        "s" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 7 * 86_400,
        "mo" | "month" | "months" => 30 * 86_400,
        "y" | "year" | "years" => 365 * 86_400,
        _ => return None,
    };
    let ago = count.checked_mul(seconds)?.checked_mul(1000)?;
    Some(Timestamp::from_unix_millis(
        now.unix_millis().checked_sub(ago)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        let now = Timestamp::from_unix_seconds(1_000_000_000);
        assert_eq!(
            parse_moment(text, now).map(Timestamp::unix_seconds),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn dates_times_and_ages_are_moments() {
        check("2001-09-09", Some(999_993_600));
        check("2001-09-09T01:46:40Z", Some(1_000_000_000));
        check("2001-09-09T03:46:40+02:00", Some(1_000_000_000));
        check("2w", Some(1_000_000_000 - 14 * 86_400));
        check("3 days ago", Some(1_000_000_000 - 3 * 86_400));
        for nonsense in ["", "soon", "2 fortnights", "99999999999999999999d", "-1d"] {
            check(nonsense, None);
        }
    }
}
