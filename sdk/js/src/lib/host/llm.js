// In the sandbox: the host's.
export { describe, generate, score } from "stillroom:step/llm@0.1.0";
