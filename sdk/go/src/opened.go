package stillroom

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Opened is a step between Open and its end, with what crosses to and from the host: what the component exports, and what
// tests call (through stilltest, which is easier).
type Opened struct {
	step     Step
	schema   *Schema
	manifest Manifest
}

// Open opens a step of this plugin: params is a JSON object, fields are those of the data.
func Open(name, params string, fields []Field) (opened *Opened, fault *Fault) {
	defer recovered(&fault)
	for _, entry := range registered {
		if entry.manifest.Name == name {
			return open(entry, params, fields)
		}
	}
	return nil, ParamsFault("this plugin has no step `%s`", name)
}

func open(entry entry, params string, fields []Field) (*Opened, *Fault) {
	schema := &Schema{fields: fields}
	step, err := entry.open(params, schema)
	if schema.err != nil {
		return nil, faultOf(schema.err, faultParams)
	}
	if err != nil {
		return nil, faultOf(err, faultParams)
	}
	if step == nil {
		return nil, PluginFault("Open of `%s` answered neither a step nor an error", entry.manifest.Name)
	}
	return &Opened{step, schema, entry.manifest}, nil
}

// Manifest is the step's.
func (o *Opened) Manifest() Manifest { return o.manifest }

// Inputs are the columns that the step takes.
func (o *Opened) Inputs() []Field {
	fields := make([]Field, len(o.schema.inputs))
	for i, input := range o.schema.inputs {
		fields[i] = input.field
	}
	return fields
}

// Outputs are the columns that the step makes.
func (o *Opened) Outputs() []Field {
	fields := make([]Field, len(o.schema.outputs))
	for i, output := range o.schema.outputs {
		fields[i] = Field{Name: output.name, Type: output.layout.text}
	}
	return fields
}

// RowsAny says whether outputs have any number of rows.
func (o *Opened) RowsAny() bool { return o.schema.rowsAny }

// Key are the names of the columns of the key.
func (o *Opened) Key() []string { return o.schema.key }

// RawOutput is an output as it crosses.
type RawOutput struct {
	Length   int
	Arrays   []RawArray
	Rows     []uint32
	HasRows  bool
	Rejected []Rejection
}

// Process answers a batch of the columns of Inputs.
func (o *Opened) Process(length int, raw []RawArray) (output *RawOutput, fault *Fault) {
	defer recovered(&fault)
	batch := &Batch{length: length}
	for _, input := range o.schema.inputs {
		column, err := lift(input.layout, &raw)
		if err != nil {
			return nil, faultOf(err, faultPlugin)
		}
		batch.columns = append(batch.columns, column)
	}
	answer, err := o.step.Process(batch)
	if err != nil {
		return nil, faultOf(err, faultData)
	}
	if answer == nil {
		answer = &Output{}
	}
	return o.lower(answer, length)
}

// Finish is what comes after the last batch; nil where there is no more.
func (o *Opened) Finish() (output *RawOutput, fault *Fault) {
	defer recovered(&fault)
	finisher, ok := o.step.(Finisher)
	if !ok {
		return nil, nil
	}
	answer, err := finisher.Finish()
	if err != nil || answer == nil {
		return nil, faultOf(err, faultData)
	}
	return o.lower(answer, 0)
}

func (o *Opened) lower(answer *Output, batch int) (*RawOutput, *Fault) {
	outputs, columns := o.schema.outputs, answer.columns
	raw := &RawOutput{Rows: answer.rows, HasRows: answer.hasRows, Rejected: answer.rejected}
	if len(columns) == 0 && len(answer.rows) == 0 {
		for _, output := range outputs {
			columns = append(columns, allNull(output.layout, 0))
		}
		raw.HasRows = o.schema.rowsAny
	}
	if len(columns) != len(outputs) {
		return nil, PluginFault("%d columns were declared and %d made", len(outputs), len(columns))
	}
	for i, column := range columns {
		// Types do not cross with an output, so the host could take eight bytes of one for those of another.
		if column.Type() != outputs[i].layout.text {
			return nil, PluginFault("column `%s` was declared %s and made %s", outputs[i].name, outputs[i].layout.text, column.Type())
		}
		raw.Arrays = column.lower(raw.Arrays)
	}
	switch {
	case len(columns) > 0:
		raw.Length = columns[0].length
	case raw.HasRows:
		raw.Length = len(raw.Rows)
	default:
		raw.Length = batch
	}
	return raw, nil
}

// recovered makes a fault of the plugin of a panic, with its message and the line that it came from.
func recovered(fault **Fault) {
	if reason := recover(); reason != nil {
		*fault = PluginFault("panic: %s%s", panicText(reason), panicPlace())
	}
}

func panicText(reason any) (text string) {
	// An author's own Error method may panic again.
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", reason)
		}
	}()
	return fmt.Sprint(reason)
}

// panicPlace is the innermost line of the stack that is the author's; where there is none, the innermost that is not Go's
// runtime.
func panicPlace() string {
	var counters [64]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(3, counters[:])])
	module := "main"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path != "" {
		module = info.Main.Path
	}
	first := ""
	for {
		frame, more := frames.Next()
		place := fmt.Sprintf("\n  at %s:%d (%s)", frame.File, frame.Line, frame.Function)
		if isIn(frame.Function, "main") || isIn(frame.Function, module) {
			return place
		}
		if first == "" && !isIn(frame.Function, "runtime") {
			first = place
		}
		if !more {
			return first
		}
	}
}

// isIn says whether a function is of a package or of one below it.
func isIn(function, path string) bool {
	rest, ok := strings.CutPrefix(function, path)
	return ok && rest != "" && (rest[0] == '.' || rest[0] == '/' || rest[0] == '_')
}
