type Line = (message: unknown, row?: number) => void;

/** Lines in the run's log, each with the row of the batch that it is about. A pipeline has to grant `log`. */
export const log: { readonly debug: Line; readonly info: Line; readonly warn: Line; readonly error: Line };
