//! Titles and texts that forges take.

/// The most bytes of a title: the shortest limit of the forges, 255, less what a draft's title
/// begins with where that is how drafts are marked.
pub const MAX_TITLE: usize = 240;

/// The most bytes of a text. GitHub takes 65,536 characters.
pub const MAX_BODY: usize = 65_000;

const CUT_TITLE: &str = "…";
const CUT_BODY: &str = "\n\n(The rest was left out: it is too long for a pull request.)\n";

/// The title and the text of a pull request: without secrets, and no longer than forges take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequestText {
    title: String,
    body: String,
}

impl PullRequestText {
    /// What a caller wrote. `redact` gives a text without the secrets that are in it; it sees title
    /// and text as they came, and once more as they are to be, and only cutting comes after it.
    ///
    /// A title is one line and never empty. Characters that control a terminal or the direction of
    /// writing are left out; what is too long is cut, and says so.
    pub fn new(title: &str, body: &str, redact: &dyn Fn(&str) -> String) -> Self {
        let title = redact(&one_line(&redact(title)));
        let title = if title.trim().is_empty() {
            "Untitled change"
        } else {
            &title
        };
        let body = redact(&clean(&redact(body)));
        Self {
            title: cut(title, MAX_TITLE, CUT_TITLE),
            body: cut(&body, MAX_BODY, CUT_BODY),
        }
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The text, in Markdown.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// The text with plain line ends, and without characters that control a terminal or the direction
/// of writing.
pub(super) fn clean(text: &str) -> String {
    let is_kept = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}' => false,
        c => !c.is_control(),
    };
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(is_kept)
        .collect()
}

/// The text as one line, without white space around it.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<String> = clean(text).split_whitespace().map(str::to_owned).collect();
    words.join(" ")
}

/// The text, or as much of its beginning as leaves room for `marker` within `limit` bytes.
pub(super) fn cut(text: &str, limit: usize, marker: &str) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub(marker.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{marker}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn titles_are_one_line_and_within_their_limit() {
        let check = |title: &str, expected: &str| {
            assert_eq!(PullRequestText::new(title, "", &plain).title(), expected);
        };
        check(" Fix\r\nthe\tsums \u{1b}[31m", "Fix the sums [31m");
        check("\u{202e}evil", "evil");
        check(" \n ", "Untitled change");
        check(&"é".repeat(200), &format!("{}…", "é".repeat(118)));
    }

    #[test]
    fn texts_are_cut_with_a_word_about_it() {
        let long = PullRequestText::new("t", &"é\n".repeat(40_000), &plain);
        assert!(long.body().len() <= MAX_BODY && long.body().len() > MAX_BODY - 4);
        assert!(long.body().ends_with(CUT_BODY));
        assert_eq!(PullRequestText::new("t", "a\r\nb\0", &plain).body(), "a\nb");
    }

    #[test]
    fn no_change_of_form_hides_a_secret_or_makes_one() {
        let redact = |text: &str| {
            text.replace("two\nlines", "***")
                .replace("two lines", "***")
        };
        let text = PullRequestText::new("two\nlines", "two\nlines, two\r\nlines", &redact);
        assert_eq!((text.title(), text.body()), ("***", "***, ***"));
        // A secret across the cut is gone before it is cut.
        let secret = "s".repeat(100);
        let redact = |text: &str| text.replace(&secret, "***");
        let body = format!("{}{secret}", "a".repeat(MAX_BODY - 50));
        let text = PullRequestText::new("t", &body, &redact);
        assert!(!text.body().contains("ss"));
    }
}
