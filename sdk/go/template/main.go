// A Stillroom plugin with one step.
package main

import (
	"strings"

	"stillroom"
)

// params are what a pipeline may set under `with:`.
type params struct {
	Mark string `default:"!" doc:"What each text ends with."`
}

// shout upper-cases a text column and adds a mark.
type shout struct {
	mark string
	text stillroom.In[stillroom.Utf8Column]
}

func init() {
	stillroom.Register(stillroom.Spec[params]{
		Name:    "shout",
		Summary: "Upper-case a text column and add a mark.",
		Columns: []stillroom.Column{stillroom.Required("text", "The text.", stillroom.Utf8)},
		Open:    open,
	})
}

// open settles which columns the step takes and makes. What is wrong with them is reported after it.
func open(params params, schema *stillroom.Schema) (stillroom.Step, error) {
	step := &shout{mark: params.Mark, text: stillroom.Input[stillroom.Utf8Column](schema, "text")}
	schema.Makes("text", stillroom.Utf8)
	return step, nil
}

// Process answers one batch.
func (s *shout) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	text := s.text.Of(batch)
	var loud stillroom.Utf8Builder
	for row := range text.Len() {
		if text.IsNull(row) {
			loud.AppendNull()
			continue
		}
		loud.Append(strings.ToUpper(text.Value(row)) + s.mark)
	}
	return stillroom.NewOutput(&loud), nil
}

// The host calls the steps that init registered; a program needs a main all the same.
func main() {}
