//go:build !wasip1

package llm

import "errors"

var (
	answering func(model string, request Request) (Answer, error)
	scoring   func(model string, text Scored) ([]Rating, error)
)

// AnswerWith says, in a test, what answers requests from now on, one sample after the other; nil: all are denied.
func AnswerWith(answer func(model string, request Request) (Answer, error)) { answering = answer }

// ScoreWith says, in a test, what scores texts from now on; nil: all are denied.
func ScoreWith(score func(model string, text Scored) ([]Rating, error)) { scoring = score }

func describe(model string) (string, *Failure) {
	if answering == nil && scoring == nil {
		return "", nobody()
	}
	return model, nil
}

func generate(model string, requests []Request, samples uint32) []Result {
	var results []Result
	for _, request := range requests {
		for range samples {
			if answering == nil {
				results = append(results, Result{Err: nobody()})
				continue
			}
			answer, err := answering(model, request)
			results = append(results, Result{answer, failure(err)})
		}
	}
	return results
}

func score(model string, texts []Scored) []Ratings {
	results := make([]Ratings, len(texts))
	for i, text := range texts {
		if scoring == nil {
			results[i].Err = nobody()
			continue
		}
		ratings, err := scoring(model, text)
		results[i] = Ratings{ratings, failure(err)}
	}
	return results
}

// failure: what crosses is a Failure, and so it is in a test.
func failure(err error) error {
	var is *Failure
	if err == nil || errors.As(err, &is) {
		return err
	}
	return &Failure{Failed, err.Error()}
}

func nobody() *Failure {
	return &Failure{Denied, "no test answers for models: llm.AnswerWith sets what does"}
}
