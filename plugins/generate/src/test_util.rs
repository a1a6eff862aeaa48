//! What the tests have in common.

use stillroom_sdk::*;

/// Where a golden file lies.
pub(crate) fn golden(name: &str) -> String {
    format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"))
}

/// A conversation in one row, of roles and contents.
pub(crate) fn chat(turns: &[(&str, Option<&str>)]) -> AnyArray {
    let roles: Utf8Builder = turns.iter().map(|(role, _)| Some(*role)).collect();
    let contents: Utf8Builder = turns.iter().map(|(_, content)| *content).collect();
    let turns_column = StructBuilder::new().member("role", roles).member("content", contents);
    ListBuilder::<_>::from_lengths(turns_column, [Some(turns.len())]).unwrap()
}

/// Why the only row was rejected.
pub(crate) fn reason(output: &test::TestOutput) -> &str {
    let [rejection] = output.rejected() else { panic!("{} rows are rejected", output.rejected().len()) };
    &rejection.reason
}
