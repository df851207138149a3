package guest

import "github.com/aisle-edge/aisle/modules/abi"

// each turns c to every block of the frame.
func each(c *columns, do func()) {
	for i := range abi.Blocks(frame.Rows()) {
		if i == 0 {
			c.open(&frame, 0)
		} else {
			c.next(scorer.Shape)
		}
		do()
	}
}

func scoreBlock() { scorer.Block(&block) }

func scoreRows() {
	for head := range scorer.Shape.Heads {
		first := row.index * abi.BlockRows
		mean, variance := frame.Mean(head)[first:], frame.Variance(head)
		for lane := range min(len(mean), abi.BlockRows) {
			row.score(head, lane)
			mean[lane] = row.mean
			if variance != nil {
				variance[first+lane] = row.variance
			}
		}
	}
}
