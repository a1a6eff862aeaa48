package stillroom

import "strings"

// Schema is what a step sees in Open, the fields of the data; and what it says there: which columns it takes and makes.
//
// What is wrong is remembered and reported after Open, so Open need not look after each line; [Schema.Err] says it earlier.
type Schema struct {
	fields  []Field
	inputs  []taken
	outputs []made
	key     []string
	rowsAny bool
	err     error
}

type taken struct {
	field  Field
	layout *layout
}

type made struct {
	name   string
	layout *layout
}

// Fields are those of the data, by the names that the step is to use.
func (s *Schema) Fields() []Field { return s.fields }

// Field is the one of a name.
func (s *Schema) Field(name string) (Field, bool) {
	for _, field := range s.fields {
		if field.Name == name {
			return field, true
		}
	}
	return Field{}, false
}

// Err is the first thing that was wrong, if anything.
func (s *Schema) Err() error { return s.err }

// Makes declares a column that the step makes; one with the name of an input replaces it. Outputs come in this order.
func (s *Schema) Makes(name string, of DataType) {
	read, err := parse(of)
	if err != nil {
		s.fail(PluginFault("column `%s`: %v", name, err))
		return
	}
	s.outputs = append(s.outputs, made{name, read})
}

// RowsAny declares that outputs have any number of rows, and [Output.Rows] says where they came from. Without it every
// input row has one output row.
func (s *Schema) RowsAny() { s.rowsAny = true }

// Key declares, in an ordered or global step, that rows which differ in these columns, which the step takes, have no bearing
// on one another. The host then gives each of several instances all rows of some keys.
func (s *Schema) Key(names ...string) { s.key = names }

func (s *Schema) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// In is a column that a step takes, read as a C.
type In[C any] struct {
	index int // from 1; 0: not there
}

// Input takes a column, to be read as a C: Input[Utf8Column](schema, "text"). A fault of the parameters names it where it is
// missing or of another type.
func Input[C any](s *Schema, name string) In[C] {
	in := OptionalInput[C](s, name)
	if _, found := s.Field(name); !found {
		names := make([]string, len(s.fields))
		for i, field := range s.fields {
			names[i] = "`" + field.Name + "`"
		}
		has := strings.Join(names, ", ")
		if has == "" {
			has = "none"
		}
		s.fail(ParamsFault("there is no column `%s`; the data has %s", name, has))
	}
	return in
}

// OptionalInput takes a column if the data has it: [In.Ok] says whether.
func OptionalInput[C any](s *Schema, name string) In[C] {
	var column C
	reader := typedOf(&column)
	field, found := s.Field(name)
	if !found {
		return In[C]{}
	}
	read, err := parse(field.Type)
	if err != nil {
		s.fail(ParamsFault("column `%s` is of a type that this SDK cannot read: %s", name, field.Type))
		return In[C]{}
	}
	if !reader.accepts(read) {
		s.fail(ParamsFault("column `%s` is %s; it must be %s", name, field.Type, reader.expected()))
		return In[C]{}
	}
	for i, input := range s.inputs {
		if input.field.Name == name {
			return In[C]{i + 1}
		}
	}
	s.inputs = append(s.inputs, taken{field, read})
	return In[C]{len(s.inputs)}
}

// Ok says whether the data has the column.
func (in In[C]) Ok() bool { return in.index > 0 }

// Of is the column in a batch. Panics where the data has none.
func (in In[C]) Of(batch *Batch) C {
	if in.index == 0 {
		panic("this column was not taken in Open")
	}
	var column C
	typedOf(&column).view(batch.columns[in.index-1])
	return column
}

// Batch is rows of the columns that a step took.
type Batch struct {
	length  int
	columns []*Array
}

// Len is the number of rows; for a source, the most that are wanted.
func (b *Batch) Len() int { return b.length }
