// Package llm asks language models through the host.
//
// A plugin that calls this asks for "llm", and a pipeline has to grant it, with the models that it declares. A plugin knows a
// model by its name there: addresses, keys, rates, retries and the bill are the host's. All requests of a call are under way
// together, so ask for as many as there are.
package llm

import "stillroom"

// Model is one that may be asked.
type Model struct{ name, served string }

// Role says who says something.
type Role uint8

// Who says something.
const (
	RoleSystem Role = iota
	RoleUser
	RoleAssistant
)

// Message is something that is said.
type Message struct {
	Role    Role
	Content string
}

// Request is what a model is asked. What is left out is as the pipeline declares the model, or as the server has it.
type Request struct {
	// Messages are a conversation. Where the last one is the assistant's, the model goes on with that, if its server can.
	Messages []Message
	// Text is what the model goes on with as it stands, where there are no messages.
	Text string
	// Schema is a JSON Schema that the answer's text is valid against. Where it is not, the host asks again and says what is
	// wrong.
	Schema string
	// Temperature, as TopP, Seed and Logprobs, is left out where it is nil: llm.Some(0.0) says one.
	Temperature *float64
	TopP        *float64
	// MaxTokens is the most tokens of the answer; 0: left out.
	MaxTokens uint32
	// Stop are texts at which the answer ends.
	Stop []string
	Seed *uint64
	// Logprobs is to have the logarithm of each token's probability, with those of so many likely others.
	Logprobs *uint32
}

// Finish says why an answer ends.
type Finish uint8

const (
	// FinishStop: by itself, or at a text where it was to stop.
	FinishStop Finish = iota
	// FinishLength: at the most tokens that it may have.
	FinishLength
	// FinishFilter: the server kept it back.
	FinishFilter
	// FinishOther: otherwise.
	FinishOther
)

// Token is one of an answer.
type Token struct {
	Text string
	// Logprob is the natural logarithm of its probability.
	Logprob float64
	// Others are likely ones in its place.
	Others []Other
}

// Other is a token that might have been.
type Other struct {
	Text    string
	Logprob float64
}

// Answer is what a model says.
type Answer struct {
	Text string
	// Reasoning is what a reasoning model thought before, where its server tells.
	Reasoning string
	Finish    Finish
	// Model is what the server calls the model that answered.
	Model                     string
	InputTokens, OutputTokens uint32
	// Logprobs are empty, where none were asked for or the server has none.
	Logprobs []Token
}

// Result is an answer, or why there is none: then Err is a [*Failure].
type Result struct {
	Answer
	Err error
}

// Scored is a text to be scored; of a question or an instruction, where there is one.
type Scored struct{ Query, Text string }

// Rating is what a reward model, a reranker or a classifier makes of a text.
type Rating struct {
	// Label is, of classifiers, the class; empty where a model gives one number.
	Label string
	Value float64
}

// Ratings are one or one a class, or why there are none: then Err is a [*Failure].
type Ratings struct {
	Ratings []Rating
	Err     error
}

// Reason says why there is no answer.
type Reason uint8

const (
	// Denied: no such model is declared, or the plugin may not ask it.
	Denied Reason = iota
	// Invalid: the request is none, or the server says so.
	Invalid
	// Refused: the server will not answer to this.
	Refused
	// Mismatch: the answer is not what the schema says.
	Mismatch
	// Timeout: there was no whole answer in time.
	Timeout
	// Failed: the network's fault, or the server's.
	Failed
)

// Failure is the error where there is no answer, after all that the pipeline allows was tried.
type Failure struct {
	Reason Reason
	Why    string
}

// Error says both.
func (f *Failure) Error() string {
	return [...]string{"denied", "invalid", "refused", "mismatch", "timeout", "failed"}[f.Reason] + ": " + f.Why
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

// Ask asks one request once. The error is a [*Failure].
func (m Model) Ask(request Request) (Answer, error) {
	results := m.Generate([]Request{request}, 1)
	if len(results) == 0 {
		return Answer{}, &Failure{Failed, "the host gave no answer"}
	}
	return results[0].Answer, results[0].Err
}

// Generate asks each request so many times, all together: the answers to the first request, then those to the second …
func (m Model) Generate(requests []Request, samples int) []Result {
	return generate(m.name, requests, uint32(max(samples, 0)))
}

// Score scores texts.
func (m Model) Score(texts []Scored) []Ratings { return score(m.name, texts) }

// Prompt is a request of what the user says.
func Prompt(user string) Request { return Request{Messages: []Message{User(user)}} }

// System is what the system says.
func System(content string) Message { return Message{RoleSystem, content} }

// User is what the user says.
func User(content string) Message { return Message{RoleUser, content} }

// Assistant is what the assistant says.
func Assistant(content string) Message { return Message{RoleAssistant, content} }

// Some is a value that may be left out, and is not.
func Some[T any](value T) *T { return &value }
