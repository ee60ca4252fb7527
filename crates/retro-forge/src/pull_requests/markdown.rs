//! Pieces of Markdown that what they hold cannot leave.

use super::text::{clean, cut, one_line};

const CUT_LINE: &str = "…";
const CUT_BLOCK: &str = "\n… (the rest was left out)";

/// The text as it is, in a fence of more backticks than it has in a row. Nothing in it is Markdown:
/// no mention, no link, no reference.
pub(super) fn fenced(text: &str, limit: usize) -> String {
    let text = cut(clean(text).trim_matches('\n'), limit, CUT_BLOCK);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

/// The text as code within a line, in more backticks than it has in a row.
pub(super) fn code(text: &str, limit: usize) -> String {
    // Nobody reads far into what is cut.
    let text = cut(&one_line(&cut(text, 8 * limit, "")), limit, CUT_LINE);
    if text.is_empty() {
        return "(none)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // A space on both sides is taken away again, and keeps backticks at the ends apart.
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A link that shows its address, or code where it is no address of the web.
pub(super) fn link(url: &str, limit: usize) -> String {
    let url = url.trim();
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_plain = |c: char| c.is_ascii_graphic() && !"<>\"`\\^{|}".contains(c);
    if is_web && url.len() <= limit && url.chars().all(is_plain) {
        format!("<{url}>")
    } else {
        code(url, limit)
    }
}

/// The items, one a line, or as many as fit, and how many there are besides.
pub(super) fn list(mut items: impl ExactSizeIterator<Item = String>, limit: usize) -> String {
    let mut text = String::new();
    while let Some(item) = items.next() {
        let line = format!("- {item}\n");
        if text.len() + line.len() > limit {
            text.push_str(&format!("- … and {} more\n", items.len() + 1));
            break;
        }
        text.push_str(&line);
    }
    text
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fences_are_longer_than_what_is_in_them() {
        let check = |text: &str, expected: &str| assert_eq!(fenced(text, 100), expected);
        check("a", "```text\na\n```\n");
        check("```\n@all\n```", "````text\n```\n@all\n```\n````\n");
        check("a `````` b", "```````text\na `````` b\n```````\n");
        assert!(fenced(&"x".repeat(200), 100).contains("left out"));
    }

    #[test]
    fn code_stays_in_its_line() {
        let check = |text: &str, expected: &str| assert_eq!(code(text, 20), expected);
        check("a\n\n# b", "`a # b`");
        check("a ` b", "``a ` b``");
        check("`", "`` ` ``");
        check("", "(none)");
        check(&"x".repeat(30), &format!("`{}…`", "x".repeat(17)));
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        let check = |url: &str, expected: &str| assert_eq!(link(url, 100), expected);
        check(
            "https://a.example/b?c=(d)#e",
            "<https://a.example/b?c=(d)#e>",
        );
        check("javascript:alert(1)", "`javascript:alert(1)`");
        check("https://a> @all", "`https://a> @all`");
    }

    #[test]
    fn long_lists_say_how_much_is_missing() {
        let items = (0_u32..10).map(|number| format!("item {number}"));
        assert_eq!(list(items, 20), "- item 0\n- item 1\n- … and 8 more\n");
    }

    proptest! {
        #[test]
        fn nothing_leaves_a_fence(text in "[`~a\n\r >#-]{0,60}") {
            let block = fenced(&text, 1_000);
            let fence: String = block.chars().take_while(|c| *c == '`').collect();
            let closing = block.lines().skip(1).filter(|line| {
                let line = line.trim();
                line.starts_with(&fence) && line.chars().all(|c| c == '`')
            });
            prop_assert_eq!(closing.count(), 1);
        }

        #[test]
        fn nothing_leaves_code(text in "[`~a\n\r >#-]{1,60}") {
            let piece = code(&text, 1_000);
            prop_assert!(!piece.contains('\n'));
            let fence = piece.chars().take_while(|c| *c == '`').count();
            if piece != "(none)" {
                let inner = &piece[fence..piece.len() - fence];
                prop_assert!(longest_run(inner) < fence);
            }
        }
    }
}
