//! The rules of Forgejo and Gitea, as of Forgejo 7 and Gitea 1.22.

use serde_json::{Value, json};

use super::reply::{ForgeReply, Page, decoded, query};
use super::shape::{Kind, optional, read, required, text, texts};
use super::world::{ForgeRights, ForgeWorld, HeadIn, ServedPull};
use crate::ServedRequest;

pub(super) const INTERFACE: &str = "/api/v1";
/// Of the column that titles are in.
const MAX_TITLE: usize = 255;

pub(super) fn serve(request: &ServedRequest, world: &mut ForgeWorld, origin: &str) -> ForgeReply {
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("token "));
    let Some((user, rights)) = token.and_then(|token| world.who(token)) else {
        return ForgeReply::error(401, "user does not exist [uid: 0, name: ]");
    };
    let path = request
        .path
        .strip_prefix(INTERFACE)
        .and_then(decoded)
        .unwrap_or_default();
    if path == format!("/orgs/{}/labels", world.owner) {
        return match world.owner_labels.clone() {
            Some(labels) => list_labels(request, world, &labels),
            None => not_found(),
        };
    }
    let below = path.strip_prefix(&format!("/repos/{}", world.full_name()));
    let (Some(below), false) = (below, rights == ForgeRights::Nothing) else {
        return not_found();
    };
    let below = below.trim_start_matches('/');
    let is_of_issues = below == "labels" || below.starts_with("issues/");
    let missing = match (request.method.as_str(), rights, is_of_issues) {
        (_, ForgeRights::Write, _) => None,
        ("GET", ForgeRights::WriteWithoutIssues, true) => Some("read:issue"),
        (_, ForgeRights::WriteWithoutIssues, true) => Some("write:issue"),
        (_, ForgeRights::WriteWithoutIssues, false) => None,
        ("GET", _, _) => None,
        (_, _, true) => Some("write:issue"),
        (_, _, false) => Some("write:repository"),
    };
    if let Some(scope) = missing {
        let message = format!("token does not have at least one of required scope(s): [{scope}]");
        return ForgeReply::error(403, &message);
    }
    let parts: Vec<&str> = below.split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", [""]) => ForgeReply::json(
            200,
            &json!({ "full_name": world.full_name(), "default_branch": world.default_branch }),
        ),
        ("GET", ["branches", ..]) => match below.strip_prefix("branches/") {
            Some(name) if world.branches.contains_key(name) => {
                ForgeReply::json(200, &json!({ "name": name }))
            }
            _ => not_found(),
        },
        ("GET", ["compare", ..]) => compare(below.strip_prefix("compare/"), world),
        ("GET", ["labels"]) => {
            let labels = world.labels.clone();
            list_labels(request, world, &labels)
        }
        ("GET", ["pulls"]) => list(request, world, origin),
        ("POST", ["pulls"]) => create(request, world, origin, &user),
        ("GET", ["pulls", number]) => match world.pull(number).cloned() {
            Some(pull) => ForgeReply::json(200, &shown(&pull, world, origin)),
            None => not_found(),
        },
        ("PATCH", ["pulls", number]) => change(request, world, origin, number),
        ("POST", ["issues", number, "labels"]) => add_labels(request, world, number),
        ("POST", ["pulls", number, "requested_reviewers"]) => ask(request, world, number),
        _ => not_found(),
    }
}

/// It does not say what.
fn not_found() -> ForgeReply {
    let message = "The target couldn't be found.";
    ForgeReply::json(404, &json!({ "errors": [], "message": message }))
}

fn compare(range: Option<&str>, world: &ForgeWorld) -> ForgeReply {
    let branches = range
        .and_then(|range| range.split_once("..."))
        .and_then(|(base, head)| Some((world.branches.get(base)?, world.branches.get(head)?)));
    match branches {
        Some((base, head)) => ForgeReply::json(
            200,
            &json!({ "total_commits": head.difference(base).count() }),
        ),
        None => not_found(),
    }
}

/// The page that is asked for, when what else is asked for is known.
fn page(
    request: &ServedRequest,
    known: &[&str],
    world: &ForgeWorld,
    origin: &str,
) -> Result<Page<'static>, ForgeReply> {
    let refuse = |why: &str| Err(ForgeReply::error(422, why));
    let Some(query) = query(request) else {
        return refuse("the query cannot be read");
    };
    let is_known = |name: &str| ["page", "limit"].contains(&name) || known.contains(&name);
    if !query.keys().all(|name| is_known(name)) {
        return refuse("the query has something in it that is not known");
    }
    let state = query.get("state").map_or("open", String::as_str);
    if !["open", "closed", "all"].contains(&state) {
        return refuse("state is not one of open, closed, all");
    }
    let number = |name: &str, usual| {
        query
            .get(name)
            .map_or(Some(usual), |text| text.parse().ok())
    };
    let (Some(size @ 1..), Some(page @ 1..)) = (number("limit", 30), number("page", 1)) else {
        return refuse("limit or page is out of range");
    };
    Ok(Page {
        asked_size: "limit",
        size: size.min(world.page_limit),
        number: page,
        address: format!("{origin}{}?state={state}", request.path),
    })
}

fn list(request: &ServedRequest, world: &mut ForgeWorld, origin: &str) -> ForgeReply {
    let page = match page(request, &["state", "sort"], world, origin) {
        Ok(page) => page,
        Err(reply) => return reply,
    };
    let is_all = page.address.ends_with("state=all");
    let wants_open = page.address.ends_with("state=open");
    let pulls = world.listed();
    let entries: Vec<Value> = pulls
        .iter()
        .filter(|pull| is_all || pull.is_open == wants_open)
        .map(|pull| shown(pull, world, origin))
        .collect();
    page.linked(&entries)
}

/// This list has no links, only a total.
fn list_labels(
    request: &ServedRequest,
    world: &ForgeWorld,
    labels: &[(u64, String)],
) -> ForgeReply {
    let entries: Vec<Value> = labels
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name }))
        .collect();
    match page(request, &[], world, "") {
        Ok(page) => page.counted(&entries),
        Err(reply) => reply,
    }
}

fn create(request: &ServedRequest, world: &mut ForgeWorld, origin: &str, user: &str) -> ForgeReply {
    let fields = [
        required("title", Kind::Text),
        required("head", Kind::Text),
        required("base", Kind::Text),
        optional("body", Kind::Text),
        optional("labels", Kind::Numbers),
    ];
    let body = match read(request, &fields) {
        Ok(body) => body,
        Err(why) => return ForgeReply::error(422, &why),
    };
    let (head, base) = (text(&body, "head"), text(&body, "base"));
    if head == base {
        return ForgeReply::error(
            422,
            "Invalid PullRequest: There are no changes between the head and the base",
        );
    }
    if !world.branches.contains_key(base) || !world.branches.contains_key(head) {
        return not_found();
    }
    if world.looks_first && world.has_open(head, base) {
        return ForgeReply::error(409, "pull request already exists for these targets");
    }
    let title = text(&body, "title");
    if title.trim().is_empty() || title.len() > MAX_TITLE {
        return ForgeReply::error(422, "the title is empty or too long");
    }
    // One that would merge nothing is opened like any other.
    let number = world.add_open(head, HeadIn::Own, base);
    let Some(pull) = world.pull(&number.to_string()) else {
        return ForgeReply::error(500, "it is gone");
    };
    pull.title = title.to_owned();
    pull.body = text(&body, "body").to_owned();
    pull.author = user.to_owned();
    let pull = pull.clone();
    ForgeReply::json(201, &shown(&pull, world, origin))
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
        return not_found();
    };
    let body = match read(request, &fields) {
        Ok(body) => body,
        Err(why) => return ForgeReply::error(422, &why),
    };
    if body.contains_key("state") && pull.is_merged {
        let message = "cannot change state of this pull request, it was already merged";
        return ForgeReply::error(412, message);
    }
    let title = text(&body, "title");
    if title.len() > MAX_TITLE {
        return ForgeReply::error(422, "the title is too long");
    }
    if !title.is_empty() {
        pull.title = title.to_owned();
    }
    if let Some(Value::String(new)) = body.get("body") {
        pull.body = new.clone();
    }
    match text(&body, "state") {
        "closed" => pull.is_open = false,
        "open" => pull.is_open = true,
        _ => {}
    }
    let pull = pull.clone();
    ForgeReply::json(201, &shown(&pull, world, origin))
}

/// The real one passes over numbers that no label has; a client that sends one has made it up.
fn add_labels(request: &ServedRequest, world: &mut ForgeWorld, number: &str) -> ForgeReply {
    let body = match read(request, &[required("labels", Kind::Numbers)]) {
        Ok(body) => body,
        Err(why) => return ForgeReply::error(422, &why),
    };
    let known: Vec<(u64, String)> = world
        .labels
        .iter()
        .chain(world.owner_labels.iter().flatten())
        .cloned()
        .collect();
    let Some(pull) = world.pull(number) else {
        return not_found();
    };
    let ids = body.get("labels").and_then(Value::as_array);
    for id in ids.into_iter().flatten().filter_map(Value::as_u64) {
        match known.iter().find(|(known, _)| *known == id) {
            Some((_, name)) => ServedPull::add(&mut pull.labels, name),
            None => return ForgeReply::error(422, "there is no label of that number"),
        }
    }
    let labels: Vec<Value> = pull
        .labels
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    ForgeReply::json(200, &json!(labels))
}

/// All who come before one that cannot be asked are asked.
fn ask(request: &ServedRequest, world: &mut ForgeWorld, number: &str) -> ForgeReply {
    let fields = [
        optional("reviewers", Kind::Texts),
        optional("team_reviewers", Kind::Texts),
    ];
    let body = match read(request, &fields) {
        Ok(body) => body,
        Err(why) => return ForgeReply::error(422, &why),
    };
    let (known_users, known_teams) = (world.reviewers.clone(), world.teams.clone());
    let Some(pull) = world.pull(number) else {
        return not_found();
    };
    let (users, teams) = (texts(&body, "reviewers"), texts(&body, "team_reviewers"));
    let author = pull.author.clone();
    let exists = |user: &String| {
        user.eq_ignore_ascii_case(&author) || ForgeWorld::is_known(&known_users, user)
    };
    if let Some(user) = users.iter().find(|user| !exists(user)) {
        return ForgeReply::error(404, &format!("User '{user}' not exist"));
    }
    if let Some(team) = teams
        .iter()
        .find(|team| !ForgeWorld::is_known(&known_teams, team))
    {
        return ForgeReply::error(404, &format!("Team '{team}' not exist"));
    }
    if !pull.is_open {
        return ForgeReply::error(403, "the pull request is closed");
    }
    for user in &users {
        if user.eq_ignore_ascii_case(&author) {
            return ForgeReply::error(422, "poster of pr can't be reviewer");
        }
        ServedPull::add(&mut pull.reviewers, user);
    }
    for team in &teams {
        ServedPull::add(&mut pull.teams, team);
    }
    ForgeReply::json(201, &json!([]))
}

fn shown(pull: &ServedPull, world: &ForgeWorld, origin: &str) -> Value {
    // What has no entries is null there.
    let list = |names: &[String], key: &str| match names {
        [] => Value::Null,
        names => names.iter().map(|name| json!({ key: name })).collect(),
    };
    let own = json!({ "full_name": world.full_name() });
    let head = match &pull.head_in {
        HeadIn::Own => own.clone(),
        HeadIn::Fork(owner) => json!({ "full_name": format!("{owner}/{}", world.name) }),
        HeadIn::Gone => Value::Null,
    };
    let head_ref = match world.branches.contains_key(&pull.head) {
        true => pull.head.clone(),
        false => format!("refs/pull/{}/head", pull.number),
    };
    let title = pull.title.to_lowercase();
    let labels: Vec<Value> = pull
        .labels
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    json!({
        "number": pull.number,
        "html_url": format!("{origin}/{}/pulls/{}", world.full_name(), pull.number),
        "state": if pull.is_open { "open" } else { "closed" },
        "merged": pull.is_merged,
        "title": pull.title,
        "body": pull.body,
        "draft": world.draft_marks.iter().any(|mark| title.starts_with(mark)),
        "user": { "login": pull.author },
        "head": { "ref": head_ref, "label": pull.head, "repo": head },
        "base": { "ref": pull.base, "label": pull.base, "repo": own },
        "labels": labels,
        "requested_reviewers": list(&pull.reviewers, "login"),
        "requested_reviewers_teams": list(&pull.teams, "name"),
    })
}
