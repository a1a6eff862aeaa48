//! What is not granted does not load, and what nobody offers neither.

use std::time::Duration;

use stillroom::capability::{Capability, EnvGrant, Grants};
use stillroom::{Limits, Plugin};
use stillroom_tests::{engine, explain};

use crate::{Able, least, limited, load};

#[test]
fn each_request_has_to_be_granted() {
    let without = |take: fn(&mut Grants)| {
        let mut grants = least();
        take(&mut grants);
        load(engine(1), "able", grants).err().map(|error| explain(&error)).unwrap_or_default()
    };
    for (name, take) in [
        ("log", (|grants| grants.log = None) as fn(&mut Grants)),
        ("files", |grants| grants.files = None),
        ("http", |grants| grants.http = None),
        ("env", |grants| grants.env = None),
    ] {
        let error = without(take);
        assert!(error.contains(&format!("asks for `{name}`, which nobody granted")), "{name}: {error}");
    }
    assert_eq!(without(|_| {}), "", "a clock and randomness that hang on nothing need no grant");
}

#[test]
fn a_plugin_says_what_it_asks_for() {
    let able = load(engine(1), "able", least()).expect("loads");
    assert_eq!(able.requests(), &Capability::ALL[..6], "all but models");
    let teller = load(engine(1), "teller", least()).expect("loads");
    assert_eq!(teller.requests(), [Capability::Log], "{:?}", teller.imports());
    let trivial = load(engine(1), "trivial", Grants::default()).expect("loads");
    assert_eq!(trivial.imports(), ["stillroom:step/diagnostics@0.1.0"]);
    for capability in Capability::ALL {
        assert!(capability.could().len() > 10, "{capability:?}");
    }
}

#[test]
fn what_nobody_offers_is_named_and_does_not_load() {
    for import in [
        "wasi:sockets/tcp@0.2.0",
        "wasi:sockets/instance-network@0.2.6",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:cli/stdout@0.3.0",
        "wasi:filesystem/types@0.1.0",
        "stillroom:step/log@7.0.0",
        "evil:backdoor/door",
    ] {
        let text = format!(
            r#"(component
                (import "{import}" (instance (export "open" (func))))
                (component $none)
                (instance $step (instantiate $none))
                (export "stillroom:step/step@0.1.0" (instance $step)))"#
        );
        let component = wat::parse_str(&text).expect("a component");
        let error = Plugin::from_bytes(engine(1), "stranger", &component).err().expect(import);
        assert!(explain(&error).contains(&format!("imports `{import}`, which no host of ours offers")), "{error}");
    }
}

#[test]
fn only_named_variables_are_seen() {
    let variables = vec![("TOKEN".to_owned(), "s3cret".to_owned())];
    let mut able = Able::with(Grants { env: Some(EnvGrant(variables)), ..least() });
    assert_eq!(able.one("env"), r#"[("TOKEN", "s3cret")]"#);
    assert_eq!(able.one("arguments"), "[] None", "nor the program's arguments, nor its folder");
    assert_eq!(Able::with(least()).one("env"), "[]", "of the program's own environment nothing is seen");
}

#[test]
fn a_process_of_its_own_it_is_not() {
    let mut able = Able::with(least());
    assert!(able.one("stdin").starts_with("error"), "standard input is at its end");
    assert!(able.fails("exit").contains("called `exit` with status 1"));
}

#[test]
fn handles_are_bounded() {
    let mut able = Able::with(least());
    assert_eq!(able.all(&["handles|400", "handles|400", "handles|400"]), ["400"; 3], "those given back are free");
    let message = able.fails("handles|100000");
    assert!(message.contains("resource table has no free keys"), "the host's memory is not the guest's: {message}");
}

#[test]
fn who_sleeps_is_woken_at_the_time_limit() {
    let engine = limited(Limits { time: Duration::from_millis(200), ..Limits::default() });
    let mut able = Able::on(&engine, Grants { clock: true, ..least() });
    let message = able.fails("sleep|3600");
    assert!(message.contains("took longer than its time limit of 200ms"), "{message}");
}

/// Somebody plans a pipeline on a thread of their own runtime.
#[test]
fn a_plugin_that_waits_is_loaded_within_another_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        assert_eq!(Able::with(least()).one("env"), "[]");
    });
}
