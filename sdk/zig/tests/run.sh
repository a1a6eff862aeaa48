#!/bin/sh -e
# The SDK's own tests, natively. ZIG chooses the compiler: "zig", or "python3 -m ziglang".
cd "$(dirname "$0")/.."
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
${ZIG:-python3 -m ziglang} test --dep stillroom --dep conformance -Mroot=tests/sdk.zig \
    -Mstillroom=src/stillroom.zig --dep stillroom -Mconformance=conformance/step.zig --cache-dir "$cache"
