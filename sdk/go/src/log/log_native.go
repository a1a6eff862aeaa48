//go:build !wasip1

package log

import "sync"

// Line is one that was written, for tests.
type Line struct {
	Level   Level
	Message string
	// Row is the row that it is about; -1: none.
	Row int64
}

var (
	lock  sync.Mutex
	lines []Line
)

// Take answers, in a test, the lines since it was last asked.
func Take() []Line {
	lock.Lock()
	defer lock.Unlock()
	taken := lines
	lines = nil
	return taken
}

func write(level Level, row int64, message string) {
	lock.Lock()
	defer lock.Unlock()
	lines = append(lines, Line{level, message, row})
}
