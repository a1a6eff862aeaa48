/* The SDK's tests, natively. From sdk/c, as tests/run.sh does:
 *     cc -std=c11 -g -fsanitize=address,undefined -Wall -Wextra -Wpedantic -I src tests/test_sdk.c -o /tmp/sdk_test && /tmp/sdk_test
 */
#include "../conformance/step.c"
#include "stillroom_test.h"

static void types(void) {
    static const char *const good[] = {"utf8", "list<utf8>", "struct<role: utf8, content: list<int64>>", "decimal128<38, 9>",
        "timestamp<us, Europe/Berlin>", "fixed-size-list<float32, 768>", "dictionary<int32, utf8>", "struct<>",
        "struct<\"a b\\n\": int8>", " list < int8 > "};
    static const char *const bad[] = {"", "utf9", "list", "list<", "list<utf8", "list<utf8>>", "struct<a>", "struct<a: int8,>",
        "fixed-size-binary<-1>", "fixed-size-binary<99999999999>", "dictionary<utf8, utf8>", "timestamp<>", "struct<\"a: int8>"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const sr_type *type = sr_type_parse(sr_str_of(good[i]));
        SR_TEST(type != NULL && sr_type_equal(type, sr_type_parse(sr_str_of(good[i]))));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) SR_TEST(sr_type_parse(sr_str_of(bad[i])) == NULL);
    SR_TEST(!sr_type_equal(sr_type_must("struct<a: int8>"), sr_type_must("struct<b: int8>")));
    SR_TEST(!sr_type_equal(sr_type_must("timestamp<us>"), sr_type_must("timestamp<ns>")));
    SR_TEST(sr_type_equal(sr_type_must("decimal128<38,9>"), sr_type_must("decimal128<38, 9>")));
    char deep[1200] = "";
    for (int i = 0; i < 200; i++) strcat(deep, "list<");
    SR_TEST(sr_type_parse(sr_str_of(deep)) == NULL);
    SR_TEST_TEXT(sr_type_must("struct<\"a b\\u00e9\": int8>")->children[0].name, "a bé");
}

static void rebuilt(const char *words, const char *json) {
    static const char *const steps[] = {"echo", "rebuild"};
    char columns[200];
    snprintf(columns, sizeof columns, "value: %s", words);
    for (size_t i = 0; i < 2; i++) {
        sr_test_open(steps[i], "{}", columns);
        sr_test_process(1, sr_test_column(words, json));
        SR_TEST_IS(0, json);
    }
}

static void values(void) {
    rebuilt("bool", "[true,null,false,true,true,true,true,true,false,null]");
    rebuilt("int8", "[-128,127,null]");
    rebuilt("int64", "[-9223372036854775808,9223372036854775807,null,9007199254740993]");
    rebuilt("uint64", "[18446744073709551615,0]");
    rebuilt("uint16", "[]");
    rebuilt("float32", "[1.5,null,-0]");
    rebuilt("float64", "[0.1,1e+300]");
    rebuilt("utf8", "[\"\",null,\"é\",\"😀\"]");
    rebuilt("large-binary", "[\"abc\",null]");
    rebuilt("utf8-view", "[\"short\",\"longer than twelve bytes\",null,\"exactly12byt\"]");
    rebuilt("list<int64>", "[[1,null],[],null,[2]]");
    rebuilt("large-list<list<utf8>>", "[[[\"a\"],null],null]");
    rebuilt("fixed-size-list<int8, 2>", "[[1,2],null,[3,null]]");
    rebuilt("struct<a: int64, b: list<struct<c: utf8>>>", "[{\"a\":1,\"b\":[{\"c\":\"x\"},null]},null]");
    rebuilt("null", "[null,null]");
    rebuilt("timestamp<us, Europe/Berlin>", "[1,null]");
    sr_test_open("rebuild", "{}", "value: dictionary<int32, utf8>");
    SR_TEST_FAULT("a column of dictionary<int32, utf8> cannot be rebuilt");
    sr_test_open("rebuild", "{}", "value: list<int128>");
    SR_TEST_FAULT("panic: ");
}

static void steps(void) {
    sr_test_open("words", "{}", "text: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"Hello  World\\tFoo \",null,\"\",\"   \",\"ÄÖ X\"]"));
    SR_TEST_IS(0, "[\"hello  world\\u0009foo \",null,\"\",\"   \",\"ÄÖ x\"]");
    SR_TEST_IS(1, "[3,null,0,0,2]");

    sr_test_open("repeat", "{}", "n: int64");
    sr_test_process(1, sr_test_column("int64", "[2,0,null,-1,1]"));
    SR_TEST_IS(0, "[0,1,0]");
    SR_TEST(sr_test.row_count == 3 && sr_test.rows[1] == 0 && sr_test.rows[2] == 4);
    sr_test_process(1, sr_test_column("int64", "[0]"));
    SR_TEST_IS(0, "[]");
    SR_TEST(sr_test.row_count == 0);

    sr_test_open("reject-odd", "{}", "n: int64");
    sr_test_process(1, sr_test_column("int64", "[2,null,-3]"));
    SR_TEST(sr_test.rejected_count == 1 && sr_test.rejected[0].row == 2);
    SR_TEST(sr_test.rejected_count == 1 && sr_str_is(sr_test.rejected[0].reason, "-3 is odd"));

    sr_test_open("fail", "{\"how\": \"data\"}", "text: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"boom\"]"));
    SR_TEST_FAULT("bad row: boom (");
    SR_TEST(sr_test.whose == SR_DATA && strstr(sr_test.fault, "step.c:") != NULL);
    sr_test_process(1, sr_test_column("utf8", "[\"fine\"]"));
    SR_TEST_IS(0, "[\"fine\"]");
    sr_test_open("fail", "{}", "text: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"boom\"]"));
    SR_TEST_FAULT("panic: exploded: boom (");

    sr_test_open("total", "{}", "n: int64");
    sr_test_process(1, sr_test_column("int64", "[1,null,2]"));
    sr_test_process(1, sr_test_column("int64", "[4]"));
    sr_test_finish();
    SR_TEST_IS(0, "[7]");
    SR_TEST_IS(1, "[4]");
    sr_test_finish();
    SR_TEST(!sr_test.some);
    sr_test_open("total", "{}", "n: int64");
    sr_test_process(1, sr_test_column("int64", "[9223372036854775807,1]"));
    SR_TEST_FAULT("the total does not fit int64");

    sr_test_open("numbers", "{\"count\": 3}", "");
    sr_test_rows(2);
    SR_TEST_IS(0, "[0,1]");
    sr_test_rows(2);
    SR_TEST_IS(0, "[2]");
    sr_test_rows(2);
    SR_TEST_IS(0, "[]");

    sr_test_open("shout", "{}", "text: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"a\",null]"));
    SR_TEST_TEXT(sr_test.log, "info - 2 rows\nwarn 1 row has no text\n");
}

static void params(void) {
    static const char *const wrong[][2] = {
        {"{}", "parameter `name` is missing"},
        {"{\"name\": 3}", "parameter `name` is 3; it must be text"},
        {"{\"name\": \"a\", \"count\": \"x\"}", "parameter `count` is \"x\"; it must be an integer"},
        {"{\"name\": \"a\", \"count\": -1}", "parameter `count` is -1; it must be an integer of 0 or more"},
        {"{\"name\": \"a\", \"count\": 1.5}", "parameter `count` is 1.5; it must be an integer"},
        {"{\"name\": \"a\", \"count\": 9223372036854775808}", "parameter `count` is 9223372036854775808; it must be an integer"},
        {"{\"name\": \"a\", \"mode\": \"slow\"}", "parameter `mode` is \"slow\"; it must be one of `fast`, `careful`"},
        {"{\"name\": \"a\", \"tags\": [1]}", "parameter `tags` is a list; it must be a list of texts"},
        {"{\"name\": \"a\", \"ratio\": 1e999}", "parameter `ratio` is 1e999; it must be a number that float64 holds"},
        {"{\"name\": \"a\", \"nam\": 1}", "unknown parameter `nam`; there are `name`, `count`"},
        {"[]", "parameters are a JSON object"},
        {"{\"name\": \"a\"", "parameters are a JSON object"},
        {"{\"name\": \"\\ud800\"}", "parameters are a JSON object"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        SR_TEST(!sr_test_open("settings", wrong[i][0], "text: utf8"));
        SR_TEST_FAULT(wrong[i][1]);
        SR_TEST(sr_test.whose == SR_PARAMS);
    }
    sr_test_open("settings", "{\"name\": \"\\ud83d\\ude00\", \"tags\": [\"a\", \"b\"], \"flag\": true}", "text: utf8");
    sr_test_process(1, sr_test_column("utf8", "[null]"));
    SR_TEST_IS(0, "[\"😀 3 0.5 true fast a,b\"]");
    sr_test_open("echo", "{}", "text: utf8");
    SR_TEST_FAULT("there is no column `value`");
    sr_test_open("words", "{}", "text: int64");
    SR_TEST_FAULT("column `text` is int64; it must be utf8");
    sr_test_open("nothing", "{}", "");
    SR_TEST_FAULT("this plugin has no step `nothing`");
}

/* Buffers that lie are refused, and never read over their end: the sanitizer sees it. */
static void lies(void) {
    int32_t grows[] = {0, 2, 3}, falls[] = {0, 3, 2}, begins[] = {-1, 2, 3}, far[] = {0, 2, 400};
    struct { const int32_t *offsets; size_t offset_bytes, value_bytes; uint32_t nulls, buffers, length; bool good; } cases[] = {
        {grows, 12, 3, 0, 3, 2, true}, {falls, 12, 3, 0, 3, 2, false}, {begins, 12, 3, 0, 3, 2, false},
        {far, 12, 3, 0, 3, 2, false}, {grows, 8, 3, 0, 3, 2, false}, {grows, 12, 2, 0, 3, 2, false},
        {grows, 12, 3, 1, 3, 2, false}, {grows, 12, 3, 0, 2, 2, false}, {grows, 12, 3, 0, 0, 2, false},
        {grows, 0, 0, 0, 3, 0, true}, {grows, 12, 3, 0, 3, UINT32_MAX, false}, {grows, 12, 3, 3, 3, 2, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sr_test_open("words", "{}", "text: utf8");
        sr_buffer buffers[3] = {{NULL, 0}, {sr_alloc(cases[i].offset_bytes), cases[i].offset_bytes}, {sr_alloc(cases[i].value_bytes), cases[i].value_bytes}};
        memcpy(buffers[1].data, cases[i].offsets, cases[i].offset_bytes);
        memset(buffers[2].data, 'A', cases[i].value_bytes);
        sr_abi_array raw = {cases[i].length, cases[i].nulls, {buffers, cases[i].buffers}};
        SR_TEST(sr_test_process_raw(cases[i].length, &raw, 1) == cases[i].good);
    }
    sr_test_open("words", "{}", "text: utf8");
    SR_TEST(!sr_test_process_raw(0, NULL, 0));
    SR_TEST_FAULT("the host sent a column `text` whose buffers do not fit 0 rows of utf8");
}

static void misuse(void) {
    sr_test_reset();
    sr_test_begin();
    if (setjmp(sr_test.out) == 0) sr_alloc_array(SIZE_MAX / 2, 3);
    SR_TEST(strstr(sr_test.panic, "out of memory") != NULL);
    if (setjmp(sr_test.out) == 0) sr_add_int(sr_builder_of("utf8", 0), 1);
    SR_TEST(strstr(sr_test.panic, "a whole number is added to a column of utf8") != NULL);
    if (setjmp(sr_test.out) == 0) sr_int_at(sr_test_column("int8", "[1]"), 1);
    SR_TEST(strstr(sr_test.panic, "row 1 of a column of 1 rows (int8)") != NULL);
    sr_builder *small = sr_builder_of("int8", 0);
    sr_add_int(small, 300);
    SR_TEST(sr_g.whose == SR_DATA && strcmp(sr_g.fault, "300 does not fit int8") == 0);
    SR_TEST_TEXT(sr_test_show(sr_built(small)), "[null]");
    sr_str text = sr_clean_utf8(sr_str_of("a\xff\xe2\x82z\xc3\xa9"));
    SR_TEST(sr_str_is(text, "a???z\xc3\xa9"));
}

static void described(void) {
    sr_test_reset();
    const sr_abi_list *steps = sr_export_describe();
    const sr_abi_manifest *all = steps->data;
    SR_TEST(steps->count == 11);
    SR_TEST(sr_str_is(all[5].params, "{\"type\":\"object\",\"properties\":{\"how\":{\"enum\":[\"data\",\"plugin\",\"exception\"],"
                                     "\"description\":\"The way to fail.\",\"default\":\"exception\"}},\"required\":[],"
                                     "\"additionalProperties\":false}"));
}

int main(void) {
    types();
    values();
    steps();
    params();
    lies();
    misuse();
    described();
    return sr_test_done();
}
