// Package stillroom is for writing Stillroom steps in Go: typed Arrow columns in, typed Arrow columns out, in a sandbox.
//
//	type shout struct {
//		text stillroom.In[stillroom.Utf8Column]
//	}
//
//	func init() {
//		stillroom.Register(stillroom.Spec[stillroom.NoParams]{
//			Name:    "shout",
//			Summary: "Upper-case a text column.",
//			Columns: []stillroom.Column{stillroom.Required("text", "The text.", stillroom.Utf8)},
//			Open: func(_ stillroom.NoParams, schema *stillroom.Schema) (stillroom.Step, error) {
//				step := &shout{text: stillroom.Input[stillroom.Utf8Column](schema, "text")}
//				schema.Makes("text", stillroom.Utf8)
//				return step, nil
//			},
//		})
//	}
//
//	func (s *shout) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
//		text := s.text.Of(batch)
//		var upper stillroom.Utf8Builder
//		for row := range text.Len() {
//			if text.IsNull(row) {
//				upper.AppendNull()
//			} else {
//				upper.Append(strings.ToUpper(text.Value(row)))
//			}
//		}
//		return stillroom.NewOutput(&upper), nil
//	}
//
//	func main() {}
//
// Built for wasip1 it is a plugin; built for anything else, [stillroom/stilltest] runs the same steps in tests.
package stillroom
