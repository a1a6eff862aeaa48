//go:build !wasip1

package embedding

import (
	"errors"

	"stillroom/llm"
)

var embedding func(model, text string) ([]float32, error)

// EmbedWith says, in a test, what makes vectors from now on; nil: all are denied.
func EmbedWith(embed func(model, text string) ([]float32, error)) { embedding = embed }

func describe(model string) (string, *Failure) {
	if embedding == nil {
		return "", nobody()
	}
	return model, nil
}

func embed(model string, texts []string) []Vector {
	vectors := make([]Vector, len(texts))
	for i, text := range texts {
		if embedding == nil {
			vectors[i].Err = nobody()
			continue
		}
		values, err := embedding(model, text)
		var failure *Failure
		if err != nil && !errors.As(err, &failure) {
			err = &Failure{Reason: llm.Failed, Why: err.Error()}
		}
		vectors[i] = Vector{values, err}
	}
	return vectors
}

func nobody() *Failure {
	return &Failure{Reason: llm.Denied, Why: "no test answers for models: embedding.EmbedWith sets what does"}
}
