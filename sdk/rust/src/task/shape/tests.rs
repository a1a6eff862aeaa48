use super::*;

fn shape(schema: &str) -> Result<Shape> {
    Shape::of("schema", &Value::parse(schema).unwrap())
}

fn types(schema: &str) -> Vec<String> {
    shape(schema).unwrap().columns().into_iter().map(|(name, data_type)| format!("{name}: {data_type}")).collect()
}

#[test]
fn properties_are_columns() {
    let schema = r##"{"type": "object", "$defs": {"level": {"enum": ["low", "high"]}}, "properties": {
        "text": {"type": "string"}, "count": {"type": "integer"}, "share": {"type": "number"}, "good": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "who": {"type": "object", "properties": {"name": {"type": "string"}, "level": {"$ref": "#/$defs/level"}}},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "also": {"type": ["string", "null"]},
        "stars": {"enum": [1, 2]}, "any": {}, "bag": {"type": "object"}, "both": {"type": ["string", "integer"]}}}"##;
    let expected = [
        "text: utf8",
        "count: int64",
        "share: float64",
        "good: bool",
        "tags: list<utf8>",
        "who: struct<name: utf8, level: utf8>",
        "maybe: int64",
        "also: utf8",
        "stars: int64",
        "any: utf8",
        "bag: utf8",
        "both: utf8",
    ];
    assert_eq!(types(schema), expected);
}

#[test]
fn answers_are_held_against_it() {
    let shape = shape(
        r#"{"properties": {"stars": {"type": "integer", "enum": [1, 2, 3]}, "note": {"type": ["string", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}}, "any": {}}, "required": ["stars"]}"#,
    )
    .unwrap();
    let cells = |answer: &str| shape.cells(&Value::parse(answer).unwrap());
    let tags = Cell::List(vec!["a".into()]);
    assert_eq!(
        cells(r#"{"tags": ["a"], "stars": 3, "note": null, "any": {"x": 1}, "more": 1}"#),
        Ok(vec![Cell::Int(3), Cell::Null, tags, r#"{"x":1}"#.into()])
    );
    let cases = [
        ("[]", "the answer is a list; it must be an object"),
        ("{}", "there is no `stars`"),
        (r#"{"stars": 4}"#, "`stars` is 4; it must be one of `1`, `2`, `3`"),
        (r#"{"stars": 1, "note": 2}"#, "`note` is 2; it must be text"),
        (r#"{"stars": 1, "tags": ["a", null]}"#, "`tags[1]` is null; it must be text"),
    ];
    for (answer, why) in cases {
        assert_eq!(cells(answer).unwrap_err(), why, "{answer}");
    }
}

#[test]
fn whole_numbers_are_exact() {
    let cases =
        [("3", Some(3)), ("3.0", Some(3)), ("3.5", None), ("9223372036854775807", Some(i64::MAX)), ("1e300", None)];
    for (number, expected) in cases {
        assert_eq!(whole(number), expected, "{number}");
    }
}

#[test]
fn what_is_no_schema_of_an_object_is_told() {
    let message = |schema: &str| shape(schema).unwrap_err().message().to_owned();
    let object = "parameter `schema` must be the schema of an object with its `properties`: each is a column";
    for schema in [r#"{"type": "array", "items": {"type": "string"}}"#, r#"{"type": "object"}"#, "{}"] {
        assert_eq!(message(schema), object);
    }
    let cases = [
        (r#"{"properties": {"a": "string"}}"#, ", property `a`: a schema is an object, as in `{ type: string }`"),
        (
            r#"{"properties": {"a": {"type": "text"}}}"#,
            ", property `a`: there is no type `text`; there are `string`, `integer`, `number`, `boolean`, `array`, `object`, \
             `null`",
        ),
        (
            r##"{"properties": {"a": {"$ref": "#/$defs/b"}}}"##,
            r##", property `a`: "#/$defs/b" leads to nothing; there is `#/$defs/NAME`"##,
        ),
        (
            r##"{"properties": {"a": {"$ref": "#/properties/a"}}}"##,
            ", property `a`: the schema is nested too deeply, or leads back to itself",
        ),
        (r#"{"properties": {"a": {"enum": []}}}"#, ", property `a`: `enum` is a list of the values that there are"),
    ];
    for (schema, expected) in cases {
        assert_eq!(message(schema), format!("parameter `schema`{expected}"));
    }
}
