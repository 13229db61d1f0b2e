package simulation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// raceBlind is an account whose reader never looks before it writes: it answers with what the plan found.
type raceBlind struct {
	raceAccount
	plan *plan.Plan
	raw  map[string]json.RawMessage
}

// Role implements apply.Store.
func (b raceBlind) Role(ctx context.Context, key string) (role.Live, error) {
	for _, c := range b.plan.Changes {
		if c.Key == key && c.Before != nil {
			before := *c.Before
			before.Raw = b.raw[key]
			return before, nil
		}
	}
	return b.raceAccount.Role(ctx, key)
}

// raceBlindly returns what makes appliers of a scene blind.
func (s raceScene) raceBlindly(t testing.TB) func(raceAccount, *plan.Plan) reconcile.Account {
	raw := map[string]json.RawMessage{}
	account := raceConnect(t, raceOptions(s.account(t)))
	for _, r := range s.start {
		live, err := account.Role(t.Context(), r.Key)
		if err != nil {
			t.Fatal(err)
		}
		raw[r.Key] = live.Raw
	}
	return func(a raceAccount, p *plan.Plan) reconcile.Account { return raceBlind{a, p, raw} }
}

// raceUntested is a transport that takes the tests out of patches.
type raceUntested struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (u raceUntested) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPatch {
		return u.RoundTripper.RoundTrip(r)
	}
	sent, err := raceDrain(&r.Body)
	if err != nil {
		return nil, err
	}
	body := raceDecode[struct {
		Comment string          `json:"comment"`
		Patch   []raceOperation `json:"patch"`
	}](sent)
	body.Patch = slices.DeleteFunc(body.Patch, func(o raceOperation) bool { return o.Op == "test" })
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return u.RoundTripper.RoundTrip(r)
}

// TestRacesBite: what the checks are for, they find. An account that ignores tests is found out even
// through an applier that looks before it writes, as it must be, since a look cannot be in the same moment;
// and more often through one that does not look, whether it is the account that ignores tests or the
// applier that sends none.
func TestRacesBite(t *testing.T) {
	naive := raceWay{transport: func(next http.RoundTripper) http.RoundTripper { return raceUntested{next} }}
	bad := map[string]int{}
	for _, tt := range []struct {
		name, tests string
		way         raceWay
		blind       bool
	}{
		{"tests ignored", "ignored", raceWay{}, false},
		{"tests ignored, no look", "ignored", raceWay{}, true},
		{"no tests", "", naive, false},
		{"no tests, no look", "", naive, true},
	} {
		tally := &raceTally{}
		for _, s := range raceScenes()[2:5] { // the updates
			way := tt.way
			if s.behaviour.TestOp = tt.tests; tt.blind {
				way.account = s.raceBlindly(t)
			}
			s.each(t, nil, raceSome(), way, tally)
			s.each(t, s.edits[:1], raceSome(), way, tally)
		}
		bad[tt.name] = tally.bad
		t.Logf("%s: %d of %d runs go wrong", tt.name, tally.bad, tally.runs)
		if tally.bad == 0 {
			t.Errorf("%s: nothing was found in %d runs", tt.name, tally.runs)
		}
	}
	if bad["no tests, no look"] <= bad["no tests"] || bad["tests ignored, no look"] <= bad["tests ignored"] {
		t.Errorf("that nobody looks makes no difference: %v", bad)
	}
}

// TestRaceRegister: the register refuses histories that it must refuse, and takes their harmless twins.
func TestRaceRegister(t *testing.T) {
	old, mine, theirs := raceValue{"1", [4]string{"n", "old"}}, raceValue{"1", [4]string{"n", "mine"}}, raceValue{"1", [4]string{"n", "theirs"}}
	patch := func(actor int, at int64, to raceValue, status int) *raceOp {
		return &raceOp{actor: actor, kind: "PATCH", key: "k", call: at, ret: at + 1, status: status, sets: map[int]string{1: to.parts[1]}, saw: map[string]raceValue{"k": to}}
	}
	get := func(at, until int64, saw raceValue) *raceOp {
		return &raceOp{kind: "GET", key: "k", call: at, ret: until, status: 200, saw: map[string]raceValue{"k": saw}}
	}
	other := func(kind string, at int64, status int, saw raceValue) *raceOp {
		return &raceOp{kind: kind, key: "k", call: at, ret: at + 1, status: status, saw: map[string]raceValue{"k": saw}}
	}
	before := &plan.Plan{Changes: []plan.Change{{Key: "k", Before: &role.Live{ID: "1", Role: role.Role{Key: "k", Name: "n", Description: "old"}}}}}
	for _, tt := range []struct {
		name string
		ops  []*raceOp
		good bool
	}{
		{"two patches from the same state", []*raceOp{patch(0, 1, mine, 200), patch(1, 3, theirs, 200)}, false},
		{"the second refused", []*raceOp{patch(0, 1, mine, 200), patch(1, 3, theirs, 409)}, true},
		{"a patch over an edit", []*raceOp{other("EDIT", 1, 0, theirs), patch(0, 3, mine, 200)}, false},
		{"a stale read", []*raceOp{patch(0, 1, mine, 200), get(3, 4, old)}, false},
		{"a read that overlaps", []*raceOp{patch(0, 1, mine, 200), get(1, 4, old)}, true},
		{"a create over one", []*raceOp{other("POST", 1, 201, mine)}, false},
		{"a create refused", []*raceOp{other("POST", 1, 409, raceValue{})}, true},
		{"a create refused for nothing", []*raceOp{other("DELETE", 1, 204, raceValue{}), other("POST", 3, 409, raceValue{})}, false},
		{"a delete of an edit, which is blind", []*raceOp{other("EDIT", 1, 0, theirs), other("DELETE", 3, 204, raceValue{})}, true},
		{"a patch of nothing", []*raceOp{other("DELETE", 1, 204, raceValue{}), patch(0, 3, mine, 200)}, false},
	} {
		h := &raceHistory{plans: []*plan.Plan{before, before}, start: map[string]raceValue{"k": old}, ops: tt.ops}
		if good := len(h.unlike()) == 0; good != tt.good {
			t.Errorf("%s: taken %t", tt.name, good)
		}
	}
}
