package stillroom

import (
	"fmt"
	"strconv"
	"strings"
)

// DataType is an Arrow type in the contract's words: "utf8", "list<struct<role: utf8, content: utf8>>".
//
// Two types are the same if their words are. What the host says and what [Schema.Makes] gets is brought into one form.
type DataType string

// The types of one word.
const (
	Null        DataType = "null"
	Bool        DataType = "bool"
	Int8        DataType = "int8"
	Int16       DataType = "int16"
	Int32       DataType = "int32"
	Int64       DataType = "int64"
	Uint8       DataType = "uint8"
	Uint16      DataType = "uint16"
	Uint32      DataType = "uint32"
	Uint64      DataType = "uint64"
	Float16     DataType = "float16"
	Float32     DataType = "float32"
	Float64     DataType = "float64"
	Utf8        DataType = "utf8"
	LargeUtf8   DataType = "large-utf8"
	Utf8View    DataType = "utf8-view"
	Binary      DataType = "binary"
	LargeBinary DataType = "large-binary"
	BinaryView  DataType = "binary-view"
	Date32      DataType = "date32"
	Date64      DataType = "date64"
)

// ListOf is a list of any number of items.
func ListOf(item DataType) DataType {
	return "list<" + item + ">"
}

// StructOf is a struct of members, in this order.
func StructOf(members ...Field) DataType {
	parts := make([]string, len(members))
	for i, member := range members {
		parts[i] = memberName(member.Name) + ": " + string(member.Type)
	}
	return DataType("struct<" + strings.Join(parts, ", ") + ">")
}

// Field is a column's name and type, or a struct member's.
type Field struct {
	// Name is what the step calls it.
	Name string
	// Type is what its values are.
	Type DataType
	// Required: it holds no nulls. (Members of structs always may.)
	Required bool
}

// form is how the values of a type lie in its buffers.
type form uint8

const (
	formNull form = iota
	formBits
	formFixed  // width: bytes of a value
	formBytes  // width: bytes of an offset
	formViews  // 16 bytes a value
	formList   // width: bytes of an offset
	formArray  // a list of fixed size; width: its items
	formStruct //
	formKeys   // a dictionary; width: bytes of a key
)

// layout is a type that was read.
type layout struct {
	word     string
	form     form
	width    int
	names    []string // of a struct's members
	children []*layout
	text     DataType
}

var words = map[string]struct {
	form  form
	width int
}{
	"null": {formNull, 0}, "bool": {formBits, 0},
	"int8": {formFixed, 1}, "int16": {formFixed, 2}, "int32": {formFixed, 4}, "int64": {formFixed, 8},
	"uint8": {formFixed, 1}, "uint16": {formFixed, 2}, "uint32": {formFixed, 4}, "uint64": {formFixed, 8},
	"float16": {formFixed, 2}, "float32": {formFixed, 4}, "float64": {formFixed, 8},
	"utf8": {formBytes, 4}, "large-utf8": {formBytes, 8}, "utf8-view": {formViews, 16},
	"binary": {formBytes, 4}, "large-binary": {formBytes, 8}, "binary-view": {formViews, 16},
	"date32": {formFixed, 4}, "date64": {formFixed, 8},
}

// parse reads a type; the error says from where on it is none.
func parse(text DataType) (*layout, error) {
	reader := typeReader{rest: string(text)}
	read := reader.layout(0)
	if read == nil || strings.TrimSpace(reader.rest) != "" {
		return nil, fmt.Errorf("%q is no type (read up to %q)", string(text), reader.rest)
	}
	return read, nil
}

// maxDepth bounds how deep types nest, for the reader calls itself.
const maxDepth = 64

type typeReader struct {
	rest string
}

func (r *typeReader) layout(depth int) *layout {
	word := r.word()
	if simple, ok := words[word]; ok {
		return &layout{word: word, form: simple.form, width: simple.width, text: DataType(word)}
	}
	if depth == maxDepth || !r.mark('<') {
		return nil
	}
	read := r.parts(word, depth+1)
	if read == nil || !r.mark('>') {
		return nil
	}
	read.word = word
	return read
}

// parts reads what stands between the angle brackets.
func (r *typeReader) parts(word string, depth int) *layout {
	switch word {
	case "fixed-size-binary":
		size, err := strconv.Atoi(r.word())
		if err != nil || size < 0 {
			return nil
		}
		return fixed(size, "fixed-size-binary<%d>", size)
	case "time32", "time64", "duration":
		unit := r.word()
		if !strings.Contains(units[word], "|"+unit+"|") {
			return nil
		}
		width := 8
		if word == "time32" {
			width = 4
		}
		return fixed(width, "%s<%s>", word, unit)
	case "timestamp":
		unit := r.word()
		if !strings.Contains(units[word], "|"+unit+"|") {
			return nil
		}
		zone := ""
		if r.mark(',') {
			end := strings.IndexByte(r.rest, '>')
			if end < 0 {
				return nil
			}
			zone, r.rest = strings.TrimSpace(r.rest[:end]), r.rest[end:]
		}
		if zone == "" {
			return fixed(8, "timestamp<%s>", unit)
		}
		return fixed(8, "timestamp<%s, %s>", unit, zone)
	case "decimal128":
		precision, err := strconv.Atoi(r.word())
		if err != nil || !r.mark(',') {
			return nil
		}
		scale, err := strconv.Atoi(r.word())
		if err != nil {
			return nil
		}
		return fixed(16, "decimal128<%d, %d>", precision, scale)
	case "list", "large-list":
		item := r.layout(depth)
		if item == nil {
			return nil
		}
		width := 4
		if word == "large-list" {
			width = 8
		}
		text := DataType(word + "<" + string(item.text) + ">")
		return &layout{form: formList, width: width, children: []*layout{item}, text: text}
	case "fixed-size-list":
		item := r.layout(depth)
		if item == nil || !r.mark(',') {
			return nil
		}
		size, err := strconv.Atoi(r.word())
		if err != nil || size < 0 {
			return nil
		}
		text := DataType(fmt.Sprintf("fixed-size-list<%s, %d>", item.text, size))
		return &layout{form: formArray, width: size, children: []*layout{item}, text: text}
	case "struct":
		return r.members(depth)
	case "dictionary":
		key := r.layout(depth)
		if key == nil || !strings.Contains(key.word, "int") || !r.mark(',') {
			return nil
		}
		value := r.layout(depth)
		if value == nil {
			return nil
		}
		text := DataType(fmt.Sprintf("dictionary<%s, %s>", key.text, value.text))
		return &layout{form: formKeys, width: key.width, names: []string{key.word}, children: []*layout{value}, text: text}
	}
	return nil
}

var units = map[string]string{
	"time32": "|s|ms|", "time64": "|us|ns|", "timestamp": "|s|ms|us|ns|", "duration": "|s|ms|us|ns|",
}

func fixed(width int, format string, parts ...any) *layout {
	return &layout{form: formFixed, width: width, text: DataType(fmt.Sprintf(format, parts...))}
}

func (r *typeReader) members(depth int) *layout {
	read := &layout{form: formStruct}
	var fields []Field
	for !strings.HasPrefix(strings.TrimLeft(r.rest, " "), ">") {
		if len(fields) > 0 && !r.mark(',') {
			return nil
		}
		name, ok := r.name()
		if !ok || !r.mark(':') {
			return nil
		}
		member := r.layout(depth)
		if member == nil {
			return nil
		}
		fields = append(fields, Field{Name: name, Type: member.text})
		read.names = append(read.names, name)
		read.children = append(read.children, member)
	}
	read.text = StructOf(fields...)
	return read
}

// name reads a member's name: a word, or a JSON string.
func (r *typeReader) name() (string, bool) {
	r.rest = strings.TrimLeft(r.rest, " ")
	if !strings.HasPrefix(r.rest, `"`) {
		name := r.word()
		return name, name != ""
	}
	for end := 1; end < len(r.rest); end++ {
		switch r.rest[end] {
		case '\\':
			end++
		case '"':
			quoted := r.rest[:end+1]
			r.rest = r.rest[end+1:]
			return unquote(quoted)
		}
	}
	return "", false
}

func (r *typeReader) word() string {
	r.rest = strings.TrimLeft(r.rest, " ")
	end := strings.IndexAny(r.rest, "<>,:\" ")
	if end < 0 {
		end = len(r.rest)
	}
	word := r.rest[:end]
	r.rest = r.rest[end:]
	return word
}

func (r *typeReader) mark(mark byte) bool {
	rest := strings.TrimLeft(r.rest, " ")
	if rest == "" || rest[0] != mark {
		return false
	}
	r.rest = rest[1:]
	return true
}

// memberName quotes a name where the contract wants it quoted.
func memberName(name string) string {
	bare := func(r rune) bool {
		return r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if name != "" && strings.IndexFunc(name, func(r rune) bool { return !bare(r) }) < 0 {
		return name
	}
	return quote(name)
}
