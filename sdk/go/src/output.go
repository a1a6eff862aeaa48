package stillroom

import "fmt"

// Output is what a step answers to a batch: its columns in the order in which Open declared them.
type Output struct {
	columns  []*Array
	rows     []uint32
	hasRows  bool
	rejected []Rejection
}

// Rejection is a row that a step will not answer for.
type Rejection struct {
	// Row of the input batch (global: counted over all that was consumed).
	Row uint32
	// Reason is for the person who looks into the quarantine.
	Reason string
}

// NewOutput is an output of these columns.
func NewOutput(columns ...Builder) *Output {
	output := &Output{}
	for _, column := range columns {
		output.columns = append(output.columns, column.Build())
	}
	return output
}

// Rows says for each output row the input row that it came from (global: counted over all that was consumed). The step has
// declared [Schema.RowsAny].
func (o *Output) Rows(origins []uint32) *Output {
	o.rows, o.hasRows = origins, true
	return o
}

// Reject leaves a row to the quarantine. Where the step makes any number of rows, Rows leaves it out; elsewhere it has its
// place in the columns, whose value is ignored.
func (o *Output) Reject(row int, format string, args ...any) *Output {
	o.rejected = append(o.rejected, Rejection{uint32(row), fmt.Sprintf(format, args...)})
	return o
}
