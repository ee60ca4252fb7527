//! Trying again.

use std::time::Duration;

use super::options::{FetchNote, FetchOptions};
use super::session::Failure;
use crate::GitError;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A server that wants to be left alone longer than this is given up.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);
/// Somebody who wants an end is not left waiting longer than this.
const NAP: Duration = Duration::from_millis(200);

/// Why something was not done in the end.
#[derive(Debug)]
pub(super) enum GaveUp {
    /// The server does not do this; it may do something else.
    Unwilling(String),
    Final(GitError),
}

/// Does the work, again and again while there is trouble on the network: after waits of random length
/// below a limit that doubles, or as long as the server asks for.
pub(super) fn persist<T>(
    options: &FetchOptions<'_>,
    url: &str,
    notes: &mut dyn FnMut(FetchNote),
    mut work: impl FnMut(&mut dyn FnMut(FetchNote)) -> Result<T, Failure>,
) -> Result<T, GaveUp> {
    let stop = options.stop();
    let end = |failure| match failure {
        Failure::Final(error) => error,
        Failure::Network { why, .. } | Failure::Unwilling(why) => GitError::Git {
            doing: "fetching".to_owned(),
            why,
        },
    };
    let mut tries = 0;
    loop {
        stop.check()
            .map_err(|failure| GaveUp::Final(end(failure)))?;
        tries += 1;
        let outcome = work(notes);
        if outcome.is_err() {
            // Connections that were closed to make an end look like trouble.
            stop.check()
                .map_err(|failure| GaveUp::Final(end(failure)))?;
        }
        let (why, asked) = match outcome {
            Ok(done) => return Ok(done),
            Err(Failure::Network { why, wait }) => (why, wait),
            Err(Failure::Unwilling(why)) => return Err(GaveUp::Unwilling(why)),
            Err(Failure::Final(error)) => return Err(GaveUp::Final(error)),
        };
        let given_up = |why| {
            let url = url.to_owned();
            Err(GaveUp::Final(GitError::Unreachable { url, tries, why }))
        };
        let wait = wait(options, tries, asked);
        if tries >= options.tries.max(1) {
            return given_up(why);
        }
        if wait > LONGEST_RETRY_AFTER {
            return given_up(format!("{why} (it asks to wait for {wait:?})"));
        }
        if !stop.leaves(wait) {
            return given_up(format!("{why} (and no time is left to wait {wait:.1?})"));
        }
        notes(FetchNote::TriesAgain {
            failed: tries,
            wait,
            reason: why,
        });
        let mut left = wait;
        while !left.is_zero() {
            stop.check()
                .map_err(|failure| GaveUp::Final(end(failure)))?;
            let nap = left.min(NAP);
            options.pace.sleep(nap);
            left -= nap;
        }
    }
}

fn wait(options: &FetchOptions<'_>, tries: u32, asked: Option<Duration>) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(10));
    let limit = u64::try_from(doubled.min(LONGEST_WAIT).as_millis()).unwrap_or(0);
    let chosen = Duration::from_millis(options.pace.up_to(limit).min(limit));
    asked.map_or(chosen, |asked| asked.max(chosen))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;

    /// Waits for nothing and always takes the most.
    #[derive(Default)]
    struct Longest(Mutex<Duration>);

    impl Pace for Longest {
        fn sleep(&self, time: Duration) {
            *self.0.lock().unwrap() += time;
        }

        fn up_to(&self, limit: u64) -> u64 {
            limit
        }
    }

    use super::super::options::Pace;

    fn failing(wait: Option<u64>) -> Result<(), Failure> {
        Err(Failure::Network {
            why: "it rained".to_owned(),
            wait: wait.map(Duration::from_secs),
        })
    }

    #[test]
    fn waits_double_up_to_a_limit_and_end() {
        let pace = Longest::default();
        let options = FetchOptions::new(&pace);
        let (mut calls, mut said) = (0, Vec::new());
        let gave_up = persist(&options, "URL", &mut |note| said.push(note), |_| {
            calls += 1;
            failing(None)
        });
        let GaveUp::Final(error) = gave_up.unwrap_err() else {
            panic!("nothing else is tried");
        };
        assert_eq!(
            error.to_string(),
            "fetching from URL failed 6 times, at last because it rained; try again later"
        );
        assert!(error.is_retryable());
        assert_eq!((calls, said.len()), (6, 5));
        assert_eq!(
            *pace.0.lock().unwrap(),
            Duration::from_secs(1 + 2 + 4 + 8 + 16)
        );
    }

    #[test]
    fn a_server_that_names_a_time_is_given_it() {
        let pace = Longest::default();
        let options = FetchOptions::new(&pace);
        let mut answers = vec![Ok(()), failing(Some(7))];
        persist(&options, "URL", &mut |_| {}, |_| answers.pop().unwrap()).unwrap();
        assert_eq!(*pace.0.lock().unwrap(), Duration::from_secs(7));
        // But not any time.
        let gave_up = persist(&options, "URL", &mut |_| {}, |_| failing(Some(86_400)));
        assert!(matches!(
            gave_up,
            Err(GaveUp::Final(GitError::Unreachable { tries: 1, .. }))
        ));
    }

    #[test]
    fn nobody_waits_past_the_deadline() {
        let pace = Longest::default();
        let mut options = FetchOptions::new(&pace);
        options.deadline = Some(Instant::now() + Duration::from_secs(3_600));
        let gave_up = persist(&options, "URL", &mut |_| {}, |_| failing(Some(299)));
        assert!(matches!(
            gave_up,
            Err(GaveUp::Final(GitError::Unreachable { tries: 6, .. }))
        ));
        options.deadline = Some(Instant::now());
        let gave_up = persist(&options, "URL", &mut |_| {}, |_| failing(None));
        assert!(matches!(
            gave_up,
            Err(GaveUp::Final(GitError::TimeUp { .. }))
        ));
    }

    #[test]
    fn an_unwilling_server_is_not_asked_twice() {
        let pace = Longest::default();
        let mut calls = 0;
        let gave_up: Result<(), _> = persist(&FetchOptions::new(&pace), "URL", &mut |_| {}, |_| {
            calls += 1;
            Err(Failure::Unwilling("no".to_owned()))
        });
        assert!(matches!(gave_up, Err(GaveUp::Unwilling(_))));
        assert_eq!(calls, 1);
    }
}
