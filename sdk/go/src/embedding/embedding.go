// Package embedding makes vectors of texts, by models that the host asks.
//
// A plugin that calls this asks for "embedding", and a pipeline has to grant it, with the models that it declares.
package embedding

import (
	"stillroom"
	"stillroom/llm"
)

// Failure is the error where there is no vector.
type Failure = llm.Failure

// Model is one that may be asked.
type Model struct{ name, served string }

// Vector is a text's, or why there is none: then Err is a [*Failure].
type Vector struct {
	Values []float32
	Err    error
}

// Named is the model of a name. The error is a fault of the parameters, where the pipeline does not declare the model or the
// plugin may not ask it: call it in Open, so that this is told before a row moves.
func Named(name string) (Model, error) {
	served, failure := describe(name)
	if failure != nil {
		return Model{}, stillroom.ParamsFault("%s", failure.Why)
	}
	return Model{name, served}, nil
}

// Name is what the pipeline calls it.
func (m Model) Name() string { return m.name }

// Served is what its server calls it.
func (m Model) Served() string { return m.served }

// Embed makes a vector of each text.
func (m Model) Embed(texts []string) []Vector { return embed(m.name, texts) }
