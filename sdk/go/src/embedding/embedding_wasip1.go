package embedding

import (
	"encoding/binary"
	"math"
	"unsafe"

	"stillroom/internal/abi"
	"stillroom/llm"
)

//go:wasmimport stillroom:step/embedding@0.1.0 describe
func hostDescribe(model, modelLen uint32, answer unsafe.Pointer)

//go:wasmimport stillroom:step/embedding@0.1.0 embed
func hostEmbed(model, modelLen, texts, textsLen uint32, answer unsafe.Pointer)

// Where the host writes the answer, and what it reads while it works: neither is on a stack, for stacks move.
var (
	answered [4]uint32
	sent     abi.Sent
)

// made is one of the host's results: whether it is a failure, and the words of a list of bytes or of why there is none.
type made [4]uint32

func describe(model string) (string, *Failure) {
	defer func() { sent = abi.Sent{} }()
	name := sent.Text(model)
	hostDescribe(name.At, name.Len, unsafe.Pointer(&answered))
	if result := made(answered); abi.Tag(result[0]) != 0 {
		return "", result.failure()
	}
	return abi.Text{At: answered[1], Len: answered[2]}.String(), nil
}

func embed(model string, texts []string) []Vector {
	defer func() { sent = abi.Sent{} }()
	name, list := sent.Text(model), sent.Texts(texts)
	hostEmbed(name.At, name.Len, list.At, list.Len, unsafe.Pointer(&answered))
	crossed := abi.View[made](abi.List{At: answered[0], Len: answered[1]})
	vectors := make([]Vector, len(crossed))
	for i, result := range crossed {
		if abi.Tag(result[0]) != 0 {
			vectors[i].Err = result.failure()
		} else {
			vectors[i].Values = floats(abi.View[byte](abi.List{At: result[1], Len: result[2]}))
		}
	}
	return vectors
}

// floats copies: bytes may lie where numbers cannot.
func floats(bytes []byte) []float32 {
	values := make([]float32, len(bytes)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
	}
	return values
}

func (m made) failure() *Failure {
	return &Failure{Reason: llm.Reason(abi.Tag(m[1])), Why: abi.Text{At: m[2], Len: m[3]}.String()}
}
