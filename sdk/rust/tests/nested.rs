//! Lists, structs and dictionaries, in and out, moved and read.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use stillroom_sdk::*;

/// `list<struct<role: utf8, content: utf8>>`: what a chat is.
fn chats() -> AnyArray {
    let roles: Utf8Builder = [Some("user"), Some("assistant"), None, Some("user")].into_iter().collect();
    let contents: Utf8Builder = [Some("Grüße"), Some("🦀"), Some("?"), None].into_iter().collect();
    let turns = StructBuilder::new().member("role", roles).member("content", contents);
    ListBuilder::<_, i32>::from_lengths(turns, [Some(2), None, Some(0), Some(1), Some(1)]).unwrap()
}

/// Roles and contents of each row, as a reader of the column sees them.
fn show(chats: ListColumn<'_, Struct>) -> Vec<Option<String>> {
    let turns = chats.values();
    let (role, content) = (turns.member::<Utf8>("role").unwrap(), turns.member::<Utf8>("content").unwrap());
    let turn = |at| format!("{}:{}", role.get(at).unwrap_or("-"), content.get(at).unwrap_or("-"));
    chats.iter().map(|row| row.map(|turns| turns.map(turn).collect::<Vec<_>>().join(" "))).collect()
}

#[test]
fn chats_are_read_taken_and_concatenated() {
    let batch = test::batch().column("chats", chats());
    assert_eq!(batch.fields()[0].data_type.to_string(), "list<struct<role: utf8, content: utf8>>");
    let rows = show(batch.view::<List<Struct>>("chats"));
    let expected = [Some("user:Grüße assistant:🦀"), None, Some(""), Some("-:?"), Some("user:-")];
    assert_eq!(rows.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);

    let column = batch.view::<Any>("chats");
    let taken = test::batch().column("chats", take(column, &[4, 0, 0, 1]));
    let picked = [4, 0, 0, 1].map(|row: usize| rows[row].clone());
    assert_eq!(show(taken.view::<List<Struct>>("chats")), picked);

    let both = test::batch().column("chats", concat(&[column, taken.view::<Any>("chats")]).unwrap());
    assert_eq!(show(both.view::<List<Struct>>("chats")), [rows, picked.to_vec()].concat());
}

#[test]
fn lists_of_lists() {
    let mut outer = ListBuilder::<_, i64>::new(ListBuilder::<_, i32>::new(Int64Builder::new()));
    for inner in [&[1, 2][..], &[], &[i64::MIN]] {
        outer.values().values().extend_from_slice(inner);
        outer.values().finish_row();
    }
    outer.finish_row();
    outer.push_null();
    outer.finish_row();
    let batch = test::batch().column("deep", outer);
    let back = test::batch().column("deep", take(batch.view::<Any>("deep"), &[2, 1, 0]));
    let deep = back.view::<LargeList<List<Int64>>>("deep");
    assert_eq!(deep.iter().collect::<Vec<_>>(), [Some(0..0), None, Some(0..3)]);
    assert_eq!(deep.values().iter().flatten().collect::<Vec<_>>(), [0..2, 2..2, 2..3]);
    assert_eq!(deep.values().values().values(), [1, 2, i64::MIN]);
}

#[test]
fn fixed_size_lists_are_embeddings() {
    let values: Vec<f32> = (0..6).map(|n| n as f32).collect();
    let valid: Bitmap = [true, false, true].into_iter().collect();
    let array = fixed_size_list(2, Float32Builder::from_values(values), Some(valid)).unwrap();
    let batch = test::batch().column("v", array);
    let taken = test::batch().column("v", take(batch.view::<Any>("v"), &[2, 1]));
    let vectors = taken.view::<FixedSizeList<Float32>>("v");
    assert_eq!(vectors.get(0).map(|range| &vectors.values().values()[range]), Some(&[4.0, 5.0][..]));
    assert_eq!(vectors.get(1), None);
    let both = concat(&[batch.view::<Any>("v"), taken.view::<Any>("v")]).unwrap();
    assert_eq!((both.len(), both.null_count()), (5, 2));
}

fn colours(keys: &[Option<i8>], values: &[Option<&str>]) -> AnyArray {
    let values: Utf8Builder = values.iter().copied().collect();
    dictionary(keys.iter().copied().collect::<Int8Builder>(), values).unwrap()
}

#[test]
fn dictionaries_resolve() {
    let one =
        test::batch().column("c", colours(&[Some(1), None, Some(0), Some(2)], &[Some("red"), Some("blue"), None]));
    let column = one.view::<Dictionary<Utf8>>("c");
    assert_eq!(column.iter().collect::<Vec<_>>(), [Some("blue"), None, Some("red"), None]);
    assert_eq!(column.key(3), Some(2));

    let two = test::batch().column("c", colours(&[Some(0)], &[Some("green")]));
    let both = test::batch().column("c", concat(&[one.view::<Any>("c"), two.view::<Any>("c")]).unwrap());
    let both = test::batch().column("c", take(both.view::<Any>("c"), &[4, 1, 0]));
    assert_eq!(both.view::<Dictionary<Utf8>>("c").iter().collect::<Vec<_>>(), [Some("green"), None, Some("blue")]);
}

#[test]
fn dictionaries_too_large_to_join_are_refused() {
    let values: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let values: Vec<Option<&str>> = values.iter().map(|value| Some(value.as_str())).collect();
    let batch = test::batch().column("c", colours(&[Some(99)], &values));
    let fault = concat(&[batch.view::<Any>("c"), batch.view::<Any>("c")]).unwrap_err();
    assert!(fault.message().contains("too many for the keys"), "{fault}");
}

#[test]
fn all_null_of_every_type() {
    let types = [
        "null",
        "bool",
        "int8",
        "float64",
        "utf8",
        "large-binary",
        "utf8-view",
        "fixed-size-binary<5>",
        "list<utf8>",
        "decimal128<38, 9>",
        "large-list<list<bool>>",
        "fixed-size-list<float32, 3>",
        "dictionary<uint16, utf8>",
        "struct<a: int8, b: list<struct<c: utf8>>>",
        "fixed-size-list<fixed-size-list<utf8, 2>, 2>",
    ];
    for data_type in types.map(|text| text.parse::<DataType>().unwrap()) {
        for len in [0, 1, 9] {
            let batch = test::batch().column("n", AnyArray::all_null(data_type.clone(), len));
            let column = batch.view::<Any>("n");
            assert!((0..len).all(|row| column.is_null(row)), "{data_type}");
            let rows: Vec<u32> = (0..len as u32).collect();
            assert_eq!(take(column, &rows).null_count(), len);
            let _ = test::batch().column("twice", concat(&[column, column]).unwrap());
        }
    }
}

#[test]
fn members_that_are_not_there() {
    let batch = test::batch().column("chats", chats());
    let turns = batch.view::<List<Struct>>("chats").values();
    assert_eq!(turns.members().len(), 2);
    assert!(turns.member::<Utf8>("tone").is_err());
    assert_eq!(turns.member::<Int64>("role").err().unwrap().message(), "member `role` is utf8; it must be int64");
}
