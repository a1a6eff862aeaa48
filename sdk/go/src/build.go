package stillroom

import (
	"fmt"
	"math"
)

// Builder is what makes a column: a builder of this package, or an [Array] that there is already.
type Builder interface {
	// Build makes the array. The builder is not to be used afterwards.
	Build() *Array
}

// validity counts rows and remembers which have no value.
type validity struct {
	bits  []byte // nil until the first null
	rows  int
	nulls int
}

func (v *validity) valid() {
	if v.bits != nil {
		if v.rows&7 == 0 {
			v.bits = append(v.bits, 0)
		}
		v.bits[v.rows>>3] |= 1 << (v.rows & 7)
	}
	v.rows++
}

func (v *validity) null() {
	if v.bits == nil {
		v.bits = make([]byte, (v.rows+7)/8, v.rows/4+64)
		for i := range v.bits {
			v.bits[i] = 0xff
		}
		if rest := v.rows & 7; rest != 0 {
			v.bits[v.rows>>3] = 1<<rest - 1
		}
	}
	if v.rows&7 == 0 {
		v.bits = append(v.bits, 0)
	}
	v.rows++
	v.nulls++
}

// Len is the number of rows so far.
func (v *validity) Len() int { return v.rows }

func (v *validity) array(of DataType, values [][]byte, children ...*Array) *Array {
	read, err := parse(of)
	if err != nil {
		panic(err)
	}
	buffers := append([][]byte{v.bits}, values...)
	return &Array{layout: read, length: v.rows, nulls: v.nulls, buffers: buffers, children: children}
}

// Utf8Builder makes "utf8". Its zero value is ready.
type Utf8Builder struct{ bytesBuilder }

// Append adds a row. Panics where the column outgrows 2 GiB.
func (b *Utf8Builder) Append(value string) {
	b.bytes = append(b.bytes, value...)
	b.end()
}

// Build makes the column.
func (b *Utf8Builder) Build() *Array { return b.build(Utf8) }

// BinaryBuilder makes "binary". Its zero value is ready.
type BinaryBuilder struct{ bytesBuilder }

// Append adds a row. Panics where the column outgrows 2 GiB.
func (b *BinaryBuilder) Append(value []byte) { b.AppendBytes(value) }

// Build makes the column.
func (b *BinaryBuilder) Build() *Array { return b.build(Binary) }

type bytesBuilder struct {
	validity
	offsets []int32
	bytes   []byte
}

// Grow makes room for so many rows and bytes more.
func (b *bytesBuilder) Grow(rows, bytes int) {
	b.begin(rows)
	if need := len(b.bytes) + bytes; need > cap(b.bytes) {
		b.bytes = append(make([]byte, 0, need), b.bytes...)
	}
}

// AppendBytes adds a row of bytes; in a Utf8Builder they are UTF-8.
func (b *bytesBuilder) AppendBytes(value []byte) {
	b.bytes = append(b.bytes, value...)
	b.end()
}

// AppendWith adds a row that is made in its place: what `write` appends to the bytes that it gets.
func (b *bytesBuilder) AppendWith(write func(to []byte) []byte) {
	b.bytes = write(b.bytes)
	b.end()
}

// AppendNull adds a row without a value.
func (b *bytesBuilder) AppendNull() {
	b.begin(0)
	b.offsets = append(b.offsets, int32(len(b.bytes)))
	b.null()
}

func (b *bytesBuilder) begin(rows int) {
	if b.offsets == nil {
		b.offsets = make([]int32, 1, rows+64)
	} else if need := len(b.offsets) + rows; need > cap(b.offsets) {
		b.offsets = append(make([]int32, 0, need), b.offsets...)
	}
}

func (b *bytesBuilder) end() {
	if len(b.bytes) > math.MaxInt32 {
		panic("a column of more than 2 GiB")
	}
	b.begin(0)
	b.offsets = append(b.offsets, int32(len(b.bytes)))
	b.valid()
}

func (b *bytesBuilder) build(of DataType) *Array {
	b.begin(0)
	return b.array(of, [][]byte{bytesOf(b.offsets), b.bytes})
}

// NumberBuilder makes numbers of one type. Its zero value is ready; [Array.As] makes times of them.
type NumberBuilder[T Number] struct {
	validity
	values []T
}

// Builders of numbers.
type (
	Int8Builder    = NumberBuilder[int8]
	Int16Builder   = NumberBuilder[int16]
	Int32Builder   = NumberBuilder[int32]
	Int64Builder   = NumberBuilder[int64]
	Uint8Builder   = NumberBuilder[uint8]
	Uint16Builder  = NumberBuilder[uint16]
	Uint32Builder  = NumberBuilder[uint32]
	Uint64Builder  = NumberBuilder[uint64]
	Float32Builder = NumberBuilder[float32]
	Float64Builder = NumberBuilder[float64]
)

// Grow makes room for so many rows more.
func (b *NumberBuilder[T]) Grow(rows int) {
	if need := len(b.values) + rows; need > cap(b.values) {
		b.values = append(make([]T, 0, need), b.values...)
	}
}

// Append adds a row.
func (b *NumberBuilder[T]) Append(value T) {
	b.values = append(b.values, value)
	b.valid()
}

// AppendNull adds a row without a value.
func (b *NumberBuilder[T]) AppendNull() {
	b.values = append(b.values, 0)
	b.null()
}

// Build makes the column.
func (b *NumberBuilder[T]) Build() *Array {
	return b.array(numberType[T](), [][]byte{bytesOf(b.values)})
}

// BoolBuilder makes "bool". Its zero value is ready.
type BoolBuilder struct {
	validity
	values []byte
}

// Append adds a row.
func (b *BoolBuilder) Append(value bool) {
	if b.rows&7 == 0 {
		b.values = append(b.values, 0)
	}
	if value {
		b.values[b.rows>>3] |= 1 << (b.rows & 7)
	}
	b.valid()
}

// AppendNull adds a row without a value.
func (b *BoolBuilder) AppendNull() {
	if b.rows&7 == 0 {
		b.values = append(b.values, 0)
	}
	b.null()
}

// Build makes the column.
func (b *BoolBuilder) Build() *Array { return b.array(Bool, [][]byte{b.values}) }

// ListBuilder makes lists: append a list's items to the builder of items, then call Append.
//
//	var words stillroom.Utf8Builder
//	lists := stillroom.NewListBuilder(&words)
//	words.Append("a")
//	words.Append("b")
//	lists.Append() // ["a", "b"]
type ListBuilder struct {
	validity
	offsets []int32
	items   itemBuilder
}

type itemBuilder interface {
	Builder
	Len() int
}

// NewListBuilder makes lists of what `items` makes.
func NewListBuilder(items itemBuilder) *ListBuilder {
	return &ListBuilder{offsets: []int32{0}, items: items}
}

// Append adds a row: the items since the last one.
func (b *ListBuilder) Append() {
	b.offsets = append(b.offsets, int32(b.items.Len()))
	b.valid()
}

// AppendNull adds a row without a value. Items that were added for it stay out of sight.
func (b *ListBuilder) AppendNull() {
	b.offsets = append(b.offsets, int32(b.items.Len()))
	b.null()
}

// Build makes the column.
func (b *ListBuilder) Build() *Array {
	items := b.items.Build()
	return b.array(ListOf(items.Type()), [][]byte{bytesOf(b.offsets)}, items)
}

// StructBuilder makes structs: append one row to the builder of each member, null or not, then call Append or AppendNull.
type StructBuilder struct {
	validity
	names   []string
	members []Builder
}

// Member adds a member.
func (b *StructBuilder) Member(name string, member Builder) *StructBuilder {
	b.names, b.members = append(b.names, name), append(b.members, member)
	return b
}

// Append adds a row.
func (b *StructBuilder) Append() { b.valid() }

// AppendNull adds a row without a value; its members have a row all the same.
func (b *StructBuilder) AppendNull() { b.null() }

// Build makes the column. Panics where a member has not a row for each.
func (b *StructBuilder) Build() *Array {
	var fields []Field
	var members []*Array
	for i, builder := range b.members {
		member := builder.Build()
		if member.length != b.rows {
			panic(fmt.Sprintf("member %q has %d rows of %d", b.names[i], member.length, b.rows))
		}
		fields = append(fields, Field{Name: b.names[i], Type: member.Type()})
		members = append(members, member)
	}
	return b.array(StructOf(fields...), nil, members...)
}

// Utf8FromParts makes a column of whole buffers: row i is bytes[offsets[i]:offsets[i+1]], and has no value where bit i of
// `valid` (least bit first; nil: all have one) is 0. They may be another column's, and are not to be changed afterwards.
func Utf8FromParts(offsets []int32, bytes, valid []byte) *Array {
	return fromParts(Utf8, len(offsets)-1, valid, bytesOf(offsets), bytes)
}

// BinaryFromParts is the same for bytes.
func BinaryFromParts(offsets []int32, bytes, valid []byte) *Array {
	return fromParts(Binary, len(offsets)-1, valid, bytesOf(offsets), bytes)
}

// NumbersFromParts makes a column of a slice; `valid` as in [Utf8FromParts].
func NumbersFromParts[T Number](values []T, valid []byte) *Array {
	return fromParts(numberType[T](), len(values), valid, bytesOf(values))
}

func fromParts(of DataType, rows int, valid []byte, buffers ...[]byte) *Array {
	made := validity{rows: rows}
	if valid != nil {
		made.bits = valid
		made.nulls = rows - ones(valid, rows)
	}
	if made.nulls == 0 {
		made.bits = nil
	}
	return made.array(of, buffers)
}
