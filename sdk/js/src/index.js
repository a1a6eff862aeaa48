// Write Stillroom steps in JavaScript and TypeScript.

export { Batch, Output, column, output, step } from "./lib/step.js";
export { Column } from "./lib/column.js";
export { DataFault, ParamsFault, PluginFault, Reject } from "./lib/fault.js";
export { build, buildText } from "./lib/build.js";
export { param } from "./lib/params.js";
