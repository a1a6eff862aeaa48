//! Budgets, batch jobs, and less of it all.

use std::time::Duration;

use rusqlite::Connection;

use super::{About, ONE, TWO, folder, key, open, pay, place, take, wait, words};
use crate::model::ask::Usage;
use crate::model::store::{Job, JobAsk, Spent, Stats, Taken, prune, stats};

#[test]
fn what_was_spent_is_the_runs_own_and_outlives_it() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    pay(&store, key(1), place(1), "a");
    pay(&store, key(2), place(2), "b");
    let large = About { alias: "large".to_owned(), latency: Duration::ZERO };
    wait(store.keep(key(3), 0, place(3), &words("c"), large)).unwrap();
    drop(store);
    let spent = |alias: &str, answers| {
        let usage = Usage { input: 10 * answers, output: 3 * answers };
        Spent { alias: alias.to_owned(), answers, usage }
    };
    assert_eq!(wait(open(&path, ONE).spent()).unwrap(), [spent("large", 1), spent("small", 2)]);
    let other = open(&path, TWO);
    assert!(matches!(take(&other, key(1), place(1)), Taken::Answer(0, _)));
    assert_eq!(wait(other.spent()).unwrap(), []);
}

#[test]
fn jobs_are_there_until_they_are_removed() {
    let (_folder, path) = folder();
    let ask = JobAsk { key: key(1), n: 2, place: place(3), ask: serde_json::json!({ "text": "one" }) };
    let state = serde_json::json!({ "file": "f-1" });
    let job = |id: &str| Job {
        id: id.to_owned(),
        run: ONE,
        alias: "large".to_owned(),
        state: state.clone(),
        asks: vec![ask.clone()],
    };
    let store = open(&path, ONE);
    wait(store.put_job(job("b"))).unwrap();
    wait(store.put_job(job("a"))).unwrap();
    drop(store);
    let store = open(&path, TWO);
    assert_eq!(wait(store.jobs()).unwrap(), [job("b"), job("a")]);
    let changed = Job { state: serde_json::json!({ "file": "f-2" }), run: TWO, ..job("b") };
    wait(store.put_job(changed.clone())).unwrap();
    wait(store.remove_job("a")).unwrap();
    wait(store.remove_job("nobody's")).unwrap();
    assert_eq!(wait(store.jobs()).unwrap(), [changed]);
}

#[test]
fn pruning_removes_the_oldest_and_makes_the_file_smaller() {
    let (_folder, path) = folder();
    assert_eq!(stats(&path).unwrap(), Stats::default());
    let store = open(&path, ONE);
    (0..1000).for_each(|number| _ = pay(&store, key(number), place(number), &"word ".repeat(200)));
    drop(store);
    let raw = Connection::open(&path).unwrap();
    raw.execute("UPDATE answers SET at = at - 3600000 WHERE rowid <= 100", []).unwrap();
    drop(raw);
    let before = stats(&path).unwrap();
    assert_eq!((before.answers, before.asked, before.runs, before.input), (1000, 1000, 1, 10_000));
    let size = std::fs::metadata(&path).unwrap().len();
    assert_eq!(prune(&path, Some(Duration::from_secs(1800)), None).unwrap().answers, 100);
    let pruned = prune(&path, None, Some(size / 2)).unwrap();
    assert!(pruned.answers > 0 && pruned.bytes_left <= size / 2, "{pruned:?} of {size}");
    let (left, now) = (stats(&path).unwrap(), std::fs::metadata(&path).unwrap().len());
    assert!(now <= size / 2, "{now} of {size}");
    assert_eq!(left.answers, 900 - pruned.answers);
    let store = open(&path, TWO);
    assert_eq!(take(&store, key(0), place(0)), Taken::Nothing(0));
    assert!(matches!(take(&store, key(999), place(999)), Taken::Answer(0, _)));
}

#[test]
fn runs_are_forgotten_and_answers_are_not() {
    let (_folder, path) = folder();
    let rows = |table: &str| -> i64 {
        let raw = Connection::open(&path).unwrap();
        raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    let store = open(&path, ONE);
    (0..10).for_each(|number| _ = pay(&store, key(number), place(number), "a"));
    assert_eq!(rows("taken"), 10);
    wait(store.forget()).unwrap();
    assert_eq!(rows("taken"), 0);
    pay(&store, key(11), place(11), "b");
    drop(store);
    let days = |days: i64| {
        let raw = Connection::open(&path).unwrap();
        raw.execute("UPDATE runs SET used = used - ?1", [days * 24 * 3600 * 1000]).unwrap();
    };
    days(29);
    drop(open(&path, TWO));
    assert_eq!((rows("taken"), rows("runs")), (1, 2));
    days(2);
    drop(open(&path, TWO));
    assert_eq!((rows("taken"), rows("spent"), rows("runs"), rows("answers")), (0, 0, 1, 11));
}
