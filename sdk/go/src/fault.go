package stillroom

import (
	"errors"
	"fmt"
)

// Fault is an error that says whose business it is. A single row that cannot be worked on is no fault:
// [Output.Reject] it and go on.
//
// Any other error is a fault of the parameters in Open, and of the data in Process and Finish.
type Fault struct {
	kind    faultKind
	message string
}

type faultKind uint8

const (
	faultParams faultKind = iota
	faultData
	faultPlugin
)

// ParamsFault says that parameters or columns' types are wrong: for the pipeline's author. Only from Open.
func ParamsFault(format string, args ...any) *Fault {
	return &Fault{faultParams, fmt.Sprintf(format, args...)}
}

// DataFault says that this batch cannot be worked on.
func DataFault(format string, args ...any) *Fault {
	return &Fault{faultData, fmt.Sprintf(format, args...)}
}

// PluginFault says that the plugin itself failed.
func PluginFault(format string, args ...any) *Fault {
	return &Fault{faultPlugin, fmt.Sprintf(format, args...)}
}

// Error is what went wrong, without whose fault it is.
func (f *Fault) Error() string { return f.message }

// Kind is "params", "data" or "plugin".
func (f *Fault) Kind() string { return [...]string{"params", "data", "plugin"}[f.kind] }

// faultOf makes a fault of any error; a nil one stays.
func faultOf(err error, kind faultKind) *Fault {
	if err == nil {
		return nil
	}
	var fault *Fault
	if !errors.As(err, &fault) {
		return &Fault{kind, err.Error()}
	}
	// What was wrapped around it is part of what it says.
	told := Fault{fault.kind, err.Error()}
	// Parameters are settled once a step is open: what still complains of them then is the plugin.
	if kind != faultParams && told.kind == faultParams {
		told.kind = faultPlugin
	}
	return &told
}
