// In the sandbox: the host's.
export { fetch } from "stillroom:step/http@0.1.0";
