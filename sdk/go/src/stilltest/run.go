package stilltest

import (
	"reflect"
	"testing"

	"stillroom"
)

// Runner is an opened step, called as the host calls it.
type Runner struct {
	opened *stillroom.Opened
	sent   int // rows so far, which is what a global step counts over
}

// Open opens a step of this plugin by its name: params is a JSON object, fields are those of the data.
func Open(step, params string, fields ...stillroom.Field) (*Runner, error) {
	opened, fault := stillroom.Open(step, params, fields)
	if fault != nil {
		return nil, fault
	}
	return &Runner{opened: opened}, nil
}

// Run opens a step for one batch, runs it and, where it is a global one, finishes it. An error ends the test.
func Run(t testing.TB, step, params string, batch *Data) *Output {
	t.Helper()
	output, err := Try(step, params, batch)
	if err != nil {
		t.Fatalf("step %s: %v", step, err)
	}
	return output
}

// Try is Run for steps that may fail: the error is a [*stillroom.Fault].
func Try(step, params string, batch *Data) (*Output, error) {
	runner, err := Open(step, params, batch.fields...)
	if err != nil {
		return nil, err
	}
	output, err := runner.Process(batch)
	if err != nil || runner.opened.Manifest().Kind != stillroom.Global {
		return output, err
	}
	return runner.Finish()
}

// Fields are the names and types of a batch's columns: what Open sees of the data.
func (d *Data) Fields() []stillroom.Field { return d.fields }

// Process sends one batch. Panics where it has not the columns that the step was opened for.
func (r *Runner) Process(batch *Data) (*Output, error) {
	var raw []stillroom.RawArray
	for _, input := range r.opened.Inputs() {
		raw = append(raw, batch.raw(input)...)
	}
	output, fault := r.opened.Process(batch.rows, raw)
	if fault != nil {
		return nil, fault
	}
	r.sent += batch.rows
	switch r.opened.Manifest().Kind {
	case stillroom.Global:
		if output.Length > 0 {
			return nil, lie("a global step answers in Finish")
		}
		return r.believed(output, -1)
	case stillroom.Source:
		if output.Length > batch.rows {
			return nil, lie("%d rows are more than the %d that were wanted", output.Length, batch.rows)
		}
		return r.believed(output, -1)
	}
	return r.believed(output, batch.rows)
}

// Finish is what comes after the last batch; nil where there is no more.
func (r *Runner) Finish() (*Output, error) {
	output, fault := r.opened.Finish()
	if fault != nil {
		return nil, fault
	}
	if output == nil {
		return nil, nil
	}
	return r.believed(output, r.sent)
}

// Inputs are the names of the columns that the step takes.
func (r *Runner) Inputs() []string {
	var names []string
	for _, field := range r.opened.Inputs() {
		names = append(names, field.Name)
	}
	return names
}

// Outputs are the columns that the step makes.
func (r *Runner) Outputs() []stillroom.Field { return r.opened.Outputs() }

// Key are the names of the columns of the key.
func (r *Runner) Key() []string { return r.opened.Key() }

// Output is what a step answered, checked.
type Output struct {
	// Len is the number of rows.
	Len int
	// Rows says where the rows came from, if the step does.
	Rows []uint32
	// Rejected are the rows that are left to the quarantine.
	Rejected []stillroom.Rejection
	names    []string
	arrays   []*stillroom.Array
}

// Array is a column; nil where there is none of this name.
func (o *Output) Array(name string) *stillroom.Array {
	for i, column := range o.names {
		if column == name {
			return o.arrays[i]
		}
	}
	return nil
}

// Values are those of a column, as [stillroom.AnyColumn.Value] gives them. Panics where there is no such column.
func (o *Output) Values(name string) []any {
	array := o.Array(name)
	if array == nil {
		panic("there is no column " + name)
	}
	column := stillroom.AnyColumn{Array: array}
	values := make([]any, column.Len())
	for row := range values {
		values[row] = column.Value(row)
	}
	return values
}

// Equal fails the test where a column has other values than these. An int stands for any whole number.
func (o *Output) Equal(t testing.TB, name string, want ...any) {
	t.Helper()
	if o.Array(name) == nil {
		t.Fatalf("there is no column `%s`", name)
	}
	got := o.Values(name)
	fitted := make([]any, len(want))
	for i, value := range want {
		fitted[i] = value
		if i < len(got) {
			fitted[i] = fit(value, got[i])
		}
	}
	if !reflect.DeepEqual(got, fitted) {
		t.Errorf("column `%s` is\n\t%v\nand should be\n\t%v", name, got, want)
	}
}
