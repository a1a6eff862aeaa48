use std::time::Duration;

use super::*;
use crate::model::spec::{BatchMode, Budget, ModelKind, OneModel, Price, Provider, Scoring, Structured};

pub(super) const PIPELINE: &str = r#"
params: { token: { secret: true, env: TOKEN }, port: 8080 }
budget: { tokens: 5 M, money: 12.5 }
answers: out/answers
models:
  small:
    url: http://127.0.0.1:$(port)/v1/
    model: qwen
    key: $(token)
    version: "2024-10-21"
    headers: { X-Team: data, Authorization: Bearer $(token) }
    parameters:
      temperature: 0.7
      top-p: 0.9
      top-k: 40
      min-p: 0.05
      presence-penalty: -1
      frequency-penalty: 2
      max-tokens: 512
      stop: ["\n\n", END]
      seed: 7
    extra: { chat_template_kwargs: { enable_thinking: false } }
    structured: json-object
    scoring: pooling
    rates: { in-flight: 256, requests-per-minute: 500, tokens-per-minute: 2 M }
    retries: 0
    repairs: 5
    timeout: 10 min
    fallback: [big, other]
    price: { input: 0, output: 0 }
    batch: { wait: false, poll: 5 min }
  big: { provider: openai, model: gpt, price: { input: 0.5, output: 1.5 } }
  other: { provider: anthropic, model: claude, key: { env: OTHER_KEY }, price: { input: 3 }, batch: true }
  mix: { mixture: { small: 0.7, big: 0.3 } }
  even: { mixture: [big, other] }
plugins:
  x.wasm: { grants: { llm: [small, mix], embedding: all } }
  y.wasm: { grants: { llm: true, embedding: false } }
steps:
  - { id: a, use: x.wasm/ask }
  - { id: b, use: y.wasm/ask }
"#;

fn load(set: &[&str]) -> Pipeline {
    let env = |name: &str| match name {
        "TOKEN" => Some("key-of-the-parameter".to_owned()),
        "OPENAI_API_KEY" => Some("key-of-openai\n".to_owned()),
        "OTHER_KEY" => Some("key-of-the-other".to_owned()),
        _ => None,
    };
    let settings = Settings { set: set.to_vec(), env: Some(&env), ..Settings::default() };
    Pipeline::parse_with_settings("p.yaml", PIPELINE, &settings).unwrap_or_else(|error| panic!("{}", shown(&error)))
}

fn one<'a>(pipeline: &'a Pipeline, name: &str) -> &'a OneModel {
    let spec = pipeline.models().iter().find(|spec| spec.name == name).unwrap();
    match &spec.kind {
        ModelKind::One(one) => one,
        ModelKind::Mixture(_) => panic!("{name} is a mixture"),
    }
}

#[test]
fn everything_that_can_be_said_of_a_model() {
    let pipeline = load(&[]);
    let small = one(&pipeline, "small");
    assert_eq!(
        (small.provider, small.url.as_str(), small.model.as_str()),
        (Provider::Openai, "http://127.0.0.1:8080/v1", "qwen")
    );
    assert_eq!(small.key.as_ref().unwrap().expose(), "key-of-the-parameter");
    assert_eq!(small.version.as_deref(), Some("2024-10-21"));
    let headers: Vec<_> = small.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(headers, [("x-team", "data"), ("authorization", "Bearer key-of-the-parameter")]);
    let parameters = json!({
        "temperature": 0.7, "top-p": 0.9, "top-k": 40, "min-p": 0.05, "presence-penalty": -1.0, "frequency-penalty": 2.0,
        "max-tokens": 512, "stop": ["\n\n", "END"], "seed": 7,
    });
    assert_eq!(serde_json::to_value(&small.parameters).unwrap(), parameters);
    assert_eq!(json!(small.extra), json!({ "chat_template_kwargs": { "enable_thinking": false } }));
    assert_eq!((small.structured, small.scoring), (Structured::JsonObject, Scoring::Pooling));
    let rates = small.rates;
    assert_eq!(
        (rates.in_flight.get(), rates.requests_per_minute, rates.tokens_per_minute),
        (256, Some(500.0), Some(2e6))
    );
    assert_eq!((small.retries, small.repairs, small.timeout), (0, 5, Duration::from_secs(600)));
    assert_eq!(small.fallback, ["big", "other"]);
    assert_eq!(small.batch, Some(BatchMode { wait: false, poll: Duration::from_secs(300) }));
    assert_eq!(one(&pipeline, "other").batch, Some(BatchMode { wait: true, poll: Duration::from_secs(60) }));
    assert_eq!(one(&pipeline, "other").price, Some(Price { input: 3.0, output: 0.0 }));
    assert_eq!(pipeline.budget(), Budget { tokens: Some(5_000_000), money: Some(12.5) });
    assert_eq!(pipeline.answers.as_deref(), Some("out/answers"));
}

#[test]
fn what_is_not_said_of_a_model() {
    let pipeline = load(&[]);
    let big = one(&pipeline, "big");
    assert_eq!(big.url, "https://api.openai.com/v1");
    assert_eq!(
        (big.rates.in_flight.get(), big.retries, big.repairs, big.timeout),
        (64, 6, 2, Duration::from_secs(120))
    );
    assert_eq!((big.rates.requests_per_minute, big.rates.tokens_per_minute, big.batch), (None, None, None));
    let kinds = pipeline.models().iter().filter_map(|spec| match &spec.kind {
        ModelKind::One(_) => None,
        ModelKind::Mixture(members) => Some(members.iter().map(|(name, weight)| format!("{name} {weight}")).collect()),
    });
    let kinds: Vec<Vec<String>> = kinds.collect();
    assert_eq!(kinds, [["small 0.7", "big 0.3"], ["big 1", "other 1"]]);
    let none = Pipeline::parse("p", "steps: [{id: a, where: x}]").unwrap();
    assert!(none.models().is_empty() && none.budget() == Budget::default() && none.answers.is_none());
}

#[test]
fn plugins_may_ask_what_they_are_granted() {
    let pipeline = load(&[]);
    let grants = |name: &str| &pipeline.plugin(name).unwrap().grants;
    let all = ["small", "big", "other", "mix", "even"].map(str::to_owned);
    assert_eq!(grants("x.wasm").llm.as_deref(), Some(&["small".to_owned(), "mix".to_owned()][..]));
    assert_eq!(grants("x.wasm").embedding.as_deref(), Some(&all[..]));
    assert_eq!((grants("y.wasm").llm.as_deref(), &grants("y.wasm").embedding), (Some(&all[..]), &None));
    assert!(!grants("x.wasm").is_pure());
}

#[test]
fn keys_are_shown_nowhere() {
    let mut pipeline = load(&[]);
    assert_eq!(one(&pipeline, "big").key.as_ref().unwrap().expose(), "key-of-openai");
    pipeline.set("models.small.model=other").unwrap();
    assert_eq!(one(&pipeline, "small").model, "other");
    let keys = ["key-of-the-parameter", "key-of-openai", "key-of-the-other"];
    assert_eq!(one(&pipeline, "other").key.as_ref().unwrap().expose(), keys[2]);
    let all = format!("{pipeline:?} {:?} {:?}", pipeline.models(), pipeline.model_infos());
    assert!(keys.iter().all(|key| !all.contains(key)), "{all}");
    assert!(all.contains("$OTHER_KEY") && all.contains("the parameter `token`"), "{all}");
    for key in keys {
        assert_eq!(pipeline.redact(&format!("it says {key}")), "it says ***");
    }
    // A change that fails shows none either.
    let error = pipeline.set("models.big.retries=key-of-openai").unwrap_err();
    assert!(!format!("{error:?}").contains("key-of-openai"), "{error:?}");
}

#[test]
fn a_usual_key_is_for_its_provider_alone() {
    for (model, expected) in [
        ("provider: openai", "$OPENAI_API_KEY, which is not set"),
        ("url: https://eu.api.openai.com/v1", "$OPENAI_API_KEY, which is not set"),
        ("url: http://api.openai.com/v1", "none"),
        ("url: https://api.openai.com.example/v1", "none"),
        ("url: https://notapi.openai.com.example/v1", "none"),
        ("url: http://127.0.0.1:8080/v1", "none"),
        ("provider: anthropic", "$ANTHROPIC_API_KEY, which is not set"),
        ("provider: anthropic, url: 'http://localhost:1'", "none"),
        ("provider: azure, url: https://mine.openai.azure.com", "$AZURE_OPENAI_API_KEY, which is not set"),
        ("provider: azure, url: https://openai.azure.com.example", "none"),
        ("provider: gemini", "$GEMINI_API_KEY, which is not set"),
        ("provider: mistral", "$MISTRAL_API_KEY, which is not set"),
        ("provider: cohere", "$CO_API_KEY, which is not set"),
        (
            "provider: bedrock, url: https://bedrock-runtime.eu-west-1.amazonaws.com",
            "$AWS_BEARER_TOKEN_BEDROCK, which is not set",
        ),
        ("provider: bedrock, url: https://s3.eu-west-1.amazonaws.com", "none"),
    ] {
        let text = format!("models: {{ a: {{ {model}, model: m }} }}\nsteps: [{{ id: a, where: x }}]");
        let pipeline = Pipeline::parse("p", &text).unwrap_or_else(|error| panic!("{model}: {}", shown(&error)));
        assert_eq!(pipeline.model_infos()[0].key, expected, "{model}");
    }
}

#[test]
fn a_key_that_is_not_there_is_told_where_it_is_needed() {
    let text = "models:\n  a: { provider: openai, model: m }\n  b: { url: http://b, model: m, fallback: [c] }\n  \
                c: { url: http://c, model: m, key: { env: NOT_SET } }\n  d: { mixture: [b] }\nsteps: [{ id: a, where: x }]";
    let pipeline = Pipeline::parse("p", text).unwrap();
    let check = |name: &str| pipeline.check_keys(&[name.to_owned()]).map_err(|error| shown(&error));
    let usual = "2:3: the model `a` has no key: the variable `OPENAI_API_KEY` is not set (set it, or say where the key is: \
                 `key: { env: NAME }` or `key: $(PARAMETER)`)";
    let own = "4:45: the model `c` has no key: the variable `NOT_SET` is not set (set it, or name the variable that has the key)";
    assert_eq!(check("a"), Err(usual.to_owned()));
    for name in ["b", "c", "d"] {
        assert_eq!(check(name), Err(own.to_owned()), "{name}");
    }
    let env = |_: &str| Some("something".to_owned());
    let settings = Settings { env: Some(&env), ..Settings::default() };
    let pipeline = Pipeline::parse_with_settings("p", text, &settings).unwrap();
    assert!(pipeline.check_keys(&["a".to_owned(), "d".to_owned()]).is_ok());
    assert!(pipeline.check_keys(&[]).is_ok());
}

#[test]
fn the_place_of_answers_goes_with_other_paths() {
    let mut pipeline = load(&[]);
    pipeline.map_paths(|path| format!("/home/{path}"));
    assert_eq!(pipeline.answers.as_deref(), Some("/home/out/answers"));
}

#[test]
fn bad_models() {
    let run =
        |text: &str| match Pipeline::parse_with("p.yaml", &format!("{text}\nsteps: [{{id: a, use: x.wasm/y}}]"), []) {
            Ok(pipeline) => format!("no error: {pipeline:?}"),
            Err(error) => shown(&error),
        };
    let failures = failures(BAD, run);
    assert!(failures.is_empty(), "{failures}");
}

/// No error shows what somebody took for a key, in the message or in the text that it points into.
#[test]
fn a_key_that_is_written_is_not_repeated() {
    for text in [
        "models: {a: {provider: openai, model: m, key: sk-12345}}",
        "models: {a: {provider: openai, model: m, key: 'Bearer sk-12345'}}",
        "models: {a: {provider: openai, model: m, key: {env: sk-12345}}}",
        "models: {a: {provider: openai, model: m, key: {value: sk-12345}}}",
        "models: {a: {provider: openai, model: m, key: [sk-12345]}}",
        "models: {a: {provider: openai, model: m, api-key: sk-12345}}",
        "models: {a: {provider: openai, model: m, headers: {authorization: Bearer sk-12345}}}",
        "models: {a: {model: m, url: 'https://me:sk-12345@example.com/v1'}}",
        "params: {t: sk-12345}\nmodels: {a: {provider: openai, model: m, key: $(t)}}",
        "params: {t: {default: sk-12345}}\nmodels: {a: {provider: openai, model: m, key: $(t)}}",
    ] {
        let error = Pipeline::parse("p", &format!("{text}\nsteps: [{{id: a, where: x}}]")).unwrap_err();
        assert!(!format!("{error:?}").contains("sk-12345"), "{text}: {error:?}");
        assert!(error.source_code.inner().contains("models: {a: {"), "{text}: {error:?}");
    }
    let set = ["models.a.key=sk-12345"];
    let text = "models: {a: {provider: openai, model: m}}\nsteps: [{id: a, where: x}]";
    let error = Pipeline::parse_with("p", text, set).unwrap_err();
    assert!(!format!("{error:?}").contains("sk-12345"), "{error:?}");
}

/// What stands before `steps`, and the error.
const BAD: &[(&str, &str)] = &[
    ("models: [a]", "1:9: expected a table, found a list"),
    ("models: {a: }", "1:11: expected a table, found nothing"),
    (
        "models: {a b: {url: 'http://a/v1', model: m}}",
        "1:10: model `a b`: this cannot be a model's name (a name has letters, digits, `_` and `-`)",
    ),
    ("models: {a: {url: 'http://a', model: m, modle: m}}", "1:41: unknown key `modle` (did you mean `model`?)"),
    (
        "models: {a: {model: m}}",
        "1:13: model `a`: it does not say where the server is (write `url:`, as in `http://127.0.0.1:8080/v1`, or `provider:` for a hosted one, as in `provider: openai`)",
    ),
    (
        "models: {a: {url: 'http://a'}}",
        "1:13: model `a`: it does not say which model (write `model:` and what the server calls it, or `mixture:` and other models)",
    ),
    ("models: {a: {url: 'http://a', model: ' '}}", "1:38: model `a`: the model has no name"),
    (
        "models: {a: {provider: azure, model: m}}",
        "1:24: model `a`: it does not say where the server is (write `url: https://RESOURCE.openai.azure.com`)",
    ),
    ("models: {a: {provider: opanai, model: m}}", "1:24: unknown value `opanai` (did you mean `openai`?)"),
    (
        "models: {a: {model: m, url: nowhere}}",
        "1:29: model `a`: this is no address (an address is as in `http://127.0.0.1:8080/v1`)",
    ),
    (
        "models: {a: {model: m, url: 'ftp://a'}}",
        "1:29: model `a`: the address is neither of `https` nor of `http` (an address is as in `http://127.0.0.1:8080/v1`)",
    ),
    (
        "models: {a: {model: m, url: 'http://me@a/v1'}}",
        "1:29: model `a`: a user or a password does not stand in an address (what opens the server is its `key`)",
    ),
    (
        "models: {a: {model: m, url: 'http://a/v1?k=1'}}",
        "1:29: model `a`: the address has more behind its path (leave out what is behind `?` or `#`; `version` is the version of Azure's interface, and `key` a key)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, key: abc}}",
        "1:49: model `a`: a key does not stand in a pipeline file (take it from the environment, `key: { env: NAME }`, or from a secret parameter, `key: $(NAME)`)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, key: 123}}",
        "1:49: model `a`: a key does not stand in a pipeline file (take it from the environment, `key: { env: NAME }`, or from a secret parameter, `key: $(NAME)`)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, key: [b]}}",
        "1:49: expected `$(name)` of a secret parameter or `{ env: NAME }`, found a list",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, key: {env: a-b}}}",
        "1:55: model `a`: this cannot be the name of a variable (name a variable of the environment, without its value, as in `{ env: MY_API_KEY }`)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, key: $(t)}}",
        "1:49: model `a`: no parameter has the name `t` (declare it as `t: { secret: true, env: NAME }` under `params:`)",
    ),
    (
        "params: {t: abc}\nmodels: {a: {url: 'http://a/v1', model: m, key: $(t)}}",
        "2:49: model `a`: the parameter `t` is not secret (declare it as `t: { secret: true, env: NAME }` under `params:`)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, headers: {'a b': c}}}",
        "1:54: model `a`: `a b` cannot be a header's name",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, headers: {Host: c}}}",
        "1:54: model `a`: the header `host` is the host's own",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, headers: {b: c, B: d}}}",
        "1:60: model `a`: the header `b` stands twice",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, headers: {b: \"c\\nd\"}}}",
        "1:57: model `a`: the header `b` has more than one line",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, headers: {X-Api-Key: c}}}",
        "1:65: model `a`: the header `x-api-key` is a key, which does not stand in a pipeline file (take it from a secret parameter, as in `Bearer $(NAME)`)",
    ),
    ("models: {a: {url: 'http://a/v1', model: m, parameters: {temperature: 5.1}}}", "1:70: model `a`: must be 0 to 5"),
    ("models: {a: {url: 'http://a/v1', model: m, parameters: {top-p: 1.5}}}", "1:64: model `a`: must be 0 to 1"),
    (
        "models: {a: {url: 'http://a/v1', model: m, parameters: {presence-penalty: -3}}}",
        "1:75: model `a`: must be -2 to 2",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, parameters: {max-tokens: 0}}}",
        "1:69: model `a`: must be 1 to 4294967295",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, parameters: {temperature: warm}}}",
        "1:70: expected a number, found the text `warm`",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, parameters: {top_p: 1}}}",
        "1:57: unknown key `top_p` (did you mean `top-p`?)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, parameters: {stop: [b, '']}}}",
        "1:67: model `a`: every answer would end at an empty text",
    ),
    ("models: {a: {url: 'http://a/v1', model: m, rates: {in-flight: 0}}}", "1:63: model `a`: must be 1 to 65536"),
    (
        "models: {a: {url: 'http://a/v1', model: m, rates: {tokens-per-minute: 0}}}",
        "1:71: model `a`: `0` is not a number of tokens (it is as in `5000000`, `500 k` or `5 M`, and more than 0)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, rates: {requests-per-minute: 5 x}}}",
        "1:73: model `a`: `5 x` is not a number of requests (it is as in `5000000`, `500 k` or `5 M`, and more than 0)",
    ),
    ("models: {a: {url: 'http://a/v1', model: m, retries: 101}}", "1:53: model `a`: must be 0 to 100"),
    ("models: {a: {url: 'http://a/v1', model: m, repairs: 101}}", "1:53: model `a`: must be 0 to 100"),
    (
        "models: {a: {url: 'http://a/v1', model: m, timeout: 120}}",
        "1:53: model `a`: `120` is not a time (a time is a number and a unit, as in `10 s`, `500 ms` or `5 min`)",
    ),
    ("models: {a: {url: 'http://a/v1', model: m, timeout: 2 h}}", "1:53: model `a`: must be 1 hour at most"),
    ("models: {a: {url: 'http://a/v1', model: m, price: {input: -1}}}", "1:59: model `a`: must be 0 or more"),
    (
        "models: {a: {url: 'http://a/v1', model: m, batch: often}}",
        "1:51: expected `true`, `false` or a table, found the text `often`",
    ),
    (
        "models: {abc: {url: 'http://a/v1', model: m, fallback: [abd]}, abe: {url: 'http://a/v1', model: m}}",
        "1:57: model `abc`: there is no model `abd` (did you mean `abe`?)",
    ),
    ("models: {a: {url: 'http://a/v1', model: m, fallback: [a]}}", "1:55: model `a`: it names itself"),
    (
        "models: {a: {url: 'http://a/v1', model: m, fallback: [b, b]}, b: {url: 'http://a/v1', model: m}}",
        "1:58: model `a`: the model stands twice",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, fallback: [b]}, b: {url: 'http://a/v1', model: m, fallback: [a]}}",
        "1:105: the fallbacks go in a circle: `a`, `b`, `a` (let the last of them have none)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m, fallback: [c]}, b: {url: 'http://a/v1', model: m}, c: {mixture: [b]}}",
        "1:55: model `a`: a fallback is a model that is no mixture",
    ),
    (
        "models: {a: {mixture: [b]}, b: {mixture: [c]}, c: {url: 'http://a/v1', model: m}}",
        "1:24: model `a`: a mixture is of models that are no mixtures",
    ),
    (
        "models: {a: {mixture: []}}",
        "1:23: model `a`: the mixture is of nothing (name other models, as in `mixture: [a, b]`)",
    ),
    ("models: {a: {mixture: {b: 0}}, b: {url: 'http://a/v1', model: m}}", "1:27: model `a`: must be more than 0"),
    (
        "models: {a: {mixture: [b], url: 'http://a'}, b: {url: 'http://a/v1', model: m}}",
        "1:33: model `a`: `url` is a server's, and a `mixture` has none (write it at the models that the mixture names)",
    ),
    ("budget: {}", "1:9: the budget is of nothing (give it `tokens:`, `money:` or both)"),
    (
        "budget: {tokens: many}",
        "1:18: `many` is not a number of tokens (it is as in `5000000`, `500 k` or `5 M`, and more than 0)",
    ),
    ("budget: {money: 0}", "1:17: must be more than 0"),
    (
        "budget: {money: 5}\nmodels: {a: {url: 'http://a/v1', model: m}}",
        "1:17: nobody knows what the model `a` costs (give it `price: { input: …, output: … }`, for a million tokens; 0 is a price too)",
    ),
    ("answers: ''", "1:10: the path is empty"),
    (
        "models: {small: {url: 'http://a/v1', model: m}}\nplugins: {x.wasm: {grants: {llm: [smal]}}}",
        "2:35: plugin `x.wasm`: there is no model `smal` (did you mean `small`?)",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m}}\nplugins: {x.wasm: {grants: {embedding: [a, a]}}}",
        "2:44: plugin `x.wasm`: the model `a` stands twice",
    ),
    (
        "models: {a: {url: 'http://a/v1', model: m}}\nplugins: {x.wasm: {grants: {llm: a}}}",
        "2:34: plugin `x.wasm`: expected `all` or a list of models (one model is a list too: `llm: [small]`)",
    ),
    (
        "plugins: {x.wasm: {grants: {llm: all}}}",
        "1:34: plugin `x.wasm`: the pipeline declares no models (declare one:\nmodels:\n  small:\n    url: http://127.0.0.1:8080/v1\n    model: NAME)",
    ),
    (
        "plugins: {x.wasm: {grants: {llm: [a]}}}",
        "1:35: plugin `x.wasm`: there is no model `a` (declare one:\nmodels:\n  small:\n    url: http://127.0.0.1:8080/v1\n    model: NAME)",
    ),
];
