//! Secrets in what commands write.

use retro_exec::{Ending, Redactor, SecretText, find_truncation};

use crate::scratch::{Scratch, check_ending};

fn redactor(value: &str) -> Redactor {
    Redactor::new([("TOKEN", &SecretText::new(value))])
}

#[test]
fn a_secret_split_across_writes_does_not_reach_either_file() {
    let scratch = Scratch::new();
    let line = "for stream in 1 2; do \
                printf 'a hun' >&$stream; sleep 0.05; printf 'ter2' >&$stream; sleep 0.05; \
                printf '2 b\n' >&$stream; done";
    let mut run = scratch.shell(line);
    run.redactor = redactor("hunter22");
    let finished = scratch.run(&run);
    for (file, captured) in [("stdout", finished.stdout), ("stderr", finished.stderr)] {
        let text = String::from_utf8(scratch.read(file)).unwrap();
        assert_eq!(text, "a [redacted: TOKEN] b\n");
        assert_eq!((captured.redacted, captured.bytes), (1, text.len() as u64));
    }
}

#[test]
fn what_only_begins_like_a_secret_is_kept_at_the_end() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("printf 'a hunter2'");
    run.redactor = redactor("hunter22");
    assert_eq!(scratch.run(&run).stdout.redacted, 0);
    assert_eq!(scratch.stdout(), b"a hunter2");
}

#[test]
fn two_streams_in_one_file_are_redacted_as_one() {
    let scratch = Scratch::new();
    let mut run = scratch.shell("printf hunt; printf er22 >&2");
    run.stderr = run.stdout.clone();
    run.redactor = redactor("hunter22");
    scratch.run(&run);
    assert_eq!(scratch.stdout(), b"[redacted: TOKEN]");
}

#[test]
fn the_cap_counts_what_is_written_and_cuts_no_secret_in_two() {
    let scratch = Scratch::new();
    for cap in 0..60 {
        let mut run = scratch.shell("for n in 1 2 3 4 5 6 7 8 9; do echo hunter22; done");
        run.redactor = redactor("hunter22");
        run.stdout.cap = cap;
        let finished = scratch.run(&run).stdout;
        assert_eq!((finished.redacted, finished.bytes), (9, 9 * 18));
        let file = scratch.stdout();
        let found = find_truncation(&file).unwrap();
        assert_eq!(finished.marker_at, Some(found.at as u64));
        assert_eq!(found.left_out, finished.bytes - cap);
        assert_eq!((found.at + file.len() - found.resumes_at) as u64, cap);
        assert!(!String::from_utf8(file).unwrap().contains("hunt"));
    }
}

#[test]
fn no_form_of_a_secret_survives_byte_by_byte() {
    let scratch = Scratch::new();
    let secret = "-----BEGIN KEY-----\nMIIE+/pAIB\"AA K~C\\\nabé\n-----END KEY-----\n";
    std::fs::write(scratch.path("secret"), secret).unwrap();
    let program = r#"
import base64, json, os, urllib.parse
secret = open(os.environ["OUT"] + "/secret", encoding="utf-8").read()
forms = [secret.encode()] + [line.encode() for line in secret.split("\n") if len(line.encode()) >= 6]
quoted = [urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)]
forms += [text.encode() for text in quoted]
forms += [text.replace("%0A", "%0a").replace("%2B", "%2b").replace("%2F", "%2f").replace("%5C", "%5c").replace("%C3%A9", "%c3%a9").encode() for text in quoted]
forms += [json.dumps(secret)[1:-1].encode(), json.dumps(secret, ensure_ascii=False)[1:-1].encode()]
for before in [b"", b"a", b"ab"]:
    for encode in [base64.b64encode, base64.urlsafe_b64encode]:
        # Without the characters that hold bits of a neighbour, and without padding.
        text = before + secret.strip().encode()
        forms.append(encode(text)[(len(before) * 8 + 5) // 6:len(text) * 8 // 6])
open(os.environ["OUT"] + "/forms", "w").write("\n".join(form.hex() for form in forms))
for stream in [1, 2]:
    for form in forms:
        for byte in b"<" + form + b">\n":
            os.write(stream, bytes([byte]))
"#;
    let mut run = scratch.command(&["python3", "-c", program]);
    run.redactor = redactor(secret);
    check_ending(&scratch.run(&run), Ending::Exited(0));
    let forms = String::from_utf8(scratch.read("forms")).unwrap();
    let forms: Vec<Vec<u8>> = forms.lines().map(from_hex).collect();
    assert!(forms.len() > 15);
    for file in ["stdout", "stderr"] {
        let text = scratch.read(file);
        let shown = String::from_utf8_lossy(&text);
        for form in &forms {
            let trimmed = form.trim_ascii();
            let survives = text.windows(trimmed.len()).any(|window| window == trimmed);
            assert!(!survives, "{} in {shown}", String::from_utf8_lossy(form));
        }
        assert!(
            shown.matches("[redacted: TOKEN]").count() >= forms.len(),
            "{shown}"
        );
        for line in ["MIIE", "SUlF", "BEGIN", "END KEY"] {
            assert!(!shown.contains(line), "{line} in {shown}");
        }
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    let number = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(number).collect()
}
