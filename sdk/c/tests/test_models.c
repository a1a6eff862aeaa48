/* Steps that ask models, natively: see test_sdk.c. */
#include "../ask/step.c"
#include "stillroom_test.h"

static size_t asked;

static sr_answer answers(sr_str model, const sr_prompt *request) {
    sr_answer answer = {0};
    sr_str said = request->messages[request->message_count - 1].content;
    asked++;
    if (sr_str_is(said, "bad")) {
        answer.failure = SR_REFUSED;
        answer.message = sr_str_of("not this");
        return answer;
    }
    answer.text = sr_str_of(sr_format("%.*s %zu %u %.*s", SR_ARGS(model), request->message_count, (unsigned)request->max_tokens, SR_ARGS(said)));
    return answer;
}

static sr_ratings scores(sr_str model, const sr_scored *text) {
    sr_ratings ratings = {0};
    sr_rating *rating = sr_new(sr_rating, 1);
    (void)model;
    *rating = (sr_rating){{0}, (double)text->text.size / 2};
    ratings.items = rating;
    ratings.count = 1;
    return ratings;
}

static sr_vector vectors(sr_str model, sr_str text) {
    sr_vector vector = {0};
    float *values = sr_new(float, 2);
    (void)model;
    values[0] = 0.5f;
    values[1] = (float)text.size;
    vector.values = values;
    vector.count = 2;
    return vector;
}

int main(void) {
    SR_TEST(!sr_test_open("ask", "{\"model\": \"small\"}", "prompt: utf8"));
    SR_TEST_FAULT("no test answers for models");
    SR_TEST(sr_test.whose == SR_PARAMS);
    SR_TEST(!sr_test_open("embed", "{\"model\": \"small\"}", "prompt: utf8"));
    SR_TEST(sr_test.whose == SR_PARAMS);

    sr_native_answer = answers;
    sr_test_open("ask", "{\"model\": \"small\", \"system\": \"Be short.\"}", "prompt: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"a\",\"bad\",null]"));
    SR_TEST_IS(0, "[\"small 2 64 a\",\"\",\"small 2 64 \"]");
    SR_TEST(sr_test.rejected_count == 1 && sr_str_is(sr_test.rejected[0].reason, "refused: not this"));

    sr_model model = sr_llm_model(sr_str_of("small"));
    sr_prompt request = sr_prompt_of(sr_str_of("b"));
    asked = 0;
    SR_TEST(sr_str_is(sr_generate(&model, &request, 1, 3)[2].text, "small 1 0 b") && asked == 3);
    SR_TEST(sr_str_is(sr_ask(&model, &request).text, "small 1 0 b"));
    sr_scored text = {{0}, {0}};
    SR_TEST(sr_score(&model, &text, 1)[0].failure == SR_DENIED);

    sr_native_score = scores;
    sr_test_open("score", "{\"model\": \"judge\"}", "prompt: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"abc\",null]"));
    SR_TEST_IS(0, "[1.5,0]");

    sr_native_embed = vectors;
    sr_test_open("embed", "{\"model\": \"small\"}", "prompt: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"ab\",null]"));
    SR_TEST_IS(0, "[[0.5,2],[0.5,0]]");
    return sr_test_done();
}
