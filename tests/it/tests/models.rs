//! Tasks that ask models: real servers, and one that fails as it is told to. Every row ends answered, or in the quarantine with
//! the reason; nothing is asked twice that was answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stillroom::{Progress, Report, RunOptions};
use stillroom_servers::faulty::{Asked, Fault, Faulty, Rules};
use stillroom_servers::{MODEL, SECOND_KEY};
use stillroom_tests::{Bench, explain};

fn prompts(bench: &Bench, rows: usize) {
    let lines: String =
        (0..rows).map(|row| json!({ "instruction": format!("prompt {row}"), "row": row }).to_string() + "\n").collect();
    bench.write("in.jsonl", lines);
}

/// A pipeline with one task.
fn task(model: &str, step: &str) -> String {
    format!(
        "
name: asking
quarantine: DIR/quarantine.jsonl
models:
  {model}
steps:
  - {{ id: read, source: DIR/in.jsonl }}
  - {{ id: ask, {step} }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
    )
}

const TEXT: &str = "use: generate/text, with: { model: small }";

fn lines(bench: &Bench, name: &str) -> Vec<Value> {
    bench.read(name).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn model<'r>(report: &'r Report, name: &str) -> &'r stillroom::ModelReport {
    report.models.iter().find(|model| model.name == name).expect(name)
}

/// A server that repeats the prompt, with this fault.
fn server(fault: impl Fn(&Asked) -> Fault + Send + Sync + 'static) -> Faulty {
    let answer = Box::new(|asked: &Asked, _: usize| format!("re: {}", asked.prompt()));
    Faulty::start(Rules { answer, fault: Box::new(fault), ..Rules::default() }).expect("it starts")
}

#[test]
fn rows_are_answered_in_order_and_many_at_once() {
    let bench = Bench::default();
    prompts(&bench, 500);
    // The earlier a row, the longer it takes.
    let slow = |asked: &Asked| {
        let row: u64 = asked.prompt().rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Fault::Slow(Duration::from_millis(300 - 300 * row.min(500) / 500))
    };
    let server = server(slow);
    let small = format!("small: {{ url: '{}', model: echo, rates: {{ in-flight: 200 }} }}", server.url());
    let report = bench.run(&task(&small, TEXT)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_in, report.rows_out, report.rejected), (500, 500, 0));
    assert!(report.is_balanced(), "{:#?}", report.steps);
    for (row, line) in lines(&bench, "out.jsonl").iter().enumerate() {
        assert_eq!((&line["row"], &line["generation"]), (&json!(row), &json!(format!("re: prompt {row}"))));
    }
    let small = model(&report, "small");
    assert_eq!((small.answered, small.kept, small.failed), (500, 0, 0));
    assert!(small.input_tokens > 0 && small.output_tokens > 0 && small.latency_p99_ms >= small.latency_p50_ms);
    assert!((100..=200).contains(&server.most_at_once()), "{} at once", server.most_at_once());
}

#[test]
fn what_fails_for_a_while_is_tried_again() {
    for fault in [
        Fault::Status(429, None),
        Fault::Status(429, Some("0".to_owned())),
        Fault::Status(500, None),
        Fault::Status(503, None),
        Fault::Slow(Duration::from_millis(150)),
        Fault::Malformed,
        Fault::Cut,
        Fault::Close,
    ] {
        let bench = Bench::default();
        prompts(&bench, 40);
        // Each request fails the first time, one of them twice.
        let bad = fault.clone();
        let server = server(move |asked| match asked.before {
            0 => bad.clone(),
            1 if asked.prompt().ends_with(" 7") => bad.clone(),
            _ => Fault::None,
        });
        let small = format!("small: {{ url: '{}', model: echo }}", server.url());
        let report = bench.run(&task(&small, TEXT)).unwrap_or_else(|error| panic!("{fault:?}: {}", explain(&error)));
        assert_eq!((report.rows_out, report.rejected), (40, 0), "{fault:?}");
        if !matches!(fault, Fault::Slow(_)) {
            assert_eq!(model(&report, "small").retried, 41, "{fault:?}");
            assert_eq!(server.requests().len(), 81, "{fault:?}");
        }
    }
}

#[test]
fn what_fails_for_good_is_in_the_quarantine_with_the_reason() {
    for (fault, why) in [
        (Fault::Status(400, None), "invalid"),
        (Fault::Status(500, None), "failed"),
        (Fault::Stall, "timeout"),
        (Fault::Endless, "failed"),
        (Fault::Malformed, "failed"),
    ] {
        let bench = Bench::default();
        prompts(&bench, 20);
        let bad = fault.clone();
        let server = server(move |asked| if asked.prompt().ends_with(" 7") { bad.clone() } else { Fault::None });
        let small = format!("small: {{ url: '{}', model: echo, retries: 1, timeout: 2s }}", server.url());
        let report = bench.run(&task(&small, TEXT)).unwrap_or_else(|error| panic!("{fault:?}: {}", explain(&error)));
        assert_eq!((report.rows_out, report.rejected), (19, 1), "{fault:?}");
        assert!(report.is_balanced());
        let line = &lines(&bench, "quarantine.jsonl")[0];
        let reason = line["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(why) || fault == Fault::Endless, "{fault:?}: {line}");
        assert_eq!(line["row"]["row"], 7, "{fault:?}");
    }
}

#[test]
fn a_long_answer_is_whole() {
    let bench = Bench::default();
    prompts(&bench, 3);
    let server = server(|_| Fault::Long(10_000));
    let small = format!("small: {{ url: '{}', model: echo }}", server.url());
    bench.run(&task(&small, TEXT)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    for line in lines(&bench, "out.jsonl") {
        assert!(line["generation"].as_str().is_some_and(|text| text.split_whitespace().count() >= 10_000));
    }
}

const STRUCTURED: &str = "use: ask/ask, with: { model: small, template: '{{ instruction }}', schema: { type: object, \
     properties: { n: { type: integer } }, required: [n] } }";

#[test]
fn an_answer_that_breaks_its_schema_is_asked_for_again_with_what_is_wrong() {
    let bench = Bench::default();
    prompts(&bench, 10);
    let server = Faulty::start(Rules {
        answer: Box::new(|asked, _| match asked.prompt().contains("does not fit") {
            true => "{\"n\": 4}".to_owned(),
            false => "{\"n\": \"four\"}".to_owned(),
        }),
        ..Rules::default()
    })
    .expect("it starts");
    let small = format!("small: {{ url: '{}', model: echo }}", server.url());
    let report = bench.run(&task(&small, STRUCTURED)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, model(&report, "small").repaired, server.requests().len()), (10, 10, 20));
    assert!(lines(&bench, "out.jsonl").iter().all(|line| line["n"] == 4));
    let told = server.requests().iter().filter(|record| record.asked.body.to_string().contains("at `/n`")).count();
    assert_eq!(told, 10, "the model is told what is wrong");
}

#[test]
fn an_answer_that_never_fits_is_rejected() {
    let bench = Bench::default();
    prompts(&bench, 5);
    let server = server(|_| Fault::Says("no JSON at all".to_owned()));
    let small = format!("small: {{ url: '{}', model: echo, repairs: 1 }}", server.url());
    let report = bench.run(&task(&small, STRUCTURED)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, report.rejected, server.requests().len()), (0, 5, 10));
    let reason = lines(&bench, "quarantine.jsonl")[0]["reason"].to_string();
    assert!(reason.contains("mismatch: the answer is no JSON"), "{reason}");
}

#[test]
fn nothing_is_paid_for_twice() {
    let bench = Bench::default();
    // Twice each: two rows that ask the same want two answers.
    let line = |row: usize| json!({ "instruction": format!("prompt {}", row % 20), "row": row }).to_string() + "\n";
    bench.write("in.jsonl", (0..40).map(line).collect::<String>());
    let count = Arc::new(AtomicUsize::new(0));
    let answer = move |_: &Asked, _: usize| format!("answer {}", count.fetch_add(1, Ordering::SeqCst));
    let server = Faulty::start(Rules { answer: Box::new(answer), ..Rules::default() }).expect("it starts");
    let text = task(&format!("small: {{ url: '{}', model: echo }}", server.url()), TEXT);
    let generations = || {
        let mut made: Vec<String> =
            lines(&bench, "out.jsonl").iter().map(|line| line["generation"].to_string()).collect();
        made.sort();
        made
    };
    bench.run(&text).unwrap_or_else(|error| panic!("{}", explain(&error)));
    let first = generations();
    assert_eq!(server.requests().len(), 40);
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]), "forty answers: {first:?}");
    let report = bench.run(&text).expect("runs");
    assert_eq!((server.requests().len(), model(&report, "small").kept), (40, 40), "all were there");
    assert_eq!(generations(), first);
    // Another parameter is another question.
    let other = text.replace("model: small }", "model: small, temperature: 0.5 }");
    bench.run(&other).expect("runs");
    assert_eq!(server.requests().len(), 80);
    // Asked for again on purpose.
    let plan = bench.plan(&text).expect("plans");
    plan.run(RunOptions { refresh: true, ..RunOptions::default() }).expect("runs");
    assert_eq!(server.requests().len(), 120);
    assert!(generations() != first);
}

#[test]
fn a_budget_ends_the_run_and_the_next_one_goes_on() {
    let bench = Bench::default();
    prompts(&bench, 200);
    let server = server(|_| Fault::Slow(Duration::from_millis(5)));
    let small = format!("small: {{ url: '{}', model: echo, rates: {{ in-flight: 4 }} }}", server.url());
    let text = task(&small, TEXT);
    let error = bench.run(&format!("budget: {{ tokens: 300 }}\n{text}")).expect_err("it is not enough");
    assert!(explain(&error).contains("the budget of 300 tokens is spent"), "{}", explain(&error));
    let asked = server.requests().len();
    assert!(asked < 150, "{asked} asked");
    assert!(!bench.path("out.jsonl").exists());
    let report = bench.run(&text).expect("runs");
    let small = model(&report, "small");
    assert_eq!((report.rows_out, small.answered + small.kept), (200, 200));
    // What was under way when the run ended may have been answered without anybody to hear it.
    assert!(small.kept as usize >= asked - 4, "{} of {asked} were kept", small.kept);
}

#[test]
fn another_model_stands_in() {
    let bench = Bench::default();
    prompts(&bench, 30);
    let (broken, sound) = (server(|_| Fault::Status(500, None)), server(|_| Fault::None));
    let models = format!(
        "small: {{ url: '{}', model: broken, retries: 0, rates: {{ in-flight: 4 }}, fallback: [other] }}\n  other: {{ url: '{}', model: sound }}",
        broken.url(),
        sound.url()
    );
    let report = bench.run(&task(&models, TEXT)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, model(&report, "other").answered), (30, 30));
    // After so many failures in a row it is not asked at all for a while.
    assert!(broken.requests().len() < 30, "{} asked of the broken one", broken.requests().len());
}

#[test]
fn a_server_that_is_not_there_ends_the_run_and_the_next_one_goes_on() {
    let bench = Bench::default();
    prompts(&bench, 40);
    // A port that nobody listens at.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number");
    let small = format!("small: {{ url: 'http://{gone}/v1', model: echo, retries: 1 }}");
    let error = explain(&bench.run(&task(&small, TEXT)).expect_err("nobody answers"));
    assert!(error.contains("the model `small` does not answer"), "{error}");
    assert!(!bench.path("out.jsonl").exists() && !bench.path("quarantine.jsonl").exists(), "no row is given up");
}

#[test]
fn a_wrong_key_ends_the_run_at_once() {
    let bench = Bench::default();
    prompts(&bench, 300);
    let server = server(|_| Fault::Status(401, None));
    let small = format!("small: {{ url: '{}', model: echo, key: {{ env: STILLROOM_TEST }} }}", server.url());
    let error = bench.run(&task(&small, TEXT)).expect_err("no request can succeed");
    assert!(explain(&error).contains("the model `small` does not answer"), "{}", explain(&error));
    assert!(!explain(&error).contains("a test's"), "the key is shown");
    assert!(server.requests().len() <= 200, "{} asked", server.requests().len());
}

#[test]
fn a_mixture_is_drawn_from_alike_in_every_run() {
    let bench = Bench::default();
    prompts(&bench, 200);
    let server = server(|_| Fault::None);
    let models = format!(
        "one: {{ url: '{0}', model: one }}\n  two: {{ url: '{0}', model: two }}\n  small: {{ mixture: {{ one: 0.8, two: 0.2 }} }}",
        server.url()
    );
    let report = bench.run(&task(&models, TEXT)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    let (one, two) = (model(&report, "one").answered, model(&report, "two").answered);
    assert_eq!(one + two, 200);
    assert!((20..=60).contains(&two), "{two} of 200 for a share of 0.2");
    bench.run(&task(&models, TEXT)).expect("runs");
    assert_eq!(server.requests().len(), 200, "each row falls to the same model again");
}

#[test]
fn a_stop_ends_what_waits() {
    let bench = Bench::default();
    prompts(&bench, 100);
    let server = server(|_| Fault::Stall);
    let small = format!("small: {{ url: '{}', model: echo, timeout: 60s }}", server.url());
    let progress = Arc::new(Progress::default());
    let stopper = progress.clone();
    let stop = std::thread::spawn(move || {
        while stopper.models().iter().all(|model| model.in_flight == 0) {
            std::thread::sleep(Duration::from_millis(5));
        }
        stopper.stop();
    });
    let error = bench.run_watched(&task(&small, TEXT), progress).expect_err("it was stopped");
    stop.join().expect("stops");
    assert!(matches!(error, stillroom::Error::Stopped), "{}", explain(&error));
}

#[test]
fn samples_are_rows_or_lists() {
    let bench = Bench::default();
    prompts(&bench, 6);
    let server = server(|_| Fault::None);
    let small = format!("small: {{ url: '{}', model: echo }}", server.url());
    let step = "use: generate/text, with: { model: small, samples: 3 }";
    let report = bench.run(&task(&small, step)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, server.requests().len()), (18, 18));
    let step = "use: generate/text, with: { model: small, samples: 3, grouped: true, raw: true, usage: true }";
    let report = bench.run(&task(&small, step)).expect("runs");
    assert_eq!((report.rows_out, server.requests().len()), (6, 18), "the same eighteen");
    let line = &lines(&bench, "out.jsonl")[0];
    assert_eq!(line["generation"].as_array().map(Vec::len), Some(3));
    assert!(line["raw_input"][0][0].as_str().is_some_and(|asked| asked.contains("prompt 0")), "{line}");
}

#[test]
fn a_model_that_is_not_declared_is_told_before_a_row_moves() {
    let bench = Bench::default();
    prompts(&bench, 1);
    let text =
        task("small: { url: 'http://127.0.0.1:9/v1', model: echo }", "use: generate/text, with: { model: smal }");
    let error = explain(&bench.run(&text).expect_err("there is none"));
    assert!(error.contains("declares no model `smal`") && error.contains("small"), "{error}");
}

// Real servers.

#[test]
fn llama_answers() {
    let bench = Bench::default();
    prompts(&bench, 12);
    let llama = stillroom_servers::llama().url();
    let small = format!("small: {{ url: '{llama}', model: {MODEL}, parameters: {{ max-tokens: 12 }} }}");
    let report = bench.run(&task(&small, TEXT)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, report.rejected), (12, 0));
    assert!(lines(&bench, "out.jsonl").iter().all(|line| line["generation"].is_string()));
    assert!(model(&report, "small").input_tokens > 12);
    // Its grammar makes noise fit a schema.
    let report = bench
        .run(&task(&small.replace("12 }", "200 }"), STRUCTURED))
        .unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!(report.rows_out + report.rejected, 12);
    assert!(lines(&bench, "out.jsonl").iter().all(|line| line["n"].is_i64()));
    assert!(report.rows_out >= 6, "{} of 12 are JSON", report.rows_out);
    // Plain text, gone on with.
    let step = "use: generate/continue, columns: { text: instruction }, with: { model: small }";
    let report = bench.run(&task(&small, step)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, report.rejected), (12, 0));
}

#[test]
fn llama_embeds_and_scores() {
    let bench = Bench::default();
    prompts(&bench, 9);
    let small = format!("small: {{ url: '{}', model: {MODEL} }}", stillroom_servers::llama_embedding().url());
    let step = "use: embed/text, columns: { text: instruction }, with: { model: small }";
    let report = bench.run(&task(&small, step)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, report.rejected), (9, 0));
    let lengths: Vec<usize> =
        lines(&bench, "out.jsonl").iter().map(|line| line["embedding"].as_array().map_or(0, Vec::len)).collect();
    assert!(lengths[0] > 8 && lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
    let lines_in: String = (0..4)
        .map(|row| json!({ "query": format!("q {row}"), "documents": ["a b", "c d e"] }).to_string() + "\n")
        .collect();
    bench.write("in.jsonl", lines_in);
    let small = format!("small: {{ url: '{}', model: {MODEL} }}", stillroom_servers::llama_rerank().url());
    let report = bench
        .run(&task(&small, "use: score/rerank, with: { model: small }"))
        .unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, report.rejected), (4, 0));
    assert!(
        lines(&bench, "out.jsonl").iter().all(|line| line["scores"].as_array().is_some_and(|scores| scores.len() == 2))
    );
}

#[test]
fn a_second_server_answers_in_three_protocols() {
    let second = stillroom_servers::second();
    let root = second.url().trim_end_matches("/v1").to_owned();
    for declared in [
        format!("{{ provider: openai, url: '{}', model: {MODEL}, key: {{ env: STILLROOM_TEST }} }}", second.url()),
        format!("{{ provider: anthropic, url: '{root}', model: {MODEL}, key: {{ env: STILLROOM_TEST }} }}"),
        format!("{{ provider: gemini, url: '{root}/v1beta', model: {MODEL}, key: {{ env: STILLROOM_TEST }} }}"),
    ] {
        let bench = Bench::default();
        prompts(&bench, 4);
        let text = task(&format!("small: {declared}"), "use: generate/text, with: { model: small, max-tokens: 8 }");
        let pipeline = {
            let text = text.replace("DIR", &bench.path("").to_string_lossy());
            let lookup = |name: &str| (name == "STILLROOM_TEST").then(|| SECOND_KEY.to_owned());
            let settings = stillroom::pipeline::Settings { env: Some(&lookup), ..Default::default() };
            stillroom::Pipeline::parse_with_settings("test.yaml", &text, &settings).expect("is one")
        };
        let engine = stillroom_tests::engine(2);
        let plan = stillroom::Plan::new(engine, &pipeline, stillroom_tests::BUILTINS);
        let report = plan.and_then(|plan| plan.run(RunOptions::default()));
        let report = report.unwrap_or_else(|error| panic!("{declared}: {}", explain(&error)));
        assert_eq!((report.rows_out, report.rejected), (4, 0), "{declared}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_server_that_knows_no_schemas_is_found_out() {
    let bench = Bench::default();
    prompts(&bench, 2);
    let small = format!(
        "small: {{ url: '{}', model: {MODEL}, repairs: 1, parameters: {{ max-tokens: 8 }} }}",
        stillroom_servers::third().url()
    );
    let report = bench.run(&task(&small, STRUCTURED)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, report.rejected), (0, 2), "noise is no JSON");
    assert!(lines(&bench, "quarantine.jsonl")[0]["reason"].to_string().contains("mismatch"));
}
