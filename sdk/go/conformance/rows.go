package main

import "stillroom"

// repeat makes each row as often as it says.
type repeat struct {
	n stillroom.In[stillroom.Int64Column]
}

// rejectOdd leaves odd numbers to the quarantine.
type rejectOdd struct {
	n stillroom.In[stillroom.Int64Column]
}

type failParams struct {
	How string `default:"exception" oneof:"data plugin exception" doc:"How a row with the text boom fails."`
}

// fail fails in one of the ways that there are.
type fail struct {
	how  string
	text stillroom.In[stillroom.Utf8Column]
}

func init() {
	stillroom.Register(stillroom.Spec[stillroom.NoParams]{
		Name: "repeat", Summary: "Makes each row n times.", Columns: numberColumn,
		Open: func(_ stillroom.NoParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.RowsAny()
			schema.Makes("copy", stillroom.Int64)
			return &repeat{stillroom.Input[stillroom.Int64Column](schema, "n")}, nil
		},
	})
	stillroom.Register(stillroom.Spec[stillroom.NoParams]{
		Name: "reject-odd", Summary: "Rejects odd numbers.", Columns: numberColumn,
		Open: func(_ stillroom.NoParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.Makes("n", stillroom.Int64)
			return &rejectOdd{stillroom.Input[stillroom.Int64Column](schema, "n")}, nil
		},
	})
	stillroom.Register(stillroom.Spec[failParams]{
		Name: "fail", Summary: "Fails on a row whose text is boom.", Columns: textColumn,
		Open: func(params failParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.Makes("text", stillroom.Utf8)
			return &fail{params.How, stillroom.Input[stillroom.Utf8Column](schema, "text")}, nil
		},
	})
}

func (r *repeat) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	n := r.n.Of(batch)
	var copies stillroom.Int64Builder
	var origins []uint32
	for row := range n.Len() {
		if n.IsNull(row) {
			continue
		}
		for i := range n.Value(row) {
			copies.Append(i)
			origins = append(origins, uint32(row))
		}
	}
	return stillroom.NewOutput(&copies).Rows(origins), nil
}

func (r *rejectOdd) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	n := r.n.Of(batch)
	output := stillroom.NewOutput(n)
	for row := range n.Len() {
		if !n.IsNull(row) && n.Value(row)%2 != 0 {
			output.Reject(row, "%d is odd", n.Value(row))
		}
	}
	return output, nil
}

func (f *fail) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	text := f.text.Of(batch)
	for row := range text.Len() {
		if text.Value(row) != "boom" {
			continue
		}
		switch f.how {
		case "data":
			return nil, stillroom.DataFault("bad row: %s", text.Value(row))
		case "plugin":
			return nil, stillroom.PluginFault("broken: %s", text.Value(row))
		default:
			panic("exploded: " + text.Value(row))
		}
	}
	return stillroom.NewOutput(text), nil
}
