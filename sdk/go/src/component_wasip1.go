// The component's side of the contract: the canonical ABI by hand, for there is no generator without dependencies.
//
// All that crosses lies in Go's heap, which never moves what is in it. What the host writes into is kept alive in `received`
// until the call that it is for begins; what it is to read, in `given` until it has.

package stillroom

import (
	"runtime/debug"
	"strings"
	"unsafe"
)

var (
	received [][]byte
	given    []any
	current  *Opened
	answer   [16]uint32 // where an export's result lies; the largest has ten words
	lastSaid [4096]byte
)

// The collector has Go's own setting; the README says what others cost. Near the limit it works harder instead of growing on:
// the host gives a call 1 GiB where the pipeline says nothing.
func init() {
	debug.SetMemoryLimit(memoryLimit)
	debug.SetMaxStack(deepest)
}

const (
	memoryLimit = 768 << 20
	// A recursion without end ends with a message, and not with the host's limit of memory.
	deepest = 64 << 20
)

// beginClock is how the stub that answers for WASI knows that a call begins: see stub.wat.
const beginClock = 0x5d4b

//go:wasmimport wasi_snapshot_preview1 clock_time_get
func clockTimeGet(id uint32, precision uint64, at unsafe.Pointer) uint32

// begin sets the clock and the random numbers back, so that a call does not depend on those before it; what is written to
// standard error from now on are the program's last words, should it end itself.
func begin() {
	clockTimeGet(beginClock, uint64(len(lastSaid))<<32|uint64(address(unsafe.Pointer(&lastSaid))), nil)
}

// end: what is written from now on, while the host fetches the answer, reaches nobody.
func end() { clockTimeGet(beginClock, 0, nil) }

//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(uintptr(align))
	}
	// Sizes of 8 and more lie at addresses for numbers of 8 bytes; what is smaller is wanted at 4 at most.
	block := make([]byte, (size+7)&^7)
	if oldSize > 0 {
		copy(block, unsafe.Slice((*byte)(old), oldSize))
	}
	received = append(received, block)
	return unsafe.Pointer(unsafe.SliceData(block))
}

//go:wasmexport stillroom:step/step@0.1.0#describe
func exportDescribe() unsafe.Pointer {
	begin()
	manifests := Manifests()
	words := make([]uint32, 0, 9*len(manifests))
	for _, manifest := range manifests {
		columns := make([]uint32, 0, 7*len(manifest.Columns))
		for _, column := range manifest.Columns {
			types := make([]uint32, 0, 2*len(column.Types))
			for _, of := range column.Types {
				types = giveString(types, string(of))
			}
			columns = giveString(columns, column.Name)
			columns = giveList(columns, types, len(column.Types))
			columns = append(columns, flag(!column.Optional))
			columns = giveString(columns, column.Summary)
		}
		words = giveString(words, manifest.Name)
		words = append(words, uint32(manifest.Kind))
		words = giveString(words, manifest.Summary)
		words = giveString(words, manifest.Params)
		words = giveList(words, columns, len(manifest.Columns))
	}
	return answered(giveList(nil, words, len(manifests)))
}

//go:wasmexport stillroom:step/step@0.1.0#open
func exportOpen(step unsafe.Pointer, stepLen uint32, params unsafe.Pointer, paramsLen uint32, fields unsafe.Pointer, count uint32) unsafe.Pointer {
	begin()
	name, text := takeString(step, stepLen), takeString(params, paramsLen)
	words := unsafe.Slice((*uint32)(fields), 5*count)
	input := make([]Field, count)
	for i := range input {
		field := words[5*i:]
		of := DataType(takeString(pointer(field[2]), field[3]))
		// One form for all types; a type that this SDK does not know is kept as words.
		if read, err := parse(of); err == nil {
			of = read.text
		}
		input[i] = Field{takeString(pointer(field[0]), field[1]), of, field[4]&0xff == 0}
	}
	received = nil
	if current != nil {
		return faulted(PluginFault("this instance has a step already"))
	}
	opened, fault := Open(name, text, input)
	if fault != nil {
		return faulted(fault)
	}
	current = opened
	var inputs, outputs, key []uint32
	for _, field := range opened.Inputs() {
		inputs = giveString(inputs, field.Name)
	}
	for _, field := range opened.Outputs() {
		outputs = giveString(outputs, field.Name)
		outputs = giveString(outputs, string(field.Type))
		outputs = append(outputs, flag(!field.Required))
	}
	for _, name := range opened.Key() {
		key = giveString(key, name)
	}
	signature := []uint32{0}
	signature = giveList(signature, inputs, len(inputs)/2)
	signature = giveList(signature, outputs, len(outputs)/5)
	signature = append(signature, flag(opened.RowsAny()))
	return answered(giveList(signature, key, len(key)/2))
}

//go:wasmexport stillroom:step/step@0.1.0#process
func exportProcess(length uint32, arrays unsafe.Pointer, count uint32) unsafe.Pointer {
	begin()
	raw := make([]RawArray, count)
	words := unsafe.Slice((*uint32)(arrays), 4*count)
	for i := range raw {
		array := words[4*i:]
		raw[i] = RawArray{Length: int(array[0]), NullCount: int(array[1]), Buffers: make([][]byte, array[3])}
		lists := unsafe.Slice((*uint32)(pointer(array[2])), 2*array[3])
		for j := range raw[i].Buffers {
			raw[i].Buffers[j] = takeBytesAt(pointer(lists[2*j]), lists[2*j+1])
		}
	}
	received = nil
	if current == nil {
		return faulted(PluginFault("no step is open"))
	}
	output, fault := current.Process(int(length), raw)
	if fault != nil {
		return faulted(fault)
	}
	return answered(giveOutput([]uint32{0}, output))
}

//go:wasmexport stillroom:step/step@0.1.0#finish
func exportFinish() unsafe.Pointer {
	begin()
	if current == nil {
		return faulted(PluginFault("no step is open"))
	}
	output, fault := current.Finish()
	switch {
	case fault != nil:
		return faulted(fault)
	case output == nil:
		return answered([]uint32{0, 0})
	}
	return answered(giveOutput([]uint32{0, 1}, output))
}

func giveOutput(words []uint32, output *RawOutput) []uint32 {
	arrays := make([]uint32, 0, 4*len(output.Arrays))
	for _, array := range output.Arrays {
		buffers := make([]uint32, 0, 2*len(array.Buffers))
		for _, buffer := range array.Buffers {
			buffers = giveBytes(buffers, buffer)
		}
		arrays = append(arrays, uint32(array.Length), uint32(array.NullCount))
		arrays = giveList(arrays, buffers, len(array.Buffers))
	}
	rejected := make([]uint32, 0, 3*len(output.Rejected))
	for _, rejection := range output.Rejected {
		rejected = append(rejected, rejection.Row)
		rejected = giveString(rejected, rejection.Reason)
	}
	words = append(words, uint32(output.Length))
	words = giveList(words, arrays, len(output.Arrays))
	words = append(words, flag(output.HasRows))
	words = giveBytes(words, bytesOf(output.Rows))
	return giveList(words, rejected, len(output.Rejected))
}

func faulted(fault *Fault) unsafe.Pointer {
	return answered(giveString([]uint32{1, uint32(fault.kind)}, fault.message))
}

func answered(words []uint32) unsafe.Pointer {
	copy(answer[:], words)
	end()
	return unsafe.Pointer(&answer)
}

//go:wasmexport cabi_post_stillroom:step/step@0.1.0#describe
func postDescribe(unsafe.Pointer) { given = nil }

//go:wasmexport cabi_post_stillroom:step/step@0.1.0#open
func postOpen(unsafe.Pointer) { given = nil }

//go:wasmexport cabi_post_stillroom:step/step@0.1.0#process
func postProcess(unsafe.Pointer) { given = nil }

//go:wasmexport cabi_post_stillroom:step/step@0.1.0#finish
func postFinish(unsafe.Pointer) { given = nil }

func giveString(words []uint32, text string) []uint32 {
	// The contract's text is UTF-8, and the host refuses the whole answer for a byte that is none.
	return giveBytes(words, []byte(strings.ToValidUTF8(text, "\uFFFD")))
}

func giveBytes(words []uint32, bytes []byte) []uint32 {
	if len(bytes) == 0 {
		return append(words, 1, 0)
	}
	given = append(given, bytes)
	return append(words, address(unsafe.Pointer(unsafe.SliceData(bytes))), uint32(len(bytes)))
}

// giveList gives records of numbers; they lie at addresses for numbers of 4 bytes.
func giveList(words, records []uint32, count int) []uint32 {
	if len(records) == 0 {
		return append(words, 4, 0)
	}
	given = append(given, records)
	return append(words, address(unsafe.Pointer(unsafe.SliceData(records))), uint32(count))
}

func takeString(at unsafe.Pointer, length uint32) string {
	return unsafe.String((*byte)(at), length)
}

func takeBytesAt(at unsafe.Pointer, length uint32) []byte {
	if length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(at), length)
}

func pointer(at uint32) unsafe.Pointer { return unsafe.Pointer(uintptr(at)) }

func address(at unsafe.Pointer) uint32 { return uint32(uintptr(at)) }

func flag(set bool) uint32 {
	if set {
		return 1
	}
	return 0
}
