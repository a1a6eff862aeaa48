/* Natively, without WebAssembly: cc -std=c11 -g -fsanitize=address,undefined -I sdk tests/test_step.c -o /tmp/test && /tmp/test */
#include "../step.c"
#include "stillroom_test.h"

int main(void) {
    sr_test_open("shout", "{\"mark\": \"?\"}", "text: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"hello\", null, \"straße\"]"));
    SR_TEST_IS(0, "[\"HELLO?\",null,\"STRAßE?\"]");

    sr_test_open("shout", "{\"mark\": 3}", "text: utf8");
    SR_TEST_FAULT("parameter `mark` is 3; it must be text");
    return sr_test_done();
}
