//! Parameters: defaults, what is refused and how, and the JSON Schema.
#![allow(missing_docs, reason = "parameters without words are part of what is tested")]

use serde_json::{Value as Json, json};
use stillroom_sdk::{Params, Value, choices, params};

choices! {
    /// Unicode form.
    pub enum Form {
        /// As it is.
        None,
        /// Composed.
        Nfc,
        KeepFirst,
    }
}

params! {
    /// Every kind of parameter.
    pub struct Everything {
        /// Unicode form,
        /// as the standard has it.
        pub form: Form = Form::Nfc,
        pub collapse_whitespace: bool = true,
        /// How "many".
        pub most: u32 = 10,
        pub seed: u64 = u64::MAX,
        pub ratio: f64 = 0.1,
        pub suffix: String = "…\n".to_owned(),
        pub words: Vec<String> = vec!["a".to_owned(), "b".to_owned()],
        pub least: Option<i64> = None,
        pub rule: Rule = Rule { pattern: "x".to_owned(), weight: 1.0, note: None },
        pub rules: Vec<Rule> = Vec::new(),
        pub anything: Option<Value> = None,
    }
}

params! {
    pub struct Rule {
        pub pattern: String,
        pub weight: f32 = 1.0,
        pub note: Option<String>,
    }
}

fn read(json: Json) -> Result<Everything, String> {
    Everything::from_json(&json.to_string()).map_err(|fault| fault.to_string())
}

#[test]
fn defaults() {
    for read in [read(json!({})).unwrap(), Everything::default()] {
        assert_eq!((read.form, read.collapse_whitespace, read.most, read.seed), (Form::Nfc, true, 10, u64::MAX));
        assert_eq!((read.ratio, read.suffix.as_str(), read.words.len(), read.least), (0.1, "…\n", 2, None));
    }
}

#[test]
fn everything_given() {
    let read = read(json!({
        "form": "keep-first", "collapse-whitespace": false, "most": 0, "seed": 9_007_199_254_740_993_u64, "ratio": 1,
        "suffix": "\"\\\u{1f980}\u{1}", "words": [], "least": -9_223_372_036_854_775_808_i64, "rule": {"pattern": "y"},
        "rules": [{"pattern": "z", "weight": 2.5e0}], "anything": {"a": [1, null, "x"]},
    }))
    .unwrap();
    assert_eq!((read.form, read.collapse_whitespace, read.most), (Form::KeepFirst, false, 0));
    assert_eq!((read.seed, read.ratio, read.least), (9_007_199_254_740_993, 1.0, Some(i64::MIN)));
    assert_eq!(read.suffix, "\"\\\u{1f980}\u{1}");
    assert_eq!((read.rule.pattern.as_str(), read.rule.weight, read.rules[0].weight), ("y", 1.0, 2.5));
    assert_eq!(read.anything.unwrap().to_string(), r#"{"a":[1,null,"x"]}"#);
}

#[test]
fn refused() {
    let cases = [
        (json!({"frm": 1}), "parameters: unknown parameter `frm`; there are `form`, `collapse-whitespace`, "),
        (
            json!({"form": "nfd"}),
            "parameters: parameter `form` is \"nfd\"; it must be one of `none`, `nfc`, `keep-first`",
        ),
        (json!({"most": -1}), "parameters: parameter `most` is -1; it must be a whole number (u32)"),
        (json!({"most": 4_294_967_296_u64}), "parameters: parameter `most` is 4294967296; "),
        (json!({"most": 1.5}), "parameters: parameter `most` is 1.5; "),
        (json!({"ratio": "much"}), "parameters: parameter `ratio` is \"much\"; it must be a number"),
        (json!({"suffix": null}), "parameters: parameter `suffix` is null; it must be text"),
        (json!({"words": ["a", 2]}), "parameters: parameter `words[1]` is 2; it must be text"),
        (json!({"words": "a"}), "parameters: parameter `words` is \"a\"; it must be a list"),
        (json!({"rule": {}}), "parameters: parameter `rule.pattern` is missing"),
        (
            json!({"rules": [{"pattern": "a"}, {"patern": "b"}]}),
            "parameters: unknown parameter `rules[1].patern`; there are `pattern`, `weight`, `note`",
        ),
        (json!([]), "parameters: parameters are an object"),
    ];
    for (json, message) in cases {
        let found = read(json).unwrap_err();
        assert!(found.starts_with(message), "{found}\n{message}");
    }
    for text in ["", "{", "{\"a\":01}", "{\"a\":1,}", "{} {}", "nul", "\"\\ud800\"", "{\"a\" 1}", "-", "1."] {
        assert!(Value::parse(text).is_err(), "{text}");
    }
    assert!(Value::parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn schema() {
    let schema: Json = serde_json::from_str(&Everything::schema()).unwrap();
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], json!([]));
    let form = json!({
        "enum": ["none", "nfc", "keep-first"], "enumDescriptions": ["As it is.", "Composed.", ""],
        "description": "Unicode form, as the standard has it.", "default": "nfc",
    });
    assert_eq!(schema["properties"]["form"], form);
    assert_eq!(schema["properties"]["seed"]["default"], u64::MAX);
    assert_eq!(schema["properties"]["ratio"]["default"], 0.1);
    assert_eq!(schema["properties"]["suffix"]["default"], "…\n");
    assert_eq!(schema["properties"]["words"]["items"], json!({"type": "string"}));
    assert_eq!(schema["properties"]["rule"]["default"], json!({"pattern": "x", "weight": 1.0, "note": null}));
    assert_eq!(schema["properties"]["least"].get("default"), None);
    assert_eq!(schema["properties"]["rules"]["items"]["required"], json!(["pattern"]));
}

#[test]
fn no_params() {
    use stillroom_sdk::NoParams;
    assert_eq!(NoParams::from_json("{}"), Ok(NoParams));
    assert_eq!(NoParams::from_json("{\"a\":1}").unwrap_err().message(), "unknown parameter `a`; there are none");
}
