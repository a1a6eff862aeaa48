/* {{name}}: a step that upper-cases a text and adds a mark. */
#define STILLROOM_IMPLEMENTATION
#include "stillroom.h"

static const sr_param params[] = {
    {.name = "mark", .type = SR_TEXT, .summary = "What is added.", .fallback = "\"!\""},
    {0},
};
static const sr_column_spec columns[] = {
    {.name = "text", .types = "utf8", .summary = "The text."},
    {0},
};

struct shout {
    sr_in text;
    sr_str mark;
};

static sr_status shout_open(sr_schema *schema, void *state) {
    struct shout *self = state;
    self->mark = sr_param_text(schema, "mark");
    self->text = sr_take_as(schema, "text", "utf8");
    sr_make(schema, "text", "utf8");
    return SR_OK;
}

static sr_status shout_process(void *state, const sr_batch *batch, sr_output *output) {
    const struct shout *self = state;
    const sr_array *text = sr_column(batch, self->text);
    sr_builder *loud = sr_builder_of("utf8", text->length);
    for (size_t row = 0; row < text->length; row++) {
        if (sr_is_null(text, row)) {
            sr_add_null(loud);
            continue;
        }
        sr_str value = sr_str_at(text, row);
        char *to = sr_add_room(loud, value.size + self->mark.size);
        for (size_t i = 0; i < value.size; i++) {
            char c = value.data[i];
            to[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c); /* ASCII: C has no tables of other letters. */
        }
        memcpy(to + value.size, self->mark.data, self->mark.size);
    }
    sr_put_built(output, loud);
    return SR_OK;
}

static const sr_step shout = {
    .name = "shout",
    .summary = "Upper-cases a text and adds a mark.",
    .params = params,
    .columns = columns,
    .state_size = sizeof(struct shout),
    .open = shout_open,
    .process = shout_process,
};

SR_PLUGIN(&shout);
