package tests

import (
	"encoding/json"
	"reflect"
	"testing"

	"stillroom"
	"stillroom/stilltest"
)

type all struct {
	Text     string
	Words    []string `default:"[\"a\"]"`
	MaxChars int64    `default:"9007199254740993" min:"-3" doc:"The most."`
	Small    uint8    `default:"7"`
	Ratio    float64  `default:"0.5" max:"1"`
	Flag     bool     `default:"false"`
	Mode     string   `default:"fast" oneof:"fast careful"`
	Maybe    *int32
	Nested   struct {
		Deep int `default:"1"`
	} `default:"{}"`
	Raw    stillroom.RawJSON `name:"any" default:"null"`
	hidden int
}

func opening(t *testing.T) func(params string) (all, error) {
	var got all
	name := probe(t, stillroom.Source, func(params all, _ *stillroom.Schema) error {
		got = params
		return nil
	}, nil)
	return func(params string) (all, error) {
		_, err := stilltest.Open(name, params)
		return got, err
	}
}

func TestParams(t *testing.T) {
	open := opening(t)
	got, err := open(`{"text": "x"}`)
	if err != nil {
		t.Fatal(err)
	}
	want := all{Text: "x", Words: []string{"a"}, MaxChars: 9007199254740993, Small: 7, Ratio: 0.5, Mode: "fast", Raw: stillroom.RawJSON("null")}
	want.Nested.Deep = 1
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	got, err = open(`{"text": "\u00fc\"", "words": [], "max-chars": -3, "ratio": 1e-3, "flag": true, "mode": "careful",
		"maybe": 5, "nested": {"deep": 9223372036854775807}, "any": {"x": [1]}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != `ü"` || len(got.Words) != 0 || got.MaxChars != -3 || got.Ratio != 0.001 || !got.Flag || got.Mode != "careful" ||
		*got.Maybe != 5 || got.Nested.Deep != 9223372036854775807 || string(got.Raw) != `{"x": [1]}` {
		t.Errorf("%+v", got)
	}
}

func TestWrongParamsAreNamed(t *testing.T) {
	open := opening(t)
	for params, want := range map[string]string{
		`{}`:                                "parameter `text` is missing",
		`[]`:                                "parameters are an object",
		`{"text": 5}`:                       "parameter `text` must be text, not 5",
		`{"text": "x", "txet": 1}`:          "unknown parameter `txet`; there are `text`, ",
		`{"text": "x", "words": "a"}`:       "parameter `words` must be a list, not \"a\"",
		`{"text": "x", "words": null}`:      "parameter `words` must be a list",
		`{"text": "x", "words": ["a", 1]}`:  "parameter `words[1]` must be text, not 1",
		`{"text": "x", "max-chars": 1.5}`:   "parameter `max-chars` must be an integer of at least -3, not 1.5",
		`{"text": "x", "max-chars": 1e3}`:   "parameter `max-chars` must be an integer",
		`{"text": "x", "max-chars": -4}`:    "parameter `max-chars` must be an integer of at least -3, not -4",
		`{"text": "x", "max-chars": "3"}`:   "parameter `max-chars` must be an integer",
		`{"text": "x", "small": 256}`:       "parameter `small` must be an integer",
		`{"text": "x", "small": -1}`:        "parameter `small` must be an integer",
		`{"text": "x", "ratio": 2}`:         "parameter `ratio` must be a number of at most 1, not 2",
		`{"text": "x", "ratio": "NaN"}`:     "parameter `ratio` must be a number",
		`{"text": "x", "ratio": 0x1p3}`:     "parameters are an object",
		`{"text": "x", "ratio": 01}`:        "parameters are an object",
		`{"text": "x", "ratio": 1e999}`:     "parameter `ratio` must be a number",
		`{"text": "x"} x`:                   "parameters are an object",
		`{"text": "x",}`:                    "parameters are an object",
		`{"text": "\x"}`:                    "parameters are an object",
		`{"text": "x", "flag": "true"}`:     "parameter `flag` must be true or false",
		`{"text": "x", "mode": "slow"}`:     "parameter `mode` must be one of fast, careful, not \"slow\"",
		`{"text": "x", "nested": {"d": 1}}`: "unknown parameter `nested.d`; there are `deep`",
		`{"text": "x", "nested": 1}`:        "parameter `nested` must be an object, not 1",
	} {
		_, err := open(params)
		fails(t, err, "params", want)
	}
}

func TestSchemaOfParams(t *testing.T) {
	opening(t)
	var schema struct {
		Properties map[string]map[string]any
		Required   []string
		Additional *bool `json:"additionalProperties"`
	}
	for _, manifest := range stillroom.Manifests() {
		if manifest.Name == t.Name() {
			if err := json.Unmarshal([]byte(manifest.Params), &schema); err != nil {
				t.Fatalf("%v: %s", err, manifest.Params)
			}
		}
	}
	if !reflect.DeepEqual(schema.Required, []string{"text"}) || *schema.Additional || schema.Properties["hidden"] != nil {
		t.Errorf("%+v", schema)
	}
	for name, want := range map[string]string{
		"text":      `{"type":"string"}`,
		"words":     `{"type":"array","items":{"type":"string"},"default":["a"]}`,
		"max-chars": `{"type":"integer","minimum":-3,"maximum":9223372036854775807,"description":"The most.","default":9007199254740993}`,
		"small":     `{"type":"integer","minimum":0,"maximum":255,"default":7}`,
		"ratio":     `{"type":"number","maximum":1,"default":0.5}`,
		"mode":      `{"enum":["fast","careful"],"default":"fast"}`,
		"maybe":     `{"type":"integer","minimum":-2147483648,"maximum":2147483647}`,
		"any":       `{"default":null}`,
	} {
		var property map[string]any
		if err := json.Unmarshal([]byte(want), &property); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(schema.Properties[name], property) {
			t.Errorf("%s: %v", name, schema.Properties[name])
		}
	}
}

func TestTextIsReadAsItStands(t *testing.T) {
	open := opening(t)
	for quoted, want := range map[string]string{
		`"\u00fc\ud83d\ude00\n\"\\\/\t"`: "ü😀\n\"\\/\t",
		`"ü😀"`:                           "ü😀",
		`"\ud83d."`:                      "\ufffd.",
		`"\ud83d\u0041"`:                 "\ufffdA",
		`""`:                             "",
		`"{\"a\": [1, 2]}"`:              `{"a": [1, 2]}`,
	} {
		if got, err := open(`{"text": ` + quoted + `}`); err != nil || got.Text != want {
			t.Errorf("%s is %q %v", quoted, got.Text, err)
		}
	}
}

func TestDefaultsThatDoNotFitAreFoundAtOnce(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !contains(text, "the default of parameter `size` must be an integer") {
			t.Error(text)
		}
	}()
	stillroom.Register(stillroom.Spec[struct {
		Size int `default:"x"`
	}]{Name: t.Name()})
}
