//! JSON Schemas that guests ask for: none may cost more than it is worth, and an answer is held against it.

use std::collections::HashMap;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// The largest schema, in bytes of its JSON.
const MAX_BYTES: usize = 256 << 10;

/// The most that one value may be held against, all references followed.
const MAX_COST: u64 = 10_000;

/// The most references and the like that follow one another for one value: whoever follows them calls itself.
const MAX_DEPTH: u32 = 64;

/// Keywords whose schemas are held against the same value.
const ALL_OF: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const ONE: [&str; 4] = ["not", "if", "then", "else"];

/// The most places of schemas within one, in bytes of their pointers.
const MAX_POINTERS: usize = 4 << 20;

/// The most patterns of a schema, and what one of them may take when it is compiled, in bytes.
const MAX_PATTERNS: usize = 200;
const PATTERN_BYTES: usize = 256 << 10;

/// How often a part of an answer may be looked at, because each level of it doubles that.
const MAX_LOOKS: f64 = 1e7;

/// A schema that can be used.
#[derive(Debug)]
pub(crate) struct Compiled {
    validator: Validator,
    /// The most schemas that one value is held against.
    width: u64,
}

/// Looks whether a schema can be used.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn compile(schema: &Value) -> Result<Compiled, String> {
    if schema.to_string().len() > MAX_BYTES {
        return Err(format!("the schema is larger than {MAX_BYTES} bytes"));
    }
    let (mut costs, mut width) = (HashMap::new(), 1);
    // A schema that leads to itself for one and the same value would never end, and one that doubles at every step hardly.
    for at in pointers(schema)? {
        width = width.max(cost(schema, &at, 0, &mut costs)?.0);
    }
    // By default patterns may take exponential time; these take linear time.
    let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES);
    let options = jsonschema::options().with_pattern_options(patterns);
    let validator = options.build(schema).map_err(|error| format!("the schema is none: {error}"))?;
    Ok(Compiled { validator, width })
}

/// The JSON of an answer, where it is as the schema says. Around it there may be a fence, and what a model thought before.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check<'a>(compiled: &Compiled, text: &'a str) -> Result<&'a str, String> {
    let Compiled { validator, width } = compiled;
    let json = bare(text);
    let value: Value = serde_json::from_str(json).map_err(|error| format!("the answer is no JSON: {error}"))?;
    // References count twice in a width, which does not matter for answers of any sane depth.
    if (*width as f64 / 2.0).max(1.0).powf(depth(&value)) > MAX_LOOKS {
        return Err("the answer is nested too deeply for its schema".to_owned());
    }
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .take(3)
        .map(|error| {
            let at = error.instance_path().to_string();
            format!("{}{error}", if at.is_empty() { String::new() } else { format!("at `{at}`: ") })
        })
        .collect();
    if errors.is_empty() { Ok(json) } else { Err(errors.join("; ")) }
}

/// A text without what a model thought, and without a fence around it.
fn bare(text: &str) -> &str {
    let said = text.rsplit_once("</think>").map_or(text, |(_, said)| said).trim();
    let Some(rest) = said.strip_prefix("```") else { return said };
    let inside = rest.split_once('\n').map_or(rest, |(_, inside)| inside);
    inside.rsplit_once("```").map_or(inside, |(inside, _)| inside).trim()
}

fn depth(value: &Value) -> f64 {
    match value {
        Value::Array(items) => 1.0 + items.iter().map(depth).fold(0.0, f64::max),
        Value::Object(members) => 1.0 + members.values().map(depth).fold(0.0, f64::max),
        _ => 0.0,
    }
}

/// The places of all schemas within one.
fn pointers(schema: &Value) -> Result<Vec<String>, String> {
    let (mut all, mut open) = (Vec::new(), vec![(String::new(), schema)]);
    let (mut bytes, mut patterns) = (0, 0);
    while let Some((at, value)) = open.pop() {
        bytes += at.len();
        if let Value::Object(members) = value {
            patterns += usize::from(members.get("pattern").is_some_and(Value::is_string));
            patterns += members.get("patternProperties").and_then(Value::as_object).map_or(0, serde_json::Map::len);
        }
        if bytes > MAX_POINTERS || patterns > MAX_PATTERNS {
            return Err("the schema is too large".to_owned());
        }
        if !at.is_empty() && value.get("$id").is_some_and(Value::is_string) {
            return Err("a schema within the schema has an `$id`; refer to places by `#/…`".to_owned());
        }
        match value {
            Value::Object(members) => {
                let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
                open.extend(members.iter().map(|(name, value)| (format!("{at}/{}", escaped(name)), value)));
                all.push(at);
            }
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)));
            }
            _ => {}
        }
    }
    Ok(all)
}

/// How many schemas one value is held against, and how deep they are; none while that is being worked out.
type Costs = HashMap<String, Option<(u64, u32)>>;

fn cost(root: &Value, at: &str, from: u32, costs: &mut Costs) -> Result<(u64, u32), String> {
    match costs.get(at) {
        Some(Some(cost)) => return Ok(*cost),
        Some(None) => return Err(format!("the schema at `#{at}` leads to itself")),
        None if costs.len() > MAX_BYTES => return Err("the schema is too large".to_owned()),
        None => _ = costs.insert(at.to_owned(), None),
    }
    let (mut total, mut depth) = (1_u64, 1);
    if from > MAX_DEPTH {
        return Err(too_deep());
    }
    if let Some(Value::Object(members)) = root.pointer(at) {
        let mut next = Vec::new();
        for name in ALL_OF {
            let count = members.get(name).and_then(Value::as_array).map_or(0, Vec::len);
            next.extend((0..count).map(|index| format!("{at}/{name}/{index}")));
        }
        next.extend(ONE.iter().filter(|name| members.contains_key(**name)).map(|name| format!("{at}/{name}")));
        if let Some(Value::Object(schemas)) = members.get("dependentSchemas") {
            next.extend(
                schemas
                    .keys()
                    .map(|name| format!("{at}/dependentSchemas/{}", name.replace('~', "~0").replace('/', "~1"))),
            );
        }
        if members.contains_key("$dynamicRef") || members.contains_key("$recursiveRef") {
            return Err("the schema has a reference that is settled later; write `$ref`".to_owned());
        }
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let Some(pointer) = reference.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'))
            else {
                return Err(format!("the schema refers to `{reference}`; it may refer to places within itself: `#/…`"));
            };
            next.push(pointer.to_owned());
        }
        for at in next {
            let (cost, deep) = cost(root, &at, from + 1, costs)?;
            (total, depth) = (total.saturating_add(cost), depth.max(deep + 1));
        }
    }
    if total > MAX_COST {
        return Err(format!("the schema holds one value against more than {MAX_COST} others"));
    }
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    costs.insert(at.to_owned(), Some((total, depth)));
    Ok((total, depth))
}

fn too_deep() -> String {
    format!("more than {MAX_DEPTH} parts of the schema lead from one to the other for one value")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_held_against_it() {
        let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
        let validator = compile(&schema).unwrap();
        assert_eq!(check(&validator, " {\"n\": 3}\n"), Ok("{\"n\": 3}"));
        assert_eq!(check(&validator, "<think>3?</think>\n```json\n{\"n\": 3}\n```\n"), Ok("{\"n\": 3}"));
        let wrong = check(&validator, "{\"n\": \"three\"}").unwrap_err();
        assert!(wrong.starts_with("at `/n`: "), "{wrong}");
        assert!(check(&validator, "three").unwrap_err().starts_with("the answer is no JSON: "));
    }

    #[test]
    fn trees_may_be_of_any_depth() {
        let tree = json!({ "type": "object", "properties": { "next": { "$ref": "#" } } });
        let validator = compile(&tree).unwrap();
        assert!(check(&validator, r#"{"next": {"next": {}}}"#).is_ok());
        assert!(check(&validator, r#"{"next": {"next": 1}}"#).is_err());
    }

    #[test]
    fn what_never_ends_is_refused() {
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "allOf": [{ "$ref": "#" }] }),
            json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "anyOf": [{ "$ref": "#/$defs/a" }] } }, "$ref": "#/$defs/a" }),
        ] {
            let why = compile(&schema).unwrap_err();
            assert!(why.ends_with("leads to itself"), "{why}");
        }
    }

    #[test]
    fn what_doubles_at_every_step_is_refused() {
        let mut defs = serde_json::Map::new();
        for at in 0..20 {
            let next = json!({ "$ref": format!("#/$defs/a{}", at + 1) });
            defs.insert(format!("a{at}"), json!({ "allOf": [next, next] }));
        }
        defs.insert("a20".to_owned(), json!({ "type": "string" }));
        let why = compile(&json!({ "$defs": defs, "$ref": "#/$defs/a0" })).unwrap_err();
        assert!(why.contains("more than 10000"), "{why}");
    }

    #[test]
    fn long_chains_are_refused() {
        let mut defs = serde_json::Map::new();
        for at in 0..5000 {
            defs.insert(format!("a{at}"), json!({ "$ref": format!("#/$defs/a{}", at + 1) }));
        }
        defs.insert("a5000".to_owned(), json!({ "type": "string" }));
        let why = compile(&json!({ "$defs": defs, "$ref": "#/$defs/a0" })).unwrap_err();
        assert!(why.contains("lead from one to the other"), "{why}");
    }

    #[test]
    fn other_places_are_not_read() {
        let why = compile(&json!({ "$ref": "https://example.com/schema.json" })).unwrap_err();
        assert!(why.contains("within itself"), "{why}");
    }

    #[test]
    fn a_schema_that_is_none_is_told() {
        assert!(compile(&json!({ "type": "objekt" })).unwrap_err().starts_with("the schema is none: "));
    }
}
