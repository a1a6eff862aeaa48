// Steps that ask models: what a prompt is answered, how a text is rated, a text's vector.
package main

import (
	"stillroom"
	"stillroom/embedding"
	"stillroom/llm"
)

type asking struct {
	Model     string `doc:"The model's name in the pipeline."`
	System    string `default:"" doc:"What the system says."`
	MaxTokens int    `default:"64" doc:"The most tokens of an answer."`
}

type only struct {
	Model string `doc:"The model's name in the pipeline."`
}

var columns = []stillroom.Column{stillroom.Required("prompt", "The text.", stillroom.Utf8)}

func init() {
	stillroom.Register(stillroom.Spec[asking]{Name: "ask", Summary: "Ask a model.", Columns: columns, Open: openAsk})
	stillroom.Register(stillroom.Spec[only]{Name: "score", Summary: "Have a model rate texts.", Columns: columns, Open: openScore})
	stillroom.Register(stillroom.Spec[only]{
		Name: "embed", Summary: "Have a model make the vectors of texts.", Columns: columns, Open: openEmbed,
	})
}

type ask struct {
	model  llm.Model
	params asking
	prompt stillroom.In[stillroom.Utf8Column]
}

func openAsk(params asking, schema *stillroom.Schema) (stillroom.Step, error) {
	model, err := llm.Named(params.Model)
	schema.Makes("answer", stillroom.Utf8)
	return &ask{model, params, stillroom.Input[stillroom.Utf8Column](schema, "prompt")}, err
}

func (s *ask) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	prompts := s.prompt.Of(batch)
	requests := make([]llm.Request, prompts.Len())
	for row := range requests {
		var messages []llm.Message
		if s.params.System != "" {
			messages = append(messages, llm.System(s.params.System))
		}
		messages = append(messages, llm.User(prompts.Value(row)))
		requests[row] = llm.Request{Messages: messages, MaxTokens: uint32(s.params.MaxTokens)}
	}
	var answers stillroom.Utf8Builder
	failed := make([]error, len(requests))
	for row, result := range s.model.Generate(requests, 1) {
		answers.Append(result.Text)
		failed[row] = result.Err
	}
	return output(&answers, failed), nil
}

type score struct {
	model  llm.Model
	prompt stillroom.In[stillroom.Utf8Column]
}

func openScore(params only, schema *stillroom.Schema) (stillroom.Step, error) {
	model, err := llm.Named(params.Model)
	schema.Makes("score", stillroom.Float64)
	return &score{model, stillroom.Input[stillroom.Utf8Column](schema, "prompt")}, err
}

func (s *score) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	prompts := s.prompt.Of(batch)
	texts := make([]llm.Scored, prompts.Len())
	for row := range texts {
		texts[row].Text = prompts.Value(row)
	}
	var scores stillroom.Float64Builder
	failed := make([]error, len(texts))
	for row, rated := range s.model.Score(texts) {
		if failed[row] = rated.Err; rated.Err != nil {
			scores.AppendNull()
			continue
		}
		scores.Append(rated.Ratings[0].Value)
	}
	return output(&scores, failed), nil
}

type embed struct {
	model  embedding.Model
	prompt stillroom.In[stillroom.Utf8Column]
}

func openEmbed(params only, schema *stillroom.Schema) (stillroom.Step, error) {
	model, err := embedding.Named(params.Model)
	schema.Makes("vector", "list<float32>")
	return &embed{model, stillroom.Input[stillroom.Utf8Column](schema, "prompt")}, err
}

func (s *embed) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	prompts := s.prompt.Of(batch)
	texts := make([]string, prompts.Len())
	for row := range texts {
		texts[row] = prompts.Value(row)
	}
	var numbers stillroom.Float32Builder
	vectors := stillroom.NewListBuilder(&numbers)
	failed := make([]error, len(texts))
	for row, made := range s.model.Embed(texts) {
		for _, value := range made.Values {
			numbers.Append(value)
		}
		vectors.Append()
		failed[row] = made.Err
	}
	return output(vectors, failed), nil
}

// output is a column, without the rows that failed.
func output(column stillroom.Builder, failed []error) *stillroom.Output {
	output := stillroom.NewOutput(column)
	for row, err := range failed {
		if err != nil {
			output.Reject(row, "%v", err)
		}
	}
	return output
}

func main() {}
