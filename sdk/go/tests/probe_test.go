package tests

import (
	"testing"

	"stillroom"
)

// probe registers a step under the test's name, opens it with `open` and answers with `process`.
func probe[P any](
	t *testing.T, kind stillroom.Kind,
	open func(P, *stillroom.Schema) error,
	process func(*stillroom.Batch) (*stillroom.Output, error),
) string {
	t.Helper()
	stillroom.Register(stillroom.Spec[P]{
		Name: t.Name(), Kind: kind,
		Open: func(params P, schema *stillroom.Schema) (stillroom.Step, error) {
			return probing(process), open(params, schema)
		},
	})
	return t.Name()
}

type probing func(*stillroom.Batch) (*stillroom.Output, error)

func (p probing) Process(batch *stillroom.Batch) (*stillroom.Output, error) { return p(batch) }

type none = stillroom.NoParams

// fails fails the test where an error is not of a kind and does not say what it should.
func fails(t *testing.T, err error, kind, want string) {
	t.Helper()
	fault, ok := err.(*stillroom.Fault)
	if !ok {
		t.Fatalf("no fault but %v", err)
	}
	if fault.Kind() != kind || !contains(fault.Error(), want) {
		t.Errorf("a fault of the %s: %s\nand should be of the %s, with: %s", fault.Kind(), fault, kind, want)
	}
}
