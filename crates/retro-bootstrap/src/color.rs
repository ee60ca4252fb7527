//! Whether output is coloured.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::config::ColorMode;

/// Whether to colour a stream, from the setting, the environment and whether it is a terminal.
///
/// `always` and `never` are obeyed. With `auto`, a terminal is coloured unless `NO_COLOR` has a
/// value or `TERM` is `dumb`.
pub fn use_color(mode: ColorMode, env: &BTreeMap<OsString, OsString>, is_terminal: bool) -> bool {
    let value = |name: &str| env.get(std::ffi::OsStr::new(name));
    match mode {
        ColorMode::Always => true,
        ColorMode::Never => false,
        ColorMode::Auto => {
            is_terminal
                && value("NO_COLOR").is_none_or(|text| text.is_empty())
                && value("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mode: ColorMode, env: &[(&str, &str)], is_terminal: bool, expected: bool) {
        let env = env.iter().map(|(k, v)| (k.into(), v.into())).collect();
        assert_eq!(
            use_color(mode, &env, is_terminal),
            expected,
            "{mode:?} {env:?} {is_terminal}"
        );
    }

    #[test]
    fn only_a_willing_terminal_is_coloured_unasked() {
        check(ColorMode::Auto, &[], true, true);
        check(ColorMode::Auto, &[], false, false);
        check(ColorMode::Auto, &[("NO_COLOR", "1")], true, false);
        check(ColorMode::Auto, &[("NO_COLOR", "")], true, true);
        check(ColorMode::Auto, &[("TERM", "dumb")], true, false);
        check(ColorMode::Always, &[("NO_COLOR", "1")], false, true);
        check(ColorMode::Never, &[], true, false);
    }
}
