//! Which content type and cache header a file gets.

use globset::{Glob, GlobBuilder, GlobMatcher};
use retro_domain::PathRule;

use crate::{StoreError, SyncRequest};

/// What a file is served with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHeaders {
    /// Its `Content-Type`.
    pub content_type: String,
    /// Its `Cache-Control`.
    pub cache_control: Option<String>,
}

/// The rules of a request, ready for use.
#[derive(Clone, Debug)]
pub(crate) struct HeaderRules {
    content_types: Vec<Rule>,
    cache_headers: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    matcher: GlobMatcher,
    /// Whether it looks at the name alone, in whatever folder.
    of_name: bool,
    value: String,
}

/// What servers take without a question.
const MAX_VALUE: usize = 1024;
/// The type of what has none.
const ANY_TYPE: &str = "application/octet-stream";

impl HeaderRules {
    /// The rules of a request, see [`SyncRequest::content_types`].
    pub(crate) fn of(request: &SyncRequest) -> Result<Self, StoreError> {
        let mut faults = Vec::new();
        let rules = Self {
            content_types: compiled("content_types", &request.content_types, &mut faults),
            cache_headers: compiled("cache_headers", &request.cache_headers, &mut faults),
        };
        if faults.is_empty() {
            return Ok(rules);
        }
        Err(StoreError::backend(
            "reading the rules of a deploy",
            faults.join("; "),
        ))
    }

    /// What the file of this path is served with.
    pub(crate) fn headers(&self, path: &str) -> FileHeaders {
        let content_type = first(&self.content_types, path);
        FileHeaders {
            content_type: content_type.unwrap_or_else(|| by_extension(path).to_owned()),
            cache_control: first(&self.cache_headers, path),
        }
    }
}

fn compiled(field: &str, rules: &[PathRule], faults: &mut Vec<String>) -> Vec<Rule> {
    let mut compiled = Vec::with_capacity(rules.len());
    for PathRule { glob, value } in rules {
        let printable = |it: char| it == ' ' || it.is_ascii_graphic();
        if value.trim().is_empty() || value.len() > MAX_VALUE || !value.chars().all(printable) {
            faults.push(format!(
                "deploy.{field}: the value for {glob:?} is no header: write {MAX_VALUE} printable \
                 ASCII characters at most"
            ));
        }
        match matcher(glob) {
            Ok(matcher) => compiled.push(Rule {
                of_name: !glob.contains('/'),
                matcher,
                value: value.clone(),
            }),
            Err(error) => faults.push(format!("deploy.{field}: {error}")),
        }
    }
    compiled
}

fn matcher(glob: &str) -> Result<GlobMatcher, globset::Error> {
    let glob = glob.strip_prefix('/').unwrap_or(glob);
    let built: Glob = GlobBuilder::new(glob).literal_separator(true).build()?;
    Ok(built.compile_matcher())
}

fn first(rules: &[Rule], path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let fits = |rule: &&Rule| {
        let subject = if rule.of_name { name } else { path };
        rule.matcher.is_match(subject)
    };
    rules.iter().find(fits).map(|rule| rule.value.clone())
}

fn by_extension(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, extension)) = name.rsplit_once('.') else {
        return ANY_TYPE;
    };
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "xml" => "application/xml",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/vnd.microsoft.icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => ANY_TYPE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(content_types: &[(&str, &str)]) -> Result<HeaderRules, StoreError> {
        let rule = |(glob, value): &(&str, &str)| PathRule {
            glob: (*glob).to_owned(),
            value: (*value).to_owned(),
        };
        HeaderRules::of(&SyncRequest {
            root: "/".into(),
            output: String::new(),
            place: String::new(),
            delete: false,
            content_types: content_types.iter().map(rule).collect(),
            cache_headers: Vec::new(),
        })
    }

    #[test]
    fn the_first_rule_that_fits_says_the_type_and_the_extension_otherwise() {
        let rules = rules(&[
            ("*.wasm", "a/a"),
            ("assets/*", "b/b"),
            ("deep/**", "c/c"),
            ("/top", "d/d"),
            ("feed", "e/e"),
        ])
        .unwrap();
        let check = |path: &str, expected: &str| {
            assert_eq!(rules.headers(path).content_type, expected, "{path}");
        };
        check("x/y.wasm", "a/a");
        check("assets/y.wasm", "a/a");
        check("assets/app.js", "b/b");
        check("assets/more/app.js", "text/javascript; charset=utf-8");
        check("deep/more/app.js", "c/c");
        check("top", "d/d");
        check("x/top", ANY_TYPE);
        check("x/feed", "e/e");
        check("INDEX.HTML", "text/html; charset=utf-8");
        check("html", ANY_TYPE);
        check(".html/x", ANY_TYPE);
    }

    #[test]
    fn rules_that_are_none_are_told_all_at_once() {
        let error = rules(&[("[", "a/b"), ("*", "a\nb"), ("**", " "), ("x", "é")]);
        let text = error.unwrap_err().to_string();
        assert_eq!(text.matches("deploy.content_types").count(), 4, "{text}");
    }
}
