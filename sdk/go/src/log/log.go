// Package log writes lines into the run's log.
//
// A plugin that calls this asks for "log", and a pipeline has to grant it. The host puts the step and the rows of the batch
// in hand to each line, cuts lines at 4 KiB, and drops what is more than a call may say.
package log

import "fmt"

// Level says how much a line matters.
type Level uint8

const (
	// LevelDebug: what only the step's author wants to know.
	LevelDebug Level = iota
	// LevelInfo: what happens.
	LevelInfo
	// LevelWarn: what may be wrong.
	LevelWarn
	// LevelError: what is wrong.
	LevelError
)

// Debug writes what only the step's author wants to know; format as in [fmt.Sprintf].
func Debug(format string, args ...any) { write(LevelDebug, none, fmt.Sprintf(format, args...)) }

// Info writes what happens.
func Info(format string, args ...any) { write(LevelInfo, none, fmt.Sprintf(format, args...)) }

// Warn writes what may be wrong.
func Warn(format string, args ...any) { write(LevelWarn, none, fmt.Sprintf(format, args...)) }

// Error writes what is wrong.
func Error(format string, args ...any) { write(LevelError, none, fmt.Sprintf(format, args...)) }

// Row is a row of the batch in hand, counted from 0, that lines are about: log.Row(3).Warn("no language").
type Row uint32

// Debug writes what only the step's author wants to know of the row.
func (r Row) Debug(format string, args ...any) {
	write(LevelDebug, int64(r), fmt.Sprintf(format, args...))
}

// Info writes what happens to the row.
func (r Row) Info(format string, args ...any) {
	write(LevelInfo, int64(r), fmt.Sprintf(format, args...))
}

// Warn writes what may be wrong with the row.
func (r Row) Warn(format string, args ...any) {
	write(LevelWarn, int64(r), fmt.Sprintf(format, args...))
}

// Error writes what is wrong with the row.
func (r Row) Error(format string, args ...any) {
	write(LevelError, int64(r), fmt.Sprintf(format, args...))
}

const none = int64(-1)
