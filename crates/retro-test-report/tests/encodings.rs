//! The encodings of result files: decoded, or refused by name, and never guessed in silence.

mod reading;

use reading::{check, read_with};
use retro_test_report::{Format, Options, ParseError};

/// A report in an encoding that declares its name, as these bytes.
fn declared(name: &str, test: &[u8]) -> Vec<u8> {
    let head = format!("<?xml version=\"1.0\" encoding=\"{name}\"?><testsuite name=\"s\">");
    [
        head.as_bytes(),
        b"<testcase name=\"",
        test,
        b"\"/></testsuite>",
    ]
    .concat()
}

fn refused(bytes: &[u8]) -> String {
    match read_with(bytes, Some(Format::Junit), &Options::default()) {
        Err(error @ ParseError::Encoding { .. }) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{} was read", String::from_utf8_lossy(bytes)),
    }
}

#[test]
fn declared_encodings_are_decoded() {
    for (name, test, expected) in [
        ("ISO-8859-1", &b"\xe9"[..], "é"),
        ("iso-8859-15", b"\xa4", "€"),
        ("ISO-8859-2", b"\xbe", "ž"),
        ("Shift_JIS", b"\x95\x5c", "表"),
        ("GBK", b"\xd6\xd0", "中"),
        ("EUC-KR", b"\xc7\xd1", "한"),
        ("Big5", b"\xa4\xa4", "中"),
        ("windows-1251", b"\xe6", "ж"),
        ("KOI8-R", b"\xd6", "ж"),
        ("ISO-2022-JP", b"\x1b$BI=\x1b(B", "表"),
        ("US-ASCII", "é".as_bytes(), "é"),
        ("ANSI_X3.4-1968", "é".as_bytes(), "é"),
        ("UTF-16", "é".as_bytes(), "é"),
    ] {
        let read = check(declared(name, test), &[&format!("passed s::{expected}")]);
        assert_eq!(read.warnings, [""; 0], "{name}");
    }
}

#[test]
fn what_cannot_be_decoded_is_refused_by_name() {
    for (name, test) in [
        ("UTF-7", &b"+AOk-"[..]),
        ("ISO-2022-KR", b"a"),
        ("cp850", b"\x82"),
        ("x-mac-icelandic", b"\x8e"),
    ] {
        let error = refused(&declared(name, test));
        assert!(
            error.contains(&format!("iconv -f {name} -t UTF-8")),
            "{error}"
        );
    }
    let wide: Vec<u8> = "<testsuite/>"
        .chars()
        .flat_map(|c| (c as u32).to_be_bytes())
        .collect();
    assert!(refused(&wide).contains("UTF-32"));
    // What is UTF-8 all the same can be read.
    for test in ["plain", "é"] {
        let read = check(
            declared("${encoding}", test.as_bytes()),
            &[&format!("passed s::{test}")],
        );
        assert_eq!(read.warnings, [""; 0]);
    }
    // Cases before the first byte that is not are told.
    let mut late = declared("cp850", &b"a"[..]);
    late.truncate(late.len() - "</testsuite>".len());
    late.extend("<testcase name='b'/>".repeat(20_000).as_bytes());
    late.extend(b"\x82</testsuite>");
    assert!(refused(&late).contains("cp850"));
}

#[test]
fn bytes_that_are_not_utf_8_are_a_warning() {
    let warning = |at: u64| {
        format!(
            "the file has bytes that are not UTF-8, the first at byte {at}: each became U+FFFD, and names that \
             differ in nothing else became the same; if its encoding is another one, convert it: \
             iconv -f ENCODING -t UTF-8"
        )
    };
    let read = check(
        b"<testsuite><testcase name='\xe9'/><testcase name='\xe8'/></testsuite>",
        &["passed \u{fffd}", "passed \u{fffd}"],
    );
    assert_eq!(read.warnings, [warning(28)]);
    let read = check(declared("utf-8", b"\xe9"), &["passed s::\u{fffd}"]);
    assert_eq!(read.warnings.len(), 1);
    let read = check(b"1..1\nok 1 - a\xff\n", &["passed a\u{fffd}"]);
    assert_eq!(read.warnings, [warning(14)]);
    let long = "<testcase name='ordinary'/>".repeat(10_000);
    let bytes = [b"<testsuite>", long.as_bytes(), b"\xff</testsuite>"].concat();
    let read = reading::read(&bytes);
    assert_eq!(read.warnings, [warning(bytes.len() as u64 - 12)]);
    let read = reading::read(declared("Shift_JIS", b"\x95\xff"));
    assert!(
        read.warnings[0].contains("bytes that are not Shift_JIS"),
        "{:?}",
        read.warnings
    );
}

#[test]
fn a_declaration_after_other_output_counts() {
    let report = [
        b"npm noise\n> run\n".to_vec(),
        declared("ISO-8859-1", b"\xe9"),
    ]
    .concat();
    let read = check(report, &["passed s::é"]);
    assert_eq!(read.warnings, [""; 0]);
    // In a format of lines it is only a line of output.
    check(
        "1..1\nok 1 - é\n# <?xml version='1.0' encoding='ISO-8859-1'?>\n".as_bytes(),
        &["passed é"],
    );
}

#[test]
fn a_second_document_in_another_encoding_is_told() {
    let first = declared("utf-8", b"a");
    let read = check(
        [&first[..], b"\n", &declared("ISO-8859-1", b"\xe9")].concat(),
        &["passed s::a", "passed s::\u{fffd}"],
    );
    let told = "line 2: this document declares ISO-8859-1, and was read as UTF-8 like the beginning of the file; \
                write each report to a file of its own";
    assert!(
        read.warnings.contains(&told.to_owned()),
        "{:?}",
        read.warnings
    );
    let same = check(
        [&first[..], b"\n", &declared("UTF8", "é".as_bytes())].concat(),
        &["passed s::a", "passed s::é"],
    );
    assert_eq!(same.warnings, [""; 0]);
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let second = String::from_utf8(declared("utf-16", b"b")).unwrap();
        let second: Vec<u8> = second.encode_utf16().flat_map(order).collect();
        let read = check([&first[..], b"\n", &second].concat(), &["passed s::a"]);
        assert!(read.summary.truncated);
        let told =
            "line 2: from here on the file is UTF-16, unlike its beginning, and was not read";
        assert!(
            read.warnings.iter().any(|it| it.starts_with(told)),
            "{:?}",
            read.warnings
        );
    }
    // What a test wrote is no second document.
    let raw = "<testsuite><testcase name='a'><system-out><?xml version='1.0' encoding='latin1'?><\0a\0\
               </system-out></testcase></testsuite>";
    let read = check(raw, &["passed a"]);
    assert_eq!((read.warnings.len(), read.summary.truncated), (0, false));
}
