//! How much of a history a query needs.

use std::num::NonZeroU32;

use retro_bootstrap::look_back::{CommitArgs, DEFAULT_LAST, Merges};
use retro_git::HistoryRequest;

/// What to fetch, so that a query over these revisions finds everything it needs.
pub(crate) fn history_request(commits: &CommitArgs, revisions: &[String]) -> HistoryRequest {
    HistoryRequest {
        depth: depth(commits, revisions),
        tips: tips(revisions),
    }
}

/// The branches and tags that revisions name, where ranges end first.
fn tips(revisions: &[String]) -> Vec<String> {
    let mut tips: Vec<String> = Vec::new();
    let mut add = |name: &str, is_end: bool| {
        let name = name.trim_start_matches('^');
        let name = name.split(['~', '^', '@', ':']).next().unwrap_or(name);
        let is_hash = name.len() >= 7 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        // What an id names is behind a branch, most likely the default one.
        let name = match name {
            "" => "HEAD",
            _ if is_hash => "HEAD",
            name => name,
        };
        if tips.iter().any(|known| known == name) {
            return;
        }
        match is_end {
            true => tips.insert(0, name.to_owned()),
            false => tips.push(name.to_owned()),
        }
    };
    for word in revisions {
        match word.split_once("..") {
            Some((start, end)) => {
                add(start, false);
                add(end.trim_start_matches('.'), true);
            }
            None => add(word, !word.starts_with('^')),
        }
    }
    tips
}

/// How deep the newest commits of a tip are, with one more, whose id says what is before them. The
/// whole history, where it is not the newest ones alone that count.
fn depth(commits: &CommitArgs, revisions: &[String]) -> Option<u32> {
    let bounded = commits.since.is_some() || commits.until.is_some();
    let selects = bounded
        || !commits.path.is_empty()
        || commits.merges != Merges::Include
        || commits.every != NonZeroU32::MIN
        || commits.rev_list_file.is_some();
    let is_plain = |word: &String| {
        // `main~5` is five commits further down.
        !word.contains("..") && !word.contains(['^', '~', '@', ':'])
    };
    let count = match (commits.last, revisions) {
        _ if selects => return None,
        (Some(count), []) => count,
        (Some(count), [tip]) if is_plain(tip) && tips(revisions)[0] == *tip => count,
        (None, []) => DEFAULT_LAST,
        _ => return None,
    };
    u32::try_from(count).ok()?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(last: Option<usize>, revisions: &[&str], depth: Option<u32>, tips: &[&str]) {
        let commits = CommitArgs {
            last,
            ..CommitArgs::default()
        };
        let revisions: Vec<String> = revisions.iter().map(|word| (*word).to_owned()).collect();
        let request = history_request(&commits, &revisions);
        assert_eq!(request.depth, depth, "{revisions:?}");
        assert_eq!(request.tips, tips, "{revisions:?}");
    }

    #[test]
    fn the_newest_commits_need_no_more_than_their_depth() {
        check(None, &[], Some(21), &[]);
        check(Some(200), &[], Some(201), &[]);
        check(Some(5), &["topic"], Some(6), &["topic"]);
        check(Some(5), &["topic~3"], None, &["topic"]);
        check(Some(5), &["0123456789abcdef"], None, &["HEAD"]);
        check(Some(usize::MAX), &[], None, &[]);
        let commits = CommitArgs {
            last: Some(5),
            path: vec!["src/**".to_owned()],
            ..CommitArgs::default()
        };
        assert_eq!(history_request(&commits, &[]).depth, None);
    }

    #[test]
    fn ranges_need_all_that_they_name() {
        check(None, &["v1..main"], None, &["main", "v1"]);
        check(None, &["v1...main~2"], None, &["main", "v1"]);
        check(None, &["v1.."], None, &["HEAD", "v1"]);
        check(None, &["^v1", "main"], None, &["main", "v1"]);
        check(None, &["v1^{}..HEAD@{1}"], None, &["HEAD", "v1"]);
        check(None, &["main", "main~1"], None, &["main"]);
    }
}
