//! Waiting and waking, with real tasks.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::super::breaker::FAILURES;
use super::{ANSWERED, Outcome, rates};
use crate::model::ask::{Trouble, TroubleKind};
use crate::model::pace::{FIRST_BACKOFF, MAX_BACKOFF, Pace};

fn pace(in_flight: u32, requests: Option<f64>) -> Pace {
    Pace::with_seed(&rates(in_flight, requests, None), 7)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(future)
}

/// Looks once.
fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[test]
fn tasks_get_through_and_never_too_many_at_once() {
    wait(async {
        // Also through a bucket, whose waits end by themselves.
        let pace = pace(3, Some(600_000.0));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let one = |_| {
            let (pace, now, most) = (pace.clone(), now.clone(), most.clone());
            tokio::spawn(async move {
                let permit = pace.enter(10).await.unwrap();
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                permit.done(ANSWERED);
            })
        };
        let all: Vec<_> = (0..2000).map(one).collect();
        for task in all {
            task.await.unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= 3);
        let view = pace.view();
        assert_eq!((view.in_flight, view.waiting, view.limit), (0, 0, 3));
    });
}

#[test]
fn first_come_first_served() {
    wait(async {
        let pace = pace(1, None);
        let order = Arc::new(Mutex::new(Vec::new()));
        let held = pace.enter(0).await.unwrap();
        let mut all = Vec::new();
        for number in 0..50 {
            let (waiting, order) = (pace.clone(), order.clone());
            all.push(tokio::spawn(async move {
                let permit = waiting.enter(0).await.unwrap();
                order.lock().unwrap().push(number);
                permit.done(ANSWERED);
            }));
            // Until it is in the queue.
            while pace.view().waiting <= number {
                tokio::task::yield_now().await;
            }
        }
        held.done(ANSWERED);
        for task in all {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn one_who_gives_up_waiting_holds_up_nobody() {
    let pace = pace(1, None);
    let held = poll(pin!(pace.enter(0))).unwrap().unwrap();
    let mut second = pin!(pace.enter(0));
    {
        let mut first = pin!(pace.enter(0));
        assert!(poll(first.as_mut()).is_none());
        assert!(poll(second.as_mut()).is_none());
        assert_eq!(pace.view().waiting, 2);
    }
    assert_eq!(pace.view().waiting, 1);
    // A permit that is dropped is one that is over.
    drop(held);
    assert!(poll(second).unwrap().is_ok());
    assert_eq!(pace.view().waiting, 0);
}

#[test]
fn those_who_wait_hear_at_once_that_the_server_is_broken() {
    // One thread: no task runs between the failures, so all are waiting when the last one comes.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let pace = pace(FAILURES, None);
        let mut permits = Vec::new();
        for _ in 0..FAILURES {
            permits.push(pace.enter(0).await.unwrap());
        }
        let enter = |pace: Pace| tokio::spawn(async move { pace.enter(0).await.map(|_| ()) });
        let waiting: Vec<_> = (0..20).map(|_| enter(pace.clone())).collect();
        while pace.view().waiting < 20 {
            tokio::task::yield_now().await;
        }
        permits.into_iter().for_each(|permit| permit.done(Outcome::Failed));
        let until = pace.view().open_until.unwrap();
        for task in waiting {
            assert_eq!(task.await.unwrap().unwrap_err().until, until);
        }
        assert_eq!(pace.enter(0).await.unwrap_err().until, until);
    });
}

#[test]
fn waits_between_tries_are_at_random_up_to_a_bound_that_doubles() {
    let (one, same) = (pace(1, None), pace(1, None));
    let mut longest = Duration::ZERO;
    for attempt in 1..200 {
        let wait = one.backoff(attempt, None);
        assert_eq!(wait, same.backoff(attempt, None));
        assert!(wait <= MAX_BACKOFF.min(FIRST_BACKOFF * (1 << (attempt - 1).min(8))), "{wait:?} after {attempt}");
        longest = longest.max(wait);
    }
    assert!(longest > MAX_BACKOFF / 2, "{longest:?}");
    let said = Duration::from_secs(100);
    assert!((said..said + FIRST_BACKOFF).contains(&one.backoff(1, Some(said))));
    let others = Pace::new(&rates(1, None, None));
    assert!((0..10).any(|_| others.backoff(9, None) != one.backoff(9, None)));
}

#[test]
fn only_what_is_the_servers_own_counts_against_it() {
    let retry_after = Some(Duration::from_secs(3));
    let of = |kind| Outcome::of(&Err(Trouble { kind, message: String::new(), retry_after }));
    assert_eq!(of(TroubleKind::Busy), Outcome::Busy { retry_after });
    for kind in [TroubleKind::Passing, TroubleKind::Timeout] {
        assert_eq!(of(kind), Outcome::Failed);
    }
    for kind in [TroubleKind::Invalid, TroubleKind::Key, TroubleKind::Refused, TroubleKind::Mismatch] {
        assert_eq!(of(kind), ANSWERED);
    }
}
