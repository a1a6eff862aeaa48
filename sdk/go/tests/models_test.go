package tests

import (
	"errors"
	"slices"
	"testing"

	"stillroom"
	"stillroom/embedding"
	"stillroom/llm"
	"stillroom/stilltest"
)

func TestModelsAnswerAsTheTestSays(t *testing.T) {
	defer llm.AnswerWith(nil)
	llm.AnswerWith(func(model string, request llm.Request) (llm.Answer, error) {
		switch {
		case request.Text == "bad":
			return llm.Answer{}, &llm.Failure{Reason: llm.Refused, Why: "not this"}
		case request.Text != "":
			return llm.Answer{}, errors.New("no idea")
		}
		return llm.Answer{Text: model + " " + request.Messages[0].Content, Finish: llm.FinishLength}, nil
	})
	model, err := llm.Named("small")
	if err != nil || model.Name() != "small" || model.Served() != "small" {
		t.Fatal(model, err)
	}
	results := model.Generate([]llm.Request{llm.Prompt("a"), {Text: "bad"}, {Text: "other"}}, 2)
	if len(results) != 6 || results[1].Text != "small a" || results[1].Finish != llm.FinishLength || results[1].Err != nil {
		t.Error(results)
	}
	var failure *llm.Failure
	if !errors.As(results[3].Err, &failure) || failure.Reason != llm.Refused || failure.Error() != "refused: not this" {
		t.Error(results[3].Err)
	}
	if _, err := model.Ask(llm.Request{Text: "other"}); !errors.As(err, &failure) || failure.Error() != "failed: no idea" {
		t.Error(err)
	}
	if answer, err := model.Ask(llm.Prompt("b")); err != nil || answer.Text != "small b" {
		t.Error(answer, err)
	}
}

func TestAWrongModelIsAFaultOfTheParameters(t *testing.T) {
	_, asked := llm.Named("small")
	_, embedded := embedding.Named("small")
	for _, err := range []error{asked, embedded} {
		var fault *stillroom.Fault
		if !errors.As(err, &fault) {
			t.Error(err)
		}
	}
	name := probe(t, stillroom.Transform, func(none, *stillroom.Schema) error {
		_, err := llm.Named("small")
		return err
	}, nil)
	_, err := stilltest.Try(name, "{}", texts("a"))
	fails(t, err, "params", "no test answers for models")
}

func TestScoresAndVectors(t *testing.T) {
	defer llm.ScoreWith(nil)
	defer embedding.EmbedWith(nil)
	refused := &llm.Failure{Reason: llm.Refused, Why: "not this"}
	llm.ScoreWith(func(_ string, text llm.Scored) ([]llm.Rating, error) {
		if text.Text == "" {
			return nil, refused
		}
		return []llm.Rating{{Label: text.Query, Value: float64(len(text.Text))}}, nil
	})
	judge, _ := llm.Named("judge")
	scored := judge.Score([]llm.Scored{{Query: "q", Text: "abc"}, {}})
	if !slices.Equal(scored[0].Ratings, []llm.Rating{{Label: "q", Value: 3}}) || scored[1].Err != error(refused) {
		t.Error(scored)
	}
	embedding.EmbedWith(func(_, text string) ([]float32, error) {
		if text == "" {
			return nil, refused
		}
		return []float32{0.5, float32(len(text))}, nil
	})
	model, _ := embedding.Named("small")
	vectors := model.Embed([]string{"ab", ""})
	if !slices.Equal(vectors[0].Values, []float32{0.5, 2}) || vectors[1].Err != error(refused) {
		t.Error(vectors)
	}
}
