//! Moments as text in UTC, such as `2026-02-03T04:05:06.789Z`.

use retro_domain::Timestamp;
use serde::{Serialize as _, Serializer};

const DAY: i64 = 86_400_000;
/// Days from the first of March of year 0 to the first day of 1970.
const EPOCH: i64 = 719_468;
/// Days in 400 years.
const CYCLE: i64 = 146_097;

pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    text(*at).serialize(to)
}

/// A moment of the years 0 to 9999; those beyond are the nearest of these.
pub(super) fn text(at: Timestamp) -> String {
    let first = days_before(0, 1, 1) * DAY;
    let last = days_before(10_000, 1, 1) * DAY - 1;
    let millis = at.unix_millis().clamp(first, last);
    let (days, time) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let (hour, minute) = (time / 3_600_000, time / 60_000 % 60);
    let (second, milli) = (time / 1000 % 60, time % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Reads what [`text`] writes, with any number of digits behind the second, or none; those beyond
/// milliseconds are left out.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let body = text.strip_suffix('Z')?;
    let (whole, fraction) = match body.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (body, "0"),
    };
    let number = |range: std::ops::Range<usize>| {
        let digits = whole.get(range)?;
        let is_number = digits.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| digits.parse::<i64>().ok())?
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let marked = marks
        .iter()
        .all(|(at, mark)| whole.as_bytes().get(*at) == Some(mark));
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let digits =
        fraction.bytes().all(|it| it.is_ascii_digit()) && (1..=9).contains(&fraction.len());
    let days = days_before(year, month, day);
    let is_one = marked
        && whole.len() == 19
        && digits
        && (1..=12).contains(&month)
        && date(days) == (year, month, day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_one {
        return None;
    }
    let milli: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let seconds = (hour * 60 + minute) * 60 + second;
    Some(Timestamp::from_unix_millis(
        days * DAY + seconds * 1000 + milli,
    ))
}

/// Days from 1970 to a day. Years are counted from March, so that a leap day is the last of its year.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let of_year = (153 * since_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + of_year - EPOCH
}

/// The year, month and day of a day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (cycle, of_cycle) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let leap_days = of_cycle / 1_460 - of_cycle / 36_524 + of_cycle / 146_096;
    let year = (of_cycle - leap_days) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let since_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * since_march + 2) / 5 + 1;
    let month = (since_march + 2) % 12 + 1;
    let year = cycle * 400 + year + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_are_written_as_others_write_them() {
        let check = |millis: i64, expected: &str| {
            let at = Timestamp::from_unix_millis(millis);
            assert_eq!(text(at), expected);
            assert_eq!(parse(expected), Some(at));
        };
        check(0, "1970-01-01T00:00:00.000Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(1_709_164_800_000, "2024-02-29T00:00:00.000Z");
        check(951_868_799_999, "2000-02-29T23:59:59.999Z");
        check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
        check(253_402_300_799_999, "9999-12-31T23:59:59.999Z");
        check(-62_167_219_200_000, "0000-01-01T00:00:00.000Z");
        assert_eq!(
            text(Timestamp::from_unix_millis(i64::MAX)),
            "9999-12-31T23:59:59.999Z"
        );
        assert_eq!(
            text(Timestamp::from_unix_millis(i64::MIN)),
            "0000-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn digits_behind_the_second_may_be_more_or_none() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(parse(text).map(Timestamp::unix_millis), expected, "{text}");
        };
        check("1970-01-01T00:00:01Z", Some(1000));
        check("1970-01-01T00:00:00.5Z", Some(500));
        check("1970-01-01T00:00:00.123456Z", Some(123));
        for bad in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-02-29T00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z",
            "1970-01-00T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.xZ",
            "1970-01-01 00:00:00Z",
            "+970-01-01T00:00:00Z",
            "1970-01-01T00:00:00é",
        ] {
            check(bad, None);
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_read_back(millis in -62_167_219_200_000_i64..253_402_300_800_000) {
            let at = Timestamp::from_unix_millis(millis);
            prop_assert_eq!(parse(&text(at)), Some(at));
        }
    }
}
