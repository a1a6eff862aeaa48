package stilltest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"stillroom"
)

func lie(format string, args ...any) error {
	return stillroom.PluginFault("the output breaks the contract: %s", fmt.Sprintf(format, args...))
}

// raw are the arrays of a column as they cross.
func (d *Data) raw(field stillroom.Field) []stillroom.RawArray {
	for i, own := range d.fields {
		if own.Name == field.Name {
			if d.arrays[i].Type() != field.Type {
				panic(fmt.Sprintf("column `%s` is not of the type that the step was opened for", field.Name))
			}
			return stillroom.Lower(d.arrays[i])
		}
	}
	panic(fmt.Sprintf("the batch has no column `%s`", field.Name))
}

// believed looks at an output before it is believed. input: the rows that its row numbers are of; -1: they are of none.
func (r *Runner) believed(raw *stillroom.RawOutput, input int) (*Output, error) {
	if input >= 0 {
		if err := checkRows(raw, input, r.opened.RowsAny()); err != nil {
			return nil, err
		}
	}
	output := &Output{Len: raw.Length, Rows: raw.Rows, Rejected: raw.Rejected}
	arrays := raw.Arrays
	for _, field := range r.Outputs() {
		array, err := stillroom.Lift(field.Type, &arrays)
		if err != nil {
			return nil, lie("column `%s`: %v", field.Name, err)
		}
		if err := checkArray(array); err != nil {
			return nil, lie("column `%s`: %v", field.Name, err)
		}
		if array.Len() != raw.Length {
			return nil, lie("column `%s` has %d rows of %d", field.Name, array.Len(), raw.Length)
		}
		output.names = append(output.names, field.Name)
		output.arrays = append(output.arrays, array)
	}
	return output, nil
}

func checkRows(raw *stillroom.RawOutput, input int, any bool) error {
	for _, rejection := range raw.Rejected {
		if int(rejection.Row) >= input {
			return lie("row %d is rejected, and there are %d", rejection.Row, input)
		}
	}
	switch {
	case !raw.HasRows && any:
		return lie("it does not say where its rows come from (Output.Rows)")
	case !raw.HasRows && raw.Length != input:
		return lie("it has %d rows for %d, and has not declared RowsAny", raw.Length, input)
	case raw.HasRows && !any:
		return lie("it says where its rows come from, and has not declared RowsAny")
	case raw.HasRows && len(raw.Rows) != raw.Length:
		return lie("it says of %d rows where they come from, and has %d", len(raw.Rows), raw.Length)
	}
	for _, row := range raw.Rows {
		if int(row) >= input {
			return lie("a row comes from row %d, and there are %d", row, input)
		}
	}
	return nil
}

// checkArray: its nulls are counted rightly, offsets grow, text is UTF-8, and the same holds for its children. That buffers
// are long enough was seen when it was lifted.
func checkArray(array *stillroom.Array) error {
	of, buffers := string(array.Type()), array.Buffers()
	if of == "null" {
		return nil
	}
	nulls := 0
	if bitmap := array.Validity(); bitmap != nil {
		for row := range array.Len() {
			nulls += 1 - int(bitmap[row>>3]>>(row&7)&1)
		}
	}
	if nulls != array.NullCount() {
		return fmt.Errorf("%d nulls are told and %d are there", array.NullCount(), nulls)
	}
	word, _, _ := strings.Cut(of, "<")
	width := 4
	if strings.HasPrefix(word, "large-") {
		width = 8
	}
	switch kind := strings.TrimPrefix(word, "large-"); kind {
	case "utf8", "binary", "list":
		if err := checkOffsets(array, width); err != nil {
			return err
		}
		for row := 0; kind == "utf8" && row < array.Len(); row++ {
			if !utf8.Valid(buffers[2][offset(array, width, row):offset(array, width, row+1)]) {
				return fmt.Errorf("row %d is not UTF-8", row)
			}
		}
	}
	for _, child := range array.Children() {
		if err := checkArray(child); err != nil {
			return fmt.Errorf("in a %s: %w", of, err)
		}
	}
	return nil
}

func checkOffsets(array *stillroom.Array, width int) error {
	before := 0
	for row := range array.Len() + 1 {
		next := offset(array, width, row)
		if next < before || row == 0 && next != 0 {
			return fmt.Errorf("its offsets do not begin at 0 and grow")
		}
		before = next
	}
	return nil
}

func offset(array *stillroom.Array, width, row int) int {
	offsets := array.Buffers()[1]
	if width == 4 {
		return int(int32(binary.LittleEndian.Uint32(offsets[4*row:])))
	}
	return int(binary.LittleEndian.Uint64(offsets[8*row:]))
}
