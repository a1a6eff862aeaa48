use regex::Regex;
use serde_json::Value;

use super::*;

#[test]
fn schema_knows_every_key() {
    let schema = Pipeline::json_schema();
    let keys = |schema: &Value| {
        let properties = schema["properties"].as_object().unwrap();
        for (key, property) in properties {
            assert!(property["description"].is_string(), "`{key}` is not described");
        }
        let mut keys: Vec<&str> = properties.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys.join(" ")
    };
    let sorted = |mut keys: Vec<&str>| {
        keys.sort_unstable();
        keys.join(" ")
    };
    let top = "answers batch-bytes batch-rows budget dataset description limits models name on-error params plugins \
               quarantine seed steps";
    assert_eq!(keys(&schema), top);
    assert_eq!(sorted(written::TOP_KEYS.to_vec()), top);
    assert_eq!(schema["required"], json!(["steps"]));
    let step = &schema["$defs"]["Step"];
    let all = "batch-bytes batch-rows cache columns compute concat dataset drop from id join limits on-error outputs rename \
               retries route select sink source use where with";
    assert_eq!(keys(step), all);
    assert_eq!(sorted([&written::ACTIONS[..], &written::STEP_KEYS].concat()), all);
    assert_eq!(step["oneOf"][0], json!({ "required": ["source"] }));
    assert_eq!(step["additionalProperties"], json!(false));
    let of = |name: &str| keys(&schema["$defs"][name]);
    assert_eq!(of("Sink"), "compression format path");
    assert_eq!(
        of("Source"),
        "arrow capture csv delimiter files format header jsonl parquet path rows sample-rows types"
    );
    assert_eq!(of("Route"), "branches each first in-turn otherwise pick seed where");
    assert_eq!(of("Dataset"), "card folder format seed test");
    assert_eq!(of("Param"), "default description env max min one-of secret type");
    assert_eq!(of("Plugin"), "columns grants limits pin");
    assert_eq!(of("Grants"), "clock embedding env files http llm log random");
    assert_eq!(of("Files"), "read write");
    assert_eq!(of("Folder"), "as path");
    assert_eq!(of("Http"), "hosts methods private response time");
    let model = "batch extra fallback headers key mixture model parameters price provider rates repairs retries scoring \
                 structured timeout url version";
    assert_eq!(of("Model"), model);
    assert_eq!(sorted(written::MODEL_KEYS.to_vec()), model);
    let parameters = "frequency-penalty max-tokens min-p presence-penalty seed stop temperature top-k top-p";
    assert_eq!(of("Parameters"), parameters);
    assert_eq!(of("Rates"), "in-flight requests-per-minute tokens-per-minute");
    assert_eq!(of("Price"), "input output");
    assert_eq!(of("Budget"), "money tokens");
    assert_eq!(of("Batch"), "poll wait");
    assert_eq!(of("Key"), "env");
    let limits = "compile-time component instances log memory output output-rows rejected-rows table-elements time";
    assert_eq!(of("Limits"), limits);
}

/// What the program takes the schema takes too.
#[test]
fn schema_accepts_what_is_right() {
    let schema = Pipeline::json_schema();
    let docs = include_str!("../../../../../docs/pipeline.md");
    let examples: Vec<&str> = docs.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 2);
    for text in examples.into_iter().chain([PIPELINE, params::PIPELINE, plugins::PIPELINE, models::PIPELINE]) {
        let set = if text.contains("secret: true") { vec!["token=abc"] } else { vec![] };
        Pipeline::parse_with("p.yaml", text, set).unwrap_or_else(|error| panic!("{}\n{text}", shown(&error)));
        let value = Value::deserialize(&Node::parse(0, text).unwrap()).unwrap();
        assert!(fits(&schema, &schema, &value), "{text}");
    }
}

#[test]
fn schema_refuses_what_is_wrong() {
    let schema = Pipeline::json_schema();
    for text in [
        "steps: []",
        "stepps: [{id: a, where: x}]",
        "steps: [{id: a}]",
        "steps: [{id: a, where: x, select: [x]}]",
        "steps: [{id: a, from: b, source: x.csv}]",
        "steps: [{id: a, concat: origin}]",
        "steps: [{id: a, from: [b, c], concat: order}]",
        "steps: [{id: a, where: x, cache: true}]",
        "steps: [{id: a, where: x, batch-rows: 0}]",
        "steps: [{id: a, where: x, batch-rows: many}]",
        "steps: [{id: a, source: {path: x, rows: [{a: 1}]}}]",
        "steps: [{id: a, source: {rows: [1]}}]",
        "steps: [{id: a, route: {}}]",
        "steps: [{id: a, route: {where: {}}}]",
        "steps: [{id: a, route: {where: {b: x}, pick: 1}}]",
        "steps: [{id: a, route: {branches: [b], otherwise: c}}]",
        "steps: [{id: a, route: {branches: [b], each: file}}]",
        "dataset: {folder: x, test: 1}\nsteps: [{id: a, where: x}]",
        "dataset: {}\nsteps: [{id: a, where: x}]",
        "steps: [{id: a, where: x, limits: {}}]",
        "steps: [{id: a, where: x, on-error: skip}]",
        "steps: [{id: a, where: x, retries: 1}]",
        "on-error: never\nsteps: [{id: a, use: b/c}]",
        "limits: {memory: 0}\nsteps: [{id: a, use: b/c}]",
        "limits: {output-rows: 0}\nsteps: [{id: a, use: b/c}]",
        "limits: {memroy: 1}\nsteps: [{id: a, use: b/c}]",
        "plugins: [b]\nsteps: [{id: a, use: b/c}]",
        "plugins: {b: {grants: {log: loud}}}\nsteps: [{id: a, use: b/c}]",
        "plugins: {b: {grants: {files: {append: [a]}}}}\nsteps: [{id: a, use: b/c}]",
        "plugins: {b: {grants: {http: {hosts: []}}}}\nsteps: [{id: a, use: b/c}]",
        "plugins: {b: {grants: {http: {methods: [GET]}}}}\nsteps: [{id: a, use: b/c}]",
        "models: [a]\nsteps: [{id: a, where: x}]",
        "models: {a: {url: 'http://a'}}\nsteps: [{id: a, where: x}]",
        "models: {a: {url: 'http://a', model: m, key: sk-literal}}\nsteps: [{id: a, where: x}]",
        "models: {a: {url: 'http://a', model: m, provider: aol}}\nsteps: [{id: a, where: x}]",
        "models: {a: {url: 'http://a', model: m, retries: 101}}\nsteps: [{id: a, where: x}]",
        "models: {a: {url: 'http://a', model: m, rates: {in-flight: 0}}}\nsteps: [{id: a, where: x}]",
        "models: {a: {url: 'http://a', model: m, parameters: {temperature: 6}}}\nsteps: [{id: a, where: x}]",
        "models: {a: {url: 'http://a', model: m, batch: often}}\nsteps: [{id: a, where: x}]",
        "models: {a: {url: 'http://a', model: m, mixture: [b]}}\nsteps: [{id: a, where: x}]",
        "models: {a: {mixture: []}}\nsteps: [{id: a, where: x}]",
        "budget: {money: 0}\nsteps: [{id: a, where: x}]",
        "plugins: {b: {grants: {llm: some}}}\nsteps: [{id: a, use: b/c}]",
        "params: [a]\nsteps: [{id: a, where: x}]",
        "params: {a: {typ: text}}\nsteps: [{id: a, where: x}]",
        "params: {a b: 1}\nsteps: [{id: a, where: x}]",
    ] {
        assert!(Pipeline::parse("p", text).is_err(), "{text}");
        let value = Value::deserialize(&Node::parse(0, text).unwrap()).unwrap();
        assert!(!fits(&schema, &schema, &value), "{text}");
    }
}

/// As much of JSON Schema as ours uses; a keyword that it does not know fails the test.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return schema.as_bool().unwrap() };
    let all = |schema: &Value, value: &Value| fits(root, schema, value);
    let keys = || value.as_object().into_iter().flatten();
    let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
    schema.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" | "format" | "default" => true,
        "$ref" => all(root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value),
        "type" => match rule {
            Value::Array(types) => types.iter().any(|one| is(one, value)),
            one => is(one, value),
        },
        "const" => rule == value,
        "enum" => rule.as_array().unwrap().contains(value),
        "anyOf" => rule.as_array().unwrap().iter().any(|one| all(one, value)),
        "oneOf" => rule.as_array().unwrap().iter().filter(|one| all(one, value)).count() == 1,
        "not" => !all(rule, value),
        "required" => !value.is_object() || rule.as_array().unwrap().iter().all(has),
        "dependentRequired" => rule
            .as_object()
            .unwrap()
            .iter()
            .all(|(key, needed)| value.get(key).is_none() || needed.as_array().unwrap().iter().all(has)),
        "properties" => keys().all(|(key, value)| rule.get(key).is_none_or(|rule| all(rule, value))),
        "additionalProperties" => keys().all(|(key, value)| {
            schema.get("properties").is_some_and(|known| known.get(key).is_some()) || all(rule, value)
        }),
        "propertyNames" => keys().all(|(key, _)| all(rule, &json!(key))),
        "minProperties" => keys().count() >= rule.as_u64().unwrap() as usize,
        "items" => value.as_array().into_iter().flatten().all(|item| all(rule, item)),
        "minItems" => value.as_array().is_none_or(|items| items.len() >= rule.as_u64().unwrap() as usize),
        "pattern" => value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)),
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
        "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > rule.as_f64().unwrap()),
        "exclusiveMaximum" => value.as_f64().is_none_or(|number| number < rule.as_f64().unwrap()),
        other => panic!("`{other}` in the schema"),
    })
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` in the schema"),
    }
}
