package tests

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"stillroom"
	"stillroom/stilltest"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// values are columns of every type that can be built, each with a null and with the ends of its range.
var values = map[stillroom.DataType][]any{
	"null":                               {nil, nil},
	"bool":                               {true, nil, false, true, true, false, false, true, true},
	"int8":                               {int8(-128), nil, int8(127)},
	"int16":                              {int16(-32768), nil, int16(32767)},
	"int32":                              {int32(math.MinInt32), nil, int32(math.MaxInt32)},
	"int64":                              {int64(math.MinInt64), nil, int64(math.MaxInt64), int64(9007199254740993)},
	"uint8":                              {uint8(0), nil, uint8(255)},
	"uint16":                             {uint16(0), nil, uint16(65535)},
	"uint32":                             {uint32(0), nil, uint32(math.MaxUint32)},
	"uint64":                             {uint64(0), nil, uint64(math.MaxUint64)},
	"float16":                            {uint16(0x3c00), nil},
	"float32":                            {float32(0.1), nil, float32(math.Inf(-1))},
	"float64":                            {0.1, nil, math.Inf(1), math.Copysign(0, -1)},
	"utf8":                               {"", nil, "ü😀", "a"},
	"large-utf8":                         {"", nil, "ü😀", "a"},
	"binary":                             {[]byte{}, nil, []byte{0xff, 0}},
	"large-binary":                       {[]byte{0xff}, nil},
	"fixed-size-binary<3>":               {[]byte{1, 2, 3}, nil},
	"date32":                             {int32(-1), nil},
	"date64":                             {int64(-1), nil},
	"time32<ms>":                         {int32(1), nil},
	"time64<ns>":                         {int64(1), nil},
	"timestamp<us, Europe/Berlin>":       {int64(1), nil},
	"duration<s>":                        {int64(1), nil},
	"decimal128<38, 9>":                  {[]byte{15: 1}, nil},
	"list<int64>":                        {[]any{int64(1), nil}, nil, []any{}, []any{int64(2)}},
	"large-list<utf8>":                   {[]any{"a"}, nil},
	"fixed-size-list<float32, 2>":        {[]any{float32(1), nil}, nil},
	"list<list<utf8>>":                   {[]any{[]any{"a", nil}, nil, []any{}}, nil},
	"struct<a: int64, \"b c\": utf8>":    {[]any{int64(1), nil}, nil, []any{nil, "x"}},
	"list<struct<role: utf8, n: uint8>>": {[]any{[]any{"user", uint8(1)}, nil}, nil, []any{}},
	"struct<>":                           {[]any{}, nil},
}

func TestValuesComeBack(t *testing.T) {
	for of, want := range values {
		batch := stilltest.Batch(stilltest.Column("value", of, want...))
		name := t.Name() + string(of)
		register(name, of, func(column stillroom.AnyColumn) stillroom.Builder {
			made, err := stillroom.NewAnyBuilder(of)
			if err != nil {
				t.Fatal(err)
			}
			for row := range column.Len() {
				if err := made.Append(column.Value(row)); err != nil {
					t.Fatal(err)
				}
			}
			return made
		})
		output := stilltest.Run(t, name, "{}", batch)
		if got := output.Values("value"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v and not %v", of, got, want)
		}
	}
}

// register registers a step that makes the column `value` anew.
func register(name string, of stillroom.DataType, make func(stillroom.AnyColumn) stillroom.Builder) {
	stillroom.Register(stillroom.Spec[none]{Name: name, Open: func(_ none, schema *stillroom.Schema) (stillroom.Step, error) {
		value := stillroom.Input[stillroom.AnyColumn](schema, "value")
		schema.Makes("value", of)
		return probing(func(batch *stillroom.Batch) (*stillroom.Output, error) {
			return stillroom.NewOutput(make(value.Of(batch))), nil
		}), nil
	}})
}

func TestTakeGathersEveryType(t *testing.T) {
	for of, all := range values {
		name := t.Name() + string(of)
		stillroom.Register(stillroom.Spec[none]{Name: name, Open: func(_ none, schema *stillroom.Schema) (stillroom.Step, error) {
			value := stillroom.Input[stillroom.AnyColumn](schema, "value")
			schema.Makes("value", of)
			schema.RowsAny()
			return probing(func(batch *stillroom.Batch) (*stillroom.Output, error) {
				rows := []uint32{1, 0, 0}
				return stillroom.NewOutput(stillroom.Take(value.Of(batch).Array, rows)).Rows(rows), nil
			}), nil
		}})
		output := stilltest.Run(t, name, "{}", stilltest.Batch(stilltest.Column("value", of, all...)))
		if got, want := output.Values("value"), []any{all[1], all[0], all[0]}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v and not %v", of, got, want)
		}
	}
}

func TestTypesThatAreNone(t *testing.T) {
	deep := strings.Repeat("list<", 100) + "utf8" + strings.Repeat(">", 100)
	for _, of := range []stillroom.DataType{
		"", "text", "list", "list<>", "list<utf8", "list<utf8>>", "time32<us>", "fixed-size-list<utf8>", "struct<a utf8>",
		"dictionary<utf8, utf8>", "fixed-size-binary<-1>", `struct<"a: utf8>`, stillroom.DataType(deep),
	} {
		if _, err := stillroom.NewAnyBuilder(of); err == nil {
			t.Errorf("%q was read", of)
		}
	}
}

func TestViewsAndDictionariesAreReadAndNotBuilt(t *testing.T) {
	_, err := stillroom.NewAnyBuilder("list<dictionary<int8, utf8>>")
	fails(t, err, "params", "list<dictionary<int8, utf8>>")

	keys := stillroom.RawArray{Length: 3, NullCount: 1, Buffers: [][]byte{{0b101}, {1, 9, 0}}}
	words := stillroom.Lower(stillroom.Utf8FromParts([]int32{0, 1, 3}, []byte("abc"), nil))
	raw := append([]stillroom.RawArray{keys}, words...)
	dictionary, err := stillroom.Lift("dictionary<int8, utf8>", &raw)
	if err != nil {
		t.Fatal(err)
	}
	column := stillroom.AnyColumn{Array: dictionary}
	if got := []any{column.Value(0), column.Value(1), column.Value(2)}; !reflect.DeepEqual(got, []any{"bc", nil, "a"}) {
		t.Errorf("%v", got)
	}

	long := "longer than twelve bytes"
	view := make([]byte, 32)
	view[0], view[16] = 2, byte(len(long))
	copy(view[4:], "ab")
	copy(view[20:], long[:4])
	raw = []stillroom.RawArray{{Length: 2, Buffers: [][]byte{nil, view, []byte(long)}}}
	views, err := stillroom.Lift("utf8-view", &raw)
	if err != nil {
		t.Fatal(err)
	}
	column = stillroom.AnyColumn{Array: views}
	if column.Value(0) != "ab" || column.Value(1) != long {
		t.Errorf("%v %v", column.Value(0), column.Value(1))
	}
}

func TestBuffersThatAreTooShortAreRefused(t *testing.T) {
	short := func(of stillroom.DataType, length, nulls int, sizes ...int) {
		t.Helper()
		raw := []stillroom.RawArray{{Length: length, NullCount: nulls}}
		for _, size := range sizes {
			raw[0].Buffers = append(raw[0].Buffers, make([]byte, size))
		}
		raw = append(raw, stillroom.RawArray{Buffers: [][]byte{nil, nil}})
		if _, err := stillroom.Lift(of, &raw); err == nil {
			t.Errorf("%s was believed", of)
		}
	}
	short("int64", 3, 0, 0, 23)
	short("int64", 9, 1, 1, 72)
	short("int64", 3, 4, 1, 24)
	short("int64", 0, 0)
	short("bool", 9, 0, 0, 1)
	short("utf8", 1, 0, 0, 4, 0)
	short("utf8", 1, 0, 0, 8)
	short("utf8-view", 1, 0, 0, 8)
	short("null", 0, 0, 0)
	short("list<int8>", 1, 0, 0, 4)
	short("struct<a: int8>", 2, 0, 0)
	short("fixed-size-list<int8, 2>", 2, 0, 0)
	end := []stillroom.RawArray{{Length: 1, Buffers: [][]byte{nil, {0, 0, 0, 0, 5, 0, 0, 0}, make([]byte, 4)}}}
	if _, err := stillroom.Lift("utf8", &end); err == nil {
		t.Error("an offset beyond the values was believed")
	}
}

func TestNumbersAtOddAddressesAreRead(t *testing.T) {
	bytes := make([]byte, 17)
	bytes[1], bytes[9] = 7, 8
	raw := []stillroom.RawArray{{Length: 2, Buffers: [][]byte{nil, bytes[1:]}}}
	array, err := stillroom.Lift("int64", &raw)
	if err != nil {
		t.Fatal(err)
	}
	column, err := stillroom.Read[stillroom.Int64Column](array)
	if err != nil || column.Value(0) != 7 || column.Value(1) != 8 {
		t.Error(column.Values(), err)
	}
}

func TestListsAndStructsAreReadAndBuilt(t *testing.T) {
	of := stillroom.DataType("list<struct<role: utf8, n: int64>>")
	stillroom.Register(stillroom.Spec[none]{Name: t.Name(), Open: func(_ none, schema *stillroom.Schema) (stillroom.Step, error) {
		turns := stillroom.Input[stillroom.ListColumn](schema, "turns")
		schema.Makes("turns", of)
		return probing(func(batch *stillroom.Batch) (*stillroom.Output, error) {
			lists := turns.Of(batch)
			turn, err := stillroom.Read[stillroom.StructColumn](lists.Items())
			if err != nil {
				return nil, err
			}
			role, err := stillroom.Read[stillroom.Utf8Column](turn.Member("role"))
			if err != nil {
				return nil, err
			}
			if _, err := stillroom.Read[stillroom.Utf8Column](turn.Member("n")); err == nil {
				t.Error("a number was read as text")
			}
			if _, err := stillroom.Read[stillroom.Utf8Column](turn.Member("nobody")); err == nil {
				t.Error("a member was read that is not there")
			}
			var roles stillroom.Utf8Builder
			var numbers stillroom.Int64Builder
			var turned stillroom.StructBuilder
			turned.Member("role", &roles).Member("n", &numbers)
			made := stillroom.NewListBuilder(&turned)
			for row := range lists.Len() {
				if lists.IsNull(row) {
					made.AppendNull()
					continue
				}
				begin, end := lists.Range(row)
				for item := end - 1; item >= begin; item-- {
					roles.Append(strings.ToUpper(role.Value(item)))
					numbers.AppendNull()
					turned.Append()
				}
				made.Append()
			}
			return stillroom.NewOutput(made), nil
		}), nil
	}})
	batch := stilltest.Batch(stilltest.Column("turns", of, []any{[]any{"user", 1}, []any{"bot", 2}}, nil, []any{}))
	output := stilltest.Run(t, t.Name(), "{}", batch)
	output.Equal(t, "turns", []any{[]any{"BOT", nil}, []any{"USER", nil}}, nil, []any{})
}

func TestAnotherTypeOfTheSameBytes(t *testing.T) {
	times, err := stillroom.NumbersFromParts([]int64{1, 2}, nil).As("timestamp<us>")
	if err != nil || times.Type() != "timestamp<us>" {
		t.Error(times, err)
	}
	if _, err := times.As("int32"); err == nil {
		t.Error("eight bytes are no int32")
	}
	if column, err := stillroom.Read[stillroom.Int64Column](times); err != nil || column.Value(1) != 2 {
		t.Error(err)
	}
}
