package main

import (
	"testing"

	"stillroom"
	"stillroom/stilltest"
)

func TestShout(t *testing.T) {
	batch := stilltest.Batch(stilltest.Column("text", stillroom.Utf8, "hello", "grün", nil))
	output := stilltest.Run(t, "shout", `{"mark": "?"}`, batch)
	output.Equal(t, "text", "HELLO?", "GRÜN?", nil)
}

func TestTextIsNeeded(t *testing.T) {
	batch := stilltest.Batch(stilltest.Column("body", stillroom.Utf8, "hello"))
	if _, err := stilltest.Try("shout", "{}", batch); err == nil {
		t.Error("the step opened without its column")
	}
}
