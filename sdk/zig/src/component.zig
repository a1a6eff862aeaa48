//! The component's side of the contract: its functions over the canonical ABI, and the one step that an instance holds.

const std = @import("std");
const array = @import("array.zig");
const fault = @import("fault.zig");
const step = @import("step.zig");
const Slice = array.Slice;
const Allocator = std.mem.Allocator;

const String = Slice(u8);
const RawField = extern struct { name: String, words: String, nullable: bool = true };
const RawColumn = extern struct { name: String, types: Slice(String), required: bool, summary: String };
const RawManifest = extern struct { name: String, kind: step.Kind, summary: String, params: String, columns: Slice(RawColumn) };
const RawSignature = extern struct { inputs: Slice(String), outputs: Slice(RawField), row_count: u8, key: Slice(String) };
const RawRejection = extern struct { row: u32, reason: String };
const RawOutput = extern struct { len: u32, arrays: Slice(array.Raw), has_rows: bool, rows: Slice(u32), rejected: Slice(RawRejection) };
const RawFault = extern struct { whose: u8, message: String };
const Opened = extern struct { failed: bool, is: extern union { signature: RawSignature, fault: RawFault } };
const Processed = extern struct { failed: bool, is: extern union { output: RawOutput, fault: RawFault } };
const Some = extern struct { has: bool, output: RawOutput };
const Finished = extern struct { failed: bool, is: extern union { some: Some, fault: RawFault } };

comptime {
    if (@sizeOf(usize) == 4) {
        std.debug.assert(@sizeOf(array.Raw) == 16 and @sizeOf(RawField) == 20 and @sizeOf(RawColumn) == 28);
        std.debug.assert(@sizeOf(RawManifest) == 36 and @sizeOf(RawSignature) == 28 and @sizeOf(RawRejection) == 12);
        std.debug.assert(@sizeOf(RawOutput) == 32 and @sizeOf(Opened) == 32);
        std.debug.assert(@sizeOf(Processed) == 36 and @sizeOf(Finished) == 40);
    }
}

/// The exports for a table of steps.
pub fn Component(comptime entries: []const step.Entry) type {
    return struct {
        /// Memory of the call in hand: it is emptied when the next one begins.
        var call: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
        /// Memory as long as the step.
        var kept: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
        /// A call is over: what comes next begins a new one.
        var answered = false;
        var opened: ?step.Opened = null;
        var schema: step.Schema = undefined;
        var kind: step.Kind = undefined;

        pub fn exportAll() void {
            @export(&realloc, .{ .name = "cabi_realloc" });
            @export(&describe, .{ .name = "stillroom:step/step@0.1.0#describe" });
            @export(&open, .{ .name = "stillroom:step/step@0.1.0#open" });
            @export(&process, .{ .name = "stillroom:step/step@0.1.0#process" });
            @export(&finish, .{ .name = "stillroom:step/step@0.1.0#finish" });
        }

        fn begin() Allocator {
            if (answered) {
                _ = call.reset(.retain_capacity);
                fault.clear();
                answered = false;
            }
            return call.allocator();
        }

        fn realloc(old: ?[*]u8, old_len: usize, alignment: usize, new_len: usize) callconv(.c) [*]u8 {
            _ = alignment; // The contract asks for 8 at most.
            const arena = begin();
            // Not `alloc`: in safe modes it fills what the host is about to write.
            const room = arena.rawAlloc(@max(new_len, 1), .@"64", @returnAddress()) orelse @panic("out of memory");
            const both = @min(old_len, new_len);
            if (old) |bytes| @memcpy(room[0..both], bytes[0..both]);
            return room;
        }

        fn describe() callconv(.c) *const Slice(RawManifest) {
            const arena = begin();
            defer answered = true;
            return describeAll(arena) catch @panic("out of memory");
        }

        fn describeAll(arena: Allocator) !*const Slice(RawManifest) {
            const manifests = try arena.alloc(RawManifest, entries.len);
            for (manifests, entries) |*manifest, entry| {
                var params: std.Io.Writer.Allocating = .init(arena);
                try entry.describe(&params.writer);
                const columns = try arena.alloc(RawColumn, entry.columns.len);
                for (columns, entry.columns) |*raw, column| {
                    const types = try arena.alloc(String, column.types.len);
                    for (types, column.types) |*name, words| name.* = .of(words);
                    raw.* = .{ .name = .of(column.name), .types = .of(types), .required = column.required, .summary = .of(column.summary) };
                }
                manifest.* = .{
                    .name = .of(entry.name),
                    .kind = entry.kind,
                    .summary = .of(entry.summary),
                    .params = .of(params.written()),
                    .columns = .of(columns),
                };
            }
            const answer = try arena.create(Slice(RawManifest));
            answer.* = .of(manifests);
            return answer;
        }

        fn open(name: [*]const u8, name_len: usize, params: [*]const u8, params_len: usize, fields: [*]const RawField, fields_len: usize) callconv(.c) *const Opened {
            const arena = begin();
            defer answered = true;
            const answer = arena.create(Opened) catch @panic("out of memory");
            if (openStep(name[0..name_len], params[0..params_len], fields[0..fields_len])) |signature| {
                answer.* = .{ .failed = false, .is = .{ .signature = signature } };
            } else |err| {
                answer.* = .{ .failed = true, .is = .{ .fault = told(arena, err) } };
            }
            return answer;
        }

        fn openStep(name: []const u8, params: []const u8, raw: []const RawField) anyerror!RawSignature {
            if (opened != null) return fault.plugin(@src(), "this instance has a step already", .{});
            const arena = kept.allocator();
            const fields = try arena.alloc(step.Field, raw.len);
            for (fields, raw) |*field, crossed| {
                field.* = .{ .name = try arena.dupe(u8, crossed.name.slice()), .words = try arena.dupe(u8, crossed.words.slice()) };
            }
            const entry = for (entries) |entry| {
                if (std.mem.eql(u8, entry.name, name)) break entry;
            } else return fault.params("this plugin has no step `{s}`", .{name});
            schema = .{ .arena = arena, .fields = fields };
            const made = try entry.open(params, &schema);
            kind = entry.kind;
            opened = made;
            return signatureOf(arena);
        }

        fn signatureOf(arena: Allocator) Allocator.Error!RawSignature {
            const inputs = try arena.alloc(String, schema.inputs.items.len);
            for (inputs, schema.inputs.items) |*name, input| name.* = .of(input.name);
            const outputs = try arena.alloc(RawField, schema.outputs.items.len);
            for (outputs, schema.outputs.items) |*field, output| field.* = .{ .name = .of(output.name), .words = .of(output.type.words) };
            const key = try arena.alloc(String, schema.key_names.items.len);
            for (key, schema.key_names.items) |*name, text| name.* = .of(text);
            return .{ .inputs = .of(inputs), .outputs = .of(outputs), .row_count = @intFromBool(schema.rows_any), .key = .of(key) };
        }

        fn process(len: u32, arrays: [*]const array.Raw, arrays_len: usize) callconv(.c) *const Processed {
            const arena = begin();
            defer answered = true;
            const answer = arena.create(Processed) catch @panic("out of memory");
            if (processBatch(arena, len, arrays[0..arrays_len])) |output| {
                answer.* = .{ .failed = false, .is = .{ .output = output } };
            } else |err| {
                answer.* = .{ .failed = true, .is = .{ .fault = told(arena, err) } };
            }
            return answer;
        }

        fn processBatch(arena: Allocator, len: u32, arrays: []const array.Raw) anyerror!RawOutput {
            const self = opened orelse return fault.plugin(@src(), "no step is open", .{});
            var raw = arrays;
            const columns = try arena.alloc(array.Array, schema.inputs.items.len);
            for (columns, schema.inputs.items) |*column, input| {
                column.* = array.Array.lift(arena, input.type, &raw) catch |err| switch (err) {
                    error.OutOfMemory => return error.OutOfMemory,
                    error.Misfit => return fault.plugin(@src(), "the host sent a column `{s}` whose buffers do not fit {d} rows of {s}", .{ input.name, len, input.type.words }),
                };
                if (column.len != len) return fault.plugin(@src(), "the host sent a column `{s}` of {d} rows, not {d}", .{ input.name, column.len, len });
            }
            if (raw.len > 0) return fault.plugin(@src(), "the host sent too many arrays", .{});
            const batch: step.Batch = .{ .arena = arena, .len = len, .columns = columns };
            var output: step.Output = .{ .arena = arena };
            try self.process(self.step, &batch, &output);
            return lower(arena, &output, len);
        }

        fn finish() callconv(.c) *const Finished {
            const arena = begin();
            defer answered = true;
            const answer = arena.create(Finished) catch @panic("out of memory");
            if (finishStep(arena)) |output| {
                const none: RawOutput = std.mem.zeroes(RawOutput);
                answer.* = .{ .failed = false, .is = .{ .some = .{ .has = output != null, .output = output orelse none } } };
            } else |err| {
                answer.* = .{ .failed = true, .is = .{ .fault = told(arena, err) } };
            }
            return answer;
        }

        fn finishStep(arena: Allocator) anyerror!?RawOutput {
            const self = opened orelse return fault.plugin(@src(), "no step is open", .{});
            var output: step.Output = .{ .arena = arena };
            try self.finish(self.step, &output);
            return if (output.answers() or output.rejected.items.len > 0) try lower(arena, &output, 0) else null;
        }

        fn lower(arena: Allocator, output: *step.Output, batch: u32) fault.Error!RawOutput {
            const len = try output.settle(&schema, kind, batch);
            var raw: std.ArrayList(array.Raw) = .empty;
            for (output.columns.items) |column| try column.lower(arena, &raw);
            const rejected = try arena.alloc(RawRejection, output.rejected.items.len);
            for (rejected, output.rejected.items) |*crossing, rejection| crossing.* = .{ .row = rejection.row, .reason = .of(rejection.reason) };
            // Origins cross as bytes: the number of these is what counts.
            var rows: Slice(u32) = .of(output.origins.items);
            rows.len *= 4;
            return .{ .len = len, .arrays = .of(raw.items), .has_rows = schema.rows_any, .rows = rows, .rejected = .of(rejected) };
        }
    };
}

/// A fault with its message. Errors that are none of the SDK's are the plugin's own, named by the error.
fn told(arena: Allocator, err: anyerror) RawFault {
    const whose: u8 = switch (err) {
        error.Params => 0,
        error.Data => 1,
        else => 2,
    };
    const ours = err == error.Params or err == error.Data or err == error.Plugin;
    const message = if (ours and fault.message().len > 0) fault.message() else @errorName(err);
    return .{ .whose = whose, .message = .of(step.cleaned(arena, message) catch "out of memory") };
}
