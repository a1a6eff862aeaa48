// In the sandbox: the host's.
export { describe, embed } from "stillroom:step/embedding@0.1.0";
