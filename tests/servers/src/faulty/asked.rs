//! A request as rules see it.

use serde_json::Value;

use super::schema::example;

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Counted from 0 in the order of arrival.
    pub number: usize,
    /// How often the same was asked before: the same path and body.
    pub before: usize,
    /// `POST` and so on.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names as they were written.
    pub headers: Vec<(String, String)>,
    /// Null, if it is not JSON.
    pub body: Value,
    /// Of path and body.
    pub hash: String,
}

/// Where the protocols have an answer's schema.
const SCHEMAS: [&str; 8] = [
    "/response_format/json_schema/schema",
    "/response_format/schema",
    "/response_format/json_schema",
    "/output_config/format/schema",
    "/output_format/schema",
    "/generationConfig/responseJsonSchema",
    "/generationConfig/responseSchema",
    "/outputConfig/textFormat/structure/jsonSchema/schema",
];

impl Asked {
    /// All that the model is given to read, one piece a line.
    pub fn prompt(&self) -> String {
        let parts =
            ["system", "systemInstruction", "messages", "contents", "prompt", "input", "query", "documents", "texts"];
        let mut lines = Vec::new();
        parts.iter().filter_map(|part| self.body.get(part)).for_each(|part| texts(part, &mut lines));
        lines.join("\n")
    }

    /// The schema that the answer is to keep to, or the input of the tool that is to be used.
    pub fn schema(&self) -> Option<&Value> {
        SCHEMAS.iter().find_map(|place| self.body.pointer(place)).filter(|schema| schema.is_object()).or_else(|| {
            let forced = self.forced_tool()?;
            let tools = self.body.get("tools").or_else(|| self.body.pointer("/toolConfig/tools"))?.as_array()?;
            tools.iter().find_map(|tool| {
                let tool = tool.get("toolSpec").or_else(|| tool.get("function")).unwrap_or(tool);
                let named = tool.get("name")? == forced;
                let schema = tool.get("input_schema").or_else(|| tool.get("parameters"));
                schema.or_else(|| tool.pointer("/inputSchema/json")).filter(|_| named)
            })
        })
    }

    /// The tool that the answer has to use, where the request says one.
    pub(super) fn forced_tool(&self) -> Option<&str> {
        let places = ["/tool_choice/name", "/tool_choice/function/name", "/toolConfig/toolChoice/tool/name"];
        places.iter().find_map(|place| self.body.pointer(place)).and_then(Value::as_str)
    }

    /// What is said where the rules say nothing else: always the same to the same request, and after its schema.
    pub fn plain_answer(&self, sample: usize) -> String {
        if let Some(schema) = self.schema() {
            return example(schema).to_string();
        }
        let hash = self.hash.get(..8).unwrap_or_default();
        format!("Answer {sample} to {hash}, which has {} words.", self.prompt().split_whitespace().count())
    }

    /// A number that the request says at one of these places.
    pub(super) fn number_at(&self, places: &[&str]) -> Option<usize> {
        places.iter().find_map(|place| self.body.pointer(place)?.as_u64()).map(|number| number as usize)
    }

    /// The path without its query.
    pub(super) fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
        Value::Object(members) => {
            let read = ["content", "text", "parts", "input"];
            members.iter().filter(|(name, _)| read.contains(&name.as_str())).for_each(|(_, value)| texts(value, into));
        }
        _ => {}
    }
}
