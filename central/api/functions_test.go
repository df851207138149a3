package api

import (
	"net/http"
	"slices"
	"testing"

	"github.com/nats-io/nkeys"
)

// TestFunctionsHaveOneKey: a function is handed its actions once it has a key, another
// key takes its place at once, and no key is two things.
func TestFunctionsHaveOneKey(t *testing.T) {
	s := newSite(t)
	var keys [2]string
	for i := range keys {
		k, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		keys[i], _ = k.PublicKey()
	}
	const at = "/api/v1/functions/north/stock_room"
	f := get[Function](s, "PUT", at, `{"publicKey":"`+keys[0]+`"}`)
	if f.Stream != "AISLE_ACTIONS" || f.Consumer != "north-stock_room" || f.Prefix != "aisle.api" || f.Inbox != "_INBOX_north-stock_room" || f.PublicKey != keys[0] {
		t.Errorf("%+v", f)
	}
	get[Function](s, "PUT", at, `{"publicKey":"`+keys[0]+`"}`) // its answer was lost
	if len(s.hub.cut) != 0 || !slices.Equal(s.hub.handed, []string{"north-stock_room", "north-stock_room"}) {
		t.Errorf("cut off %v, handed to %v", s.hub.cut, s.hub.handed)
	}
	s.refused(s.ask("PUT", "/api/v1/functions/south/stock_room", `{"publicKey":"`+keys[0]+`"}`), kindKey)
	s.refused(s.ask("PUT", at, `{"publicKey":"UNONSENSE"}`), kindKey)
	s.refused(s.ask("PUT", "/api/v1/functions/north/butler", `{"publicKey":"`+keys[1]+`"}`), kindInvalid)
	get[Function](s, "PUT", at, `{"publicKey":"`+keys[1]+`"}`)
	if !slices.Equal(s.hub.cut, keys[:1]) {
		t.Errorf("cut off %v, want the key that was replaced", s.hub.cut)
	}
	if list := get[[]Function](s, "GET", "/api/v1/functions", ""); len(list) != 1 || list[0].PublicKey != keys[1] {
		t.Errorf("listed %+v", list)
	}
	if w := s.ask("DELETE", at, ""); w.Code != http.StatusNoContent || !slices.Equal(s.hub.cut, keys[:]) || len(s.hub.withheld) != 1 {
		t.Errorf("dismissed with %d, cut off %v, withheld from %v", w.Code, s.hub.cut, s.hub.withheld)
	}
	s.refused(s.ask("DELETE", at, ""), kindNoFunction)
}
