/* Steps that ask models: what a prompt is answered, how a text is rated, a text's vector. */
#define STILLROOM_IMPLEMENTATION
#include "stillroom.h"

struct asking {
    sr_in prompt;
    sr_model model;
    sr_str system;
    uint32_t max_tokens;
};

#define MODEL {.name = "model", .type = SR_TEXT, .summary = "The model's name in the pipeline."}
static const sr_param ask_params[] = {
    MODEL,
    {.name = "system", .type = SR_TEXT, .summary = "What the system says.", .fallback = "\"\""},
    {.name = "max-tokens", .type = SR_INTEGER, .summary = "The most tokens of an answer.", .fallback = "64"},
    {0},
};
static const sr_param model_params[] = {MODEL, {0}};
static const sr_column_spec columns[] = {{.name = "prompt", .types = "utf8", .summary = "The text."}, {0}};

static sr_str prompt_at(const sr_array *prompts, size_t row) {
    return sr_is_null(prompts, row) ? sr_str_of("") : sr_str_at(prompts, row);
}

static void failed(sr_output *output, size_t row, sr_failure failure, sr_str message) {
    sr_reject(output, (uint32_t)row, "%s: %.*s", sr_failure_name(failure), SR_ARGS(message));
}

static sr_status ask_open(sr_schema *schema, void *state) {
    struct asking *self = state;
    self->model = sr_llm_model(sr_param_text(schema, "model"));
    self->system = sr_param_text(schema, "system");
    self->max_tokens = (uint32_t)sr_param_int(schema, "max-tokens");
    self->prompt = sr_take_as(schema, "prompt", "utf8");
    sr_make(schema, "answer", "utf8");
    return SR_OK;
}

static sr_status ask_process(void *state, const sr_batch *batch, sr_output *output) {
    const struct asking *self = state;
    const sr_array *prompts = sr_column(batch, self->prompt);
    size_t before = self->system.size > 0;
    sr_prompt *requests = sr_new(sr_prompt, prompts->length);
    for (size_t row = 0; row < prompts->length; row++) {
        sr_message *messages = sr_new(sr_message, 2);
        messages[0] = (sr_message){SR_SYSTEM, self->system};
        messages[before] = (sr_message){SR_USER, prompt_at(prompts, row)};
        requests[row] = (sr_prompt){.messages = messages, .message_count = before + 1, .max_tokens = self->max_tokens};
    }
    const sr_answer *answers = sr_generate(&self->model, requests, prompts->length, 1);
    sr_builder *texts = sr_builder_of("utf8", prompts->length);
    for (size_t row = 0; row < prompts->length; row++) {
        sr_add_str(texts, answers[row].text);
        if (answers[row].failure != SR_ANSWERED) failed(output, row, answers[row].failure, answers[row].message);
    }
    sr_put_built(output, texts);
    return SR_OK;
}

static sr_status score_open(sr_schema *schema, void *state) {
    struct asking *self = state;
    self->model = sr_llm_model(sr_param_text(schema, "model"));
    self->prompt = sr_take_as(schema, "prompt", "utf8");
    sr_make(schema, "score", "float64");
    return SR_OK;
}

static sr_status score_process(void *state, const sr_batch *batch, sr_output *output) {
    const struct asking *self = state;
    const sr_array *prompts = sr_column(batch, self->prompt);
    sr_scored *texts = sr_new(sr_scored, prompts->length);
    for (size_t row = 0; row < prompts->length; row++) texts[row] = (sr_scored){{0}, prompt_at(prompts, row)};
    const sr_ratings *ratings = sr_score(&self->model, texts, prompts->length);
    sr_builder *scores = sr_builder_of("float64", prompts->length);
    for (size_t row = 0; row < prompts->length; row++) {
        if (ratings[row].count > 0) sr_add_float(scores, ratings[row].items[0].value);
        else sr_add_null(scores);
        if (ratings[row].failure != SR_ANSWERED) failed(output, row, ratings[row].failure, ratings[row].message);
    }
    sr_put_built(output, scores);
    return SR_OK;
}

static sr_status embed_open(sr_schema *schema, void *state) {
    struct asking *self = state;
    self->model = sr_embedding_model(sr_param_text(schema, "model"));
    self->prompt = sr_take_as(schema, "prompt", "utf8");
    sr_make(schema, "vector", "list<float32>");
    return SR_OK;
}

static sr_status embed_process(void *state, const sr_batch *batch, sr_output *output) {
    const struct asking *self = state;
    const sr_array *prompts = sr_column(batch, self->prompt);
    sr_str *texts = sr_new(sr_str, prompts->length);
    for (size_t row = 0; row < prompts->length; row++) texts[row] = prompt_at(prompts, row);
    const sr_vector *made = sr_embed(&self->model, texts, prompts->length);
    sr_builder *vectors = sr_builder_of("list<float32>", prompts->length);
    for (size_t row = 0; row < prompts->length; row++) {
        for (size_t i = 0; i < made[row].count; i++) sr_add_float(sr_child(vectors, 0), made[row].values[i]);
        sr_add_row(vectors);
        if (made[row].failure != SR_ANSWERED) failed(output, row, made[row].failure, made[row].message);
    }
    sr_put_built(output, vectors);
    return SR_OK;
}

static const sr_step ask = {
    .name = "ask", .summary = "Ask a model.", .params = ask_params, .columns = columns,
    .state_size = sizeof(struct asking), .open = ask_open, .process = ask_process,
};
static const sr_step score = {
    .name = "score", .summary = "Have a model rate texts.", .params = model_params, .columns = columns,
    .state_size = sizeof(struct asking), .open = score_open, .process = score_process,
};
static const sr_step embed = {
    .name = "embed", .summary = "Have a model make the vectors of texts.", .params = model_params, .columns = columns,
    .state_size = sizeof(struct asking), .open = embed_open, .process = embed_process,
};

SR_PLUGIN(&ask, &score, &embed);
