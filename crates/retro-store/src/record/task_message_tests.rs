//! Pins the messages of queue mode: other services write and read them.

use proptest::collection::vec;
use proptest::prelude::*;
use retro_domain::Timestamp;
use serde_json::{Map, Value};

use super::*;
use crate::{MAX_TASK_MESSAGE, check_task_message};

fn work() -> WorkMessage {
    WorkMessage {
        session_id: "s-1".to_owned(),
        command_id: "c-1".to_owned(),
        project_id: "p-1".to_owned(),
        user_id: "u-1".to_owned(),
        instruction: "Make it\n\"blue\".".to_owned(),
        repo_url: "https://example.com/o/r".to_owned(),
        context: Map::from_iter([("branch".to_owned(), Value::from("main"))]),
    }
}

fn response() -> ResponseMessage {
    ResponseMessage {
        kind: "result".to_owned(),
        session_id: "s-1".to_owned(),
        project_id: "p-1".to_owned(),
        user_id: "u-1".to_owned(),
        command_id: "c-1".to_owned(),
        timestamp: Timestamp::from_unix_millis(1_770_091_506_789),
        success: true,
        summary: "It is blue.".to_owned(),
        files_changed: vec!["a.css".to_owned()],
        preview_url: Some("https://example.com/p".to_owned()),
        build_success: Some(true),
        deploy_success: None,
        interrupted: false,
        error: None,
    }
}

#[test]
fn a_message_that_asks_for_work_keeps_its_form() {
    let expected = concat!(
        r#"{"sessionId":"s-1","commandId":"c-1","projectId":"p-1","userId":"u-1","#,
        r#""instruction":"Make it\n\"blue\".","repoUrl":"https://example.com/o/r","#,
        r#""context":{"branch":"main"}}"#
    );
    assert_eq!(work().encode().unwrap(), expected);
    assert_eq!(WorkMessage::decode(expected), Ok(work()));
    let more = expected.replace(
        r#","context":{"branch":"main"}"#,
        r#","context":null,"x":1"#,
    );
    let read = WorkMessage::decode(&more).unwrap();
    assert_eq!(read.context, Map::new());
}

#[test]
fn a_response_keeps_its_form() {
    let expected = concat!(
        r#"{"type":"result","sessionId":"s-1","projectId":"p-1","userId":"u-1","commandId":"c-1","#,
        r#""timestamp":"2026-02-03T04:05:06.789Z","success":true,"summary":"It is blue.","#,
        r#""filesChanged":["a.css"],"previewUrl":"https://example.com/p","buildSuccess":true,"#,
        r#""deploySuccess":null,"interrupted":false,"error":null}"#
    );
    assert_eq!(response().encode().unwrap(), expected);
    assert_eq!(ResponseMessage::decode(expected), Ok(response()));
    let less = expected
        .replace(r#","error":null"#, "")
        .replace(r#""deploySuccess":null,"#, "");
    assert_eq!(ResponseMessage::decode(&less), Ok(response()));
}

#[test]
fn all_faults_of_a_message_are_told_at_once_and_nothing_of_what_it_says() {
    let check = |text: &str, expected: &str| {
        let error = WorkMessage::decode(text).unwrap_err().to_string();
        assert_eq!(error, format!("the message is malformed: {expected}"));
    };
    check("[hush", "it is not JSON, see line 1, column 2");
    check("[1]", "it is JSON, but no object");
    check(
        &" ".repeat(MAX_TASK_MESSAGE + 1),
        "it is longer than 262144 bytes",
    );
    check(
        r#"{"sessionId":"a\u0000b","commandId":7,"projectId":" ","userId":null,"context":[],
            "repoUrl":"https://hush@example.com/o/r"}"#,
        "sessionId holds a control character; commandId is no text; projectId is empty; \
         userId is missing; instruction is missing; context is no object; repoUrl has a password \
         or a token in it: leave it out, and give the runner its own",
    );
    let long = WorkMessage {
        session_id: "x".repeat(257),
        ..work()
    };
    check(
        &long.encode().unwrap(),
        "sessionId is longer than 256 bytes",
    );
    let error = ResponseMessage::decode(
        r#"{"type":"x","sessionId":"s","projectId":"p","userId":"u","commandId":"c",
            "timestamp":"today","success":"yes","summary":"","filesChanged":[1],"interrupted":0}"#,
    );
    let fields: Vec<&str> = error
        .unwrap_err()
        .faults
        .iter()
        .map(|it| it.field)
        .collect();
    assert_eq!(
        fields,
        ["timestamp", "success", "filesChanged", "interrupted"]
    );
}

#[test]
fn work_that_is_too_long_is_refused_and_a_response_is_shortened() {
    let long = WorkMessage {
        instruction: "x".repeat(MAX_TASK_MESSAGE),
        ..work()
    };
    assert!(long.encode().unwrap_err().to_string().contains("shorten"));
    let long = ResponseMessage {
        summary: "\u{1}".repeat(MAX_TASK_MESSAGE),
        error: Some("é".repeat(MAX_TASK_MESSAGE)),
        files_changed: (0..50_000).map(|it| format!("src/{it}")).collect(),
        ..response()
    };
    let text = long.encode().unwrap();
    let read = ResponseMessage::decode(&text).unwrap();
    let left_out = 50_000 - read.files_changed.len();
    assert!(
        read.summary
            .ends_with(&format!(" (cut) (and {left_out} more changed files)"))
    );
    assert!(read.error.unwrap().ends_with("é (cut)"));
    assert!(!read.files_changed.is_empty() && text.len() > MAX_TASK_MESSAGE - 200);
    let hopeless = ResponseMessage {
        session_id: "x".repeat(MAX_TASK_MESSAGE),
        ..response()
    };
    assert!(hopeless.encode().is_err());
}

prop_compose! {
    fn any_work()(
        ids in proptest::array::uniform4("[^\\p{C}\\s][^\\p{C}]{0,20}"),
        instruction in "\\PC[\\s\\S]{0,40}".prop_filter("says something", |it| !it.trim().is_empty()),
        repo_url in "(https|ssh)://[a-z]{1,9}/[a-z]{1,9}",
        context in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..3),
    ) -> WorkMessage {
        let [session_id, command_id, project_id, user_id] = ids;
        let context = context.into_iter().map(|(name, value)| (name, Value::from(value)));
        let context = context.collect();
        WorkMessage { session_id, command_id, project_id, user_id, instruction, repo_url, context }
    }
}

prop_compose! {
    fn any_response()(
        ids in proptest::array::uniform5("[^\\p{C}\\s][^\\p{C}]{0,20}"),
        millis in 0_i64..253_402_300_800_000,
        (success, interrupted) in any::<(bool, bool)>(),
        (build_success, deploy_success) in any::<(Option<bool>, Option<bool>)>(),
        summary in any::<String>(),
        files_changed in vec(any::<String>(), 0..4),
        (preview_url, error) in any::<(Option<String>, Option<String>)>(),
    ) -> ResponseMessage {
        let [kind, session_id, project_id, user_id, command_id] = ids;
        let timestamp = Timestamp::from_unix_millis(millis);
        ResponseMessage {
            kind, session_id, project_id, user_id, command_id, timestamp, success, summary,
            files_changed, preview_url, build_success, deploy_success, interrupted, error,
        }
    }
}

proptest! {
    #[test]
    fn every_message_that_asks_for_work_is_read_back(message in any_work()) {
        let text = message.encode().unwrap();
        prop_assert_eq!(WorkMessage::decode(&text), Ok(message));
    }

    #[test]
    fn every_response_is_read_back(message in any_response()) {
        let text = message.encode().unwrap();
        prop_assert_eq!(ResponseMessage::decode(&text), Ok(message));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in any::<String>(), value in any::<i64>()) {
        let _ = WorkMessage::decode(&text);
        let _ = ResponseMessage::decode(&text);
        let _ = WorkMessage::decode(&format!(r#"{{"sessionId":{value}}}"#));
    }
}

proptest! {
    // They are long.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_response_fits_into_a_message(
        message in any_response(),
        summary in 0..3 * MAX_TASK_MESSAGE,
        letter in any::<char>(),
        files in 0..20_000_usize,
    ) {
        let message = ResponseMessage {
            summary: letter.to_string().repeat(summary / 4),
            files_changed: vec![letter.to_string().repeat(9); files],
            ..message
        };
        let text = message.encode().unwrap();
        prop_assert!(text.len() <= MAX_TASK_MESSAGE);
        prop_assert!(ResponseMessage::decode(&text).is_ok());
    }
}

/// What JSON can write plainly and SQS does not take.
#[test]
fn no_message_holds_what_a_queue_does_not_take() {
    let strange = "\u{1}\u{7f}\u{ffff}\u{fffe}";
    let asked = WorkMessage {
        instruction: strange.to_owned(),
        ..work()
    };
    let said = ResponseMessage {
        summary: strange.to_owned(),
        ..response()
    };
    for text in [asked.encode().unwrap(), said.encode().unwrap()] {
        check_task_message(&text).unwrap();
    }
    assert_eq!(WorkMessage::decode(&asked.encode().unwrap()), Ok(asked));
}
