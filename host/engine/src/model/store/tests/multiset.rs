//! Which answer a place gets.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::{ONE, RunId, Store, TWO, folder, key, open, pay, place, take, words};
use crate::model::store::Taken;

#[test]
fn one_key_has_several_answers_and_each_place_its_own() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    for at in 0..3 {
        assert_eq!(pay(&store, key(1), place(at), &format!("sample {at}")), at);
    }
    for at in [2, 0, 1] {
        assert_eq!(take(&store, key(1), place(at)), Taken::Answer(at, words(&format!("sample {at}"))));
    }
    assert_eq!(take(&store, key(2), place(9)), Taken::Nothing(0));
    let other = open(&path, TWO);
    for (n, at) in [50, 40, 30].into_iter().enumerate() {
        assert_eq!(take(&other, key(1), place(at)), Taken::Answer(n as u64, words(&format!("sample {n}"))));
    }
    assert_eq!(take(&other, key(1), place(20)), Taken::Nothing(3));
}

#[test]
fn a_run_that_is_gone_on_with_has_what_it_had_whatever_order_it_asks_in() {
    let (_folder, path) = folder();
    let first = open(&path, ONE);
    (0..4).for_each(|at| assert_eq!(pay(&first, key(1), place(at), &at.to_string()), at));
    // Hits too: nobody paid for these in this run.
    let second = open(&path, TWO);
    (0..4).for_each(|at| assert_eq!(take(&second, key(1), place(at)), Taken::Answer(at, words(&at.to_string()))));
    drop((first, second));
    let again = open(&path, TWO);
    for at in [3, 1, 2, 0] {
        assert_eq!(take(&again, key(1), place(at)), Taken::Answer(at, words(&at.to_string())));
    }
}

#[test]
fn what_is_asked_for_and_not_answered_is_asked_for_again() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    assert_eq!(take(&store, key(1), place(0)), Taken::Nothing(0));
    assert_eq!(pay(&store, key(1), place(1), "second"), 1);
    drop(store);
    let store = open(&path, ONE);
    assert_eq!(take(&store, key(1), place(1)), Taken::Answer(1, words("second")));
    assert_eq!(pay(&store, key(1), place(0), "first"), 0);
}

#[test]
fn runs_that_pay_for_the_same_at_once_lose_nothing() {
    let (_folder, path) = folder();
    let (one, two) = (open(&path, ONE), open(&path, TWO));
    assert_eq!(take(&one, key(1), place(1)), Taken::Nothing(0));
    assert_eq!(pay(&two, key(1), place(2), "two's"), 0);
    assert_eq!(super::wait(one.keep(key(1), 0, place(1), &words("one's"), super::about())).unwrap(), 1);
    drop((one, two));
    let (one, two) = (open(&path, ONE), open(&path, TWO));
    assert_eq!(take(&one, key(1), place(1)), Taken::Answer(1, words("one's")));
    assert_eq!(take(&two, key(1), place(2)), Taken::Answer(0, words("two's")));
    // What was left is the next that another place gets.
    assert_eq!(take(&one, key(1), place(7)), Taken::Answer(0, words("two's")));
}

#[test]
fn what_a_failed_call_gives_back_it_gets_again() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    (0..4).for_each(|at| _ = pay(&store, key(1), place(at), &at.to_string()));
    store.release(&[place(2), place(1)]);
    drop(store);
    let store = open(&path, ONE);
    for at in [1, 2] {
        assert_eq!(take(&store, key(1), place(at)), Taken::Answer(at, words(&at.to_string())));
    }
    assert_eq!(take(&store, key(1), place(9)), Taken::Nothing(4));
    // An answer that comes when its place was given up is kept all the same, and another place's.
    store.release(&[place(9)]);
    super::wait(store.keep(key(1), 4, place(9), &words("late"), super::about())).unwrap();
    assert_eq!(take(&store, key(1), place(8)), Taken::Answer(4, words("late")));
}

#[test]
fn a_place_that_asks_something_else_leaves_what_it_had() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    pay(&store, key(1), place(1), "one");
    assert_eq!(take(&store, key(2), place(1)), Taken::Nothing(0));
    assert_eq!(take(&store, key(1), place(5)), Taken::Answer(0, words("one")));
}

#[test]
fn refresh_replaces_what_is_older_than_the_run() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    (0..3).for_each(|at| _ = pay(&store, key(1), place(at), "old"));
    drop(store);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE answers SET at = at - 10", []).unwrap();
    drop(raw);
    let fresh = Store::open(&path, TWO, true).unwrap();
    assert_eq!(pay(&fresh, key(1), place(0), "new"), 0);
    assert_eq!(take(&fresh, key(1), place(1)), Taken::Nothing(1));
    drop(fresh);
    let fresh = Store::open(&path, TWO, true).unwrap();
    assert_eq!(take(&fresh, key(1), place(0)), Taken::Answer(0, words("new")));
    assert_eq!(take(&fresh, key(1), place(1)), Taken::Nothing(1));
    let other = open(&path, RunId([3; 16]));
    assert_eq!(take(&other, key(1), place(0)), Taken::Answer(0, words("new")));
    assert_eq!(take(&other, key(1), place(1)), Taken::Answer(1, words("old")));
}

#[test]
fn many_at_once_are_answered_in_their_order() {
    let (_folder, path) = folder();
    let store = open(&path, ONE);
    pay(&store, key(2), place(2), "two");
    let asks = vec![(key(1), place(1)), (key(2), place(2)), (key(1), place(3)), (key(1), place(1))];
    let nothing = Taken::Nothing;
    let expected = vec![nothing(0), Taken::Answer(0, words("two")), nothing(1), nothing(0)];
    assert_eq!(super::wait(store.take_many(asks)).unwrap(), expected);
}

#[derive(Debug, Clone)]
enum Act {
    Take(u64, u64),
    Release(u64),
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..3u64, 0..8u64).prop_map(|(of, at)| Act::Take(of, at)),
        2 => (0..8u64).prop_map(Act::Release),
        1 => Just(Act::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Held against the rule itself: a place has what it had, or else the lowest number that no place has.
    #[test]
    fn the_lowest_that_no_place_has(acts in proptest::collection::vec(act(), 1..60)) {
        let (_folder, path) = folder();
        let mut store = open(&path, ONE);
        let mut had: HashMap<u64, (u64, u64)> = HashMap::new();
        let mut paid: HashSet<(u64, u64)> = HashSet::new();
        for act in acts {
            match act {
                Act::Release(at) => {
                    store.release(&[place(at)]);
                    had.remove(&at);
                }
                Act::Reopen => {
                    drop(store);
                    store = open(&path, ONE);
                }
                Act::Take(of, at) => {
                    let before = had.remove(&at).filter(|(key, _)| *key == of).map(|(_, n)| n);
                    let used: HashSet<u64> = had.values().filter(|(key, _)| *key == of).map(|(_, n)| *n).collect();
                    let n = before.or_else(|| (0..).find(|n| !used.contains(n))).unwrap();
                    had.insert(at, (of, n));
                    let text = format!("{of}/{n}");
                    match paid.insert((of, n)) {
                        true => prop_assert_eq!(pay(&store, key(of), place(at), &text), n),
                        false => prop_assert_eq!(take(&store, key(of), place(at)), Taken::Answer(n, words(&text))),
                    }
                }
            }
        }
    }
}
