//! Durations and points in time in the shapes that result files have.

use std::time::Duration;

use retro_domain::Timestamp;

/// Seconds, with a decimal point or comma, thousands separators, an exponent or a unit; or
/// `H:MM:SS`, with days before as in `1.02:03:04`. `None` when it is no number, negative, or not finite.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Some(seconds) = seconds(text) {
        return to_duration(seconds);
    }
    if text.contains(':') {
        if let Some((days, clock)) = text.split_once('.')
            && days.bytes().all(|b| b.is_ascii_digit())
            && clock.matches(':').count() == 2
        {
            let days: f64 = days.parse().ok()?;
            let clock = duration(clock)?;
            return to_duration(days * 86_400.0).and_then(|days| days.checked_add(clock));
        }
        return text
            .split(':')
            .try_fold(0.0, |sum, part| Some(sum * 60.0 + seconds(part)?))
            .and_then(to_duration);
    }
    let (number, unit) = match text.find(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E')) {
        Some(at) => (
            text[..at].trim_end(),
            match text[at..].trim() {
                "s" | "sec" | "secs" | "seconds" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                "m" | "min" => 60.0,
                _ => return None,
            },
        ),
        None => (text, 1.0),
    };
    to_duration(seconds(number)? * unit)
}

/// Seconds as most writers have them: up to six digits, and up to nine after a point. `None` is not
/// that they are wrong, but that [`duration`] is to be asked.
pub(crate) fn plain_seconds(text: &[u8]) -> Option<Duration> {
    let (mut seconds, mut nanos, mut unit) = (0_u64, 0_u32, 1_000_000_000_u32);
    let mut digits = text.iter();
    for &digit in digits.by_ref() {
        match digit {
            b'0'..=b'9' => seconds = seconds * 10 + u64::from(digit - b'0'),
            b'.' => break,
            _ => return None,
        }
        if seconds >= 1_000_000 {
            return None;
        }
    }
    for &digit in digits {
        unit /= 10;
        if !digit.is_ascii_digit() || unit == 0 {
            return None;
        }
        nanos += u32::from(digit - b'0') * unit;
    }
    let any = text.iter().any(u8::is_ascii_digit);
    any.then(|| Duration::new(seconds, nanos))
}

/// Milliseconds in the same plain shape, as far as they are a whole number of nanoseconds.
pub(crate) fn plain_millis(text: &[u8]) -> Option<Duration> {
    let thousandfold = plain_seconds(text)?;
    let is_whole = thousandfold.subsec_nanos().is_multiple_of(1000);
    is_whole.then(|| thousandfold / 1000)
}

fn to_duration(seconds: f64) -> Option<Duration> {
    // A clock that was set back gives tiny negative times; -0.0 is an honest zero.
    Duration::try_from_secs_f64(seconds + 0.0).ok()
}

fn seconds(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds).filter(|seconds| seconds.is_finite());
    }
    let commas = text.matches(',').count();
    let plain = match (commas, text.rfind(','), text.rfind('.')) {
        (0, _, _) => text.to_owned(),
        (_, Some(comma), Some(point)) if point < comma => text.replace('.', "").replace(',', "."),
        (1, Some(_), None) => text.replace(',', "."),
        _ => text.replace(',', ""),
    };
    let plain = plain.replace(['\u{a0}', '\u{202f}', ' ', '\''], "");
    plain
        .parse::<f64>()
        .ok()
        .filter(|seconds| seconds.is_finite())
}

/// A point in time: ISO 8601 with what people make of it, RFC 2822 and its relatives, a date
/// alone, or seconds or milliseconds since 1970. Without a zone it is taken for UTC.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return match number {
            0..100_000_000 => None,
            100_000_000..100_000_000_000 => Some(Timestamp::from_unix_seconds(number)),
            _ => Some(Timestamp::from_unix_millis(number)).filter(|_| number > 0),
        };
    }
    let year_first = text.len() >= 10 && text.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    if year_first {
        iso(text)
    } else {
        with_month_name(text)
    }
}

fn iso(text: &str) -> Option<Timestamp> {
    let (date, time) = (text.get(..10)?, text.get(10..)?);
    // The name of a zone in brackets follows its offset, and says nothing without one.
    let (time, name) = time.split_once('[').unwrap_or((time, ""));
    let mut parts = date
        .split(['-', '/', '.'])
        .map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let time = time.trim_start_matches(['T', 't', ' ', '_']);
    let zone_at = time.find(['Z', 'z', '+', '-', ' ']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    if !name.is_empty() && zone.trim().is_empty() {
        return None;
    }
    at(year, month, day, clock, zone)
}

/// `Tue, 26 Jun 2018 13:51:32 GMT`, also without the day's name, with the month first, with the
/// year last, with twelve hours, or as JavaScript shows it: `... GMT+0100 (CET)`.
fn with_month_name(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let (mut day, mut month, mut year, mut clock) = (None, None, None, String::new());
    let (mut zone, mut half) = ("", "");
    let plain = text.split('(').next().unwrap_or(text);
    let words = plain.split([' ', ',']).filter(|word| !word.is_empty());
    for word in words.take(10) {
        let number = word.parse::<i64>().ok();
        let short = word.get(..3).unwrap_or_default().to_ascii_lowercase();
        let is_of = |names: &[&str]| names.iter().position(|name| *name == short);
        if word.contains(':') && clock.is_empty() {
            clock = word.to_owned();
        } else if let Some(offset) = zone_of(word) {
            zone = offset;
        } else if let Some(number) = number {
            let slot = if word.len() == 4 { &mut year } else { &mut day };
            *slot = slot.or(Some(number));
        } else if let Some(index) = is_of(&MONTHS) {
            month = i64::try_from(index + 1).ok();
        } else if matches!(word, "AM" | "PM" | "am" | "pm") {
            half = word;
        } else if is_of(&DAYS).is_none() {
            // What is not understood may be a zone.
            return None;
        }
    }
    if !half.is_empty() {
        let (hour, rest) = clock.split_once(':')?;
        let hour = hour
            .parse::<u8>()
            .ok()
            .filter(|hour| (1..=12).contains(hour))?;
        let noon = if half.eq_ignore_ascii_case("pm") {
            12
        } else {
            0
        };
        clock = format!("{}:{rest}", hour % 12 + noon);
    }
    at(year?, month?, day?, &clock, zone)
}

/// The offset that a word says: `+0200`, `GMT`, `UTC+01:00`, or one of the names that RFC 2822 has.
fn zone_of(word: &str) -> Option<&str> {
    let after = ["GMT", "UTC", "UT"]
        .iter()
        .find_map(|name| word.strip_prefix(name));
    if let Some(offset) = after {
        return (offset.is_empty() || offset.starts_with(['+', '-'])).then_some(offset);
    }
    Some(match word {
        _ if word.starts_with(['+', '-']) => word,
        "Z" => "",
        "EDT" => "-0400",
        "EST" | "CDT" => "-0500",
        "CST" | "MDT" => "-0600",
        "MST" | "PDT" => "-0700",
        "PST" => "-0800",
        _ => return None,
    })
}

fn at(year: i64, month: i64, day: i64, clock: &str, zone: &str) -> Option<Timestamp> {
    let in_range = (1..=9999).contains(&year) && (1..=12).contains(&month);
    if !in_range || !(1..=days_of_month(year, month)).contains(&day) {
        return None;
    }
    let mut parts = clock.split(':');
    let mut whole = |limit: i64| match parts.next() {
        None | Some("") => Some(0),
        Some(part) => part.parse::<i64>().ok().filter(|n| (0..=limit).contains(n)),
    };
    let (hour, minute) = (whole(24)?, whole(59)?);
    let seconds = parts
        .next()
        .unwrap_or("0")
        .replace(',', ".")
        .parse::<f64>()
        .ok();
    let seconds = seconds.filter(|s| (0.0..61.0).contains(s))?;
    // In range by the check above: at most 61,000.
    let millis = (seconds * 1000.0) as i64;
    let minutes = days(year, month, day) * 1440 + hour * 60 + minute - offset_minutes(zone)?;
    Some(Timestamp::from_unix_millis(minutes * 60_000 + millis))
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// `Z`, `+02:00`, `-0530`, `+2`, with or without a space before; nothing is UTC.
fn offset_minutes(zone: &str) -> Option<i64> {
    let zone = zone.trim();
    let sign = match zone.chars().next() {
        Some('-') => -1,
        Some('+') => 1,
        _ => return matches!(zone, "" | "Z" | "z" | "GMT" | "UTC" | "UT").then_some(0),
    };
    // `++02:00` is a known fault of one writer.
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let number: i64 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() > 2 {
        (number / 100, number % 100)
    } else {
        (number, 0)
    };
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_shape() {
        for (text, millis) in [
            ("1.5", Some(1500)),
            (" 0.25 ", Some(250)),
            ("0,345", Some(345)),
            ("1,234.5", Some(1_234_500)),
            ("1.234,5", Some(1_234_500)),
            ("1,234,567", Some(1_234_567_000)),
            ("1.5E-2", Some(15)),
            ("2e1", Some(20_000)),
            ("12ms", Some(12)),
            ("0.5s", Some(500)),
            ("1:02:03.5", Some(3_723_500)),
            ("00:00:00.0200000", Some(20)),
            ("1.02:03:04.5", Some(93_784_500)),
            ("1.:02:03", None),
            ("-0.0", Some(0)),
            ("-1.5", None),
            ("", None),
            ("foo", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
        ] {
            assert_eq!(
                duration(text),
                millis.map(Duration::from_millis),
                "{text:?}"
            );
        }
    }

    #[test]
    fn plain_seconds_are_the_same_without_a_detour() {
        for text in [
            "0",
            "0.",
            ".5",
            "1.5",
            "0.001",
            "12.345678",
            "0.123456789",
            "999999.999999999",
            "000.100",
            "999999",
        ] {
            let plain = plain_seconds(text.as_bytes());
            assert_eq!(plain, duration(text), "{text:?}");
            assert!(plain.is_some(), "{text:?}");
        }
        for text in [
            "",
            ".",
            "1e3",
            "1,5",
            "1000000",
            "0.1234567890",
            "-1",
            " 1",
            "1s",
            "1.2.3",
        ] {
            assert_eq!(plain_seconds(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn plain_milliseconds_are_whole_nanoseconds() {
        let half = Duration::new(1, 500_000_001);
        assert_eq!(plain_millis(b"1500.000001"), Some(half));
        assert_eq!(plain_millis(b"0.0000001"), None);
    }

    #[test]
    fn points_in_time_are_read_in_every_shape() {
        const NOON: i64 = 1_530_021_092; // 2018-06-26T13:51:32Z
        for (text, millis) in [
            ("2018-06-26T13:51:32", Some(NOON * 1000)),
            ("2018-06-26T13:51:32Z", Some(NOON * 1000)),
            ("2018-06-26T13:51:32.5Z", Some(NOON * 1000 + 500)),
            ("2018-06-26T13:51:32,500", Some(NOON * 1000 + 500)),
            ("2018-06-26 13:51:32", Some(NOON * 1000)),
            ("2018-06-26T 13:51:32", Some(NOON * 1000)),
            ("2018-06-26 13:51:32Z", Some(NOON * 1000)),
            ("2018-06-26 13:51:32 +0000", Some(NOON * 1000)),
            ("2018-06-26T15:51:32+02:00", Some(NOON * 1000)),
            ("2018-06-26T15:51:32.000++02:00", Some(NOON * 1000)),
            ("2018-06-26T08:21:32-0530", Some(NOON * 1000)),
            ("2018/06/26 13:51:32", Some(NOON * 1000)),
            ("26 Jun 2018 13:51:32 GMT", Some(NOON * 1000)),
            ("Tue, 26 Jun 2018 15:51:32 +0200", Some(NOON * 1000)),
            ("Tue Jun 26 13:51:32 2018", Some(NOON * 1000)),
            ("Tue Jun 26 13:51:32 UTC 2018", Some(NOON * 1000)),
            ("Tue Jun 26 09:51:32 EDT 2018", Some(NOON * 1000)),
            (
                "Tue Jun 26 2018 15:51:32 GMT+0200 (Central European Summer Time)",
                Some(NOON * 1000),
            ),
            ("Jun 26, 2018 1:51:32 PM", Some(NOON * 1000)),
            ("Tue Jun 26 15:51:32 CEST 2018", None),
            (
                "2018-06-26T15:51:32+02:00[Europe/Berlin]",
                Some(NOON * 1000),
            ),
            ("2018-06-26T13:51:32Z[UTC]", Some(NOON * 1000)),
            ("2018-06-26T15:51:32[Europe/Berlin]", None),
            ("2018-02-29", None),
            ("2018-06-31T00:00:00", None),
            ("2000-02-30", None),
            ("2018-06-26", Some((NOON - 49_892) * 1000)),
            ("1530021092", Some(NOON * 1000)),
            ("1530021092000", Some(NOON * 1000)),
            ("1970-01-01T00:00:00", Some(0)),
            ("2000-02-29T00:00:00", Some(951_782_400_000)),
            ("", None),
            ("...", None),
            ("99.999", None),
            ("2018-13-01", None),
            ("0000-00-00T00:00:00", None),
            ("yesterday", None),
        ] {
            assert_eq!(
                timestamp(text),
                millis.map(Timestamp::from_unix_millis),
                "{text:?}"
            );
        }
    }
}
