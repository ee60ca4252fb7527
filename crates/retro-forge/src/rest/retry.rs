//! When a request is sent again.

use std::time::Duration;

use retro_domain::Timestamp;

use super::{ForgeLimits, ForgePace};

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// How long a forge that says nothing of it is left alone when it limits requests.
const QUIET: Duration = Duration::from_secs(60);

/// Why a request is to be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server, or the network.
    Failed {
        why: String,
        /// What the server asks to wait.
        asked: Option<Duration>,
    },
    /// The server limits requests, and wants to be left alone this long.
    Limited(Duration),
}

/// What of an answer tells whether requests are limited.
pub(super) struct Signs<'a> {
    pub(super) status: u16,
    pub(super) retry_after: Option<&'a str>,
    pub(super) remaining: Option<&'a str>,
    pub(super) reset: Option<&'a str>,
    pub(super) message: &'a str,
}

/// Whether the answer is trouble that passes. `tries` is how often the request was sent.
pub(super) fn trouble(signs: &Signs<'_>, tries: u32, now: Timestamp) -> Option<Trouble> {
    let seconds = |text: Option<&str>| text.and_then(|text| text.trim().parse::<u64>().ok());
    let asked = seconds(signs.retry_after).map(Duration::from_secs);
    match signs.status {
        408 | 500..=599 => Some(Trouble::Failed {
            why: format!("it answered with status {}", signs.status),
            asked,
        }),
        403 | 429 => {
            let until_reset = seconds(signs.reset)
                .and_then(|reset| i64::try_from(reset).ok())
                .map(|reset| Timestamp::from_unix_seconds(reset.saturating_add(1)).since(now));
            let is_spent = signs.remaining.is_some_and(|left| left.trim() == "0");
            let message = signs.message.to_ascii_lowercase();
            // What older servers of one's own say.
            let says_so = message.contains("rate limit") || message.contains("abuse detection");
            let doubled = QUIET.saturating_mul(1 << tries.saturating_sub(1).min(6));
            match (asked, until_reset) {
                (Some(asked), _) => Some(Trouble::Limited(asked)),
                (None, Some(wait)) if is_spent => Some(Trouble::Limited(wait)),
                _ if says_so => Some(Trouble::Limited(doubled)),
                _ if signs.status == 429 => Some(Trouble::Failed {
                    why: "it answered with status 429".to_owned(),
                    asked: None,
                }),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What to do about trouble.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Send the request again after this time.
    Wait(Duration),
    /// Give up.
    GiveUp,
}

/// `left` is how much time there is.
pub(super) fn decide(
    trouble: &Trouble,
    tries: u32,
    left: Duration,
    limits: &ForgeLimits,
    pace: &dyn ForgePace,
) -> Decision {
    let below = |limit: Duration| {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(pace.up_to(limit).min(limit))
    };
    let wait = match trouble {
        Trouble::Failed { asked, .. } => {
            let doubled = FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(10));
            let chosen = below(doubled.min(LONGEST_BACKOFF));
            asked.map_or(chosen, |asked| asked.max(chosen))
        }
        // Whoever was limited at the same time does not come back at the same time.
        Trouble::Limited(wait) => wait.saturating_add(below(FIRST_WAIT)),
    };
    let asked = match trouble {
        Trouble::Failed { asked, .. } => asked.unwrap_or_default(),
        Trouble::Limited(wait) => *wait,
    };
    if tries >= limits.tries.max(1) || asked > limits.longest_wait || wait >= left {
        return Decision::GiveUp;
    }
    Decision::Wait(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always takes the most.
    struct Longest;

    impl ForgePace for Longest {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }

        fn sleep(&self, _: Duration) {}

        fn up_to(&self, limit: u64) -> u64 {
            limit
        }
    }

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_000);

    fn signs(status: u16) -> Signs<'static> {
        Signs {
            status,
            retry_after: None,
            remaining: None,
            reset: None,
            message: "",
        }
    }

    fn limited(seconds: u64) -> Option<Trouble> {
        Some(Trouble::Limited(Duration::from_secs(seconds)))
    }

    #[test]
    fn limits_are_read_from_whatever_says_them() {
        let check = |signs: Signs<'_>, tries, expected| {
            assert_eq!(trouble(&signs, tries, NOW), expected);
        };
        for status in [403, 429] {
            let retry_after = Some("7");
            check(
                Signs {
                    retry_after,
                    ..signs(status)
                },
                1,
                limited(7),
            );
            let (remaining, reset) = (Some("0"), Some("1030"));
            check(
                Signs {
                    remaining,
                    reset,
                    ..signs(status)
                },
                1,
                limited(31),
            );
            check(
                Signs {
                    remaining,
                    reset,
                    retry_after,
                    ..signs(status)
                },
                1,
                limited(7),
            );
            let message = "You have exceeded a secondary rate limit";
            check(
                Signs {
                    message,
                    ..signs(status)
                },
                1,
                limited(60),
            );
            check(
                Signs {
                    message,
                    ..signs(status)
                },
                3,
                limited(240),
            );
        }
        // A reset in the past is over.
        let spent = Signs {
            remaining: Some("0"),
            reset: Some("900"),
            ..signs(403)
        };
        check(spent, 1, limited(0));
        // Requests that are left are no limit: this is about rights.
        let forbidden = Signs {
            remaining: Some("10"),
            reset: Some("1030"),
            ..signs(403)
        };
        check(forbidden, 1, None);
        check(signs(403), 1, None);
        assert!(matches!(
            trouble(&signs(429), 1, NOW),
            Some(Trouble::Failed { .. })
        ));
    }

    #[test]
    fn only_trouble_that_passes_is_tried_again() {
        for status in [408, 500, 502, 503, 504] {
            assert!(trouble(&signs(status), 1, NOW).is_some(), "{status}");
        }
        for status in [200, 201, 301, 400, 401, 404, 409, 412, 422] {
            assert_eq!(trouble(&signs(status), 1, NOW), None, "{status}");
        }
    }

    #[test]
    fn waits_double_and_end_with_tries_time_or_patience() {
        let limits = ForgeLimits::default();
        let left = Duration::from_secs(1_000);
        let failed = |asked: Option<u64>| Trouble::Failed {
            why: String::new(),
            asked: asked.map(Duration::from_secs),
        };
        let wait = |seconds| Decision::Wait(Duration::from_secs(seconds));
        let decide =
            |trouble: &Trouble, tries, left| decide(trouble, tries, left, &limits, &Longest);
        assert_eq!(decide(&failed(None), 1, left), wait(1));
        assert_eq!(decide(&failed(None), 4, left), wait(8));
        assert_eq!(decide(&failed(Some(20)), 1, left), wait(20));
        assert_eq!(decide(&failed(None), 6, left), Decision::GiveUp);
        assert_eq!(decide(&failed(Some(181)), 1, left), Decision::GiveUp);
        let limited = |seconds| Trouble::Limited(Duration::from_secs(seconds));
        assert_eq!(decide(&limited(60), 1, left), wait(61));
        assert_eq!(decide(&limited(181), 1, left), Decision::GiveUp);
        assert_eq!(
            decide(&limited(60), 1, Duration::from_secs(61)),
            Decision::GiveUp
        );
    }
}
