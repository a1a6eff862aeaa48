//! What is wrong with what the steps say of themselves.

use crate::cases::Case;
use crate::exports::stillroom::step::step::{Column, Fault, Field, Kind, Manifest, Signature};

const PARAMS: &str =
    r#"{"type":"object","properties":{"case":{"type":"string"},"phase":{"type":"string"},"at":{"type":"integer"}}}"#;

/// What `describe` answers.
pub(crate) fn manifests(case: Option<Case>) -> Vec<Manifest> {
    let mut manifests = vec![manifest("act", Kind::Transform), manifest("gather", Kind::Global)];
    let Some(case) = case else { return manifests };
    let [first, second] = &mut manifests[..] else { return manifests };
    match case {
        Case::NoSteps => manifests.clear(),
        Case::ManySteps => manifests = (0..1000).map(|n| manifest(&format!("step-{n}"), Kind::Transform)).collect(),
        Case::SameStepTwice => second.name = "act".into(),
        Case::NamelessStep => first.name.clear(),
        Case::LongStepName => first.name = "a".repeat(1 << 20),
        Case::StepNameIsPath => first.name = "../../etc/\u{1b}[2J".into(),
        Case::LongSummary => first.summary = "a".repeat(1 << 20),
        Case::ControlSummary => first.summary = "\u{1b}[2Jcleared\u{7}".into(),
        Case::ParamsNoJson => first.params = "{\u{1b}[2J".into(),
        Case::ParamsNoObject => first.params = "[]".into(),
        Case::ParamsDeep => first.params = "{\"a\":".repeat(10_000),
        Case::ParamsLong => first.params = format!("{{\"a\":\"{}\"}}", "a".repeat(1 << 20)),
        Case::ManyColumns => first.columns = (0..5_000).map(|n| column(&n.to_string())).collect(),
        Case::LongColumnName => first.columns[0].name = "a".repeat(1 << 20),
        Case::SameColumnTwice => first.columns.push(column("n")),
        Case::NamelessColumn => first.columns[0].name.clear(),
        Case::ControlColumnName => first.columns[0].name = "\u{1b}[2Jn".into(),
        Case::ColumnOfNoType => first.columns[0].data_types = vec!["no such \u{1b}[2J<type>".into()],
        Case::ColumnOfManyTypes => first.columns[0].data_types = vec!["int64".into(); 20_000],
        Case::HugeManifest => first.summary = "a".repeat(16 << 20),
        _ => {}
    }
    manifests
}

fn manifest(name: &str, kind: Kind) -> Manifest {
    let columns = vec![column("n")];
    Manifest { name: name.to_owned(), kind, summary: "Is hostile.".into(), params: PARAMS.into(), columns }
}

fn column(name: &str) -> Column {
    Column { name: name.to_owned(), data_types: vec!["int64".into()], required: name == "n", summary: String::new() }
}

/// What a fault can say.
pub(crate) fn fault(case: Case) -> Result<(), Fault> {
    match case {
        Case::LongFault => Err(Fault::Data("a".repeat(4 << 20))),
        Case::HugeFault => Err(Fault::Data("a".repeat(16 << 20))),
        Case::ControlFault => Err(Fault::Plugin("\u{1b}[2Jcleared\u{7}\u{9b}31m".into())),
        Case::NestedFault => Err(Fault::Plugin("caused by\n".repeat(10_000))),
        Case::ParamsFaultLate => Err(Fault::Params("a parameter is wrong, says a batch".into())),
        _ => Ok(()),
    }
}

/// What is wrong with a signature.
pub(crate) fn signature(case: Option<Case>, mut signature: Signature) -> Signature {
    let Some(case) = case else { return signature };
    let field = |name: String| Field { name, data_type: "utf8".into(), nullable: true };
    match case {
        Case::SignTwice => signature.outputs.push(field("text".into())),
        Case::SignNameless => signature.outputs[0].name.clear(),
        Case::SignUnknownInput => signature.inputs = vec!["secret".into()],
        Case::SignInputTwice => signature.inputs.push("n".into()),
        Case::SignBadType => signature.outputs[0].data_type = "text\u{1b}[2J".into(),
        Case::SignDeepType => signature.outputs[0].data_type = "list<".repeat(10_000),
        Case::SignWideType => {
            let members: Vec<String> = (0..200_000).map(|n| format!("m{n}: null")).collect();
            signature.outputs[0].data_type = format!("struct<{}>", members.join(", "));
        }
        Case::SignBadDecimal => signature.outputs[0].data_type = "decimal128<99, -99>".into(),
        Case::SignBadTimeZone => signature.outputs[0].data_type = "timestamp<us, Nowhere/At All>".into(),
        Case::SignNegativeSize => signature.outputs[0].data_type = "fixed-size-list<utf8, -1>".into(),
        // Names that are compared with one another are a host that hangs.
        Case::SignManyOutputs => signature.outputs = (0..20_000).map(|n| field(n.to_string())).collect(),
        Case::SignManyInputs => signature.inputs = vec!["n".into(); 200_000],
        Case::SignLongName => signature.outputs[0].name = "a".repeat(1 << 20),
        Case::SignHiddenName => signature.outputs[0].name = "\0key:write".into(),
        Case::SignUnknownKey => signature.key = vec!["secret".into()],
        Case::SignKeyTwice => signature.key = vec!["n".into(); 200_000],
        Case::SignHuge => signature.outputs = (0..16).map(|n| field(n.to_string() + &"a".repeat(1 << 20))).collect(),
        _ => {}
    }
    signature
}
