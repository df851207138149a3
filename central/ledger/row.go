package ledger

import "github.com/parquet-go/parquet-go"

// schema is that of Row; readers go by the order of its columns.
var schema = parquet.SchemaOf(Row{})

// Kind says what a row's record is.
type Kind string

// The kinds are the bodies of wire.Record; the last two are the ledger's own.
const (
	Decision     Kind = "decision"
	Activation   Kind = "activation"
	Outcome      Kind = "outcome"
	Consent      Kind = "consent"
	StockCount   Kind = "stock_count"
	StockMove    Kind = "stock_move"
	Item         Kind = "item"
	Profile      Kind = "profile"
	HoldEnd      Kind = "hold_end"
	Drop         Kind = "drop"
	Tick         Kind = "tick"
	Erasure      Kind = "erasure"
	ActionUpdate Kind = "action_update"
	Fairness     Kind = "fairness"
	Nothing      Kind = "nothing"    // what erasure leaves of a record
	Unreadable   Kind = "unreadable" // signed by the agent, but not a record we can read
)

// Row is one record of one agent's log, and the few of its fields that are
// looked for across records. The other columns may be read without the record,
// by any Parquet reader.
type Row struct {
	Agent      string   `parquet:"agent,dict"`
	Site       string   `parquet:"site,dict"`
	Epoch      [16]byte `parquet:"epoch,dict"`
	Seq        uint64   `parquet:"seq,delta"`         // dense from 1 within agent and epoch
	AtMs       int64    `parquet:"at_ms,delta"`       // Unix ms, the node's clock
	ReceivedMs int64    `parquet:"received_ms,delta"` // Unix ms, central's clock
	Kind       Kind     `parquet:"kind,dict"`
	Duplicate  bool     `parquet:"duplicate"`         // an outcome that an earlier row counts already
	EventID    []byte   `parquet:"event_id,string"`   // the caller's; empty: none
	Slot       []byte   `parquet:"slot,dict,string"`  // empty: none
	Item       []byte   `parquet:"item,dict,string"`  // outcome's, stock's or item's own; empty: none
	Decision   []byte   `parquet:"decision"`          // 16 bytes of a UUIDv7; empty: none or unknown
	Pseudonym  []byte   `parquet:"pseudonym"`         // 16 bytes; empty: nobody
	OutcomeKey uint64   `parquet:"outcome_key,plain"` // tells the same outcome sent twice; 0: no outcome
	Record     []byte   `parquet:"record"`            // as it lay in the node's log, version byte first
}
