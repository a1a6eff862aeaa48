//! Runs that are ended at any moment, and gone on with: the bytes are those of an undisturbed run.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression as Codec, ZstdLevel};
use ::parquet::file::properties::WriterProperties;
use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::Int8Type;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::SchemaRef;

use super::super::parquet::{Limits, create as create_parquet};
use super::super::target::Target;
use super::*;

/// Numbers that look random, and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(5) { None } else { Some(value(self)) }
    }

    fn text(&mut self) -> String {
        let length = if self.one_in(9) { 200 } else { self.below(9) };
        (0..length).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }

    fn column<T>(&mut self, rows: usize, value: fn(&mut Self) -> T) -> Vec<Option<T>> {
        (0..rows).map(|_| self.maybe(value)).collect()
    }
}

/// What columns a file is to have.
#[derive(Clone, Copy)]
struct Kind {
    nested: bool,
    /// Dictionaries, and whether each item has its own.
    dictionaries: Option<bool>,
}

fn rows(random: &mut Random, rows: usize, item: u64, kind: Kind) -> RecordBatch {
    let text: StringArray = random.column(rows, Random::text).into();
    let mut columns: Vec<(&'static str, ArrayRef)> = vec![
        ("i64", array(Int64Array::from(random.column(rows, |random| random.below(1000) as i64 - 500)))),
        ("u32", array(UInt32Array::from(random.column(rows, |random| random.below(1 << 32) as u32)))),
        ("f64", array(Float64Array::from(random.column(rows, |random| random.below(99) as f64 / 7.0)))),
        ("bool", array(BooleanArray::from(random.column(rows, |random| random.one_in(2))))),
        ("text", array(text.clone())),
        ("view", array(random.column(rows, Random::text).into_iter().collect::<StringViewArray>())),
        ("null", array(Int64Array::from(vec![None; rows]))),
        ("wide", array(wide(random, rows))),
    ];
    if kind.nested {
        columns.extend(nests(random, rows, text));
    }
    if let Some(own) = kind.dictionaries {
        let word = if own { format!("of {}", item / 3) } else { String::new() };
        columns.push(("words", words(random, rows, &word)));
        columns.push(("lists of words", lists_of(random, rows, &word)));
    }
    batch(columns)
}

fn wide(random: &mut Random, rows: usize) -> Decimal128Array {
    let values = random.column(rows, |random| i128::from(random.below(1 << 40)) - (1 << 39));
    Decimal128Array::from(values).with_precision_and_scale(38, 3).unwrap()
}

fn nests(random: &mut Random, rows: usize, text: StringArray) -> Vec<(&'static str, ArrayRef)> {
    let mut lists = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    for _ in 0..rows {
        for _ in 0..random.below(3) {
            for _ in 0..random.below(3) {
                lists.values().values().append_option(random.maybe(Random::text));
            }
            lists.values().append(!random.one_in(4));
        }
        lists.append(!random.one_in(4));
        for key in 0..random.below(3) {
            maps.keys().append_value(format!("k{key}"));
            maps.values().append_option(random.maybe(|random| random.below(9) as i64));
        }
        maps.append(!random.one_in(4)).unwrap();
    }
    let lists = array(lists.finish());
    let fields = Fields::from(vec![
        Field::new("text", DataType::Utf8, true),
        Field::new("lists", lists.data_type().clone(), true),
    ]);
    let there = NullBuffer::from((0..rows).map(|_| !random.one_in(4)).collect::<Vec<_>>());
    let both = StructArray::new(fields, vec![array(text), lists.clone()], Some(there));
    vec![("lists", lists), ("struct", array(both)), ("map", array(maps.finish()))]
}

fn words(random: &mut Random, rows: usize, word: &str) -> ArrayRef {
    let values: StringArray = ["a", "b", word].into_iter().map(Some).chain([None]).collect();
    let keys = Int8Array::from(random.column(rows, |random| random.below(4) as i8));
    array(DictionaryArray::<Int8Type>::new(keys, array(values)))
}

fn lists_of(random: &mut Random, rows: usize, word: &str) -> ArrayRef {
    let lengths: Vec<usize> = (0..rows).map(|_| random.below(3) as usize).collect();
    let values = words(random, lengths.iter().sum(), word);
    let field = Arc::new(Field::new("item", values.data_type().clone(), true));
    array(ListArray::new(field, arrow_buffer::OffsetBuffer::from_lengths(lengths), values, None))
}

/// An output to be written: of each item, its batches.
struct Case {
    options: SinkOptions,
    schema: SchemaRef,
    items: Vec<Vec<RecordBatch>>,
    limits: Limits,
}

impl Case {
    fn new(path: PathBuf, kind: Kind, count: u64, seed: u64) -> Self {
        let mut random = Random(seed);
        let item = |at: u64| {
            let batches = if random.one_in(4) { 0 } else { random.below(3) };
            (0..batches)
                .map(|_| {
                    let count = if random.one_in(5) { 0 } else { random.below(40) as usize };
                    rows(&mut random, count, at, kind)
                })
                .collect()
        };
        let items = (0..count).map(item).collect();
        let schema = rows(&mut Random(0), 0, 0, kind).schema();
        Self { options: options(&path), schema, items, limits: Limits { rows: 60, bytes: 6 << 10, times: 1 } }
    }

    fn open(&self, partial: Option<Partial>) -> Result<Opened, SinkError> {
        let options = SinkOptions { partial, ..self.options.clone() };
        match options.format.or_else(|| Format::of_path(&options.path.to_string_lossy())) {
            Some(Format::Parquet) => create_parquet(&options, self.schema.clone(), self.limits),
            _ => create(&options, self.schema.clone()),
        }
    }

    fn item(&self, sink: &mut dyn Sink, at: u64) {
        let encoder = sink.encoder();
        for batch in &self.items[at as usize] {
            sink.write(encoder.encode(batch).unwrap()).unwrap();
        }
        sink.end_item(at + 1).unwrap();
    }

    fn partial(&self) -> PathBuf {
        self.options.path.with_file_name(super::super::partial::name(&self.options.path).unwrap())
    }

    /// The file's bytes, in a run that nothing happens to.
    fn undisturbed(&self) -> Vec<u8> {
        let mut sink = self.open(None).unwrap().sink;
        (0..self.items.len() as u64).for_each(|at| self.item(sink.as_mut(), at));
        sink.close().unwrap();
        sink.commit().unwrap();
        let bytes = std::fs::read(&self.options.path).unwrap();
        std::fs::remove_file(&self.options.path).unwrap();
        bytes
    }

    /// The file's bytes, in a run that is ended again and again.
    fn disturbed(&self, random: &mut Random, damage: bool) -> Vec<u8> {
        let (mut journal, mut harmed) = (Vec::<Mark>::new(), false);
        for lives in 0.. {
            let partial = Partial { keep: Arc::new(true.into()), marks: journal.clone() };
            let Opened { mut sink, items, warning } = self.open(Some(partial)).unwrap();
            let last = journal.iter().map(|mark| mark.items).max().unwrap_or(0);
            assert!(items <= last);
            assert!(harmed || (items == last && warning.is_none()), "{items} of {last} items: {warning:?}");
            assert_eq!(warning.is_some(), items < last || warning.is_some(), "{warning:?}");
            let ends = if lives < 12 && !random.one_in(8) { items + random.below(9) } else { u64::MAX };
            let mut at = items;
            while at < (self.items.len() as u64).min(ends) {
                self.item(sink.as_mut(), at);
                at += 1;
                if random.one_in(3) {
                    journal.extend(written_down(sink.mark().unwrap()));
                }
            }
            if ends == u64::MAX {
                sink.close().unwrap();
                assert_eq!(sink.commit().unwrap(), std::fs::metadata(&self.options.path).unwrap().len());
                break;
            }
            if at < self.items.len() as u64 && random.one_in(2) {
                let encoder = sink.encoder();
                let some = self.items[at as usize].iter().take(random.below(3) as usize);
                some.for_each(|batch| sink.write(encoder.encode(batch).unwrap()).unwrap());
            } else if random.one_in(4) {
                sink.close().unwrap();
            }
            drop(sink);
            harmed |= damage && harm(&self.partial(), random);
        }
        assert!(!self.partial().exists());
        let bytes = std::fs::read(&self.options.path).unwrap();
        std::fs::remove_file(&self.options.path).unwrap();
        bytes
    }
}

/// A mark as it comes back from a journal.
fn written_down(mark: Option<Mark>) -> Option<Mark> {
    let text = serde_json::to_string(&mark).unwrap();
    let back = serde_json::from_str(&text).unwrap();
    assert_eq!(mark, back);
    back
}

/// Does something to the file; whether bytes that were marked may be gone.
fn harm(path: &Path, random: &mut Random) -> bool {
    let mut bytes = std::fs::read(path).unwrap();
    let length = bytes.len() as u64;
    match random.below(6) {
        0 => {
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(&vec![7; random.below(5000) as usize]).unwrap();
            return false;
        }
        1 => File::options().write(true).open(path).unwrap().set_len(length - random.below(length + 1)).unwrap(),
        2 if length > 0 => {
            bytes[random.below(length) as usize] ^= 1 << random.below(8);
            std::fs::write(path, bytes).unwrap();
        }
        3 => std::fs::remove_file(path).unwrap(),
        _ => return false,
    }
    true
}

fn everything(folder: &Path) -> Vec<Case> {
    let flat = Kind { nested: false, dictionaries: None };
    let all = Kind { nested: true, dictionaries: Some(true) };
    let one_dictionary = Kind { dictionaries: Some(false), ..all };
    let case = |name: &str, compression, kind, seed| {
        let mut case = Case::new(folder.join(name), kind, 25, seed);
        case.options.compression = compression;
        case
    };
    let mut cases = vec![
        case("a.jsonl", None, all, 1),
        case("a.jsonl.gz", None, all, 2),
        case("a.jsonl.zst", None, all, 3),
        case("a.csv", None, flat, 4),
        case("a.csv.gz", None, flat, 5),
        case("a.csv.zst", None, flat, 6),
    ];
    for (seed, codec) in [Compression::None, Compression::Lz4, Compression::Zstd].into_iter().enumerate() {
        cases.push(case("a.arrow", Some(codec), one_dictionary, 10 + seed as u64));
        cases.push(case("a.arrows", Some(codec), all, 20 + seed as u64));
    }
    let codecs = [Compression::None, Compression::Gzip, Compression::Zstd, Compression::Lz4, Compression::Snappy];
    for (seed, codec) in codecs.into_iter().enumerate() {
        cases.push(case("a.parquet", Some(codec), all, 30 + seed as u64));
    }
    let mut cut = case("a.parquet", None, all, 40);
    cut.limits = Limits { rows: 10, bytes: 1 << 20, times: 1 };
    cases.push(cut);
    cases
}

#[test]
fn the_bytes_are_those_of_an_undisturbed_run() {
    let folder = tempfile::tempdir().unwrap();
    let schedules = std::env::var("STILL_SCHEDULES").map_or(12, |count| count.parse().unwrap());
    for case in everything(folder.path()) {
        let bytes = case.undisturbed();
        for seed in 0..schedules {
            let disturbed = case.disturbed(&mut Random(seed), seed % 3 > 0);
            let (path, codec) = (&case.options.path, case.options.compression);
            assert!(disturbed == bytes, "{} {codec:?}, schedule {seed}", path.display());
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn files_without_rows_or_items() {
    let folder = tempfile::tempdir().unwrap();
    for mut case in everything(folder.path()) {
        for items in [vec![], vec![vec![]; 5], vec![vec![RecordBatch::new_empty(case.schema.clone())]; 5]] {
            case.items = items;
            let bytes = case.undisturbed();
            for seed in 0..4 {
                assert!(case.disturbed(&mut Random(seed), true) == bytes, "{}", case.options.path.display());
            }
        }
    }
}

#[test]
fn columns_are_not_needed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.jsonl", "a.parquet", "a.arrow"] {
        let mut case = Case::new(folder.path().join(name), Kind { nested: false, dictionaries: None }, 12, 0);
        case.schema = Arc::new(Schema::empty());
        for batch in case.items.iter_mut().flatten() {
            let count = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            *batch = RecordBatch::try_new_with_options(case.schema.clone(), vec![], &count).unwrap();
        }
        let bytes = case.undisturbed();
        for seed in 0..8 {
            assert!(case.disturbed(&mut Random(seed), true) == bytes, "{name}");
        }
    }
}

/// What `arrow-ipc` and `parquet` would have written by themselves: nothing is lost on the way through a mark.
#[test]
fn the_bytes_are_those_of_the_formats_libraries() {
    let folder = tempfile::tempdir().unwrap();
    for mut case in everything(folder.path()) {
        let codec = case.options.compression;
        let ipc = || {
            IpcWriteOptions::default().try_with_compression(match codec {
                Some(Compression::Zstd) => Some(arrow_ipc::CompressionType::ZSTD),
                Some(Compression::Lz4) => Some(arrow_ipc::CompressionType::LZ4_FRAME),
                _ => None,
            })
        };
        case.limits = Limits { rows: 1, bytes: 1, times: 9999 };
        let mut expected = Vec::new();
        let all = case.items.iter().flatten();
        match case.options.path.extension().and_then(|extension| extension.to_str()) {
            Some("arrow") => {
                let mut writer = FileWriter::try_new_with_options(&mut expected, &case.schema, ipc().unwrap()).unwrap();
                all.for_each(|batch| writer.write(batch).unwrap());
                writer.finish().unwrap();
            }
            Some("arrows") => {
                let mut writer =
                    StreamWriter::try_new_with_options(&mut expected, &case.schema, ipc().unwrap()).unwrap();
                all.for_each(|batch| writer.write(batch).unwrap());
                writer.finish().unwrap();
            }
            Some("parquet") => {
                let codec = match codec {
                    Some(Compression::None) => Codec::UNCOMPRESSED,
                    Some(Compression::Gzip) => Codec::GZIP(Default::default()),
                    Some(Compression::Lz4) => Codec::LZ4_RAW,
                    Some(Compression::Snappy) => Codec::SNAPPY,
                    _ => Codec::ZSTD(ZstdLevel::try_new(3).unwrap()),
                };
                let properties = WriterProperties::builder().set_compression(codec).build();
                let mut writer = ArrowWriter::try_new(&mut expected, case.schema.clone(), Some(properties)).unwrap();
                for item in &case.items {
                    item.iter().for_each(|batch| writer.write(batch).unwrap());
                    writer.flush().unwrap();
                }
                writer.close().unwrap();
            }
            _ => continue,
        }
        assert!(case.undisturbed() == expected, "{} {codec:?}", case.options.path.display());
    }
}

#[test]
fn it_goes_on_where_the_marks_say() {
    let folder = tempfile::tempdir().unwrap();
    for case in everything(folder.path()) {
        let keep: Arc<AtomicBool> = Arc::default();
        let mut sink = case.open(Some(Partial { keep: keep.clone(), marks: vec![] })).unwrap().sink;
        assert_eq!(sink.mark().unwrap(), None);
        let mut marks = Vec::new();
        for at in 0..20 {
            case.item(sink.as_mut(), at);
            marks.extend(sink.mark().unwrap());
            assert_eq!(sink.mark().unwrap(), None, "nothing is new");
        }
        let parquet = case.options.path.ends_with("a.parquet");
        assert!(if parquet { marks.len() > 4 } else { marks.len() == 20 }, "{} marks", marks.len());
        keep.store(true, Ordering::SeqCst);
        drop(sink);

        let open = |marks: &[Mark]| case.open(Some(Partial { keep: keep.clone(), marks: marks.to_vec() })).unwrap();
        let opened = open(&marks);
        assert_eq!((opened.items, opened.warning), (marks[marks.len() - 1].items, None));
        drop(opened.sink);

        let longer = |pair: &&[Mark]| pair[0].bytes < pair[1].bytes;
        let pair = marks[..marks.len() - 1].windows(2).rfind(longer).unwrap();
        let (good, bad) = (&pair[0], &pair[1]);
        let at = good.bytes + (bad.bytes - good.bytes) / 2;
        let whole = std::fs::read(case.partial()).unwrap();
        let mut bytes = whole.clone();
        bytes[at as usize] ^= 8;
        std::fs::write(case.partial(), bytes).unwrap();
        let opened = open(&marks);
        let warning = opened.warning.unwrap();
        assert_eq!(opened.items, good.items);
        assert!(warning.contains(&format!("is written again from byte {}", good.bytes)), "{warning}");
        assert!(warning.contains(".still-partial` does not have the bytes"), "{warning}");
        assert_eq!(std::fs::metadata(case.partial()).unwrap().len(), good.bytes, "the rest is cut off");
        drop(opened.sink);
        std::fs::write(case.partial(), &whole[..at as usize]).unwrap();
        let opened = open(&marks);
        assert_eq!(opened.items, good.items);
        assert!(opened.warning.unwrap().contains("is shorter than it was: "));
        drop(opened.sink);
        std::fs::remove_file(case.partial()).unwrap();
        let opened = open(&marks);
        assert!(opened.items == 0 || marks[0].bytes == 0);
        assert!(opened.warning.unwrap().contains("is gone: "));
        keep.store(false, Ordering::SeqCst);
        drop(opened.sink);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it was not to be kept");
    }
}

#[test]
fn marks_that_cannot_be_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let kind = Kind { nested: false, dictionaries: None };
    let mut case = Case::new(folder.path().join("a.parquet"), kind, 30, 5);
    let partial = |marks| Some(Partial { keep: Arc::new(true.into()), marks });
    let mut sink = case.open(partial(vec![])).unwrap().sink;
    let mut marks = Vec::new();
    for at in 0..30 {
        case.item(sink.as_mut(), at);
        marks.extend(sink.mark().unwrap().filter(|mark| !mark.groups.is_empty()));
    }
    drop(sink);
    let there = std::fs::read(case.partial()).unwrap();
    let mut spoilt: Vec<Vec<Mark>> = vec![marks[1..].to_vec(), marks.clone(), marks.clone(), marks.clone()];
    spoilt[1][1].groups[0].about = "no".into();
    spoilt[2][1].groups[0].about.truncate(20);
    spoilt[3][1].groups = marks[0].groups.clone();
    for marks in spoilt {
        std::fs::write(case.partial(), &there).unwrap();
        let opened = case.open(partial(marks)).unwrap();
        assert_eq!(opened.items, 0);
        let warning = opened.warning.unwrap();
        assert!(warning.contains("cannot be gone on with (") && warning.contains("from byte 0"), "{warning}");
    }
    case.options.path = folder.path().join("a.arrow");
    let mut sink = case.open(partial(vec![])).unwrap().sink;
    case.item(sink.as_mut(), 0);
    let mark = sink.mark().unwrap().unwrap();
    drop(sink);
    case.schema = Arc::new(Schema::new(vec![Field::new("other", DataType::Int8, true)]));
    let warning = case.open(partial(vec![mark])).unwrap().warning.unwrap();
    assert!(warning.contains("it has other columns"), "{warning}");
}

#[test]
fn one_run_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let open = || create(&SinkOptions { partial: Some(Partial::default()), ..options(&path) }, batch(flat()).schema());
    let sink = open().unwrap().sink;
    let error = open().unwrap_err();
    assert!(error.to_string().contains("another run is writing this output"), "{error}");
    assert!(finish_commit(&path).unwrap_err().to_string().contains("another run"));
    drop(sink);
    let Opened { mut sink, .. } = open().unwrap();
    sink.close().unwrap();
    sink.commit().unwrap();
    drop(open().unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_commit_that_was_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    let case = Case::new(folder.path().join("a.parquet"), Kind { nested: true, dictionaries: None }, 9, 3);
    let bytes = case.undisturbed();
    finish_commit(&case.options.path).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let partial = Partial { keep: Arc::new(true.into()), marks: vec![] };
    let mut sink = case.open(Some(partial)).unwrap().sink;
    (0..9).for_each(|at| case.item(sink.as_mut(), at));
    sink.close().unwrap();
    drop(sink);
    std::fs::write(&case.options.path, "before").unwrap();
    for _ in 0..2 {
        finish_commit(&case.options.path).unwrap();
        assert_eq!(std::fs::read(&case.options.path).unwrap(), bytes);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    for path in ["-", "/dev/null", "", ".."] {
        finish_commit(Path::new(path)).unwrap();
    }
}

#[test]
fn what_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let open = || create(&SinkOptions { partial: Some(Partial::default()), ..options(&path) }, batch(flat()).schema());
    let partial = folder.path().join(".a.jsonl.still-partial");
    std::fs::create_dir(&partial).unwrap();
    assert!(open().unwrap_err().to_string().contains("is in the way: it is not a file"));
    std::fs::remove_dir(&partial).unwrap();
    #[cfg(unix)]
    {
        let other = folder.path().join("other");
        std::fs::write(&other, "kept").unwrap();
        std::os::unix::fs::symlink(&other, &partial).unwrap();
        assert!(open().unwrap_err().to_string().contains("is in the way"));
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "kept");
        std::fs::remove_file(&partial).unwrap();
    }
    std::fs::write(&partial, "of another run").unwrap();
    drop(open().unwrap());
    assert!(!partial.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn devices_have_no_marks() {
    let partial = Some(Partial { keep: Arc::new(true.into()), marks: vec![] });
    for format in [Format::Jsonl, Format::Csv, Format::Parquet, Format::Arrow] {
        let null = SinkOptions { format: Some(format), partial: partial.clone(), ..options(Path::new("/dev/null")) };
        let rows = batch(flat());
        let mut sink = create(&null, rows.schema()).unwrap().sink;
        sink.write(sink.encoder().encode(&rows).unwrap()).unwrap();
        sink.end_item(1).unwrap();
        assert_eq!(sink.mark().unwrap(), None);
        sink.close().unwrap();
        assert!(sink.commit().unwrap() > 0);
    }
}

#[test]
fn a_full_disk_with_something_kept() {
    let folder = tempfile::tempdir().unwrap();
    for keep in [true, false] {
        let partial = Some(Partial { keep: Arc::new(keep.into()), marks: vec![] });
        let (target, _) = Target::open(&SinkOptions { partial, ..options(&folder.path().join("a.jsonl")) }).unwrap();
        let error = target.failed(&std::io::ErrorKind::StorageFull.into());
        assert!(error.to_string().contains("the disk is full"));
        assert_eq!(error.help.unwrap().contains("`--resume`"), keep);
    }
}
