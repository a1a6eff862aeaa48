//! The step `clusters`: what the texts of a cluster have in common.
//!
//! As in Text-Clustering of Hugging Face (2024) and, before it, in the topic labels of Viswanathan et al., *Large Language
//! Models Enable Few-Shot Clustering* (2023, arXiv:2307.00524): some texts of a cluster are shown to a model that names it.
//! Which texts hangs on a seed and on the rows, so it is the same in every run.

use std::collections::BTreeMap;

use stillroom_sdk::llm::{Answer, Model, Request};
use stillroom_sdk::task::{Cell, Dice, Row, TextIn, ValueIn, clip, column};
use stillroom_sdk::*;

use crate::labels::Labels;

const SYSTEM: &str = include_str!("prompts/clusters.txt");

params! {
    /// Parameters of `clusters`.
    pub struct ClustersParams {
        /// The model that is asked: a name under `models` of the pipeline.
        pub model: String,
        /// How many texts of a cluster the model is shown.
        pub samples_per_cluster: u32 = 10,
        /// What the choice of these hangs on.
        pub seed: u64 = 0,
        /// The labels that there are: a list, or an object that says what each means. The model finds some, where it is left
        /// out.
        pub labels: Option<Value> = None,
        /// The most labels of a cluster. With 1 the column `summary_label` is text, otherwise a list.
        pub n: u32 = 1,
        /// What a cluster has that no label fits, and what all rows have that are in none.
        pub default_label: String = "Unclassified".to_owned(),
        /// The cluster of rows that are in none; nobody asks about it.
        pub noise: String = "-1".to_owned(),
        /// What the labels are for, and what else helps to choose them.
        pub context: String = String::new(),
        /// What a text is called.
        pub query_title: String = "Text".to_owned(),
        /// What the system says. Some words of our own, where it is left out.
        pub system_prompt: Option<String> = None,
        /// How often a cluster is asked about, where the answer cannot be read.
        pub attempts: u32 = 1,
        /// How much chance there is in an answer. As the pipeline declares the model, where it is left out.
        pub temperature: Option<f64> = None,
        /// The most tokens of an answer.
        pub max_tokens: Option<u32> = None,
    }
}

/// The step `clusters`.
pub struct Clusters {
    text: TextIn,
    cluster: ValueIn,
    model: Model,
    labels: Labels,
    system: String,
    params: ClustersParams,
    /// In the order in which they were first seen.
    seen: Vec<Cluster>,
    /// Where in `seen` a cluster is.
    places: BTreeMap<String, usize>,
    /// Of each row its place in `seen`, or why it has none.
    rows: Vec<Result<usize, String>>,
}

struct Cluster {
    name: String,
    texts: Vec<String>,
    /// How many texts of it came by.
    count: usize,
    dice: Dice,
}

impl Step for Clusters {
    const NAME: &str = "clusters";
    const SUMMARY: &str = "Name each cluster of texts by some of them.";
    const KIND: Kind = Kind::Global;
    const COLUMNS: &[Column] = &[
        Column::required("text", &["utf8"], "The text."),
        Column::required("cluster_label", &["int64", "utf8"], "The cluster that it is in."),
    ];
    type Params = ClustersParams;

    fn open(params: ClustersParams, schema: &mut Schema) -> Result<Self> {
        for (name, value) in [("samples-per-cluster", params.samples_per_cluster), ("attempts", params.attempts)] {
            if value == 0 {
                return Err(Fault::params(format!("parameter `{name}` is 0; it must be 1 or more")));
            }
        }
        let labels = Labels::of(params.labels.as_ref(), &params.default_label, params.n)?;
        // Rows that are rejected are left out.
        schema.rows_any();
        schema.output_field("summary_label", labels.data_type());
        schema.output::<Utf8>("model_name");
        Ok(Self {
            text: TextIn::take(schema, "text")?,
            cluster: ValueIn::take(schema, "cluster_label")?,
            model: Model::named(&params.model)?,
            labels,
            system: params.system_prompt.clone().unwrap_or_else(|| SYSTEM.trim_end().to_owned()),
            params,
            seen: Vec::new(),
            places: BTreeMap::new(),
            rows: Vec::new(),
        })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        for index in 0..batch.len() {
            let place = self.put(Row { batch, index, sample: 0 });
            self.rows.push(place);
        }
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        let answers = self.ask();
        let (mut labels, mut names, mut rows, mut rejected) =
            (Vec::new(), Utf8Builder::default(), Vec::new(), Vec::new());
        for (row, place) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            match place.and_then(|place| answers[place].clone()) {
                Ok((label, model)) => {
                    labels.push(label);
                    names.push(model.as_deref());
                    rows.push(row as u32);
                }
                Err(reason) => rejected.push(Rejection { row: row as u32, reason }),
            }
        }
        Ok(Some(Output::of(column(&self.labels.data_type(), labels)?).with(names).rows(rows).rejecting(rejected)))
    }
}

/// A cluster's label, and which model gave it.
type Named = Result<(Cell, Option<String>), String>;

impl Clusters {
    /// Puts a row's text to its cluster: each of the cluster's texts is as likely to be shown as any other (Vitter 1985,
    /// *Random Sampling with a Reservoir*, algorithm R).
    fn put(&mut self, row: Row<'_>) -> Result<usize, String> {
        let (name, text) = (self.cluster.get(row)?, self.text.get(row)?);
        let place = match self.places.get(&name) {
            Some(place) => *place,
            None => {
                let dice = Dice::of(self.params.seed, &[&name], row);
                self.places.insert(name.clone(), self.seen.len());
                self.seen.push(Cluster { name, texts: Vec::new(), count: 0, dice });
                self.seen.len() - 1
            }
        };
        let (cluster, most) = (&mut self.seen[place], self.params.samples_per_cluster as usize);
        cluster.count += 1;
        if cluster.texts.len() < most {
            cluster.texts.push(text.to_owned());
        } else if let Some(old) = cluster.texts.get_mut(cluster.dice.below(cluster.count)) {
            *old = text.to_owned();
        }
        Ok(place)
    }

    /// The label of each cluster; all are asked about together.
    fn ask(&self) -> Vec<Named> {
        let default = &*self.params.default_label;
        let default = if self.params.n == 1 { Cell::from(default) } else { vec![default].into() };
        let mut named: Vec<Named> = self.seen.iter().map(|_| Ok((default.clone(), None))).collect();
        let is_one = |place: &usize| self.seen[*place].name != self.params.noise;
        let mut open: Vec<usize> = (0..self.seen.len()).filter(is_one).collect();
        for _ in 0..self.params.attempts {
            if open.is_empty() {
                break;
            }
            let requests: Vec<Request> = open.iter().map(|place| self.request(&self.seen[*place])).collect();
            let mut again = Vec::new();
            for (place, answer) in open.into_iter().zip(self.model.generate(&requests, 1)) {
                let read = |answer: Answer| match self.labels.parse(&answer.text) {
                    Ok(label) => Ok((label, Some(answer.model))),
                    Err(why) => {
                        again.push(place);
                        Err(format!("{why}; the answer was: {}", clip(&answer.text, 300)))
                    }
                };
                let name = &self.seen[place].name;
                named[place] = answer
                    .map_err(|failure| failure.to_string())
                    .and_then(read)
                    .map_err(|why| format!("cluster `{}` has no label: {why}", clip(name, 60)));
            }
            open = again;
        }
        named
    }

    fn request(&self, cluster: &Cluster) -> Request {
        let mut text = String::new();
        if !self.params.context.trim().is_empty() {
            text.push_str(&format!("{}\n\n", self.params.context.trim()));
        }
        text.push_str(&format!("{}\n{}", self.labels.told(), self.labels.form()));
        for (place, of) in cluster.texts.iter().enumerate() {
            text.push_str(&format!("\n\n## {} {}\n\n{}", self.params.query_title, place + 1, of.trim()));
        }
        let mut request = Request::with_system(&self.system, text).schema(self.labels.schema());
        request.temperature = self.params.temperature;
        request.max_tokens = self.params.max_tokens;
        request
    }
}

#[cfg(test)]
mod tests;
