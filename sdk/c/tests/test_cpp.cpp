// The header in C++17, natively.
#include "../examples/seen.cpp"
#include "stillroom_test.h"

int main() {
    sr_test_open("seen", "{}", "text: utf8");
    sr_test_process(1, sr_test_column("utf8", "[\"a\",\"b\",null,\"a\"]"));
    SR_TEST_IS(0, "[0,0,null,1]");
    sr_test_process(1, sr_test_column("utf8", "[\"a\"]"));
    SR_TEST_IS(0, "[2]");
    delete static_cast<Seen *>(sr_g.state)->count;
    return sr_test_done();
}
