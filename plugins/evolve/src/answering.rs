use stillroom_sdk::llm::Request;
use stillroom_sdk::task::Asker;

use crate::check;

/// Texts about a row; or why there are none.
pub(crate) type Texts = Result<Vec<String>, String>;

/// The answers to every row's instructions, in their order: a round of requests for the first of each row, one for the second …
pub(crate) fn answers(instructions: &[Texts], asker: &mut Asker<'_>) -> Vec<Texts> {
    let mut all: Vec<Texts> =
        instructions.iter().map(|row| row.as_ref().map(|_| Vec::new()).map_err(Clone::clone)).collect();
    let most = instructions.iter().flatten().map(Vec::len).max().unwrap_or(0);
    for place in 0..most {
        let request = |(row, so_far): (&Texts, &Texts)| {
            let instruction = row.as_ref().ok().filter(|_| so_far.is_ok()).and_then(|row| row.get(place));
            instruction.map(Request::user).ok_or_else(String::new)
        };
        let requests: Vec<_> = instructions.iter().zip(&all).map(request).collect();
        let asked: Vec<bool> = requests.iter().map(Result::is_ok).collect();
        let answers = asker.ask_until(requests, |_, answer| check::response(&answer.text));
        for ((row, answer), _) in all.iter_mut().zip(answers).zip(asked).filter(|(_, asked)| *asked) {
            match (row.as_mut(), answer) {
                (Ok(so_far), Ok(answer)) => so_far.push(answer),
                (Ok(_), Err(why)) => *row = Err(format!("the answer to instruction {place}: {why}")),
                (Err(_), _) => {}
            }
        }
    }
    all
}
