//! `--set step.key=value`: a node of the tree is replaced, and its place is in the argument.

use super::fault::{Fault, Short};
use super::param::{declared, no_param};
use super::place::Place;
use super::suggest::did_you_mean;
use super::tree::{Key, Kind, MAX_DEPTH, Node};
use super::written::{ACTIONS, PATH_KEYS, STEP_KEYS, TOP_KEYS};

const USAGE: &str = "write `step.key=value`, as in `read.source=in.jsonl`";

/// The parameter that an argument sets, if it is one, and where the value stands. The argument is text number `source`.
pub(super) fn parameter(root: &Node, source: u32, argument: &str) -> Result<Option<(String, Place)>, Fault> {
    let (keys, value) = split(source, argument)?;
    let is_declared = |name: &str| declared(root).iter().any(|(key, _)| key.text == name);
    let is_params = |key: &Key| key.text == "params" && (root.get("params").is_some() || !has_step(root, "params"));
    match keys.as_slice() {
        [params] if params.text == "params" => {
            Err(Fault::new("`params` cannot be set").at(params.place).help("set each by its name: `name=value`"))
        }
        [name] if is_declared(&name.text) && !TOP_KEYS.contains(&name.text.as_str()) => {
            Ok(Some((name.text.clone(), value)))
        }
        [params, name] if is_params(params) && is_declared(&name.text) => Ok(Some((name.text.clone(), value))),
        [params, name] if is_params(params) => Err(no_param(&name.text, declared(root)).at(name.place)),
        [params, name, ..] if is_params(params) => {
            Err(Fault::new("a parameter's value can be set, and nothing else of it")
                .at(name.place)
                .help(format!("write `params.{}=value`", Short(&name.text))))
        }
        _ => Ok(None),
    }
}

/// Applies an argument, which is text number `source`, to the document.
pub(super) fn apply(root: &mut Node, source: u32, argument: &str) -> Result<(), Fault> {
    let (keys, place) = split(source, argument)?;
    let value = value(place, &argument[place.range()], false)?;
    match keys.as_slice() {
        [key] if key.text == "steps" => Err(Fault::new("`steps` cannot be set").at(key.place).help(USAGE)),
        [key] if !TOP_KEYS.contains(&key.text.as_str()) => Err(no_key(root, key)),
        [key] if key.text == "dataset" => put_in(root, &keys, |node, keys| put_path(node, &["folder"], keys, value)),
        [key, _, ..] if key.text == "dataset" && !has_step(root, "dataset") => {
            put_in(root, &keys, |node, keys| put_path(node, &["folder"], keys, value))
        }
        [key, _, ..]
            if matches!(key.text.as_str(), "limits" | "plugins" | "models" | "budget")
                && !has_step(root, &key.text) =>
        {
            let keys = plugin_keys(root, keys);
            no_empty(&keys)?;
            put(root, &keys, value)
        }
        [step, inner @ ..] if !inner.is_empty() => {
            let table = find_step(root, step)?;
            put(table, &within_step(table, inner), value)
        }
        keys => put(root, keys, value),
    }
}

/// A plugin's name may have dots, as in `plugins../my.wasm.pin`: it is the longest that is one.
fn plugin_keys(root: &Node, mut keys: Vec<Key>) -> Vec<Key> {
    if keys[0].text != "plugins" {
        return keys;
    }
    let written =
        root.get("plugins").and_then(Node::table).unwrap_or_default().iter().map(|(key, _)| key.text.as_str());
    let steps = root.get("steps").and_then(Node::list).unwrap_or_default().iter();
    let used = steps.filter_map(|step| step.get("use")?.text()?.rsplit_once('/')).map(|(plugin, _)| plugin);
    let names: Vec<&str> = written.chain(used).collect();
    let joined = |end: usize| keys[1..end].iter().map(|key| key.text.as_str()).collect::<Vec<_>>().join(".");
    let Some(end) = (2..=keys.len()).rev().find(|end| names.contains(&joined(*end).as_str())) else { return keys };
    let (text, place) = (joined(end), keys[1].place);
    keys.splice(1..end, [Key { text, place }]);
    keys
}

/// The keys before the first `=`, and the place of what is behind it.
fn split(source: u32, argument: &str) -> Result<(Vec<Key>, Place), Fault> {
    let whole = Place::new(source, 0..argument.len());
    let Some((path, _)) = argument.split_once('=') else {
        return Err(Fault::new("`--set` has no `=`").at(whole).help(USAGE));
    };
    let keys = keys(source, path);
    // Of a plugin's name nobody knows yet where it ends.
    if keys[0].text != "plugins" {
        no_empty(&keys)?;
    }
    if let Some(key) = keys.get(MAX_DEPTH) {
        return Err(Fault::new(format!("more than {MAX_DEPTH} keys within each other")).at(key.place));
    }
    Ok((keys, Place::new(source, path.len() + 1..argument.len())))
}

fn no_empty(keys: &[Key]) -> Result<(), Fault> {
    match keys.iter().find(|key| key.text.is_empty()) {
        Some(empty) => Err(Fault::new("`--set` names nothing").at(empty.place).help(USAGE)),
        None => Ok(()),
    }
}

fn no_key(root: &Node, key: &Key) -> Fault {
    let params = declared(root).iter().map(|(key, _)| key.text.as_str());
    let help = did_you_mean(&key.text, "known keys", TOP_KEYS.into_iter().chain(params));
    Fault::new(format!("unknown key `{}`", Short(&key.text))).at(key.place).label("not known").maybe_help(help)
}

fn keys(source: u32, path: &str) -> Vec<Key> {
    let mut start = 0;
    let key = |text: &str| {
        let place = Place::new(source, start..start + text.len());
        start += text.len() + 1;
        Key { text: text.trim().into(), place }
    };
    path.split('.').map(key).collect()
}

/// `[…]`, `{…}` and what is wholly quoted are YAML; all else is a plain scalar as it stands, so that an expression with `: `
/// or ` #` in it needs no more quotes than the shell's.
///
/// Where only text can be meant, quotes are taken off and nothing else is YAML.
pub(super) fn value(place: Place, text: &str, is_text: bool) -> Result<Node, Fault> {
    let yaml = || {
        // Blanks in front, so that places are those of the argument.
        let padded = format!("{}{text}", " ".repeat(place.range().start));
        Node::parse(place.source, &padded)
    };
    match text.trim_start().as_bytes().first() {
        Some(b'[' | b'{') if !is_text => yaml(),
        Some(b'"' | b'\'') => match yaml() {
            Ok(node) if matches!(node.kind, Kind::Quoted(_)) => Ok(node),
            _ if is_text => Ok(Node { kind: Kind::Quoted(text.into()), place }),
            _ => Ok(Node { kind: Kind::Plain(text.into()), place }),
        },
        Some(_) if is_text => Ok(Node { kind: Kind::Quoted(text.into()), place }),
        Some(_) => Ok(Node { kind: Kind::Plain(text.into()), place }),
        None => Ok(Node { kind: Kind::Quoted(String::new()), place }),
    }
}

fn id(step: &Node) -> Option<&str> {
    step.get("id").and_then(Node::text)
}

fn has_step(root: &Node, name: &str) -> bool {
    root.get("steps").and_then(Node::list).is_some_and(|steps| steps.iter().any(|step| id(step) == Some(name)))
}

fn find_step<'a>(root: &'a mut Node, name: &Key) -> Result<&'a mut Node, Fault> {
    let Kind::Table(entries) = &mut root.kind else { return Err(no_step(name, &[])) };
    let Some(Kind::List(steps)) =
        entries.iter_mut().find(|(key, _)| key.text == "steps").map(|(_, node)| &mut node.kind)
    else {
        return Err(no_step(name, &[]));
    };
    match steps.iter().position(|step| id(step) == Some(&name.text)) {
        Some(index) => Ok(&mut steps[index]),
        None => Err(no_step(name, &steps.iter().filter_map(id).collect::<Vec<_>>())),
    }
}

fn no_step(name: &Key, ids: &[&str]) -> Fault {
    let help = did_you_mean(&name.text, "the steps are", ids.iter().copied());
    Fault::new(format!("no step has the id `{}`", Short(&name.text)))
        .at(name.place)
        .label("not a step")
        .maybe_help(help)
}

/// A plugin step's parameters may go without `with.`.
fn within_step(table: &Node, keys: &[Key]) -> Vec<Key> {
    let is_known = |key: &str| ACTIONS.contains(&key) || STEP_KEYS.contains(&key);
    let mut keys = keys.to_vec();
    if let Some(first) = keys.first().filter(|key| table.get("use").is_some() && !is_known(&key.text)) {
        let with = Key { text: "with".into(), place: first.place };
        keys.insert(0, with);
    }
    keys
}

/// Puts a value under a path of keys, making the tables on the way.
fn put(node: &mut Node, keys: &[Key], value: Node) -> Result<(), Fault> {
    let Some(key) = keys.first() else {
        *node = value;
        return Ok(());
    };
    put_in(node, keys, |entry, inner| match key.text.as_str() {
        "source" => put_path(entry, &PATH_KEYS, inner, value),
        "sink" => put_path(entry, &["path"], inner, value),
        _ => put(entry, inner, value),
    })
}

/// Makes the entry of the first key, and lets `put` have it with the others.
fn put_in(
    node: &mut Node,
    keys: &[Key],
    put: impl FnOnce(&mut Node, &[Key]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let [key, inner @ ..] = keys else { return Ok(()) };
    if matches!(&node.kind, Kind::Plain(text) if text.is_empty()) {
        node.kind = Kind::Table(Vec::new());
    }
    let Kind::Table(entries) = &mut node.kind else {
        let fault = Fault::new(format!("`{}` is within something that is not a table", Short(&key.text))).at(key.place);
        return Err(fault.help("set the whole of it: `step.key=[a, b]`"));
    };
    let index = match entries.iter().position(|(k, _)| k.text == key.text) {
        Some(index) => index,
        None => {
            entries.push((key.clone(), Node { kind: Kind::Table(Vec::new()), place: key.place }));
            entries.len() - 1
        }
    };
    put(&mut entries[index].1, inner)
}

/// Sources, sinks and the data set are a path or a table with one: a plain value replaces the path in the table, a key turns the path into
/// a table, and one path key replaces another.
fn put_path(node: &mut Node, path_keys: &[&str], keys: &[Key], value: Node) -> Result<(), Fault> {
    let is_path = |key: &Key| path_keys.contains(&key.text.as_str());
    if let (Kind::Plain(_) | Kind::Quoted(_), [_, ..]) = (&node.kind, keys) {
        let path = Key { text: path_keys[0].into(), place: node.place };
        let place = node.place;
        let path = (path, std::mem::replace(node, Node { kind: Kind::Table(Vec::new()), place }));
        node.kind = Kind::Table(vec![path]);
    }
    if let Kind::Table(entries) = &mut node.kind {
        match keys {
            [] if value.text().is_some() => {
                if let Some((key, path)) = entries.iter_mut().find(|(key, _)| is_path(key)) {
                    if key.text == "rows" {
                        key.text = path_keys[0].into();
                    }
                    *path = value;
                    return Ok(());
                }
            }
            [key, ..] if is_path(key) => entries.retain(|(k, _)| k.text == key.text || !is_path(k)),
            _ => {}
        }
    }
    put(node, keys, value)
}
