package stillroom

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// Array is one Arrow array of any type, with its children: what columns are read from and outputs are made of.
//
// Nobody changes its buffers once it is made: arrays share them, and strings point into them.
type Array struct {
	layout   *layout
	length   int
	nulls    int
	buffers  [][]byte // the validity bitmap (empty where there are no nulls), then the type's own
	children []*Array
}

// Build answers the array itself: an array may stand wherever a builder may.
func (a *Array) Build() *Array { return a }

// Type is what its values are.
func (a *Array) Type() DataType { return a.layout.text }

// Len is the number of rows.
func (a *Array) Len() int { return a.length }

// NullCount is the number of rows without a value.
func (a *Array) NullCount() int { return a.nulls }

// Buffers are its bytes in the order of the Arrow columnar format: for reading only.
func (a *Array) Buffers() [][]byte { return a.buffers }

// Children are a list's items, a struct's members, or a dictionary's values.
func (a *Array) Children() []*Array { return a.children }

// IsNull says whether a row has no value.
func (a *Array) IsNull(row int) bool {
	if a.nulls == 0 {
		return false
	}
	if a.layout.form == formNull {
		return true
	}
	return a.buffers[0][row>>3]>>(row&7)&1 == 0
}

// Validity is the bitmap of rows that have a value, least bit first; nil where all have one.
func (a *Array) Validity() []byte {
	if a.nulls == 0 || len(a.buffers) == 0 {
		return nil
	}
	return a.buffers[0]
}

// As is the same bytes as another type that lies alike: int64 as "timestamp<us>", binary as "utf8".
func (a *Array) As(to DataType) (*Array, error) {
	want, err := parse(to)
	if err != nil {
		return nil, PluginFault("%v", err)
	}
	if want.form != a.layout.form || want.width != a.layout.width || len(want.children) != len(a.children) {
		return nil, PluginFault("a %s does not lie as a %s", a.Type(), to)
	}
	for i, child := range want.children {
		if child.text != a.children[i].Type() {
			return nil, PluginFault("a %s does not lie as a %s", a.Type(), to)
		}
	}
	same := *a
	same.layout = want
	return &same, nil
}

// RawArray is an array as it crosses between host and plugin, without its children.
type RawArray struct {
	Length, NullCount int
	Buffers           [][]byte
}

// lift takes a column, depth first, out of the arrays that the host sent, and checks that its buffers are as long as its
// lengths and last offsets say, so that reading it is a matter of slices.
func lift(as *layout, raw *[]RawArray) (*Array, error) {
	if len(*raw) == 0 {
		return nil, PluginFault("the host sent too few arrays")
	}
	first := (*raw)[0]
	*raw = (*raw)[1:]
	array := &Array{layout: as, length: first.Length, nulls: first.NullCount, buffers: first.Buffers}
	for _, child := range as.children {
		lifted, err := lift(child, raw)
		if err != nil {
			return nil, err
		}
		array.children = append(array.children, lifted)
	}
	if !array.fits() {
		return nil, PluginFault("the host sent a %s whose buffers do not fit its length", as.text)
	}
	return array, nil
}

// Lift makes an array of what crossed, depth first, and takes it off the list: for tests of what a step answered.
func Lift(of DataType, raw *[]RawArray) (*Array, error) {
	read, err := parse(of)
	if err != nil {
		return nil, err
	}
	return lift(read, raw)
}

// Lower is an array as it crosses: for tests that call a step.
func Lower(array *Array) []RawArray { return array.lower(nil) }

// lower puts the array, depth first, where it crosses from.
func (a *Array) lower(raw []RawArray) []RawArray {
	raw = append(raw, RawArray{Length: a.length, NullCount: a.nulls, Buffers: a.buffers})
	for _, child := range a.children {
		raw = child.lower(raw)
	}
	return raw
}

func (a *Array) fits() bool {
	n, width := a.length, a.layout.width
	if a.layout.form == formNull {
		return len(a.buffers) == 0
	}
	if a.nulls > n || a.nulls > 0 && !a.has(0, (n+7)/8) || len(a.buffers) == 0 {
		return false
	}
	switch a.layout.form {
	case formBits:
		return a.has(1, (n+7)/8)
	case formFixed, formKeys:
		return a.has(1, n*width) && a.align(width)
	case formViews:
		return a.has(1, n*16)
	case formBytes:
		end, ok := a.lastOffset()
		return ok && a.has(2, end)
	case formList:
		end, ok := a.lastOffset()
		return ok && end <= a.children[0].length
	case formArray:
		return a.children[0].length == n*width
	default:
		for _, member := range a.children {
			if member.length != n {
				return false
			}
		}
		return true
	}
}

// lastOffset: no row needs no offset, but a reader is glad of the first one.
func (a *Array) lastOffset() (int, bool) {
	n, width := a.length, a.layout.width
	if n == 0 && len(a.buffers) > 1 && len(a.buffers[1]) == 0 {
		a.buffers[1] = make([]byte, width)
	}
	if !a.has(1, (n+1)*width) || !a.align(width) {
		return 0, false
	}
	last := a.offset(n)
	return last, last >= 0
}

// offset reads one of either width.
func (a *Array) offset(at int) int {
	if a.layout.width == 4 {
		return int(int32(binary.LittleEndian.Uint32(a.buffers[1][4*at:])))
	}
	return int(binary.LittleEndian.Uint64(a.buffers[1][8*at:]))
}

func (a *Array) has(buffer, bytes int) bool {
	return buffer < len(a.buffers) && len(a.buffers[buffer]) >= bytes
}

// align copies the values where their address is none for numbers of this width.
func (a *Array) align(width int) bool {
	values := a.buffers[1]
	if len(values) > 0 && (width == 2 || width == 4 || width == 8) && uintptr(unsafe.Pointer(&values[0]))%uintptr(width) != 0 {
		aligned := make([]uint64, (len(values)+7)/8)
		a.buffers[1] = bytesOf(aligned)[:len(values)]
		copy(a.buffers[1], values)
	}
	return true
}

// AllNull is so many rows of a type without a value.
func AllNull(of DataType, rows int) (*Array, error) {
	read, err := parse(of)
	if err != nil {
		return nil, PluginFault("%v", err)
	}
	return allNull(read, rows), nil
}

func allNull(of *layout, rows int) *Array {
	array := &Array{layout: of, length: rows, nulls: rows}
	bitmap := (rows + 7) / 8
	switch of.form {
	case formNull:
	case formBits:
		array.buffers = zeros(bitmap, bitmap)
	case formFixed, formKeys:
		array.buffers = zeros(bitmap, rows*of.width)
	case formBytes:
		array.buffers = zeros(bitmap, (rows+1)*of.width, 0)
	case formViews:
		array.buffers = zeros(bitmap, rows*16)
	case formList:
		array.buffers = zeros(bitmap, (rows+1)*of.width)
	default:
		array.buffers = zeros(bitmap)
	}
	for _, child := range of.children {
		items := 0
		switch of.form {
		case formArray:
			items = rows * of.width
		case formStruct:
			items = rows
		}
		array.children = append(array.children, allNull(child, items))
	}
	return array
}

func zeros(sizes ...int) [][]byte {
	buffers := make([][]byte, len(sizes))
	for i, size := range sizes {
		buffers[i] = bytesOf(make([]uint64, (size+7)/8))[:size]
	}
	return buffers
}

// bytesOf shows numbers as bytes, in the order of this machine, which is little-endian wherever steps run.
func bytesOf[T any](values []T) []byte {
	if len(values) == 0 {
		return nil
	}
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(one)))
}

// numbersOf shows bytes as numbers; they lie at an address for them.
func numbersOf[T any](bytes []byte, count int) []T {
	if count == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(bytes))), count)
}

// mustHave panics, with what the author needs to know, where there is no such row.
func (a *Array) mustHave(row int) {
	if row < 0 || row >= a.length {
		panic(fmt.Sprintf("row %d of a column of %d rows", row, a.length))
	}
}
