use super::Settings;
use super::read::clip;
use crate::Value;
use crate::llm::{Answer, Finish, Model, Prompt, Request};

/// Requests of one call of the host, whose answers are all held at once. It takes 100,000 at the most.
const MOST_TOGETHER: usize = 4096;

/// Asks for all rows together, and keeps what was said.
#[derive(Debug)]
pub struct Asker<'a> {
    model: &'a Model,
    settings: &'a Settings,
    said: Vec<Said>,
}

/// What was said about a sample of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) asked: Vec<String>,
    pub(super) answered: Vec<String>,
    pub(super) model: Option<String>,
    pub(super) input_tokens: i64,
    pub(super) output_tokens: i64,
}

impl<'a> Asker<'a> {
    pub(super) fn new(model: &'a Model, settings: &'a Settings, rows: usize) -> Self {
        Self { model, settings, said: vec![Said::default(); rows] }
    }

    /// The model that is asked.
    pub fn model(&self) -> &Model {
        self.model
    }

    /// One turn: a request for each row, or why there is none; that goes through as it is.
    pub fn ask(&mut self, requests: Vec<Result<Request, String>>) -> Vec<Result<Answer, String>> {
        let mut answers: Vec<Result<Answer, String>> = Vec::with_capacity(requests.len());
        let (mut places, mut whole) = (Vec::new(), Vec::new());
        for (place, request) in requests.into_iter().enumerate() {
            match request {
                Ok(request) => {
                    answers.push(Err(String::new()));
                    places.push(place);
                    whole.push((place, request));
                }
                Err(why) => answers.push(Err(why)),
            }
        }
        for (place, answer) in places.into_iter().zip(self.ask_many(whole)) {
            answers[place] = answer;
        }
        answers
    }

    /// One turn whose answers are read; a row whose answer cannot be is asked for again, as often as
    /// [`attempts`](Settings::attempts) says. `read` is given the row's place.
    pub fn ask_until<T>(
        &mut self,
        requests: Vec<Result<Request, String>>,
        mut read: impl FnMut(usize, &Answer) -> Result<T, String>,
    ) -> Vec<Result<T, String>> {
        let mut all: Vec<Result<T, String>> = requests.iter().map(|_| Err(String::new())).collect();
        let (mut places, mut whole) = (Vec::new(), Vec::new());
        for (place, request) in requests.into_iter().enumerate() {
            match request {
                Ok(request) => {
                    places.push(place);
                    whole.push((place, request));
                }
                Err(why) => all[place] = Err(why),
            }
        }
        let answers = self.ask_many_until(whole, |at, answer| read(places[at], answer));
        for (place, answer) in places.iter().zip(answers) {
            all[*place] = answer;
        }
        all
    }

    /// Any number of requests, each about the row at its place, whose answers are read; asked for again as with
    /// [`ask_until`](Self::ask_until). `read` is given the request's place among these.
    pub fn ask_many_until<T>(
        &mut self,
        requests: Vec<(usize, Request)>,
        mut read: impl FnMut(usize, &Answer) -> Result<T, String>,
    ) -> Vec<Result<T, String>> {
        let mut all: Vec<Result<T, String>> = requests.iter().map(|_| Err(String::new())).collect();
        let mut requests = requests;
        let mut open: Vec<usize> = (0..requests.len()).collect();
        for _ in 0..self.settings.attempts {
            let answers = self.ask_many(open.iter().map(|&at| requests[at].clone()).collect());
            let mut again = Vec::new();
            for (at, answer) in open.into_iter().zip(answers) {
                all[at] = answer.and_then(|answer| {
                    read(at, &answer).map_err(|why| {
                        again.push(at);
                        let is_untold = answer.finish == Finish::Length && !why.contains("cut off");
                        let cut = if is_untold { " (it was cut off at its most tokens)" } else { "" };
                        format!("{why}; the answer was{cut}: {}", clip(&answer.text, 300))
                    })
                });
            }
            // With its seed a request would be answered in the same way.
            for &at in &again {
                requests[at].1.seed = requests[at].1.seed.map(|seed| seed.wrapping_add(1));
            }
            open = again;
        }
        all
    }

    /// Any number of requests, each about the row at its place; the answers are in the same order.
    pub fn ask_many(&mut self, requests: Vec<(usize, Request)>) -> Vec<Result<Answer, String>> {
        let (places, requests): (Vec<usize>, Vec<Request>) = requests.into_iter().unzip();
        if requests.is_empty() {
            return Vec::new();
        }
        let requests: Vec<Request> = requests.into_iter().map(|request| self.with_settings(request)).collect();
        let answers = requests.chunks(MOST_TOGETHER).flat_map(|requests| self.model.generate(requests, 1));
        places
            .into_iter()
            .zip(&requests)
            .zip(answers)
            .map(|((place, request), answer)| {
                self.note(place, request, answer.as_ref().ok());
                answer.map_err(|failure| failure.to_string())
            })
            .collect()
    }

    pub(super) fn into_said(self) -> Vec<Said> {
        self.said
    }

    /// What a task leaves open is as its author of the pipeline wants it.
    fn with_settings(&self, mut request: Request) -> Request {
        let Settings { temperature, top_p, max_tokens, .. } = self.settings;
        request.temperature = temperature.or(request.temperature);
        request.top_p = top_p.or(request.top_p);
        request.max_tokens = max_tokens.or(request.max_tokens);
        request
    }

    fn note(&mut self, place: usize, request: &Request, answer: Option<&Answer>) {
        let Some(said) = self.said.get_mut(place) else { return };
        if self.settings.raw {
            said.asked.push(written(&request.prompt));
            said.answered.push(answer.map(|answer| answer.text.clone()).unwrap_or_default());
        }
        if let Some(answer) = answer {
            said.model = Some(answer.model.clone());
            said.input_tokens += i64::from(answer.input_tokens);
            said.output_tokens += i64::from(answer.output_tokens);
        }
    }
}

/// A prompt as text: a conversation as JSON.
fn written(prompt: &Prompt) -> String {
    let text = |text: &str| Value::String(text.to_owned());
    match prompt {
        Prompt::Text(prompt) => prompt.clone(),
        Prompt::Chat(messages) => {
            let message = |message: &crate::llm::Message| {
                let members = [("role", message.role.name()), ("content", &message.content)];
                Value::Object(members.map(|(name, value)| (name.to_owned(), text(value))).to_vec())
            };
            Value::Array(messages.iter().map(message).collect()).to_string()
        }
    }
}
