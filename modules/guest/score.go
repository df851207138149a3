package guest

import "github.com/aisle-edge/aisle/modules/abi"

func scoreRows() {
	for index := range abi.Blocks(frame.Rows()) {
		row.open(&frame, index)
		for head := range scorer.Shape.Heads {
			scoreLanes(index, head)
		}
	}
}

func scoreLanes(index, head int) {
	first := index * abi.BlockRows
	mean, variance := frame.Mean(head)[first:], frame.Variance(head)
	for lane := range min(len(mean), abi.BlockRows) {
		row.score(head, lane)
		mean[lane] = row.mean
		if variance != nil {
			variance[first+lane] = row.variance
		}
	}
}

func scoreBlocks() {
	for block.index = range abi.Blocks(frame.Rows()) {
		scorer.Block(&block)
	}
}
