//! `tests/HOSTILE.md` and the cases agree. `HOSTILE_WRITE=1` writes it.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;

use stillroom::error::Blame;
use stillroom_tests::root;

use crate::abi;
use crate::cases::{Case, Phase};
use crate::catalogue::CATALOGUE;
use crate::expect::{Expect, expected};

/// The entries that the catalogue has at least.
const DUE: usize = 83;

#[test]
fn the_table_and_the_cases_agree() {
    let (path, table) = (root().join("tests/HOSTILE.md"), table());
    if std::env::var_os("HOSTILE_WRITE").is_some() {
        fs::write(&path, &table).expect("the repository can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == table, "tests/HOSTILE.md is not of these cases: HOSTILE_WRITE=1 writes it");
}

#[test]
fn every_case_is_in_the_catalogue_and_there() {
    let tried: HashSet<&str> = entries().flat_map(|(_, by)| by.split(' ')).collect();
    let guests = Case::ALL.iter().map(|case| format!("guest/{}", case.name()));
    let modules = abi::CASES.iter().filter(|case| case.name != "honest").map(|case| format!("module/{}", case.name));
    let there: HashSet<String> = guests.chain(modules).collect();
    for name in &there {
        assert!(tried.contains(name.as_str()), "{name} is in no entry of the catalogue");
    }
    for name in tried {
        assert!(there.contains(name) || is_a_test(name), "{name} is nowhere");
    }
    assert!(entries().count() >= DUE, "{} entries", entries().count());
}

fn entries() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    CATALOGUE.iter().flat_map(|(_, entries)| *entries)
}

/// Whether there is such a test, in the file that is named.
fn is_a_test(name: &str) -> bool {
    let Some((file, test)) = name.split_once("::") else { return false };
    let path = match file.split_once('/') {
        Some(("cli", file)) => format!("host/cli/tests/{file}.rs"),
        Some(_) => format!("tests/it/tests/{file}.rs"),
        None => format!("tests/it/tests/hostile/{file}.rs"),
    };
    let text = fs::read_to_string(root().join(path)).unwrap_or_default();
    text.contains(&format!("#[test]\nfn {test}()")) || text.contains(&format!("]\nfn {test}()"))
}

fn table() -> String {
    let (guests, modules) = (Case::ALL.len(), abi::CASES.len() - 1);
    let mut text = format!(
        "# What a hostile step tries\n\n\
         Written by `tests/it/tests/hostile/table.rs`; a test holds it against the cases. {} entries of the catalogue, tried\n\
         by {guests} cases of the guest in `tests/guests/hostile`, each in every call in which it can be, by {modules} modules\n\
         in the text format (`tests/it/tests/hostile/abi.rs`), and by the tests that are named.\n",
        entries().count()
    );
    let mut number = 0;
    for (part, entries) in CATALOGUE {
        let _ = write!(text, "\n## {part}\n\n| | what is tried | by |\n|---|---|---|\n");
        for (what, by) in *entries {
            number += 1;
            let by = by.split(' ').map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "| {number} | {what} | {by} |");
        }
    }
    text += "\n## What becomes of each\n\n\
             After each of them the same engine answers a good batch. Where the call is `process` and the pipeline has a\n\
             quarantine, the guilty row alone is lost.\n\n| case | calls | what becomes of it |\n|---|---|---|\n";
    for case in Case::ALL {
        let calls = case.phases().iter().map(|phase| format!("`{}`", phase.name())).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "| `guest/{}` | {calls} | {} |", case.name(), becomes(&expected(*case), case.phases()));
    }
    for case in abi::CASES.iter().filter(|case| case.name != "honest") {
        let becomes = case.words.map_or("harmless".to_owned(), |words| format!("an error: “{}”", words.trim()));
        let _ = writeln!(text, "| `module/{}` | `{}` | {becomes} |", case.name, case.phase.name());
    }
    text
}

/// In words. Whose fault it is, is told of calls with rows.
fn becomes(expect: &Expect, phases: &[Phase]) -> String {
    let has_rows = phases.iter().any(|phase| matches!(phase, Phase::Process | Phase::Finish));
    let fault = |blame: &Blame| if has_rows { format!(" ({})", blame.name()) } else { String::new() };
    match expect {
        Expect::Harmless => "harmless".to_owned(),
        Expect::Time => format!("ends with its time{}", fault(&Blame::Limit)),
        Expect::Fails(blame, words) => format!("an error: “{words}”{}", fault(blame)),
    }
}
