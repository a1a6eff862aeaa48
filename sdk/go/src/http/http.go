// Package http makes requests through the host.
//
// A plugin that calls Fetch asks for "http", and a pipeline has to grant it, with the methods and hosts that it names. The
// host makes the request: it follows redirects, to granted hosts only, and bounds the answer's size and time. (Go's own
// net/http cannot work here: there are no sockets.)
package http

import "time"

// Header is one of a request or an answer.
type Header struct{ Name, Value string }

// Request is what is asked.
type Request struct {
	// Method is in capitals, as "GET".
	Method string
	// URL is https://… or http://….
	URL string
	// Headers: those that say how the request travels (host, content-length and their like) are the host's.
	Headers []Header
	// Body is what is sent.
	Body []byte
	// Timeout is how long it may take, in steps of a millisecond; 0: as long as the grant and what is left of the call allow.
	Timeout time.Duration
}

// Response is an answer, whatever its status says.
type Response struct {
	// Status is as 200.
	Status int
	// URL is where it came from in the end.
	URL string
	// Headers have names in lower case.
	Headers []Header
	// Body is what came.
	Body []byte
}

// Header is the first value of a header, by its name in lower case; empty where there is none.
func (r *Response) Header(name string) string {
	for _, header := range r.Headers {
		if header.Name == name {
			return header.Value
		}
	}
	return ""
}

// Reason says why there is no answer.
type Reason uint8

const (
	// Denied: the pipeline does not allow it.
	Denied Reason = iota
	// Invalid: the request is none: a bad URL, method or header.
	Invalid
	// Timeout: it took too long.
	Timeout
	// TooLarge: the answer is larger than the grant allows.
	TooLarge
	// Failed: the network's fault, or the server's.
	Failed
)

// Failure is the error where there is no answer.
type Failure struct {
	Reason Reason
	Why    string
}

// Error says both.
func (f *Failure) Error() string {
	return [...]string{"denied", "invalid", "timeout", "too large", "failed"}[f.Reason] + ": " + f.Why
}

// Get asks for what is at a URL.
func Get(url string) (*Response, error) {
	return Fetch(Request{Method: "GET", URL: url})
}

// Fetch makes a request and waits for its answer. The error is a [*Failure]; what a server says with its status is an answer.
func Fetch(request Request) (*Response, error) {
	response, failure := fetch(request)
	if failure != nil {
		return nil, failure
	}
	return response, nil
}
