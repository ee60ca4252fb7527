//! That the forges refuse what they are to refuse.

use super::reply::ForgeReply;
use super::*;

struct Forge {
    dialect: Dialect,
    world: ForgeWorld,
}

impl Forge {
    fn new(dialect: Dialect) -> Self {
        let mut world = ForgeWorld::new("t");
        for (branch, commits) in [("new", vec!["a", "b"]), ("same", vec!["a"])] {
            let commits = commits.into_iter().map(str::to_owned).collect();
            world.branches.insert(branch.to_owned(), commits);
        }
        world.labels = vec![(7, "bug".to_owned())];
        world.reviewers = vec!["alice".to_owned()];
        Self { dialect, world }
    }

    fn ask(&mut self, method: &str, target: &str, body: &str) -> ForgeReply {
        self.ask_with(method, target, body, &[])
    }

    /// `headers` replace those of a good request; an empty value leaves one out.
    fn ask_with(
        &mut self,
        method: &str,
        target: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> ForgeReply {
        let (interface, good): (&str, &[(&str, &str)]) = match self.dialect {
            Dialect::GitHub => (
                github::INTERFACE,
                &[
                    ("accept", "application/vnd.github+json"),
                    ("authorization", "Bearer t"),
                    ("content-type", "application/json"),
                    ("user-agent", "tests"),
                    ("x-github-api-version", "2022-11-28"),
                ],
            ),
            Dialect::Forgejo => (
                forgejo::INTERFACE,
                &[
                    ("authorization", "token t"),
                    ("content-type", "application/json"),
                ],
            ),
        };
        let value = |name: &str, usual: &str| {
            let given = headers.iter().find(|(known, _)| *known == name);
            given.map_or(usual.to_owned(), |(_, value)| (*value).to_owned())
        };
        let headers = good
            .iter()
            .map(|(name, usual)| ((*name).to_owned(), value(name, usual)));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = ServedRequest {
            number: 0,
            method: method.to_owned(),
            path: format!("{interface}/repos/acme/widgets{path}"),
            query: query.to_owned(),
            headers: headers.filter(|(_, value)| !value.is_empty()).collect(),
            body: body.as_bytes().to_vec(),
        };
        match self.dialect {
            Dialect::GitHub => github::serve(&request, &mut self.world, "http://h"),
            Dialect::Forgejo => forgejo::serve(&request, &mut self.world, "http://h"),
        }
    }

    fn create(&mut self, head: &str, base: &str) -> u16 {
        let body = format!(r#"{{"title":"t","head":"{head}","base":"{base}"}}"#);
        self.ask("POST", "/pulls", &body).status
    }
}

#[test]
fn bodies_have_the_fields_that_they_must_have() {
    for dialect in [Dialect::GitHub, Dialect::Forgejo] {
        let mut forge = Forge::new(dialect);
        for body in [
            "",
            "[]",
            r#"{"title":"t","head":"new"}"#,
            r#"{"title":"t","base":"main"}"#,
            r#"{"head":"new","base":"main"}"#,
            r#"{"title":"","head":"new","base":"main"}"#,
            r#"{"title":7,"head":"new","base":"main"}"#,
            r#"{"title":"t","head":"new","base":"main","bodie":"b"}"#,
            r#"{"title":"t","head":"new","base":"main","body":null}"#,
        ] {
            assert_eq!(forge.ask("POST", "/pulls", body).status, 422, "{body}");
        }
        assert_eq!(forge.create("new", "main"), 201);
        for body in [
            r#"{"state":"shut"}"#,
            r#"{"title":[]}"#,
            r#"{"statte":"closed"}"#,
        ] {
            assert_eq!(forge.ask("PATCH", "/pulls/1", body).status, 422, "{body}");
        }
        assert_eq!(
            forge.ask("PATCH", "/pulls/9", r#"{"title":"t"}"#).status,
            404
        );
        let body = r#"{"reviewers":"alice"}"#;
        assert_eq!(
            forge
                .ask("POST", "/pulls/1/requested_reviewers", body)
                .status,
            422
        );
    }
}

#[test]
fn branches_are_looked_at() {
    let mut github = Forge::new(Dialect::GitHub);
    let statuses = [
        ("new", "gone"),
        ("gone", "main"),
        ("same", "main"),
        ("new", "main"),
        ("new", "main"),
    ]
    .map(|(head, base)| github.create(head, base));
    assert_eq!(statuses, [422, 422, 422, 201, 422]);
    let mut forgejo = Forge::new(Dialect::Forgejo);
    let statuses = [
        ("new", "gone"),
        ("gone", "main"),
        ("same", "main"),
        ("new", "main"),
        ("new", "main"),
    ]
    .map(|(head, base)| forgejo.create(head, base));
    // As the real one, it opens what would merge nothing.
    assert_eq!(statuses, [404, 404, 201, 201, 409]);
}

#[test]
fn labels_and_reviewers_are_looked_at() {
    let check = |dialect, path: &str, body: &str, status| {
        let mut forge = Forge::new(dialect);
        assert_eq!(forge.create("new", "main"), 201);
        assert_eq!(
            forge.ask("POST", path, body).status,
            status,
            "{path} {body}"
        );
    };
    use Dialect::{Forgejo, GitHub};
    let (labels, ask) = ("/issues/1/labels", "/pulls/1/requested_reviewers");
    check(GitHub, labels, r#"{"labels":["bug"]}"#, 200);
    check(GitHub, labels, r#"{"labels":[7]}"#, 422);
    check(GitHub, labels, r#"{"labels":[]}"#, 422);
    check(Forgejo, labels, r#"{"labels":[7]}"#, 200);
    check(Forgejo, labels, r#"{"labels":[8]}"#, 422);
    check(Forgejo, labels, r#"{"labels":["bug"]}"#, 422);
    check(GitHub, ask, r#"{"reviewers":["alice"]}"#, 201);
    check(GitHub, ask, r#"{"reviewers":["robot"]}"#, 422);
    check(GitHub, ask, r#"{"reviewers":["nobody"]}"#, 422);
    check(GitHub, ask, "{}", 422);
    check(Forgejo, ask, r#"{"reviewers":["alice"]}"#, 201);
    check(Forgejo, ask, r#"{"reviewers":["robot"]}"#, 422);
    check(Forgejo, ask, r#"{"reviewers":["nobody"]}"#, 404);
    check(Forgejo, ask, r#"{"team_reviewers":["nobody"]}"#, 404);
}

#[test]
fn queries_and_headers_are_looked_at() {
    for dialect in [Dialect::GitHub, Dialect::Forgejo] {
        let mut forge = Forge::new(dialect);
        assert_eq!(forge.ask("GET", "/pulls?state=all", "").status, 200);
        for query in ["state=opne", "page=0", "colour=red", "state", "state=%zz"] {
            assert_eq!(
                forge.ask("GET", &format!("/pulls?{query}"), "").status,
                422,
                "{query}"
            );
        }
        let other = [("authorization", "Bearer other")];
        assert_eq!(forge.ask_with("GET", "/pulls", "", &other).status, 401);
        assert_eq!(
            forge
                .ask_with("GET", "/pulls", "", &[("authorization", "")])
                .status,
            401
        );
        assert_eq!(forge.ask("DELETE", "/pulls", "").status, 404);
    }
    let mut github = Forge::new(Dialect::GitHub);
    let wrong = [
        ("accept", "text/html", 415),
        ("user-agent", "", 403),
        ("x-github-api-version", "", 400),
        ("x-github-api-version", "1999-01-01", 400),
    ];
    for (name, value, status) in wrong {
        assert_eq!(
            github
                .ask_with("GET", "/pulls", "", &[(name, value)])
                .status,
            status,
            "{name}"
        );
    }
    assert_eq!(github.ask("GET", "/pulls?head=new", "").status, 422);
    assert_eq!(github.ask("GET", "/pulls?per_page=101", "").status, 422);
}

#[test]
fn pages_are_short_and_linked() {
    let mut forge = Forge::new(Dialect::GitHub);
    for _ in 0..5 {
        forge.world.add_open("x", HeadIn::Gone, "main");
    }
    let link = |reply: &ForgeReply| {
        let found = reply.headers.iter().find(|(name, _)| name == "Link");
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let first = forge.ask("GET", "/pulls?state=open&per_page=100", "");
    let next =
        "<http://h/api/v3/repos/acme/widgets/pulls?state=open&per_page=2&page=2>; rel=\"next\"";
    assert_eq!(link(&first), next);
    let last = forge.ask("GET", "/pulls?state=open&per_page=2&page=3", "");
    assert!(
        link(&last).ends_with("page=2>; rel=\"prev\""),
        "{}",
        link(&last)
    );
}
