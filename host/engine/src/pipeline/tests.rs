use super::*;

#[test]
fn reads_steps() {
    let pipeline = Pipeline::parse("p.yaml", "steps:\n- {id: r, source: in.jsonl}\n- {id: k, where: a > 1}\n").unwrap();
    assert_eq!(pipeline.name, "p");
    assert_eq!(pipeline.steps.len(), 2);
}
