use super::*;
use std::io::BufReader;

/// The tokens as one text: texts joined, tags in brackets. `!` at the end when it was cut.
fn shown(document: &[u8], capacity: usize) -> String {
    let mut tokens = Tokens::new(BufReader::with_capacity(capacity, document));
    let mut out = String::new();
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    loop {
        match tokens.next().unwrap() {
            Token::Start(tag) => out.push_str(&format!("[{}]", lossy(tag))),
            Token::End(name) => out.push_str(&format!("[/{}]", lossy(name))),
            Token::Text(text) | Token::Literal(text) => out.push_str(&lossy(text)),
            Token::Declaration => out.push_str("[?]"),
            Token::Eof => break,
        }
    }
    if tokens.is_cut() {
        out.push('!');
    }
    out
}

fn check(document: &str, expected: &str) {
    for capacity in [1, 2, 3, 7, 4096] {
        assert_eq!(
            shown(document.as_bytes(), capacity),
            expected,
            "buffer of {capacity}"
        );
    }
}

#[test]
fn plain_documents_are_cut_into_tags_and_texts() {
    check("<a x=\"1\">t<b/></a >", "[a x=\"1\"]t[b/][/a]");
    check("<?xml version=\"1.0\"?>\n<a/>", "[?]\n[a/]");
    check(
        "<a>t<?xml version=\"1.0\"?>\n<?xml v=\"1\"?><?b?>\n<?b?></a>",
        "[a]t\n[?]\n[/a]",
    );
    check("<a><!-- <b> -- > --->x</a>", "[a]x[/a]");
    check(
        "<a><![CDATA[<b>]] ]>]]]]><![CDATA[>]]></a>",
        "[a]<b>]] ]>]]>[/a]",
    );
}

#[test]
fn a_greater_sign_in_a_value_ends_no_tag() {
    check(
        "<a x=\"1>2\" y='a\"<b>'>t</a>",
        "[a x=\"1>2\" y='a\"<b>']t[/a]",
    );
    check("<a x = \"1>2\">t", "[a x = \"1>2\"]t");
}

#[test]
fn a_value_beyond_its_limit_is_cut_and_says_so() {
    let long = "x".repeat(LONG_VALUE - 1);
    for capacity in [1000, 1 << 20] {
        let document = format!("<a b=\"{long}\u{e9}zz>\" c='{long}y' d='e'>t");
        let reader = BufReader::with_capacity(capacity, document.as_bytes());
        let mut tokens = Tokens::new(reader).keeping(10);
        let kept = format!("a b=\"{long} [cut here: 4 more bytes]\" c='{long}y' d='e'");
        assert_eq!(tokens.next().unwrap(), Token::Start(kept.as_bytes()));
        assert_eq!(tokens.next().unwrap(), Token::Text(b"t"));
    }
}

#[test]
fn raw_markup_characters_are_text() {
    check("<a>1 < 2 && 3 <4 </a>", "[a]1 < 2 && 3 <4 [/a]");
    check("<a>x <b and c</a>", "[a]x <b and c[/a]");
    check("<a>it's <b \"quoted</a>", "[a]it's <b \"quoted[/a]");
    check("<a>]]> <! <!- <![CDAT</a>", "[a]]]> <! <!- <![CDAT[/a]");
}

#[test]
fn a_document_type_is_skipped_whole() {
    check(
        "<!DOCTYPE a [<!ENTITY b \"]>\"> <!-- it's ]> --> ]><a>&b;</a>",
        "[a]&b;[/a]",
    );
    check("<!DOCTYPE a [<?b ]> <c/> ' ?> <?d?>]><a/>", "[a/]");
    check("<!DOCTYPE a SYSTEM \"x>y\"><a/>", "[a/]");
}

#[test]
fn a_cut_document_says_so() {
    check("<a>t", "[a]t");
    check("<a><b x=\"1", "[a]!");
    check("<a><", "[a]<!");
    check("<a><!-- x", "[a]!");
    check("<a><![CDATA[x]]", "[a]x]]!");
    check("<!DOCTYPE a [", "!");
}

#[test]
fn lines_are_counted() {
    let mut tokens = Tokens::new(&b"<a\n>\n\n<b/>"[..]);
    while tokens.next().unwrap() != Token::Start(b"b/") {}
    assert_eq!(tokens.line(), 4);
}

#[test]
fn declarations_are_seen_while_texts_are_left_out() {
    let document = &b"<?xml version='1.0'?><a><?xmlish?><?b?>\n<?xml\tversion='1.0'?></a><?xml"[..];
    for capacity in [1, 3, 4096] {
        let mut tokens = Tokens::new(BufReader::with_capacity(capacity, document));
        let mut seen = String::new();
        loop {
            match tokens.next_marked(false).unwrap().0 {
                Token::Declaration => seen.push('?'),
                Token::Start(_) => seen.push('<'),
                Token::End(_) => seen.push('>'),
                Token::Text(_) | Token::Literal(_) => seen.push('t'),
                Token::Eof => break,
            }
        }
        assert_eq!(seen, "?<?>");
    }
}

#[test]
fn declarations_and_tags_of_other_encodings_are_noticed() {
    let document = b"<?xml version='1.0' encoding='a-1'?>\n<a>\0</a>\n<?xml encoding='a-2'?><?b encoding='c'?>\
        \n<?xml version='1.0' encoding='a-1'?><\0?\0x\0";
    for capacity in [1, 3, 4096] {
        let mut tokens = Tokens::new(BufReader::with_capacity(capacity, &document[..]));
        while tokens.next_marked(false).unwrap().0 != Token::Eof {}
        let notices = tokens.notices();
        let expected = [(1, "a-1".to_owned()), (3, "a-2".to_owned())];
        assert_eq!(notices.declarations, expected);
        assert_eq!(notices.wide, Some(4));
    }
}
