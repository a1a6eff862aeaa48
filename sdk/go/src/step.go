package stillroom

// Kind says how the batches of a step hang together.
type Kind uint8

const (
	// Transform: batch in, batch out. Any instance may get any batch, in any order: no state that matters between batches.
	Transform Kind = iota
	// Ordered streams like a transform, but one instance sees every batch, in order.
	Ordered
	// Global consumes every batch (Process answers nil), then answers in Finish.
	Global
	// Source makes rows: Process gets a batch without columns whose length is the most rows wanted; nil ends it.
	Source
)

// Step is an opened step. It is a pure function of what it is given, and answers one batch at a time.
type Step interface {
	// Process answers a batch of the columns that Open took. A nil output has no rows.
	Process(batch *Batch) (*Output, error)
}

// Finisher is a global step: it answers at the end. (The host asks no step of another kind.)
type Finisher interface {
	Step
	// Finish is called after the last batch until it answers nil.
	Finish() (*Output, error)
}

// Column is one that a step always knows by name.
type Column struct {
	// Name is what the step calls it; a pipeline may give it another column.
	Name string
	// Types are those accepted, best first; a word alone ("list", "timestamp") accepts all of its kind, and none at all
	// accepts everything. The host converts losslessly to the first that it can.
	Types []DataType
	// Optional: the step can do without.
	Optional bool
	// Summary says in a line what it holds.
	Summary string
}

// Required is a column that the step cannot do without.
func Required(name, summary string, types ...DataType) Column {
	return Column{Name: name, Types: types, Summary: summary}
}

// Optional is a column that the step takes where the data has it.
func Optional(name, summary string, types ...DataType) Column {
	return Column{Name: name, Types: types, Optional: true, Summary: summary}
}

// Spec says what a step is. P is a struct of its parameters: see [NoParams] and the README.
type Spec[P any] struct {
	// Name is what a pipeline calls it: plugin/name.
	Name string
	// Summary says in a line what it does.
	Summary string
	// Kind says how its batches hang together.
	Kind Kind
	// Columns are those it always knows by name; it may take others that its parameters name.
	Columns []Column
	// Open settles parameters and columns. Pure: the same arguments take and make the same columns.
	Open func(params P, schema *Schema) (Step, error)
}

// NoParams are those of a step with nothing to set.
type NoParams struct{}

// Register makes a step one of this plugin's; call it in an init function. Panics where the parameters' struct is none, for
// that is a mistake in the program.
func Register[P any](spec Spec[P]) {
	shape := shapeOf[P](spec.Name)
	registered = append(registered, entry{
		manifest: Manifest{
			Name: spec.Name, Summary: spec.Summary, Kind: spec.Kind, Columns: spec.Columns, Params: shape.schema(),
		},
		open: func(text string, schema *Schema) (Step, error) {
			var params P
			if err := shape.read(text, &params); err != nil {
				return nil, err
			}
			return spec.Open(params, schema)
		},
	})
}

// Manifest is what a step says of itself before it knows parameters or data.
type Manifest struct {
	Name, Summary string
	Kind          Kind
	// Params is the JSON Schema of the parameters.
	Params  string
	Columns []Column
}

type entry struct {
	manifest Manifest
	open     func(params string, schema *Schema) (Step, error)
}

var registered []entry

// Manifests are those of the steps of this plugin.
func Manifests() []Manifest {
	manifests := make([]Manifest, len(registered))
	for i, entry := range registered {
		manifests[i] = entry.manifest
	}
	return manifests
}
