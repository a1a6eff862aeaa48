//! What the tests have in common.

use stillroom_sdk::test::TestOutput;

/// Where a golden file lies.
pub(crate) fn golden(name: &str) -> String {
    format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"))
}

/// Why rows were rejected.
pub(crate) fn reasons(output: &TestOutput) -> Vec<(u32, &str)> {
    output.rejected().iter().map(|rejection| (rejection.row, rejection.reason.as_str())).collect()
}
