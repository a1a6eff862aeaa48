/* Write Stillroom steps in C11 or C++17: typed Arrow columns in, typed Arrow columns out, in a sandbox.
 *
 * Include it wherever it is used, and in ONE file behind a definition:
 *
 *     #define STILLROOM_IMPLEMENTATION
 *     #include "stillroom.h"
 *
 * A step is an `sr_step`: a table of its name, parameters and columns with three functions. `SR_PLUGIN(&a, &b);` exports it.
 *
 * MEMORY. What the SDK gives lives until the next call begins (`sr_alloc`, builders, the input's buffers); what is
 * allocated in `open` lives as long as the step. Nothing is ever freed by hand. No allocation answers NULL: where memory
 * is out, the call ends with a panic that says so.
 *
 * FAULTS. `return sr_data_fault("no unit in `%s`", text);` ends a call with a message and its place in the source. What
 * goes wrong inside of builders (a number that does not fit its type) becomes the fault of the call by itself.
 *
 * TEXTS are `sr_str`: bytes and their number, not ended by a zero where it is not said.
 */
#ifndef STILLROOM_H
#define STILLROOM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define SR_PRINTF(at, first) __attribute__((format(printf, at, first)))
#define SR_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define SR_NORETURN __attribute__((noreturn))
#else
#define SR_PRINTF(at, first)
#define SR_UNLIKELY(condition) (condition)
#define SR_NORETURN
#endif

/* ---- Ending a call ------------------------------------------------------------------------------------------------ */

/* What a step's function answers: whose fault it is that it cannot go on. */
typedef enum sr_status {
    SR_OK = 0,
    SR_PARAMS, /* The parameters or the columns' types are wrong: for the pipeline's author. Only from `open`. */
    SR_DATA,   /* This batch cannot be worked on. */
    SR_PLUGIN_FAULT, /* The plugin itself failed. */
} sr_status;

/* The call's fault, with a message as of `printf`: `return sr_data_fault("…", …);`. The first one of a call counts. */
#define sr_params_fault(...) sr_fault_at(SR_PARAMS, NULL, 0, __VA_ARGS__)
#define sr_data_fault(...) sr_fault_at(SR_DATA, __FILE__, __LINE__, __VA_ARGS__)
#define sr_plugin_fault(...) sr_fault_at(SR_PLUGIN_FAULT, __FILE__, __LINE__, __VA_ARGS__)
sr_status sr_fault_at(sr_status whose, const char *file, int line, const char *format, ...) SR_PRINTF(4, 5);

/* Ends the call and the instance: for what must never happen. The host shows message and place. */
#define sr_panic(...) sr_panic_at(__FILE__, __LINE__, __VA_ARGS__)
SR_NORETURN void sr_panic_at(const char *file, int line, const char *format, ...) SR_PRINTF(3, 4);

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

/* `size` bytes until the next call, or as long as the step where `open` asks; aligned for every type. Not zeroed. */
void *sr_alloc(size_t size);
/* `count` items of `size` bytes; a product that overflows is a panic. Not zeroed. */
void *sr_alloc_array(size_t count, size_t size);
/* The same for a type: `int64_t *sums = sr_new(int64_t, rows);`. */
#define sr_new(type, count) ((type *)sr_alloc_array((count), sizeof(type)))
/* Memory as long as the step, from any call: for what a global step gathers. Zeroed. */
void *sr_keep(size_t size);
/* A text of a `printf`, ended by a zero. */
const char *sr_format(const char *format, ...) SR_PRINTF(1, 2);

/* ---- Texts -------------------------------------------------------------------------------------------------------- */

/* Bytes and their number. */
typedef struct sr_str {
    const char *data;
    size_t size;
} sr_str;

/* For `printf("%.*s", SR_ARGS(text))`. */
#define SR_ARGS(text) (int)(text).size, (text).data

static inline sr_str sr_str_of(const char *text) {
    sr_str str;
    str.data = text;
    str.size = strlen(text);
    return str;
}

static inline bool sr_str_is(sr_str text, const char *other) {
    return text.size == strlen(other) && memcmp(text.data, other, text.size) == 0;
}

/* ---- Types -------------------------------------------------------------------------------------------------------- */

/* Arrow types, as in the contract's words. */
typedef enum sr_id {
    SR_NULL, SR_BOOL,
    SR_INT8, SR_INT16, SR_INT32, SR_INT64,
    SR_UINT8, SR_UINT16, SR_UINT32, SR_UINT64,
    SR_FLOAT16, SR_FLOAT32, SR_FLOAT64,
    SR_UTF8, SR_LARGE_UTF8, SR_UTF8_VIEW,
    SR_BINARY, SR_LARGE_BINARY, SR_BINARY_VIEW, SR_FIXED_SIZE_BINARY,
    SR_DATE32, SR_DATE64, SR_TIME32, SR_TIME64, SR_TIMESTAMP, SR_DURATION,
    SR_DECIMAL128,
    SR_LIST, SR_LARGE_LIST, SR_FIXED_SIZE_LIST, SR_STRUCT, SR_DICTIONARY,
    SR_OTHER, /* A type that this SDK does not know; `words` has it. */
} sr_id;

/* How an array's buffers behind the validity bitmap are laid out. */
typedef enum sr_layout {
    SR_LAYOUT_NONE,       /* No buffer at all. */
    SR_LAYOUT_BITS,
    SR_LAYOUT_FIXED,      /* `width` bytes a value. */
    SR_LAYOUT_BYTES,      /* Offsets of `width` bytes, then values. */
    SR_LAYOUT_VIEWS,
    SR_LAYOUT_LIST,       /* Offsets of `width` bytes. */
    SR_LAYOUT_FIXED_LIST, /* `width` items a row. */
    SR_LAYOUT_STRUCT,
    SR_LAYOUT_DICTIONARY, /* Keys of `width` bytes. */
} sr_layout;

/* A type as a tree. A list has one child, a struct one for each member, a dictionary its key and its values. */
typedef struct sr_type {
    sr_id id;
    sr_layout layout;
    uint32_t width;
    uint32_t child_count;
    struct sr_type *children;
    const char *words; /* `list<utf8>`, ended by a zero. */
    const char *name;  /* A struct member's name, ended by a zero; NULL elsewhere. */
} sr_type;

/* Reads a type's words; NULL where they are none, and `SR_OTHER` never. */
const sr_type *sr_type_parse(sr_str words);
/* Whether they are the same type, names of members included. */
bool sr_type_equal(const sr_type *a, const sr_type *b);
/* Whether a builder can make it: not a dictionary, nor an unknown type, nor what has one within. */
bool sr_type_buildable(const sr_type *type);

/* ---- Reading ------------------------------------------------------------------------------------------------------ */

typedef struct sr_buffer {
    uint8_t *data;
    size_t size;
} sr_buffer;

/* A column, or a child of one. Buffers are as the Arrow columnar format orders them: the validity bitmap (empty where there
 * are no nulls), then those of the type's layout. Of a batch's arrays the SDK has checked that buffers are as long as lengths
 * and offsets say, and that offsets grow. */
typedef struct sr_array {
    const sr_type *type;
    uint32_t length;
    uint32_t null_count;
    uint32_t buffer_count;
    sr_buffer *buffers;
    struct sr_array *children; /* As many as the type has; of a dictionary the values alone. */
} sr_array;

/* A column that `open` took; its place among `signature.inputs`. */
typedef uint32_t sr_in;

typedef struct sr_batch {
    uint32_t length; /* Rows; of a source the most rows that are wanted. */
    uint32_t column_count;
    sr_array *columns;
} sr_batch;

/* The column that `sr_take` gave. */
const sr_array *sr_column(const sr_batch *batch, sr_in in);

/* The validity bitmap (1 = has a value, least bit first), or NULL where no row is null. */
static inline const uint8_t *sr_validity(const sr_array *array) {
    return array->null_count > 0 && array->buffer_count > 0 ? array->buffers[0].data : NULL;
}

SR_NORETURN void sr_panic_row(const sr_array *array, size_t row);
SR_NORETURN void sr_panic_type(const sr_array *array, const char *wanted);

static inline bool sr_is_null(const sr_array *array, size_t row) {
    const uint8_t *validity = sr_validity(array);
    if (SR_UNLIKELY(row >= array->length)) sr_panic_row(array, row);
    if (array->type->id == SR_NULL) return true;
    return validity != NULL && (validity[row >> 3] >> (row & 7) & 1) == 0;
}

/* One row's value. Rows begin at 0; one too far and a column of another kind are panics. A null's value is any value.
 * Whole numbers: every integer, date, time, timestamp and duration type that the answer can hold (uint64: `sr_uint_at`). */
int64_t sr_int_at(const sr_array *array, size_t row);
uint64_t sr_uint_at(const sr_array *array, size_t row);
/* float32, float64. */
double sr_float_at(const sr_array *array, size_t row);
bool sr_bool_at(const sr_array *array, size_t row);
/* The bytes of a value of fixed width: numbers, decimals (16), float16 (2), fixed-size-binary. */
const void *sr_fixed_at(const sr_array *array, size_t row);
/* utf8, binary, and their large and view forms. */
sr_str sr_str_at(const sr_array *array, size_t row);

/* The items of a list's row: rows `begin` … `end - 1` of `array->children[0]`. */
typedef struct sr_range {
    size_t begin, end;
} sr_range;
sr_range sr_list_at(const sr_array *array, size_t row);

/* Whole buffers, the fast path: `array->length` values, the offsets (`length + 1`) of a utf8, binary or list, the bytes
 * that they part. Of another type: a panic. */
const void *sr_fixed_values(const sr_array *array, sr_id id);
static inline const int8_t *sr_int8s(const sr_array *a) { return (const int8_t *)sr_fixed_values(a, SR_INT8); }
static inline const int16_t *sr_int16s(const sr_array *a) { return (const int16_t *)sr_fixed_values(a, SR_INT16); }
static inline const int32_t *sr_int32s(const sr_array *a) { return (const int32_t *)sr_fixed_values(a, SR_INT32); }
static inline const int64_t *sr_int64s(const sr_array *a) { return (const int64_t *)sr_fixed_values(a, SR_INT64); }
static inline const uint8_t *sr_uint8s(const sr_array *a) { return (const uint8_t *)sr_fixed_values(a, SR_UINT8); }
static inline const uint16_t *sr_uint16s(const sr_array *a) { return (const uint16_t *)sr_fixed_values(a, SR_UINT16); }
static inline const uint32_t *sr_uint32s(const sr_array *a) { return (const uint32_t *)sr_fixed_values(a, SR_UINT32); }
static inline const uint64_t *sr_uint64s(const sr_array *a) { return (const uint64_t *)sr_fixed_values(a, SR_UINT64); }
static inline const float *sr_float32s(const sr_array *a) { return (const float *)sr_fixed_values(a, SR_FLOAT32); }
static inline const double *sr_float64s(const sr_array *a) { return (const double *)sr_fixed_values(a, SR_FLOAT64); }
const int32_t *sr_offsets(const sr_array *array);
sr_str sr_bytes(const sr_array *array);

/* ---- Making columns ----------------------------------------------------------------------------------------------- */

/* A column of numbers whose values the step writes itself, through `sr_values`. `nulls`: an array of the same length whose
 * nulls it has too, or NULL for none. `words`: a type of fixed width. */
sr_array *sr_fixed(const char *words, uint32_t length, const sr_array *nulls);
/* A utf8 or binary column with the offsets and nulls of another; its bytes are for the step to write. */
sr_array *sr_bytes_like(const sr_array *array);
/* A column of whole buffers, in the columnar format's order. `null_count` of 0: the first is empty. No children. */
sr_array *sr_array_of(const char *words, uint32_t length, uint32_t null_count, const sr_buffer *buffers, uint32_t count);
/* The bytes of the last buffer, to be written. */
void *sr_values(sr_array *array);

/* A column, value by value. A value that does not fit the type becomes the fault of the call. */
typedef struct sr_builder sr_builder;

/* One for a type's words (panics where they are none); `rows`: how many to make room for. */
sr_builder *sr_builder_of(const char *words, size_t rows);
sr_builder *sr_builder_like(const sr_type *type, size_t rows);
void sr_add_null(sr_builder *builder);
void sr_add_bool(sr_builder *builder, bool value);
void sr_add_int(sr_builder *builder, int64_t value);
void sr_add_uint(sr_builder *builder, uint64_t value);
void sr_add_float(sr_builder *builder, double value);
void sr_add_str(sr_builder *builder, sr_str value);
void sr_add_fixed(sr_builder *builder, const void *value);
/* A text or binary of `size` bytes, which the step writes where the answer points, before the next is added. */
char *sr_add_room(sr_builder *builder, size_t size);
/* Ends a row: of a list the items that were added to `sr_child(builder, 0)` since the last one are its value; of a struct
 * one value was added to each child, of a fixed-size list as many as its size. */
void sr_add_row(sr_builder *builder);
/* The builder of a list's items, or of a struct's member. */
sr_builder *sr_child(sr_builder *builder, uint32_t index);
/* What was added, as an array. The builder is used up. */
sr_array *sr_built(sr_builder *builder);

/* ---- Answering ---------------------------------------------------------------------------------------------------- */

typedef struct sr_output sr_output;

/* The next column, in the order in which `open` declared them. */
void sr_put(sr_output *output, const sr_array *array);
static inline void sr_put_built(sr_output *output, sr_builder *builder) { sr_put(output, sr_built(builder)); }
/* A row that the step will not answer for: it leaves the stream with a reason as of `printf`. It keeps its place in the
 * columns, where any value stands; a step that says where rows come from (`sr_origin`) leaves it out. */
void sr_reject(sr_output *output, uint32_t row, const char *format, ...) SR_PRINTF(3, 4);
/* Of a step that declared `sr_rows_any`: the input row that the next output row comes from. */
void sr_origin(sr_output *output, uint32_t row);
/* The same of all rows at once, in memory that lives until the next call. */
void sr_origins(sr_output *output, uint32_t *rows, size_t count);

/* ---- Opening ------------------------------------------------------------------------------------------------------ */

/* What `open` settles. What is wrong there (a missing column) becomes the fault of the call by itself. */
typedef struct sr_schema sr_schema;

/* Whether the data has such a column. */
bool sr_has(const sr_schema *schema, const char *name);
/* Takes a column of any type, or of one type (`"utf8"`); the fault names what is missing or of another type. */
sr_in sr_take(sr_schema *schema, const char *name);
sr_in sr_take_as(sr_schema *schema, const char *name, const char *words);
/* The type of a column that was taken. */
const sr_type *sr_type_of(const sr_schema *schema, sr_in in);
/* Declares a column that the step makes; one with the name of an input replaces it. May hold nulls. */
void sr_make(sr_schema *schema, const char *name, const char *words);
/* The same, with name and type of a column that was taken. */
void sr_make_like(sr_schema *schema, sr_in in);
/* Any number of rows: the step says where each comes from. */
void sr_rows_any(sr_schema *schema);
/* Ordered and global steps: rows of different keys have no bearing on one another. Once for each key column. */
void sr_key(sr_schema *schema, sr_in in);

/* Declared parameters: as given, else as their fallback. One that is not declared so is a panic. */
typedef struct sr_strs {
    const sr_str *items;
    size_t count;
} sr_strs;
sr_str sr_param_text(const sr_schema *schema, const char *name); /* Ended by a zero. */
int64_t sr_param_int(const sr_schema *schema, const char *name);
double sr_param_float(const sr_schema *schema, const char *name);
bool sr_param_bool(const sr_schema *schema, const char *name);
size_t sr_param_choice(const sr_schema *schema, const char *name); /* Which of the choices, from 0. */
sr_strs sr_param_texts(const sr_schema *schema, const char *name);
sr_str sr_param_json(const sr_schema *schema, const char *name); /* As it stands in the parameters. */

/* ---- Describing --------------------------------------------------------------------------------------------------- */

typedef enum sr_kind {
    SR_TRANSFORM, /* Batch in, batch out: no state that matters between batches. */
    SR_ORDERED,   /* One instance sees every batch, in order. */
    SR_GLOBAL,    /* Consumes every batch (`process` puts nothing), then answers in `finish`. */
    SR_SOURCE,    /* Makes rows: `batch->length` is the most that are wanted; to put nothing ends it. */
} sr_kind;

typedef enum sr_param_type {
    SR_TEXT, SR_INTEGER, SR_NUMBER, SR_BOOLEAN,
    SR_CHOICE, /* One of the words in `choices`. */
    SR_TEXTS,  /* A list of texts. */
    SR_ANY,    /* Any JSON. */
} sr_param_type;

/* A parameter. Tables end with an item whose name is NULL (`{0}`). */
typedef struct sr_param {
    const char *name;
    sr_param_type type;
    const char *summary;
    const char *fallback; /* As JSON: `"\"!\""`, `"3"`, `"[]"`. NULL: it has to be given. */
    const char *choices;  /* `"fast|careful"`. */
    const char *minimum;  /* Of numbers, as JSON, or NULL. */
    const char *maximum;
} sr_param;

/* A column that the step knows by name. Tables end with an item whose name is NULL. */
typedef struct sr_column_spec {
    const char *name;
    const char *types;   /* Accepted types, best first, parted by `|`: `"utf8"`, `"int64|int32"`; NULL: everything. */
    const char *summary;
    bool optional;       /* The step can do without it. */
} sr_column_spec;

/* A step. `state` is `state_size` zeroed bytes that live as long as it. */
typedef struct sr_step {
    const char *name;
    sr_kind kind;
    const char *summary; /* One line. */
    const sr_param *params;
    const sr_column_spec *columns;
    size_t state_size;
    sr_status (*open)(sr_schema *schema, void *state);
    sr_status (*process)(void *state, const sr_batch *batch, sr_output *output);
    /* Global steps, may be NULL elsewhere: after the last batch, until it puts nothing. */
    sr_status (*finish)(void *state, sr_output *output);
} sr_step;

extern const sr_step *const sr_plugin_steps[];

/* The steps of the plugin, once: `SR_PLUGIN(&shout, &words);`. */
#define SR_PLUGIN(...) const sr_step *const sr_plugin_steps[] = {__VA_ARGS__, NULL}

/* ---- More than computing: a pipeline has to grant it -------------------------------------------------------------- */

typedef enum sr_level { SR_DEBUG, SR_INFO, SR_WARN, SR_ERROR } sr_level;

/* A line in the run's log (grant `log`), as of `printf`; `sr_log_row` says which row it is about. */
void sr_log(sr_level level, const char *format, ...) SR_PRINTF(2, 3);
void sr_log_row(sr_level level, uint32_t row, const char *format, ...) SR_PRINTF(3, 4);

typedef struct sr_header {
    sr_str name, value;
} sr_header;

typedef struct sr_request {
    sr_str method, url;
    const sr_header *headers;
    size_t header_count;
    sr_str body;
    uint32_t timeout_ms; /* 0: as the grant says. */
} sr_request;

/* Why there is no answer. The last two are models' alone: the server will not, or the answer is not what the schema says. */
typedef enum sr_failure {
    SR_ANSWERED, SR_DENIED, SR_INVALID, SR_TIMEOUT, SR_TOO_LARGE, SR_FAILED,
    SR_REFUSED, SR_MISMATCH,
} sr_failure;

typedef struct sr_response {
    sr_failure failure; /* `SR_ANSWERED`: `message` is empty; otherwise nothing but `message` is set. */
    sr_str message;
    uint16_t status;
    sr_str url; /* Where the answer came from in the end. */
    const sr_header *headers;
    size_t header_count;
    sr_str body;
} sr_response;

/* A request (grant `http`). What a server says with its status is an answer. */
sr_response sr_fetch(const sr_request *request);

/* ---- Asking models: a pipeline has to grant it, and to declare them ------------------------------------------------ */

/* A model by its name in the pipeline: addresses, keys, rates, retries and the bill are the host's. */
typedef struct sr_model {
    sr_str name;
    sr_str served; /* What its server calls it. */
} sr_model;

/* A language model (grant `llm`), or one that makes vectors (grant `embedding`). For `open`: a name that the pipeline does not
 * declare for this plugin becomes the fault of the call by itself. `name` lives as long as the model. */
sr_model sr_llm_model(sr_str name);
sr_model sr_embedding_model(sr_str name);

typedef enum sr_role { SR_SYSTEM, SR_USER, SR_ASSISTANT } sr_role;

typedef struct sr_message {
    sr_role role;
    sr_str content;
} sr_message;

/* What a model is asked: a conversation, or, where it has no messages, text to go on with as it stands. What is left out (zero, or
 * without its `has_`) is as the pipeline declares the model, or as the server has it. */
typedef struct sr_prompt {
    const sr_message *messages; /* Where the last one is the assistant's, the model goes on with that, if its server can. */
    size_t message_count;
    sr_str text;
    sr_str schema; /* A JSON Schema that the answer's text is valid against; the host asks again where it is not. */
    bool has_temperature, has_top_p, has_seed, has_logprobs;
    double temperature, top_p;
    uint64_t seed;
    uint32_t logprobs; /* Each token's logarithm of its probability, with those of so many likely others. */
    uint32_t max_tokens;
    const sr_str *stop; /* Texts at which the answer ends. */
    size_t stop_count;
} sr_prompt;

typedef enum sr_finish { SR_STOP, SR_LENGTH, SR_FILTER, SR_OTHERWISE } sr_finish;

/* Another token that was likely. */
typedef struct sr_other_token {
    sr_str text;
    double logprob;
} sr_other_token;

typedef struct sr_token {
    sr_str text;
    double logprob; /* The natural logarithm of its probability. */
    const sr_other_token *others;
    size_t other_count;
} sr_token;

/* What a model says. All texts live until the next call. */
typedef struct sr_answer {
    sr_failure failure; /* `SR_ANSWERED`: `message` is empty; otherwise nothing but `message` is set. */
    sr_str message;
    sr_str text;
    sr_str reasoning; /* What a reasoning model thought before, where its server tells. */
    sr_finish finish;
    sr_str model; /* What the server calls the model that answered. */
    uint32_t input_tokens, output_tokens;
    const sr_token *logprobs;
    size_t logprob_count;
} sr_answer;

/* Asks each request so many times, all together: `count * samples` answers, those to the first request first. */
const sr_answer *sr_generate(const sr_model *model, const sr_prompt *requests, size_t count, uint32_t samples);
/* Asks one request once. */
sr_answer sr_ask(const sr_model *model, const sr_prompt *request);
/* A request of what the user says. */
sr_prompt sr_prompt_of(sr_str user);

/* A text to be scored; of a question or an instruction, where `query` is not empty. */
typedef struct sr_scored {
    sr_str query, text;
} sr_scored;

typedef struct sr_rating {
    sr_str label; /* Of classifiers, the class; empty where a model gives one number. */
    double value;
} sr_rating;

typedef struct sr_ratings {
    sr_failure failure; /* As of an answer. */
    sr_str message;
    const sr_rating *items;
    size_t count;
} sr_ratings;

/* Reward models, rerankers and classifiers: `count` ratings, one or one a class in each. */
const sr_ratings *sr_score(const sr_model *model, const sr_scored *texts, size_t count);

typedef struct sr_vector {
    sr_failure failure; /* As of an answer. */
    sr_str message;
    const float *values;
    size_t count;
} sr_vector;

/* For each of `count` texts its vector. */
const sr_vector *sr_embed(const sr_model *model, const sr_str *texts, size_t count);

/* A failure in a word: `refused`. */
const char *sr_failure_name(sr_failure failure);

#ifdef __cplusplus
}
#endif
#endif /* STILLROOM_H */

/* =================================================================================================================== */
#if defined(STILLROOM_IMPLEMENTATION) && !defined(STILLROOM_IMPLEMENTED)
#define STILLROOM_IMPLEMENTED

#include <float.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__wasm__)
#define SR_EXPORT(name) __attribute__((export_name(name)))
#define SR_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
SR_IMPORT("stillroom:step/diagnostics@0.1.0", "panicked") void sr_import_panicked(const char *message, size_t size);
SR_IMPORT("stillroom:step/log@0.1.0", "write")
void sr_import_log(int32_t level, const char *message, size_t size, int32_t has_row, uint32_t row);
SR_IMPORT("stillroom:step/http@0.1.0", "fetch")
void sr_import_fetch(const char *method, size_t method_size, const char *url, size_t url_size, const void *headers,
                     size_t header_count, const char *body, size_t body_size, int32_t has_timeout, uint32_t timeout_ms,
                     void *answer);
SR_IMPORT("stillroom:step/llm@0.1.0", "describe")
void sr_import_llm_describe(const char *model, size_t model_size, void *answer);
SR_IMPORT("stillroom:step/llm@0.1.0", "generate")
void sr_import_generate(const char *model, size_t model_size, const void *requests, size_t count, uint32_t samples, void *answer);
SR_IMPORT("stillroom:step/llm@0.1.0", "score")
void sr_import_score(const char *model, size_t model_size, const void *texts, size_t count, void *answer);
SR_IMPORT("stillroom:step/embedding@0.1.0", "describe")
void sr_import_embedding_describe(const char *model, size_t model_size, void *answer);
SR_IMPORT("stillroom:step/embedding@0.1.0", "embed")
void sr_import_embed(const char *model, size_t model_size, const void *texts, size_t count, void *answer);
#else
/* Natively (tests) the host's part is played by whoever sets these; see stillroom_test.h. */
#define SR_EXPORT(name)
extern void (*sr_native_panicked)(const char *message, size_t size);
extern void (*sr_native_log)(int level, const char *message, size_t size, bool has_row, uint32_t row);
extern sr_response (*sr_native_fetch)(const sr_request *request);
void (*sr_native_panicked)(const char *message, size_t size) = NULL;
void (*sr_native_log)(int level, const char *message, size_t size, bool has_row, uint32_t row) = NULL;
sr_response (*sr_native_fetch)(const sr_request *request) = NULL;
extern sr_answer (*sr_native_answer)(sr_str model, const sr_prompt *request);
extern sr_ratings (*sr_native_score)(sr_str model, const sr_scored *text);
extern sr_vector (*sr_native_embed)(sr_str model, sr_str text);
sr_answer (*sr_native_answer)(sr_str model, const sr_prompt *request) = NULL;
sr_ratings (*sr_native_score)(sr_str model, const sr_scored *text) = NULL;
sr_vector (*sr_native_embed)(sr_str model, sr_str text) = NULL;
#endif

/* ---- The contract's records, as the canonical ABI lays them out in memory ----------------------------------------- */

typedef struct sr_abi_list { const void *data; size_t count; } sr_abi_list;
typedef struct sr_abi_array { uint32_t length, null_count; sr_abi_list buffers; } sr_abi_array;
typedef struct sr_abi_field { sr_str name, data_type; uint8_t nullable; } sr_abi_field;
typedef struct sr_abi_column { sr_str name; sr_abi_list data_types; uint8_t required; sr_str summary; } sr_abi_column;
typedef struct sr_abi_manifest {
    sr_str name;
    uint8_t kind;
    sr_str summary, params;
    sr_abi_list columns;
} sr_abi_manifest;
typedef struct sr_abi_signature { sr_abi_list inputs, outputs; uint8_t row_count; sr_abi_list key; } sr_abi_signature;
typedef struct sr_abi_rejection { uint32_t row; sr_str reason; } sr_abi_rejection;
typedef struct sr_abi_output {
    uint32_t length;
    sr_abi_list arrays;
    uint8_t has_rows;
    sr_abi_list rows;
    sr_abi_list rejected;
} sr_abi_output;
typedef struct sr_abi_fault { uint8_t whose; sr_str message; } sr_abi_fault;
typedef struct sr_abi_opened { uint8_t failed; union { sr_abi_signature signature; sr_abi_fault fault; } is; } sr_abi_opened;
typedef struct sr_abi_processed { uint8_t failed; union { sr_abi_output output; sr_abi_fault fault; } is; } sr_abi_processed;
typedef struct sr_abi_some { uint8_t has; sr_abi_output output; } sr_abi_some;
typedef struct sr_abi_finished { uint8_t failed; union { sr_abi_some some; sr_abi_fault fault; } is; } sr_abi_finished;

#if defined(__wasm__)
#define SR_LAYOUT_IS(type, size) typedef char sr_check_##type[sizeof(type) == (size) ? 1 : -1]
SR_LAYOUT_IS(sr_abi_array, 16);
SR_LAYOUT_IS(sr_abi_field, 20);
SR_LAYOUT_IS(sr_abi_column, 28);
SR_LAYOUT_IS(sr_abi_manifest, 36);
SR_LAYOUT_IS(sr_abi_signature, 28);
SR_LAYOUT_IS(sr_abi_rejection, 12);
SR_LAYOUT_IS(sr_abi_output, 32);
SR_LAYOUT_IS(sr_abi_opened, 32);
SR_LAYOUT_IS(sr_abi_processed, 36);
SR_LAYOUT_IS(sr_abi_finished, 40);
#endif

SR_EXPORT("stillroom:step/step@0.1.0#describe") const sr_abi_list *sr_export_describe(void);
SR_EXPORT("stillroom:step/step@0.1.0#open")
const sr_abi_opened *sr_export_open(const char *step, size_t step_size, const char *params, size_t params_size,
                                    const sr_abi_field *fields, size_t field_count);
SR_EXPORT("stillroom:step/step@0.1.0#process")
const sr_abi_processed *sr_export_process(uint32_t length, const sr_abi_array *arrays, size_t array_count);
SR_EXPORT("stillroom:step/step@0.1.0#finish") const sr_abi_finished *sr_export_finish(void);
SR_EXPORT("cabi_realloc") void *sr_export_realloc(void *old, size_t old_size, size_t alignment, size_t new_size);

/* ---- Memory: one arena a call ------------------------------------------------------------------------------------- */

/* A block of an arena: bytes follow its header. Natively each allocation is a block, so that sanitizers see its end. */
typedef struct sr_block {
    struct sr_block *next;
    size_t capacity, used;
} sr_block;

#define SR_ALIGNMENT 64
#define SR_HEADER SR_ALIGNMENT /* What the header takes, so that the bytes behind it are aligned. */

static struct {
    sr_block *blocks;    /* Those of the call, newest first. */
    sr_block *kept;      /* Those of `sr_keep`. */
    bool answered;       /* A call is over: what comes next begins a new one. */
    sr_status whose;     /* The call's fault. */
    const char *fault;
    const sr_step *step; /* The one that is open, */
    sr_schema *schema;   /* and what it has settled. */
    void *state;
} sr_g;

static void *sr_block_new(sr_block **list, size_t size) {
    sr_block *block = NULL;
#if defined(__wasm__)
    if (size <= SIZE_MAX - 2 * SR_ALIGNMENT) {
        size = (size + SR_ALIGNMENT - 1) & ~(size_t)(SR_ALIGNMENT - 1);
        block = (sr_block *)aligned_alloc(SR_ALIGNMENT, SR_HEADER + size);
    }
#else
    if (size <= SIZE_MAX - SR_HEADER) block = (sr_block *)malloc(SR_HEADER + size);
#endif
    if (block == NULL) sr_panic_at(NULL, 0, "out of memory: no room for %zu bytes", size);
    block->next = *list;
    block->capacity = size;
    block->used = 0;
    *list = block;
    return (char *)block + SR_HEADER;
}

static void sr_blocks_free(sr_block **list) {
    while (*list != NULL) {
        sr_block *next = (*list)->next;
        free(*list);
        *list = next;
    }
}

/* Frees the last call's memory. A single block is used again: a step's calls are alike, so that after the first of them
 * nothing is asked of the allocator. */
static void sr_begin(void) {
    if (!sr_g.answered) return;
    sr_g.answered = false;
    sr_g.whose = SR_OK;
    sr_g.fault = NULL;
#if defined(__wasm__)
    if (sr_g.blocks != NULL && sr_g.blocks->next == NULL) {
        sr_g.blocks->used = 0;
        return;
    }
    size_t total = 0;
    for (sr_block *block = sr_g.blocks; block != NULL; block = block->next) total += block->used + SR_HEADER;
    sr_blocks_free(&sr_g.blocks);
    if (total > 0) {
        /* One block for what took several. Where that much does not lie in one piece, several do. */
        total = (total + total / 8 + SR_ALIGNMENT - 1) & ~(size_t)(SR_ALIGNMENT - 1);
        sr_block *block = (sr_block *)aligned_alloc(SR_ALIGNMENT, total);
        if (block != NULL) {
            block->next = NULL;
            block->capacity = total - SR_HEADER;
            block->used = 0;
            sr_g.blocks = block;
        }
    }
#else
    sr_blocks_free(&sr_g.blocks);
#endif
}

void *sr_alloc(size_t size) {
    sr_begin();
#if defined(__wasm__)
    sr_block *block = sr_g.blocks;
    size_t least = 64 * 1024;
    if (size > SIZE_MAX - SR_ALIGNMENT) sr_panic_at(NULL, 0, "out of memory: no room for %zu bytes", size);
    size = (size + SR_ALIGNMENT - 1) & ~(size_t)(SR_ALIGNMENT - 1);
    if (block == NULL || block->capacity - block->used < size) {
        sr_block_new(&sr_g.blocks, size > least ? size : least);
        block = sr_g.blocks;
    }
    char *room = (char *)block + SR_HEADER + block->used;
    block->used += size;
    return room;
#else
    return sr_block_new(&sr_g.blocks, size);
#endif
}

void *sr_alloc_array(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) sr_panic_at(NULL, 0, "out of memory: %zu times %zu bytes", count, size);
    return sr_alloc(count * size);
}

void *sr_keep(size_t size) {
    void *room = sr_block_new(&sr_g.kept, size);
    return memset(room, 0, size);
}

/* `new_size` bytes of which the first `used` are those of the old `old_size`; in place where these are the arena's last. */
static void *sr_regrow(void *old, size_t used, size_t old_size, size_t new_size) {
#if defined(__wasm__)
    sr_block *block = sr_g.blocks;
    if (old != NULL && block != NULL && new_size <= SIZE_MAX - SR_ALIGNMENT) {
        size_t old_room = (old_size + SR_ALIGNMENT - 1) & ~(size_t)(SR_ALIGNMENT - 1);
        size_t new_room = (new_size + SR_ALIGNMENT - 1) & ~(size_t)(SR_ALIGNMENT - 1);
        char *end = (char *)block + SR_HEADER + block->used;
        if ((char *)old + old_room == end && new_room >= old_room && new_room - old_room <= block->capacity - block->used) {
            block->used += new_room - old_room;
            return old;
        }
    }
#endif
    (void)old_size;
    void *room = sr_alloc(new_size);
    size_t both = used < new_size ? used : new_size;
    if (both > 0) memcpy(room, old, both);
    return room;
}

void *sr_export_realloc(void *old, size_t old_size, size_t alignment, size_t new_size) {
    (void)alignment; /* The contract asks for 8 at most. */
    sr_begin();
    return sr_regrow(old, old_size, old_size, new_size);
}

static void *sr_zeroed(size_t count, size_t size) {
    void *room = sr_alloc_array(count, size);
    return memset(room, 0, count * size);
}

/* ---- Messages ----------------------------------------------------------------------------------------------------- */

/* Bytes that grow. */
typedef struct sr_grow {
    char *data;
    size_t size, capacity;
} sr_grow;

static char *sr_grow_room(sr_grow *grow, size_t size) {
    if (size > SIZE_MAX / 2 - grow->size) sr_panic_at(NULL, 0, "out of memory: %zu more bytes", size);
    if (grow->size + size > grow->capacity) {
        size_t capacity = grow->capacity < 64 ? 64 : grow->capacity;
        while (capacity < grow->size + size) capacity += capacity < (1u << 20) ? capacity : capacity / 2;
        grow->data = (char *)sr_regrow(grow->data, grow->size, grow->capacity, capacity);
        grow->capacity = capacity;
    }
    grow->size += size;
    return grow->data + grow->size - size;
}

static void sr_grow_bytes(sr_grow *grow, const void *bytes, size_t size) {
    char *room = sr_grow_room(grow, size);
    if (size > 0) memcpy(room, bytes, size);
}

static void sr_grow_text(sr_grow *grow, const char *text) { sr_grow_bytes(grow, text, strlen(text)); }

/* The text so far, ended by a zero. */
static sr_str sr_grow_end(sr_grow *grow) {
    sr_str text;
    *sr_grow_room(grow, 1) = 0;
    grow->size -= 1;
    text.data = grow->data;
    text.size = grow->size;
    return text;
}

SR_PRINTF(1, 0) static sr_str sr_vformat(const char *format, va_list arguments) {
    sr_str text;
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0) return sr_str_of("(a message that is not UTF-8 or too long)");
    char *room = (char *)sr_alloc((size_t)size + 1);
    vsnprintf(room, (size_t)size + 1, format, arguments);
    text.data = room;
    text.size = (size_t)size;
    return text;
}

const char *sr_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    sr_str text = sr_vformat(format, arguments);
    va_end(arguments);
    return text.data;
}

/* A message crosses as UTF-8, or the host refuses the whole answer: what is not becomes `?`. */
static sr_str sr_clean_utf8(sr_str text) {
    unsigned char *copy = NULL;
    size_t i = 0;
    while (i < text.size) {
        const unsigned char *p = (const unsigned char *)text.data + i;
        size_t left = text.size - i;
        size_t more = p[0] < 0x80 ? 0 : p[0] >= 0xC2 && p[0] < 0xE0 ? 1 : (p[0] & 0xF0) == 0xE0 ? 2
                    : p[0] >= 0xF0 && p[0] < 0xF5 ? 3 : SIZE_MAX;
        bool good = more < left;
        for (size_t k = 1; good && k <= more; k++) good = (p[k] & 0xC0) == 0x80;
        if (good && more == 2) good = !(p[0] == 0xE0 && p[1] < 0xA0) && !(p[0] == 0xED && p[1] > 0x9F);
        if (good && more == 3) good = !(p[0] == 0xF0 && p[1] < 0x90) && !(p[0] == 0xF4 && p[1] > 0x8F);
        if (!good) {
            if (copy == NULL) {
                copy = (unsigned char *)sr_alloc(text.size);
                memcpy(copy, text.data, text.size);
                text.data = (const char *)copy;
            }
            copy[i] = '?';
            more = 0;
        }
        i += more + 1;
    }
    return text;
}

sr_status sr_fault_at(sr_status whose, const char *file, int line, const char *format, ...) {
    if (sr_g.whose != SR_OK && !sr_g.answered) return sr_g.whose;
    va_list arguments;
    va_start(arguments, format);
    sr_str text = sr_vformat(format, arguments);
    va_end(arguments);
    sr_g.fault = file == NULL ? text.data : sr_format("%s (%s:%d)", text.data, file, line);
    sr_g.whose = whose;
    return whose;
}

/* A panic may have no memory left: its message is put together in memory of its own. */
static char sr_last_words[1024];

void sr_panic_at(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sr_last_words, sizeof sr_last_words - 200, format, arguments);
    va_end(arguments);
    size_t size = strlen(sr_last_words);
    if (file != NULL) snprintf(sr_last_words + size, sizeof sr_last_words - size, " (%s:%d)", file, line);
    size = strlen(sr_last_words);
    for (size_t i = 0; i < size; i++) {
        /* Without tables, and cut anywhere: text that is not ASCII is shown where it is whole, else as `?`. */
        sr_str rest;
        rest.data = sr_last_words + i;
        rest.size = size - i;
        unsigned char c = (unsigned char)rest.data[0];
        size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c > 0xE0 && c < 0xF0 && c != 0xED ? 2 : 9;
        bool good = more < rest.size && more != 9;
        for (size_t k = 1; good && k <= more; k++) good = ((unsigned char)rest.data[k] & 0xC0) == 0x80;
        if (good) i += more;
        else sr_last_words[i] = '?';
    }
#if defined(__wasm__)
    sr_import_panicked(sr_last_words, size);
    __builtin_trap();
#else
    if (sr_native_panicked != NULL) sr_native_panicked(sr_last_words, size);
    fprintf(stderr, "panic: %s\n", sr_last_words);
    abort();
#endif
}

#if defined(__wasm__)
/* `assert` and `abort` of the C library trap without a word, or pull in its standard output. */
SR_NORETURN void __assert_fail(const char *text, const char *file, int line, const char *function) {
    (void)function;
    sr_panic_at(file, line, "assertion failed: %s", text);
}
SR_NORETURN void abort(void) { sr_panic_at(NULL, 0, "abort was called"); }
#endif

/* ---- Types -------------------------------------------------------------------------------------------------------- */

static const struct { const char *word; sr_id id; sr_layout layout; uint32_t width; } sr_words[] = {
    {"null", SR_NULL, SR_LAYOUT_NONE, 0}, {"bool", SR_BOOL, SR_LAYOUT_BITS, 0},
    {"int8", SR_INT8, SR_LAYOUT_FIXED, 1}, {"int16", SR_INT16, SR_LAYOUT_FIXED, 2},
    {"int32", SR_INT32, SR_LAYOUT_FIXED, 4}, {"int64", SR_INT64, SR_LAYOUT_FIXED, 8},
    {"uint8", SR_UINT8, SR_LAYOUT_FIXED, 1}, {"uint16", SR_UINT16, SR_LAYOUT_FIXED, 2},
    {"uint32", SR_UINT32, SR_LAYOUT_FIXED, 4}, {"uint64", SR_UINT64, SR_LAYOUT_FIXED, 8},
    {"float16", SR_FLOAT16, SR_LAYOUT_FIXED, 2}, {"float32", SR_FLOAT32, SR_LAYOUT_FIXED, 4},
    {"float64", SR_FLOAT64, SR_LAYOUT_FIXED, 8},
    {"utf8", SR_UTF8, SR_LAYOUT_BYTES, 4}, {"large-utf8", SR_LARGE_UTF8, SR_LAYOUT_BYTES, 8},
    {"utf8-view", SR_UTF8_VIEW, SR_LAYOUT_VIEWS, 16},
    {"binary", SR_BINARY, SR_LAYOUT_BYTES, 4}, {"large-binary", SR_LARGE_BINARY, SR_LAYOUT_BYTES, 8},
    {"binary-view", SR_BINARY_VIEW, SR_LAYOUT_VIEWS, 16},
    {"date32", SR_DATE32, SR_LAYOUT_FIXED, 4}, {"date64", SR_DATE64, SR_LAYOUT_FIXED, 8},
    /* From here on with `<…>`. */
    {"fixed-size-binary", SR_FIXED_SIZE_BINARY, SR_LAYOUT_FIXED, 0},
    {"time32", SR_TIME32, SR_LAYOUT_FIXED, 4}, {"time64", SR_TIME64, SR_LAYOUT_FIXED, 8},
    {"timestamp", SR_TIMESTAMP, SR_LAYOUT_FIXED, 8}, {"duration", SR_DURATION, SR_LAYOUT_FIXED, 8},
    {"decimal128", SR_DECIMAL128, SR_LAYOUT_FIXED, 16},
    {"list", SR_LIST, SR_LAYOUT_LIST, 4}, {"large-list", SR_LARGE_LIST, SR_LAYOUT_LIST, 8},
    {"fixed-size-list", SR_FIXED_SIZE_LIST, SR_LAYOUT_FIXED_LIST, 0},
    {"struct", SR_STRUCT, SR_LAYOUT_STRUCT, 0}, {"dictionary", SR_DICTIONARY, SR_LAYOUT_DICTIONARY, 0},
};
enum { SR_DEPTH = 64 }; /* Deeper nesting than this is refused: parsers call themselves. */

typedef struct sr_reader {
    const char *at, *end;
} sr_reader;

static void sr_skip_space(sr_reader *in) {
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r')) in->at++;
}

static bool sr_skip_mark(sr_reader *in, char mark) {
    sr_skip_space(in);
    if (in->at >= in->end || *in->at != mark) return false;
    in->at++;
    return true;
}

/* Up to the next mark or space. */
static sr_str sr_read_word(sr_reader *in) {
    sr_str word;
    sr_skip_space(in);
    word.data = in->at;
    while (in->at < in->end && *in->at != 0 && strchr("<>,:\" \t\n\r", *in->at) == NULL) in->at++;
    word.size = (size_t)(in->at - word.data);
    return word;
}

static char *sr_copy(sr_str text) {
    char *copy = (char *)sr_alloc(text.size + 1);
    if (text.size > 0) memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    return copy;
}

static bool sr_read_size(sr_reader *in, uint32_t *size) {
    sr_str word = sr_read_word(in);
    uint64_t value = 0;
    if (word.size == 0 || word.size > 10) return false;
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] < '0' || word.data[i] > '9') return false;
        value = value * 10 + (uint64_t)(word.data[i] - '0');
    }
    *size = (uint32_t)value;
    return value <= INT32_MAX;
}

static bool sr_read_string(sr_reader *in, sr_str *text);

static bool sr_read_type(sr_reader *in, sr_type *type, int depth);

static sr_type *sr_more_children(sr_type *type) {
    uint32_t count = type->child_count;
    if ((count & (count - 1)) == 0) {
        sr_type *more = (sr_type *)sr_zeroed(count == 0 ? 1 : 2 * (size_t)count, sizeof(sr_type));
        if (count > 0) memcpy(more, type->children, count * sizeof(sr_type));
        type->children = more;
    }
    type->child_count += 1;
    return &type->children[count];
}

static bool sr_read_members(sr_reader *in, sr_type *type, int depth) {
    sr_skip_space(in);
    while (in->at < in->end && *in->at != '>') {
        sr_str name;
        if (type->child_count > 0 && !sr_skip_mark(in, ',')) return false;
        sr_skip_space(in);
        if (in->at < in->end && *in->at == '"') {
            if (!sr_read_string(in, &name)) return false;
        } else {
            name = sr_read_word(in);
            if (name.size == 0) return false;
        }
        sr_type *child = sr_more_children(type);
        if (!sr_skip_mark(in, ':') || !sr_read_type(in, child, depth)) return false;
        child->name = sr_copy(name);
        sr_skip_space(in);
    }
    return true;
}

/* What stands between `<` and `>`. */
static bool sr_read_parts(sr_reader *in, sr_type *type, int depth) {
    switch (type->id) {
    case SR_FIXED_SIZE_BINARY: return sr_read_size(in, &type->width);
    case SR_LIST:
    case SR_LARGE_LIST: return sr_read_type(in, sr_more_children(type), depth);
    case SR_FIXED_SIZE_LIST:
        return sr_read_type(in, sr_more_children(type), depth) && sr_skip_mark(in, ',') && sr_read_size(in, &type->width);
    case SR_STRUCT: return sr_read_members(in, type, depth);
    case SR_DICTIONARY: {
        sr_type *key = sr_more_children(type);
        if (!sr_read_type(in, key, depth) || key->id < SR_INT8 || key->id > SR_UINT64) return false;
        type->width = key->width;
        return sr_skip_mark(in, ',') && sr_read_type(in, sr_more_children(type), depth);
    }
    default: { /* A unit, a time zone, precision and scale: kept in the words. */
        const char *begin = in->at;
        while (in->at < in->end && *in->at != '>' && *in->at != '<') in->at++;
        return in->at > begin;
    }
    }
}

static bool sr_read_type(sr_reader *in, sr_type *type, int depth) {
    sr_skip_space(in);
    const char *begin = in->at;
    sr_str word = sr_read_word(in), words;
    size_t index = 0, count = sizeof sr_words / sizeof sr_words[0];
    while (index < count && !sr_str_is(word, sr_words[index].word)) index++;
    if (index == count || depth > SR_DEPTH) return false;
    type->id = sr_words[index].id;
    type->layout = sr_words[index].layout;
    type->width = sr_words[index].width;
    if (type->id == SR_FIXED_SIZE_BINARY || type->id > SR_DATE64) {
        if (!sr_skip_mark(in, '<') || !sr_read_parts(in, type, depth + 1) || !sr_skip_mark(in, '>')) return false;
    }
    words.data = begin;
    words.size = (size_t)(in->at - begin);
    type->words = sr_copy(words);
    return true;
}

const sr_type *sr_type_parse(sr_str words) {
    sr_reader in;
    sr_type *type = (sr_type *)sr_zeroed(1, sizeof(sr_type));
    in.at = words.data;
    in.end = words.data + words.size;
    if (!sr_read_type(&in, type, 0)) return NULL;
    sr_skip_space(&in);
    return in.at == in.end ? type : NULL;
}

static const sr_type *sr_type_must(const char *words) {
    const sr_type *type = sr_type_parse(sr_str_of(words));
    if (type == NULL) sr_panic_at(NULL, 0, "`%s` is no type", words);
    return type;
}

/* Whether the words are the same but for spaces. */
static bool sr_same_words(const char *a, const char *b) {
    for (;; a++, b++) {
        while (*a == ' ') a++;
        while (*b == ' ') b++;
        if (*a != *b) return false;
        if (*a == 0) return true;
    }
}

bool sr_type_equal(const sr_type *a, const sr_type *b) {
    if (a->id != b->id || a->width != b->width || a->child_count != b->child_count) return false;
    if (a->child_count == 0) return a->id == SR_STRUCT || sr_same_words(a->words, b->words);
    for (uint32_t i = 0; i < a->child_count; i++) {
        const sr_type *x = &a->children[i], *y = &b->children[i];
        if (x->name != NULL && y->name != NULL && strcmp(x->name, y->name) != 0) return false;
        if (!sr_type_equal(x, y)) return false;
    }
    return true;
}

bool sr_type_buildable(const sr_type *type) {
    if (type->id == SR_DICTIONARY || type->id == SR_OTHER) return false;
    for (uint32_t i = 0; i < type->child_count; i++)
        if (!sr_type_buildable(&type->children[i])) return false;
    return true;
}

/* The arrays that follow one of the type: a dictionary's key is none. */
static uint32_t sr_array_children(const sr_type *type) { return type->id == SR_DICTIONARY ? 1 : type->child_count; }
static const sr_type *sr_array_child(const sr_type *type, uint32_t index) {
    return &type->children[type->id == SR_DICTIONARY ? 1 : index];
}

/* ---- Reading ------------------------------------------------------------------------------------------------------ */

void sr_panic_row(const sr_array *array, size_t row) {
    sr_panic_at(NULL, 0, "row %zu of a column of %u rows (%s)", row, (unsigned)array->length, array->type->words);
}

void sr_panic_type(const sr_array *array, const char *wanted) {
    sr_panic_at(NULL, 0, "a column of %s is read as %s", array->type->words, wanted);
}

const sr_array *sr_column(const sr_batch *batch, sr_in in) {
    if (in >= batch->column_count)
        sr_panic_at(NULL, 0, "column %u of a batch of %u columns", (unsigned)in, (unsigned)batch->column_count);
    return &batch->columns[in];
}

static int64_t sr_offset(const sr_array *array, size_t index) {
    int32_t small;
    int64_t large;
    if (array->type->width == 4) {
        memcpy(&small, array->buffers[1].data + index * 4, 4);
        return small;
    }
    memcpy(&large, array->buffers[1].data + index * 8, 8);
    return large;
}

const void *sr_fixed_at(const sr_array *array, size_t row) {
    if (SR_UNLIKELY(row >= array->length)) sr_panic_row(array, row);
    if (SR_UNLIKELY(array->type->layout != SR_LAYOUT_FIXED)) sr_panic_type(array, "values of fixed width");
    return array->buffers[1].data + row * array->type->width;
}

int64_t sr_int_at(const sr_array *array, size_t row) {
    const void *value = sr_fixed_at(array, row);
    int8_t i8; int16_t i16; int32_t i32; int64_t i64; uint8_t u8; uint16_t u16; uint32_t u32; uint64_t u64;
    switch (array->type->id) {
    case SR_INT8: memcpy(&i8, value, 1); return i8;
    case SR_INT16: memcpy(&i16, value, 2); return i16;
    case SR_INT32: case SR_DATE32: case SR_TIME32: memcpy(&i32, value, 4); return i32;
    case SR_INT64: case SR_DATE64: case SR_TIME64: case SR_TIMESTAMP: case SR_DURATION: memcpy(&i64, value, 8); return i64;
    case SR_UINT8: memcpy(&u8, value, 1); return u8;
    case SR_UINT16: memcpy(&u16, value, 2); return u16;
    case SR_UINT32: memcpy(&u32, value, 4); return u32;
    case SR_UINT64:
        memcpy(&u64, value, 8);
        if (u64 > INT64_MAX) sr_panic_at(NULL, 0, "%llu is read as int64", (unsigned long long)u64);
        return (int64_t)u64;
    default: sr_panic_type(array, "whole numbers");
    }
}

uint64_t sr_uint_at(const sr_array *array, size_t row) {
    uint64_t value;
    if (array->type->id == SR_UINT64) {
        memcpy(&value, sr_fixed_at(array, row), 8);
        return value;
    }
    int64_t number = sr_int_at(array, row);
    if (number < 0) sr_panic_at(NULL, 0, "%lld is read as uint64", (long long)number);
    return (uint64_t)number;
}

double sr_float_at(const sr_array *array, size_t row) {
    const void *value = sr_fixed_at(array, row);
    float single;
    double twice;
    if (array->type->id == SR_FLOAT32) {
        memcpy(&single, value, 4);
        return (double)single;
    }
    if (array->type->id != SR_FLOAT64) sr_panic_type(array, "floats");
    memcpy(&twice, value, 8);
    return twice;
}

bool sr_bool_at(const sr_array *array, size_t row) {
    if (SR_UNLIKELY(row >= array->length)) sr_panic_row(array, row);
    if (array->type->id != SR_BOOL) sr_panic_type(array, "bool");
    return array->buffers[1].data[row >> 3] >> (row & 7) & 1;
}

static sr_str sr_view_at(const sr_array *array, size_t row) {
    uint32_t view[4];
    sr_str text;
    memcpy(view, array->buffers[1].data + row * 16, 16);
    text.size = view[0];
    text.data = view[0] <= 12 ? (const char *)array->buffers[1].data + row * 16 + 4
                              : (const char *)array->buffers[2 + view[2]].data + view[3];
    return text;
}

sr_str sr_str_at(const sr_array *array, size_t row) {
    sr_str text;
    if (SR_UNLIKELY(row >= array->length)) sr_panic_row(array, row);
    if (array->type->layout == SR_LAYOUT_VIEWS) {
        if (!sr_is_null(array, row)) return sr_view_at(array, row);
        text.data = "";
        text.size = 0;
        return text;
    }
    if (SR_UNLIKELY(array->type->layout != SR_LAYOUT_BYTES)) sr_panic_type(array, "text or bytes");
    int64_t begin = sr_offset(array, row);
    text.data = (const char *)array->buffers[2].data + begin;
    text.size = (size_t)(sr_offset(array, row + 1) - begin);
    return text;
}

sr_range sr_list_at(const sr_array *array, size_t row) {
    sr_range range;
    if (SR_UNLIKELY(row >= array->length)) sr_panic_row(array, row);
    if (array->type->layout == SR_LAYOUT_FIXED_LIST) {
        range.begin = row * array->type->width;
        range.end = range.begin + array->type->width;
        return range;
    }
    if (SR_UNLIKELY(array->type->layout != SR_LAYOUT_LIST)) sr_panic_type(array, "lists");
    range.begin = (size_t)sr_offset(array, row);
    range.end = (size_t)sr_offset(array, row + 1);
    return range;
}

const void *sr_fixed_values(const sr_array *array, sr_id id) {
    if (array->type->id != id) sr_panic_type(array, sr_words[id].word);
    return array->buffers[1].data;
}

const int32_t *sr_offsets(const sr_array *array) {
    bool has = array->type->layout == SR_LAYOUT_BYTES || array->type->layout == SR_LAYOUT_LIST;
    if (!has || array->type->width != 4) sr_panic_type(array, "values between 32-bit offsets");
    return (const int32_t *)(const void *)array->buffers[1].data;
}

sr_str sr_bytes(const sr_array *array) {
    sr_str bytes;
    if (array->type->layout != SR_LAYOUT_BYTES) sr_panic_type(array, "text or bytes");
    bytes.data = (const char *)array->buffers[2].data;
    bytes.size = (size_t)sr_offset(array, array->length);
    return bytes;
}

/* ---- What the host sends ------------------------------------------------------------------------------------------ */

static bool sr_has_bytes(const sr_array *array, uint32_t buffer, uint64_t bytes) {
    return buffer < array->buffer_count && array->buffers[buffer].size >= bytes;
}

/* Offsets begin at 0 or later and grow, and the last is within `end`. */
static bool sr_offsets_fit(sr_array *array, uint64_t end) {
    uint32_t width = array->type->width;
    if (array->length == 0 && array->buffer_count > 1 && array->buffers[1].size == 0) {
        /* No row needs no offset, but a reader is glad of the first one. */
        array->buffers[1].data = (uint8_t *)sr_zeroed(1, 8);
        array->buffers[1].size = width;
    }
    if (!sr_has_bytes(array, 1, ((uint64_t)array->length + 1) * width)) return false;
    int64_t before = sr_offset(array, 0);
    if (before < 0) return false;
    if (width == 4) { /* Without a branch in the loop: it runs over every text column. */
        const uint8_t *bytes = array->buffers[1].data;
        uint32_t falls = 0;
        for (uint32_t i = 0; i < array->length; i++) {
            int32_t pair[2];
            memcpy(pair, bytes + (size_t)i * 4, 8);
            falls |= pair[1] < pair[0];
        }
        return falls == 0 && (uint64_t)sr_offset(array, array->length) <= end;
    }
    for (uint32_t i = 1; i <= array->length; i++) {
        int64_t offset = sr_offset(array, i);
        if (offset < before) return false;
        before = offset;
    }
    return (uint64_t)before <= end;
}

static bool sr_views_fit(const sr_array *array) {
    if (!sr_has_bytes(array, 1, (uint64_t)array->length * 16)) return false;
    for (uint32_t row = 0; row < array->length; row++) {
        uint32_t view[4];
        memcpy(view, array->buffers[1].data + (size_t)row * 16, 16);
        if (view[0] <= 12 || sr_is_null(array, row)) continue;
        if (view[2] >= array->buffer_count - 2) return false;
        if ((uint64_t)view[3] + view[0] > array->buffers[2 + view[2]].size) return false;
    }
    return true;
}

static bool sr_array_fits(sr_array *array) {
    uint64_t length = array->length, bits = (length + 7) / 8;
    if (array->type->layout == SR_LAYOUT_NONE) return true;
    if (array->buffer_count == 0 || array->null_count > length) return false;
    if (array->null_count > 0 && !sr_has_bytes(array, 0, bits)) return false;
    switch (array->type->layout) {
    case SR_LAYOUT_NONE: return true;
    case SR_LAYOUT_BITS: return sr_has_bytes(array, 1, bits);
    case SR_LAYOUT_FIXED:
    case SR_LAYOUT_DICTIONARY: return sr_has_bytes(array, 1, length * array->type->width);
    case SR_LAYOUT_BYTES: return array->buffer_count > 2 && sr_offsets_fit(array, array->buffers[2].size);
    case SR_LAYOUT_VIEWS: return sr_views_fit(array);
    case SR_LAYOUT_LIST: return sr_offsets_fit(array, array->children[0].length);
    case SR_LAYOUT_FIXED_LIST: return array->children[0].length == length * array->type->width;
    case SR_LAYOUT_STRUCT:
        for (uint32_t i = 0; i < array->type->child_count; i++)
            if (array->children[i].length != length) return false;
        return true;
    }
    return false;
}

/* Takes a column, depth first, out of what crossed. */
static bool sr_lift(const sr_type *type, const sr_abi_array **next, const sr_abi_array *end, sr_array *array) {
    if (*next == end) return false;
    const sr_abi_array *raw = (*next)++;
    array->type = type;
    array->length = raw->length;
    array->null_count = raw->null_count;
    array->buffer_count = (uint32_t)raw->buffers.count;
    array->buffers = (sr_buffer *)(uintptr_t)raw->buffers.data;
    uint32_t children = sr_array_children(type);
    array->children = (sr_array *)sr_zeroed(children, sizeof(sr_array));
    for (uint32_t i = 0; i < children; i++)
        if (!sr_lift(sr_array_child(type, i), next, end, &array->children[i])) return false;
    return sr_array_fits(array);
}

/* ---- Making columns ----------------------------------------------------------------------------------------------- */

static sr_array *sr_array_new(const sr_type *type, uint32_t length, uint32_t null_count, uint32_t buffer_count) {
    sr_array *array = (sr_array *)sr_zeroed(1, sizeof(sr_array));
    array->type = type;
    array->length = length;
    array->null_count = null_count;
    array->buffer_count = buffer_count;
    array->buffers = (sr_buffer *)sr_zeroed(buffer_count, sizeof(sr_buffer));
    array->children = (sr_array *)sr_zeroed(sr_array_children(type), sizeof(sr_array));
    return array;
}

static void sr_copy_nulls(sr_array *array, const sr_array *nulls) {
    const uint8_t *validity = nulls == NULL ? NULL : sr_validity(nulls);
    if (nulls != NULL && nulls->length != array->length)
        sr_panic_at(NULL, 0, "nulls of %u rows for a column of %u", (unsigned)nulls->length, (unsigned)array->length);
    if (validity == NULL) return;
    array->null_count = nulls->null_count;
    array->buffers[0].data = (uint8_t *)(uintptr_t)validity;
    array->buffers[0].size = (array->length + (size_t)7) / 8;
}

sr_array *sr_fixed(const char *words, uint32_t length, const sr_array *nulls) {
    sr_array *array = sr_array_new(sr_type_must(words), length, 0, 2);
    if (array->type->layout != SR_LAYOUT_FIXED) sr_panic_at(NULL, 0, "%s has no fixed width", words);
    sr_copy_nulls(array, nulls);
    array->buffers[1].data = (uint8_t *)sr_alloc_array(length, array->type->width);
    array->buffers[1].size = (size_t)length * array->type->width;
    return array;
}

sr_array *sr_bytes_like(const sr_array *like) {
    sr_str bytes = sr_bytes(like);
    sr_array *array = sr_array_new(like->type, like->length, 0, 3);
    sr_copy_nulls(array, like);
    array->buffers[1].data = like->buffers[1].data;
    array->buffers[1].size = ((size_t)like->length + 1) * like->type->width;
    array->buffers[2].data = (uint8_t *)sr_alloc(bytes.size);
    array->buffers[2].size = bytes.size;
    return array;
}

sr_array *sr_array_of(const char *words, uint32_t length, uint32_t null_count, const sr_buffer *buffers, uint32_t count) {
    sr_array *array = sr_array_new(sr_type_must(words), length, null_count, count);
    if (count > 0) memcpy(array->buffers, buffers, count * sizeof(sr_buffer));
    if (sr_array_children(array->type) > 0) sr_panic_at(NULL, 0, "%s has children", words);
    if (!sr_array_fits(array)) sr_panic_at(NULL, 0, "the buffers do not fit %u rows of %s", (unsigned)length, words);
    return array;
}

void *sr_values(sr_array *array) {
    if (array->buffer_count < 2) sr_panic_type(array, "values");
    return array->buffers[array->buffer_count - 1].data;
}

struct sr_builder {
    const sr_type *type;
    uint32_t length, null_count;
    sr_grow validity; /* Empty until the first null. */
    sr_grow values;   /* Of views and lists: the views, the offsets. */
    sr_grow bytes;    /* What offsets and views point to. */
    sr_builder *children;
};

static void sr_builder_init(sr_builder *builder, const sr_type *type, size_t rows) {
    memset(builder, 0, sizeof *builder);
    builder->type = type;
    if (type->layout == SR_LAYOUT_DICTIONARY) sr_panic_at(NULL, 0, "a %s cannot be built", type->words);
    bool offsets = type->layout == SR_LAYOUT_BYTES || type->layout == SR_LAYOUT_LIST;
    size_t width = type->layout == SR_LAYOUT_BITS ? 1 : type->layout == SR_LAYOUT_FIXED_LIST ? 0 : type->width;
    if (rows > 0 && width > 0 && rows <= SIZE_MAX / 4 / width) {
        size_t room = type->layout == SR_LAYOUT_BITS ? rows / 8 + 1 : (rows + offsets) * width;
        builder->values.data = (char *)sr_alloc(room);
        builder->values.capacity = room;
    }
    if (offsets) memset(sr_grow_room(&builder->values, width), 0, width);
    builder->children = (sr_builder *)sr_zeroed(type->child_count, sizeof(sr_builder));
    for (uint32_t i = 0; i < type->child_count; i++) sr_builder_init(&builder->children[i], &type->children[i], rows);
}

sr_builder *sr_builder_like(const sr_type *type, size_t rows) {
    sr_builder *builder = (sr_builder *)sr_alloc(sizeof(sr_builder));
    sr_builder_init(builder, type, rows);
    return builder;
}

sr_builder *sr_builder_of(const char *words, size_t rows) { return sr_builder_like(sr_type_must(words), rows); }

/* Counts a row, and says in the bitmap whether it has a value. */
static void sr_count_row(sr_builder *builder, bool valid) {
    uint32_t row = builder->length;
    if (row == UINT32_MAX) sr_panic_at(NULL, 0, "more than %u rows in a column", (unsigned)UINT32_MAX);
    builder->length += 1;
    if (valid && builder->null_count == 0) return;
    if (!valid && builder->null_count++ == 0) {
        size_t bytes = (size_t)row / 8 + 1;
        memset(sr_grow_room(&builder->validity, bytes), 0xff, bytes);
    }
    if (builder->validity.size <= row / 8) *sr_grow_room(&builder->validity, 1) = (char)0xff;
    if (!valid) builder->validity.data[row / 8] &= (char)~(1u << (row & 7));
}

static void sr_add_offset(sr_builder *builder, uint64_t offset) {
    if (builder->type->width == 4) {
        if (offset > INT32_MAX) sr_panic_at(NULL, 0, "more than 2 GiB or 2^31 items in a %s", builder->type->words);
        int32_t small = (int32_t)offset;
        sr_grow_bytes(&builder->values, &small, 4);
    } else {
        sr_grow_bytes(&builder->values, &offset, 8);
    }
}

void sr_add_null(sr_builder *builder) {
    uint32_t width = builder->type->width;
    switch (builder->type->layout) {
    case SR_LAYOUT_NONE: break;
    case SR_LAYOUT_BITS:
        if ((builder->length & 7) == 0) *sr_grow_room(&builder->values, 1) = 0;
        break;
    case SR_LAYOUT_FIXED:
    case SR_LAYOUT_VIEWS: memset(sr_grow_room(&builder->values, width), 0, width); break;
    case SR_LAYOUT_BYTES: sr_add_offset(builder, builder->bytes.size); break;
    case SR_LAYOUT_LIST: sr_add_offset(builder, builder->children[0].length); break;
    case SR_LAYOUT_FIXED_LIST:
        for (uint32_t i = 0; i < width; i++) sr_add_null(&builder->children[0]);
        break;
    case SR_LAYOUT_STRUCT:
        for (uint32_t i = 0; i < builder->type->child_count; i++) sr_add_null(&builder->children[i]);
        break;
    case SR_LAYOUT_DICTIONARY: break;
    }
    sr_count_row(builder, false);
}

static void sr_refuse(const sr_builder *builder, const char *what) {
    sr_panic_at(NULL, 0, "%s is added to a column of %s", what, builder->type->words);
}

void sr_add_bool(sr_builder *builder, bool value) {
    if (builder->type->id != SR_BOOL) sr_refuse(builder, "a bool");
    if ((builder->length & 7) == 0) *sr_grow_room(&builder->values, 1) = 0;
    if (value) builder->values.data[builder->length / 8] |= (char)(1u << (builder->length & 7));
    sr_count_row(builder, true);
}

void sr_add_fixed(sr_builder *builder, const void *value) {
    if (SR_UNLIKELY(builder->type->layout != SR_LAYOUT_FIXED)) sr_refuse(builder, "a value of fixed width");
    sr_grow_bytes(&builder->values, value, builder->type->width);
    sr_count_row(builder, true);
}

void sr_add_int(sr_builder *builder, int64_t value) {
    int8_t i8 = (int8_t)value; int16_t i16 = (int16_t)value; int32_t i32 = (int32_t)value;
    bool fits = true;
    switch (builder->type->id) {
    case SR_INT64: case SR_DATE64: case SR_TIME64: case SR_TIMESTAMP: case SR_DURATION: sr_add_fixed(builder, &value); return;
    case SR_INT8: if ((fits = i8 == value)) { sr_add_fixed(builder, &i8); return; } break;
    case SR_INT16: if ((fits = i16 == value)) { sr_add_fixed(builder, &i16); return; } break;
    case SR_INT32: case SR_DATE32: case SR_TIME32:
        if ((fits = i32 == value)) { sr_add_fixed(builder, &i32); return; }
        break;
    case SR_UINT8: case SR_UINT16: case SR_UINT32: case SR_UINT64:
        if ((fits = value >= 0)) { sr_add_uint(builder, (uint64_t)value); return; }
        break;
    default: sr_refuse(builder, "a whole number");
    }
    if (!fits) {
        sr_fault_at(SR_DATA, NULL, 0, "%lld does not fit %s", (long long)value, builder->type->words);
        sr_add_null(builder);
    }
}

void sr_add_uint(sr_builder *builder, uint64_t value) {
    uint8_t u8 = (uint8_t)value; uint16_t u16 = (uint16_t)value; uint32_t u32 = (uint32_t)value;
    switch (builder->type->id) {
    case SR_UINT64: sr_add_fixed(builder, &value); return;
    case SR_UINT8: if (u8 == value) { sr_add_fixed(builder, &u8); return; } break;
    case SR_UINT16: if (u16 == value) { sr_add_fixed(builder, &u16); return; } break;
    case SR_UINT32: if (u32 == value) { sr_add_fixed(builder, &u32); return; } break;
    default:
        if (value <= INT64_MAX) { sr_add_int(builder, (int64_t)value); return; }
        break;
    }
    sr_fault_at(SR_DATA, NULL, 0, "%llu does not fit %s", (unsigned long long)value, builder->type->words);
    sr_add_null(builder);
}

void sr_add_float(sr_builder *builder, double value) {
    if (builder->type->id == SR_FLOAT64) {
        sr_add_fixed(builder, &value);
        return;
    }
    if (builder->type->id != SR_FLOAT32) sr_refuse(builder, "a float");
    /* Beyond the largest float32 the conversion is undefined in C: infinity, as IEEE 754 rounds it. */
    float single = value > (double)FLT_MAX ? (float)(1e300 * 1e300) : value < -(double)FLT_MAX ? -(float)(1e300 * 1e300) : (float)value;
    sr_add_fixed(builder, &single);
}

char *sr_add_room(sr_builder *builder, size_t size) {
    size_t before = builder->bytes.size;
    if (builder->type->layout == SR_LAYOUT_VIEWS) {
        if (size > INT32_MAX || before + size > INT32_MAX) sr_panic_at(NULL, 0, "more than 2 GiB in a %s", builder->type->words);
        uint32_t view[4] = {(uint32_t)size, 0, 0, (uint32_t)before};
        size_t at = builder->values.size;
        sr_grow_bytes(&builder->values, view, 16);
        sr_count_row(builder, true);
        /* Short ones stand in the view; the beginning of long ones is put there in `sr_built`. */
        if (size > 12) return sr_grow_room(&builder->bytes, size);
        memset(builder->values.data + at + 4, 0, 12);
        return builder->values.data + at + 4;
    }
    if (SR_UNLIKELY(builder->type->layout != SR_LAYOUT_BYTES)) sr_refuse(builder, "a text");
    char *room = sr_grow_room(&builder->bytes, size);
    sr_add_offset(builder, builder->bytes.size);
    sr_count_row(builder, true);
    return builder->bytes.data != NULL ? builder->bytes.data + before : room;
}

void sr_add_str(sr_builder *builder, sr_str value) {
    char *room = sr_add_room(builder, value.size);
    if (value.size > 0) memcpy(room, value.data, value.size);
}

void sr_add_row(sr_builder *builder) {
    const sr_type *type = builder->type;
    if (type->layout == SR_LAYOUT_LIST) sr_add_offset(builder, builder->children[0].length);
    else if (type->layout != SR_LAYOUT_STRUCT && type->layout != SR_LAYOUT_FIXED_LIST) sr_refuse(builder, "a row of parts");
    uint64_t each = type->layout == SR_LAYOUT_FIXED_LIST ? type->width : 1;
    sr_count_row(builder, true);
    for (uint32_t i = 0; type->layout != SR_LAYOUT_LIST && i < type->child_count; i++)
        if (builder->children[i].length != builder->length * each)
            sr_panic_at(NULL, 0, "a row of %s has %u parts of number %u, not %u", type->words,
                        (unsigned)builder->children[i].length, (unsigned)i, (unsigned)(builder->length * each));
}

sr_builder *sr_child(sr_builder *builder, uint32_t index) {
    if (index >= builder->type->child_count)
        sr_panic_at(NULL, 0, "part %u of a column of %s", (unsigned)index, builder->type->words);
    return &builder->children[index];
}

static sr_buffer sr_grown(const sr_grow *grow) {
    sr_buffer buffer;
    buffer.data = (uint8_t *)(grow->data != NULL ? grow->data : (char *)sr_alloc(0));
    buffer.size = grow->size;
    return buffer;
}

static void sr_build_into(sr_builder *builder, sr_array *array) {
    const sr_type *type = builder->type;
    bool bytes = type->layout == SR_LAYOUT_BYTES || (type->layout == SR_LAYOUT_VIEWS && builder->bytes.size > 0);
    bool none = type->layout == SR_LAYOUT_NONE;
    bool parts = type->layout == SR_LAYOUT_STRUCT || type->layout == SR_LAYOUT_FIXED_LIST;
    sr_array *made = sr_array_new(type, builder->length, builder->null_count, none ? 0 : parts ? 1 : bytes ? 3 : 2);
    if (!none) made->buffers[0] = sr_grown(&builder->validity);
    if (!none && !parts) made->buffers[1] = sr_grown(&builder->values);
    if (bytes) made->buffers[2] = sr_grown(&builder->bytes);
    for (uint32_t row = 0; type->layout == SR_LAYOUT_VIEWS && row < builder->length; row++) {
        uint32_t view[4];
        memcpy(view, builder->values.data + (size_t)row * 16, 16);
        if (view[0] > 12) memcpy(builder->values.data + (size_t)row * 16 + 4, builder->bytes.data + view[3], 4);
    }
    for (uint32_t i = 0; i < type->child_count; i++) sr_build_into(&builder->children[i], &made->children[i]);
    *array = *made;
}

sr_array *sr_built(sr_builder *builder) {
    sr_array *array = (sr_array *)sr_alloc(sizeof(sr_array));
    sr_build_into(builder, array);
    if (!sr_array_fits(array)) sr_panic_at(NULL, 0, "a column of %s does not fit together", builder->type->words);
    return array;
}

/* ---- JSON: parameters, and how they are described ----------------------------------------------------------------- */

typedef enum sr_json_kind { SR_JSON_NULL, SR_JSON_BOOL, SR_JSON_NUMBER, SR_JSON_STRING, SR_JSON_LIST, SR_JSON_OBJECT } sr_json_kind;

typedef struct sr_json {
    sr_json_kind kind;
    sr_str raw;   /* As it stands. */
    sr_str text;  /* A string's text, ended by a zero. */
    sr_str key;   /* In an object: its name. */
    struct sr_json *next, *items;
    size_t count;
} sr_json;

static int sr_hex4(const char *at) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

static void sr_grow_char(sr_grow *out, uint32_t c) {
    char bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6) bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(size == 1 ? c : (0xf00u >> size & 0xf0u) | c);
    sr_grow_bytes(out, bytes, size);
}

/* `\uXXXX`, of which two may make a character. Behind the `u`. */
static bool sr_read_escape(sr_reader *in, sr_grow *out) {
    int high = in->end - in->at >= 4 ? sr_hex4(in->at) : -1, low;
    if (high < 0) return false;
    in->at += 4;
    if (high >= 0xDC00 && high < 0xE000) return false;
    if (high < 0xD800 || high >= 0xDC00) {
        sr_grow_char(out, (uint32_t)high);
        return true;
    }
    if (in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u') return false;
    low = sr_hex4(in->at + 2);
    if (low < 0xDC00 || low >= 0xE000) return false;
    in->at += 6;
    sr_grow_char(out, 0x10000u + (((uint32_t)high - 0xD800u) << 10) + ((uint32_t)low - 0xDC00u));
    return true;
}

static bool sr_read_string(sr_reader *in, sr_str *text) {
    sr_grow out = {NULL, 0, 0};
    in->at++;
    while (in->at < in->end && *in->at != '"') {
        char c = *in->at++;
        if ((unsigned char)c < 0x20) return false;
        if (c != '\\') {
            *sr_grow_room(&out, 1) = c;
            continue;
        }
        if (in->at == in->end) return false;
        c = *in->at++;
        if (c == 'u') {
            if (!sr_read_escape(in, &out)) return false;
            continue;
        }
        const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t", *found = c == 0 ? NULL : strchr(from, c);
        if (found == NULL) return false;
        *sr_grow_room(&out, 1) = to[found - from];
    }
    if (in->at == in->end) return false;
    in->at++;
    *text = sr_grow_end(&out);
    return true;
}

static bool sr_digits(sr_reader *in) {
    const char *begin = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') in->at++;
    return in->at > begin;
}

static bool sr_read_number(sr_reader *in) {
    if (*in->at == '-') in->at++;
    const char *first = in->at;
    if (!sr_digits(in) || (*first == '0' && in->at - first > 1)) return false;
    if (in->at < in->end && *in->at == '.') {
        in->at++;
        if (!sr_digits(in)) return false;
    }
    if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
        in->at++;
        if (in->at < in->end && (*in->at == '+' || *in->at == '-')) in->at++;
        if (!sr_digits(in)) return false;
    }
    return true;
}

static bool sr_read_literal(sr_reader *in, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(in->end - in->at) < size || memcmp(in->at, word, size) != 0) return false;
    in->at += size;
    return true;
}

static bool sr_read_json(sr_reader *in, sr_json *value, int depth);

/* The items of a list or object, up to its end. */
static bool sr_read_items(sr_reader *in, sr_json *value, char end, int depth) {
    sr_json **last = &value->items;
    in->at++;
    if (sr_skip_mark(in, end)) return true;
    do {
        sr_json *item = (sr_json *)sr_zeroed(1, sizeof(sr_json));
        sr_skip_space(in);
        if (end == '}') {
            if (in->at == in->end || *in->at != '"' || !sr_read_string(in, &item->key) || !sr_skip_mark(in, ':')) return false;
        }
        sr_str key = item->key;
        if (!sr_read_json(in, item, depth + 1)) return false;
        item->key = key;
        *last = item;
        last = &item->next;
        value->count += 1;
    } while (sr_skip_mark(in, ','));
    return sr_skip_mark(in, end);
}

static bool sr_read_value(sr_reader *in, sr_json *value, int depth) {
    switch (*in->at) {
    case '{': value->kind = SR_JSON_OBJECT; return sr_read_items(in, value, '}', depth);
    case '[': value->kind = SR_JSON_LIST; return sr_read_items(in, value, ']', depth);
    case '"': value->kind = SR_JSON_STRING; return sr_read_string(in, &value->text);
    case 't': value->kind = SR_JSON_BOOL; return sr_read_literal(in, "true");
    case 'f': value->kind = SR_JSON_BOOL; return sr_read_literal(in, "false");
    case 'n': value->kind = SR_JSON_NULL; return sr_read_literal(in, "null");
    default: value->kind = SR_JSON_NUMBER; return sr_read_number(in);
    }
}

static bool sr_read_json(sr_reader *in, sr_json *value, int depth) {
    sr_skip_space(in);
    if (in->at == in->end || depth > SR_DEPTH) return false;
    value->raw.data = in->at;
    if (!sr_read_value(in, value, depth)) return false;
    value->raw.size = (size_t)(in->at - value->raw.data);
    return true;
}

static sr_json *sr_json_parse(sr_str text) {
    sr_json *value = (sr_json *)sr_zeroed(1, sizeof(sr_json));
    sr_reader in;
    in.at = text.data;
    in.end = text.data + text.size;
    if (!sr_read_json(&in, value, 0)) return NULL;
    sr_skip_space(&in);
    return in.at == in.end ? value : NULL;
}

/* The integer of a JSON number that is whole and fits. */
static bool sr_json_int(sr_str raw, int64_t *value) {
    bool minus = raw.size > 0 && raw.data[0] == '-';
    uint64_t number = 0, most = minus ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    if (raw.size == (size_t)minus) return false;
    for (size_t i = minus; i < raw.size; i++) {
        if (raw.data[i] < '0' || raw.data[i] > '9') return false;
        uint64_t digit = (uint64_t)(raw.data[i] - '0');
        if (number > (most - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *value = minus ? (int64_t)(0 - number) : (int64_t)number;
    return true;
}

static double sr_json_float(sr_str raw) { return strtod(sr_copy(raw), NULL); }

static void sr_quote(sr_grow *out, sr_str text) {
    sr_grow_text(out, "\"");
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20) sr_grow_text(out, sr_format("\\u%04x", c));
        else {
            if (c == '"' || c == '\\') sr_grow_text(out, "\\");
            sr_grow_bytes(out, &text.data[i], 1);
        }
    }
    sr_grow_text(out, "\"");
}

/* Cuts the next of `a|b|c` off. */
static bool sr_next_choice(const char **rest, sr_str *choice) {
    if (*rest == NULL || **rest == 0) return false;
    const char *bar = strchr(*rest, '|');
    choice->data = *rest;
    choice->size = bar != NULL ? (size_t)(bar - *rest) : strlen(*rest);
    *rest = bar != NULL ? bar + 1 : NULL;
    return true;
}

static void sr_describe_param(sr_grow *out, const sr_param *param) {
    static const char *const types[] = {"\"type\":\"string\"", "\"type\":\"integer\"", "\"type\":\"number\"",
        "\"type\":\"boolean\"", "\"enum\":[", "\"type\":\"array\",\"items\":{\"type\":\"string\"}", ""};
    const char *rest = param->choices;
    sr_str choice;
    sr_quote(out, sr_str_of(param->name));
    sr_grow_text(out, ":{");
    sr_grow_text(out, types[param->type]);
    if (param->type == SR_CHOICE) {
        for (bool first = true; sr_next_choice(&rest, &choice); first = false) {
            if (!first) sr_grow_text(out, ",");
            sr_quote(out, choice);
        }
        sr_grow_text(out, "]");
    }
    if (param->type != SR_ANY) sr_grow_text(out, ",");
    sr_grow_text(out, "\"description\":");
    sr_quote(out, sr_str_of(param->summary != NULL ? param->summary : ""));
    if (param->minimum != NULL) sr_grow_text(out, sr_format(",\"minimum\":%s", param->minimum));
    if (param->maximum != NULL) sr_grow_text(out, sr_format(",\"maximum\":%s", param->maximum));
    if (param->fallback != NULL) sr_grow_text(out, sr_format(",\"default\":%s", param->fallback));
    sr_grow_text(out, "}");
}

/* The JSON Schema of a table of parameters. */
static sr_str sr_describe_params(const sr_param *params) {
    sr_grow out = {NULL, 0, 0};
    bool first = true;
    sr_grow_text(&out, "{\"type\":\"object\",\"properties\":{");
    for (const sr_param *param = params; param != NULL && param->name != NULL; param++) {
        if (param != params) sr_grow_text(&out, ",");
        sr_describe_param(&out, param);
    }
    sr_grow_text(&out, "},\"required\":[");
    for (const sr_param *param = params; param != NULL && param->name != NULL; param++) {
        if (param->fallback != NULL) continue;
        if (!first) sr_grow_text(&out, ",");
        sr_quote(&out, sr_str_of(param->name));
        first = false;
    }
    sr_grow_text(&out, "],\"additionalProperties\":false}");
    return sr_grow_end(&out);
}

/* ---- Opening ------------------------------------------------------------------------------------------------------ */

typedef struct sr_made {
    const char *name;
    const sr_type *type;
} sr_made;

struct sr_schema {
    const sr_abi_field *fields;
    size_t field_count;
    const sr_step *step;
    sr_json **values;      /* As many as the step has parameters. */
    sr_grow inputs;        /* `sr_made`s: what was taken, */
    sr_grow outputs;       /* what is made, */
    sr_grow key;           /* `sr_str`s: and the key. */
    bool rows_any;
};

static size_t sr_count_of(const sr_grow *grow, size_t size) { return grow->size / size; }
static const sr_made *sr_mades(const sr_grow *grow) { return (const sr_made *)(const void *)grow->data; }

static const char *sr_param_names(const sr_param *params) {
    sr_grow out = {NULL, 0, 0};
    for (const sr_param *param = params; param != NULL && param->name != NULL; param++)
        sr_grow_text(&out, sr_format("%s`%s`", param == params ? "" : ", ", param->name));
    if (out.size == 0) sr_grow_text(&out, "none");
    return sr_grow_end(&out).data;
}

static bool sr_is_choice(const char *choices, sr_str text, size_t *index) {
    sr_str choice;
    for (*index = 0; sr_next_choice(&choices, &choice); *index += 1)
        if (choice.size == text.size && memcmp(choice.data, text.data, text.size) == 0) return true;
    return false;
}

static const char *sr_choice_names(const char *choices) {
    sr_grow out = {NULL, 0, 0};
    sr_str choice;
    sr_grow_text(&out, "one of ");
    for (const char *separator = ""; sr_next_choice(&choices, &choice); separator = ", ")
        sr_grow_text(&out, sr_format("%s`%.*s`", separator, SR_ARGS(choice)));
    return sr_grow_end(&out).data;
}

/* What a parameter must be where its value is not that; NULL where it is. */
static const char *sr_param_wrong(const sr_param *param, const sr_json *value) {
    int64_t number, bound;
    size_t index;
    switch (param->type) {
    case SR_TEXT: return value->kind == SR_JSON_STRING ? NULL : "text";
    case SR_BOOLEAN: return value->kind == SR_JSON_BOOL ? NULL : "true or false";
    case SR_ANY: return NULL;
    case SR_CHOICE:
        if (value->kind == SR_JSON_STRING && sr_is_choice(param->choices, value->text, &index)) return NULL;
        return sr_choice_names(param->choices);
    case SR_TEXTS:
        if (value->kind != SR_JSON_LIST) return "a list of texts";
        for (const sr_json *item = value->items; item != NULL; item = item->next)
            if (item->kind != SR_JSON_STRING) return "a list of texts";
        return NULL;
    case SR_INTEGER:
        if (value->kind != SR_JSON_NUMBER || !sr_json_int(value->raw, &number)) return "an integer (int64)";
        if (param->minimum != NULL && sr_json_int(sr_str_of(param->minimum), &bound) && number < bound)
            return sr_format("an integer of %s or more", param->minimum);
        if (param->maximum != NULL && sr_json_int(sr_str_of(param->maximum), &bound) && number > bound)
            return sr_format("an integer of %s or less", param->maximum);
        return NULL;
    case SR_NUMBER: {
        if (value->kind != SR_JSON_NUMBER) return "a number";
        double real = sr_json_float(value->raw);
        if (real - real != 0) return "a number that float64 holds";
        if (param->minimum != NULL && real < strtod(param->minimum, NULL)) return sr_format("a number of %s or more", param->minimum);
        if (param->maximum != NULL && real > strtod(param->maximum, NULL)) return sr_format("a number of %s or less", param->maximum);
        return NULL;
    }
    }
    return NULL;
}

static const char *sr_json_show(const sr_json *value) {
    if (value->kind == SR_JSON_LIST) return "a list";
    if (value->kind == SR_JSON_OBJECT) return "an object";
    return sr_copy(value->raw);
}

/* One parameter's value, checked, as given or by its fallback. */
static sr_json *sr_read_param(const sr_param *param, const sr_json *given) {
    sr_json *value = NULL;
    for (sr_json *member = given->items; member != NULL; member = member->next)
        if (sr_str_is(member->key, param->name)) value = member;
    if (value == NULL && param->fallback == NULL) {
        sr_params_fault("parameter `%s` is missing", param->name);
        return NULL;
    }
    if (value == NULL) {
        value = sr_json_parse(sr_str_of(param->fallback));
        if (value == NULL || sr_param_wrong(param, value) != NULL)
            sr_panic_at(NULL, 0, "the fallback of parameter `%s` is none: %s", param->name, param->fallback);
    }
    const char *wrong = sr_param_wrong(param, value);
    if (wrong != NULL) sr_params_fault("parameter `%s` is %s; it must be %s", param->name, sr_json_show(value), wrong);
    return value;
}

static void sr_read_params(sr_schema *schema, sr_str text) {
    const sr_param *params = schema->step->params;
    sr_json *given = sr_json_parse(text);
    size_t count = 0;
    if (given == NULL || given->kind != SR_JSON_OBJECT) {
        sr_params_fault("parameters are a JSON object");
        return;
    }
    while (params != NULL && params[count].name != NULL) count++;
    for (const sr_json *member = given->items; member != NULL; member = member->next) {
        size_t index = 0;
        while (index < count && !sr_str_is(member->key, params[index].name)) index++;
        if (index == count)
            sr_params_fault("unknown parameter `%.*s`; there are %s", SR_ARGS(member->key), sr_param_names(params));
    }
    schema->values = (sr_json **)sr_zeroed(count, sizeof(sr_json *));
    for (size_t i = 0; i < count; i++) schema->values[i] = sr_read_param(&params[i], given);
}

static const sr_json *sr_param_value(const sr_schema *schema, const char *name, unsigned types) {
    const sr_param *params = schema->step->params;
    for (size_t i = 0; params != NULL && params[i].name != NULL; i++) {
        if (strcmp(params[i].name, name) != 0) continue;
        if ((types >> params[i].type & 1) == 0) sr_panic_at(NULL, 0, "parameter `%s` is declared with another type", name);
        return schema->values[i];
    }
    sr_panic_at(NULL, 0, "step `%s` declares no parameter `%s`", schema->step->name, name);
}

sr_str sr_param_text(const sr_schema *schema, const char *name) {
    return sr_param_value(schema, name, 1u << SR_TEXT | 1u << SR_CHOICE)->text;
}

int64_t sr_param_int(const sr_schema *schema, const char *name) {
    int64_t value = 0;
    sr_json_int(sr_param_value(schema, name, 1u << SR_INTEGER)->raw, &value);
    return value;
}

double sr_param_float(const sr_schema *schema, const char *name) {
    return sr_json_float(sr_param_value(schema, name, 1u << SR_NUMBER | 1u << SR_INTEGER)->raw);
}

bool sr_param_bool(const sr_schema *schema, const char *name) {
    return sr_str_is(sr_param_value(schema, name, 1u << SR_BOOLEAN)->raw, "true");
}

size_t sr_param_choice(const sr_schema *schema, const char *name) {
    const sr_json *value = sr_param_value(schema, name, 1u << SR_CHOICE);
    const sr_param *param = schema->step->params;
    size_t index;
    while (strcmp(param->name, name) != 0) param++;
    sr_is_choice(param->choices, value->text, &index);
    return index;
}

sr_strs sr_param_texts(const sr_schema *schema, const char *name) {
    const sr_json *value = sr_param_value(schema, name, 1u << SR_TEXTS);
    sr_str *items = sr_new(sr_str, value->count), *next = items;
    sr_strs texts;
    for (const sr_json *item = value->items; item != NULL; item = item->next) *next++ = item->text;
    texts.items = items;
    texts.count = value->count;
    return texts;
}

sr_str sr_param_json(const sr_schema *schema, const char *name) { return sr_param_value(schema, name, ~0u)->raw; }

bool sr_has(const sr_schema *schema, const char *name) {
    for (size_t i = 0; i < schema->field_count; i++)
        if (sr_str_is(schema->fields[i].name, name)) return true;
    return false;
}

sr_in sr_take(sr_schema *schema, const char *name) {
    sr_made made;
    sr_in count = (sr_in)sr_count_of(&schema->inputs, sizeof made), in = 0;
    while (in < count && strcmp(sr_mades(&schema->inputs)[in].name, name) != 0) in++;
    if (in < count) return in;
    size_t index = 0;
    while (index < schema->field_count && !sr_str_is(schema->fields[index].name, name)) index++;
    sr_type *other = (sr_type *)sr_zeroed(1, sizeof(sr_type));
    other->id = SR_OTHER;
    other->words = "a column that is not there";
    made.name = sr_copy(sr_str_of(name));
    made.type = other;
    if (index == schema->field_count) {
        sr_params_fault("there is no column `%s`", name);
    } else {
        other->words = sr_copy(schema->fields[index].data_type);
        made.type = sr_type_parse(schema->fields[index].data_type);
        if (made.type == NULL) {
            made.type = other;
            sr_params_fault("column `%s` is %s, a type that this SDK does not know", name, other->words);
        }
    }
    sr_grow_bytes(&schema->inputs, &made, sizeof made);
    return in;
}

sr_in sr_take_as(sr_schema *schema, const char *name, const char *words) {
    sr_in in = sr_take(schema, name);
    const sr_type *type = sr_type_of(schema, in);
    if (type->id != SR_OTHER && !sr_type_equal(type, sr_type_must(words)))
        sr_params_fault("column `%s` is %s; it must be %s", name, type->words, words);
    return in;
}

static const sr_made *sr_taken(const sr_schema *schema, sr_in in) {
    if (in >= sr_count_of(&schema->inputs, sizeof(sr_made))) sr_panic_at(NULL, 0, "column %u was not taken", (unsigned)in);
    return &sr_mades(&schema->inputs)[in];
}

const sr_type *sr_type_of(const sr_schema *schema, sr_in in) { return sr_taken(schema, in)->type; }

void sr_make(sr_schema *schema, const char *name, const char *words) {
    sr_made made;
    made.name = sr_copy(sr_str_of(name));
    made.type = sr_type_must(words);
    sr_grow_bytes(&schema->outputs, &made, sizeof made);
}

void sr_make_like(sr_schema *schema, sr_in in) {
    sr_made made = *sr_taken(schema, in);
    sr_grow_bytes(&schema->outputs, &made, sizeof made);
}

void sr_rows_any(sr_schema *schema) { schema->rows_any = true; }

void sr_key(sr_schema *schema, sr_in in) {
    sr_str name = sr_str_of(sr_taken(schema, in)->name);
    sr_grow_bytes(&schema->key, &name, sizeof name);
}

/* ---- Answering ---------------------------------------------------------------------------------------------------- */

struct sr_output {
    sr_grow columns;  /* `const sr_array *`s. */
    sr_grow rows;     /* Of `uint32_t`s. */
    sr_grow rejected; /* Of `sr_abi_rejection`s. */
};

void sr_put(sr_output *output, const sr_array *array) { sr_grow_bytes(&output->columns, &array, sizeof array); }

void sr_reject(sr_output *output, uint32_t row, const char *format, ...) {
    sr_abi_rejection rejection;
    va_list arguments;
    va_start(arguments, format);
    rejection.reason = sr_clean_utf8(sr_vformat(format, arguments));
    va_end(arguments);
    rejection.row = row;
    sr_grow_bytes(&output->rejected, &rejection, sizeof rejection);
}

void sr_origin(sr_output *output, uint32_t row) { sr_grow_bytes(&output->rows, &row, sizeof row); }

void sr_origins(sr_output *output, uint32_t *rows, size_t count) {
    output->rows.data = (char *)rows;
    output->rows.size = output->rows.capacity = count * sizeof(uint32_t);
}

static size_t sr_count_arrays(const sr_array *array) {
    size_t count = 1;
    for (uint32_t i = 0; i < sr_array_children(array->type); i++) count += sr_count_arrays(&array->children[i]);
    return count;
}

/* Puts an array, depth first, where it crosses from. Buffers lie in memory as they cross. */
static sr_abi_array *sr_lower(const sr_array *array, sr_abi_array *next) {
    next->length = array->length;
    next->null_count = array->null_count;
    next->buffers.data = array->buffers;
    next->buffers.count = array->buffer_count;
    next++;
    for (uint32_t i = 0; i < sr_array_children(array->type); i++) next = sr_lower(&array->children[i], next);
    return next;
}

/* An array of no rows, children included. */
static sr_array *sr_no_rows(const sr_type *type) {
    static const uint32_t buffers[] = {0, 2, 2, 3, 2, 2, 1, 1, 2}; /* By layout. */
    sr_array *array = sr_array_new(type, 0, 0, buffers[type->layout]);
    for (uint32_t i = 0; i < array->buffer_count; i++) array->buffers[i].data = (uint8_t *)sr_zeroed(1, 8);
    if (type->layout == SR_LAYOUT_BYTES || type->layout == SR_LAYOUT_LIST) array->buffers[1].size = type->width;
    for (uint32_t i = 0; i < sr_array_children(type); i++) array->children[i] = *sr_no_rows(sr_array_child(type, i));
    return array;
}

/* Types do not cross with an answer, so the host could take eight bytes of one for those of another. */
static void sr_check_columns(const sr_output *output, const sr_array *const *columns, size_t count) {
    const sr_made *made = sr_mades(&sr_g.schema->outputs);
    size_t declared = sr_count_of(&sr_g.schema->outputs, sizeof(sr_made));
    (void)output;
    if (count != declared) sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "%zu columns were declared and %zu put", declared, count);
    for (size_t i = 0; i < count && i < declared; i++) {
        if (!sr_type_equal(columns[i]->type, made[i].type))
            sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "column `%s` was declared %s and put as %s", made[i].name,
                        made[i].type->words, columns[i]->type->words);
        if (columns[i]->length != columns[0]->length)
            sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "column `%s` has %u rows, and `%s` %u", made[i].name,
                        (unsigned)columns[i]->length, made[0].name, (unsigned)columns[0]->length);
    }
}

/* Whether the step has put anything: a global step that consumes does not, and neither does a source at its end. */
static bool sr_answers(const sr_output *output) { return output->columns.size > 0 || output->rows.size > 0; }

static void sr_lower_output(sr_output *output, uint32_t batch, sr_abi_output *to) {
    const sr_schema *schema = sr_g.schema;
    size_t declared = sr_count_of(&schema->outputs, sizeof(sr_made));
    bool filters = declared == 0 && !schema->rows_any && schema->step->kind < SR_GLOBAL;
    bool empty = !sr_answers(output) && !filters;
    for (size_t i = 0; empty && i < declared; i++) sr_put(output, sr_no_rows(sr_mades(&schema->outputs)[i].type));
    const sr_array *const *columns = (const sr_array *const *)(const void *)output->columns.data;
    size_t count = sr_count_of(&output->columns, sizeof *columns), arrays = 0;
    sr_check_columns(output, columns, count);
    for (size_t i = 0; i < count; i++) arrays += sr_count_arrays(columns[i]);
    sr_abi_array *raw = sr_new(sr_abi_array, arrays), *next = raw;
    for (size_t i = 0; i < count; i++) next = sr_lower(columns[i], next);
    size_t rows = sr_count_of(&output->rows, sizeof(uint32_t));
    to->length = count > 0 ? columns[0]->length : schema->rows_any ? (uint32_t)rows : empty ? 0 : batch;
    to->arrays.data = raw;
    to->arrays.count = arrays;
    to->has_rows = schema->rows_any || rows > 0;
    if (to->has_rows && rows != to->length)
        sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "%u rows were put, and origins of %zu", (unsigned)to->length, rows);
    to->rows.data = output->rows.data != NULL ? output->rows.data : (char *)sr_alloc(0);
    to->rows.count = output->rows.size; /* They cross as bytes. */
    to->rejected.data = output->rejected.data != NULL ? output->rejected.data : (char *)sr_alloc(0);
    to->rejected.count = sr_count_of(&output->rejected, sizeof(sr_abi_rejection));
}

/* ---- The contract's functions ------------------------------------------------------------------------------------- */

/* After a step's function: its status counts, and so does what the SDK has noted. */
static bool sr_failed(sr_status status, sr_abi_fault *fault) {
    if (status == SR_OK && sr_g.whose == SR_OK) return false;
    sr_status whose = sr_g.whose != SR_OK ? sr_g.whose : status;
    fault->whose = (uint8_t)(whose - SR_PARAMS);
    fault->message = sr_clean_utf8(sr_str_of(sr_g.fault != NULL ? sr_g.fault : "the step failed without a message"));
    return true;
}

static sr_abi_list sr_describe_types(const char *types) {
    sr_grow out = {NULL, 0, 0};
    sr_abi_list list;
    sr_str type;
    while (sr_next_choice(&types, &type)) sr_grow_bytes(&out, &type, sizeof type);
    list.data = out.data != NULL ? out.data : (char *)sr_alloc(0);
    list.count = sr_count_of(&out, sizeof type);
    return list;
}

static sr_abi_list sr_describe_columns(const sr_column_spec *specs) {
    size_t count = 0;
    sr_abi_list list;
    while (specs != NULL && specs[count].name != NULL) count++;
    sr_abi_column *columns = (sr_abi_column *)sr_zeroed(count, sizeof(sr_abi_column));
    for (size_t i = 0; i < count; i++) {
        columns[i].name = sr_str_of(specs[i].name);
        columns[i].data_types = sr_describe_types(specs[i].types);
        columns[i].required = !specs[i].optional;
        columns[i].summary = sr_str_of(specs[i].summary != NULL ? specs[i].summary : "");
    }
    list.data = columns;
    list.count = count;
    return list;
}

const sr_abi_list *sr_export_describe(void) {
    size_t count = 0;
    sr_begin();
    while (sr_plugin_steps[count] != NULL) count++;
    sr_abi_manifest *manifests = (sr_abi_manifest *)sr_zeroed(count, sizeof(sr_abi_manifest));
    for (size_t i = 0; i < count; i++) {
        const sr_step *step = sr_plugin_steps[i];
        manifests[i].name = sr_str_of(step->name);
        manifests[i].kind = (uint8_t)step->kind;
        manifests[i].summary = sr_str_of(step->summary != NULL ? step->summary : "");
        manifests[i].params = sr_describe_params(step->params);
        manifests[i].columns = sr_describe_columns(step->columns);
    }
    sr_abi_list *answer = sr_new(sr_abi_list, 1);
    answer->data = manifests;
    answer->count = count;
    sr_g.answered = true;
    return answer;
}

static void sr_lower_signature(const sr_schema *schema, sr_abi_signature *to) {
    size_t inputs = sr_count_of(&schema->inputs, sizeof(sr_made)), outputs = sr_count_of(&schema->outputs, sizeof(sr_made));
    sr_str *names = sr_new(sr_str, inputs);
    sr_abi_field *fields = (sr_abi_field *)sr_zeroed(outputs, sizeof(sr_abi_field));
    for (size_t i = 0; i < inputs; i++) names[i] = sr_str_of(sr_mades(&schema->inputs)[i].name);
    for (size_t i = 0; i < outputs; i++) {
        fields[i].name = sr_str_of(sr_mades(&schema->outputs)[i].name);
        fields[i].data_type = sr_str_of(sr_mades(&schema->outputs)[i].type->words);
        fields[i].nullable = 1;
    }
    to->inputs.data = names;
    to->inputs.count = inputs;
    to->outputs.data = fields;
    to->outputs.count = outputs;
    to->row_count = schema->rows_any;
    to->key.data = schema->key.data != NULL ? schema->key.data : (char *)sr_alloc(0);
    to->key.count = sr_count_of(&schema->key, sizeof(sr_str));
}

/* Opens the step; what is wrong is noted as the call's fault. */
static sr_status sr_open_step(sr_str name, sr_str params, const sr_abi_field *fields, size_t field_count) {
    size_t index = 0;
    if (sr_g.step != NULL) return sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "this instance has a step already");
    while (sr_plugin_steps[index] != NULL && !sr_str_is(name, sr_plugin_steps[index]->name)) index++;
    const sr_step *step = sr_plugin_steps[index];
    if (step == NULL) return sr_params_fault("this plugin has no step `%.*s`", SR_ARGS(name));
    sr_schema *schema = (sr_schema *)sr_zeroed(1, sizeof(sr_schema));
    void *state = sr_zeroed(1, step->state_size);
    schema->fields = fields;
    schema->field_count = field_count;
    schema->step = step;
    sr_read_params(schema, params);
    if (sr_g.whose != SR_OK) return sr_g.whose;
    sr_status status = step->open == NULL ? SR_OK : step->open(schema, state);
    if (status != SR_OK || sr_g.whose != SR_OK) return status;
    sr_g.step = step;
    sr_g.schema = schema;
    sr_g.state = state;
    return SR_OK;
}

const sr_abi_opened *sr_export_open(const char *step, size_t step_size, const char *params, size_t params_size,
                                    const sr_abi_field *fields, size_t field_count) {
    sr_str name, json;
    sr_begin();
    name.data = step;
    name.size = step_size;
    json.data = params;
    json.size = params_size;
    sr_abi_opened *answer = (sr_abi_opened *)sr_zeroed(1, sizeof(sr_abi_opened));
    sr_status status = sr_open_step(name, json, fields, field_count);
    answer->failed = sr_failed(status, &answer->is.fault);
    if (!answer->failed) {
        sr_lower_signature(sr_g.schema, &answer->is.signature);
        /* What `open` has allocated lives as long as the step. */
        sr_block **end = &sr_g.blocks;
        while (*end != NULL) end = &(*end)->next;
        *end = sr_g.kept;
        sr_g.kept = sr_g.blocks;
        sr_g.blocks = NULL;
    }
    sr_g.answered = true;
    return answer;
}

static sr_status sr_process_batch(uint32_t length, const sr_abi_array *arrays, size_t array_count, sr_output *output) {
    sr_batch batch;
    const sr_abi_array *next = arrays, *end = arrays + array_count;
    if (sr_g.step == NULL) return sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "no step is open");
    batch.length = length;
    batch.column_count = (uint32_t)sr_count_of(&sr_g.schema->inputs, sizeof(sr_made));
    batch.columns = (sr_array *)sr_zeroed(batch.column_count, sizeof(sr_array));
    for (uint32_t i = 0; i < batch.column_count; i++) {
        const sr_made *input = &sr_mades(&sr_g.schema->inputs)[i];
        if (!sr_lift(input->type, &next, end, &batch.columns[i]) || batch.columns[i].length != length)
            return sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "the host sent a column `%s` whose buffers do not fit %u rows of %s",
                               input->name, (unsigned)length, input->type->words);
    }
    if (next != end) return sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "the host sent too many arrays");
    return sr_g.step->process(sr_g.state, &batch, output);
}

const sr_abi_processed *sr_export_process(uint32_t length, const sr_abi_array *arrays, size_t array_count) {
    sr_begin();
    sr_abi_processed *answer = (sr_abi_processed *)sr_zeroed(1, sizeof(sr_abi_processed));
    sr_output *output = (sr_output *)sr_zeroed(1, sizeof(sr_output));
    sr_status status = sr_process_batch(length, arrays, array_count, output);
    if (status == SR_OK && sr_g.whose == SR_OK) sr_lower_output(output, length, &answer->is.output);
    answer->failed = sr_failed(status, &answer->is.fault);
    sr_g.answered = true;
    return answer;
}

const sr_abi_finished *sr_export_finish(void) {
    sr_begin();
    sr_abi_finished *answer = (sr_abi_finished *)sr_zeroed(1, sizeof(sr_abi_finished));
    sr_output *output = (sr_output *)sr_zeroed(1, sizeof(sr_output));
    sr_status status = SR_OK;
    if (sr_g.step == NULL) status = sr_fault_at(SR_PLUGIN_FAULT, NULL, 0, "no step is open");
    else if (sr_g.step->finish != NULL) status = sr_g.step->finish(sr_g.state, output);
    bool some = status == SR_OK && sr_g.whose == SR_OK && (sr_answers(output) || output->rejected.size > 0);
    if (some) sr_lower_output(output, 0, &answer->is.some.output);
    answer->failed = sr_failed(status, &answer->is.fault);
    if (!answer->failed) answer->is.some.has = some;
    sr_g.answered = true;
    return answer;
}

/* ---- More than computing ------------------------------------------------------------------------------------------ */

static void sr_write_log(sr_level level, sr_str text, bool has_row, uint32_t row) {
    text = sr_clean_utf8(text);
#if defined(__wasm__)
    sr_import_log((int32_t)level, text.data, text.size, has_row, row);
#else
    if (sr_native_log != NULL) sr_native_log((int)level, text.data, text.size, has_row, row);
#endif
}

void sr_log(sr_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    sr_str text = sr_vformat(format, arguments);
    va_end(arguments);
    sr_write_log(level, text, false, 0);
}

void sr_log_row(sr_level level, uint32_t row, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    sr_str text = sr_vformat(format, arguments);
    va_end(arguments);
    sr_write_log(level, text, true, row);
}

#if defined(__wasm__)
typedef struct sr_abi_response { uint16_t status; sr_str url; sr_abi_list headers; sr_str body; } sr_abi_response;
typedef struct sr_abi_failure { uint8_t which; sr_str message; } sr_abi_failure;
typedef struct sr_abi_fetched { uint8_t failed; union { sr_abi_response response; sr_abi_failure failure; } is; } sr_abi_fetched;
SR_LAYOUT_IS(sr_abi_response, 28);
SR_LAYOUT_IS(sr_abi_fetched, 32);

sr_response sr_fetch(const sr_request *request) {
    sr_abi_fetched fetched;
    sr_response response;
    memset(&response, 0, sizeof response);
    sr_import_fetch(request->method.data, request->method.size, request->url.data, request->url.size, request->headers,
                    request->header_count, request->body.data, request->body.size, request->timeout_ms > 0,
                    request->timeout_ms, &fetched);
    if (fetched.failed) {
        response.failure = (sr_failure)(fetched.is.failure.which + SR_DENIED);
        response.message = fetched.is.failure.message;
        return response;
    }
    response.status = fetched.is.response.status;
    response.url = fetched.is.response.url;
    response.headers = (const sr_header *)fetched.is.response.headers.data;
    response.header_count = fetched.is.response.headers.count;
    response.body = fetched.is.response.body;
    return response;
}
#else
sr_response sr_fetch(const sr_request *request) {
    sr_response response;
    if (sr_native_fetch != NULL) return sr_native_fetch(request);
    memset(&response, 0, sizeof response);
    response.failure = SR_DENIED;
    response.message = sr_str_of("no answer is set (sr_native_fetch)");
    return response;
}
#endif

/* ---- Asking models ------------------------------------------------------------------------------------------------- */

const char *sr_failure_name(sr_failure failure) {
    static const char *const names[] = {"answered", "denied", "invalid", "timeout", "too-large", "failed", "refused", "mismatch"};
    return names[failure];
}

sr_prompt sr_prompt_of(sr_str user) {
    sr_prompt request;
    sr_message *message = sr_new(sr_message, 1);
    message->role = SR_USER;
    message->content = user;
    memset(&request, 0, sizeof request);
    request.messages = message;
    request.message_count = 1;
    return request;
}

sr_answer sr_ask(const sr_model *model, const sr_prompt *request) {
    return sr_generate(model, request, 1, 1)[0];
}

#if defined(__wasm__)
/* Records of the contract that are not the author's: a case or a flag is one byte, with nothing to be read behind it. */
typedef struct sr_abi_message { uint8_t role; sr_str content; } sr_abi_message;
typedef struct sr_abi_text { uint8_t has; sr_str text; } sr_abi_text;
typedef struct sr_abi_float { uint8_t has; double value; } sr_abi_float;
typedef struct sr_abi_word { uint8_t has; uint32_t value; } sr_abi_word;
typedef struct sr_abi_long { uint8_t has; uint64_t value; } sr_abi_long;
typedef struct sr_abi_prompt {
    uint8_t form;
    sr_abi_list content;
    sr_abi_text schema;
    sr_abi_float temperature, top_p;
    sr_abi_word max_tokens;
    sr_abi_list stop;
    sr_abi_long seed;
    sr_abi_word logprobs;
} sr_abi_prompt;
typedef struct sr_abi_answer {
    sr_str text;
    sr_abi_text reasoning;
    uint8_t finish;
    sr_str model;
    uint32_t input_tokens, output_tokens;
    sr_abi_list logprobs;
} sr_abi_answer;
typedef struct sr_abi_answered { uint8_t failed; union { sr_abi_answer answer; sr_abi_failure failure; } is; } sr_abi_answered;
typedef struct sr_abi_scored { sr_abi_text query; sr_str text; } sr_abi_scored;
/* One of a model's results that are a list: its ratings, or a vector's bytes; or of `describe` the model's name. */
typedef struct sr_abi_made { uint8_t failed; union { sr_abi_list items; sr_str text; sr_abi_failure failure; } is; } sr_abi_made;
SR_LAYOUT_IS(sr_abi_message, 12);
SR_LAYOUT_IS(sr_abi_prompt, 96);
SR_LAYOUT_IS(sr_token, 24);
SR_LAYOUT_IS(sr_other_token, 16);
SR_LAYOUT_IS(sr_rating, 16);
SR_LAYOUT_IS(sr_abi_answer, 48);
SR_LAYOUT_IS(sr_abi_answered, 52);
SR_LAYOUT_IS(sr_abi_scored, 20);
SR_LAYOUT_IS(sr_abi_made, 16);

/* The models' failures are others than those of requests, and in another order. */
static sr_failure sr_model_failure(const sr_abi_failure *failure) {
    static const sr_failure kinds[] = {SR_DENIED, SR_INVALID, SR_REFUSED, SR_MISMATCH, SR_TIMEOUT, SR_FAILED};
    return failure->which < sizeof kinds / sizeof *kinds ? kinds[failure->which] : SR_FAILED;
}

static sr_model sr_described(sr_str name, const sr_abi_made *made) {
    sr_model model;
    memset(&model, 0, sizeof model);
    model.name = name;
    if (made->failed) sr_fault_at(SR_PARAMS, NULL, 0, "%.*s", SR_ARGS(made->is.failure.message));
    else model.served = made->is.text;
    return model;
}

sr_model sr_llm_model(sr_str name) {
    sr_abi_made made;
    name = sr_clean_utf8(name);
    sr_import_llm_describe(name.data, name.size, &made);
    return sr_described(name, &made);
}

sr_model sr_embedding_model(sr_str name) {
    sr_abi_made made;
    name = sr_clean_utf8(name);
    sr_import_embedding_describe(name.data, name.size, &made);
    return sr_described(name, &made);
}

static sr_str *sr_clean_all(const sr_str *texts, size_t count) {
    sr_str *clean = sr_new(sr_str, count);
    for (size_t i = 0; i < count; i++) clean[i] = sr_clean_utf8(texts[i]);
    return clean;
}

static void sr_lower_prompt(const sr_prompt *request, sr_abi_prompt *raw) {
    memset(raw, 0, sizeof *raw);
    raw->form = request->message_count == 0;
    if (raw->form == 1) {
        sr_str text = sr_clean_utf8(request->text);
        raw->content.data = text.data;
        raw->content.count = text.size;
    } else {
        sr_abi_message *messages = sr_new(sr_abi_message, request->message_count);
        for (size_t i = 0; i < request->message_count; i++) {
            messages[i].role = (uint8_t)request->messages[i].role;
            messages[i].content = sr_clean_utf8(request->messages[i].content);
        }
        raw->content.data = messages;
        raw->content.count = request->message_count;
    }
    raw->schema.has = request->schema.size > 0;
    raw->schema.text = sr_clean_utf8(request->schema);
    raw->temperature.has = request->has_temperature;
    raw->temperature.value = request->temperature;
    raw->top_p.has = request->has_top_p;
    raw->top_p.value = request->top_p;
    raw->max_tokens.has = request->max_tokens > 0;
    raw->max_tokens.value = request->max_tokens;
    raw->stop.data = sr_clean_all(request->stop, request->stop_count);
    raw->stop.count = request->stop_count;
    raw->seed.has = request->has_seed;
    raw->seed.value = request->seed;
    raw->logprobs.has = request->has_logprobs;
    raw->logprobs.value = request->logprobs;
}

static void sr_lift_answer(const sr_abi_answered *raw, sr_answer *answer) {
    if (raw->failed) {
        answer->failure = sr_model_failure(&raw->is.failure);
        answer->message = raw->is.failure.message;
        return;
    }
    const sr_abi_answer *is = &raw->is.answer;
    answer->text = is->text;
    if (is->reasoning.has) answer->reasoning = is->reasoning.text;
    answer->finish = (sr_finish)is->finish;
    answer->model = is->model;
    answer->input_tokens = is->input_tokens;
    answer->output_tokens = is->output_tokens;
    answer->logprobs = (const sr_token *)is->logprobs.data;
    answer->logprob_count = is->logprobs.count;
}

const sr_answer *sr_generate(const sr_model *model, const sr_prompt *requests, size_t count, uint32_t samples) {
    sr_abi_list list;
    sr_abi_prompt *raw = sr_new(sr_abi_prompt, count);
    for (size_t i = 0; i < count; i++) sr_lower_prompt(&requests[i], &raw[i]);
    sr_import_generate(model->name.data, model->name.size, raw, count, samples, &list);
    /* As many as the contract says, which are those that the host has made room for. */
    sr_answer *answers = (sr_answer *)sr_zeroed(list.count, sizeof(sr_answer));
    for (size_t i = 0; i < list.count; i++) sr_lift_answer((const sr_abi_answered *)list.data + i, &answers[i]);
    return answers;
}

const sr_ratings *sr_score(const sr_model *model, const sr_scored *texts, size_t count) {
    sr_abi_list list;
    sr_abi_scored *raw = (sr_abi_scored *)sr_zeroed(count, sizeof(sr_abi_scored));
    for (size_t i = 0; i < count; i++) {
        raw[i].query.has = texts[i].query.size > 0;
        raw[i].query.text = sr_clean_utf8(texts[i].query);
        raw[i].text = sr_clean_utf8(texts[i].text);
    }
    sr_import_score(model->name.data, model->name.size, raw, count, &list);
    const sr_abi_made *made = (const sr_abi_made *)list.data;
    sr_ratings *ratings = (sr_ratings *)sr_zeroed(list.count, sizeof(sr_ratings));
    for (size_t i = 0; i < list.count; i++) {
        if (made[i].failed) {
            ratings[i].failure = sr_model_failure(&made[i].is.failure);
            ratings[i].message = made[i].is.failure.message;
        } else {
            ratings[i].items = (const sr_rating *)made[i].is.items.data;
            ratings[i].count = made[i].is.items.count;
        }
    }
    return ratings;
}

const sr_vector *sr_embed(const sr_model *model, const sr_str *texts, size_t count) {
    sr_abi_list list;
    sr_import_embed(model->name.data, model->name.size, sr_clean_all(texts, count), count, &list);
    const sr_abi_made *made = (const sr_abi_made *)list.data;
    sr_vector *vectors = (sr_vector *)sr_zeroed(list.count, sizeof(sr_vector));
    for (size_t i = 0; i < list.count; i++) {
        if (made[i].failed) {
            vectors[i].failure = sr_model_failure(&made[i].is.failure);
            vectors[i].message = made[i].is.failure.message;
        } else {
            /* Bytes that were made room for by `sr_export_realloc` lie where numbers can. */
            vectors[i].values = (const float *)made[i].is.items.data;
            vectors[i].count = made[i].is.items.count / sizeof(float);
        }
    }
    return vectors;
}
#else
static sr_str sr_nobody(void) {
    return sr_str_of("no test answers for models (sr_native_answer, sr_native_score, sr_native_embed)");
}

static sr_model sr_native_model(sr_str name, bool is_there) {
    sr_model model;
    model.name = name;
    model.served = name;
    if (!is_there) sr_fault_at(SR_PARAMS, NULL, 0, "%.*s", SR_ARGS(sr_nobody()));
    return model;
}

sr_model sr_llm_model(sr_str name) { return sr_native_model(name, sr_native_answer != NULL || sr_native_score != NULL); }
sr_model sr_embedding_model(sr_str name) { return sr_native_model(name, sr_native_embed != NULL); }

const sr_answer *sr_generate(const sr_model *model, const sr_prompt *requests, size_t count, uint32_t samples) {
    sr_answer *answers = (sr_answer *)sr_zeroed(count * samples, sizeof(sr_answer));
    for (size_t i = 0; i < count * samples; i++) {
        if (sr_native_answer != NULL) {
            answers[i] = sr_native_answer(model->name, &requests[i / samples]);
        } else {
            answers[i].failure = SR_DENIED;
            answers[i].message = sr_nobody();
        }
    }
    return answers;
}

const sr_ratings *sr_score(const sr_model *model, const sr_scored *texts, size_t count) {
    sr_ratings *ratings = (sr_ratings *)sr_zeroed(count, sizeof(sr_ratings));
    for (size_t i = 0; i < count; i++) {
        if (sr_native_score != NULL) {
            ratings[i] = sr_native_score(model->name, &texts[i]);
        } else {
            ratings[i].failure = SR_DENIED;
            ratings[i].message = sr_nobody();
        }
    }
    return ratings;
}

const sr_vector *sr_embed(const sr_model *model, const sr_str *texts, size_t count) {
    sr_vector *vectors = (sr_vector *)sr_zeroed(count, sizeof(sr_vector));
    for (size_t i = 0; i < count; i++) {
        if (sr_native_embed != NULL) {
            vectors[i] = sr_native_embed(model->name, texts[i]);
        } else {
            vectors[i].failure = SR_DENIED;
            vectors[i].message = sr_nobody();
        }
    }
    return vectors;
}
#endif

#ifdef __cplusplus
}
#endif
#endif /* STILLROOM_IMPLEMENTATION */
