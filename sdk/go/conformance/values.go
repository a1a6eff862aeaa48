package main

import "stillroom"

type columnParams struct {
	Column string `default:"value" doc:"The column."`
}

// echo hands a column of any type on without looking at it.
type echo struct {
	column stillroom.In[stillroom.AnyColumn]
}

// rebuild reads every value of a column, and builds it anew.
type rebuild struct {
	column stillroom.In[stillroom.AnyColumn]
	of     stillroom.DataType
}

func init() {
	stillroom.Register(stillroom.Spec[columnParams]{
		Name: "echo", Summary: "Hands a column on.",
		Open: func(params columnParams, schema *stillroom.Schema) (stillroom.Step, error) {
			step := &echo{stillroom.Input[stillroom.AnyColumn](schema, params.Column)}
			field, _ := schema.Field(params.Column)
			schema.Makes(params.Column, field.Type)
			return step, nil
		},
	})
	stillroom.Register(stillroom.Spec[columnParams]{
		Name: "rebuild", Summary: "Takes a column apart and puts it together again.",
		Open: func(params columnParams, schema *stillroom.Schema) (stillroom.Step, error) {
			step := &rebuild{column: stillroom.Input[stillroom.AnyColumn](schema, params.Column)}
			if schema.Err() != nil {
				return nil, schema.Err()
			}
			field, _ := schema.Field(params.Column)
			step.of = field.Type
			schema.Makes(params.Column, field.Type)
			_, err := stillroom.NewAnyBuilder(field.Type)
			return step, err
		},
	})
}

func (e *echo) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	return stillroom.NewOutput(e.column.Of(batch)), nil
}

func (r *rebuild) Process(batch *stillroom.Batch) (*stillroom.Output, error) {
	column := r.column.Of(batch)
	made, err := stillroom.NewAnyBuilder(r.of)
	if err != nil {
		return nil, err
	}
	for row := range column.Len() {
		if err := made.Append(column.Value(row)); err != nil {
			return nil, err
		}
	}
	return stillroom.NewOutput(made), nil
}
