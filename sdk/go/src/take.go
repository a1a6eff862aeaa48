package stillroom

import "math/bits"

// Take gathers rows of a column, in this order; a row may come twice or not at all. It works for every type, and looks at
// no value. Panics where there is no such row.
func Take(from *Array, rows []uint32) *Array {
	for _, row := range rows {
		from.mustHave(int(row))
	}
	return take(from, rows)
}

func take(from *Array, rows []uint32) *Array {
	if from.layout.form == formNull {
		return allNull(from.layout, len(rows))
	}
	made := &Array{layout: from.layout, length: len(rows)}
	made.buffers = [][]byte{takeValidity(from, rows, &made.nulls)}
	switch from.layout.form {
	case formBits:
		made.buffers = append(made.buffers, takeBits(from.buffers[1], rows))
	case formFixed:
		made.buffers = append(made.buffers, takeFixed(from.buffers[1], from.layout.width, rows))
	case formKeys:
		made.buffers = append(made.buffers, takeFixed(from.buffers[1], from.layout.width, rows))
		made.children = from.children
	case formViews:
		made.buffers = append(made.buffers, takeFixed(from.buffers[1], 16, rows))
		made.buffers = append(made.buffers, from.buffers[2:]...)
	case formBytes:
		made.buffers = append(made.buffers, takeBytes(from, rows)...)
	case formList:
		offsets := &AnyBuilder{layout: from.layout}
		offsets.mark(0)
		var items []uint32
		for _, row := range rows {
			for item := from.offset(int(row)); item < from.offset(int(row)+1); item++ {
				items = append(items, uint32(item))
			}
			offsets.mark(len(items))
		}
		made.buffers = append(made.buffers, offsets.values)
		made.children = []*Array{take(from.children[0], items)}
	case formArray:
		var items []uint32
		for _, row := range rows {
			for item := range from.layout.width {
				items = append(items, row*uint32(from.layout.width)+uint32(item))
			}
		}
		made.children = []*Array{take(from.children[0], items)}
	case formStruct:
		for _, child := range from.children {
			made.children = append(made.children, take(child, rows))
		}
	}
	return made
}

func takeValidity(from *Array, rows []uint32, nulls *int) []byte {
	if from.nulls == 0 {
		return nil
	}
	taken := takeBits(from.buffers[0], rows)
	if *nulls = len(rows) - ones(taken, len(rows)); *nulls == 0 {
		return nil
	}
	return taken
}

func takeBits(bits []byte, rows []uint32) []byte {
	taken := make([]byte, (len(rows)+7)/8)
	for i, row := range rows {
		taken[i>>3] |= bits[row>>3] >> (row & 7) & 1 << (i & 7)
	}
	return taken
}

func takeFixed(values []byte, width int, rows []uint32) []byte {
	taken := make([]byte, 0, len(rows)*width)
	for _, row := range rows {
		begin := int(row) * width
		taken = append(taken, values[begin:begin+width]...)
	}
	return taken
}

func takeBytes(from *Array, rows []uint32) [][]byte {
	size := 0
	for _, row := range rows {
		size += from.offset(int(row)+1) - from.offset(int(row))
	}
	made := &AnyBuilder{layout: from.layout, bytes: make([]byte, 0, size)}
	made.mark(0)
	for _, row := range rows {
		made.bytes = append(made.bytes, from.buffers[2][from.offset(int(row)):from.offset(int(row)+1)]...)
		made.mark(len(made.bytes))
	}
	return [][]byte{made.values, made.bytes}
}

// ones counts the bits that are 1 among the first so many.
func ones(bitmap []byte, count int) int {
	sum := 0
	for _, b := range bitmap[:count/8] {
		sum += bits.OnesCount8(b)
	}
	if rest := count & 7; rest != 0 {
		sum += bits.OnesCount8(bitmap[count/8] & (1<<rest - 1))
	}
	return sum
}
