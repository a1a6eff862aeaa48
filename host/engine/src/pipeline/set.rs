//! `--set step.key=value`: a node of the tree is replaced, and its place is in the argument.

use super::fault::{Fault, Short};
use super::place::Place;
use super::suggest::did_you_mean;
use super::tree::{Key, Kind, Node};
use super::written::{ACTIONS, PATH_KEYS};

/// Applies an argument, which is text number `source`, to the document.
pub(super) fn apply(root: &mut Node, source: u32, argument: &str) -> Result<(), Fault> {
    let whole = Place::new(source, 0..argument.len());
    let usage = "write `step.key=value`, as in `read.source=in.jsonl`";
    let Some((path, text)) = argument.split_once('=') else {
        return Err(Fault::new("`--set` has no `=`").at(whole).help(usage));
    };
    let keys = keys(source, path);
    if let Some(empty) = keys.iter().find(|key| key.text.is_empty()) {
        return Err(Fault::new("`--set` names nothing").at(empty.place).help(usage));
    }
    let value = value(source, path.len() + 1, text)?;
    match keys.as_slice() {
        [key] if key.text == "steps" => Err(Fault::new("`steps` cannot be set").at(key.place).help(usage)),
        [step, inner @ ..] if !inner.is_empty() => {
            let table = find_step(root, step)?;
            put(table, &within_step(table, inner), value)
        }
        keys => put(root, keys, value),
    }
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
fn value(source: u32, offset: usize, text: &str) -> Result<Node, Fault> {
    let place = Place::new(source, offset..offset + text.len());
    let yaml = || {
        // Blanks in front, so that places are those of the argument.
        let padded = format!("{}{text}", " ".repeat(offset));
        Node::parse(source, &padded)
    };
    match text.trim_start().as_bytes().first() {
        Some(b'[' | b'{') => yaml(),
        Some(b'"' | b'\'') => match yaml() {
            Ok(node) if matches!(node.kind, Kind::Quoted(_)) => Ok(node),
            _ => Ok(Node { kind: Kind::Plain(text.into()), place }),
        },
        Some(_) => Ok(Node { kind: Kind::Plain(text.into()), place }),
        None => Ok(Node { kind: Kind::Quoted(String::new()), place }),
    }
}

fn find_step<'a>(root: &'a mut Node, id: &Key) -> Result<&'a mut Node, Fault> {
    let Kind::Table(entries) = &mut root.kind else { return Err(no_step(id, &[])) };
    let Some(Kind::List(steps)) =
        entries.iter_mut().find(|(key, _)| key.text == "steps").map(|(_, node)| &mut node.kind)
    else {
        return Err(no_step(id, &[]));
    };
    let id_of = |step: &Node| step.get("id").and_then(Node::text).map(str::to_owned);
    match steps.iter().position(|step| id_of(step).as_deref() == Some(&id.text)) {
        Some(index) => Ok(&mut steps[index]),
        None => Err(no_step(id, &steps.iter().filter_map(id_of).collect::<Vec<_>>())),
    }
}

fn no_step(id: &Key, ids: &[String]) -> Fault {
    let help = did_you_mean(&id.text, "the steps are", ids.iter().map(String::as_str));
    Fault::new(format!("no step has the id `{}`", Short(&id.text))).at(id.place).label("not a step").maybe_help(help)
}

/// A plugin step's parameters may go without `with.`.
fn within_step(table: &Node, keys: &[Key]) -> Vec<Key> {
    let is_known = |key: &str| ACTIONS.contains(&key) || matches!(key, "id" | "with" | "columns" | "outputs");
    let mut keys = keys.to_vec();
    if let Some(first) = keys.first().filter(|key| table.get("use").is_some() && !is_known(&key.text)) {
        let with = Key { text: "with".into(), place: first.place };
        keys.insert(0, with);
    }
    keys
}

/// Puts a value under a path of keys, making the tables on the way.
fn put(node: &mut Node, keys: &[Key], value: Node) -> Result<(), Fault> {
    let [key, inner @ ..] = keys else {
        *node = value;
        return Ok(());
    };
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
    let entry = &mut entries[index].1;
    match key.text.as_str() {
        "source" => put_path(entry, &PATH_KEYS, inner, value),
        "sink" => put_path(entry, &["path"], inner, value),
        _ => put(entry, inner, value),
    }
}

/// Sources and sinks are a path or a table with one: a plain value replaces the path in the table, a key turns the path into
/// a table, and one path key replaces another.
fn put_path(node: &mut Node, path_keys: &[&str], keys: &[Key], value: Node) -> Result<(), Fault> {
    let is_path = |key: &Key| path_keys.contains(&key.text.as_str());
    if let (Kind::Plain(_) | Kind::Quoted(_), [_, ..]) = (&node.kind, keys) {
        let path = Key { text: "path".into(), place: node.place };
        let place = node.place;
        let path = (path, std::mem::replace(node, Node { kind: Kind::Table(Vec::new()), place }));
        node.kind = Kind::Table(vec![path]);
    }
    if let Kind::Table(entries) = &mut node.kind {
        match keys {
            [] if value.text().is_some() => {
                if let Some((_, path)) = entries.iter_mut().find(|(key, _)| is_path(key)) {
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
