//! Servers that are busy, and servers that are broken.

use std::time::Duration;

use super::super::breaker::{FAILURES, OPEN, PROBING};
use super::{ANSWERED, BUSY, Outcome, Simulation, Step, rates};

fn busy(seconds: u64) -> Outcome {
    Outcome::Busy { retry_after: Some(Duration::from_secs(seconds)) }
}

#[test]
fn where_the_server_says_when_nobody_asks_before() {
    let mut simulation = Simulation::new(&rates(8, None, None));
    let [one, two] = [(); 2].map(|()| simulation.enter());
    simulation.done(one, busy(20));
    simulation.after(1.0).done(two, busy(5));
    let until = simulation.start + Duration::from_secs(20);
    assert!(matches!(simulation.ask(), Step::Wait(Some(at)) if at == until));
    assert_eq!(simulation.view().paused_until, Some(until));
    simulation.after(18.9);
    assert!(matches!(simulation.ask(), Step::Wait(Some(at)) if at == until));
    simulation.after(0.1).enter();
    assert_eq!((simulation.view().paused_until, simulation.view().limit), (None, 8));
}

#[test]
fn a_pause_has_an_end_whatever_the_server_says() {
    let mut simulation = Simulation::new(&rates(8, None, None));
    let one = simulation.enter();
    simulation.done(one, busy(u64::MAX));
    simulation.after(24.0 * 3600.0).enter();
}

#[test]
fn a_busy_server_is_asked_half_as_much_at_once_and_slowly_more_again() {
    let mut simulation = Simulation::new(&rates(16, None, None));
    let all: Vec<_> = (0..16).map(|_| simulation.enter()).collect();
    assert!(matches!(simulation.ask(), Step::Wait(None)));
    // Sixteen are told the same: that is one piece of news.
    all.into_iter().for_each(|entry| simulation.done(entry, BUSY));
    assert_eq!(simulation.view().limit, 8);
    let all: Vec<_> = (0..8).map(|_| simulation.enter()).collect();
    assert!(matches!(simulation.ask(), Step::Wait(None)));
    all.into_iter().for_each(|entry| simulation.done(entry, BUSY));
    assert_eq!(simulation.view().limit, 4);
    for limit in 5..=16 {
        let mut answers = 0;
        while simulation.view().limit < limit {
            let entry = simulation.enter();
            simulation.done(entry, ANSWERED);
            answers += 1;
        }
        assert!((limit - 1..=limit + 1).contains(&answers), "{answers} answers for {limit}");
    }
    for _ in 0..100 {
        let entry = simulation.enter();
        simulation.done(entry, ANSWERED);
    }
    assert_eq!(simulation.view().limit, 16);
    for _ in 0..50 {
        let entry = simulation.enter();
        simulation.done(entry, BUSY);
    }
    assert_eq!(simulation.view().limit, 1);
}

/// Fails as often as it takes.
fn broken() -> Simulation {
    let mut simulation = Simulation::new(&rates(64, None, None));
    for _ in 0..FAILURES {
        let entry = simulation.enter();
        simulation.done(entry, Outcome::Failed);
    }
    simulation
}

#[test]
fn after_failures_in_a_row_nobody_is_let_through_and_then_one() {
    let mut simulation = broken();
    let until = simulation.now + OPEN;
    assert!(matches!(simulation.ask(), Step::Open(at) if at == until));
    assert_eq!(simulation.view().open_until, Some(until));
    simulation.after(0.9);
    assert!(matches!(simulation.ask(), Step::Open(at) if at == until));
    let probe = simulation.after(0.1).enter();
    assert!(matches!(simulation.ask(), Step::Open(at) if at == simulation.now + PROBING));
    simulation.done(probe, Outcome::Failed);
    assert!(matches!(simulation.ask(), Step::Open(at) if at == simulation.now + 2 * OPEN), "longer each time");
    let probe = simulation.after(2.0).enter();
    simulation.done(probe, ANSWERED);
    assert_eq!(simulation.view().open_until, None);
    // It has all its chances again.
    for _ in 1..FAILURES {
        let entry = simulation.enter();
        simulation.done(entry, Outcome::Failed);
    }
    simulation.enter();
}

#[test]
fn an_answer_between_failures_says_that_the_server_is_there() {
    let mut simulation = Simulation::new(&rates(64, None, None));
    for _ in 0..3 {
        for _ in 1..FAILURES {
            let entry = simulation.enter();
            simulation.done(entry, Outcome::Failed);
        }
        let entry = simulation.enter();
        simulation.done(entry, ANSWERED);
    }
    assert_eq!(simulation.view().open_until, None);
}

#[test]
fn being_busy_is_no_failure_and_no_answer() {
    let mut simulation = Simulation::new(&rates(64, None, None));
    let mut end = |outcome| {
        let entry = simulation.enter();
        simulation.done(entry, outcome);
        simulation.view().open_until.is_some()
    };
    assert!(!(0..100).any(|_| end(BUSY)));
    assert!(!(1..FAILURES).any(|_| end(Outcome::Failed)));
    assert!(!end(BUSY));
    assert!(end(Outcome::Failed));
}

#[test]
fn what_was_under_way_before_it_opened_does_not_close_it() {
    let mut simulation = Simulation::new(&rates(64, None, None));
    let [late, later] = [(); 2].map(|()| simulation.enter());
    for _ in 0..FAILURES {
        let entry = simulation.enter();
        simulation.done(entry, Outcome::Failed);
    }
    let until = simulation.now + OPEN;
    simulation.after(0.5).done(late, ANSWERED);
    simulation.done(later, Outcome::Failed);
    assert_eq!(simulation.view().open_until, Some(until));
}

#[test]
fn a_probe_that_is_given_up_leaves_the_next_to_try() {
    let mut simulation = broken();
    let probe = simulation.after(2.0).enter();
    simulation.core.done(probe, None, simulation.now);
    let probe = simulation.enter();
    assert!(matches!(simulation.ask(), Step::Open(_)));
    simulation.done(probe, BUSY);
    simulation.enter();
}
