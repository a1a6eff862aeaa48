//! Arrow types, in the contract's words and as a tree.

const std = @import("std");
const Allocator = std.mem.Allocator;

/// A type. A list has one child, a struct one for each member, a dictionary its key and its values.
pub const Type = struct {
    id: Id,
    layout: Layout,
    /// Bytes of a value, an offset or a key; a fixed-size list's items.
    width: u32,
    children: []const Type = &.{},
    /// `list<utf8>`.
    words: []const u8,
    /// A struct member's name.
    name: []const u8 = "",

    /// Reads a type's words; null where they are none.
    pub fn parse(arena: Allocator, words: []const u8) Allocator.Error!?Type {
        var parser: Parser = .{ .arena = arena, .text = words };
        const parsed = parser.type_(0) catch |err| switch (err) {
            error.OutOfMemory => return error.OutOfMemory,
            error.NoType => return null,
        };
        parser.skipSpace();
        return if (parser.at == words.len) parsed else null;
    }

    /// Whether they are the same type, names of members included.
    pub fn eql(a: Type, b: Type) bool {
        if (a.id != b.id or a.width != b.width or a.children.len != b.children.len) return false;
        if (a.children.len == 0) return a.id == .@"struct" or sameWords(a.words, b.words);
        for (a.children, b.children) |x, y| {
            if (!std.mem.eql(u8, x.name, y.name) or !x.eql(y)) return false;
        }
        return true;
    }

    /// Whether a `Builder` can make it: not a dictionary, nor what has one within.
    pub fn isBuildable(self: Type) bool {
        if (self.id == .dictionary) return false;
        for (self.children) |child| {
            if (!child.isBuildable()) return false;
        }
        return true;
    }

    /// The types of the arrays that follow one of this: a dictionary's key has none of its own.
    pub fn arrays(self: Type) []const Type {
        return if (self.id == .dictionary) self.children[1..] else self.children;
    }
};

/// Whether the words are the same but for spaces.
fn sameWords(a: []const u8, b: []const u8) bool {
    var x: usize = 0;
    var y: usize = 0;
    while (true) {
        while (x < a.len and a[x] == ' ') x += 1;
        while (y < b.len and b[y] == ' ') y += 1;
        if (x == a.len or y == b.len) return x == a.len and y == b.len;
        if (a[x] != b[y]) return false;
        x += 1;
        y += 1;
    }
}

/// How an array's buffers behind the validity bitmap are laid out.
pub const Layout = enum {
    /// No buffer at all.
    none,
    bits,
    /// `width` bytes a value.
    fixed,
    /// Offsets of `width` bytes, then values.
    bytes,
    views,
    /// Offsets of `width` bytes.
    list,
    /// `width` items a row.
    fixed_list,
    @"struct",
    /// Keys of `width` bytes.
    dictionary,
};

/// The words, with `_` for `-`.
pub const Id = enum {
    null,
    bool,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float16,
    float32,
    float64,
    utf8,
    large_utf8,
    utf8_view,
    binary,
    large_binary,
    binary_view,
    date32,
    date64,
    fixed_size_binary,
    time32,
    time64,
    timestamp,
    duration,
    decimal128,
    list,
    large_list,
    fixed_size_list,
    @"struct",
    dictionary,

    fn layout(id: Id) Layout {
        return switch (id) {
            .null => .none,
            .bool => .bits,
            .utf8, .large_utf8, .binary, .large_binary => .bytes,
            .utf8_view, .binary_view => .views,
            .list, .large_list => .list,
            .fixed_size_list => .fixed_list,
            .@"struct" => .@"struct",
            .dictionary => .dictionary,
            else => .fixed,
        };
    }

    fn width(id: Id) u32 {
        return switch (id) {
            .int8, .uint8 => 1,
            .int16, .uint16, .float16 => 2,
            .int32, .uint32, .float32, .utf8, .binary, .date32, .time32, .list => 4,
            .int64, .uint64, .float64, .large_utf8, .large_binary, .large_list => 8,
            .date64, .time64, .timestamp, .duration => 8,
            .utf8_view, .binary_view, .decimal128 => 16,
            else => 0,
        };
    }

    fn hasParts(id: Id) bool {
        return @backingInt(id) >= @backingInt(Id.fixed_size_binary);
    }

    fn ofWord(word: []const u8) ?Id {
        inline for (@typeInfo(Id).@"enum".field_names) |name| {
            const text = comptime kebab(name);
            if (std.mem.eql(u8, word, text)) return @field(Id, name);
        }
        return null;
    }
};

/// `large_utf8` is `large-utf8`.
pub fn kebab(comptime name: []const u8) []const u8 {
    comptime {
        var text: [name.len]u8 = undefined;
        for (name, 0..) |c, i| text[i] = if (c == '_') '-' else c;
        const final = text;
        return &final;
    }
}

/// Deeper nesting than this is refused: the parser calls itself.
const depth_limit = 64;

const Parser = struct {
    arena: Allocator,
    text: []const u8,
    at: usize = 0,

    const Error = Allocator.Error || error{NoType};

    fn type_(self: *Parser, depth: usize) Error!Type {
        self.skipSpace();
        const begin = self.at;
        const id = Id.ofWord(self.word()) orelse return error.NoType;
        if (depth > depth_limit) return error.NoType;
        var made: Type = .{ .id = id, .layout = id.layout(), .width = id.width(), .words = "" };
        if (id.hasParts()) {
            try self.mark('<');
            try self.parts(&made, depth + 1);
            try self.mark('>');
        }
        made.words = try self.arena.dupe(u8, self.text[begin..self.at]);
        return made;
    }

    /// What stands between `<` and `>`.
    fn parts(self: *Parser, made: *Type, depth: usize) Error!void {
        switch (made.id) {
            .fixed_size_binary => made.width = try self.size(),
            .list, .large_list => made.children = try self.arena.dupe(Type, &.{try self.type_(depth)}),
            .fixed_size_list => {
                made.children = try self.arena.dupe(Type, &.{try self.type_(depth)});
                try self.mark(',');
                made.width = try self.size();
            },
            .@"struct" => made.children = try self.members(depth),
            .dictionary => {
                const key = try self.type_(depth);
                switch (key.id) {
                    .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64 => {},
                    else => return error.NoType,
                }
                try self.mark(',');
                made.width = key.width;
                made.children = try self.arena.dupe(Type, &.{ key, try self.type_(depth) });
            },
            // A unit, a time zone, precision and scale: kept in the words.
            else => {
                const begin = self.at;
                while (self.at < self.text.len and self.text[self.at] != '>' and self.text[self.at] != '<') self.at += 1;
                if (self.at == begin) return error.NoType;
            },
        }
    }

    fn members(self: *Parser, depth: usize) Error![]const Type {
        var list: std.ArrayList(Type) = .empty;
        self.skipSpace();
        while (self.at < self.text.len and self.text[self.at] != '>') {
            if (list.items.len > 0) try self.mark(',');
            const name = try self.memberName();
            try self.mark(':');
            var member = try self.type_(depth);
            member.name = name;
            try list.append(self.arena, member);
            self.skipSpace();
        }
        return list.items;
    }

    fn memberName(self: *Parser) Error![]const u8 {
        self.skipSpace();
        if (self.at == self.text.len or self.text[self.at] != '"') {
            const name = self.word();
            return if (name.len > 0) self.arena.dupe(u8, name) else error.NoType;
        }
        const begin = self.at;
        self.at += 1;
        while (self.at < self.text.len and self.text[self.at] != '"') {
            self.at += if (self.text[self.at] == '\\') 2 else 1;
        }
        if (self.at >= self.text.len) return error.NoType;
        self.at += 1;
        const quoted = self.text[begin..self.at];
        return std.json.parseFromSliceLeaky([]const u8, self.arena, quoted, .{ .allocate = .alloc_always }) catch |err| switch (err) {
            error.OutOfMemory => error.OutOfMemory,
            else => error.NoType,
        };
    }

    fn size(self: *Parser) Error!u32 {
        return std.fmt.parseInt(u31, self.word(), 10) catch error.NoType;
    }

    /// Up to the next mark or space.
    fn word(self: *Parser) []const u8 {
        self.skipSpace();
        const begin = self.at;
        while (self.at < self.text.len and std.mem.findScalar(u8, "<>,:\" \t\r\n", self.text[self.at]) == null) self.at += 1;
        return self.text[begin..self.at];
    }

    fn mark(self: *Parser, c: u8) Error!void {
        self.skipSpace();
        if (self.at == self.text.len or self.text[self.at] != c) return error.NoType;
        self.at += 1;
    }

    fn skipSpace(self: *Parser) void {
        while (self.at < self.text.len and std.ascii.isWhitespace(self.text[self.at])) self.at += 1;
    }
};
