package main

import "stillroom"

// total adds a whole column up.
type total struct {
	n         stillroom.In[stillroom.Int64Column]
	sum, rows int64
	finished  bool
}

// running adds up as it goes.
type running struct {
	n   stillroom.In[stillroom.Int64Column]
	sum int64
}

type numbersParams struct {
	Count int64 `default:"5" min:"0" doc:"How many rows there are."`
}

// numbers makes rows of nothing.
type numbers struct {
	next, count int64
}

func init() {
	stillroom.Register(stillroom.Spec[stillroom.NoParams]{
		Name: "total", Summary: "Adds a column up.", Kind: stillroom.Global, Columns: numberColumn,
		Open: func(_ stillroom.NoParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.RowsAny()
			schema.Makes("total", stillroom.Int64)
			schema.Makes("rows", stillroom.Int64)
			return &total{n: stillroom.Input[stillroom.Int64Column](schema, "n")}, nil
		},
	})
	stillroom.Register(stillroom.Spec[stillroom.NoParams]{
		Name: "running", Summary: "Adds a column up as it goes.", Kind: stillroom.Ordered, Columns: numberColumn,
		Open: func(_ stillroom.NoParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.Makes("sum", stillroom.Int64)
			return &running{n: stillroom.Input[stillroom.Int64Column](schema, "n")}, nil
		},
	})
	stillroom.Register(stillroom.Spec[numbersParams]{
		Name: "numbers", Summary: "Counts.", Kind: stillroom.Source,
		Open: func(params numbersParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.Makes("n", stillroom.Int64)
			return &numbers{count: params.Count}, nil
		},
	})
}

// add never wraps around in silence.
func add(a, b int64) (int64, error) {
	sum := a + b
	if (sum < a) != (b < 0) {
		return 0, stillroom.DataFault("%d + %d is more than an int64 holds", a, b)
	}
	return sum, nil
}

func (t *total) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	n := t.n.Of(batch)
	for row := range n.Len() {
		if n.IsNull(row) {
			continue
		}
		sum, err := add(t.sum, n.Value(row))
		if err != nil {
			return nil, err
		}
		t.sum = sum
	}
	t.rows += int64(n.Len())
	return nil, nil
}

func (t *total) Finish() (*stillroom.Output, error) {
	// A row of the answer comes from a row of the input; where there was none, there is no answer.
	if t.finished || t.rows == 0 {
		return nil, nil
	}
	t.finished = true
	var sum, rows stillroom.Int64Builder
	sum.Append(t.sum)
	rows.Append(t.rows)
	return stillroom.NewOutput(&sum, &rows).Rows([]uint32{0}), nil
}

func (r *running) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	n := r.n.Of(batch)
	var sums stillroom.Int64Builder
	for row := range n.Len() {
		if !n.IsNull(row) {
			sum, err := add(r.sum, n.Value(row))
			if err != nil {
				return nil, err
			}
			r.sum = sum
		}
		sums.Append(r.sum)
	}
	return stillroom.NewOutput(&sums), nil
}

func (n *numbers) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	var made stillroom.Int64Builder
	for made.Len() < batch.Len() && n.next < n.count {
		made.Append(n.next)
		n.next++
	}
	return stillroom.NewOutput(&made), nil
}
