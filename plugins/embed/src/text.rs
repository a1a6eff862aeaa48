//! The step `text`: the vector of each text.

use stillroom_sdk::embedding::Model;
use stillroom_sdk::task::{Row, TextIn};
use stillroom_sdk::*;

params! {
    /// Parameters of `text`.
    pub struct TextParams {
        /// The model that is asked: a name under `models` of the pipeline.
        pub model: String,
        /// What stands before each text, as models want it that were trained so: `query: `.
        pub prefix: String = String::new(),
        /// Whether vectors are made as long as 1.
        pub normalise: bool = false,
        /// How many numbers a vector has. Where it is given, others are refused, and the column is a list of fixed size.
        pub dimensions: Option<u32> = None,
    }
}

/// The step `text`.
pub struct Text {
    text: TextIn,
    model: Model,
    prefix: String,
    normalise: bool,
    dimensions: Option<u32>,
}

/// The vectors of a batch, one behind the other.
struct Vectors {
    numbers: Float32Builder,
    lengths: Vec<Option<usize>>,
}

impl Step for Text {
    const NAME: &str = "text";
    const SUMMARY: &str = "Make the embedding of a text.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = TextParams;

    fn open(params: TextParams, schema: &mut Schema) -> Result<Self> {
        let TextParams { model, prefix, normalise, dimensions } = params;
        let item = Box::new(DataType::Float32);
        match dimensions {
            Some(0) => return Err(Fault::params("parameter `dimensions` is 0; it must be 1 or more")),
            Some(size) => schema.output_field("embedding", DataType::FixedSizeList(item, size)),
            None => schema.output_field("embedding", DataType::List(item)),
        }
        schema.output::<Utf8>("model_name");
        Ok(Self { text: TextIn::take(schema, "text")?, model: Model::named(&model)?, prefix, normalise, dimensions })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let text = |index| self.text.get(Row { batch, index, sample: 0 });
        let texts: Vec<Result<&str, String>> = (0..batch.len()).map(text).collect();
        let asked: Vec<String> = texts.iter().flatten().map(|text| format!("{}{text}", self.prefix)).collect();
        let mut answers = if asked.is_empty() { Vec::new() } else { self.model.embed(&asked) }.into_iter();
        let (mut vectors, mut output, mut names) = (Vectors::new(), Output::empty(), Utf8Builder::default());
        let mut size = self.dimensions.map(|size| size as usize);
        for (row, text) in texts.into_iter().enumerate() {
            let vector = text.and_then(|_| match answers.next() {
                Some(answer) => answer.map_err(|failure| failure.to_string()),
                None => Err("the host gave no answer".to_owned()),
            });
            match vector.and_then(|vector| self.checked(vector, &mut size)) {
                Ok(vector) => {
                    vectors.push(&vector);
                    names.push(Some(self.model.served()));
                }
                Err(why) => {
                    vectors.push_null(self.dimensions);
                    names.push(None::<&str>);
                    output = output.reject(row as u32, why);
                }
            }
        }
        Ok(output.with(vectors.column(self.dimensions)?).with(names))
    }
}

impl Text {
    /// A vector as it goes on. `size` is that of the batch's first: what a batch holds of other rows is no matter of chance.
    fn checked(&self, mut vector: Vec<f32>, size: &mut Option<usize>) -> Result<Vec<f32>, String> {
        let expected = *size.get_or_insert(vector.len());
        if vector.is_empty() {
            return Err("the vector is empty".to_owned());
        }
        if vector.len() != expected {
            let whose = if self.dimensions.is_some() { "parameter `dimensions` says" } else { "those before have" };
            return Err(format!("the vector has {} numbers, where {whose} {expected}", vector.len()));
        }
        if !vector.iter().all(|number| number.is_finite()) {
            return Err("the vector has a number that is none".to_owned());
        }
        if self.normalise {
            let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            if length == 0.0 {
                return Err("the vector is all zeros: it has no direction to keep".to_owned());
            }
            vector.iter_mut().for_each(|number| *number = (f64::from(*number) / length) as f32);
        }
        Ok(vector)
    }
}

impl Vectors {
    fn new() -> Self {
        Self { numbers: Float32Builder::new(), lengths: Vec::new() }
    }

    fn push(&mut self, vector: &[f32]) {
        self.numbers.extend_from_slice(vector);
        self.lengths.push(Some(vector.len()));
    }

    /// In a list of fixed size a null has its place.
    fn push_null(&mut self, dimensions: Option<u32>) {
        (0..dimensions.unwrap_or(0)).for_each(|_| self.numbers.push(Some(0.0)));
        self.lengths.push(None);
    }

    fn column(self, dimensions: Option<u32>) -> Result<AnyArray> {
        match dimensions {
            Some(size) => {
                let validity: Bitmap = self.lengths.iter().map(Option::is_some).collect();
                fixed_size_list(size, self.numbers, Some(validity))
            }
            None => ListBuilder::<_>::from_lengths(self.numbers, self.lengths),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stillroom_sdk::embedding::embed_with;
    use stillroom_sdk::llm::Failure;

    /// A vector of the text's letters.
    fn answer(text: &str) -> Result<Vec<f32>, Failure> {
        match text {
            "fail" => Err(Failure::Timeout("no answer in 1 s".to_owned())),
            text => Ok(text.bytes().map(f32::from).collect()),
        }
    }

    fn run(params: &str, texts: &[Option<&str>]) -> Result<test::TestOutput> {
        embed_with(|_, text| answer(text));
        test::run::<Text>(params, test::batch().utf8("text", texts.iter().copied()))
    }

    fn reasons(output: &test::TestOutput) -> Vec<(u32, &str)> {
        output.rejected().iter().map(|rejection| (rejection.row, rejection.reason.as_str())).collect()
    }

    #[test]
    fn each_text_has_its_vector() {
        let output = run(r#"{"model": "small"}"#, &[Some("ab"), None, Some("fail"), Some("abc"), Some("cd")]).unwrap();
        let vectors = output.column::<List<Float32>>("embedding");
        let of = |row| vectors.get(row).map(|at| vectors.values().values()[at].to_vec());
        assert_eq!((of(0), of(1), of(4)), (Some(vec![97.0, 98.0]), None, Some(vec![99.0, 100.0])));
        assert_eq!(output.values::<Utf8>("model_name")[..2], [Some("small"), None]);
        let expected = [
            (1, "`text` is null"),
            (2, "timeout: no answer in 1 s"),
            (3, "the vector has 3 numbers, where those before have 2"),
        ];
        assert_eq!(reasons(&output), expected);
    }

    #[test]
    fn a_prefix_stands_before_each_text() {
        embed_with(|_, text| Ok(vec![text.len() as f32, if text.starts_with("query: ") { 1.0 } else { 0.0 }]));
        let batch = test::batch().utf8("text", [Some("a")]);
        let output = test::run::<Text>(r#"{"model": "small", "prefix": "query: "}"#, batch).unwrap();
        assert_eq!(output.column::<List<Float32>>("embedding").values().values(), [8.0, 1.0]);
    }

    #[test]
    fn dimensions_make_a_list_of_fixed_size() {
        let output = run(r#"{"model": "small", "dimensions": 2}"#, &[None, Some("ab"), Some("abc")]).unwrap();
        assert_eq!(output.data_type("embedding").to_string(), "fixed-size-list<float32, 2>");
        let vectors = output.column::<FixedSizeList<Float32>>("embedding");
        assert_eq!(vectors.values().values()[2..4], [97.0, 98.0]);
        let expected = (2, "the vector has 3 numbers, where parameter `dimensions` says 2");
        assert_eq!(reasons(&output), [(0, "`text` is null"), expected]);
    }

    #[test]
    fn vectors_are_made_as_long_as_one() {
        embed_with(|_, text| Ok(if text == "zero" { vec![0.0, 0.0] } else { vec![3.0, 4.0] }));
        let batch = test::batch().utf8("text", [Some("a"), Some("zero")]);
        let output = test::run::<Text>(r#"{"model": "small", "normalise": true}"#, batch).unwrap();
        assert_eq!(output.column::<List<Float32>>("embedding").values().values(), [0.6, 0.8]);
        assert_eq!(reasons(&output), [(1, "the vector is all zeros: it has no direction to keep")]);
    }

    #[test]
    fn vectors_that_are_none_are_refused() {
        embed_with(|_, text| Ok(if text == "none" { vec![f32::NAN] } else { vec![] }));
        let of = |text| {
            let batch = test::batch().utf8("text", [Some(text)]);
            test::run::<Text>(r#"{"model": "small"}"#, batch).unwrap().rejected()[0].reason.clone()
        };
        assert_eq!(of("none"), "the vector has a number that is none");
        assert_eq!(of("empty"), "the vector is empty");
    }

    #[test]
    fn what_is_wrong_is_told_before_a_row_moves() {
        let message = |params: &str| run(params, &[]).unwrap_err().message().to_owned();
        assert_eq!(message("{}"), "parameter `model` is missing");
        assert_eq!(
            message(r#"{"model": "small", "dimensions": 0}"#),
            "parameter `dimensions` is 0; it must be 1 or more"
        );
    }
}
