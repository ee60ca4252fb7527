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
    let format = ResultFormat::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = ResultFormat::ALL
            .into_iter()
            .map(ResultFormat::name)
            .collect();
        fault(
            format!("{text:?}: there is no format {name:?}"),
            format!("the formats are: {}", known.join(", ")),
        )
    })?;
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

/// As [`parse_result_source`], but a text without a known format in front is a glob, and the format
/// is told from the content of the files.
///
/// # Errors
///
/// As [`parse_result_source`].
pub fn parse_result_glob(text: &str) -> Result<ResultSource, SourceFault> {
    let name = text.split(':').next().unwrap_or(text);
    if ResultFormat::from_name(name).is_some() {
        return parse_result_source(text);
    }
    Ok(ResultSource {
        format: ResultFormat::Auto,
        location: files(text, text)?,
    })
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
        assert_eq!(read("a:b/*.xml").location, files("a:b/*.xml"));
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
        let unknown = parse_result_source("junitt:a").unwrap_err();
        assert!(
            unknown.to_string().contains("the formats are: auto, junit"),
            "{unknown}"
        );
    }
}
