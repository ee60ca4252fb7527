//! Where results are, as people write it.

use std::fmt;

use retro_domain::{ResultFormat, ResultLocation, ResultSource};

use crate::collect::check_result_pattern;

/// What is wrong with a text that should say where results are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFault {
    /// What is wrong, the text included.
    pub what: String,
    /// What to write in its place.
    pub hint: Option<String>,
}

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{} ({hint})", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for SourceFault {}

/// The source that `FORMAT` (what the command prints) or `FORMAT:GLOB` (files) stands for.
///
/// # Errors
///
/// When there is no such format, or the glob can match no file.
pub fn parse_result_source(text: &str) -> Result<ResultSource, SourceFault> {
    let (name, glob) = match text.split_once(':') {
        Some((name, glob)) => (name, Some(glob)),
        None => (text, None),
    };
    let format = ResultFormat::from_name(name).ok_or_else(|| no_format(text, name))?;
    let location = match glob {
        None => ResultLocation::Stdout,
        Some(_) if format == ResultFormat::ExitCode => {
            return Err(fault(
                format!("{text:?}: an exit code is in no file"),
                "write exit-code alone",
            ));
        }
        Some(glob) => files(text, glob)?,
    };
    Ok(ResultSource { format, location })
}

/// As [`parse_result_source`], but a text without a format in front is a glob, and the format is told
/// from the content of the files. Letters, digits and hyphens before a colon are a format's name:
/// `auto:` in front of a glob that begins so makes it one.
///
/// # Errors
///
/// As [`parse_result_source`].
pub fn parse_result_glob(text: &str) -> Result<ResultSource, SourceFault> {
    let is_name = |name: &str| {
        let mut letters = name.chars();
        !name.is_empty() && letters.all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let has_format = match text.split_once(':') {
        Some((name, _)) => is_name(name),
        None => ResultFormat::from_name(text).is_some(),
    };
    if has_format {
        return parse_result_source(text);
    }
    Ok(ResultSource {
        format: ResultFormat::Auto,
        location: files(text, text)?,
    })
}

/// There is no format of this name; what to write in its place.
fn no_format(text: &str, name: &str) -> SourceFault {
    let names = || ResultFormat::ALL.into_iter().map(ResultFormat::name);
    let allowed = if name.len() < 5 { 1 } else { 2 };
    let near = |known: &&str| strsim::osa_distance(known, &name.to_lowercase()) <= allowed;
    let meant = match names().find(near) {
        Some(meant) => format!("did you mean {meant:?}? "),
        None => String::new(),
    };
    fault(
        format!("{text:?}: there is no format {name:?}"),
        format!(
            "{meant}the formats are: {}; for files of this name, write {:?}",
            names().collect::<Vec<_>>().join(", "),
            format!("auto:{text}")
        ),
    )
}

fn files(text: &str, glob: &str) -> Result<ResultLocation, SourceFault> {
    if glob.ends_with('/') || glob.split('/').any(|part| part == ".git") {
        let hint = match glob.strip_suffix('/') {
            Some(folder) => format!("name the files in it, such as {folder}/*"),
            None => "results are not looked for in .git".to_owned(),
        };
        return Err(fault(format!("{text:?}: {glob:?} can match no file"), hint));
    }
    match check_result_pattern(glob) {
        Ok(()) => Ok(ResultLocation::Files(glob.to_owned())),
        Err(why) => Err(SourceFault {
            what: format!("{text:?}: {glob:?} {why}"),
            hint: None,
        }),
    }
}

fn fault(what: String, hint: impl Into<String>) -> SourceFault {
    SourceFault {
        what,
        hint: Some(hint.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_may_have_a_format_in_front() {
        let read = |text| parse_result_glob(text).unwrap();
        let files = |glob: &str| ResultLocation::Files(glob.to_owned());
        assert_eq!(read("tap").location, ResultLocation::Stdout);
        assert_eq!(read("out/*.xml").location, files("out/*.xml"));
        assert_eq!(read("out/*.xml").format, ResultFormat::Auto);
        assert_eq!(read("junit:out/*.xml").format, ResultFormat::Junit);
        assert_eq!(read("out/a:b/*.xml").location, files("out/a:b/*.xml"));
        assert_eq!(read("auto:a:b/*.xml").location, files("a:b/*.xml"));
        assert_eq!(read("auto:a:b/*.xml").format, ResultFormat::Auto);
    }

    #[test]
    fn what_matches_nothing_is_refused_with_a_way_out() {
        for text in [
            "",
            "junit:",
            "junit:out/",
            "/abs/*.xml",
            "a/../b",
            "x/.git/y",
            "exit-code:x",
        ] {
            assert!(parse_result_glob(text).is_err(), "{text:?}");
        }
        for read in [parse_result_source, parse_result_glob] {
            let unknown = read("junitt:a").unwrap_err().to_string();
            assert!(
                unknown.contains("the formats are: auto, junit"),
                "{unknown}"
            );
            assert!(unknown.contains("did you mean \"junit\"?"), "{unknown}");
            let unknown = read("tpa:*.tap").unwrap_err().to_string();
            assert!(unknown.contains("did you mean \"tap\"?"), "{unknown}");
            assert!(unknown.contains("write \"auto:tpa:*.tap\""), "{unknown}");
            let unknown = read("foo:x.xml").unwrap_err().to_string();
            assert!(!unknown.contains("did you mean"), "{unknown}");
        }
    }
}
