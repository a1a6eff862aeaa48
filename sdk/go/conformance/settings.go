package main

import (
	"fmt"
	"strings"

	"stillroom"
	"stillroom/log"
)

type settingsParams struct {
	Name  string   `doc:"A name."`
	Count int64    `default:"3" min:"0" doc:"How many."`
	Ratio float64  `default:"0.5" doc:"How much."`
	Flag  bool     `default:"false" doc:"Whether."`
	Mode  string   `default:"fast" oneof:"fast careful" doc:"Which way."`
	Tags  []string `default:"[]" doc:"Which ones."`
}

// settings says what its parameters are.
type settings struct {
	words string
	text  stillroom.In[stillroom.Utf8Column]
}

// shout logs.
type shout struct {
	text stillroom.In[stillroom.Utf8Column]
}

func init() {
	stillroom.Register(stillroom.Spec[settingsParams]{
		Name: "settings", Summary: "Says what its parameters are.", Columns: textColumn,
		Open: func(p settingsParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.Makes("settings", stillroom.Utf8)
			words := fmt.Sprintln(p.Name, p.Count, p.Ratio, p.Flag, p.Mode, strings.Join(p.Tags, ","))
			return &settings{strings.TrimSuffix(words, "\n"), stillroom.Input[stillroom.Utf8Column](schema, "text")}, nil
		},
	})
	stillroom.Register(stillroom.Spec[stillroom.NoParams]{
		Name: "shout", Summary: "Logs.", Columns: textColumn,
		Open: func(_ stillroom.NoParams, schema *stillroom.Schema) (stillroom.Step, error) {
			schema.Makes("text", stillroom.Utf8)
			return &shout{stillroom.Input[stillroom.Utf8Column](schema, "text")}, nil
		},
	})
}

func (s *settings) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	var made stillroom.Utf8Builder
	for range batch.Len() {
		made.Append(s.words)
	}
	return stillroom.NewOutput(&made), nil
}

func (s *shout) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	text := s.text.Of(batch)
	log.Info("%d rows", text.Len())
	for row := range text.Len() {
		if text.IsNull(row) {
			log.Row(row).Warn("row has no text")
		}
	}
	return stillroom.NewOutput(text), nil
}
