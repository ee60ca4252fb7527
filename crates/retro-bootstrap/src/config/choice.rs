//! Settings that are one of a few words.

/// A word that is none of the allowed ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is none of {allowed}{}", .suggestion.as_ref().map(|s| format!("; did you mean {s:?}?")).unwrap_or_default())]
pub struct UnknownChoice {
    given: String,
    allowed: String,
    suggestion: Option<String>,
}

impl UnknownChoice {
    fn new(given: &str, allowed: &[&'static str]) -> Self {
        Self {
            given: given.to_owned(),
            allowed: allowed
                .iter()
                .map(|name| format!("{name:?}"))
                .collect::<Vec<_>>()
                .join(", "),
            suggestion: closest(given, allowed.iter().copied()),
        }
    }
}

/// The candidate that the given word most likely stands for, if one is near enough.
pub(crate) fn closest<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let plain = |word: &str| word.to_lowercase().replace('_', "-");
    let given = plain(given);
    candidates
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &plain(name)), name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name.to_owned())
}

/// Declares an enum whose values have names, with everything that reads and writes those names.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$doc])* #[schemars(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in the order they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in configuration files and on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownChoice;

            fn from_str(text: &str) -> Result<Self, UnknownChoice> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownChoice::new(text, &[$($text),+])),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

choice! {
    /// Which commits run first.
    Order {
        /// From the newest to the oldest.
        Newest = "newest",
        /// From the oldest to the newest.
        Oldest = "oldest",
        /// Both ends and the middle first, then halves of halves: answers early.
        Spread = "spread",
    }
}

choice! {
    /// What makes a look back end with exit code 1.
    FailOn {
        /// A commit that broke a test, or brought one that fails.
        New = "new",
        /// Any failed test on any commit.
        Any = "any",
        /// The same as `new`, or a flaky test.
        Flaky = "flaky",
        /// Nothing.
        None = "none",
    }
}

choice! {
    /// The home folder that commands see.
    HomeMode {
        /// An empty one per slot: a commit's tests cannot touch the user's files by accident.
        Own = "own",
        /// The user's own.
        User = "user",
    }
}

choice! {
    /// What to do about parts of a repository that are stored elsewhere.
    Extra {
        /// Leave them out.
        Skip = "skip",
        /// Fetch and check them out.
        Checkout = "checkout",
    }
}

choice! {
    /// Whether output is coloured.
    ColorMode {
        /// On a terminal, unless `NO_COLOR` is set.
        Auto = "auto",
        /// Always.
        Always = "always",
        /// Never.
        Never = "never",
    }
}

choice! {
    /// How much is said on the way.
    Verbosity {
        /// Errors and the summary.
        Quiet = "quiet",
        /// Progress as well.
        Normal = "normal",
        /// What is done and why.
        Verbose = "verbose",
        /// Everything.
        Debug = "debug",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for order in Order::ALL {
            assert_eq!(order.name().parse(), Ok(*order));
        }
        for fail_on in FailOn::ALL {
            assert_eq!(fail_on.name().parse(), Ok(*fail_on));
        }
    }

    #[test]
    fn a_misspelt_word_gets_a_suggestion() {
        assert_eq!(
            "newst".parse::<Order>().map_err(|error| error.to_string()),
            Err(
                r#""newst" is none of "newest", "oldest", "spread"; did you mean "newest"?"#
                    .to_owned()
            )
        );
    }

    #[test]
    fn a_word_like_no_other_gets_none() {
        assert_eq!(closest("xyzzy", ["jobs", "order"]), None);
        assert_eq!(
            closest("fail_on", ["jobs", "fail-on"]).as_deref(),
            Some("fail-on")
        );
    }
}
