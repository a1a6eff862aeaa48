/* The conformance plugin: the same eleven steps in every language. */
#define STILLROOM_IMPLEMENTATION
#include "stillroom.h"

static const sr_param no_params[] = {{0}};
static const sr_param column_params[] = {
    {.name = "column", .type = SR_TEXT, .summary = "The column to take.", .fallback = "\"value\""},
    {0},
};
static const sr_column_spec text_column[] = {{.name = "text", .types = "utf8", .summary = "The text."}, {0}};
static const sr_column_spec n_column[] = {{.name = "n", .types = "int64", .summary = "The number."}, {0}};

/* ---- echo ---- */

static sr_status echo_open(sr_schema *schema, void *state) {
    sr_in *in = state;
    *in = sr_take(schema, sr_param_text(schema, "column").data);
    sr_make_like(schema, *in);
    return SR_OK;
}

static sr_status echo_process(void *state, const sr_batch *batch, sr_output *output) {
    sr_put(output, sr_column(batch, *(sr_in *)state));
    return SR_OK;
}

static const sr_step echo = {
    .name = "echo", .summary = "Hands a column on.", .params = column_params,
    .state_size = sizeof(sr_in), .open = echo_open, .process = echo_process,
};

/* ---- rebuild ---- */

static sr_status rebuild_open(sr_schema *schema, void *state) {
    sr_in *in = state;
    *in = sr_take(schema, sr_param_text(schema, "column").data);
    const sr_type *type = sr_type_of(schema, *in);
    if (type->id != SR_OTHER && !sr_type_buildable(type)) return sr_params_fault("a column of %s cannot be rebuilt", type->words);
    sr_make_like(schema, *in);
    return SR_OK;
}

static void rebuild_row(const sr_array *from, size_t row, sr_builder *to);

static void rebuild_parts(const sr_array *from, size_t row, sr_builder *to) {
    if (from->type->id == SR_STRUCT) {
        for (uint32_t i = 0; i < from->type->child_count; i++) rebuild_row(&from->children[i], row, sr_child(to, i));
    } else {
        sr_range items = sr_list_at(from, row);
        for (size_t item = items.begin; item < items.end; item++) rebuild_row(&from->children[0], item, sr_child(to, 0));
    }
    sr_add_row(to);
}

static void rebuild_row(const sr_array *from, size_t row, sr_builder *to) {
    if (sr_is_null(from, row)) {
        sr_add_null(to);
        return;
    }
    switch (from->type->id) {
    case SR_BOOL: sr_add_bool(to, sr_bool_at(from, row)); break;
    case SR_INT8: case SR_INT16: case SR_INT32: case SR_INT64: sr_add_int(to, sr_int_at(from, row)); break;
    case SR_UINT8: case SR_UINT16: case SR_UINT32: case SR_UINT64: sr_add_uint(to, sr_uint_at(from, row)); break;
    case SR_FLOAT32: case SR_FLOAT64: sr_add_float(to, sr_float_at(from, row)); break;
    case SR_UTF8: case SR_LARGE_UTF8: case SR_UTF8_VIEW:
    case SR_BINARY: case SR_LARGE_BINARY: case SR_BINARY_VIEW: sr_add_str(to, sr_str_at(from, row)); break;
    case SR_LIST: case SR_LARGE_LIST: case SR_FIXED_SIZE_LIST: case SR_STRUCT: rebuild_parts(from, row, to); break;
    default: sr_add_fixed(to, sr_fixed_at(from, row)); /* float16, decimals, dates and times, bytes of a fixed size */
    }
}

static sr_status rebuild_process(void *state, const sr_batch *batch, sr_output *output) {
    const sr_array *column = sr_column(batch, *(sr_in *)state);
    sr_builder *builder = sr_builder_like(column->type, column->length);
    for (size_t row = 0; row < column->length; row++) rebuild_row(column, row, builder);
    sr_put_built(output, builder);
    return SR_OK;
}

static const sr_step rebuild = {
    .name = "rebuild", .summary = "Reads every value of a column and builds it anew.", .params = column_params,
    .state_size = sizeof(sr_in), .open = rebuild_open, .process = rebuild_process,
};

/* ---- words ---- */

static sr_status words_open(sr_schema *schema, void *state) {
    *(sr_in *)state = sr_take_as(schema, "text", "utf8");
    sr_make(schema, "text", "utf8");
    sr_make(schema, "words", "int64");
    return SR_OK;
}

static inline uint8_t is_space(uint8_t c) { return (uint8_t)((c == ' ') | ((uint8_t)(c - '\t') < 5)); }

/* Words begin where no white space follows white space. In pieces of so few bytes that their number fits a byte: the
 * compiler then counts sixteen of them at once. */
static int64_t count_words(const uint8_t *text, size_t size) {
    int64_t words = size > 0 && !is_space(text[0]);
    for (size_t begin = 1; begin < size; begin += 255) {
        size_t end = size - begin < 255 ? size : begin + 255;
        uint8_t found = 0;
        for (size_t i = begin; i < end; i++) found = (uint8_t)(found + (is_space(text[i - 1]) & (is_space(text[i]) ^ 1)));
        words += found;
    }
    return words;
}

static sr_status words_process(void *state, const sr_batch *batch, sr_output *output) {
    const sr_array *text = sr_column(batch, *(sr_in *)state);
    const int32_t *offsets = sr_offsets(text);
    sr_str bytes = sr_bytes(text);
    sr_array *lower = sr_bytes_like(text), *words = sr_fixed("int64", text->length, text);
    char *to = sr_values(lower);
    int64_t *counts = sr_values(words);
    /* All rows' bytes at once: ASCII is the only case that changes no length. */
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t c = (uint8_t)bytes.data[i];
        to[i] = (char)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
    }
    for (uint32_t row = 0; row < text->length; row++)
        counts[row] = count_words((const uint8_t *)bytes.data + offsets[row], (size_t)(offsets[row + 1] - offsets[row]));
    sr_put(output, lower);
    sr_put(output, words);
    return SR_OK;
}

static const sr_step words = {
    .name = "words", .summary = "Lower-cases a text (ASCII) and counts its words.", .params = no_params,
    .columns = text_column, .state_size = sizeof(sr_in), .open = words_open, .process = words_process,
};

/* ---- repeat ---- */

static sr_status repeat_open(sr_schema *schema, void *state) {
    *(sr_in *)state = sr_take_as(schema, "n", "int64");
    sr_make(schema, "copy", "int64");
    sr_rows_any(schema);
    return SR_OK;
}

static sr_status repeat_process(void *state, const sr_batch *batch, sr_output *output) {
    const sr_array *n = sr_column(batch, *(sr_in *)state);
    const int64_t *times = sr_int64s(n);
    sr_builder *copy = sr_builder_of("int64", n->length);
    for (uint32_t row = 0; row < n->length; row++) {
        for (int64_t i = 0; !sr_is_null(n, row) && i < times[row]; i++) {
            sr_add_int(copy, i);
            sr_origin(output, row);
        }
    }
    sr_put_built(output, copy);
    return SR_OK;
}

static const sr_step repeat = {
    .name = "repeat", .summary = "Every row n times.", .params = no_params, .columns = n_column,
    .state_size = sizeof(sr_in), .open = repeat_open, .process = repeat_process,
};

/* ---- reject-odd ---- */

static sr_status reject_odd_open(sr_schema *schema, void *state) {
    *(sr_in *)state = sr_take_as(schema, "n", "int64");
    sr_make(schema, "n", "int64");
    return SR_OK;
}

static sr_status reject_odd_process(void *state, const sr_batch *batch, sr_output *output) {
    const sr_array *n = sr_column(batch, *(sr_in *)state);
    const int64_t *values = sr_int64s(n);
    for (uint32_t row = 0; row < n->length; row++)
        if (!sr_is_null(n, row) && values[row] % 2 != 0) sr_reject(output, row, "%lld is odd", (long long)values[row]);
    sr_put(output, n);
    return SR_OK;
}

static const sr_step reject_odd = {
    .name = "reject-odd", .summary = "Rejects rows with an odd number.", .params = no_params, .columns = n_column,
    .state_size = sizeof(sr_in), .open = reject_odd_open, .process = reject_odd_process,
};

/* ---- fail ---- */

enum { HOW_DATA, HOW_PLUGIN, HOW_EXCEPTION };

struct fail {
    sr_in text;
    size_t how;
};

static sr_status fail_open(sr_schema *schema, void *state) {
    struct fail *fail = state;
    fail->how = sr_param_choice(schema, "how");
    fail->text = sr_take_as(schema, "text", "utf8");
    sr_make_like(schema, fail->text);
    return SR_OK;
}

static sr_status fail_process(void *state, const sr_batch *batch, sr_output *output) {
    const struct fail *fail = state;
    const sr_array *text = sr_column(batch, fail->text);
    for (uint32_t row = 0; row < text->length; row++) {
        sr_str value = sr_str_at(text, row);
        if (sr_is_null(text, row) || !sr_str_is(value, "boom")) continue;
        if (fail->how == HOW_DATA) return sr_data_fault("bad row: %.*s", SR_ARGS(value));
        if (fail->how == HOW_PLUGIN) return sr_plugin_fault("broken: %.*s", SR_ARGS(value));
        sr_panic("exploded: %.*s", SR_ARGS(value));
    }
    sr_put(output, text);
    return SR_OK;
}

static const sr_step fail = {
    .name = "fail", .summary = "Fails at a text `boom`.", .columns = text_column,
    .params = (const sr_param[]){
        {.name = "how", .type = SR_CHOICE, .summary = "The way to fail.", .fallback = "\"exception\"",
         .choices = "data|plugin|exception"},
        {0},
    },
    .state_size = sizeof(struct fail), .open = fail_open, .process = fail_process,
};

/* ---- total ---- */

struct total {
    sr_in n;
    int64_t total, rows;
    bool answered;
};

static sr_status total_open(sr_schema *schema, void *state) {
    struct total *self = state;
    self->n = sr_take_as(schema, "n", "int64");
    sr_make(schema, "total", "int64");
    sr_make(schema, "rows", "int64");
    sr_rows_any(schema);
    return SR_OK;
}

static sr_status total_process(void *state, const sr_batch *batch, sr_output *output) {
    struct total *self = state;
    const sr_array *n = sr_column(batch, self->n);
    const int64_t *values = sr_int64s(n);
    (void)output;
    for (uint32_t row = 0; row < n->length; row++) {
        if (!sr_is_null(n, row) && __builtin_add_overflow(self->total, values[row], &self->total))
            return sr_data_fault("the total does not fit int64");
    }
    self->rows += n->length;
    return SR_OK;
}

static sr_status total_finish(void *state, sr_output *output) {
    struct total *self = state;
    if (self->answered) return SR_OK;
    self->answered = true;
    sr_builder *total = sr_builder_of("int64", 1), *rows = sr_builder_of("int64", 1);
    sr_add_int(total, self->total);
    sr_add_int(rows, self->rows);
    sr_put_built(output, total);
    sr_put_built(output, rows);
    sr_origin(output, 0);
    return SR_OK;
}

static const sr_step total = {
    .name = "total", .kind = SR_GLOBAL, .summary = "Adds all numbers up.", .params = no_params, .columns = n_column,
    .state_size = sizeof(struct total), .open = total_open, .process = total_process, .finish = total_finish,
};

/* ---- running ---- */

struct running {
    sr_in n;
    int64_t sum;
};

static sr_status running_open(sr_schema *schema, void *state) {
    struct running *self = state;
    self->n = sr_take_as(schema, "n", "int64");
    sr_make(schema, "sum", "int64");
    return SR_OK;
}

static sr_status running_process(void *state, const sr_batch *batch, sr_output *output) {
    struct running *self = state;
    const sr_array *n = sr_column(batch, self->n);
    const int64_t *values = sr_int64s(n);
    sr_array *sums = sr_fixed("int64", n->length, NULL);
    int64_t *sum = sr_values(sums);
    for (uint32_t row = 0; row < n->length; row++) {
        if (!sr_is_null(n, row) && __builtin_add_overflow(self->sum, values[row], &self->sum))
            return sr_data_fault("the sum does not fit int64");
        sum[row] = self->sum;
    }
    sr_put(output, sums);
    return SR_OK;
}

static const sr_step running = {
    .name = "running", .kind = SR_ORDERED, .summary = "The sum so far.", .params = no_params, .columns = n_column,
    .state_size = sizeof(struct running), .open = running_open, .process = running_process,
};

/* ---- numbers ---- */

struct numbers {
    int64_t next, count;
};

static sr_status numbers_open(sr_schema *schema, void *state) {
    ((struct numbers *)state)->count = sr_param_int(schema, "count");
    sr_make(schema, "n", "int64");
    return SR_OK;
}

static sr_status numbers_process(void *state, const sr_batch *batch, sr_output *output) {
    struct numbers *self = state;
    sr_builder *n = sr_builder_of("int64", 0);
    if (self->next >= self->count) return SR_OK;
    for (uint32_t row = 0; row < batch->length && self->next < self->count; row++) sr_add_int(n, self->next++);
    sr_put_built(output, n);
    return SR_OK;
}

static const sr_step numbers = {
    .name = "numbers", .kind = SR_SOURCE, .summary = "Numbers from 0.",
    .params = (const sr_param[]){
        {.name = "count", .type = SR_INTEGER, .summary = "How many.", .fallback = "5"},
        {0},
    },
    .state_size = sizeof(struct numbers), .open = numbers_open, .process = numbers_process,
};

/* ---- settings ---- */

struct settings {
    sr_in text;
    sr_str shown;
};

static sr_str show_settings(const sr_schema *schema) {
    sr_strs tags = sr_param_texts(schema, "tags");
    const char *joined = "";
    for (size_t i = 0; i < tags.count; i++) joined = sr_format("%s%s%s", joined, i > 0 ? "," : "", tags.items[i].data);
    return sr_str_of(sr_format("%s %lld %g %s %s %s", sr_param_text(schema, "name").data,
                               (long long)sr_param_int(schema, "count"), sr_param_float(schema, "ratio"),
                               sr_param_bool(schema, "flag") ? "true" : "false", sr_param_text(schema, "mode").data, joined));
}

static sr_status settings_open(sr_schema *schema, void *state) {
    struct settings *self = state;
    self->shown = show_settings(schema);
    self->text = sr_take_as(schema, "text", "utf8");
    sr_make(schema, "settings", "utf8");
    return SR_OK;
}

static sr_status settings_process(void *state, const sr_batch *batch, sr_output *output) {
    const struct settings *self = state;
    sr_builder *shown = sr_builder_of("utf8", batch->length);
    for (uint32_t row = 0; row < batch->length; row++) sr_add_str(shown, self->shown);
    sr_put_built(output, shown);
    return SR_OK;
}

static const sr_step settings = {
    .name = "settings", .summary = "Shows its parameters.", .columns = text_column,
    .params = (const sr_param[]){
        {.name = "name", .type = SR_TEXT, .summary = "A name."},
        {.name = "count", .type = SR_INTEGER, .summary = "A count.", .fallback = "3", .minimum = "0"},
        {.name = "ratio", .type = SR_NUMBER, .summary = "A ratio.", .fallback = "0.5"},
        {.name = "flag", .type = SR_BOOLEAN, .summary = "A flag.", .fallback = "false"},
        {.name = "mode", .type = SR_CHOICE, .summary = "A mode.", .fallback = "\"fast\"", .choices = "fast|careful"},
        {.name = "tags", .type = SR_TEXTS, .summary = "Tags.", .fallback = "[]"},
        {0},
    },
    .state_size = sizeof(struct settings), .open = settings_open, .process = settings_process,
};

/* ---- shout ---- */

static sr_status shout_open(sr_schema *schema, void *state) {
    sr_in *in = state;
    *in = sr_take_as(schema, "text", "utf8");
    sr_make_like(schema, *in);
    return SR_OK;
}

static sr_status shout_process(void *state, const sr_batch *batch, sr_output *output) {
    const sr_array *text = sr_column(batch, *(sr_in *)state);
    sr_log(SR_INFO, "%u rows", (unsigned)text->length);
    for (uint32_t row = 0; row < text->length; row++)
        if (sr_is_null(text, row)) sr_log_row(SR_WARN, row, "row has no text");
    sr_put(output, text);
    return SR_OK;
}

static const sr_step shout = {
    .name = "shout", .summary = "Says in the log what it gets.", .params = no_params, .columns = text_column,
    .state_size = sizeof(sr_in), .open = shout_open, .process = shout_process,
};

SR_PLUGIN(&echo, &rebuild, &words, &repeat, &reject_odd, &fail, &total, &running, &numbers, &settings, &shout);
