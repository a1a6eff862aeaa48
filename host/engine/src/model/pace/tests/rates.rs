//! How many at once, how many a minute, and in what order.

use std::time::Duration;

use proptest::prelude::*;

use super::{Simulation, Step, Work, rates, seconds};

const MINUTE: Duration = Duration::from_secs(60);

fn work() -> impl Strategy<Value = Work> {
    (0..400u64, 0..400u64, 1..20_000u64).prop_map(|(estimate, actual, millis)| Work {
        estimate,
        actual,
        takes: Duration::from_millis(millis),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_more_at_once_or_in_any_minute_than_declared_and_first_come_first_served(
        all in proptest::collection::vec(work(), 1..300),
        at_once in 1..40u32,
        per_minute in prop_oneof![1..10u32, 10..600u32],
    ) {
        let mut simulation = Simulation::new(&rates(at_once, Some(f64::from(per_minute)), None));
        let entered = simulation.run(&all);
        prop_assert_eq!(entered.len(), all.len());
        for (at, one) in entered.iter().enumerate() {
            prop_assert_eq!(one.which, at);
            let under_way = entered[..=at].iter().filter(|other| other.at + all[other.which].takes > one.at);
            prop_assert!(under_way.count() <= at_once as usize);
            let minute = entered[at..].iter().take_while(|other| other.at < one.at + MINUTE);
            prop_assert!(minute.count() <= per_minute as usize);
        }
    }

    /// Where all take what they were said to, and none more than a second's worth.
    #[test]
    fn no_more_tokens_in_any_minute_than_declared(
        sizes in proptest::collection::vec(1..=100u64, 1..400),
        per_minute in 6000..60_000u32,
    ) {
        let one = |tokens| Work { estimate: tokens, actual: tokens, takes: seconds(1.0) };
        let all: Vec<Work> = sizes.into_iter().map(one).collect();
        let entered = Simulation::new(&rates(1000, None, Some(f64::from(per_minute)))).run(&all);
        for (at, one) in entered.iter().enumerate() {
            let minute = entered[at..].iter().take_while(|other| other.at < one.at + MINUTE);
            prop_assert!(minute.map(|other| all[other.which].actual).sum::<u64>() <= u64::from(per_minute));
        }
    }
}

/// Being careful costs little: the burst is a second's worth of sixty.
#[test]
fn the_declared_rate_is_nearly_reached() {
    for per_minute in [1.0, 60.0, 600.0, 60_000.0] {
        let count = (per_minute * 3.0) as usize + 1;
        let all = vec![Work { estimate: 0, actual: 0, takes: seconds(0.001) }; count];
        let last = *Simulation::new(&rates(1000, Some(per_minute), None)).run(&all).last().unwrap();
        let reached = count as f64 / last.at.as_secs_f64() * 60.0;
        assert!(reached > per_minute * 0.98, "{reached} of {per_minute}");
    }
}

#[test]
fn one_that_takes_more_than_a_minute_has_waits_for_no_more_than_a_full_bucket() {
    let large = Work { estimate: 12_000, actual: 12_000, takes: seconds(1.0) };
    let small = Work { estimate: 1, actual: 1, takes: seconds(1.0) };
    let entered = Simulation::new(&rates(10, None, Some(6000.0))).run(&[large, small]);
    assert_eq!(entered[0].at, Duration::ZERO);
    // Two minutes' worth, made good at a little less than the rate.
    assert!((110.0..125.0).contains(&entered[1].at.as_secs_f64()), "{entered:?}");
}

#[test]
fn an_estimate_is_corrected_by_what_it_was() {
    let wait = |estimate, actual| {
        let first = Work { estimate, actual, takes: seconds(1.0) };
        let second = Work { estimate: 100, actual: 100, takes: seconds(1.0) };
        Simulation::new(&rates(10, None, Some(6000.0))).run(&[first, second])[1].at.as_secs_f64()
    };
    // 60 s would have to pass, but after one it turns out to have been next to nothing.
    assert!((1.0..1.2).contains(&wait(6000, 10)), "{}", wait(6000, 10));
    // Said to be nothing, the first lets the second through at once; the third pays.
    let mut simulation = Simulation::new(&rates(1, None, Some(6000.0)));
    let work = |estimate, actual| Work { estimate, actual, takes: seconds(1.0) };
    let third = simulation.run(&[work(1, 3000), work(1, 1)])[1].at.as_secs_f64();
    assert!((25.0..35.0).contains(&third), "{third}");
}

#[test]
fn whoever_leaves_the_queue_holds_up_nobody() {
    let mut simulation = Simulation::new(&rates(1, None, None));
    let under_way = simulation.enter();
    let [first, second] = [(); 2].map(|()| simulation.core.join());
    assert!(matches!(simulation.step(first, 0), Step::Wait(None)));
    simulation.done(under_way, super::ANSWERED);
    assert!(matches!(simulation.step(second, 0), Step::Wait(None)));
    simulation.core.leave(first);
    assert!(matches!(simulation.step(second, 0), Step::Enter(_)));
}
