// Package stilltest runs steps in tests, natively: make a batch, run a step, look at what came out.
//
//	func TestShout(t *testing.T) {
//		batch := stilltest.Batch(stilltest.Column("text", stillroom.Utf8, "hello", nil))
//		output := stilltest.Run(t, "shout", `{"mark": "?"}`, batch)
//		output.Equal(t, "text", "HELLO?", nil)
//	}
//
// What a step answers is checked as the host checks it, so a test also finds the offset that is off by one.
package stilltest

import (
	"fmt"
	"reflect"

	"stillroom"
)

// Data are columns for a step, by name.
type Data struct {
	rows   int
	fields []stillroom.Field
	arrays []*stillroom.Array
}

// NamedColumn is a column with the name that the step uses.
type NamedColumn struct {
	name  string
	array *stillroom.Array
}

// Batch is a batch of these columns. Panics where one is not as long as those before.
func Batch(columns ...NamedColumn) *Data {
	data := &Data{}
	for i, column := range columns {
		if i > 0 && column.array.Len() != data.rows {
			panic(fmt.Sprintf("column %q has %d rows of %d", column.name, column.array.Len(), data.rows))
		}
		data.rows = column.array.Len()
		data.fields = append(data.fields, stillroom.Field{Name: column.name, Type: column.array.Type()})
		data.arrays = append(data.arrays, column.array)
	}
	return data
}

// Rows is a batch of no columns and so many rows: what a source gets.
func Rows(count int) *Data { return &Data{rows: count} }

// Column makes a column of a type, of values as [stillroom.AnyColumn.Value] gives them: nil, bool, numbers, string, []byte,
// []any for lists and for the members of a struct. An int stands for any whole number, and a whole number for a float. Panics
// where a value does not fit.
func Column(name string, of stillroom.DataType, values ...any) NamedColumn {
	builder, err := stillroom.NewAnyBuilder(of)
	if err != nil {
		panic(err)
	}
	for _, value := range values {
		if err := builder.Append(fit(value, builder.Example())); err != nil {
			panic(fmt.Sprintf("column %q: %v", name, err))
		}
	}
	return NamedColumn{name, builder.Build()}
}

// Array is a column that there is already, as one that another step made.
func Array(name string, column stillroom.Builder) NamedColumn {
	return NamedColumn{name, column.Build()}
}

// fit makes numbers of the type that a column has: `like` is a value of it.
func fit(value, like any) any {
	switch like := like.(type) {
	case nil:
		return value
	case []any:
		items, ok := value.([]any)
		if !ok || len(like) == 0 {
			return value
		}
		fitted := make([]any, len(items))
		for i, item := range items {
			fitted[i] = fit(item, like[min(i, len(like)-1)])
		}
		return fitted
	}
	whole, ok := value.(int)
	if !ok {
		return value
	}
	number := reflect.New(reflect.TypeOf(like)).Elem()
	switch {
	case number.CanInt() && !number.OverflowInt(int64(whole)):
		number.SetInt(int64(whole))
	case number.CanUint() && whole >= 0 && !number.OverflowUint(uint64(whole)):
		number.SetUint(uint64(whole))
	case number.CanFloat():
		number.SetFloat(float64(whole))
	default:
		return value
	}
	return number.Interface()
}
