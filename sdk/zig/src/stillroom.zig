//! Write Stillroom steps in Zig: typed Arrow columns in, typed Arrow columns out, in a sandbox.
//!
//! A step is a struct with `name`, `summary`, `open` and `process`; `plugin` exports it.
//!
//! ```
//! const sr = @import("stillroom");
//!
//! pub const panic = sr.panic_handler;
//!
//! const Lengths = struct {
//!     pub const name = "lengths";
//!     pub const summary = "The length of a text in bytes.";
//!     pub const columns = [_]sr.Column{.{ .name = "text", .types = &.{"utf8"}, .summary = "The text." }};
//!     text: sr.In,
//!
//!     pub fn open(_: sr.NoParams, schema: *sr.Schema) !Lengths {
//!         try schema.make("length", "int64");
//!         return .{ .text = try schema.takeAs("text", "utf8") };
//!     }
//!
//!     pub fn process(self: *Lengths, batch: *const sr.Batch, output: *sr.Output) !void {
//!         const text = batch.column(self.text).texts();
//!         var length: sr.Builder = try .init(batch.arena, "int64", text.len);
//!         for (0..text.len) |row| {
//!             if (text.get(row)) |value| try length.addInt(value.len) else try length.addNull();
//!         }
//!         try output.putBuilt(&length);
//!     }
//! };
//!
//! comptime {
//!     sr.plugin(&.{Lengths});
//! }
//! ```
//!
//! Memory: `batch.arena` lives until the next call, `schema.arena` as long as the step; nothing is freed by hand.
//! Errors: `sr.data`, `sr.plugin_fault` and `sr.params` make the call's fault with message and place; any other error is a
//! fault of the plugin by its name; a panic reaches the host with its message.

const std = @import("std");
const builtin = @import("builtin");
const root = @import("root");
const fault = @import("fault.zig");
const host = @import("host.zig");
const array = @import("array.zig");
const step = @import("step.zig");
const types = @import("types.zig");

pub const Type = types.Type;
pub const Array = array.Array;
pub const Nulls = array.Nulls;
pub const Texts = array.Texts;
pub const Numbers = array.Numbers;
pub const Range = array.Range;
pub const Builder = @import("builder.zig").Builder;

pub const Kind = step.Kind;
pub const Column = step.Column;
pub const NoParams = step.NoParams;
pub const In = step.In;
pub const Schema = step.Schema;
pub const Batch = step.Batch;
pub const Output = step.Output;

pub const Error = fault.Error;
/// The fault of parameters or columns' types: for the pipeline's author. Only from `open`.
pub const params = fault.params;
/// The fault of this batch: `return sr.data(@src(), "no unit in `{s}`", .{text});`.
pub const data = fault.data;
/// The plugin's own fault.
pub const plugin_fault = fault.plugin;
/// Ends the call and the instance, with a place: for what must never happen.
pub const panic = fault.panic;
/// The root file's: `pub const panic = sr.panic_handler;`.
pub const panic_handler = host.panic_handler;

pub const Level = host.Level;
pub const log = host.log;
pub const Header = host.Header;
pub const Request = host.Request;
pub const Response = host.Response;
pub const Fetched = host.Fetched;
pub const fetch = host.fetch;

pub const llm = @import("llm.zig");
pub const embedding = @import("embedding.zig");

pub const testing = @import("testing.zig");

/// Exports the steps of a plugin, once: `comptime { sr.plugin(&.{ Upper, Lower }); }`. Natively it does nothing.
pub fn plugin(comptime steps: []const type) void {
    if (!builtin.cpu.arch.isWasm()) return;
    if (!@hasDecl(root, "panic")) @compileError("step.zig needs `pub const panic = sr.panic_handler;`, or a panic has no message");
    comptime var entries: []const step.Entry = &.{};
    inline for (steps) |Step| entries = entries ++ [_]step.Entry{step.Entry.of(Step)};
    @import("component.zig").Component(entries).exportAll();
}

test {
    std.testing.refAllDecls(@This());
}
