package log

import (
	"strings"
	"unsafe"
)

//go:wasmimport stillroom:step/log@0.1.0 write
func hostWrite(level uint32, text unsafe.Pointer, length, hasRow, row uint32)

func write(level Level, row int64, message string) {
	// The last byte is never sent: it is there so that an empty line has an address, too.
	text := []byte(strings.ToValidUTF8(message, "\uFFFD") + "\n")
	hasRow := uint32(0)
	if row >= 0 {
		hasRow = 1
	}
	hostWrite(uint32(level), unsafe.Pointer(&text[0]), uint32(len(text)-1), hasRow, uint32(row))
}
