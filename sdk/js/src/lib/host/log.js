// In the sandbox: the host's.
export { write } from "stillroom:step/log@0.1.0";
