use std::time::{Duration, Instant};

use super::*;

#[test]
fn bad_graphs() {
    let failures = failures(BAD, |text| match Pipeline::parse("p.yaml", text) {
        Ok(pipeline) => format!("no error: {:?}", pipeline.steps),
        Err(error) => shown(&error),
    });
    assert!(failures.is_empty(), "{failures}");
}

/// File and error.
const BAD: &[(&str, &str)] = &[
    // From.
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: aa, where: x}\n- {id: c, from: zzz, where: x}",
        "3:17: step `b`: no step has the id `aa` (did you mean `a`?)",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: c, from: zzz, where: x}",
        "3:17: step `c`: no step has the id `zzz` (the others are: `a`)",
    ),
    ("steps:\n- {id: a, from: '', where: x}", "2:17: step `a`: no step has the id ``"),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: [], where: x}",
        "3:17: step `b`: no step is named (leave out `from` for the step before)",
    ),
    (
        "steps:\n- {id: a, from: b, source: x.csv}\n- {id: b, where: x}",
        "2:17: step `a`: a source takes no rows from other steps (leave out `from`)",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, where: x}\n- {id: c, from: [a, b], where: x}",
        "4:21: step `c`: it takes the rows of one step (put them together first, by a step with `concat` or `join`)",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: {a: 1}, where: x}",
        "3:17: step `b`: expected a step or a list of steps, found a table",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: , where: x}",
        "3:15: step `b`: expected a step or a list of steps, found nothing",
    ),
    // Concat and join.
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, concat: origin}",
        "3:19: step `b`: `concat` does not say whose rows (name two or more steps, as in `from: [a, b]`)",
    ),
    (
        "steps:\n- {id: b, join: left}",
        "2:17: step `b`: `join` does not say whose rows (name two or more steps, as in `from: [a, b]`)",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: [a], join: inner}",
        "3:17: step `b`: `join` takes the rows of two or more steps, and this is one",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: a, concat: inputs}",
        "3:17: step `b`: `concat` takes the rows of two or more steps, and this is one",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: [a, a], concat: inputs}",
        "3:21: step `b`: `a` stands twice in `from`",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: [a, c], concat: order}\n- {id: c, source: y.csv}",
        "3:33: step `b`: unknown value `order` (one of: `origin`, `inputs`)",
    ),
    // Branches.
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: r, route: {branches: [x, y]}}\n- {id: b, where: x}",
        "4:8: step `b`: the step before, `r`, is a route: whose rows? (write `from:` with one of: `r.x`, `r.y`)",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: r, route: {branches: [x, y]}}\n- {id: b, from: r, where: x}",
        "4:17: step `b`: `r` is a route: which of its branches? (write `from:` with one of: `r.x`, `r.y`)",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: r, route: {branches: [left, right]}}\n- {id: b, from: r.rihgt, where: x}",
        "4:17: step `b`: the route `r` has no branch `rihgt` (did you mean `right`?)",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: a.x, where: x}",
        "3:17: step `b`: `a` is no route and has no branches (write `a`)",
    ),
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: r, route: {branches: [x]}}\n- {id: b, from: r.x.y, where: x}",
        "4:17: step `b`: the route `r` has no branch `x.y` (its branches are: `x`)",
    ),
    // Circles.
    (
        "steps:\n- {id: a, source: x.csv}\n- {id: b, from: b, where: x}",
        "3:17: step `b`: it takes its own rows: a step cannot name itself in `from`",
    ),
    (
        "steps:\n- {id: r, from: r.x, route: {branches: [x]}}",
        "2:17: step `r`: it takes its own rows: a step cannot name itself in `from`",
    ),
    (
        "steps:\n- {id: a, from: b, where: x}\n- {id: b, where: x}",
        "2:17: step `a`: the rows go round in a circle: a → b → a",
    ),
    (
        "steps:\n- {id: s, source: x.csv}\n- {id: u, from: [s, v], concat: origin}\n- {id: v, from: w, where: x}\n- {id: w, from: u, where: x}\n- {id: after, where: x}",
        "3:21: step `u`: the rows go round in a circle: u → w → v → u",
    ),
    // Routes.
    ("steps:\n- {id: r, route: x}", "2:18: step `r`: expected a table, found the text `x`"),
    (
        "steps:\n- {id: r, route: {}}",
        "2:18: step `r`: the route has no branches (give it `where: { NAME: EXPRESSION }` or `branches: [NAME, NAME]`)",
    ),
    ("steps:\n- {id: r, route: {where: {}}}", "2:26: step `r`: no branch is named"),
    ("steps:\n- {id: r, route: {branches: []}}", "2:29: step `r`: no branch is named"),
    (
        "steps:\n- {id: r, route: {where: {a: x}, branches: [b]}}",
        "2:44: step `r`: the route has both `where` and `branches` (either rows choose by expressions, or they go to branches at random or in turn)",
    ),
    (
        "steps:\n- {id: r, route: {where: {a: x}, pick: 1}}",
        "2:40: step `r`: `pick` goes with `branches`, not with `where`",
    ),
    (
        "steps:\n- {id: r, route: {where: {a: x}, each: row}}",
        "2:40: step `r`: `each` goes with `branches`, not with `where`",
    ),
    (
        "steps:\n- {id: r, route: {branches: [a], otherwise: b}}",
        "2:45: step `r`: `otherwise` goes with `where`, not with `branches`",
    ),
    (
        "steps:\n- {id: r, route: {branches: [a], first: true}}",
        "2:41: step `r`: `first` goes with `where`, not with `branches`",
    ),
    (
        "steps:\n- {id: r, route: {branches: [a], in-turn: true, seed: 3}}",
        "2:55: step `r`: `seed` goes with a choice at random, not with `in-turn`",
    ),
    ("steps:\n- {id: r, route: {branches: [a, b], pick: 0}}", "2:43: step `r`: must be 1 to 2, the number of branches"),
    ("steps:\n- {id: r, route: {branches: [a, b], pick: 3}}", "2:43: step `r`: must be 1 to 2, the number of branches"),
    ("steps:\n- {id: r, route: {branches: [a, b, a]}}", "2:36: step `r`: two branches have the name `a`"),
    ("steps:\n- {id: r, route: {where: {a: x}, otherwise: a}}", "2:45: step `r`: two branches have the name `a`"),
    (
        "steps:\n- {id: r, route: {where: {a.b: x}}}",
        "2:27: step `r`: `a.b` cannot be a branch's name (a name has letters, digits, `_` and `-`)",
    ),
    (
        "steps:\n- {id: r, route: {branches: [a], each: file}}",
        "2:40: step `r`: unknown value `file` (one of: `row`, `batch`)",
    ),
    // The steps' other keys.
    ("steps:\n- {id: a, where: x, batch-rows: 0}", "2:33: step `a`: must be 1 or more"),
    ("steps:\n- {id: a, where: x, cache: true}", "2:28: step `a`: `cache` goes with `use`, not with `where`"),
    (
        "steps:\n- {id: a, where: x, dataset: a/b}",
        "2:30: step `a`: `a/b` cannot be a data set's name (a name has letters, digits, `_`, `-` and `.`, 200 at most)",
    ),
    (
        "steps:\n- {id: a, where: x, dataset: ..}",
        "2:30: step `a`: `..` cannot be a data set's name (a name has letters, digits, `_`, `-` and `.`, 200 at most)",
    ),
    // Rows.
    ("steps:\n- {id: a, source: {rows: [1]}}", "2:27: step `a`: expected a table, found the number 1"),
    ("steps:\n- {id: a, source: {rows: {x: 1}}}", "2:26: step `a`: expected a list, found a table"),
    (
        "steps:\n- {id: a, source: {rows: []}}",
        "2:26: step `a`: `rows` is empty (give it a row, or `types:` to say what columns a source without rows has)",
    ),
    (
        "steps:\n- {id: a, source: {rows: [{x: 1}], path: b}}",
        "2:26: step `a`: the source has two paths, `path` and `rows`",
    ),
    (
        "steps:\n- {id: a, source: {rows: [{x: 1}], format: csv}}",
        "2:44: step `a`: `format` goes with files, not with `rows`",
    ),
    // The data set.
    ("dataset: ''\nsteps: [{id: a, where: x}]", "1:10: the folder has no name"),
    ("dataset: [x]\nsteps: [{id: a, where: x}]", "1:10: expected a folder or a table, found a list"),
    ("dataset: {format: csv}\nsteps: [{id: a, where: x}]", "1:10: the key `folder` is missing"),
    ("dataset: {folder: x, format: files}\nsteps: [{id: a, where: x}]", "1:30: `files` can be read, not written"),
    (
        "dataset: {folder: x, test: 1}\nsteps: [{id: a, where: x}]",
        "1:28: must be more than 0 and less than 1 (`test: 0.1` is a tenth of the rows; leave it out for none)",
    ),
    ("dataset: {folder: x, test: half}\nsteps: [{id: a, where: x}]", "1:28: expected a number, found the text `half`"),
];

#[test]
fn reads_a_graph() {
    let text = "\
dataset: { folder: ~/out, format: jsonl, test: 0.1, seed: 7, card: false }
steps:
- {id: both, from: [good.all, split.long, extra], concat: inputs}
- {id: in, source: x.csv, dataset: x.y}
- {id: 007, where: n > 1, batch-rows: 5, batch-bytes: 6}
- {id: split, from: 007, route: {where: {short: n < 3, long: n > 1}, otherwise: rest, first: true}}
- {id: extra, source: {rows: [{n: 1, t: x}, {n: 2}], types: {n: int64}}}
- {id: good, from: split.rest, route: {branches: [all, none], pick: 2, each: batch}}
- {id: clean, from: both, use: text/trim, cache: false}
";
    let mut pipeline = Pipeline::parse("p", text).unwrap();
    pipeline.map_paths(|path| path.replace('~', "/home/x"));
    let dataset = pipeline.dataset.as_ref().unwrap();
    assert_eq!(
        (dataset.folder.as_str(), dataset.format, dataset.test, dataset.seed, dataset.card),
        ("/home/x/out", Format::Jsonl, Some(0.1), 7, false)
    );
    let index = |id| pipeline.step_index(id).unwrap();
    let inputs = |id| pipeline.inputs(index(id)).iter().map(|input| (input.step, input.branch)).collect::<Vec<_>>();
    assert_eq!(inputs("both"), [(index("good"), Some(0)), (index("split"), Some(1)), (index("extra"), None)]);
    assert_eq!(inputs("007"), [(index("in"), None)]);
    assert_eq!(inputs("split"), [(index("007"), None)]);
    assert_eq!(inputs("good"), [(index("split"), Some(2))]);
    assert!(inputs("in").is_empty() && inputs("extra").is_empty() && pipeline.inputs(99).is_empty());
    assert_eq!(pipeline.line(pipeline.inputs(0)[1].place), Some(3));
    assert_eq!(pipeline.inputs(index("007"))[0].place, pipeline.step("007").unwrap().id.place);
    assert_eq!(pipeline.order(), [1, 2, 3, 4, 5, 0, 6]);
    let step = |id| pipeline.step(id).unwrap();
    assert_eq!((step("007").batch_rows, step("007").batch_bytes, step("clean").cache), (Some(5), Some(6), Some(false)));
    assert_eq!(step("in").dataset.as_ref().unwrap().value, "x.y");
    let Action::Route(route) = &step("split").action else { panic!() };
    let names: Vec<&str> = route.branches.iter().map(|branch| branch.as_str()).collect();
    assert_eq!(names, ["short", "long", "rest"]);
    assert!(matches!(&route.by, RouteBy::Where { expressions, first: true } if expressions.len() == 2));
    let Action::Route(route) = &step("good").action else { panic!() };
    assert!(matches!(route.by, RouteBy::Random { pick: 2, seed: 0, each: RouteUnit::Batch }));
    let Action::Source(source) = &step("extra").action else { panic!() };
    assert_eq!(source.rows.as_ref().unwrap().value, [json!({ "n": 1, "t": "x" }), json!({ "n": 2 })]);
    assert!(source.paths.is_empty() && source.types.contains_key("n"));
}

#[test]
fn a_first_step_is_the_planners_concern() {
    let pipeline =
        Pipeline::parse("p", "dataset: out\nsteps:\n- {id: a, use: web/pages}\n- {id: b, where: x}").unwrap();
    assert!(pipeline.steps[0].from.is_empty() && pipeline.inputs(0).is_empty());
    assert_eq!(pipeline.inputs(1).len(), 1);
    assert_eq!(pipeline.dataset.unwrap().format, Format::Parquet);
    let in_turn = "steps: [{id: r, route: {branches: [a, b], in-turn: true}}]";
    let Action::Route(route) = &Pipeline::parse("p", in_turn).unwrap().steps[0].action else { panic!() };
    assert!(matches!(route.by, RouteBy::InTurn { each: RouteUnit::Row }));
}

#[test]
fn sets_reach_the_new_keys() {
    let text = "dataset: out\nsteps:\n- {id: in, source: {rows: [{x: 1}]}}\n- {id: a, use: t/x, from: in}\n- {id: b, where: x}";
    let set = |arguments: &[&str]| Pipeline::parse_with("p", text, arguments.iter().copied()).unwrap();
    let source = |arguments: &[&str]| match &set(arguments).steps[0].action {
        Action::Source(source) => {
            (source.paths.iter().map(|path| path.value.clone()).collect::<String>(), source.rows.is_some())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(source(&["in.source=x.csv"]), ("x.csv".into(), false));
    assert_eq!(source(&["in.source.csv=x"]), ("x".into(), false));
    assert_eq!(source(&["in.source=x.csv", "in.source.rows=[{y: 2}]"]), (String::new(), true));
    let dataset = |arguments: &[&str]| {
        let dataset = set(arguments).dataset.unwrap();
        (dataset.folder.value, dataset.format, dataset.test)
    };
    assert_eq!(dataset(&["dataset=other"]), ("other".into(), Format::Parquet, None));
    assert_eq!(dataset(&["dataset.test=0.5", "dataset=b"]), ("b".into(), Format::Parquet, Some(0.5)));
    assert_eq!(dataset(&["dataset={folder: c, format: csv}"]), ("c".into(), Format::Csv, None));
    let pipeline = set(&["a.cache=true", "a.batch-rows=3", "b.from=in", "a.limit=2"]);
    assert_eq!((pipeline.steps[1].cache, pipeline.steps[1].batch_rows), (Some(true), Some(3)));
    assert_eq!(pipeline.inputs(2)[0].step, 0);
    assert!(matches!(&pipeline.steps[1].action, Action::Use(uses) if uses.parameters() == json!({ "limit": 2 })));
    let deep = format!("a.{}=1", vec!["x"; 100_000].join("."));
    assert!(Pipeline::parse_with("p", text, [deep.as_str()]).unwrap_err().message.starts_with("more than 64 keys"));
}

/// A chain, a star and a circle of many steps, in a time that only a linear check keeps to.
#[test]
fn many_steps() {
    const STEPS: usize = 10_000;
    let timed = |text: &str| {
        let start = Instant::now();
        let read = Pipeline::parse("p", text);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        read
    };
    let chain: String = (1..STEPS).map(|i| format!("- {{id: s{i}, from: s{}, where: x}}\n", i - 1)).collect();
    let pipeline = timed(&format!("steps:\n- {{id: s0, source: x.csv}}\n{chain}")).unwrap();
    assert_eq!(pipeline.step_index("s7777"), Some(7777));
    assert!(pipeline.order().iter().copied().eq(0..STEPS));

    let backwards: String = (1..STEPS).map(|i| format!("- {{id: s{i}, from: s{}, where: x}}\n", i + 1)).collect();
    let pipeline = timed(&format!("steps:\n{backwards}- {{id: s{STEPS}, source: x.csv}}")).unwrap();
    assert!(pipeline.order().iter().copied().eq((0..STEPS).rev()));

    let branches: Vec<String> = (0..STEPS).map(|i| format!("b{i}")).collect();
    let star: String = branches.iter().map(|name| format!("- {{id: {name}, from: r.{name}, where: x}}\n")).collect();
    let text = format!("- {{id: r, from: in, route: {{branches: [{}]}}}}", branches.join(", "));
    let all = format!("- {{id: all, from: [{}], concat: origin}}", branches.join(", "));
    let pipeline = timed(&format!("steps:\n- {{id: in, source: x.csv}}\n{text}\n{star}{all}")).unwrap();
    assert_eq!(pipeline.inputs(STEPS + 2).len(), STEPS);

    let circle: String =
        (0..1_000).map(|i| format!("- {{id: s{i}, from: s{}, where: x}}\n", (i + 999) % 1_000)).collect();
    let error = timed(&format!("steps:\n- {{id: in, source: x.csv}}\n{circle}")).unwrap_err();
    let way = "s0 → s1 → s2 → s3 → s4 → s5 → s6 → s7 → … (992 more) → s0";
    assert_eq!(shown(&error), format!("3:18: step `s0`: the rows go round in a circle: {way}"));

    let huge = "x".repeat(1 << 20);
    let error =
        timed(&format!("steps:\n- {{id: {huge}, where: x}}\n- {{id: b, from: y{huge}, where: x}}")).unwrap_err();
    assert!(error.message.len() < 300, "{}", error.message.len());
    let keys: String = (0..60_000).map(|i| format!("k{i}: 1\n")).collect();
    assert!(timed(&keys).is_err());
}
