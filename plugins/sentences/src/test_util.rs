//! What the steps' tests share.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

use stillroom_sdk::llm::{self, Answer, Prompt, Request};
use stillroom_sdk::task::{Asked, Task};
use stillroom_sdk::test::{TestBatch, TestOutput};
use stillroom_sdk::{Result, test};

/// Runs a step whose model answers everything with the same words.
pub(crate) fn run<T: Task>(params: &str, answer: &str, batch: TestBatch) -> Result<TestOutput> {
    let answer = answer.to_owned();
    llm::answer_with(move |_, _| Ok(Answer::of(answer.clone())));
    test::run::<Asked<T>>(params, batch)
}

/// The fault of parameters that are wrong.
pub(crate) fn fault<T: Task>(params: &str, batch: TestBatch) -> String {
    run::<T>(params, "", batch).unwrap_err().message().to_owned()
}

/// Why a row is rejected where its answer is this, without the answer.
pub(crate) fn why<T: Task>(params: &str, answer: &str, batch: TestBatch) -> String {
    let output = run::<T>(params, answer, batch).unwrap();
    let reason = &output.rejected()[0].reason;
    reason.split_once("; the answer was: ").map_or(reason.clone(), |(why, _)| why.to_owned())
}

/// What a step asks about rows, one request after the other.
pub(crate) fn requests<T: Task>(params: &str, batch: TestBatch) -> Vec<Request> {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&asked);
    llm::answer_with(move |_, request| {
        noted.borrow_mut().push(request.clone());
        Ok(Answer::of("{}"))
    });
    test::run::<Asked<T>>(params, batch).unwrap();
    asked.take()
}

/// Holds what a step asks against `tests/golden/NAME.txt`. With `GOLDEN=write` in the environment it is written.
pub(crate) fn golden<T: Task>(name: &str, params: &str, batch: TestBatch) {
    let asked: String = requests::<T>(params, batch).iter().map(written).collect();
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&path, &asked).unwrap();
    }
    assert_eq!(asked, std::fs::read_to_string(&path).unwrap(), "{name}");
}

fn written(request: &Request) -> String {
    let mut out = String::new();
    match &request.prompt {
        Prompt::Chat(messages) => {
            messages
                .iter()
                .for_each(|message| writeln!(out, "[{}]\n{}", message.role.name(), message.content).unwrap());
        }
        Prompt::Text(text) => writeln!(out, "[text]\n{text}").unwrap(),
    }
    writeln!(out, "[schema]\n{}", request.schema.as_deref().unwrap_or("none")).unwrap();
    request.seed.iter().for_each(|seed| writeln!(out, "[seed]\n{seed}").unwrap());
    let more = (request.temperature, request.top_p, request.max_tokens, &*request.stop, request.logprobs);
    assert_eq!(more, (None, None, None, &[][..], None), "all else is the pipeline's");
    out
}

/// What the only message of a request says.
pub(crate) fn text(request: &Request) -> String {
    match &request.prompt {
        Prompt::Chat(messages) if messages.len() == 1 => messages[0].content.clone(),
        other => panic!("not one message: {other:?}"),
    }
}
