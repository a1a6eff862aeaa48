// The conformance plugin in Go: the same eleven steps as in every language.
package main

import "stillroom"

func main() {}

// textColumn is the column that several of the steps take.
var textColumn = []stillroom.Column{stillroom.Required("text", "The text.", stillroom.Utf8)}

// numberColumn likewise.
var numberColumn = []stillroom.Column{stillroom.Required("n", "A number.", stillroom.Int64)}
