package llm

import (
	"unsafe"

	"stillroom/internal/abi"
)

//go:wasmimport stillroom:step/llm@0.1.0 describe
func hostDescribe(model, modelLen uint32, answer unsafe.Pointer)

//go:wasmimport stillroom:step/llm@0.1.0 generate
func hostGenerate(
	model, modelLen, requests, requestsLen, samples uint32, answer unsafe.Pointer,
)

//go:wasmimport stillroom:step/llm@0.1.0 score
func hostScore(model, modelLen, texts, textsLen uint32, answer unsafe.Pointer)

// Where the host writes the answer, and what it reads while it works: neither is on a stack, for stacks move.
var (
	answered [4]uint32
	sent     abi.Sent
)

// The contract's records as they lie in memory. Go aligns numbers as the contract does; cases and flags are one byte of four.
type (
	rawMessage struct {
		role    uint32
		content abi.Text
	}
	rawRequest struct {
		form           uint32
		prompt         abi.List
		hasSchema      uint32
		schema         abi.Text
		hasTemperature uint32
		temperature    float64
		hasTopP        uint32
		topP           float64
		hasMaxTokens   uint32
		maxTokens      uint32
		stop           abi.List
		hasSeed        uint32
		seed           uint64
		hasLogprobs    uint32
		logprobs       uint32
	}
	rawOther struct {
		text    abi.Text
		logprob float64
	}
	rawToken struct {
		text    abi.Text
		logprob float64
		others  abi.List
	}
	rawFailure struct {
		reason uint32
		why    abi.Text
	}
	rawAnswer struct {
		text         abi.Text
		hasReasoning uint32
		reasoning    abi.Text
		finish       uint32
		model        abi.Text
		inputTokens  uint32
		outputTokens uint32
		logprobs     abi.List
	}
	rawResult struct {
		failed uint32
		answer rawAnswer
	}
	rawScored struct {
		hasQuery uint32
		query    abi.Text
		text     abi.Text
	}
	rawRating struct {
		label abi.Text
		value float64
	}
)

// The contract's sizes: an array of another length does not compile.
var (
	_ [96]byte = [unsafe.Sizeof(rawRequest{})]byte{}
	_ [24]byte = [unsafe.Sizeof(rawToken{})]byte{}
	_ [52]byte = [unsafe.Sizeof(rawResult{})]byte{}
	_ [20]byte = [unsafe.Sizeof(rawScored{})]byte{}
	_ [16]byte = [unsafe.Sizeof(rawRating{})]byte{}
)

func describe(model string) (string, *Failure) {
	defer func() { sent = abi.Sent{} }()
	name := sent.Text(model)
	hostDescribe(name.At, name.Len, unsafe.Pointer(&answered))
	if abi.Tag(answered[0]) != 0 {
		return "", failureAt(unsafe.Pointer(&answered[1]))
	}
	return abi.Text{At: answered[1], Len: answered[2]}.String(), nil
}

func generate(model string, requests []Request, samples uint32) []Result {
	defer func() { sent = abi.Sent{} }()
	name := sent.Text(model)
	raw := make([]rawRequest, len(requests))
	for i := range requests {
		raw[i] = lowered(&requests[i])
	}
	list := abi.Records(&sent, raw)
	hostGenerate(name.At, name.Len, list.At, list.Len, samples, unsafe.Pointer(&answered))
	crossed := abi.View[rawResult](abi.List{At: answered[0], Len: answered[1]})
	results := make([]Result, len(crossed))
	for i := range crossed {
		if abi.Tag(crossed[i].failed) != 0 {
			results[i].Err = failureAt(unsafe.Pointer(&crossed[i].answer))
		} else {
			results[i].Answer = lifted(&crossed[i].answer)
		}
	}
	return results
}

func lowered(request *Request) rawRequest {
	raw := rawRequest{
		hasSchema:    abi.Flag(request.Schema != ""),
		schema:       sent.Text(request.Schema),
		hasMaxTokens: abi.Flag(request.MaxTokens != 0),
		maxTokens:    request.MaxTokens,
		stop:         sent.Texts(request.Stop),
	}
	raw.hasTemperature, raw.temperature = option(request.Temperature)
	raw.hasTopP, raw.topP = option(request.TopP)
	raw.hasSeed, raw.seed = option(request.Seed)
	raw.hasLogprobs, raw.logprobs = option(request.Logprobs)
	if len(request.Messages) == 0 {
		text := sent.Text(request.Text)
		raw.form, raw.prompt = 1, abi.List(text)
		return raw
	}
	messages := make([]rawMessage, len(request.Messages))
	for i, message := range request.Messages {
		messages[i] = rawMessage{uint32(message.Role), sent.Text(message.Content)}
	}
	raw.prompt = abi.Records(&sent, messages)
	return raw
}

func option[T any](value *T) (uint32, T) {
	if value == nil {
		var none T
		return 0, none
	}
	return 1, *value
}

func lifted(raw *rawAnswer) Answer {
	answer := Answer{
		Text:         raw.text.String(),
		Finish:       Finish(abi.Tag(raw.finish)),
		Model:        raw.model.String(),
		InputTokens:  raw.inputTokens,
		OutputTokens: raw.outputTokens,
	}
	if abi.Tag(raw.hasReasoning) != 0 {
		answer.Reasoning = raw.reasoning.String()
	}
	for _, token := range abi.View[rawToken](raw.logprobs) {
		one := Token{Text: token.text.String(), Logprob: token.logprob}
		for _, other := range abi.View[rawOther](token.others) {
			one.Others = append(one.Others, Other{other.text.String(), other.logprob})
		}
		answer.Logprobs = append(answer.Logprobs, one)
	}
	return answer
}

func score(model string, texts []Scored) []Ratings {
	defer func() { sent = abi.Sent{} }()
	name := sent.Text(model)
	raw := make([]rawScored, len(texts))
	for i, text := range texts {
		raw[i] = rawScored{abi.Flag(text.Query != ""), sent.Text(text.Query), sent.Text(text.Text)}
	}
	list := abi.Records(&sent, raw)
	hostScore(name.At, name.Len, list.At, list.Len, unsafe.Pointer(&answered))
	crossed := abi.View[[4]uint32](abi.List{At: answered[0], Len: answered[1]})
	results := make([]Ratings, len(crossed))
	for i := range crossed {
		words := &crossed[i]
		if abi.Tag(words[0]) != 0 {
			results[i].Err = failureAt(unsafe.Pointer(&words[1]))
			continue
		}
		for _, rating := range abi.View[rawRating](abi.List{At: words[1], Len: words[2]}) {
			results[i].Ratings = append(results[i].Ratings, Rating{rating.label.String(), rating.value})
		}
	}
	return results
}

func failureAt(at unsafe.Pointer) *Failure {
	raw := (*rawFailure)(at)
	return &Failure{Reason(abi.Tag(raw.reason)), raw.why.String()}
}
