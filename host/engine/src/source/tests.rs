//! Every format against real files, good and bad.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// Files in a folder of their own, and how they are read.
struct Case {
    folder: TempDir,
    options: SourceOptions,
}

impl Case {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let paths = files.iter().map(|(name, _)| folder.path().join(name).to_str().unwrap().to_owned()).collect();
        Self { folder, options: SourceOptions { paths, ..SourceOptions::default() } }
    }

    fn jsonl(text: impl AsRef<[u8]>) -> Self {
        Self::new(&[("in.jsonl", text.as_ref())])
    }

    fn csv(text: impl AsRef<[u8]>) -> Self {
        Self::new(&[("in.csv", text.as_ref())])
    }

    fn with(mut self, change: impl FnOnce(&mut SourceOptions)) -> Self {
        change(&mut self.options);
        self
    }

    fn types(self, types: &[(&str, DataType)]) -> Self {
        self.with(|options| {
            options.types = types.iter().map(|(name, data_type)| ((*name).into(), data_type.clone())).collect()
        })
    }

    fn batches(&self) -> Result<Vec<RecordBatch>, SourceError> {
        let mut source = open(&self.options)?;
        let mut batches = Vec::new();
        while let Some(work) = source.next()? {
            batches.extend(work()?);
        }
        assert!(batches.iter().all(|batch| batch.schema() == source.schema() && batch.num_rows() > 0));
        Ok(batches)
    }

    /// All rows as JSON lines.
    fn rows(&self) -> String {
        let batches = self.batches().unwrap_or_else(|error| panic!("{error}"));
        let mut writer = arrow_json::writer::WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, arrow_json::writer::LineDelimited>(Vec::new());
        writer.write_batches(&batches.iter().collect::<Vec<_>>()).unwrap();
        writer.finish().unwrap();
        String::from_utf8(writer.into_inner()).unwrap()
    }

    /// The error without the folder's name, and its help.
    fn error(&self) -> String {
        let Err(error) = self.batches() else { panic!("no error") };
        let folder = format!("{}/", self.folder.path().display());
        let help = error.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{error}{help}").replace(&folder, "")
    }

    fn fails(&self, parts: &[&str]) {
        let error = self.error();
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

mod jsonl {
    use super::*;

    #[test]
    fn columns_and_types() {
        let case = Case::jsonl(
            "{\"i\":1,\"f\":1,\"s\":\"a\",\"b\":true,\"n\":null,\"l\":[1],\"o\":{\"x\":1}}\n\
             {\"f\":2.5,\"i\":-2,\"o\":{\"y\":\"z\"},\"l\":[],\"u\":18446744073709551615}\n",
        );
        let schema = open(&case.options).unwrap().schema();
        let names: Vec<_> =
            schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type())).collect();
        assert_eq!(
            names,
            [
                "i: Int64",
                "f: Float64",
                "s: Utf8",
                "b: Boolean",
                "n: Utf8",
                "l: List(Int64)",
                "o: Struct(\"x\": Int64, \"y\": Utf8)",
                "u: UInt64"
            ]
        );
        assert_eq!(
            case.rows(),
            "{\"i\":1,\"f\":1.0,\"s\":\"a\",\"b\":true,\"n\":null,\"l\":[1],\"o\":{\"x\":1,\"y\":null},\"u\":null}\n\
             {\"i\":-2,\"f\":2.5,\"s\":null,\"b\":null,\"n\":null,\"l\":[],\"o\":{\"x\":null,\"y\":\"z\"},\"u\":18446744073709551615}\n"
        );
    }

    #[test]
    fn strings() {
        let case = Case::jsonl(r#"{"\u0061" : "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00 é😀 " , "b":"" }"#);
        let batch = &case.batches().unwrap()[0];
        assert_eq!(batch.column(0).as_string::<i32>().value(0), "\"\\/\u{8}\u{c}\n\r\té😀 é😀 ");
        assert_eq!(batch.schema().field(0).name(), "a");
    }

    #[test]
    fn numbers() {
        let case = Case::jsonl(
            "{\"i\":-9223372036854775808,\"f\":-1.5e-3}\n{\"i\":9223372036854775807,\"f\":0}\n{\"i\":0,\"f\":-0}",
        );
        let batch = &case.batches().unwrap()[0];
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().values()[..], [i64::MIN, i64::MAX, 0]);
        assert_eq!(batch.column(1).as_primitive::<Float64Type>().values()[..], [-0.0015, 0.0, -0.0]);
    }

    #[test]
    fn framing() {
        let expected = "{\"a\":1}\n{\"a\":2}\n";
        for text in [
            "\u{feff}{\"a\":1}\n{\"a\":2}\n",
            "{\"a\":1}\r\n{\"a\":2}\r\n",
            "\n\n{\"a\":1}\n \t\n{\"a\":2}",
            "  { \"a\" :\t1 } \n\t{\"a\":2}\r",
        ] {
            assert_eq!(Case::jsonl(text).rows(), expected, "{text:?}");
        }
        assert_eq!(Case::jsonl("").rows(), "");
        assert_eq!(Case::jsonl("{}\n{}\n").rows(), "{}\n{}\n");
    }

    #[test]
    fn packed() {
        let (a, b) = (b"{\"a\":1}\n".as_slice(), b"{\"a\":2}\n".as_slice());
        let gz = [gzip(a), gzip(b)].concat();
        let zst = [zstd::encode_all(a, 1).unwrap(), zstd::encode_all(b, 1).unwrap()].concat();
        for (name, bytes) in [("in.jsonl.gz", &gz), ("in.jsonl.zst", &zst), ("in.jsonl", &gz)] {
            assert_eq!(Case::new(&[(name, bytes)]).rows(), "{\"a\":1}\n{\"a\":2}\n", "{name}");
        }
        Case::new(&[("in.jsonl.gz", &gz[..gz.len() - 5])])
            .fails(&["in.jsonl.gz: ends in the middle of its gzip data", "cut off"]);
        Case::new(&[("in.jsonl.zst", &zst[..zst.len() - 5])])
            .fails(&["in.jsonl.zst: ends in the middle of its zstd data"]);
        Case::new(&[("in.jsonl.gz", b"{\"a\":1}\n{\"a\":2}\n")]).fails(&["bad gzip data", "in spite of its name"]);
    }

    #[test]
    fn bad_rows() {
        let good = "{\"a\":1,\"s\":\"x\"}\n";
        for (row, parts) in [
            ("[1]", &["in.jsonl:3, column 1: the row is not an object", "jq -c"][..]),
            ("7", &["in.jsonl:3", "not an object"]),
            ("{\"a\":1.5}", &["in.jsonl:3, column `a`: 1.5 is not an integer", "types"]),
            ("{\"a\":\"1\"}", &["in.jsonl:3, column `a`: \"1\" is not an integer"]),
            ("{\"a\":9223372036854775808}", &["in.jsonl:3, column `a`", "64 bits"]),
            ("{\"a\":01}", &["in.jsonl:3, column `a`"]),
            ("{\"s\":5}", &["in.jsonl:3, column `s`: 5 is not a string"]),
            ("{\"b\":5}", &["in.jsonl:3, column 2: key `b`", "types: { b: utf8 }", "sample-rows"]),
            ("{\"a\":1,\"a\":2}", &["in.jsonl:3, column `a`: the row has this key twice"]),
            ("{\"s\":\"x}", &["in.jsonl:3, column `s`: the line ends within a string"]),
            ("{\"s\":\"\\x\"}", &["in.jsonl:3, column `s`: no such escape"]),
            ("{\"s\":\"\\ud800\"}", &["in.jsonl:3, column `s`", "half of a surrogate pair"]),
            ("{\"s\":\"\u{1}\"}", &["in.jsonl:3, column `s`: control character 0x01"]),
            ("{\"s\":\"x\"} {}", &["in.jsonl:3, column 11: more after the end"]),
            ("{\"s\":\"x\"", &["in.jsonl:3", "a comma or the end of the object is missing before the end of the line"]),
            ("{\"s\" \"x\"}", &["in.jsonl:3, column 6", "a colon"]),
            ("{\"s\":nul}", &["in.jsonl:3, column `s`"]),
            ("{", &["in.jsonl:3"]),
        ] {
            let text = format!("{good}\n{row}\n{good}");
            Case::jsonl(&text).with(|options| options.sample_rows = 1).fails(parts);
            let _ = Case::jsonl(text).batches(); // found by the sample instead, or taken by it
        }
    }

    #[test]
    fn invalid_utf8() {
        for rows in [1, 1000] {
            let case = Case::jsonl(b"{\"s\":\"a\"}\n{\"s\":\"b\"}\n{\"s\":\"\xff\"}\n")
                .with(|options| options.sample_rows = rows);
            case.fails(&["in.jsonl:3", "invalid UTF-8 at byte 7 of the line", "iconv"]);
        }
    }

    #[test]
    fn nested_values_are_strict() {
        for (row, message) in [
            ("{\"l\":[1.5]}", "1.5 is not an integer"),
            ("{\"l\":[\"1\"]}", "is not a number"),
            ("{\"l\":{}}", ""),
            ("{\"o\":{\"y\":1}}", "'y'"),
            ("{\"l\":[1", "line ends"),
        ] {
            let text = format!("{{\"l\":[1],\"o\":{{\"x\":1}}}}\n\n{row}\n");
            Case::jsonl(text).with(|options| options.sample_rows = 1).fails(&["in.jsonl:3, column `", message]);
        }
    }

    #[test]
    fn overridden_types() {
        let text =
            "{\"a\":1,\"b\":{\"c\":[1, 2]},\"t\":\"2024-05-01T00:00:00Z\"}\n{\"a\":\"x\",\"b\":null,\"c\":1.5}\n";
        let utc = DataType::Timestamp(arrow_schema::TimeUnit::Second, Some("+00:00".into()));
        let case = Case::jsonl(text).types(&[
            ("a", DataType::Utf8),
            ("b", DataType::Utf8),
            ("t", utc),
            ("d", DataType::Int64),
        ]);
        assert_eq!(
            case.rows(),
            "{\"a\":\"1\",\"b\":\"{\\\"c\\\":[1, 2]}\",\"t\":\"2024-05-01T00:00:00Z\",\"c\":null,\"d\":null}\n\
             {\"a\":\"x\",\"b\":null,\"t\":null,\"c\":1.5,\"d\":null}\n"
        );
        Case::jsonl("{\"a\":1}\n{\"a\":\"x\"}\n")
            .fails(&["in.jsonl:2, column `a`: the column has both integers and strings", "a: utf8"]);
        Case::jsonl("{\"a\":junk}\n").types(&[("a", DataType::Utf8)]).fails(&["in.jsonl:1"]);
    }

    #[test]
    fn files_of_different_columns() {
        let case = Case::new(&[("1.jsonl", b"{\"a\":1}\n"), ("2.jsonl", b"{\"b\":2}\n")]);
        assert_eq!(case.rows(), "{\"a\":1,\"b\":null}\n{\"a\":null,\"b\":2}\n");
        case.with(|options| options.sample_rows = 1).fails(&["2.jsonl:1", "key `b`"]);
    }

    #[test]
    fn large_rows_stand_alone() {
        let large = "x".repeat(50_000_000);
        let text = format!("{{\"s\":\"a\"}}\n{{\"s\":\"{large}\"}}\n{{\"s\":\"b\"}}\n{{\"s\":\"c\"}}\n");
        let batches = Case::jsonl(text).batches().unwrap();
        let rows: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
        assert_eq!(rows, [1, 1, 2]);
        assert_eq!(batches[1].column(0).as_string::<i32>().value(0).len(), large.len());
    }

    #[test]
    fn batches_are_bounded() {
        let text: String = (0..10_000).map(|i| format!("{{\"i\":{i},\"s\":\"{}\"}}\n", "x".repeat(i % 100))).collect();
        let whole = Case::jsonl(&text).rows();
        for (rows, bytes) in [(1, 1 << 20), (7, 1000), (8192, 1), (100, 1 << 16)] {
            let case = Case::jsonl(&text).with(|options| (options.batch_rows, options.batch_bytes) = (rows, bytes));
            assert!(case.batches().unwrap().iter().all(|batch| batch.num_rows() <= rows));
            assert_eq!(case.rows(), whole);
        }
    }
}

mod csv {
    use super::*;

    #[test]
    fn columns_and_types() {
        let case = Case::csv("i,f,s,b,z,\"q\nr\"\n1,1,a,true,007,\"x,\"\"y\"\"\nz\"\n,2.5,,False,1,\n");
        assert_eq!(
            case.rows(),
            "{\"i\":1,\"f\":1.0,\"s\":\"a\",\"b\":true,\"z\":\"007\",\"q\\nr\":\"x,\\\"y\\\"\\nz\"}\n\
             {\"i\":null,\"f\":2.5,\"s\":null,\"b\":false,\"z\":\"1\",\"q\\nr\":null}\n"
        );
    }

    #[test]
    fn framing() {
        for text in ["\u{feff}a,b\r\n1,x\r\n2,y", "\na,b\n\n1,x\n2,y\n\n", "a,b\n1,x\n2,y\n"] {
            assert_eq!(Case::csv(text).rows(), "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n", "{text:?}");
        }
        let semicolons = Case::csv("1;x\n").with(|options| (options.delimiter, options.header) = (b';', false));
        assert_eq!(semicolons.rows(), "{\"column_1\":1,\"column_2\":\"x\"}\n");
        assert_eq!(Case::new(&[("in.tsv", b"a\tb\n1\t2,3\n")]).rows(), "{\"a\":1,\"b\":\"2,3\"}\n");
        assert_eq!(Case::csv("a,b\n").rows(), "");
        assert_eq!(Case::csv("").rows(), "");
        assert_eq!(Case::new(&[("in.csv.gz", &gzip(b"a\n1\n"))]).rows(), "{\"a\":1}\n");
    }

    #[test]
    fn files_of_different_columns() {
        let case = Case::new(&[("1.csv", b"a,b\n1,x\n"), ("2.csv", b"c,a\n2.5,2\n")]);
        assert_eq!(case.rows(), "{\"a\":1,\"b\":\"x\",\"c\":null}\n{\"a\":2,\"b\":null,\"c\":2.5}\n");
        case.with(|options| options.sample_rows = 1).fails(&["2.csv:1, column `c`", "sampled files do not have"]);
    }

    #[test]
    fn bad_rows() {
        for rows in [1, 1000] {
            let case = Case::csv("a,b\n1,x\n\n2,y,z\n").with(|options| options.sample_rows = rows);
            case.fails(&["in.csv:4: the row has 3 fields, its file 2 columns", "quoted"]);
        }
        let one = |text: &[u8]| Case::csv(text).with(|options| options.sample_rows = 1);
        one(b"a,b\n1,\"x\ny\"\n2.5,z\n").fails(&["in.csv:4, column `a`: `2.5` is not Int64", "types: { a: utf8 }"]);
        one(b"a,b\n1,x\n2,\xff\n").fails(&["in.csv:3, column `b`: invalid UTF-8"]);
        one(b"a,a\n1,x\n").fails(&["in.csv:1, column `a`: the header has this name twice"]);
    }

    #[test]
    fn pieces_end_between_rows() {
        let row = |i: usize| format!("{i},\"a\n\"\"{}\"\",\"\n", "x\n".repeat(i % 50));
        let text: String = std::iter::once("i,s\n".into()).chain((0..2000).map(row)).collect();
        let whole = Case::csv(&text).rows();
        for bytes in [1, 17, 1000] {
            assert_eq!(Case::csv(&text).with(|options| options.batch_bytes = bytes).rows(), whole);
        }
    }
}

mod paths_and_files {
    use super::*;

    #[test]
    fn bad_paths() {
        let case = Case::new(&[("a.jsonl", b"{}")]);
        let read = |name: &str| {
            let path = case.folder.path().join(name).to_str().unwrap().to_owned();
            let options = SourceOptions { paths: vec![path], ..SourceOptions::default() };
            let Err(error) = open(&options) else { panic!("{name} was opened") };
            format!("{error} ({})", error.help.clone().unwrap_or_default())
        };
        assert!(read("none.jsonl").contains("No such file"));
        assert!(read("*.csv").contains("no file matches"));
        assert!(read("").contains("is a folder"));
        std::fs::write(case.folder.path().join("b.xyz"), "").unwrap();
        assert!(read("b.xyz").contains("say `format: jsonl`"));
        let nothing = SourceOptions::default();
        assert!(open(&nothing).is_err());
    }

    #[test]
    fn globs_are_sorted() {
        let case =
            Case::new(&[("b/2.jsonl", b"{\"a\":2}\n"), ("a/c/3.jsonl", b"{\"a\":3}\n"), ("a/1.jsonl", b"{\"a\":1}\n")]);
        let pattern = case.folder.path().join("**/*.jsonl").to_str().unwrap().to_owned();
        assert_eq!(case.with(|options| options.paths = vec![pattern]).rows(), "{\"a\":1}\n{\"a\":3}\n{\"a\":2}\n");
    }

    #[test]
    fn a_row_per_file() {
        let case =
            Case::new(&[("x-1.0/a.md", b"text"), ("x-1.0/b.md", b"\xff\xfe"), ("other/c.md", b"")]).with(|options| {
                options.format = Some(Format::Files);
                options.capture = Some(r"/(?<crate>[a-z]+)-(?<version>[0-9.]+)/[^/]*$".into());
            });
        let folder = format!("{}/", case.folder.path().display());
        assert_eq!(
            case.rows().replace(&folder, ""),
            "{\"path\":\"x-1.0/a.md\",\"bytes\":4,\"text\":\"text\",\"crate\":\"x\",\"version\":\"1.0\"}\n\
             {\"path\":\"x-1.0/b.md\",\"bytes\":2,\"text\":null,\"crate\":\"x\",\"version\":\"1.0\"}\n\
             {\"path\":\"other/c.md\",\"bytes\":0,\"text\":\"\",\"crate\":null,\"version\":null}\n"
        );
        let mut options = case.options.clone();
        for (capture, message) in
            [("(", "not a regular expression"), ("(a)", "no named group"), ("(?<text>a)", "another column")]
        {
            options.capture = Some(capture.into());
            let Err(error) = open(&options) else { panic!("{capture} was taken") };
            assert!(error.message.contains(message), "{error}");
        }
    }

    #[test]
    fn small_files_go_together() {
        let names: Vec<String> = (0..1000).map(|i| format!("{i:04}.txt")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"0123456789".as_slice())).collect();
        let case =
            Case::new(&files).with(|options| (options.format, options.batch_bytes) = (Some(Format::Files), 1000));
        let rows: Vec<usize> = case.batches().unwrap().iter().map(RecordBatch::num_rows).collect();
        assert_eq!(rows, [100; 10]);
    }
}

/// Bytes that look like JSON lines or CSV at times.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => proptest::sample::select(vec![
            "{", "}", "[", "]", "\"", "\"a\":", "\"b\":", ":", ",", "\n", "\r\n", "\\", "\\u00e9", "\\ud83d", "null", "true", "1", "-", ".5", "e9",
            " ", "x", "é", "{\"a\":1}\n", "{\"a\":1,\"b\":\"x\"}\n", "{\"b\":[1,{\"c\":2}]}\n", "a,b\n", "\"\"",
        ])
        .prop_map(|token| token.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

const FORMATS: [Format; 5] = [Format::Jsonl, Format::Csv, Format::Parquet, Format::Arrow, Format::Files];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_panic(bytes in text(), format in proptest::sample::select(FORMATS.to_vec()), sample_rows in 1..4_usize, utf8: bool) {
        let mut case = Case::new(&[("in", &bytes)]).with(|options| (options.format, options.sample_rows) = (Some(format), sample_rows));
        if utf8 {
            case = case.types(&[("a", DataType::Utf8), ("b", DataType::Utf8)]);
        }
        let whole = case.batches();
        let small = case.with(|options| options.batch_bytes = 8).batches();
        if let (Ok(whole), Ok(small)) = (&whole, &small) {
            let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
            prop_assert_eq!(rows(whole), rows(small));
        }
        prop_assert_eq!(whole.is_ok(), small.is_ok());
    }

    /// What this reader takes, the common one takes with the same meaning, and the other way round but for what we refuse.
    #[test]
    fn rows_mean_what_serde_json_says(bytes in text()) {
        let case = Case::jsonl(&bytes).types(&[("a", DataType::Utf8), ("b", DataType::Utf8)]);
        let Ok(batches) = case.batches() else { return Ok(()) };
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
        for (line, (batch, row)) in lines.zip(rows) {
            let line: serde_json::Value = serde_json::from_slice(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)).unwrap();
            for name in ["a", "b"] {
                let column = batch.column_by_name(name).unwrap().as_string::<i32>();
                match &line[name] {
                    serde_json::Value::Null => prop_assert!(column.is_null(row)),
                    serde_json::Value::String(text) => prop_assert_eq!(column.value(row), text),
                    other => prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(column.value(row)).unwrap(), other),
                }
            }
        }
    }
}

/// A damaged Parquet or Arrow file is an error, or read as if it were whole; not a panic, nor a great allocation.
#[test]
fn damaged_files_are_errors() {
    for name in ["x.parquet", "x.arrow", "x.arrows"] {
        let bytes = crate::sink::tests::sample_file(name);
        for length in (0..bytes.len()).step_by(bytes.len() / 50 + 1) {
            let result = Case::new(&[(name, &bytes[..length])]).batches();
            assert!(result.is_err() || name == "x.arrows", "{name} of {length} bytes");
        }
        for at in (0..bytes.len()).step_by(bytes.len() / 500 + 1) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x55;
            let _ = Case::new(&[(name, &bytes)]).batches();
        }
    }
}

/// Found by fuzzing: it was cut into batches until memory was full.
#[test]
fn an_arrow_file_that_says_it_has_a_quintillion_rows_of_nothing() {
    let nothing: arrow_array::ArrayRef = std::sync::Arc::new(arrow_array::NullArray::new(1 << 60));
    let batch = RecordBatch::try_from_iter([("a", nothing)]).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let error = Case::new(&[("in.arrow", &writer.into_inner().unwrap())]).batches().unwrap_err();
    assert!(error.message.contains("a batch of 1152921504606846976 rows in"), "{error}");
}
