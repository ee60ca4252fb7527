//! GitHub's rules, as of its REST interface of 2022-11-28.

use serde_json::{Value, json};

use super::reply::{ForgeReply, Page, decoded, query};
use super::shape::{Kind, optional, read, required, text, texts};
use super::world::{ForgeRights, ForgeWorld, HeadIn, ServedPull};
use crate::ServedRequest;

/// Where an Enterprise Server has its interface.
pub(super) const INTERFACE: &str = "/api/v3";
const VERSIONS: &[&str] = &["2022-11-28"];
const MAX_TITLE: usize = 256;
const MAX_BODY: usize = 65_536;
const MAX_LABEL: usize = 50;

pub(super) fn serve(request: &ServedRequest, world: &mut ForgeWorld, origin: &str) -> ForgeReply {
    if request.header("user-agent").is_none_or(str::is_empty) {
        return ForgeReply::error(403, "Request forbidden by administrative rules");
    }
    let accepted = request.header("accept").unwrap_or_default();
    if accepted != "application/vnd.github+json" {
        return ForgeReply::error(415, "Unsupported 'Accept' header");
    }
    let version = request.header("x-github-api-version").unwrap_or_default();
    if !VERSIONS.contains(&version) {
        return ForgeReply::error(400, "there is no such version of the interface");
    }
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some((user, rights)) = token.and_then(|token| world.who(token)) else {
        return ForgeReply::error(401, "Bad credentials");
    };
    let path = request.path.strip_prefix(INTERFACE).and_then(decoded);
    let path = path.unwrap_or_default();
    let below = path.strip_prefix(&format!("/repos/{}", world.full_name()));
    // A repository that may not be seen is not told from one that is not there.
    let (Some(below), false) = (below, rights == ForgeRights::Nothing) else {
        return ForgeReply::error(404, "Not Found");
    };
    let is_read = request.method == "GET";
    if !is_read && rights == ForgeRights::Read {
        return ForgeReply::error(403, "Resource not accessible by personal access token");
    }
    let parts: Vec<&str> = below.trim_start_matches('/').split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", [""]) => ForgeReply::json(
            200,
            &json!({ "full_name": world.full_name(), "default_branch": world.default_branch }),
        ),
        ("GET", ["pulls"]) => list(request, world, origin),
        ("POST", ["pulls"]) => create(request, world, origin, &user),
        ("GET", ["pulls", number]) => match world.pull(number).cloned() {
            Some(pull) => ForgeReply::json(200, &shown(&pull, world, origin)),
            None => ForgeReply::error(404, "Not Found"),
        },
        ("PATCH", ["pulls", number]) => change(request, world, origin, number),
        ("POST", ["issues", number, "labels"]) => add_labels(request, world, number),
        ("POST", ["pulls", number, "requested_reviewers"]) => ask(request, world, origin, number),
        _ => ForgeReply::error(404, "Not Found"),
    }
}

fn invalid(errors: &Value) -> ForgeReply {
    ForgeReply::json(
        422,
        &json!({ "message": "Validation Failed", "errors": errors }),
    )
}

fn custom(message: &str) -> ForgeReply {
    invalid(&json!([{ "resource": "PullRequest", "code": "custom", "message": message }]))
}

fn field(name: &str) -> ForgeReply {
    invalid(&json!([{ "resource": "PullRequest", "field": name, "code": "invalid" }]))
}

fn list(request: &ServedRequest, world: &mut ForgeWorld, origin: &str) -> ForgeReply {
    let Some(query) = query(request) else {
        return ForgeReply::error(422, "the query cannot be read");
    };
    let known = [
        "state",
        "head",
        "base",
        "sort",
        "direction",
        "per_page",
        "page",
    ];
    if let Some(name) = query.keys().find(|name| !known.contains(&name.as_str())) {
        return ForgeReply::error(422, &format!("{name} is not a permitted key"));
    }
    let get = |name: &str| query.get(name).map(String::as_str);
    let state = get("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&state) {
        return ForgeReply::error(422, "state is not one of open, closed, all");
    }
    let number =
        |name: &str, usual| get(name).map_or(Some(usual), |text| text.parse::<usize>().ok());
    let (Some(size @ 1..=100), Some(page @ 1..)) = (number("per_page", 30), number("page", 1))
    else {
        return ForgeReply::error(422, "per_page or page is out of range");
    };
    // The real one lists everything when this has no owner, which is never what is wanted.
    let head = match get("head").map(|head| head.split_once(':')) {
        None => None,
        Some(Some(head)) => Some(head),
        Some(None) => return ForgeReply::error(422, "head is not of the form user:ref-name"),
    };
    let owner = world.owner.clone();
    let matches = |pull: &ServedPull| {
        let pull_owner = match &pull.head_in {
            HeadIn::Own => Some(owner.as_str()),
            HeadIn::Fork(owner) => Some(owner.as_str()),
            HeadIn::Gone => None,
        };
        let is_state = match state {
            "open" => pull.is_open,
            "closed" => !pull.is_open,
            _ => true,
        };
        is_state
            && head.is_none_or(|(owner, name)| pull_owner == Some(owner) && pull.head == name)
            && get("base").is_none_or(|base| pull.base == base)
    };
    let pulls = world.listed();
    let entries: Vec<Value> = pulls
        .iter()
        .filter(|pull| matches(pull))
        .map(|pull| shown(pull, world, origin))
        .collect();
    let rest = request
        .query
        .split('&')
        .filter(|pair| !pair.starts_with("page=") && !pair.starts_with("per_page="));
    let rest: Vec<&str> = rest.collect();
    Page {
        asked_size: "per_page",
        size: size.min(world.page_limit),
        number: page,
        address: format!("{origin}{}?{}", request.path, rest.join("&")),
    }
    .linked(&entries)
}

fn create(request: &ServedRequest, world: &mut ForgeWorld, origin: &str, user: &str) -> ForgeReply {
    let fields = [
        required("title", Kind::Text),
        required("head", Kind::Text),
        required("base", Kind::Text),
        optional("body", Kind::Text),
        optional("draft", Kind::Bool),
        optional("maintainer_can_modify", Kind::Bool),
    ];
    let body = match read(request, &fields) {
        Ok(body) => body,
        Err(why) => return ForgeReply::error(422, &format!("Invalid request.\n\n{why}")),
    };
    let (head, base) = (text(&body, "head"), text(&body, "base"));
    let head = head
        .strip_prefix(&format!("{}:", world.owner))
        .unwrap_or(head);
    if let Some(reply) = too_long(text(&body, "title"), text(&body, "body")) {
        return reply;
    }
    let Some(in_base) = world.branches.get(base) else {
        return field("base");
    };
    let Some(in_head) = world.branches.get(head) else {
        return field("head");
    };
    if in_head.is_subset(in_base) {
        return custom(&format!("No commits between {base} and {head}"));
    }
    if world.has_open(head, base) {
        return custom(&format!(
            "A pull request already exists for {}:{head}.",
            world.owner
        ));
    }
    let is_draft = body.get("draft").and_then(Value::as_bool).unwrap_or(false);
    if is_draft && !world.has_drafts {
        let message = "Draft pull requests are not supported in this repository.";
        return ForgeReply::error(422, message);
    }
    let number = world.add_open(head, HeadIn::Own, base);
    let Some(pull) = world.pull(&number.to_string()) else {
        return ForgeReply::error(500, "it is gone");
    };
    pull.title = text(&body, "title").to_owned();
    pull.body = text(&body, "body").to_owned();
    pull.author = user.to_owned();
    pull.is_draft = is_draft;
    let pull = pull.clone();
    ForgeReply::json(201, &shown(&pull, world, origin))
}

fn too_long(title: &str, body: &str) -> Option<ForgeReply> {
    let long = |field: &str, limit: usize| {
        let message = format!("{field} is too long (maximum is {limit} characters)");
        Some(custom(&message))
    };
    match (title.chars().count(), body.chars().count()) {
        (0, _) => Some(invalid(&json!([{
            "resource": "PullRequest", "field": "title", "code": "missing_field"
        }]))),
        (title, _) if title > MAX_TITLE => long("title", MAX_TITLE),
        (_, body) if body > MAX_BODY => long("body", MAX_BODY),
        _ => None,
    }
}

fn change(
    request: &ServedRequest,
    world: &mut ForgeWorld,
    origin: &str,
    number: &str,
) -> ForgeReply {
    let fields = [
        optional("title", Kind::Text),
        optional("body", Kind::Text),
        optional("state", Kind::OneOf(&["open", "closed"])),
    ];
    let Some(pull) = world.pull(number) else {
        return ForgeReply::error(404, "Not Found");
    };
    let body = match read(request, &fields) {
        Ok(body) => body,
        Err(why) => return ForgeReply::error(422, &why),
    };
    let title = body
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or(&pull.title);
    if let Some(reply) = too_long(title, text(&body, "body")) {
        return reply;
    }
    pull.title = title.to_owned();
    if let Some(Value::String(new)) = body.get("body") {
        pull.body = new.clone();
    }
    match text(&body, "state") {
        "closed" => pull.is_open = false,
        "open" if pull.is_merged => return field("state"),
        "open" => pull.is_open = true,
        _ => {}
    }
    let pull = pull.clone();
    ForgeReply::json(200, &shown(&pull, world, origin))
}

/// Labels that are not there are made.
fn add_labels(request: &ServedRequest, world: &mut ForgeWorld, number: &str) -> ForgeReply {
    let body = match read(request, &[required("labels", Kind::Texts)]) {
        Ok(body) => body,
        Err(why) => return ForgeReply::error(422, &why),
    };
    let labels = texts(&body, "labels");
    if labels.is_empty() {
        return ForgeReply::error(422, "labels has too few entries");
    }
    let is_good = |label: &String| !label.is_empty() && label.chars().count() <= MAX_LABEL;
    if !labels.iter().all(is_good) {
        return invalid(&json!([{ "resource": "Label", "field": "name", "code": "invalid" }]));
    }
    let next = world.labels.len() as u64 + 1;
    let known: Vec<String> = world.labels.iter().map(|(_, name)| name.clone()).collect();
    let Some(pull) = world.pull(number) else {
        return ForgeReply::error(404, "Not Found");
    };
    let mut made = Vec::new();
    for label in labels {
        ServedPull::add(&mut pull.labels, &label);
        if !ForgeWorld::is_known(&known, &label) {
            made.push((next + made.len() as u64, label));
        }
    }
    let labels: Vec<Value> = pull
        .labels
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    world.labels.extend(made);
    ForgeReply::json(200, &json!(labels))
}

/// One that cannot be asked keeps all of them from being asked.
fn ask(request: &ServedRequest, world: &mut ForgeWorld, origin: &str, number: &str) -> ForgeReply {
    let fields = [
        optional("reviewers", Kind::Texts),
        optional("team_reviewers", Kind::Texts),
    ];
    let body = match read(request, &fields) {
        Ok(body) => body,
        Err(why) => return ForgeReply::error(422, &why),
    };
    let (users, teams) = (texts(&body, "reviewers"), texts(&body, "team_reviewers"));
    if users.is_empty() && teams.is_empty() {
        return ForgeReply::error(422, "nobody is named");
    }
    let (known_users, known_teams) = (world.reviewers.clone(), world.teams.clone());
    let Some(pull) = world.pull(number) else {
        return ForgeReply::error(404, "Not Found");
    };
    if users
        .iter()
        .any(|user| user.eq_ignore_ascii_case(&pull.author))
    {
        return ForgeReply::error(422, "Review cannot be requested from pull request author.");
    }
    let are_known = users
        .iter()
        .all(|user| ForgeWorld::is_known(&known_users, user))
        && teams
            .iter()
            .all(|team| ForgeWorld::is_known(&known_teams, team));
    if !are_known {
        return ForgeReply::error(422, "Reviews may only be requested from collaborators.");
    }
    for user in &users {
        ServedPull::add(&mut pull.reviewers, user);
    }
    for team in &teams {
        ServedPull::add(&mut pull.teams, team);
    }
    let pull = pull.clone();
    ForgeReply::json(201, &shown(&pull, world, origin))
}

fn shown(pull: &ServedPull, world: &ForgeWorld, origin: &str) -> Value {
    let logins = |names: &[String]| -> Vec<Value> {
        names.iter().map(|name| json!({ "login": name })).collect()
    };
    let own = json!({ "full_name": world.full_name() });
    let head = match &pull.head_in {
        HeadIn::Own => own.clone(),
        HeadIn::Fork(owner) => json!({ "full_name": format!("{owner}/{}", world.name) }),
        HeadIn::Gone => Value::Null,
    };
    let teams = pull
        .teams
        .iter()
        .map(|team| json!({ "name": team.to_uppercase(), "slug": team }));
    json!({
        "number": pull.number,
        "html_url": format!("{origin}/{}/pull/{}", world.full_name(), pull.number),
        "state": if pull.is_open { "open" } else { "closed" },
        "title": pull.title,
        "body": if pull.body.is_empty() { Value::Null } else { json!(pull.body) },
        "draft": pull.is_draft,
        "user": { "login": pull.author },
        "head": { "ref": pull.head, "label": format!("{}:{}", world.owner, pull.head), "repo": head },
        "base": { "ref": pull.base, "repo": own },
        "labels": pull.labels.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "requested_reviewers": logins(&pull.reviewers),
        "requested_teams": teams.collect::<Vec<_>>(),
    })
}
