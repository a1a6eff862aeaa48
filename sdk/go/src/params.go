package stillroom

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Parameters are a struct. Each exported field is one, of type bool, an integer, a float, string, a slice, a nested struct,
// a pointer to one of these (optional: nil where it is not given), or [RawJSON]. Tags:
//
//	name:"max-chars"     what pipelines call it; else the field's name in kebab-case: MaxChars is max-chars
//	default:"3"          what it is where it is not given; without it the parameter is required. Text as it is, all else as JSON
//	oneof:"fast careful" the words that a text may be
//	min:"0" max:"10"     the range of a number
//	doc:"…"              a line for the manifest
type shape struct {
	step    string
	members []member
}

type member struct {
	field    int
	name     string
	doc      string
	fallback *string // as JSON
	optional bool
	kind     kind
}

// kind is how a type of parameter is read and described.
type kind struct {
	of       reflect.Type
	choices  []string
	min, max *string
	members  []member // of a struct
	item     *kind    // of a slice or a pointer
}

// RawJSON is a parameter that may be any JSON, as it was given: for encoding/json, or for the step.
type RawJSON []byte

var rawJSON = reflect.TypeFor[RawJSON]()

func shapeOf[P any](step string) shape {
	of := reflect.TypeFor[P]()
	if of.Kind() != reflect.Struct {
		panic(fmt.Sprintf("step %s: parameters are a struct, not %s", step, of))
	}
	return shape{step, membersOf(of, step)}
}

func membersOf(of reflect.Type, step string) []member {
	var members []member
	for i := range of.NumField() {
		field := of.Field(i)
		if !field.IsExported() {
			continue
		}
		name := field.Tag.Get("name")
		if name == "" {
			name = kebab(field.Name)
		}
		one := member{field: i, name: name, doc: field.Tag.Get("doc"), kind: kindOf(field.Type, field.Tag, step)}
		one.optional = field.Type.Kind() == reflect.Pointer
		if text, ok := field.Tag.Lookup("default"); ok {
			if field.Type.Kind() == reflect.String {
				text = quote(text)
			}
			one.fallback = &text
			trial := reflect.New(field.Type).Elem()
			if err := one.kind.read(text, trial, name); err != nil {
				panic(fmt.Sprintf("step %s: the default of %v", step, err))
			}
		}
		members = append(members, one)
	}
	return members
}

func kindOf(of reflect.Type, tag reflect.StructTag, step string) kind {
	made := kind{of: of, choices: strings.Fields(tag.Get("oneof"))}
	if text, ok := tag.Lookup("min"); ok {
		made.min = &text
	}
	if text, ok := tag.Lookup("max"); ok {
		made.max = &text
	}
	if of == rawJSON {
		return made
	}
	switch of.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
	case reflect.Struct:
		made.members = membersOf(of, step)
	case reflect.Slice, reflect.Pointer:
		item := kindOf(of.Elem(), tag, step)
		made.item = &item
	default:
		panic(fmt.Sprintf("step %s: a parameter cannot be a %s", step, of))
	}
	return made
}

// read reads the object that a pipeline gives. A fault of the parameters names the one that is unknown, missing or not what
// it must be.
func (s shape) read(text string, into any) error {
	return readMembers(s.members, text, reflect.ValueOf(into).Elem(), "")
}

func readMembers(members []member, text string, into reflect.Value, at string) error {
	given, names, ok := jsonObject(text)
	if !ok {
		return ParamsFault("%s", notA(at, "an object", text))
	}
	for _, name := range names {
		if !known(members, name) {
			return ParamsFault("unknown parameter `%s%s`; there are %s", at, name, listed(members))
		}
	}
	for _, member := range members {
		value, ok := given[member.name]
		if !ok && member.fallback == nil {
			if member.optional {
				continue
			}
			return ParamsFault("parameter `%s%s` is missing", at, member.name)
		}
		if !ok {
			value = *member.fallback
		}
		if err := member.kind.read(value, into.Field(member.field), at+member.name); err != nil {
			return err
		}
	}
	return nil
}

func (k kind) read(text string, into reflect.Value, at string) error {
	text = strings.TrimSpace(text)
	if k.of == rawJSON {
		into.SetBytes([]byte(text))
		return nil
	}
	switch k.of.Kind() {
	case reflect.Pointer:
		if text == "null" {
			return nil
		}
		into.Set(reflect.New(k.of.Elem()))
		return k.item.read(text, into.Elem(), at)
	case reflect.Struct:
		return readMembers(k.members, text, into, at+".")
	case reflect.Slice:
		return k.readSlice(text, into, at)
	case reflect.Bool:
		if word := text; word != "true" && word != "false" {
			return ParamsFault("%s", notA(at, "true or false", text))
		}
		into.SetBool(text == "true")
		return nil
	case reflect.String:
		return k.readText(text, into, at)
	}
	return k.readNumber(text, into, at)
}

func (k kind) readSlice(text string, into reflect.Value, at string) error {
	items, ok := jsonArray(text)
	if !ok {
		return ParamsFault("%s", notA(at, "a list", text))
	}
	slice := reflect.MakeSlice(k.of, len(items), len(items))
	for i, item := range items {
		if err := k.item.read(item, slice.Index(i), fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	into.Set(slice)
	return nil
}

func (k kind) readText(text string, into reflect.Value, at string) error {
	value, ok := unquote(text)
	if !ok {
		return ParamsFault("%s", notA(at, "text", text))
	}
	if len(k.choices) > 0 {
		found := false
		for _, choice := range k.choices {
			found = found || choice == value
		}
		if !found {
			return ParamsFault("%s", notA(at, "one of "+strings.Join(k.choices, ", "), text))
		}
	}
	into.SetString(value)
	return nil
}

// readNumber reads digits as digits: a 64-bit integer never goes through a float.
func (k kind) readNumber(text string, into reflect.Value, at string) error {
	var err error
	want, size := "an integer", k.of.Bits()
	switch {
	case into.CanInt():
		var value int64
		value, err = strconv.ParseInt(text, 10, size)
		into.SetInt(value)
	case into.CanUint():
		var value uint64
		value, err = strconv.ParseUint(text, 10, size)
		into.SetUint(value)
	default:
		want = "a number"
		var value float64
		value, err = strconv.ParseFloat(text, size)
		into.SetFloat(value)
	}
	if !isNumber(text) {
		err = strconv.ErrSyntax
	}
	if low := k.bound(k.min); low != nil {
		want += " of at least " + *k.min
		if err == nil && less(into, *low) {
			err = strconv.ErrRange
		}
	}
	if high := k.bound(k.max); high != nil {
		want += " of at most " + *k.max
		if err == nil && less(*high, into) {
			err = strconv.ErrRange
		}
	}
	if err != nil {
		return ParamsFault("%s", notA(at, want, text))
	}
	return nil
}

// bound is a tag's number as the parameter's type.
func (k kind) bound(text *string) *reflect.Value {
	if text == nil {
		return nil
	}
	value := reflect.New(k.of).Elem()
	if err := (kind{of: k.of}).readNumber(*text, value, "bound"); err != nil {
		panic(err)
	}
	return &value
}

func less(a, b reflect.Value) bool {
	switch {
	case a.CanInt():
		return a.Int() < b.Int()
	case a.CanUint():
		return a.Uint() < b.Uint()
	}
	return a.Float() < b.Float()
}

func notA(at, want string, text string) string {
	if at == "" {
		return "parameters are an object"
	}
	shown := []rune(text)
	if len(shown) > 40 {
		shown = append(shown[:40], '…')
	}
	return fmt.Sprintf("parameter `%s` must be %s, not %s", strings.TrimSuffix(at, "."), want, string(shown))
}

func known(members []member, name string) bool {
	for _, member := range members {
		if member.name == name {
			return true
		}
	}
	return false
}

func listed(members []member) string {
	names := make([]string, len(members))
	for i, member := range members {
		names[i] = "`" + member.name + "`"
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// schema is the JSON Schema of the parameters.
func (s shape) schema() string {
	return describe(s.members, "")
}

func describe(members []member, also string) string {
	var properties, required []string
	for _, member := range members {
		extra := ""
		if member.doc != "" {
			extra += `,"description":` + quote(member.doc)
		}
		if member.fallback != nil {
			extra += `,"default":` + *member.fallback
		} else if !member.optional {
			required = append(required, quote(member.name))
		}
		properties = append(properties, quote(member.name)+":"+member.kind.describe(extra))
	}
	return fmt.Sprintf(`{"type":"object","properties":{%s},"required":[%s],"additionalProperties":false%s}`,
		strings.Join(properties, ","), strings.Join(required, ","), also)
}

func (k kind) describe(also string) string {
	if k.of == rawJSON {
		return "{" + strings.TrimPrefix(also, ",") + "}"
	}
	switch k.of.Kind() {
	case reflect.Pointer:
		return k.item.describe(also)
	case reflect.Struct:
		return describe(k.members, also)
	case reflect.Slice:
		return `{"type":"array","items":` + k.item.describe("") + also + "}"
	case reflect.Bool:
		return `{"type":"boolean"` + also + "}"
	case reflect.String:
		if len(k.choices) == 0 {
			return `{"type":"string"` + also + "}"
		}
		words := make([]string, len(k.choices))
		for i, choice := range k.choices {
			words[i] = quote(choice)
		}
		return `{"enum":[` + strings.Join(words, ",") + "]" + also + "}"
	}
	return k.describeNumber(also)
}

func (k kind) describeNumber(also string) string {
	low, high, word := "", "", "number"
	switch bits := k.of.Bits(); {
	case k.of.Kind() == reflect.Float32 || k.of.Kind() == reflect.Float64:
	case strings.HasPrefix(k.of.Kind().String(), "uint"):
		word, low, high = "integer", "0", strconv.FormatUint(math.MaxUint64>>(64-bits), 10)
	default:
		word = "integer"
		low, high = strconv.FormatInt(-1<<(bits-1), 10), strconv.FormatInt(1<<(bits-1)-1, 10)
	}
	if k.min != nil {
		low = *k.min
	}
	if k.max != nil {
		high = *k.max
	}
	if low != "" {
		low = `,"minimum":` + low
	}
	if high != "" {
		high = `,"maximum":` + high
	}
	return `{"type":"` + word + `"` + low + high + also + "}"
}

// kebab: MaxChars is max-chars, MaxID is max-id, URLPath is url-path.
func kebab(name string) string {
	var made strings.Builder
	for i := range len(name) {
		c := name[i]
		upper := 'A' <= c && c <= 'Z'
		if upper && i > 0 {
			before, after := name[i-1], byte('A')
			if i+1 < len(name) {
				after = name[i+1]
			}
			if before < 'A' || before > 'Z' || after >= 'a' && after <= 'z' {
				made.WriteByte('-')
			}
		}
		if upper {
			c += 'a' - 'A'
		}
		made.WriteByte(c)
	}
	return made.String()
}
