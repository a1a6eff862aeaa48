use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int8Array, Int64Array, LargeStringArray,
    NullArray, StringArray, StringViewArray, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow_cast::display::array_value_to_string;

use super::*;

/// Three rows of every type.
fn rows() -> RecordBatch {
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("x"), None]);
    list.append_null();
    list.append_value::<_, String>([]);
    let dictionary: DictionaryArray<Int32Type> = vec![Some("en"), None, Some("de")].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]))),
        ("small", Arc::new(Int8Array::from(vec![100, -128, 0]))),
        ("u32", Arc::new(UInt32Array::from(vec![7, 8, u32::MAX]))),
        ("hash", Arc::new(UInt64Array::from(vec![0, 5, u64::MAX]))),
        ("zero", Arc::new(Int64Array::from(vec![0, 1, 2]))),
        ("max", Arc::new(Int64Array::from(vec![i64::MAX, i64::MIN, 0]))),
        ("f", Arc::new(Float64Array::from(vec![Some(0.5), None, Some(-2.5)]))),
        ("f32", Arc::new(Float32Array::from(vec![0.25, f32::NAN, 1e9]))),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("text", Arc::new(StringArray::from(vec![Some("Straße"), None, Some(" 100% ")]))),
        ("large", Arc::new(LargeStringArray::from(vec!["a_c", "abc", ""]))),
        ("view", Arc::new(StringViewArray::from(vec!["abc", "ABC", "a string that is not short at all"]))),
        ("lang", Arc::new(dictionary)),
        ("day", Arc::new(Date32Array::from(vec![Some(0), None, Some(20_000)]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![0, 1, 1_000_000_000_000_000]))),
        ("money", Arc::new(decimals(vec![150, -25, 0]))),
        ("list", Arc::new(list.finish())),
        ("nothing", Arc::new(NullArray::new(3))),
        ("odd name", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("interval", Arc::new(Int64Array::from(vec![1, 2, 3]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn decimals(cents: Vec<i128>) -> Decimal128Array {
    Decimal128Array::from(cents).with_precision_and_scale(10, 2).unwrap()
}

fn shown(array: &dyn Array) -> String {
    let nulls = array.logical_nulls();
    let is_null = |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    let show = |row| if is_null(row) { "null".into() } else { array_value_to_string(array, row).unwrap() };
    (0..array.len()).map(show).collect::<Vec<_>>().join(" | ")
}

fn result(text: &str, batch: &RecordBatch) -> Result<String, ExpressionError> {
    let expression = Expression::parse(text)?;
    let planned = expression.data_type(&batch.schema())?;
    let array = expression.evaluate(batch)?;
    assert_eq!(array.data_type(), &planned, "{text}: `check` and `run` differ");
    assert_eq!(array.len(), batch.num_rows(), "{text}");
    Ok(shown(&array))
}

#[test]
fn values() {
    let batch = rows();
    let mut failures = String::new();
    for (text, expected) in VALUES {
        let found = result(text, &batch).unwrap_or_else(|error| format!("ERROR {error}"));
        if found != *expected {
            failures += &format!("{text}\n  expected {expected}\n  found    {found}\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Expression and its three values.
const VALUES: &[(&str, &str)] = &[
    // Columns and constants.
    ("n", "1 | null | 3"),
    ("\"odd name\"", "1 | 2 | 3"),
    ("interval + 1", "2 | 3 | 4"),
    ("1", "1 | 1 | 1"),
    ("-9223372036854775808", "-9223372036854775808 | -9223372036854775808 | -9223372036854775808"),
    ("18446744073709551615", "18446744073709551615 | 18446744073709551615 | 18446744073709551615"),
    ("'it''s'", "it's | it's | it's"),
    ("null", "null | null | null"),
    ("TRUE and Not FALSE", "true | true | true"),
    // Comparisons.
    ("n >= 2", "false | null | true"),
    ("n = 1 or n = 3", "true | null | true"),
    ("n == 1", "true | null | false"),
    ("n <> 1", "false | null | true"),
    ("small < 1000", "true | true | true"),
    ("small > n", "true | null | false"),
    ("u32 > -1", "true | true | true"),
    ("hash > -1", "true | true | true"),
    ("hash > n", "false | null | true"),
    ("hash = 18446744073709551615", "false | false | true"),
    ("n > 1.5", "false | null | true"),
    ("f32 = 0.25", "true | false | false"),
    ("f32 > 1e300", "false | true | false"),
    ("money = 1.5", "true | false | false"),
    ("money > 0", "true | false | false"),
    ("money < hash", "false | true | true"),
    ("lang = 'en'", "true | null | false"),
    ("lang = large", "false | null | false"),
    ("large = 'abc'", "false | true | false"),
    ("view < large", "false | true | false"),
    ("'abc' = view", "true | false | false"),
    ("day >= '2024-01-01'", "false | null | true"),
    ("at > '1970-01-01T00:00:00'", "false | true | true"),
    ("at < '2000-01-01'", "true | true | false"),
    ("day = at", "true | null | false"),
    ("flag = true", "true | null | false"),
    ("n = null", "null | null | null"),
    ("nothing > 3", "null | null | null"),
    ("null = null", "null | null | null"),
    // Logic.
    ("flag or true", "true | true | true"),
    ("flag and false", "false | false | false"),
    ("flag and null", "null | null | false"),
    ("not flag", "false | null | true"),
    ("not not n = 1", "true | null | false"),
    ("flag is null", "false | true | false"),
    ("flag is not null", "true | false | true"),
    ("list is null", "false | true | false"),
    ("flag is true", "true | false | false"),
    ("flag is not true", "false | true | true"),
    ("flag is false", "false | false | true"),
    ("n is distinct from 1", "false | true | true"),
    ("n is not distinct from null", "false | true | false"),
    ("nothing is null", "true | true | true"),
    // `and` binds more tightly than `or`.
    ("true or true and false", "true | true | true"),
    ("(true or true) and false", "false | false | false"),
    // Lists and ranges.
    ("n in (1, 2)", "true | null | false"),
    ("n not in (1, 2)", "false | null | true"),
    ("n in (1, null)", "true | null | null"),
    ("lang in ('en', 'fr')", "true | null | false"),
    ("1 in (1)", "true | true | true"),
    ("n between 2 and 3 and flag is false", "false | false | true"),
    ("n not between 2 and 3", "true | null | false"),
    // Arithmetic.
    ("1 + 2 * 3 - 4", "3 | 3 | 3"),
    ("(1 + 2) * 3", "9 | 9 | 9"),
    ("10 - 4 - 3", "3 | 3 | 3"),
    ("7 / 2", "3 | 3 | 3"),
    ("-7 % 3", "-1 | -1 | -1"),
    ("7 / 2.0", "3.5 | 3.5 | 3.5"),
    ("small * 1000", "100000 | -128000 | 0"),
    ("-small", "-100 | 128 | 0"),
    ("- -n", "1 | null | 3"),
    ("u32 - 8", "-1 | 0 | 4294967287"),
    ("hash % 10", "0 | 5 | 5"),
    ("n + f", "1.5 | null | 0.5"),
    ("f / 0", "inf | null | -inf"),
    ("money * 2", "3.00 | -0.50 | 0.00"),
    ("money + 0.5", "2.0 | 0.25 | 0.5"),
    ("n + null", "null | null | null"),
    ("max % -1", "0 | 0 | 0"),
    // Guards.
    ("zero != 0 and 10 / zero > 4", "false | true | true"),
    ("zero = 0 or 10 / zero > 5", "true | true | false"),
    ("case when zero = 0 then -1 else 10 / zero end", "-1 | 10 | 5"),
    ("coalesce(nullif(zero, 0), 7)", "7 | 1 | 2"),
    ("10 / nullif(zero, 0)", "null | 10 | 5"),
    // Case.
    ("case when n = 1 then 'one' when n = 3 then view end", "one | null | a string that is not short at all"),
    ("case n when 1 then 'a' else 'b' end", "a | b | b"),
    ("case when n = 1 then 1 else 0.5 end", "1.0 | 0.5 | 0.5"),
    ("case when n = 1 then hash else small end", "0 | -128 | 0"),
    ("case when flag then null end", "null | null | null"),
    ("case when true then list end", "[x, ] | null | []"),
    // Text.
    ("text like '%00\\% '", "false | null | true"),
    ("large like 'a_c'", "true | true | false"),
    ("view ilike 'AB%'", "true | true | false"),
    ("view not like 'a%'", "false | true | false"),
    ("lang like 'e_'", "true | null | false"),
    ("length(text)", "6 | null | 6"),
    ("octet_length(text)", "7 | null | 6"),
    ("length(view)", "3 | 3 | 33"),
    ("length(lang)", "2 | null | 2"),
    ("length(list)", "2 | null | 0"),
    ("upper(text)", "STRASSE | null |  100% "),
    ("LOWER(view)", "abc | abc | a string that is not short at all"),
    ("upper(lang)", "EN | null | DE"),
    ("trim(text)", "Straße | null | 100%"),
    ("contains(text, '100')", "false | null | true"),
    ("contains(text, trim(text))", "true | null | true"),
    ("starts_with(view, 'a')", "true | false | true"),
    ("ends_with('abc', 'c')", "true | true | true"),
    ("regexp_like(text, '^\\s*\\d+%')", "false | null | true"),
    ("large || '-' || lang", "a_c-en | null | -de"),
    ("'a' || 'b'", "ab | ab | ab"),
    // Numbers.
    ("abs(small)", "100 | 128 | 0"),
    ("abs(f)", "0.5 | null | 2.5"),
    ("round(f)", "1.0 | null | -3.0"),
    ("round(2.345, 2)", "2.35 | 2.35 | 2.35"),
    ("floor(f)", "0.0 | null | -3.0"),
    ("ceil(n)", "1 | null | 3"),
    ("coalesce(n, f, 0)", "1.0 | 0.0 | 3.0"),
    // Casts.
    ("cast(n as text) || '!'", "1! | null | 3!"),
    ("cast('12' as int) + 1", "13 | 13 | 13"),
    ("try_cast(text as int)", "null | null | null"),
    ("cast(f as int)", "0 | null | -2"),
    ("cast(flag as int)", "1 | null | 0"),
    ("cast('2024-05-01' as date) > day", "true | null | false"),
    ("cast(n as float) / 2", "0.5 | null | 1.5"),
];

#[test]
fn errors() {
    let batch = rows();
    let mut failures = String::new();
    for (text, expected) in ERRORS {
        let found = match result(text, &batch) {
            Ok(values) => format!("no error but {values}"),
            Err(error) => {
                let at = error.offset.map_or("-".into(), |offset| offset.to_string());
                let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
                format!("{at}: {}{help}", error.message)
            }
        };
        if !found.starts_with(expected) {
            failures += &format!("{text}\n  expected {expected}\n  found    {found}\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Expression and byte, message and help; as far as it is given.
const ERRORS: &[(&str, &str)] = &[
    ("", "0: expected a value, but the expression ends"),
    ("n >", "3: expected a value, but the expression ends"),
    ("n > 1 2", "6: expected the end or an operator, found `2`"),
    ("n > 1)", "5: expected the end or an operator, found `)`"),
    ("(n", "2: expected `)`, but the expression ends"),
    ("1 < n < 3", "6: two comparisons in a row (write `a < b and b < c`)"),
    ("n is 3", "5: expected `null`, `true`, `false` or `distinct from`, found `3`"),
    ("n not 3", "6: expected `in`, `between` or `like`, found `3`"),
    ("n in ()", "0: `in` over nothing"),
    ("text = \u{201c}x\u{201d}", "7: unexpected `\u{201c}` (text goes in straight quotes: 'text')"),
    ("text = 'x", "7: the quote ' is never closed"),
    ("n && 1", "2: unexpected `&` (write `and`)"),
    ("a.b > 1", "1: unexpected `.`"),
    ("12ab", "0: `12ab` is neither a number nor a name"),
    ("99999999999999999999", "0: the number `99999999999999999999` does not fit in 64 bits"),
    ("1e999", "0: the number `1e999` does not fit in 64 bits"),
    ("-9223372036854775809", "0: the number `-9223372036854775809` does not fit in 64 bits"),
    ("case + 1", "8: expected `when`, but the expression ends"),
    ("then > 1", "0: expected a value, found `then` (a column of that name goes in double quotes: \"then\")"),
    ("lenght(text)", "0: no function is called `lenght` (did you mean `length`?)"),
    ("length()", "0: `length` takes 1 argument, not 0"),
    ("round(1, 2, 3)", "0: `round` takes 1 to 2 arguments, not 3"),
    ("coalesce()", "0: `coalesce` takes 1 or more arguments, not 0"),
    ("cast(n as foo)", "10: expected a type, found `foo` (the types are `bool`, `int`"),
    ("1 + lagn", "4: no column `lagn` (did you mean `lang`?)"),
    ("N", "0: no column `N` (did you mean `n`?)"),
    ("n > '5'", "0: `n > '5'`: int64 cannot be compared with text"),
    ("list = 1", "0: `list = 1`: list"),
    ("n and flag", "0: expected true or false, found int64"),
    ("text + 1", "0: `text + 1`: no arithmetic over text and int64 (`a || b` joins texts"),
    ("length(n)", "0: `length(n)`: `length` wants text, not int64"),
    ("abs(text)", "0: `abs(text)`: `abs` wants a number, not text"),
    ("n like 'a'", "0: `n like 'a'`: `like` wants text, not int64"),
    ("regexp_like(text, '(')", "0: `regexp_like(text, '(')`: Regular expression did not compile"),
    ("regexp_like(text, view)", "0: `regexp_like(text, view)`: the pattern must be a constant"),
    (
        "case when flag then 1 else 'a' end",
        "0: `case when flag then 1 else 'a' end`: int64 and text cannot be one column",
    ),
    (
        "day > 'yesterday'",
        "0: `day > 'yesterday'`: Cannot cast string 'yesterday' to value of Date32 type (write dates",
    ),
    ("cast(list as int)", "0: `cast(list as int)`: list"),
    ("1 / zero", "0: `1 / zero`: division by zero (`nullif(x, 0)`"),
    ("1 % 0", "0: `1 % 0`: division by zero"),
    ("flag and 1 / 0 > 1", "9: `1 / 0`: division by zero"),
    ("max + 1", "0: `max + 1`: integer overflow: 9223372036854775807 + 1"),
    ("abs(max)", "0: `abs(max)`: integer overflow: abs(-9223372036854775808)"),
    ("hash - 1", "0: `hash - 1`: integer overflow: 0 - 1"),
    ("hash - n", "0: `hash - n`: Can't cast value 18446744073709551615 to type Int64"),
    ("cast(text as int)", "0: `cast(text as int)`: Cannot cast string 'Straße' to value of Int64 type"),
    ("round(f, 99)", "0: `round(f, 99)`: the digits must be a constant from 0 to 15"),
];

#[test]
fn filters_have_no_nulls() {
    let batch = rows();
    for (text, expected) in
        [("n >= 1", "true | false | true"), ("null", "false | false | false"), ("true", "true | true | true")]
    {
        let expression = Expression::parse(text).unwrap();
        expression.check_filter(&batch.schema()).unwrap();
        assert_eq!(shown(&expression.filter(&batch).unwrap()), expected, "{text}");
    }
    let number = Expression::parse("n + 1").unwrap();
    let error = number.check_filter(&batch.schema()).unwrap_err();
    assert_eq!(error.message, "`n + 1`: expected true or false, found int64");
}

#[test]
fn names_its_columns_once() {
    let expression = Expression::parse("b > 1 and (a < 2 or \"b\" = lower(c)) and a in (d)").unwrap();
    assert_eq!(expression.columns().collect::<Vec<_>>(), ["b", "a", "c", "d"]);
}

#[test]
fn works_without_rows_and_without_columns() {
    let batch = rows();
    for (text, _) in VALUES {
        assert_eq!(Expression::parse(text).unwrap().evaluate(&batch.slice(1, 0)).unwrap().len(), 0, "{text}");
    }
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(2));
    let nothing = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    assert_eq!(result("1 < 2", &nothing).unwrap(), "true | true");
}

/// Slices have offsets into their buffers, which kernels by hand may forget.
#[test]
fn works_on_slices() {
    let batch = rows();
    for (text, expected) in VALUES {
        let found = result(text, &batch.slice(2, 1)).unwrap();
        assert_eq!(found, expected.rsplit(" | ").next().unwrap(), "{text}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let batch = rows();
    for part in
        ["(", "not ", "-", "- ", "abs(", "case when ", "cast(", "coalesce(", "n in (", "n between ", "position("]
    {
        for times in [1, 20, 63, 64, 65, 10_000] {
            let open = part.repeat(times);
            assert!(Expression::parse(&open).is_err(), "{part} × {times}");
            let _ = Expression::parse(&format!("{open}n{}", ")".repeat(times)));
        }
    }
    let deep = format!("{}n{}", "abs(".repeat(60), ")".repeat(60));
    assert_eq!(result(&deep, &batch).unwrap(), "1 | null | 3");
    let sum = format!("n{}", " + 1".repeat(10_000));
    assert!(Expression::parse(&sum).unwrap_err().message.contains("levels of nesting"));
    let long = format!("n = 0{}", " or n = 3".repeat(3_000));
    assert_eq!(result(&long, &batch).unwrap(), "false | null | true");
    let guards = format!("{}1 / zero > 0{}", "zero = 0 or (zero != 0 and (".repeat(14), "))".repeat(14));
    let _ = result(&guards, &batch);
    assert!(Expression::parse(&"n".repeat(MIB + 1)).is_err());
}

const MIB: usize = 1 << 20;

/// Pieces of the language in any order: an answer or an error, and in time.
#[test]
fn no_text_panics() {
    const PIECES: [&str; 44] = [
        "n",
        "text",
        "flag",
        "lang",
        "day",
        "list",
        "nothing",
        "hash",
        "f",
        "money",
        "1",
        "0",
        "-1",
        "2.5",
        "'a'",
        "''",
        "null",
        "true",
        "(",
        ")",
        ",",
        "+",
        "-",
        "/",
        "%",
        "||",
        "=",
        "<",
        "and",
        "or",
        "not",
        "is",
        "in",
        "like",
        "between",
        "case",
        "when",
        "then",
        "else",
        "end",
        "length(",
        "coalesce(",
        "cast(",
        "as int)",
    ];
    let batch = rows();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let mut read = 0;
    for _ in 0..20_000 {
        let count = 1 + next(9);
        let text: Vec<&str> = (0..count).map(|_| PIECES[next(PIECES.len())]).collect();
        let text = text.join(" ");
        if let Ok(expression) = Expression::parse(&text) {
            read += 1;
            let _ = expression.data_type(&batch.schema());
            let _ = expression.evaluate(&batch);
            let _ = expression.filter(&batch);
        }
        let mut bytes = text.into_bytes();
        let at = next(bytes.len());
        bytes[at] = next(256) as u8;
        let _ = Expression::parse(&String::from_utf8_lossy(&bytes));
    }
    assert!(read > 500, "only {read} could be read");
}
