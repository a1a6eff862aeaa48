//! probe
use stillroom::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = std::time::Instant::now();
    let mut o = EngineOptions::default();
    if let Some(n) = a.get(2) {
        o.threads = n.parse().unwrap();
    }
    let engine = Engine::new(o).unwrap();
    eprintln!("engine {:?} pooling {}", t.elapsed(), engine.is_pooling());
    let p = Pipeline::load(&a[1]).map_err(Error::from).unwrap();
    let plan = Plan::new(
        &engine,
        &p,
        Builtins::new(Box::leak(Box::new([(
            "text",
            &*Box::leak(std::fs::read("target/plugins/text.wasm").unwrap().into_boxed_slice()),
        )]))),
    );
    let plan = match plan {
        Ok(p) => p,
        Err(e) => {
            eprintln!("{e:?}");
            std::process::exit(2)
        }
    };
    eprintln!("plan {:?}", t.elapsed());
    match plan.run(RunOptions::default()) {
        Ok(r) => println!("{}", serde_json::to_string_pretty(&r).unwrap()),
        Err(e) => {
            eprintln!("{e:?}\n{e}");
            std::process::exit(2)
        }
    }
    eprintln!("total {:?}", t.elapsed());
}
