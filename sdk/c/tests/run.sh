#!/bin/sh -e
# The SDK's own tests, natively: C with the sanitizers, C++ with the header in it. CC and CXX choose the compilers.
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
flags="-g -Wall -Wextra -Wpedantic -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -I src"
${CC:-cc} -std=c11 $flags tests/test_sdk.c -o "$out/c" && "$out/c"
${CC:-cc} -std=c11 $flags tests/test_models.c -o "$out/models" && "$out/models"
${CXX:-c++} -std=c++17 $flags tests/test_cpp.cpp -o "$out/cpp" && "$out/cpp"
