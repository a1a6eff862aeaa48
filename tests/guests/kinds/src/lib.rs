//! One step of each kind, and steps that fail in each way that a guest may fail honestly.

use stillroom_sdk::*;

/// Source: counts from 0.
struct Count {
    next: i64,
    end: i64,
}

params! {
    /// How far to count.
    pub struct CountParams {
        /// The number of rows.
        pub rows: i64 = 10,
    }
}

impl Step for Count {
    const NAME: &str = "count";
    const SUMMARY: &str = "Makes rows `n`, counting from 0.";
    const KIND: Kind = Kind::Source;
    type Params = CountParams;

    fn open(params: CountParams, schema: &mut Schema) -> Result<Self> {
        schema.output::<Int64>("n");
        Ok(Self { next: 0, end: params.rows })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let end = self.end.min(self.next + batch.len() as i64);
        let numbers: PrimitiveBuilder<i64> = (self.next..end).map(Some).collect();
        self.next = end;
        Ok(Output::of(numbers))
    }
}

/// Ordered: adds up what it has seen.
struct RunningTotal {
    n: In<Int64>,
    total: i64,
}

impl Step for RunningTotal {
    const NAME: &str = "running-total";
    const SUMMARY: &str = "The sum of `n` so far.";
    const KIND: Kind = Kind::Ordered;
    const COLUMNS: &[Column] = &[Column::required("n", &["int64"], "What to add up.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let n = schema.input("n")?;
        schema.output::<Int64>("total");
        Ok(Self { n, total: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let mut totals = PrimitiveBuilder::<i64>::with_capacity(batch.len());
        for n in batch.column(self.n)?.iter() {
            self.total += n.unwrap_or(0);
            totals.push(Some(self.total));
        }
        Ok(Output::of(totals))
    }
}

/// Global: the rows backwards, every third of them dropped, with their rank.
struct Reverse {
    n: In<Int64>,
    seen: Vec<i64>,
    answered: bool,
}

impl Step for Reverse {
    const NAME: &str = "reverse";
    const SUMMARY: &str = "The rows backwards, without every third, with what `n` adds up to in all.";
    const KIND: Kind = Kind::Global;
    const COLUMNS: &[Column] = &[Column::required("n", &["int64"], "What to add up.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let n = schema.input("n")?;
        schema.output::<Int64>("sum");
        Ok(Self { n, seen: Vec::new(), answered: false })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.seen.extend(batch.column(self.n)?.iter().map(|n| n.unwrap_or(0)));
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if std::mem::replace(&mut self.answered, true) {
            return Ok(None);
        }
        let rows: Vec<u32> = (0..self.seen.len() as u32).rev().filter(|row| row % 3 != 0).collect();
        let sum = self.seen.iter().sum::<i64>();
        let sums: PrimitiveBuilder<i64> = rows.iter().map(|_| Some(sum)).collect();
        Ok(Some(Output::of(sums).rows(rows)))
    }
}

params! {
    /// When to fail.
    pub struct ShakyParams {
        /// At which values of `n`.
        pub at: Vec<i64> = Vec::new(),
        /// Which values of `n` to reject.
        pub reject: Vec<i64> = Vec::new(),
        /// Whether `k` is a key.
        pub keyed: bool = false,
        /// At which call of an instance; 0 for none.
        pub tired: u32 = 0,
        /// Whether to fail at the end.
        pub ends_badly: bool = false,
    }
}

/// What both shaky steps do: add up by key, and panic.
struct Shaky {
    n: In<Int64>,
    key: Option<In<Int64>>,
    params: ShakyParams,
    calls: u32,
    totals: std::collections::HashMap<i64, i64>,
    rows: u32,
    /// Key, and row among all, of what was added up.
    seen: Vec<(i64, u32)>,
    rejected: Vec<u32>,
}

impl Shaky {
    fn open(params: ShakyParams, schema: &mut Schema) -> Result<Self> {
        let n = schema.input("n")?;
        let key = if params.keyed { Some(schema.input("k")?) } else { None };
        schema.key(key.as_slice());
        schema.output::<Int64>("total");
        let (calls, totals, rows, seen, rejected) = Default::default();
        Ok(Self { n, key, params, calls, totals, rows, seen, rejected })
    }

    /// Of each row, the total of its key so far; none of those that it rejects.
    #[allow(clippy::panic)] // that is what it is for
    fn add(&mut self, batch: &Batch) -> Result<Vec<Option<i64>>> {
        self.calls += 1;
        if self.calls == self.params.tired {
            panic!("tired at call {}", self.calls);
        }
        let keys = self.key.map(|key| batch.column(key)).transpose()?;
        let mut made = Vec::with_capacity(batch.len());
        for (row, n) in batch.column(self.n)?.iter().enumerate() {
            let n = n.unwrap_or(0);
            if self.params.at.contains(&n) {
                panic!("cannot go on at n = {n}");
            }
            let key = keys.as_ref().and_then(|keys| keys.iter().nth(row).flatten()).unwrap_or(0);
            let total = self.totals.entry(key).or_default();
            if self.params.reject.contains(&n) {
                self.rejected.push(self.rows);
                made.push(None);
            } else {
                *total += n;
                self.seen.push((key, self.rows));
                made.push(Some(*total));
            }
            self.rows += 1;
        }
        Ok(made)
    }
}

/// Ordered: adds up what it has seen, and fails at values.
struct ShakyTotal(Shaky);

impl Step for ShakyTotal {
    const NAME: &str = "shaky-total";
    const SUMMARY: &str = "The sum of `n` so far, of each key by itself, as long as it goes well.";
    const KIND: Kind = Kind::Ordered;
    const COLUMNS: &[Column] = &[
        Column::required("n", &["int64"], "What to add up."),
        Column::optional("k", &["int64"], "The key, if there is to be one."),
    ];
    type Params = ShakyParams;

    fn open(params: ShakyParams, schema: &mut Schema) -> Result<Self> {
        Shaky::open(params, schema).map(Self)
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let made = self.0.add(batch)?;
        let totals: PrimitiveBuilder<i64> = made.iter().map(|total| Some(total.unwrap_or(0))).collect();
        let rejected = made.iter().enumerate().filter(|(_, total)| total.is_none());
        Ok(rejected.fold(Output::of(totals), |output, (row, _)| output.reject(row as u32, "not welcome")))
    }
}

/// Global: the rows backwards with their key's total in all, and fails at values.
struct ShakySum(Shaky);

impl Step for ShakySum {
    const NAME: &str = "shaky-sum";
    const SUMMARY: &str = "The rows backwards, with the sum of `n` of their key, as long as it goes well.";
    const KIND: Kind = Kind::Global;
    const COLUMNS: &[Column] = &[
        Column::required("n", &["int64"], "What to add up."),
        Column::optional("k", &["int64"], "The key, if there is to be one."),
    ];
    type Params = ShakyParams;

    fn open(params: ShakyParams, schema: &mut Schema) -> Result<Self> {
        Shaky::open(params, schema).map(Self)
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.0.add(batch).map(|_| Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if self.0.params.ends_badly {
            return Err(Fault::plugin("nothing comes of it"));
        }
        let seen = std::mem::take(&mut self.0.seen);
        let rejected = std::mem::take(&mut self.0.rejected);
        if seen.is_empty() && rejected.is_empty() {
            return Ok(None);
        }
        let sums: PrimitiveBuilder<i64> = seen.iter().rev().map(|(key, _)| self.0.totals.get(key).copied()).collect();
        let output = Output::of(sums).rows(seen.iter().rev().map(|(_, row)| *row).collect());
        Ok(Some(rejected.into_iter().fold(output, |output, row| output.reject(row, "not welcome"))))
    }
}

params! {
    /// When to fail.
    pub struct FailParams {
        /// How: `panic`, `fault`, `plugin`, `memory`, `stack`, `loop`, `reject`; or `tired`, a panic at an instance's third
        /// batch, whatever is in it; or not at all: `busy`, a long loop with an end, and `leak`, 8 MiB that nobody frees.
        pub how: String = String::from("panic"),
        /// At which value of `n`.
        pub at: i64 = 0,
        /// And again at every value so much further on; 0: never again.
        pub every: i64 = 0,
    }
}

/// Transform: fails at a value.
struct Fail {
    n: In<Int64>,
    params: FailParams,
    calls: u32,
}

impl Step for Fail {
    const NAME: &str = "fail";
    const SUMMARY: &str = "Passes rows on until `n` is at a value, then fails.";
    const COLUMNS: &[Column] = &[Column::required("n", &["int64"], "The value.")];
    type Params = FailParams;

    fn open(params: FailParams, schema: &mut Schema) -> Result<Self> {
        Ok(Self { n: schema.input("n")?, params, calls: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let FailParams { at, every, ref how } = self.params;
        self.calls += 1;
        let is_bad = |n: i64| n == at || (every > 0 && n > at && (n - at) % every == 0);
        let found = match how.as_str() {
            "tired" => (self.calls == 3).then_some(0),
            "leak" => {
                std::mem::forget(std::hint::black_box(vec![1_u8; 8 << 20]));
                None
            }
            _ => batch.column(self.n)?.iter().position(|n| n.is_some_and(is_bad)),
        };
        let Some(row) = found else { return Ok(Output::empty()) };
        match self.params.how.as_str() {
            "fault" => Err(Fault::data(format!("will not work on {}", self.params.at))),
            "plugin" => Err(Fault::plugin("lost my way")),
            "memory" => Err(Fault::plugin(format!("{} bytes", hoard()))),
            "stack" => Err(Fault::plugin(format!("{} deep", dive(1)))),
            "loop" => loop {
                std::hint::black_box(row);
            },
            "busy" => {
                (0..300_000_000_u32).for_each(|turn| _ = std::hint::black_box(turn));
                Ok(Output::empty())
            }
            "reject" => Ok(Output::empty().reject(row as u32, format!("{} is not welcome", self.params.at))),
            #[allow(clippy::panic)] // that is what it is for
            _ => panic!("cannot go on at n = {}", self.params.at),
        }
    }
}

fn hoard() -> usize {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1; 16 << 20]));
        if hoard.len() > 1 << 20 {
            return hoard.len();
        }
    }
}

#[allow(unconditional_recursion)]
fn dive(depth: u64) -> u64 {
    let bytes = std::hint::black_box([depth; 64]);
    dive(depth + 1) + bytes[5]
}

params! {
    /// How often.
    pub struct RepeatParams {
        /// Output rows for each input row; 0 drops them all.
        pub times: u32 = 1,
        /// Instead: the first row as often as there are rows.
        pub first: bool = false,
    }
}

/// Transform: each row several times.
struct Repeat(u32, bool);

impl Step for Repeat {
    const NAME: &str = "repeat";
    const SUMMARY: &str = "Each row several times.";
    type Params = RepeatParams;

    fn open(params: RepeatParams, schema: &mut Schema) -> Result<Self> {
        schema.rows_any();
        schema.output::<Int64>("copy");
        Ok(Self(params.times, params.first))
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        if self.1 {
            let copies: PrimitiveBuilder<i64> = (0..batch.len() as i64).map(Some).collect();
            return Ok(Output::of(copies).rows(vec![0; batch.len()]));
        }
        let rows = (0..batch.len() as u32).flat_map(|row| (0..self.0).map(move |_| row)).collect();
        let copies: PrimitiveBuilder<i64> =
            (0..batch.len()).flat_map(|_| (0..self.0).map(|copy| Some(i64::from(copy)))).collect();
        Ok(Output::of(copies).rows(rows))
    }
}

/// Global: each row several times, when all have been there.
struct RepeatAll {
    times: u32,
    rows: u32,
}

impl Step for RepeatAll {
    const NAME: &str = "repeat-all";
    const SUMMARY: &str = "Each row several times, after the last one.";
    const KIND: Kind = Kind::Global;
    type Params = RepeatParams;

    fn open(params: RepeatParams, _: &mut Schema) -> Result<Self> {
        Ok(Self { times: params.times, rows: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.rows += batch.len() as u32;
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        let rows: Vec<u32> =
            (0..std::mem::take(&mut self.rows)).flat_map(|row| (0..self.times).map(move |_| row)).collect();
        Ok((!rows.is_empty()).then(|| Output::empty().rows(rows)))
    }
}

/// Transform: every column out as it came in, so every type crosses both ways.
struct Echo(Vec<In<Any>>);

impl Step for Echo {
    const NAME: &str = "echo";
    const SUMMARY: &str = "Every column as it is, through the sandbox and back.";
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let fields: Vec<Field> = schema.fields().to_vec();
        let mut columns = Vec::new();
        for field in fields {
            columns.push(schema.input_dynamic(&field.name)?);
            schema.output_field(&field.name, field.data_type.clone());
        }
        Ok(Self(columns))
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.0.iter().try_fold(Output::empty(), |output, column| Ok(output.with(batch.take_column(*column)?)))
    }
}

/// Transform: takes every column and makes none, so what crosses is the way in.
struct Swallow;

impl Step for Swallow {
    const NAME: &str = "swallow";
    const SUMMARY: &str = "Every column into the sandbox, and none back.";
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let fields: Vec<Field> = schema.fields().to_vec();
        fields.iter().try_for_each(|field| schema.input_dynamic(&field.name).map(drop))?;
        Ok(Self)
    }

    fn process(&mut self, _: &Batch) -> Result<Output> {
        Ok(Output::empty())
    }
}

/// Transform: wants a column that it does not declare.
struct Nosy;

impl Step for Nosy {
    const NAME: &str = "nosy";
    const SUMMARY: &str = "Takes the column `secret`, and does not say so before.";
    const COLUMNS: &[Column] = &[Column::optional("n", &["int64"], "Of no interest.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        schema.input_dynamic("secret").map(|_| Self)
    }

    fn process(&mut self, _: &Batch) -> Result<Output> {
        Ok(Output::empty())
    }
}

params! {
    /// How to cheat.
    pub struct CheatParams {
        /// `state`: it counts on from batch to batch; `batch`: it looks at how many rows came together; `reject`: it rejects
        /// the first row of each batch; or not at all: `honest`.
        pub how: String = String::from("state"),
    }
}

/// Transform: answers what a transform must not know.
struct Cheat {
    n: In<Int64>,
    how: String,
    seen: i64,
}

impl Step for Cheat {
    const NAME: &str = "cheat";
    const SUMMARY: &str = "Hangs on more than its rows.";
    const COLUMNS: &[Column] = &[Column::required("n", &["int64"], "Any number.")];
    type Params = CheatParams;

    fn open(params: CheatParams, schema: &mut Schema) -> Result<Self> {
        let n = schema.input("n")?;
        schema.output::<Int64>("answer");
        Ok(Self { n, how: params.how, seen: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let first = self.seen;
        self.seen += batch.len() as i64;
        let numbers = batch.column(self.n)?.iter().zip(first..);
        let answer = |(n, seen): (Option<i64>, i64)| match self.how.as_str() {
            "state" => Some(seen),
            "batch" => Some(batch.len() as i64),
            _ => n,
        };
        let output = Output::of(numbers.map(answer).collect::<PrimitiveBuilder<i64>>());
        Ok(if self.how == "reject" { output.reject(0, "the first") } else { output })
    }
}

register!(Cheat, Count, RunningTotal, Reverse, ShakyTotal, ShakySum, Fail, Repeat, RepeatAll, Echo, Swallow, Nosy);
