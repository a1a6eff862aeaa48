// A step in C++17: the same header, and the language's own containers.
#define STILLROOM_IMPLEMENTATION
#include "stillroom.h"

#include <string>
#include <unordered_map>

namespace {

const sr_param params[] = {{}};
const sr_column_spec columns[] = {{"text", "utf8", "The text.", false}, {}};

struct Seen {
    sr_in text;
    std::unordered_map<std::string, std::int64_t> *count;
};

sr_status open(sr_schema *schema, void *state) {
    auto *self = static_cast<Seen *>(state);
    self->text = sr_take_as(schema, "text", "utf8");
    self->count = new std::unordered_map<std::string, std::int64_t>;
    sr_make(schema, "seen", "int64");
    return SR_OK;
}

sr_status process(void *state, const sr_batch *batch, sr_output *output) {
    auto &count = *static_cast<Seen *>(state)->count;
    const sr_array *text = sr_column(batch, static_cast<Seen *>(state)->text);
    sr_builder *seen = sr_builder_of("int64", text->length);
    for (std::uint32_t row = 0; row < text->length; row++) {
        if (sr_is_null(text, row)) {
            sr_add_null(seen);
            continue;
        }
        const sr_str value = sr_str_at(text, row);
        sr_add_int(seen, count[std::string(value.data, value.size)]++);
    }
    sr_put_built(output, seen);
    return SR_OK;
}

const sr_step seen = {
    "seen", SR_ORDERED, "How often a text has been there before.", params, columns, sizeof(Seen), open, process, nullptr,
};

}  // namespace

SR_PLUGIN(&seen);
