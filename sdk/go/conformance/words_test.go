package main

import (
	"math/rand/v2"
	"strings"
	"testing"

	"stillroom"
	"stillroom/stilltest"
)

// TestWords holds the eight bytes at a time against the standard library.
func TestWords(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("AZaz@[`{09 \t\n\v\f\r\x08\x0e\x7f\x00\u00dc\u00e9\u0130\U0001f600\u00a0")
	var values, lower, counts []any
	for length := range 200 {
		limit := len(letters)
		if length%2 == 0 {
			limit = 20 // ASCII alone
		}
		var text strings.Builder
		for range length {
			text.WriteRune(letters[random.IntN(limit)])
		}
		values = append(values, text.String())
		lower = append(lower, strings.ToLower(text.String()))
		space := func(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) }
		counts = append(counts, len(strings.FieldsFunc(text.String(), space)))
	}
	output := stilltest.Run(t, "words", "{}", stilltest.Batch(stilltest.Column("text", stillroom.Utf8, values...)))
	output.Equal(t, "text", lower...)
	output.Equal(t, "words", counts...)

	values, lower, counts = append(values[:1:1], nil), []any{"", nil}, []any{0, nil}
	output = stilltest.Run(t, "words", "{}", stilltest.Batch(stilltest.Column("text", stillroom.Utf8, values...)))
	output.Equal(t, "text", lower...)
	output.Equal(t, "words", counts...)
	for _, text := range []string{"THE QUICK", strings.Repeat("Aa zZ\t", 9)} {
		output = stilltest.Run(t, "words", "{}", stilltest.Batch(stilltest.Column("text", stillroom.Utf8, text)))
		output.Equal(t, "text", strings.ToLower(text))
		output.Equal(t, "words", len(strings.Fields(text)))
	}
}

func TestTotal(t *testing.T) {
	column := func(values ...any) *stilltest.Data {
		return stilltest.Batch(stilltest.Column("n", stillroom.Int64, values...))
	}
	output := stilltest.Run(t, "total", "{}", column(1, nil, -3))
	output.Equal(t, "total", -2)
	output.Equal(t, "rows", 3)
	if _, err := stilltest.Try("total", "{}", column(int64(1<<62), int64(1<<62))); err == nil {
		t.Error("the sum wrapped around")
	}
	for _, n := range []any{-1, int64(-1 << 63)} {
		if _, err := stilltest.Try("total", "{}", column(int64(-1<<63), n)); err == nil {
			t.Error("the sum wrapped around")
		}
	}
}
