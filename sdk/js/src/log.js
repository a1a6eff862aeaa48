// Lines in the run's log. A plugin that imports this asks for `log`, which a pipeline has to grant.

import { write } from "#host/log";

const at = (level) => (message, row) => write(level, String(message), row);

/** Each takes a line, and the row of the batch that it is about. */
export const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
