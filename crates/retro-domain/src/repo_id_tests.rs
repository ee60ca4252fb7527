use super::*;

fn check(location: &str, expected: &str) {
    let shown = RepoId::from_location(location).map(|id| id.to_string());
    assert_eq!(shown.as_deref(), Ok(expected), "{location}");
}

#[test]
fn one_repository_has_one_name_however_it_is_reached() {
    for location in [
        "https://example.com/owner/name.git",
        "https://user:secret@example.com:8443/owner/name/",
        "ssh://git@example.com/owner/name",
        "git@example.com:owner/name.git",
        "owner/name",
    ] {
        check(location, "owner/name");
    }
    check("https://example.com/group/sub/name", "group/sub/name");
}

#[test]
fn folders_of_one_name_stay_apart() {
    let first = RepoId::from_location("/a/tool").unwrap();
    let second = RepoId::from_location("file:///b/tool/.git").unwrap();
    assert!(first.name().starts_with("tool-") && second.name().starts_with("tool-"));
    assert_ne!(first, second);
    assert_eq!(RepoId::from_location("/a/tool/"), Ok(first));
}

#[test]
fn names_that_could_leave_their_folder_are_refused() {
    for location in [
        "../name",
        "owner/..",
        "https://example.com/",
        "owner",
        "ftp://h/o/n",
        "",
    ] {
        assert!(
            RepoId::from_location(location).is_err(),
            "{location:?} was accepted"
        );
    }
    let error = RepoId::from_location("https://me:hunter2@example.com/").unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
