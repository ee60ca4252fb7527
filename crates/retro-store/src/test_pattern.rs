//! How a pattern picks tests: one function for every store.

use std::fmt::Write as _;

use globset::{Glob, GlobMatcher};
use retro_domain::TestId;

use crate::TestPattern;

impl TestPattern {
    /// The tests that are meant, sorted, at most `limit`, each once.
    ///
    /// The first of these that picks any test decides: the displayed id is exactly the pattern; the
    /// pattern is a glob (it holds `*`, `?` or `[`) and matches the whole displayed id; the
    /// displayed id contains the pattern as it stands. So `parse[1-2]` finds the parametrised test
    /// of that name although it reads as a glob, and an unfinished glob is plain text.
    ///
    /// ```
    /// use retro_domain::TestId;
    /// use retro_store::TestPattern;
    /// let tests = ["adds", "adds twice", "removes"].map(TestId::named);
    /// let pick = |text: &str| TestPattern(text.to_owned()).select(tests.clone(), 10).len();
    /// assert_eq!((pick("adds"), pick("add"), pick("*s"), pick("x")), (1, 2, 2, 0));
    /// ```
    pub fn select(&self, tests: impl IntoIterator<Item = TestId>, limit: usize) -> Vec<TestId> {
        let glob = self.glob();
        let mut by_rank: [Vec<TestId>; 3] = Default::default();
        let mut shown = String::new();
        for test in tests {
            shown.clear();
            // Writing to a string cannot fail.
            let _ = write!(shown, "{test}");
            let rank = if shown == self.0 {
                0
            } else if glob.as_ref().is_some_and(|glob| glob.is_match(&shown)) {
                1
            } else if shown.contains(&self.0) {
                2
            } else {
                continue;
            };
            by_rank[rank].push(test);
        }
        let mut picked = by_rank
            .into_iter()
            .find(|tests| !tests.is_empty())
            .unwrap_or_default();
        picked.sort();
        picked.dedup();
        picked.truncate(limit);
        picked
    }

    fn glob(&self) -> Option<GlobMatcher> {
        if !self.0.contains(['*', '?', '[']) {
            return None;
        }
        Some(Glob::new(&self.0).ok()?.compile_matcher())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tests() -> Vec<TestId> {
        let of = |class: &str, name: &str, parameters: Option<&str>| TestId {
            class: Some(class.to_owned()),
            parameters: parameters.map(str::to_owned),
            ..TestId::named(name)
        };
        vec![
            of("net", "parse", Some("1-2")),
            of("net", "parse", Some("1")),
            of("net", "parse", None),
            of("net", "parse_all", None),
            of("io/disk", "reads", None),
        ]
    }

    fn check(pattern: &str, expected: &[&str]) {
        let picked = TestPattern(pattern.to_owned()).select(tests(), 10);
        let shown: Vec<String> = picked.iter().map(TestId::to_string).collect();
        assert_eq!(shown, expected, "{pattern:?}");
    }

    #[test]
    fn an_exact_id_is_preferred_to_ids_that_contain_it() {
        check("net::parse", &["net::parse"]);
        check("net::parse[1]", &["net::parse[1]"]);
        check("parse_all", &["net::parse_all"]);
        check("disk", &["io/disk::reads"]);
        check("nothing", &[]);
    }

    #[test]
    fn a_glob_matches_the_whole_id_across_slashes() {
        check("io*reads", &["io/disk::reads"]);
        check(
            "net::parse?*",
            &["net::parse[1]", "net::parse[1-2]", "net::parse_all"],
        );
        check("read?", &[]);
    }

    #[test]
    fn what_reads_as_a_glob_but_matches_nothing_is_plain_text() {
        check("parse[1-2]", &["net::parse[1-2]"]);
        check("parse[", &["net::parse[1]", "net::parse[1-2]"]);
    }

    #[test]
    fn the_limit_keeps_the_first_in_order() {
        let picked = TestPattern("*".to_owned()).select(tests(), 2);
        assert_eq!(picked, {
            let mut all = tests();
            all.sort();
            all.truncate(2);
            all
        });
    }

    proptest! {
        #[test]
        fn no_pattern_panics_and_every_test_is_found_by_its_own_id(
            pattern in any::<String>(),
            name in any::<String>(),
        ) {
            let test = TestId::named(name);
            let _ = TestPattern(pattern).select([test.clone()], 1);
            let exact = TestPattern(test.to_string()).select([test.clone()], 1);
            prop_assert_eq!(exact, vec![test]);
        }
    }
}
