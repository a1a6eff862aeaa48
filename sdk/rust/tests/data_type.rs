//! The contract's words for types, there and back.

use stillroom_sdk::DataType;

#[test]
fn words_there_and_back() {
    let words = "null bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 utf8 large-utf8 \
                 utf8-view binary large-binary binary-view date32 date64";
    let parts = [
        "fixed-size-binary<16>",
        "time32<s>",
        "time32<ms>",
        "time64<us>",
        "time64<ns>",
        "timestamp<s>",
        "timestamp<us, Europe/Berlin>",
        "timestamp<ns, +02:00>",
        "duration<ms>",
        "decimal128<38, 9>",
        "decimal128<5, -2>",
        "list<utf8>",
        "large-list<list<int8>>",
        "fixed-size-list<float32, 768>",
        "struct<role: utf8, content: utf8>",
        "struct<>",
        "struct<a: list<struct<b: dictionary<int32, utf8>>>, c: timestamp<us, UTC>>",
        "dictionary<int32, utf8>",
        r#"struct<"a b": utf8, "quote\"d\\": int8, "": bool, "größe": null, "line\nbreak\u0001": utf8>"#,
    ];
    for text in words.split_whitespace().chain(parts) {
        let data_type: DataType = text.parse().unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(data_type.to_string(), text);
    }
}

#[test]
fn read_but_not_so_written() {
    for (text, written) in [
        (" list < utf8 > ", "list<utf8>"),
        ("timestamp<us,Europe/Berlin>", "timestamp<us, Europe/Berlin>"),
        ("struct<größe:utf8,b-c:int8>", r#"struct<"größe": utf8, b-c: int8>"#),
        (r#"struct<"plain": utf8, "\ud83e\udd80": utf8>"#, r#"struct<plain: utf8, "🦀": utf8>"#),
    ] {
        assert_eq!(text.parse::<DataType>().unwrap().to_string(), written);
    }
}

#[test]
fn no_types() {
    let deep = format!("{}utf8{}", "list<".repeat(100), ">".repeat(100));
    for text in [
        "",
        "utf9",
        "list",
        "list<>",
        "list<utf8",
        "list<utf8>>",
        "time32<us>",
        "time64<s>",
        "timestamp<>",
        "timestamp<h>",
        "decimal128<38>",
        "decimal128<-1, 0>",
        "dictionary<utf8, utf8>",
        "struct<a>",
        "struct<a: utf8 b: utf8>",
        "struct<\"a: utf8>",
        "fixed-size-list<utf8, -1>",
        "fixed-size-binary<x>",
        "map<utf8, utf8>",
        &deep,
    ] {
        assert!(text.parse::<DataType>().is_err(), "{text}");
    }
}
