package main

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"stillroom"
)

// words lower-cases texts and counts their words: runs of what is not ASCII white space.
type words struct {
	text stillroom.In[stillroom.Utf8Column]
}

func init() {
	stillroom.Register(stillroom.Spec[stillroom.NoParams]{
		Name: "words", Summary: "Lower-cases texts and counts their words.", Columns: textColumn,
		Open: func(_ stillroom.NoParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.Makes("text", stillroom.Utf8)
			schema.Makes("words", stillroom.Int64)
			return &words{stillroom.Input[stillroom.Utf8Column](schema, "text")}, nil
		},
	})
}

func (w *words) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	text := w.text.Of(batch)
	offsets, from := text.Offsets(), text.Bytes()
	counts := make([]int64, text.Len())
	lower := make([]byte, len(from))
	ascii := true
	for row := range counts {
		begin, end := offsets[row], offsets[row+1]
		count, plain := lowerASCII(lower[begin:end], from[begin:end])
		counts[row] = count
		ascii = ascii && plain
	}
	// The first buffer serves as long as lower-casing keeps every length: where all is ASCII.
	if !ascii {
		lower, offsets = lowerUnicode(from, offsets)
	}
	valid := text.Validity()
	return stillroom.NewOutput(
		stillroom.Utf8FromParts(offsets, lower, valid),
		stillroom.NumbersFromParts(counts, valid),
	), nil
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
