//! Files that are not what they should be.

use std::fs;

use miette::Diagnostic;
use rusqlite::Connection;

use super::{ONE, TWO, folder, key, open, pay, place, take, words};
use crate::model::store::{Store, Taken, answers, stats};

/// The error's message and what it says to do.
fn refused(path: &std::path::Path) -> (String, String) {
    let error = Store::open(path, ONE, false).err().unwrap();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    (error.to_string(), error.help().unwrap().to_string())
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = "these are my notes, and no answers. ".repeat(200);
    fs::write(&path, &text).unwrap();
    let (message, help) = refused(&path);
    assert!(message.contains("no database of answers"), "{message}");
    assert!(help.contains("move it away"), "{help}");
    assert!(stats(&path).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn other_databases_and_other_versions_are_left_alone() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(refused(&path).0.contains("another program's database"));
    drop(raw);
    fs::remove_file(&path).unwrap();
    drop(open(&path, ONE));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(refused(&path).0.contains("another version of Stillroom"));
}

#[test]
fn a_damaged_file_is_an_error_and_no_answer() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    (0..200).for_each(|number| _ = pay(&store, key(number), place(number), &"word ".repeat(100)));
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let found = Store::open(&path, TWO, false).and_then(|store| super::wait(store.take(key(7), place(7))));
    let error = found.unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}

#[test]
fn a_damaged_answer_counts_as_not_there_and_is_replaced() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    for number in 0..4 {
        pay(&store, key(number), place(number), "good");
    }
    let raw = Connection::open(&path).unwrap();
    let set = |what: &str, number: u64| {
        raw.execute(&format!("UPDATE answers SET {what} WHERE key = ?1"), [key(number)]).unwrap();
    };
    set("json = replace(json, 'good', 'evil')", 0);
    let json = r#"{"words-of-a-later-version":1}"#;
    set(&format!("json = '{json}', sum = {}", answers::sum(json)), 1);
    set("json = x'ff00'", 2);
    for number in 0..3 {
        assert_eq!(pay(&store, key(number), place(number), "better"), 0, "{number}");
        assert_eq!(take(&store, key(number), place(number)), Taken::Answer(0, words("better")));
    }
    assert_eq!(take(&store, key(3), place(3)), Taken::Answer(0, words("good")));
}

#[test]
fn a_transaction_that_fails_is_told_to_all_that_wait_and_the_next_is_tried() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("ALTER TABLE answers RENAME TO hidden").unwrap();
    let error = super::wait(store.take(key(1), place(1))).unwrap_err();
    assert!(error.to_string().contains("no such table"), "{error}");
    raw.execute_batch("ALTER TABLE hidden RENAME TO answers").unwrap();
    assert_eq!(pay(&store, key(1), place(1), "now"), 0);
}
