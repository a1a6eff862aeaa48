// Package abi has what a guest needs to ask the host: texts that lie still, and views of what was answered.
package abi

import (
	"strings"
	"unsafe"
)

// Text is a string as it crosses. Addresses are numbers: that of nothing is no pointer, and Go's stacks have none such.
type Text struct{ At, Len uint32 }

// List is a list of records as it crosses.
type List struct{ At, Len uint32 }

// Sent keeps alive what the host reads during a call: the collector sees no addresses in numbers.
type Sent struct{ kept []any }

// Text gives a string; bytes that are no UTF-8 are replaced, for the host refuses them.
func (s *Sent) Text(text string) Text {
	if text == "" {
		return Text{1, 0}
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	s.kept = append(s.kept, text)
	return Text{address(unsafe.Pointer(unsafe.StringData(text))), uint32(len(text))}
}

// Texts gives a list of strings.
func (s *Sent) Texts(texts []string) List {
	crossing := make([]Text, len(texts))
	for i, text := range texts {
		crossing[i] = s.Text(text)
	}
	return Records(s, crossing)
}

// Records gives a list of records, which hold numbers alone.
func Records[T any](s *Sent, records []T) List {
	if len(records) == 0 {
		return List{8, 0}
	}
	s.kept = append(s.kept, records)
	return List{address(unsafe.Pointer(unsafe.SliceData(records))), uint32(len(records))}
}

// String is a copy of the text.
func (t Text) String() string { return string(View[byte](List(t))) }

// View is the records that the host wrote: they lie there until the next call.
func View[T any](list List) []T {
	if list.Len == 0 {
		return nil
	}
	return unsafe.Slice((*T)(pointer(list.At)), list.Len)
}

// Tag is a variant's case: the bytes behind it are anything.
func Tag(word uint32) uint8 { return uint8(word) }

// Flag is 1 where an option is there.
func Flag(set bool) uint32 {
	if set {
		return 1
	}
	return 0
}

func pointer(at uint32) unsafe.Pointer { return unsafe.Pointer(uintptr(at)) }

func address(at unsafe.Pointer) uint32 { return uint32(uintptr(at)) }
