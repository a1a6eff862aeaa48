/* Native tests of steps: this file plays the host. Include it after the file with the implementation:
 *
 *     #include "../step.c"
 *     #include "stillroom_test.h"
 *
 *     int main(void) {
 *         sr_test_open("shout", "{}", "text: utf8");
 *         sr_test_process(1, sr_test_column("utf8", "[\"a\", null]"));
 *         SR_TEST_IS(0, "[\"A!\",null]");
 *         return sr_test_done();
 *     }
 *
 * Columns are written and compared as JSON lists. What crosses goes the same way as in a component: lowered, lifted, checked.
 */
#ifndef STILLROOM_TEST_H
#define STILLROOM_TEST_H
#if !defined(STILLROOM_IMPLEMENTED)
#error "include the file with STILLROOM_IMPLEMENTATION before stillroom_test.h"
#endif

#include <setjmp.h>

/* What the last call came to. */
static struct sr_test_run {
    const char *fault; /* NULL: none. A panic is told as `panic: …`. */
    sr_status whose;
    bool some;         /* After `sr_test_finish`: whether it has answered. */
    uint32_t length, column_count;
    sr_array *columns;
    const uint32_t *rows;
    size_t row_count;
    const sr_abi_rejection *rejected;
    size_t rejected_count;
    char log[4096]; /* Lines: `warn 3 row has no text`, `info - 5 rows`. */
    char panic[1024];
    jmp_buf out;
    int failures, checks;
} sr_test;

static inline void sr_test_panicked(const char *message, size_t size) {
    snprintf(sr_test.panic, sizeof sr_test.panic, "panic: %.*s", (int)size, message);
    longjmp(sr_test.out, 1);
}

static inline void sr_test_logged(int level, const char *message, size_t size, bool has_row, uint32_t row) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    size_t at = strlen(sr_test.log);
    char number[16] = "-";
    if (has_row) snprintf(number, sizeof number, "%u", (unsigned)row);
    snprintf(sr_test.log + at, sizeof sr_test.log - at, "%s %s %.*s\n", levels[level], number, (int)size, message);
}

static inline void sr_test_begin(void) {
    sr_native_panicked = sr_test_panicked;
    sr_native_log = sr_test_logged;
    sr_test.fault = NULL;
    sr_test.whose = SR_OK;
    sr_test.column_count = 0;
    sr_test.row_count = 0;
    sr_test.rejected_count = 0;
}

static inline void sr_test_failed(const sr_abi_fault *fault) {
    sr_test.whose = (sr_status)(fault->whose + SR_PARAMS);
    sr_test.fault = fault->message.data;
}

/* A call that has panicked leaves the instance as it is; the next one begins with new memory. */
static inline void sr_test_told(void) {
    sr_test.whose = SR_PLUGIN_FAULT;
    sr_test.fault = sr_test.panic;
    sr_g.answered = true;
}

/* Frees everything: as a new instance. */
static inline void sr_test_reset(void) {
    sr_blocks_free(&sr_g.blocks);
    sr_blocks_free(&sr_g.kept);
    memset(&sr_g, 0, sizeof sr_g);
    sr_test.log[0] = 0;
}

/* Opens a step in a new instance; `columns` are those of the data: `"text: utf8, n: int64"`. Whether it did. */
static inline bool sr_test_open(const char *step, const char *params, const char *columns) {
    sr_test_reset();
    sr_test_begin();
    if (setjmp(sr_test.out) != 0) {
        sr_test_told();
        return false;
    }
    const sr_type *all = sr_type_must(sr_format("struct<%s>", columns));
    sr_abi_field *fields = (sr_abi_field *)sr_zeroed(all->child_count, sizeof(sr_abi_field));
    for (uint32_t i = 0; i < all->child_count; i++) {
        fields[i].name = sr_str_of(all->children[i].name);
        fields[i].data_type = sr_str_of(all->children[i].words);
        fields[i].nullable = 1;
    }
    const sr_abi_opened *opened = sr_export_open(step, strlen(step), params, strlen(params), fields, all->child_count);
    if (opened->failed) sr_test_failed(&opened->is.fault);
    return !opened->failed;
}

static inline void sr_test_add(sr_builder *to, const sr_json *value) {
    int64_t number;
    uint32_t index = 0;
    if (value->kind == SR_JSON_NULL) sr_add_null(to);
    else if (value->kind == SR_JSON_BOOL) sr_add_bool(to, *value->raw.data == 't');
    else if (value->kind == SR_JSON_STRING) sr_add_str(to, value->text);
    else if (value->kind == SR_JSON_NUMBER) {
        if (to->type->id == SR_FLOAT32 || to->type->id == SR_FLOAT64) sr_add_float(to, sr_json_float(value->raw));
        else if (sr_json_int(value->raw, &number)) sr_add_int(to, number);
        else sr_add_uint(to, strtoull(sr_copy(value->raw), NULL, 10));
    } else {
        for (const sr_json *item = value->items; item != NULL; item = item->next, index++)
            sr_test_add(sr_child(to, value->kind == SR_JSON_OBJECT ? index : 0), item);
        sr_add_row(to);
    }
}

/* A column of a type from a JSON list, until the next call. A struct's members stand in the type's order. */
static inline sr_array *sr_test_column(const char *words, const char *json) {
    const sr_json *list = sr_json_parse(sr_str_of(json));
    sr_builder *builder = sr_builder_of(words, 0);
    if (list == NULL || list->kind != SR_JSON_LIST) {
        fprintf(stderr, "not a JSON list: %s\n", json);
        abort();
    }
    for (const sr_json *item = list->items; item != NULL; item = item->next) sr_test_add(builder, item);
    return sr_built(builder);
}

static inline void sr_test_take(const sr_abi_output *output) {
    const sr_made *made = sr_mades(&sr_g.schema->outputs);
    const sr_abi_array *next = (const sr_abi_array *)output->arrays.data, *end = next + output->arrays.count;
    sr_test.length = output->length;
    sr_test.column_count = (uint32_t)sr_count_of(&sr_g.schema->outputs, sizeof(sr_made));
    sr_g.answered = false; /* What is read here lies in the call's memory. */
    sr_test.columns = (sr_array *)sr_zeroed(sr_test.column_count, sizeof(sr_array));
    for (uint32_t i = 0; i < sr_test.column_count; i++)
        if (!sr_lift(made[i].type, &next, end, &sr_test.columns[i])) sr_panic("column `%s` does not fit together", made[i].name);
    if (next != end) sr_panic("more arrays than columns");
    sr_g.answered = true;
    sr_test.rows = (const uint32_t *)output->rows.data;
    sr_test.row_count = output->rows.count / 4;
    sr_test.rejected = (const sr_abi_rejection *)output->rejected.data;
    sr_test.rejected_count = output->rejected.count;
}

/* One batch of arrays as they cross; of `length` rows. */
static inline bool sr_test_process_raw(uint32_t length, const sr_abi_array *arrays, size_t count) {
    sr_test_begin();
    if (setjmp(sr_test.out) != 0) {
        sr_test_told();
        return false;
    }
    const sr_abi_processed *processed = sr_export_process(length, arrays, count);
    if (processed->failed) sr_test_failed(&processed->is.fault);
    else sr_test_take(&processed->is.output);
    return !processed->failed;
}

/* One batch: the columns that the step has taken, in the order in which it did. Whether it was answered. */
static inline bool sr_test_process(uint32_t count, ...) {
    sr_abi_array raw[64], *next = raw;
    uint32_t length = 0;
    va_list columns;
    va_start(columns, count);
    for (uint32_t i = 0; i < count; i++) {
        const sr_array *column = va_arg(columns, const sr_array *);
        length = column->length;
        next = sr_lower(column, next);
    }
    va_end(columns);
    return sr_test_process_raw(length, raw, (size_t)(next - raw));
}

/* Asks a source for rows. */
static inline bool sr_test_rows(uint32_t most) { return sr_test_process_raw(most, NULL, 0); }

/* The end of an ordered or global step; `sr_test.some` says whether there was an answer. */
static inline bool sr_test_finish(void) {
    sr_test_begin();
    if (setjmp(sr_test.out) != 0) {
        sr_test_told();
        return false;
    }
    const sr_abi_finished *finished = sr_export_finish();
    if (finished->failed) sr_test_failed(&finished->is.fault);
    sr_test.some = !finished->failed && finished->is.some.has;
    if (sr_test.some) sr_test_take(&finished->is.some.output);
    return !finished->failed;
}

static inline void sr_test_show_into(sr_grow *out, const sr_array *array, size_t row) {
    const char *separator = "";
    sr_range items;
    if (sr_is_null(array, row)) {
        sr_grow_text(out, "null");
        return;
    }
    switch (array->type->layout) {
    case SR_LAYOUT_BITS: sr_grow_text(out, sr_bool_at(array, row) ? "true" : "false"); break;
    case SR_LAYOUT_BYTES:
    case SR_LAYOUT_VIEWS: sr_quote(out, sr_str_at(array, row)); break;
    case SR_LAYOUT_LIST:
    case SR_LAYOUT_FIXED_LIST:
        items = sr_list_at(array, row);
        sr_grow_text(out, "[");
        for (size_t item = items.begin; item < items.end; item++, separator = ",") {
            sr_grow_text(out, separator);
            sr_test_show_into(out, &array->children[0], item);
        }
        sr_grow_text(out, "]");
        break;
    case SR_LAYOUT_STRUCT:
        sr_grow_text(out, "{");
        for (uint32_t i = 0; i < array->type->child_count; i++, separator = ",") {
            sr_grow_text(out, separator);
            sr_quote(out, sr_str_of(array->type->children[i].name));
            sr_grow_text(out, ":");
            sr_test_show_into(out, &array->children[i], row);
        }
        sr_grow_text(out, "}");
        break;
    default:
        if (array->type->id == SR_FLOAT32 || array->type->id == SR_FLOAT64)
            sr_grow_text(out, sr_format("%.9g", sr_float_at(array, row)));
        else if (array->type->id == SR_UINT64) sr_grow_text(out, sr_format("%llu", (unsigned long long)sr_uint_at(array, row)));
        else sr_grow_text(out, sr_format("%lld", (long long)sr_int_at(array, row)));
    }
}

/* A column as a JSON list. */
static inline const char *sr_test_show(const sr_array *array) {
    bool answered = sr_g.answered;
    sr_grow out = {NULL, 0, 0};
    sr_g.answered = false; /* What is shown lies in the call's memory. */
    sr_grow_text(&out, "[");
    for (size_t row = 0; row < array->length; row++) {
        if (row > 0) sr_grow_text(&out, ",");
        sr_test_show_into(&out, array, row);
    }
    sr_grow_text(&out, "]");
    const char *text = sr_grow_end(&out).data;
    sr_g.answered = answered;
    return text;
}

static inline void sr_test_equal(const char *found, const char *wanted, const char *file, int line) {
    sr_test.checks += 1;
    if (found != NULL && strcmp(found, wanted) == 0) return;
    sr_test.failures += 1;
    fprintf(stderr, "%s:%d: expected %s\n  found %s\n", file, line, wanted, found == NULL ? "nothing" : found);
}

static inline const char *sr_test_column_text(uint32_t column) {
    return sr_test.fault != NULL ? sr_test.fault : column < sr_test.column_count ? sr_test_show(&sr_test.columns[column]) : NULL;
}

/* The last answer's column, as a JSON list without spaces. */
#define SR_TEST_IS(column, wanted) sr_test_equal(sr_test_column_text(column), wanted, __FILE__, __LINE__)
/* The last call's fault: the message begins like this (its place may follow). */
#define SR_TEST_FAULT(wanted) \
    sr_test_equal(sr_test.fault == NULL ? NULL : strncmp(sr_test.fault, wanted, strlen(wanted)) == 0 ? wanted : sr_test.fault, wanted, __FILE__, __LINE__)
#define SR_TEST_TEXT(found, wanted) sr_test_equal(found, wanted, __FILE__, __LINE__)
#define SR_TEST(condition) sr_test_equal((condition) ? "true" : "false: " #condition, "true", __FILE__, __LINE__)

/* What `main` returns: 0 where all was as expected. */
static inline int sr_test_done(void) {
    sr_test_reset();
    if (sr_test.failures == 0) printf("%d checks passed\n", sr_test.checks);
    return sr_test.failures == 0 ? 0 : 1;
}

#endif /* STILLROOM_TEST_H */
