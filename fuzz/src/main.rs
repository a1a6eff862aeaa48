//! `stillroom-fuzz TARGET [--runs N] [--seed S]`: a target for as long as one likes. Built by `cargo xtask fuzz`, it is
//! libFuzzer instead, over the target that `STILLROOM_FUZZ` names.

#![cfg_attr(feature = "libfuzzer", no_main)]

#[cfg(feature = "libfuzzer")]
mod libfuzzer {
    use std::sync::OnceLock;

    use stillroom_fuzz::{Target, begin, target};

    fn chosen() -> &'static Target {
        static CHOSEN: OnceLock<&Target> = OnceLock::new();
        CHOSEN.get_or_init(|| {
            let name = std::env::var("STILLROOM_FUZZ").unwrap_or_default();
            target(&name).unwrap_or_else(|| {
                eprintln!("`STILLROOM_FUZZ={name}` names no target");
                std::process::exit(2)
            })
        })
    }

    libfuzzer_sys::fuzz_target!(init: begin(), |data: &[u8]| {
        if let Some(found) = stillroom_fuzz::run(chosen(), data) {
            eprintln!("{}", found.message);
            std::process::abort();
        }
    });
}

#[cfg(not(feature = "libfuzzer"))]
fn main() -> std::process::ExitCode {
    plain::main()
}

#[cfg(not(feature = "libfuzzer"))]
mod plain {
    use std::process::ExitCode;
    use std::time::Instant;

    use stillroom_fuzz::{TARGETS, Target, begin, replay, soak, target};

    /// Inputs between two lines about how far it is.
    const ROUND: u64 = 100_000;

    const USAGE: &str = "stillroom-fuzz TARGET [--runs N] [--seed S]";

    pub(crate) fn main() -> ExitCode {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let option = |name: &str, default: u64| {
            let at = args.iter().position(|arg| arg == name);
            at.map_or(Some(default), |at| args.get(at + 1)?.parse().ok())
        };
        let chosen =
            args.first().and_then(|name| target(name)).zip(option("--runs", 1_000_000)).zip(option("--seed", 1));
        let Some(((target, runs), seed)) = chosen else {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("{USAGE}\ntargets: {}", names.join(", "));
            return ExitCode::from(2);
        };
        begin();
        fuzz(target, runs, seed)
    }

    fn fuzz(target: &Target, runs: u64, seed: u64) -> ExitCode {
        if let Some((path, found)) = replay(target).into_iter().next() {
            eprintln!("{}: {}", path.display(), found.message);
            return ExitCode::FAILURE;
        }
        let start = Instant::now();
        let mut done = 0;
        while done < runs {
            let round = ROUND.min(runs - done);
            if let Some(found) = soak(target, seed ^ (done << 20), round) {
                eprintln!("after {done} inputs: {}", found.message);
                let path = std::env::temp_dir().join(format!("{}-{seed}-{done}", target.name));
                match std::fs::write(&path, &found.input) {
                    Ok(()) => eprintln!("the input is in {}", path.display()),
                    Err(error) => eprintln!("the input is {:?} ({error})", found.input),
                }
                return ExitCode::FAILURE;
            }
            done += round;
            let rate = done as f64 / start.elapsed().as_secs_f64();
            eprintln!("{}: {done} inputs, {rate:.0}/s", target.name);
        }
        ExitCode::SUCCESS
    }
}
