// What a step throws to say whose fault something is.

/** A row that the step will not answer for: thrown by `row`, its row leaves the stream with the reason. */
export class Reject extends Error {
  /** @param {string} reason For the person who looks into the quarantine. */
  constructor(reason) {
    super(reason);
    this.name = "Reject";
  }
}

/** The parameters or the columns' types are wrong. Only from `open`. */
export class ParamsFault extends Error {
  constructor(message) {
    super(message);
    this.name = "ParamsFault";
  }
}

/** This batch cannot be worked on. */
export class DataFault extends Error {
  constructor(message) {
    super(message);
    this.name = "DataFault";
  }
}

/** The step itself failed, and says why in its own words: the message is shown without a stack. */
export class PluginFault extends Error {
  constructor(message) {
    super(message);
    this.name = "PluginFault";
  }
}
