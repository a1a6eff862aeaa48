#!/bin/sh -e
# The SDK's own tests, natively. ZIG chooses the compiler: "zig", or "python3 -m ziglang".
cd "$(dirname "$0")/.."
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
${ZIG:-python3 -m ziglang} test --dep stillroom --dep conformance --dep ask -Mroot=tests/sdk.zig \
    -Mstillroom=src/stillroom.zig --dep stillroom -Mconformance=conformance/step.zig --dep stillroom -Mask=ask/step.zig --cache-dir "$cache"
