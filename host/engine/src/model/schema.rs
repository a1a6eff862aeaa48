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

/// A schema that can be used.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    if schema.to_string().len() > MAX_BYTES {
        return Err(format!("the schema is larger than {MAX_BYTES} bytes"));
    }
    let mut costs = HashMap::new();
    // A schema that leads to itself for one and the same value would never end, and one that doubles at every step hardly.
    for at in pointers(schema) {
        cost(schema, &at, 0, &mut costs)?;
    }
    // By default patterns may take exponential time; these take linear time.
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    options.build(schema).map_err(|error| format!("the schema is none: {error}"))
}

/// What is wrong with an answer; nothing where it is as the schema says.
pub(crate) fn check(validator: &Validator, text: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(text.trim()).map_err(|error| format!("the answer is no JSON: {error}"))?;
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .take(3)
        .map(|error| {
            let at = error.instance_path().to_string();
            format!("{}{error}", if at.is_empty() { String::new() } else { format!("at `{at}`: ") })
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

/// The places of all schemas within one.
fn pointers(schema: &Value) -> Vec<String> {
    let (mut all, mut open) = (Vec::new(), vec![(String::new(), schema)]);
    while let Some((at, value)) = open.pop() {
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
    all
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
        assert_eq!(check(&validator, " {\"n\": 3}\n"), Ok(()));
        let wrong = check(&validator, "{\"n\": \"three\"}").unwrap_err();
        assert!(wrong.starts_with("at `/n`: "), "{wrong}");
        assert!(check(&validator, "three").unwrap_err().starts_with("the answer is no JSON: "));
    }

    #[test]
    fn trees_may_be_of_any_depth() {
        let tree = json!({ "type": "object", "properties": { "next": { "$ref": "#" } } });
        let validator = compile(&tree).unwrap();
        assert_eq!(check(&validator, r#"{"next": {"next": {}}}"#), Ok(()));
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
