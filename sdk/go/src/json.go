package stillroom

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON is read here and not by encoding/json: that package alone makes a plugin two thirds larger, and as much longer to compile.

// jsonObject splits an object into its members, and says their names in order.
func jsonObject(text string) (members map[string]string, names []string, ok bool) {
	reader := jsonReader{rest: text}
	members = map[string]string{}
	ok = reader.object(func(name, value string) {
		members[name] = value
		names = append(names, name)
	}) && reader.done()
	return members, names, ok
}

// jsonArray splits an array into its items.
func jsonArray(text string) (items []string, ok bool) {
	reader := jsonReader{rest: text}
	ok = reader.array(func(item string) { items = append(items, item) }) && reader.done()
	return items, ok
}

// unquote reads text.
func unquote(text string) (string, bool) {
	reader := jsonReader{rest: text}
	value, ok := reader.text()
	return value, ok && reader.done()
}

// isNumber says whether this is a number as JSON has them: Go's own readers take more.
func isNumber(text string) bool {
	reader := jsonReader{rest: text}
	return reader.number() && reader.rest == ""
}

// quote writes text.
func quote(text string) string {
	made := []byte{'"'}
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			made = append(made, '\\', byte(r))
		case r < ' ':
			made = fmt.Appendf(made, `\u%04x`, r)
		default:
			made = utf8.AppendRune(made, r)
		}
	}
	return string(append(made, '"'))
}

// jsonReader takes values off the front of a text.
type jsonReader struct {
	rest  string
	depth int
}

func (r *jsonReader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

func (r *jsonReader) done() bool {
	r.space()
	return r.rest == ""
}

func (r *jsonReader) mark(mark byte) bool {
	r.space()
	if r.rest == "" || r.rest[0] != mark {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// value takes one value of any type, and answers it as it stands.
func (r *jsonReader) value() (string, bool) {
	r.space()
	if r.rest == "" || r.depth == maxDepth {
		return "", false
	}
	before, ok := r.rest, false
	r.depth++
	switch r.rest[0] {
	case '{':
		ok = r.object(func(string, string) {})
	case '[':
		ok = r.array(func(string) {})
	case '"':
		_, ok = r.text()
	case 't', 'f', 'n':
		for _, word := range []string{"true", "false", "null"} {
			if rest, found := strings.CutPrefix(r.rest, word); found {
				r.rest, ok = rest, true
				break
			}
		}
	default:
		ok = r.number()
	}
	r.depth--
	return before[:len(before)-len(r.rest)], ok
}

func (r *jsonReader) object(member func(name, value string)) bool {
	if !r.mark('{') {
		return false
	}
	for first := true; !r.mark('}'); first = false {
		if !first && !r.mark(',') {
			return false
		}
		r.space()
		name, named := r.text()
		if !named || !r.mark(':') {
			return false
		}
		value, ok := r.value()
		if !ok {
			return false
		}
		member(name, value)
	}
	return true
}

func (r *jsonReader) array(item func(string)) bool {
	if !r.mark('[') {
		return false
	}
	for first := true; !r.mark(']'); first = false {
		if !first && !r.mark(',') {
			return false
		}
		value, ok := r.value()
		if !ok {
			return false
		}
		item(value)
	}
	return true
}

func (r *jsonReader) number() bool {
	digits := func() bool {
		rest := strings.TrimLeft(r.rest, "0123456789")
		some := len(rest) < len(r.rest)
		r.rest = rest
		return some
	}
	r.rest = strings.TrimPrefix(r.rest, "-")
	if rest, zero := strings.CutPrefix(r.rest, "0"); zero {
		r.rest = rest
	} else if !digits() {
		return false
	}
	if rest, point := strings.CutPrefix(r.rest, "."); point {
		r.rest = rest
		if !digits() {
			return false
		}
	}
	if r.rest != "" && r.rest[0]|' ' == 'e' {
		r.rest = r.rest[1:]
		if r.rest != "" && (r.rest[0] == '+' || r.rest[0] == '-') {
			r.rest = r.rest[1:]
		}
		return digits()
	}
	return true
}

// text takes a string, and answers what it says.
func (r *jsonReader) text() (string, bool) {
	if !strings.HasPrefix(r.rest, `"`) {
		return "", false
	}
	var made []byte
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return string(made), true
		case c < ' ':
			return "", false
		case c != '\\':
			made = append(made, c)
		default:
			value, length := escape(r.rest[i:])
			if length == 0 {
				return "", false
			}
			made = utf8.AppendRune(made, value)
			i += length - 1
		}
	}
	return "", false
}

// escape reads one escape at the front of a text; its length is 0 where there is none.
func escape(text string) (value rune, length int) {
	if len(text) < 2 {
		return 0, 0
	}
	if at := strings.IndexByte(`"\/bfnrt`, text[1]); at >= 0 {
		return rune("\"\\/\b\f\n\r\t"[at]), 2
	}
	value, ok := hex4(text)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(value) {
		low, _ := hex4(text[6:])
		if both := utf16.DecodeRune(value, low); both != utf8.RuneError {
			return both, 12
		}
		return utf8.RuneError, 6
	}
	return value, 6
}

func hex4(text string) (rune, bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	value, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(value), err == nil
}
