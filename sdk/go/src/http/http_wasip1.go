package http

import (
	"math"
	"strings"
	"time"
	"unsafe"
)

//go:wasmimport stillroom:step/http@0.1.0 fetch
func hostFetch(
	method unsafe.Pointer, methodLen uint32, url unsafe.Pointer, urlLen uint32, headers unsafe.Pointer, headersLen uint32,
	body unsafe.Pointer, bodyLen uint32, hasTimeout, timeout uint32, answer unsafe.Pointer,
)

// Where the host writes the answer: not on a stack, for stacks move. sent: what the host reads while it works.
var (
	answer [8]uint32
	sent   [][]byte
	record []uint32
)

func fetch(request Request) (*Response, *Failure) {
	defer func() { sent, record = nil, nil }()
	method, url, body := give(request.Method), give(request.URL), request.Body
	record = make([]uint32, 0, 4*len(request.Headers)+1)
	for _, header := range request.Headers {
		for _, text := range []string{header.Name, header.Value} {
			bytes := give(text)
			record = append(record, uint32(uintptr(start(bytes))), uint32(len(bytes)))
		}
	}
	hasTimeout, timeout := uint32(0), uint32(0)
	if request.Timeout > 0 {
		hasTimeout, timeout = 1, uint32(min((request.Timeout+time.Millisecond-1)/time.Millisecond, math.MaxUint32))
	}
	hostFetch(start(method), uint32(len(method)), start(url), uint32(len(url)),
		unsafe.Pointer(unsafe.SliceData(record)), uint32(len(request.Headers)),
		start(body), uint32(len(body)), hasTimeout, timeout, unsafe.Pointer(&answer))
	if answer[0]&0xff != 0 {
		return nil, &Failure{Reason(answer[1] & 0xff), text(answer[2], answer[3])}
	}
	response := &Response{
		Status: int(answer[1] & 0xffff),
		URL:    text(answer[2], answer[3]),
		Body:   bytesAt(answer[6], answer[7]),
	}
	headers := unsafe.Slice((*uint32)(unsafe.Pointer(uintptr(answer[4]))), 4*answer[5])
	for ; len(headers) > 0; headers = headers[4:] {
		response.Headers = append(response.Headers, Header{text(headers[0], headers[1]), text(headers[2], headers[3])})
	}
	return response, nil
}

func give(text string) []byte {
	bytes := []byte(strings.ToValidUTF8(text, "\uFFFD"))
	sent = append(sent, bytes)
	return bytes
}

func start(bytes []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(bytes)) }

func text(at, length uint32) string { return string(bytesAt(at, length)) }

func bytesAt(at, length uint32) []byte {
	if length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(at))), length)
}
