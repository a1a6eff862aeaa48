package stillroom

import (
	"fmt"
	"math"
	"unsafe"
)

// Number is what a [NumberColumn] may hold.
type Number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// typed is what a column type of this package can say of itself, and how it is filled.
type typed interface {
	accepts(*layout) bool
	expected() string
	view(*Array)
}

// AnyColumn reads a column of any type: nulls, its array, its values one by one.
type AnyColumn struct {
	*Array
}

func (c *AnyColumn) accepts(*layout) bool { return true }
func (c *AnyColumn) expected() string     { return "of any type" }
func (c *AnyColumn) view(array *Array)    { c.Array = array }

// Utf8Column reads "utf8".
type Utf8Column struct {
	*Array
	offsets []int32
	bytes   []byte
}

func (c *Utf8Column) accepts(of *layout) bool { return of.text == Utf8 }
func (c *Utf8Column) expected() string        { return string(Utf8) }

func (c *Utf8Column) view(array *Array) {
	c.Array, c.offsets, c.bytes = array, numbersOf[int32](array.buffers[1], array.length+1), array.buffers[2]
}

// Value is a row's text, without a copy: it points into the column, which lives as long as the text. A null
// may have anything there: ask IsNull.
func (c *Utf8Column) Value(row int) string {
	value := c.bytes[c.offsets[row]:c.offsets[row+1]]
	return unsafe.String(unsafe.SliceData(value), len(value))
}

// Offsets say where in Bytes the rows begin: row i is Bytes()[Offsets()[i]:Offsets()[i+1]]. For reading only.
func (c *Utf8Column) Offsets() []int32 { return c.offsets }

// Bytes are the texts of all rows, one after the other. For reading only.
func (c *Utf8Column) Bytes() []byte { return c.bytes[:c.offsets[c.length]] }

// BinaryColumn reads "binary".
type BinaryColumn struct {
	*Array
	offsets []int32
	bytes   []byte
}

func (c *BinaryColumn) accepts(of *layout) bool { return of.text == Binary }
func (c *BinaryColumn) expected() string        { return string(Binary) }

func (c *BinaryColumn) view(array *Array) {
	c.Array, c.offsets, c.bytes = array, numbersOf[int32](array.buffers[1], array.length+1), array.buffers[2]
}

// Value is a row's bytes, without a copy: for reading only. A null may have anything there: ask IsNull.
func (c *BinaryColumn) Value(row int) []byte {
	begin, end := c.offsets[row], c.offsets[row+1]
	return c.bytes[begin:end:end]
}

// Offsets say where in Bytes the rows begin. For reading only.
func (c *BinaryColumn) Offsets() []int32 { return c.offsets }

// Bytes are those of all rows, one after the other. For reading only.
func (c *BinaryColumn) Bytes() []byte { return c.bytes[:c.offsets[c.length]] }

// BoolColumn reads "bool".
type BoolColumn struct {
	*Array
}

func (c *BoolColumn) accepts(of *layout) bool { return of.form == formBits }
func (c *BoolColumn) expected() string        { return string(Bool) }
func (c *BoolColumn) view(array *Array)       { c.Array = array }

// Value is a row's; false for a null.
func (c *BoolColumn) Value(row int) bool {
	c.mustHave(row)
	return c.buffers[1][row>>3]>>(row&7)&1 == 1 && !c.IsNull(row)
}

// NumberColumn reads numbers of one type, and what lies like it: a NumberColumn[int64] also takes "timestamp<us>" or
// "duration<ms>", a NumberColumn[int32] also "date32", a NumberColumn[uint16] also the bits of "float16".
type NumberColumn[T Number] struct {
	*Array
	values []T
}

// Columns of numbers.
type (
	Int8Column    = NumberColumn[int8]
	Int16Column   = NumberColumn[int16]
	Int32Column   = NumberColumn[int32]
	Int64Column   = NumberColumn[int64]
	Uint8Column   = NumberColumn[uint8]
	Uint16Column  = NumberColumn[uint16]
	Uint32Column  = NumberColumn[uint32]
	Uint64Column  = NumberColumn[uint64]
	Float32Column = NumberColumn[float32]
	Float64Column = NumberColumn[float64]
)

func (c *NumberColumn[T]) accepts(of *layout) bool {
	own := numberType[T]()
	switch of.word {
	case "date32", "time32":
		return own == Int32
	case "date64", "time64", "timestamp", "duration":
		return own == Int64
	case "float16":
		return own == Uint16
	}
	return of.text == own
}

func (c *NumberColumn[T]) expected() string { return string(numberType[T]()) }

func (c *NumberColumn[T]) view(array *Array) {
	c.Array, c.values = array, numbersOf[T](array.buffers[1], array.length)
}

// Value is a row's; any number for a null.
func (c *NumberColumn[T]) Value(row int) T { return c.values[row] }

// Values are those of all rows, with any number for a null. For reading only.
func (c *NumberColumn[T]) Values() []T { return c.values }

func numberType[T Number]() DataType {
	var zero T
	switch any(zero).(type) {
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case float32:
		return Float32
	default:
		return Float64
	}
}

// ListColumn reads lists of any item: "list", "large-list", "fixed-size-list".
type ListColumn struct {
	*Array
}

func (c *ListColumn) accepts(of *layout) bool { return of.form == formList || of.form == formArray }
func (c *ListColumn) expected() string        { return "a list" }
func (c *ListColumn) view(array *Array)       { c.Array = array }

// Range says which of Items are a row's: those from begin up to, without, end.
func (c *ListColumn) Range(row int) (begin, end int) {
	c.mustHave(row)
	if c.layout.form == formArray {
		return row * c.layout.width, (row + 1) * c.layout.width
	}
	return c.offset(row), c.offset(row + 1)
}

// Items are those of all rows; [Read] reads them.
func (c *ListColumn) Items() *Array { return c.children[0] }

// StructColumn reads structs.
type StructColumn struct {
	*Array
}

func (c *StructColumn) accepts(of *layout) bool { return of.form == formStruct }
func (c *StructColumn) expected() string        { return "a struct" }
func (c *StructColumn) view(array *Array)       { c.Array = array }

// Member is one of its members, with as many rows; nil where there is none of this name. [Read] reads it. A row that is
// null in the struct may have any value in its members.
func (c *StructColumn) Member(name string) *Array {
	for i, member := range c.layout.names {
		if member == name {
			return c.children[i]
		}
	}
	return nil
}

// Read reads an array, as of a list's items or a struct's member, as a type of column. A fault of the data where it is nil
// or of another type.
func Read[C any](array *Array) (C, error) {
	var column C
	reader := typedOf(&column)
	if array == nil {
		return column, DataFault("there is no such member")
	}
	if !reader.accepts(array.layout) {
		return column, DataFault("this is %s; it must be %s", array.Type(), reader.expected())
	}
	reader.view(array)
	return column, nil
}

// typedOf panics where C is no column type: that is a mistake in the program, not in its input.
func typedOf[C any](column *C) typed {
	reader, ok := any(column).(typed)
	if !ok {
		panic(fmt.Sprintf("%T is no type of column", *column))
	}
	return reader
}

// Value is a row's value as Go has it: nil, bool, a number of its own size, string, []byte; []any for a list and for a
// struct's members in order; the integer of a time, the bits of a float16 as uint16, 16 bytes ([]byte) of a decimal, and
// what a dictionary's key stands for. It is the slow way, for steps that work on whatever comes.
func (c AnyColumn) Value(row int) any {
	c.mustHave(row)
	return c.Array.value(row)
}

func (a *Array) value(row int) any {
	if a.IsNull(row) {
		return nil
	}
	switch a.layout.form {
	case formBits:
		return a.buffers[1][row>>3]>>(row&7)&1 == 1
	case formFixed:
		return a.fixedValue(row)
	case formBytes:
		value := a.buffers[2][a.offset(row):a.offset(row+1)]
		return a.textOrBytes(value)
	case formViews:
		return a.textOrBytes(a.viewed(row))
	case formStruct:
		members := make([]any, len(a.children))
		for i, child := range a.children {
			members[i] = child.value(row)
		}
		return members
	case formKeys:
		return a.children[0].value(a.key(row))
	default:
		list := ListColumn{a}
		begin, end := list.Range(row)
		items := make([]any, 0, end-begin)
		for item := begin; item < end; item++ {
			items = append(items, a.children[0].value(item))
		}
		return items
	}
}

func (a *Array) textOrBytes(value []byte) any {
	switch a.layout.word {
	case "utf8", "large-utf8", "utf8-view":
		return unsafe.String(unsafe.SliceData(value), len(value))
	}
	return value[:len(value):len(value)]
}

func (a *Array) fixedValue(row int) any {
	values := a.buffers[1]
	switch a.layout.word {
	case "int8":
		return int8(values[row])
	case "int16":
		return numbersOf[int16](values, a.length)[row]
	case "int32", "date32", "time32":
		return numbersOf[int32](values, a.length)[row]
	case "int64", "date64", "time64", "timestamp", "duration":
		return numbersOf[int64](values, a.length)[row]
	case "uint8":
		return values[row]
	case "uint16", "float16":
		return numbersOf[uint16](values, a.length)[row]
	case "uint32":
		return numbersOf[uint32](values, a.length)[row]
	case "uint64":
		return numbersOf[uint64](values, a.length)[row]
	case "float32":
		return math.Float32frombits(numbersOf[uint32](values, a.length)[row])
	case "float64":
		return math.Float64frombits(numbersOf[uint64](values, a.length)[row])
	}
	width := a.layout.width
	return values[row*width : (row+1)*width : (row+1)*width]
}

// viewed is a view's bytes: in the view where they are few, in a buffer of their own otherwise.
func (a *Array) viewed(row int) []byte {
	view := a.buffers[1][row*16 : row*16+16]
	length := int(le32(view))
	if length <= 12 {
		return view[4 : 4+length]
	}
	begin := int(le32(view[12:]))
	return a.buffers[2+int(le32(view[8:]))][begin : begin+length]
}

func (a *Array) key(row int) int {
	keys := a.buffers[1]
	switch a.layout.width {
	case 1:
		return int(keys[row])
	case 2:
		return int(numbersOf[uint16](keys, a.length)[row])
	case 4:
		return int(le32(keys[row*4:]))
	}
	return int(numbersOf[uint64](keys, a.length)[row])
}

func le32(bytes []byte) uint32 {
	return uint32(bytes[0]) | uint32(bytes[1])<<8 | uint32(bytes[2])<<16 | uint32(bytes[3])<<24
}
