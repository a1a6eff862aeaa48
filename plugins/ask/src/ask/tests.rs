use super::*;
use stillroom_sdk::task::Asked;

fn batch() -> test::TestBatch {
    test::batch().utf8("review", [Some("Good tea."), None]).int64("stars", [Some(4), Some(1)])
}

fn one() -> test::TestBatch {
    test::batch().utf8("review", [Some("Good tea.")])
}

/// The parameters with a model and a template.
fn with(more: &str) -> String {
    format!(r#"{{"model": "small", "template": "Judge: {{{{ review }}}}"{more}}}"#)
}

fn run(params: &str, batch: test::TestBatch) -> Result<test::TestOutput> {
    test::run::<Asked<Ask>>(params, batch)
}

/// Why the answer cannot be read.
fn reason(params: &str, answer: &str) -> String {
    test::answering([answer]);
    let reason = run(params, one()).unwrap().rejected()[0].reason.clone();
    reason.strip_suffix(&format!("; the answer was: {answer}")).unwrap().to_owned()
}

fn fault(params: &str) -> String {
    test::answering(["a"]);
    run(params, one()).unwrap_err().message().to_owned()
}

#[test]
fn the_request_and_the_whole_answer() {
    let asked = test::answering(["A fine one."]);
    let params = r#"{"model": "small", "template": "What of {{ review }} with {{stars}} of 5?",
        "system": "You grade {{ review }}", "columns": ["review", "stars"], "stop": ["\n"], "max-tokens": 9}"#;
    let output = run(params, batch()).unwrap();
    asked.assert_golden(format!("{}/tests/golden/ask.txt", env!("CARGO_MANIFEST_DIR")));
    assert_eq!(output.values::<Utf8>("answer")[0], Some("A fine one."));
    assert_eq!(output.rejected()[0].reason, "`review` is null");
    test::answering(["x"]);
    let output = run(&with(r#", "output": "verdict""#), one()).unwrap();
    assert_eq!(output.values::<Utf8>("verdict"), [Some("x")]);
}

#[test]
fn columns_of_any_type_are_put_in() {
    let words: Utf8Builder = ["a", "b"].into_iter().map(Some).collect();
    let pair = StructBuilder::new()
        .member("who", ["x \"y\""].into_iter().map(Some).collect::<Utf8Builder>())
        .member("n", [None].into_iter().collect::<Int64Builder>());
    let batch = test::batch()
        .column("words", ListBuilder::<_>::from_lengths(words, [Some(2)]).unwrap())
        .column("pair", pair)
        .bool("good", [Some(true)])
        .float64("share", [Some(0.5)])
        .column("day", [Some(1)].into_iter().collect::<Int32Builder>().of(DataType::Date32));
    let asked = test::answering(["x"]);
    let params = r#"{"model": "small", "template": "{{ words }} {{ pair }} {{ good }} {{ share }} {{ '{{' }}{x}}"}"#;
    run(params, batch.clone()).unwrap();
    assert_eq!(asked.requests(), [Request::user(r#"["a","b"] {"who":"x \"y\"","n":null} true 0.5 {{{x}}"#)]);
    let fault = run(r#"{"model": "small", "template": "{{ day }}"}"#, batch).unwrap_err();
    assert_eq!(
        fault.message(),
        "column `day` is date32; it must be text, numbers, bools, or lists or structs of these"
    );
    let fault = run(r#"{"model": "small", "template": "{{ day }}"}"#, test::rows(1)).unwrap_err();
    assert_eq!(fault.message(), "parameter `template`: there is no column `day`");
}

const GROUPS: &str = r#", "pattern": "score: *(?<score>\\S+)(?: because (?<why>.+))?", "ignore-case": true,
    "types": {"score": "float64"}"#;

#[test]
fn groups_are_columns() {
    let asked = test::answering(["Well.\nSCORE: 4.5 because it is\nmild", "score: 2"]);
    let output = run(&with(GROUPS), test::batch().utf8("review", [Some("a"), Some("b")])).unwrap();
    assert_eq!(output.values::<Float64>("score"), [Some(4.5), Some(2.0)]);
    assert_eq!(output.values::<Utf8>("why"), [Some("it is"), None]);
    assert_eq!(asked.requests()[0], Request::user("Judge: a"));
}

#[test]
fn all_matches_are_lists() {
    test::answering(["1. red\n2. green"]);
    let output =
        run(&with(r#", "pattern": "(?m)^(?<n>\\d+)\\. (?<colour>.+)$", "all": true, "types": {"n": "int64"}"#), one());
    let output = output.unwrap();
    assert_eq!(output.data_type("n").to_string(), "list<int64>");
    assert_eq!(output.column::<List<Utf8>>("colour").values().iter().collect::<Vec<_>>(), [Some("red"), Some("green")]);
}

#[test]
fn answers_without_what_is_wanted() {
    assert_eq!(reason(&with(GROUPS), "I am not sure."), "`pattern` matches nowhere");
    assert_eq!(reason(&with(GROUPS), "score: high"), "`score` is `high`, which is no float64");
    let all = r#", "pattern": "(?<good>\\w+)!", "all": true, "types": {"good": "bool"}"#;
    assert_eq!(reason(&with(all), "yes"), "`pattern` matches nowhere");
    assert_eq!(reason(&with(all), "yes! maybe!"), "`good` is `maybe`, which is no bool");
}

#[test]
fn it_is_asked_again() {
    test::answering(["none", "score: 1"]);
    let output = run(&with(&format!(r#"{GROUPS}, "attempts": 2"#)), one()).unwrap();
    assert_eq!(output.values::<Float64>("score"), [Some(1.0)]);
}

const SCHEMA: &str = r#", "schema": {"type": "object", "required": ["score"], "properties": {
    "score": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}, "tone": {"enum": ["warm", "cold"]}}}"#;

#[test]
fn properties_are_columns() {
    let asked = test::answering([r#"Here: {"score": 3, "tags": ["mild"], "tone": "warm"}"#]);
    let output = run(&with(SCHEMA), one()).unwrap();
    asked.assert_golden(format!("{}/tests/golden/ask-schema.txt", env!("CARGO_MANIFEST_DIR")));
    assert_eq!(output.values::<Int64>("score"), [Some(3)]);
    assert_eq!(output.values::<Utf8>("tone"), [Some("warm")]);
    assert_eq!(output.data_type("tags").to_string(), "list<utf8>");
    assert_eq!(reason(&with(SCHEMA), "three"), "there is no JSON in it");
    assert_eq!(
        reason(&with(SCHEMA), r#"{"score": 3, "tone": "hot"}"#),
        "`tone` is \"hot\"; it must be one of `warm`, `cold`"
    );
}

#[test]
fn samples() {
    test::answering(["score: 1", "none"]);
    let output = run(&with(&format!(r#"{GROUPS}, "samples": 2"#)), one()).unwrap();
    assert_eq!((output.values::<Float64>("score"), output.rows()), (vec![Some(1.0)], Some(&[0][..])));
    test::answering(["score: 1", "none"]);
    let output = run(&with(&format!(r#"{GROUPS}, "samples": 2, "grouped": true"#)), one()).unwrap();
    let scores = output.column::<List<Float64>>("score");
    assert_eq!(scores.values().iter().collect::<Vec<_>>(), [Some(1.0), None]);
}

#[test]
fn what_is_wrong_is_told_before_a_row_moves() {
    let cases = [
        (
            r#"{"model": "small", "template": "{{ reveiw }}"}"#,
            "parameter `template`: there is no column `reveiw`; did you mean `review`? (the step knows of `review`)",
        ),
        (
            r#"{"model": "small", "template": "{{ review }}", "system": "{{ role }}"}"#,
            "parameter `system`: there is no column `role` (the step knows of `review`)",
        ),
        (
            r#"{"model": "small", "template": "a", "columns": ["review"]}"#,
            "parameter `columns` has `review`, which is nowhere in `template`; put `{{ review }}` there, or leave it out",
        ),
        (r#"{"model": "small"}"#, "parameter `template` is missing"),
    ];
    for (params, expected) in cases {
        assert_eq!(fault(params), expected);
    }
}

#[test]
fn what_is_wrong_about_the_output_is_told() {
    let named = "parameter `pattern` has no named group, so it would make no column; name what is wanted, as in \
        `Score: (?<score>\\d+)`";
    let cases = [
        (r#", "pattern": "a""#, named.to_owned()),
        (r#", "pattern": "(a)""#, format!("{named}; its group has none")),
        (r#", "pattern": "(a)(b)""#, format!("{named}; its 2 groups have none")),
        (
            r#", "pattern": "(?<a>.)", "schema": {}"#,
            "there are both `pattern` and `schema`: an answer is read in one way; leave one out".to_owned(),
        ),
        (
            r#", "pattern": "(?<a>.)", "types": {"b": "int64"}"#,
            "parameter `types` has `b`, but `pattern` has no group of that name; it has `a`".to_owned(),
        ),
        (
            r#", "pattern": "(?<a>.)", "types": {"a": "integer"}"#,
            r#"parameter `types.a` is "integer"; it must be one of `utf8`, `int64`, `float64`, `bool`"#.to_owned(),
        ),
        (r#", "all": true"#, "parameter `all` is about `pattern`, which is not there".to_owned()),
        (
            r#", "schema": {"type": "string"}"#,
            "parameter `schema` must be the schema of an object with its `properties`: each is a column".to_owned(),
        ),
        (
            r#", "pattern": "(?<model_name>.)""#,
            "the step would make two columns `model_name`; name one of them otherwise".to_owned(),
        ),
    ];
    for (more, expected) in cases {
        assert_eq!(fault(&with(more)), expected);
    }
    assert!(fault(&with(r#", "pattern": "(?<a""#)).starts_with("parameter `pattern` is no regular expression: "));
    assert!(
        fault(&with(r#", "pattern": "(?<a>.)", "output": "b""#)).starts_with("parameter `output` names the column of")
    );
}
