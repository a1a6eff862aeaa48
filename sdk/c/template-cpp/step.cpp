// {{name}}: a step that upper-cases a text and adds a mark.
#define STILLROOM_IMPLEMENTATION
#include "stillroom.h"

#include <algorithm>

namespace {

const sr_param params[] = {
    {"mark", SR_TEXT, "What is added.", "\"!\"", nullptr, nullptr, nullptr},
    {},
};
const sr_column_spec columns[] = {{"text", "utf8", "The text.", false}, {}};

struct Shout {
    sr_in text;
    sr_str mark;
};

// ASCII: the language has no tables of other letters.
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

sr_status open(sr_schema *schema, void *state) {
    auto *self = static_cast<Shout *>(state);
    self->mark = sr_param_text(schema, "mark");
    self->text = sr_take_as(schema, "text", "utf8");
    sr_make(schema, "text", "utf8");
    return SR_OK;
}

sr_status process(void *state, const sr_batch *batch, sr_output *output) {
    const auto *self = static_cast<const Shout *>(state);
    const sr_array *text = sr_column(batch, self->text);
    sr_builder *loud = sr_builder_of("utf8", text->length);
    for (std::size_t row = 0; row < text->length; row++) {
        if (sr_is_null(text, row)) {
            sr_add_null(loud);
            continue;
        }
        const sr_str value = sr_str_at(text, row);
        char *to = sr_add_room(loud, value.size + self->mark.size);
        to = std::transform(value.data, value.data + value.size, to, upper);
        std::copy_n(self->mark.data, self->mark.size, to);
    }
    sr_put_built(output, loud);
    return SR_OK;
}

const sr_step shout = {
    "shout", SR_TRANSFORM, "Upper-cases a text and adds a mark.", params, columns, sizeof(Shout), open, process, nullptr,
};

}  // namespace

SR_PLUGIN(&shout);
