// The work of the conformance step `words` without the sandbox: a million texts of 200 bytes, in batches of 8192, lower-cased
// and their words counted. `go run words.go` prints one line, rows a second on one core.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"runtime"
	"time"
)

const (
	rows  = 1_000_000
	batch = 8192
	size  = 200
)

var words = []string{
	"The", "quick", "Brown", "fox", "Jumps", "over", "THE", "lazy",
	"Dog", "and", "Then", "runs", "Away", "from", "Every", "Hound",
}

func main() {
	runtime.GOMAXPROCS(1)
	var spent time.Duration
	var total int64
	for first := 0; first < rows; first += batch {
		offsets, text := texts(first, min(batch, rows-first))
		start := time.Now()
		_, _, counts := process(offsets, text)
		spent += time.Since(start)
		for _, count := range counts {
			total += count
		}
	}
	if total == 0 {
		panic("no words")
	}
	fmt.Printf("%.0f rows/s\n", rows/spent.Seconds())
}

// texts are so many rows from one on, as a column: where each begins, and the bytes of all.
func texts(first, count int) ([]int32, []byte) {
	offsets, text := make([]int32, 1, count+1), make([]byte, 0, count*size)
	for i := first; i < first+count; i++ {
		begin := len(text)
		for k := 0; len(text) < begin+size; k++ {
			if k > 0 {
				text = append(text, ' ')
			}
			text = append(text, words[(i*7+k*13)%16]...)
		}
		text = text[:begin+size]
		offsets = append(offsets, int32(len(text)))
	}
	return offsets, text
}

// process is what the step does with a batch.
func process(offsets []int32, from []byte) ([]int32, []byte, []int64) {
	counts := make([]int64, len(offsets)-1)
	lower := make([]byte, len(from))
	ascii := true
	for row := range counts {
		begin, end := offsets[row], offsets[row+1]
		count, plain := lowerASCII(lower[begin:end], from[begin:end])
		counts[row] = count
		ascii = ascii && plain
	}
	if !ascii {
		lower, offsets = lowerUnicode(from, offsets)
	}
	return offsets, lower, counts
}

func lowerUnicode(from []byte, offsets []int32) ([]byte, []int32) {
	lower := make([]byte, 0, len(from)+len(from)/8)
	moved := make([]int32, len(offsets))
	for row := range len(offsets) - 1 {
		lower = append(lower, bytes.ToLower(from[offsets[row]:offsets[row+1]])...)
		moved[row+1] = int32(len(lower))
	}
	return lower, moved
}

const (
	each = 0x0101010101010101 // times a byte: that byte eight times
	high = 0x80 * each
)

// lowerASCII lower-cases the letters A to Z of a text, eight bytes at a time, and counts its words. It says whether the
// text is ASCII; the count is right in any case, for no byte of a longer character is white space.
func lowerASCII(to, from []byte) (words int64, ascii bool) {
	other := uint64(0)  // has a high bit where a byte was not ASCII
	before := uint64(1) // whether the byte before was white space
	for len(from) >= 8 {
		eight := binary.LittleEndian.Uint64(from)
		lower, space := step(eight)
		// One bit a byte, in the highest: set where a word begins.
		starts := ^space & (space<<8 | before<<7) & high
		words += int64(bits.OnesCount64(starts))
		before = space >> 63
		other |= eight
		binary.LittleEndian.PutUint64(to, lower)
		from, to = from[8:], to[8:]
	}
	if len(from) > 0 {
		// What is left is filled with white space, where no word begins.
		var rest [8]byte
		copy(rest[:], "        ")
		copy(rest[:], from)
		eight := binary.LittleEndian.Uint64(rest[:])
		lower, space := step(eight)
		words += int64(bits.OnesCount64(^space & (space<<8 | before<<7) & high))
		other |= eight
		binary.LittleEndian.PutUint64(rest[:], lower)
		copy(to, rest[:])
	}
	return words, other&high == 0
}

// step lower-cases eight bytes, and answers the high bit of each that is white space (space, or 9 to 13).
func step(eight uint64) (lower, space uint64) {
	low := eight &^ high
	ascii := ^eight & high
	upper := (low + (0x80-'A')*each) &^ (low + (0x80-'Z'-1)*each) & ascii
	control := (low + (0x80-9)*each) &^ (low + (0x80-14)*each)
	blank := ^((low ^ ' '*each) + 0x7f*each)
	return eight | upper>>2, (control | blank) & ascii
}
