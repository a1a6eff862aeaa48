//! Steps of every kind, several in one plugin, and steps that lie.

use serde_json::json;
use stillroom_sdk::test::{self, Runner};
use stillroom_sdk::*;

params! {
    /// Parameters of [`Longest`].
    pub struct Least {
        /// The fewest bytes of a row that is kept.
        pub bytes: u32,
    }
}

/// A filter: makes no column, keeps rows, rejects nulls.
struct Keep {
    text: In<Utf8>,
    bytes: usize,
}

impl Step for Keep {
    const NAME: &str = "keep";
    const SUMMARY: &str = "Keeps long rows.";
    type Params = Least;

    fn open(params: Least, schema: &mut Schema) -> Result<Self> {
        schema.rows_any();
        Ok(Self { text: schema.input("text")?, bytes: params.bytes as usize })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let text = batch.column(self.text)?;
        let long = |row: &u32| text.get(*row as usize).is_some_and(|text| text.len() >= self.bytes);
        let nulls = (0..batch.len()).filter(|&row| text.is_null(row));
        let rejected = nulls.map(|row| Rejection { row: row as u32, reason: "no text".to_owned() });
        Ok(Output::of_rows((0..batch.len() as u32).filter(long).collect()).rejecting(rejected))
    }
}

/// Global: counts, and answers at the end with the last row.
#[derive(Default)]
struct Count {
    rows: u32,
    done: bool,
}

impl Step for Count {
    const NAME: &str = "count";
    const SUMMARY: &str = "Counts rows.";
    const KIND: Kind = Kind::Global;
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        schema.rows_any();
        schema.output::<Int64>("rows");
        Ok(Self::default())
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.rows += batch.len() as u32;
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        let last = self.rows.checked_sub(1).filter(|_| !std::mem::replace(&mut self.done, true));
        Ok(last.map(|last| Output::of(Int64Builder::from_values(vec![i64::from(self.rows)])).rows(vec![last])))
    }
}

/// A source of seven numbers.
struct Seven {
    next: i64,
}

impl Step for Seven {
    const NAME: &str = "seven";
    const SUMMARY: &str = "Seven numbers.";
    const KIND: Kind = Kind::Source;
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        schema.output::<Int64>("n");
        Ok(Self { next: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let end = (self.next + batch.len() as i64).min(7);
        let numbers: Int64Builder = (std::mem::replace(&mut self.next, end)..end).collect();
        Ok(if numbers.is_empty() { Output::empty() } else { Output::of(numbers) })
    }
}

register!(Keep, Count, Seven);

#[test]
fn a_plugin_has_several_steps() {
    let names: Vec<_> = plugin().steps().iter().map(|entry| entry.name()).collect();
    assert_eq!(names, ["keep", "count", "seven"]);
    assert_eq!(plugin().steps()[1].manifest().kind, Kind::Global);
    assert!(plugin().steps()[0].manifest().params.contains(r#""required":["bytes"]"#));
    let fault = Runner::open_in(&plugin(), "kep", "{}", &[]).err().unwrap();
    assert_eq!(fault, Fault::params("this plugin has no step `kep`"));
}

#[test]
fn filters_keep_and_reject() {
    let batch = test::batch().utf8("text", [Some("long enough"), Some("short"), None]).int64("other", [None; 3]);
    let mut runner = Runner::open::<Keep>(json!({"bytes": 6}), &batch.fields()).unwrap();
    assert_eq!(runner.inputs(), ["text"]);
    let output = runner.run(batch).unwrap();
    assert_eq!((output.len(), output.rows()), (1, Some(&[0][..])));
    assert_eq!(output.rejected(), [Rejection { row: 2, reason: "no text".to_owned() }]);
    assert_eq!(runner.run(test::batch().utf8("text", [None::<&str>; 0])).unwrap().len(), 0);
}

#[test]
fn open_names_the_column() {
    let open = |fields: &[Field]| Runner::open::<Keep>(json!({"bytes": 1}), fields).err().unwrap();
    let wrong = open(&[Field::new("text", DataType::Int64)]);
    assert_eq!(wrong, Fault::params("column `text` is int64; it must be utf8"));
    let missing = open(&[Field::new("a", DataType::Utf8), Field::new("b", DataType::Utf8)]);
    assert_eq!(missing, Fault::params("there is no column `text`; the data has `a`, `b`"));
    assert_eq!(open(&[]), Fault::params("there is no column `text`; the data has none"));
    let params = Runner::open::<Keep>("{}", &[]).err().unwrap();
    assert_eq!(params, Fault::params("parameter `bytes` is missing"));
}

#[test]
fn global_steps_finish() {
    let mut runner = Runner::open::<Count>("{}", &[]).unwrap();
    assert_eq!(runner.run(test::rows(3)).unwrap().len(), 0);
    runner.run(test::rows(2)).unwrap();
    let output = runner.finish().unwrap().unwrap();
    assert_eq!((output.values::<Int64>("rows"), output.rows()), (vec![Some(5)], Some(&[4][..])));
    assert!(runner.finish().unwrap().is_none());
}

#[test]
fn sources_end() {
    let mut runner = Runner::open::<Seven>("{}", &[]).unwrap();
    let lengths: Vec<usize> = (0..4).map(|_| runner.run(test::rows(3)).unwrap().len()).collect();
    assert_eq!(lengths, [3, 3, 1, 0]);
}

/// Answers whatever its function says, for signatures of one `utf8` column.
struct Liar<const LIE: u8> {
    text: In<Utf8>,
}

impl<const LIE: u8> Step for Liar<LIE> {
    const NAME: &str = "liar";
    const SUMMARY: &str = "Breaks the contract.";
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        schema.output::<Utf8>("text");
        Ok(Self { text: schema.input("text")? })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let parts = |offsets: &[i32], values: &[u8]| Utf8Builder::from_parts(offsets.to_vec(), values.to_vec(), None);
        let same = batch.take_column(self.text)?;
        Ok(match LIE {
            0 => Output::of(parts(&[0, 1, 2], b"\xff\xfe")?),
            1 => Output::of(parts(&[0, 2, 1], b"a")?),
            2 => Output::of(parts(&[0, 1, 2], "é".as_bytes())?),
            3 => Output::of(Int64Builder::from_values(vec![1, 2])),
            4 => Output::of(same.clone()).with(same),
            5 => Output::of(take(batch.any_column(self.text)?, &[0])),
            6 => Output::of(same).rows(vec![0, 1]),
            7 => Output::of(same).reject(2, "there is no such row"),
            8 => return Err(Fault::params("too late for that")),
            _ => Output::empty(),
        })
    }
}

#[test]
fn lies_are_found() {
    fn lie<const LIE: u8>() -> String {
        let fault = test::run::<Liar<LIE>>("{}", test::batch().utf8("text", [Some("a"), Some("b")])).unwrap_err();
        assert!(matches!(fault, Fault::Plugin(_)), "{fault}");
        fault.message().to_owned()
    }
    for (found, expected) in [
        (lie::<0>(), "invalid utf-8"),
        (lie::<1>(), "offsets do not begin at 0 and grow"),
        (lie::<2>(), "an offset parts a character"),
        (lie::<3>(), "column `text` was declared utf8 and made int64"),
        (lie::<4>(), "1 columns were declared and 2 made"),
        (lie::<5>(), "not one row for each input row"),
        (lie::<6>(), "has not declared `rows_any`"),
        (lie::<7>(), "rejected that is not there"),
        (lie::<8>(), "too late"),
        (lie::<9>(), "not one row for each input row"),
    ] {
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
#[should_panic(expected = "no column")]
fn batches_of_tests_are_checked_too() {
    let torn = Utf8Builder::from_parts(vec![0, 1], b"\xff".to_vec(), None).unwrap();
    let _ = test::batch().column("text", torn);
}
