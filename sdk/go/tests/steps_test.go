package tests

import (
	"errors"
	"fmt"
	"testing"

	"stillroom"
	"stillroom/http"
	"stillroom/log"
	"stillroom/stilltest"
)

func texts(values ...any) *stilltest.Data {
	return stilltest.Batch(stilltest.Column("text", stillroom.Utf8, values...))
}

func TestPanicsSayWhere(t *testing.T) {
	name := probe(t, stillroom.Transform, func(none, *stillroom.Schema) error { return nil },
		func(batch *stillroom.Batch) (*stillroom.Output, error) {
			var nothing map[string]int
			nothing["x"] = batch.Len() // the line that the fault names
			return nil, nil
		})
	_, err := stilltest.Try(name, "{}", texts("a"))
	fails(t, err, "plugin", "panic: assignment to entry in nil map\n  at ")
	fails(t, err, "plugin", "steps_test.go:22 (tests.TestPanicsSayWhere")
}

func TestPanicsInOpenAreFaults(t *testing.T) {
	name := probe(t, stillroom.Transform, func(none, *stillroom.Schema) error { panic(errors.New("no way")) }, nil)
	_, err := stilltest.Open(name, "{}")
	fails(t, err, "plugin", "panic: no way")
}

func TestWhoseFaultAnErrorIs(t *testing.T) {
	for want, answer := range map[string]error{
		"data plain":    errors.New("plain"),
		"data of":       stillroom.DataFault("of %s", "the batch"),
		"plugin broken": stillroom.PluginFault("broken"),
		"plugin late":   stillroom.ParamsFault("late"),
		"data outer: x": fmt.Errorf("outer: %w", stillroom.DataFault("x")),
	} {
		name := t.Name() + want
		stillroom.Register(stillroom.Spec[none]{Name: name, Open: func(none, *stillroom.Schema) (stillroom.Step, error) {
			return probing(func(*stillroom.Batch) (*stillroom.Output, error) { return nil, answer }), nil
		}})
		_, err := stilltest.Try(name, "{}", texts("a"))
		var kind, text string
		fmt.Sscanf(want, "%s", &kind)
		text = want[len(kind)+1:]
		fails(t, err, kind, text)
	}
}

func TestColumnsThatAreMissingOrOfAnotherType(t *testing.T) {
	name := probe(t, stillroom.Transform, func(_ none, schema *stillroom.Schema) error {
		stillroom.Input[stillroom.Int64Column](schema, "text")
		return nil
	}, nil)
	_, err := stilltest.Open(name, "{}", stillroom.Field{Name: "text", Type: stillroom.Utf8})
	fails(t, err, "params", "column `text` is utf8; it must be int64")
	_, err = stilltest.Open(name, "{}", stillroom.Field{Name: "body", Type: stillroom.Utf8})
	fails(t, err, "params", "there is no column `text`; the data has `body`")
	_, err = stilltest.Open("nobody", "{}")
	fails(t, err, "params", "no step `nobody`")
}

func TestOnlyWhatWasTakenIsSent(t *testing.T) {
	var seen stillroom.In[stillroom.Int64Column]
	var missing stillroom.In[stillroom.Utf8Column]
	name := probe(t, stillroom.Ordered, func(_ none, schema *stillroom.Schema) error {
		missing = stillroom.OptionalInput[stillroom.Utf8Column](schema, "other")
		seen = stillroom.Input[stillroom.Int64Column](schema, "n")
		schema.Key("n")
		schema.Makes("n", stillroom.Int64)
		return nil
	}, func(batch *stillroom.Batch) (*stillroom.Output, error) {
		return stillroom.NewOutput(seen.Of(batch)), nil
	})
	batch := stilltest.Batch(stilltest.Column("text", stillroom.Utf8, "a"), stilltest.Column("n", stillroom.Int64, 5))
	runner, err := stilltest.Open(name, "{}", batch.Fields()...)
	if err != nil {
		t.Fatal(err)
	}
	if inputs := runner.Inputs(); len(inputs) != 1 || inputs[0] != "n" || missing.Ok() || !seen.Ok() || runner.Key()[0] != "n" {
		t.Error(inputs)
	}
	output, err := runner.Process(batch)
	if err != nil {
		t.Fatal(err)
	}
	output.Equal(t, "n", 5)
}

func TestLiesAreFound(t *testing.T) {
	utf8 := func(offsets []int32, bytes string) *stillroom.Array {
		return stillroom.Utf8FromParts(offsets, []byte(bytes), nil)
	}
	for name, lie := range map[string]struct {
		rows   bool
		output *stillroom.Output
		want   string
	}{
		"rows":     {false, stillroom.NewOutput(utf8([]int32{0, 1}, "a")), "it has 1 rows for 2"},
		"untold":   {true, stillroom.NewOutput(utf8([]int32{0, 1}, "a")), "does not say where its rows come from"},
		"origins":  {true, stillroom.NewOutput(utf8([]int32{0, 1}, "a")).Rows([]uint32{2}), "a row comes from row 2"},
		"count":    {true, stillroom.NewOutput(utf8([]int32{0, 1}, "a")).Rows([]uint32{0, 1}), "and has 1"},
		"told":     {false, stillroom.NewOutput(utf8([]int32{0, 1, 2}, "ab")).Rows([]uint32{0, 1}), "not declared RowsAny"},
		"rejected": {false, stillroom.NewOutput(utf8([]int32{0, 1, 2}, "ab")).Reject(2, "no"), "row 2 is rejected"},
		"back":     {false, stillroom.NewOutput(utf8([]int32{0, 2, 1}, "ab")), "offsets do not begin at 0 and grow"},
		"first":    {false, stillroom.NewOutput(utf8([]int32{1, 1, 2}, "ab")), "offsets do not begin at 0 and grow"},
		"short":    {false, stillroom.NewOutput(utf8([]int32{0, 1, 9}, "ab")), "buffers do not fit"},
		"text":     {false, stillroom.NewOutput(utf8([]int32{0, 1, 2}, "ü")), "row 0 is not UTF-8"},
		"type":     {false, stillroom.NewOutput(stillroom.NumbersFromParts([]int64{1, 2}, nil)), "was declared utf8 and made int64"},
		"columns":  {false, stillroom.NewOutput(utf8([]int32{0, 1, 2}, "ab"), utf8([]int32{0, 1, 2}, "ab")), "1 columns were declared and 2 made"},
	} {
		name = t.Name() + name
		stillroom.Register(stillroom.Spec[none]{Name: name, Open: func(_ none, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.Makes("text", stillroom.Utf8)
			if lie.rows {
				schema.RowsAny()
			}
			return probing(func(*stillroom.Batch) (*stillroom.Output, error) { return lie.output, nil }), nil
		}})
		_, err := stilltest.Try(name, "{}", texts("a", "b"))
		fails(t, err, "plugin", lie.want)
	}
}

func TestBuildersGrowNullsLate(t *testing.T) {
	var text stillroom.Utf8Builder
	var number stillroom.Int32Builder
	var bit stillroom.BoolBuilder
	var want []any
	for row := range 30 {
		if row == 13 || row == 29 {
			text.AppendNull()
			number.AppendNull()
			bit.AppendNull()
			want = append(want, nil)
			continue
		}
		text.AppendWith(func(to []byte) []byte { return fmt.Appendf(to, "%d", row) })
		number.Append(int32(row))
		bit.Append(row%3 == 0)
		want = append(want, row)
	}
	batch := stilltest.Batch(stilltest.Array("text", &text), stilltest.Array("n", &number), stilltest.Array("b", &bit))
	name := probe(t, stillroom.Transform, func(_ none, schema *stillroom.Schema) error {
		schema.Makes("text", stillroom.Utf8)
		schema.Makes("n", stillroom.Int32)
		schema.Makes("b", stillroom.Bool)
		stillroom.Input[stillroom.AnyColumn](schema, "text")
		stillroom.Input[stillroom.AnyColumn](schema, "n")
		stillroom.Input[stillroom.AnyColumn](schema, "b")
		return nil
	}, func(*stillroom.Batch) (*stillroom.Output, error) {
		return stillroom.NewOutput(&text, &number, &bit), nil
	})
	output := stilltest.Run(t, name, "{}", batch)
	output.Equal(t, "n", want...)
	for row, value := range want {
		if value != nil {
			if got := output.Values("text")[row]; got != fmt.Sprint(value) {
				t.Errorf("row %d is %v", row, got)
			}
			if got := output.Values("b")[row]; got != (row%3 == 0) {
				t.Errorf("row %d is %v", row, got)
			}
		} else if output.Values("text")[row] != nil || output.Values("b")[row] != nil {
			t.Errorf("row %d is not null", row)
		}
	}
}

func TestLogAndHTTP(t *testing.T) {
	log.Take()
	log.Info("%d rows", 3)
	log.Row(2).Warn("odd")
	lines := log.Take()
	if len(lines) != 2 || lines[0] != (log.Line{Level: log.LevelInfo, Message: "3 rows", Row: -1}) ||
		lines[1] != (log.Line{Level: log.LevelWarn, Message: "odd", Row: 2}) || len(log.Take()) != 0 {
		t.Error(lines)
	}
	var failure *http.Failure
	if _, err := http.Get("https://example.com"); !errors.As(err, &failure) || failure.Reason != http.Denied {
		t.Error(err)
	}
	http.AnswerWith(func(request http.Request) (*http.Response, error) {
		return &http.Response{Status: 200, URL: request.URL, Headers: []http.Header{{Name: "a", Value: "b"}}}, nil
	})
	defer http.AnswerWith(nil)
	response, err := http.Get("https://example.com")
	if err != nil || response.Status != 200 || response.Header("a") != "b" || response.Header("c") != "" {
		t.Error(response, err)
	}
}
