//go:build !wasip1

package http

import "errors"

var handler func(Request) (*Response, error)

// AnswerWith says, in a test, what answers requests from now on; nil: all are denied.
func AnswerWith(answer func(Request) (*Response, error)) { handler = answer }

func fetch(request Request) (*Response, *Failure) {
	if handler == nil {
		return nil, &Failure{Denied, "no test answers requests: http.AnswerWith sets what does"}
	}
	response, err := handler(request)
	var failure *Failure
	if err != nil && !errors.As(err, &failure) {
		failure = &Failure{Failed, err.Error()}
	}
	return response, failure
}
