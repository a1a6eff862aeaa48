//! Conversations in tests: `user:hi|assistant:ho`.

use crate::turns::{ConversationBuilder, Conversations, Turn};
use stillroom_sdk::test::TestOutput;
use stillroom_sdk::*;

/// A column of conversations.
pub(crate) fn chat(rows: &[Option<&str>]) -> AnyArray {
    let mut builder = ConversationBuilder::default();
    for row in rows {
        let turns = row.map(|row| row.split('|').filter(|turn| !turn.is_empty()));
        builder.push(turns.map(|turns| {
            turns.map(|turn| {
                let (role, content) = turn.split_once(':').unwrap();
                Turn { role, content }
            })
        }));
    }
    builder.build().unwrap()
}

/// The conversations of a column; `-` is a null.
pub(crate) fn chats(output: &TestOutput, name: &str) -> Vec<String> {
    let column = output.column::<Any>(name);
    let conversations = Conversations::of(column).unwrap();
    let turn = |turn: Turn<'_>| format!("{}:{}", turn.role, turn.content);
    let row = |row| match column.is_null(row) {
        true => "-".to_owned(),
        false => conversations.row(row, name).unwrap().into_iter().map(turn).collect::<Vec<_>>().join("|"),
    };
    (0..output.len()).map(row).collect()
}

/// A column of lists of text.
pub(crate) fn texts(rows: &[Option<&[Option<&str>]>]) -> AnyArray {
    let items: Utf8Builder = rows.iter().flatten().flat_map(|row| row.iter().copied()).collect();
    ListBuilder::<_>::from_lengths(items, rows.iter().map(|row| row.map(<[_]>::len))).unwrap()
}

/// The rejected rows and why.
pub(crate) fn reasons(output: &TestOutput) -> Vec<String> {
    output.rejected().iter().map(|rejection| format!("{}: {}", rejection.row, rejection.reason)).collect()
}
