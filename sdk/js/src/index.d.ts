/** What a value of a column type is in JavaScript. Integers of 64 bits are BigInts: a number would lose those beyond 2^53. */
export type Value<T> = T extends "bool"
  ? boolean
  : T extends "int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32" | "float16" | "float32" | "float64" | "date32"
    ? number
    : T extends "int64" | "uint64" | "date64"
      ? bigint
      : T extends "utf8" | "large-utf8" | "utf8-view"
        ? string
        : T extends "binary" | "large-binary" | "binary-view" | `fixed-size-binary<${string}>`
          ? Uint8Array
          : T extends `decimal128<${string}>` | `time64<${string}>` | `timestamp<${string}>` | `duration<${string}>`
            ? bigint
            : T extends `time32<${string}>`
              ? number
              : T extends `list<${infer Item}>` | `large-list<${infer Item}>`
                ? (Value<Item> | null)[]
                : T extends `struct<${string}>`
                  ? Record<string, any>
                  : any;

/** The typed array behind a column type. */
export type Data<T> = T extends keyof DataOf ? DataOf[T] : T extends "bool" ? Uint8Array : any;

interface DataOf {
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float16: Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
  date32: Int32Array;
  date64: BigInt64Array;
}

/** One column: Arrow buffers, and ways to look at them, by cost. Buffers cost nothing; `values()` makes an array once. */
export class Column<T = any> implements Iterable<Value<T> | null> {
  private constructor();
  /** The type, in the contract's words. */
  readonly type: string;
  readonly length: number;
  readonly nullCount: number;
  /** The validity bitmap, least significant bit first; empty where no row is null. */
  readonly validity: Uint8Array;
  /** The numbers of a column of fixed width, a dictionary's keys, the bits of a `bool`. Null rows have any value. */
  readonly data: Data<T>;
  /** Where the values of text, binary or lists begin, and the last one ends. */
  readonly offsets: Int32Array | Float64Array;
  /** The bytes of text and binary, all rows one after the other. */
  readonly bytes: Uint8Array;
  /** A list's items, of all rows one after the other; a dictionary's values. */
  readonly items: Column;
  /** Whether text is ASCII throughout: then a built-in may work on the whole column at once. */
  readonly isAscii: boolean;
  /** A struct's member. */
  member(name: string): Column;
  isNull(row: number): boolean;
  /** The value of a row, or null. */
  get(row: number): Value<T> | null;
  /** All values, null where there is none. Text is decoded for the whole column at once. */
  values(): (Value<T> | null)[];
  /** What a function makes of each value; null stays null. */
  map<U>(make: (value: Value<T>, row: number) => U): (U | null)[];
  /** Text in one piece: all rows one after the other, and where each begins, in characters as JavaScript counts them. */
  text(): { text: string; offsets: ArrayLike<number> };
  /** All rows of text in one with something between them, nulls as nothing. */
  join(separator: string): string;
  /** The same values, but null where another column of as many rows is. */
  withNullsOf(other: Column): Column<T>;
  [Symbol.iterator](): Iterator<Value<T> | null>;
}

/** What makes a column: a column, an array of values with null for none, or a typed array of the column's type. */
export type Made<T> =
  | Column<any>
  | readonly (Value<T> | Piece<T> | (Value<T> extends bigint ? number : never) | null | undefined)[]
  | (T extends "int64" ? BigInt64Array | Int32Array : T extends keyof DataOf ? DataOf[T] : never);

/** A row of a list in one piece: a vector. */
type Piece<T> = T extends `list<${infer Item}>` | `large-list<${infer Item}>` ? (Item extends keyof DataOf ? DataOf[Item] : never) : never;

/** Makes a column of values. Nothing is rounded: a value that the type cannot hold is a `TypeError` that names the row. */
export function build<const T extends string>(type: T, values: Made<T>): Column<T>;

/** Makes a column of text in one piece: what `Column.text` gives, after a built-in has worked on it. */
export function buildText(text: string, offsets: ArrayLike<number>): Column<"utf8">;

export interface ColumnSpec<T extends string = string, Required extends boolean = boolean> {
  readonly dataTypes: readonly T[];
  readonly required: Required;
  readonly summary: string;
}

/**
 * A column that a step cannot do without. `types`: those that it takes, best first; the host converts losslessly to the first
 * that it can. A word alone (`list`, `timestamp`) takes all of its kind, and none at all takes everything.
 */
export function column<const T extends string>(types?: T | readonly T[], summary?: string): ColumnSpec<T, true>;
export namespace column {
  /** A column that a step takes where the data has it. */
  function optional<const T extends string>(types?: T | readonly T[], summary?: string): ColumnSpec<T, false>;
}

export interface ParamSpec<T> {
  /** Only for the type. */
  readonly "~value"?: T;
}

interface ParamOptions<T> {
  /** Without one, and not `optional`, the parameter is required. */
  default?: T;
  /** It may be left out, and is `undefined` then. */
  optional?: boolean;
}

interface Limits<T> {
  minimum?: T;
  maximum?: T;
}

type Given<T, O> = ParamSpec<O extends { optional: true } ? T | undefined : T>;

/** What a step's parameters may be. */
export const param: {
  /** Text. */
  string<const O extends ParamOptions<string>>(summary?: string, options?: O): Given<string, O>;
  /** A whole number up to 2^53; one beyond is refused and never rounded. */
  integer<const O extends ParamOptions<number> & Limits<number>>(summary?: string, options?: O): Given<number, O>;
  /** A whole number of 64 bits, as a BigInt, also by default. */
  bigint<const O extends ParamOptions<bigint | number> & Limits<bigint | number>>(summary?: string, options?: O): Given<bigint, O>;
  /** A number. */
  number<const O extends ParamOptions<number> & Limits<number>>(summary?: string, options?: O): Given<number, O>;
  /** True or false. */
  boolean<const O extends ParamOptions<boolean>>(summary?: string, options?: O): Given<boolean, O>;
  /** One of several words. */
  choice<const C extends string, const O extends ParamOptions<C>>(choices: readonly C[], summary?: string, options?: O): Given<C, O>;
  /** A list. */
  list<T, O extends ParamOptions<T[]>>(item: ParamSpec<T>, summary?: string, options?: O): Given<T[], O>;
  /** Any JSON value; whole numbers beyond 2^53 are BigInts in it. */
  any(summary?: string, options?: ParamOptions<unknown>): ParamSpec<unknown>;
};

export type Params<P> = { [K in keyof P]: P[K] extends ParamSpec<infer T> ? T : never };
type Columns = Record<string, ColumnSpec>;
type Outputs = Record<string, string>;
type TypeOf<S> = S extends ColumnSpec<infer T, any> ? T : any;

/** A row as an object. */
export type Row<C> = { [K in keyof C]: C[K] extends ColumnSpec<infer T, infer R> ? Value<T> | null | (R extends true ? never : undefined) : never };

/** The columns that a step makes, by name. */
export type MadeColumns<O> = { [K in keyof O]: Made<O[K]> };
/** The values of a row that a step makes, by name: all that are declared, null for none. */
export type MadeRow<O> = { [K in keyof O]: Value<O[K]> | (Value<O[K]> extends bigint ? number : never) | null };

/** The rows of a batch that a step works on. */
export class Batch<C = any> {
  private constructor();
  readonly length: number;
  /** A column that the step takes. */
  column<K extends keyof C & string>(name: K): Column<TypeOf<C[K]>>;
  column(name: string): Column;
  /** Whether the step takes a column of this name: an optional one may not be there. */
  has(name: string): boolean;
  /** All rows as objects. The dearest way to look at a batch. */
  rows(): Row<C>[];
  /** Leaves a row to the quarantine. In the columns of a step of `rows: "same"` it keeps its place. */
  reject(row: number, reason: string): void;
}

export interface Rejection {
  row: number;
  reason: string;
}

export class Output<O = any> {
  private constructor();
  readonly columns: MadeColumns<O>;
}

/** An answer with more than columns. `origins`: for each row the input row that it came from (global: over all consumed). */
export function output<O>(
  columns: O,
  more?: { origins?: ArrayLike<number>; rejected?: Rejection[]; length?: number },
): Output<O>;

export interface Field {
  name: string;
  type: string;
}

/** What `open` sees of the data, and says of the step. */
export interface Schema {
  /** The columns of the data that the step is told of. */
  readonly fields: readonly Field[];
  has(name: string): boolean;
  /** Takes a column that is not declared; a parameter may name it. */
  input(name: string, types?: string | readonly string[]): Field;
  /** Declares a column that the step makes. */
  output(name: string, type: string): void;
  /** Declares that answers have any number of rows, and say their `origins`. */
  rowsAny(): void;
  /** Declares the columns of which rows that differ have no bearing on one another (ordered and global steps). */
  key(...names: string[]): void;
}

export interface Context<P> {
  readonly params: Params<P>;
  readonly schema: Schema;
}

export interface FinishContext<P> extends Context<P> {
  /** Rows that were consumed. */
  readonly consumed: number;
  /** Leaves a row of all that were consumed to the quarantine. */
  reject(row: number, reason: string): void;
}

type Answer<O> = MadeColumns<O> | Output<any> | void | null;
type RowAnswer<O> = MadeRow<O> | MadeRow<O>[] | null | undefined;

/** How a step answers: `process` for batches, or `row` for one row after the other, or `generate` for a source. */
export interface Methods<P, C, O> {
  /** Answers a batch. */
  process?(batch: Batch<C>, context: Context<P>): Answer<O> | Promise<Answer<O>>;
  /** Answers a row; with `rows: "any"` also with several or none (null). What it throws as `Reject` rejects the row. */
  row?(row: Row<C>, context: Context<P>): RowAnswer<O> | Promise<RowAnswer<O>>;
  /** A source's rows. */
  generate?(context: Context<P>): Iterator<MadeRow<O>>;
  /**
   * After the last batch of a global step: called until it answers nothing, neither rows nor rejections. No other kind of step may
   * have it; an ordered one has answered to every row by then.
   */
  finish?(context: FinishContext<P>): Answer<O> | Promise<Answer<O>>;
}

export interface Definition<P, C, O> extends Methods<P, C, O> {
  /** What a pipeline calls it: `plugin/name`. */
  name: string;
  /** How its batches hang together; `transform` where it is left out. */
  kind?: "transform" | "ordered" | "global" | "source";
  /** What it does, in a line. */
  summary?: string;
  /** What can be set. `maxLength` here is `max-length` in pipelines. */
  params?: P;
  /** The columns that it takes. */
  columns?: C;
  /** The columns that it makes, and their types. */
  outputs?: O;
  /** `same`: one row for each, in order. `any`: answers say the origins of their rows. */
  rows?: "same" | "any";
  /** Ordered and global steps: the columns that are the key. */
  key?: (keyof C & string)[];
  /** Settles what hangs on parameters and data. May return the methods, which then share its variables as their state. */
  open?(context: Context<P>): Methods<P, C, any> | void;
}

/** A step as it was declared. */
export class Step {
  private constructor();
  readonly name: string;
}

/** Declares a step. A plugin's entry has one, or a list of them, as its default export. */
export function step<const P extends Record<string, ParamSpec<any>> = {}, const C extends Columns = {}, const O extends Outputs = {}>(
  definition: Definition<P, C, O>,
): Step;

/** A row that the step will not answer for: thrown by `row`. */
export class Reject extends Error {
  constructor(reason: string);
}

/** The parameters or the columns' types are wrong: thrown by `open`. */
export class ParamsFault extends Error {
  constructor(message: string);
}

/** This batch cannot be worked on. */
export class DataFault extends Error {
  constructor(message: string);
}

/** The step itself failed, and says why in its own words. */
export class PluginFault extends Error {
  constructor(message: string);
}
