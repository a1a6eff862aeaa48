use crate::json::Object;
use crate::{Fault, Params, Result, Value};

crate::params! {
    /// What can be set in every task.
    pub struct Settings {
        /// The model that is asked: a name under `models` of the pipeline.
        pub model: String,
        /// How many answers there are to each row.
        pub samples: u32 = 1,
        /// Whether the answers to a row stay together: the columns are then lists, with null for a sample that failed.
        /// Otherwise each sample is a row of its own.
        pub grouped: bool = false,
        /// How often a sample is asked for, where its answer cannot be read.
        pub attempts: u32 = 1,
        /// Whether the columns `raw_input` and `raw_output` keep what was asked and answered, turn by turn.
        pub raw: bool = false,
        /// Whether the columns `input_tokens` and `output_tokens` say how many tokens that was.
        pub usage: bool = false,
        /// How much chance there is in an answer. As the pipeline declares the model, where it is left out.
        pub temperature: Option<f64> = None,
        /// Only the likeliest tokens, which have this probability together.
        pub top_p: Option<f64> = None,
        /// The most tokens of an answer.
        pub max_tokens: Option<u32> = None,
    }
}

/// The names of the settings, as in JSON.
const NAMES: [&str; 9] =
    ["model", "samples", "grouped", "attempts", "raw", "usage", "temperature", "top-p", "max-tokens"];

/// The most samples of a row.
const MAX_SAMPLES: u32 = 1000;

impl Settings {
    pub(super) fn check(&self) -> Result<()> {
        if !(1..=MAX_SAMPLES).contains(&self.samples) {
            let samples = self.samples;
            return Err(Fault::params(format!("parameter `samples` is {samples}; it must be from 1 to {MAX_SAMPLES}")));
        }
        match self.attempts {
            0 => Err(Fault::params("parameter `attempts` is 0; it must be 1 or more")),
            _ => Ok(()),
        }
    }
}

/// The parameters of a task beside those that every task has.
#[derive(Clone, Debug)]
pub struct With<P> {
    /// Those of every task.
    pub settings: Settings,
    /// The task's own.
    pub own: P,
}

impl<P: Params> Params for With<P> {
    fn read(object: &[(String, Value)], at: &str) -> Result<Self> {
        let is_setting = |(name, _): &&(String, Value)| NAMES.contains(&name.as_str());
        let (settings, own): (Vec<_>, Vec<_>) = object.iter().partition(is_setting);
        let owned = |members: Vec<&(String, Value)>| members.into_iter().cloned().collect::<Vec<_>>();
        // The task's own first: who uses the wrong name of one is told which there are.
        let own = P::read(&owned(own), at)?;
        Ok(Self { settings: Settings::read(&owned(settings), at)?, own })
    }

    fn describe(schema: &mut Object) {
        let (mut properties, mut required) = (Vec::new(), Vec::new());
        for described in [described::<Settings>(), described::<P>()] {
            if let Some(Value::Object(members)) = described.get("properties") {
                properties.extend(members.clone());
            }
            if let Some(Value::Array(names)) = described.get("required") {
                required.extend(names.clone());
            }
        }
        // `model`, then what this task is about, then what all tasks have.
        let own = properties.split_off(NAMES.len().min(properties.len()));
        let at = 1.min(properties.len());
        properties.splice(at..at, own);
        schema.string("type", "object");
        schema.raw("properties", &Value::Object(properties).to_string());
        schema.raw("required", &Value::Array(required).to_string());
        schema.raw("additionalProperties", "false");
    }

    fn write(&self, object: &mut Object) {
        self.settings.write(object);
        self.own.write(object);
    }
}

fn described<P: Params>() -> Value {
    let mut object = Object::new();
    P::describe(&mut object);
    Value::parse(&object.finish()).unwrap_or(Value::Null)
}
