package stillroom

import (
	"encoding/binary"
	"fmt"
	"math"
)

// AnyBuilder makes a column of a type that is known only when a step is open, of the values that [AnyColumn.Value] gives.
type AnyBuilder struct {
	validity
	layout  *layout
	values  []byte // bits, values of fixed width, offsets
	bytes   []byte
	members []*AnyBuilder
}

// NewAnyBuilder makes one. A fault of the parameters for a type that it cannot make: views and dictionaries.
func NewAnyBuilder(of DataType) (*AnyBuilder, error) {
	read, err := parse(of)
	if err != nil {
		return nil, ParamsFault("%v", err)
	}
	builder := newAny(read)
	if builder == nil {
		return nil, ParamsFault("a column of type %s cannot be built", read.text)
	}
	return builder, nil
}

func newAny(of *layout) *AnyBuilder {
	if of.form == formViews || of.form == formKeys {
		return nil
	}
	builder := &AnyBuilder{layout: of}
	if of.form == formBytes || of.form == formList {
		builder.values = make([]byte, of.width)
	}
	for _, child := range of.children {
		member := newAny(child)
		if member == nil {
			return nil
		}
		builder.members = append(builder.members, member)
	}
	return builder
}

// Example is a value that Append takes, by its Go type: for those who have to convert. A list's has one item, a struct's all
// members.
func (b *AnyBuilder) Example() any {
	switch b.layout.form {
	case formNull:
		return nil
	case formList, formArray:
		return []any{b.members[0].Example()}
	case formStruct:
		members := make([]any, len(b.members))
		for i, member := range b.members {
			members[i] = member.Example()
		}
		return members
	}
	row := newAny(b.layout)
	row.AppendNull()
	row.nulls = 0
	return row.Build().value(0)
}

// Append adds a row. Nothing is converted: a value of another Go type than [AnyColumn.Value] gives for this type of column is
// a fault of the plugin, and the builder is not to be used after it.
func (b *AnyBuilder) Append(value any) error {
	if value == nil {
		b.AppendNull()
		return nil
	}
	if !b.put(value) {
		return PluginFault("a %T is no value of a column of type %s", value, b.layout.text)
	}
	b.valid()
	return nil
}

// AppendNull adds a row without a value.
func (b *AnyBuilder) AppendNull() {
	switch b.layout.form {
	case formBits:
		b.bit(false)
	case formFixed:
		b.values = append(b.values, make([]byte, b.layout.width)...)
	case formBytes:
		b.mark(len(b.bytes))
	case formList:
		b.mark(b.members[0].rows)
	case formArray:
		for range b.layout.width {
			b.members[0].AppendNull()
		}
	case formStruct:
		for _, member := range b.members {
			member.AppendNull()
		}
	}
	b.null()
}

// Build makes the column.
func (b *AnyBuilder) Build() *Array {
	children := make([]*Array, len(b.members))
	for i, member := range b.members {
		children[i] = member.Build()
	}
	array := &Array{layout: b.layout, length: b.rows, nulls: b.nulls, buffers: [][]byte{b.bits}, children: children}
	switch b.layout.form {
	case formNull:
		array.buffers = nil
	case formBits, formFixed, formList:
		array.buffers = append(array.buffers, b.values)
	case formBytes:
		array.buffers = append(array.buffers, b.values, b.bytes)
	}
	return array
}

func (b *AnyBuilder) put(value any) bool {
	switch b.layout.form {
	case formBits:
		bit, ok := value.(bool)
		b.bit(bit)
		return ok
	case formFixed:
		return b.putFixed(value)
	case formBytes:
		return b.putBytes(value)
	case formList, formArray:
		return b.putList(value)
	case formStruct:
		return b.putStruct(value)
	}
	return false
}

func (b *AnyBuilder) bit(value bool) {
	if b.rows&7 == 0 {
		b.values = append(b.values, 0)
	}
	if value {
		b.values[b.rows>>3] |= 1 << (b.rows & 7)
	}
}

// goTypes: the word of a Go type for each type of fixed width that a number stands for.
var goTypes = map[string]string{
	"date32": "int32", "time32": "int32", "date64": "int64", "time64": "int64", "timestamp": "int64", "duration": "int64",
	"float16": "uint16",
}

func (b *AnyBuilder) putFixed(value any) bool {
	word := b.layout.word
	if own, ok := goTypes[word]; ok {
		word = own
	}
	switch value := value.(type) {
	case []byte:
		b.values = append(b.values, value...)
		return (word == "fixed-size-binary" || word == "decimal128") && len(value) == b.layout.width
	case float32:
		b.values = binary.LittleEndian.AppendUint32(b.values, math.Float32bits(value))
	case float64:
		b.values = binary.LittleEndian.AppendUint64(b.values, math.Float64bits(value))
	case int8:
		b.values = append(b.values, byte(value))
	case uint8:
		b.values = append(b.values, value)
	case int16:
		b.values = binary.LittleEndian.AppendUint16(b.values, uint16(value))
	case uint16:
		b.values = binary.LittleEndian.AppendUint16(b.values, value)
	case int32:
		b.values = binary.LittleEndian.AppendUint32(b.values, uint32(value))
	case uint32:
		b.values = binary.LittleEndian.AppendUint32(b.values, value)
	case int64:
		b.values = binary.LittleEndian.AppendUint64(b.values, uint64(value))
	case uint64:
		b.values = binary.LittleEndian.AppendUint64(b.values, value)
	}
	return fmt.Sprintf("%T", value) == word
}

func (b *AnyBuilder) putBytes(value any) bool {
	text := b.layout.word == "utf8" || b.layout.word == "large-utf8"
	switch value := value.(type) {
	case string:
		b.bytes = append(b.bytes, value...)
		b.mark(len(b.bytes))
		return text
	case []byte:
		b.bytes = append(b.bytes, value...)
		b.mark(len(b.bytes))
		return !text
	}
	return false
}

func (b *AnyBuilder) putList(value any) bool {
	items, ok := value.([]any)
	if !ok || b.layout.form == formArray && len(items) != b.layout.width {
		return false
	}
	for _, item := range items {
		if b.members[0].Append(item) != nil {
			return false
		}
	}
	if b.layout.form == formList {
		b.mark(b.members[0].rows)
	}
	return true
}

func (b *AnyBuilder) putStruct(value any) bool {
	values, ok := value.([]any)
	if !ok || len(values) != len(b.members) {
		return false
	}
	for i, member := range b.members {
		if member.Append(values[i]) != nil {
			return false
		}
	}
	return true
}

// mark puts the next offset.
func (b *AnyBuilder) mark(offset int) {
	if b.layout.width == 8 {
		b.values = binary.LittleEndian.AppendUint64(b.values, uint64(offset))
		return
	}
	if offset > math.MaxInt32 {
		panic("a column of more than 2 GiB")
	}
	b.values = binary.LittleEndian.AppendUint32(b.values, uint32(offset))
}
