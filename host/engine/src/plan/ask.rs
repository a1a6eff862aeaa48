//! How a pipeline grants what a plugin asks for.

use crate::capability::Capability;

/// Lines of a pipeline file that grant a plugin what it asks for, to be filled in by somebody who knows what it needs.
pub fn grants_yaml(plugin: &str, requests: &[Capability]) -> String {
    // JSON's quotes are YAML's too.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "./-_~".contains(c);
    let name = match plugin.chars().all(is_plain) && plugin != "~" {
        true => plugin.to_owned(),
        false => serde_json::to_string(plugin).unwrap_or_default(),
    };
    let lines = requests.iter().map(|request| format!("\n      {}", line(*request)));
    format!("plugins:\n  {name}:\n    grants:{}", lines.collect::<String>())
}

/// The least that is a grant.
fn line(capability: Capability) -> &'static str {
    match capability {
        Capability::Log => "log: info",
        Capability::Files => "files: { read: [FOLDER], write: [] }",
        Capability::Http => "http: [HOST]",
        Capability::Env => "env: [NAME]",
        Capability::Clock => "clock: true",
        Capability::Random => "random: true",
        Capability::Llm => "llm: all",
        Capability::Embedding => "embedding: all",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pipeline;

    /// What we tell people to write is a pipeline.
    #[test]
    fn what_is_shown_can_be_written() {
        for name in ["./my.wasm", "/a b/ü: \"x\".wasm"] {
            let plugin = serde_json::to_string(&format!("{name}/step")).unwrap();
            let yaml = format!(
                "{}\nmodels: {{ m: {{ url: http://127.0.0.1:1/v1, model: m }} }}\nsteps: [{{ id: a, use: {plugin} }}]",
                grants_yaml(name, &Capability::ALL)
            );
            let pipeline = Pipeline::parse("p", &yaml).unwrap();
            let grants = &pipeline.plugin(name).unwrap().grants;
            assert!(Capability::ALL.iter().all(|capability| grants.has(*capability)), "{yaml}");
        }
    }
}
