package simulation_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/anishathalye/porcupine"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// raceFields are the parts of a role that can be written one by one.
var raceFields = []string{"name", "description", "basePermissions", "policy"}

// raceValue is a role at one time; the zero value is none. The parts stand in the order of raceFields.
type raceValue struct {
	id    string
	parts [4]string
}

func (v raceValue) there() bool { return v.id != "" }

// raceRead is the value of a role: from an answer, from the account, from a plan.
func raceRead(id string, r role.Role) raceValue {
	policy, err := json.Marshal(r.Normal().Policy)
	if err != nil {
		panic(err)
	}
	return raceValue{id, [4]string{r.Name, r.Description, r.BasePermissions, string(policy)}}
}

// raceWire is a role, or a list of them, as the account answers.
type raceWire struct {
	ID string `json:"_id"`
	role.Role
	Items []raceWire `json:"items"`
}

func (w raceWire) value() raceValue { return raceRead(w.ID, w.Role) }

// raceOp is one request, or one edit, from the moment when it is sent to the one when it is answered.
type raceOp struct {
	actor     int
	kind      string // a method, or "LIST", or "EDIT"
	key       string // "" for a list
	call, ret int64
	status    int
	sets      map[int]string       // the parts that a PATCH replaces
	was       map[string]raceValue // the account just before; of a DELETE and an EDIT alone
	saw       map[string]raceValue // what the answer shows; of a list every key that is there
}

// raceHistory is all that was sent in one run.
type raceHistory struct {
	emu   *emulator.Emulator
	plans []*plan.Plan // by actor
	start map[string]raceValue

	mu   sync.Mutex
	tick int64
	ops  []*raceOp
}

func newRaceHistory(emu *emulator.Emulator, plans []*plan.Plan) *raceHistory {
	h := &raceHistory{emu: emu, plans: plans}
	h.start = h.account()
	return h
}

// account is what the account holds now.
func (h *raceHistory) account() map[string]raceValue {
	all := map[string]raceValue{}
	for _, r := range h.emu.Roles() {
		all[r.Key] = raceOf(r)
	}
	return all
}

func raceOf(r emulator.Role) raceValue {
	plain := role.Role{Key: r.Key, Name: r.Name, Description: r.Description, BasePermissions: r.BasePermissions}
	for _, s := range r.Policy {
		plain.Policy = append(plain.Policy, role.Statement{
			Effect: role.Effect(s.Effect), Actions: s.Actions, NotActions: s.NotActions, Resources: s.Resources, NotResources: s.NotResources,
		})
	}
	return raceRead(r.ID, plain)
}

func (h *raceHistory) now() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick++
	return h.tick
}

// begin notes that a request is on its way.
func (h *raceHistory) begin(actor int, method, path string, sent []byte) *raceOp {
	op := &raceOp{actor: actor, kind: method, key: strings.TrimPrefix(path, "/api/v2/roles/"), call: h.now()}
	switch {
	case method == http.MethodPost:
		op.key = raceDecode[raceWire](sent).Key
	case op.key == path:
		op.kind, op.key = "LIST", ""
	case method == http.MethodPatch:
		op.sets = raceSets(sent)
	}
	return op
}

func raceDecode[T any](text []byte) (v T) {
	if err := json.Unmarshal(text, &v); err != nil {
		panic(fmt.Sprintf("%v: %s", err, text))
	}
	return v
}

// raceSets returns the parts that a patch replaces, and with what.
func raceSets(sent []byte) map[int]string {
	sets := map[int]string{}
	for _, o := range raceDecode[struct{ Patch []raceOperation }](sent).Patch {
		i := slices.Index(raceFields, strings.TrimPrefix(o.Path, "/"))
		if o.Op == "test" || i < 0 {
			continue
		}
		whole := raceDecode[role.Role](fmt.Appendf(nil, `{%q:%s}`, raceFields[i], o.Value))
		sets[i] = raceRead("", whole).parts[i]
	}
	return sets
}

type raceOperation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// end notes the answer.
func (h *raceHistory) end(op *raceOp, status int, body []byte) {
	op.ret, op.status, op.saw = h.now(), status, map[string]raceValue{}
	if status == http.StatusOK || status == http.StatusCreated {
		answer := raceDecode[raceWire](body)
		for _, one := range append(answer.Items, answer) {
			if one.Key != "" {
				op.saw[one.Key] = one.value()
			}
		}
	}
	h.add(op)
}

func (h *raceHistory) add(op *raceOp) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

// raceEdit is what somebody does in a browser.
type raceEdit struct {
	name, key string
	do        func(*emulator.Emulator) error
}

// edit makes an edit and notes it.
func (h *raceHistory) edit(e raceEdit) {
	op := &raceOp{actor: len(h.plans), kind: "EDIT", key: e.key, call: h.now(), was: h.account()}
	if err := e.do(h.emu); err != nil {
		panic(fmt.Sprintf("%s: %v", e.name, err))
	}
	op.saw, op.ret = h.account(), h.now()
	h.add(op)
}

// raceInput is what an operation asks of the register of one role; raceOutput is the answer.
type raceInput struct {
	kind   string
	before raceValue // of a PATCH: what its plan starts from
	sets   map[int]string
}

type raceOutput struct {
	status int
	saw    raceValue
}

// raceStep is a register with compare-and-set. A patch that was taken must have found the parts that it
// replaces as its plan found them; a create must have found nothing. A delete is blind: LaunchDarkly
// takes no condition with it.
func raceStep(state, input, output any) (bool, any) {
	is, in, out := state.(raceValue), input.(raceInput), output.(raceOutput)
	done := out.status < 300
	switch in.kind {
	case "EDIT":
		return true, out.saw
	case http.MethodPost:
		return done != is.there(), raceIf(done, out.saw, is)
	case http.MethodDelete:
		return done == is.there(), raceIf(done, raceValue{}, is)
	case http.MethodPatch:
		return raceSwap(is, in, out)
	}
	return out.saw == is, is
}

func raceIf(yes bool, then, otherwise raceValue) raceValue {
	if yes {
		return then
	}
	return otherwise
}

// raceSwap is the compare-and-set of a patch. One that was refused changed nothing.
func raceSwap(is raceValue, in raceInput, out raceOutput) (bool, any) {
	if out.status >= 300 {
		return out.status != http.StatusNotFound || !is.there(), is
	}
	next := is
	for i, value := range in.sets {
		if is.parts[i] != in.before.parts[i] {
			return false, is
		}
		next.parts[i] = value
	}
	return is.there() && out.saw == next, next
}

// before is what the plan of an actor found of a role.
func (h *raceHistory) before(actor int, key string) raceValue {
	if actor < len(h.plans) {
		for _, c := range h.plans[actor].Changes {
			if c.Key == key && c.Before != nil {
				return raceRead(c.Before.ID, c.Before.Role)
			}
		}
	}
	return raceValue{}
}

// register returns what was asked of one role, and answered.
func (h *raceHistory) register(key string) (ops []porcupine.Operation) {
	for _, op := range h.ops {
		if op.kind != "LIST" && op.key != key {
			continue
		}
		ops = append(ops, porcupine.Operation{
			ClientId: op.actor, Call: op.call, Return: op.ret,
			Input:  raceInput{op.kind, h.before(op.actor, key), op.sets},
			Output: raceOutput{op.status, op.saw[key]},
		})
	}
	return ops
}

// keys are those of all roles that anybody has seen.
func (h *raceHistory) keys() []string {
	seen := map[string]bool{}
	for key := range h.start {
		seen[key] = true
	}
	for _, op := range h.ops {
		for key := range op.saw {
			seen[key] = true
		}
	}
	return raceSorted(seen)
}

// unlike returns the keys whose history is not one of a register.
func (h *raceHistory) unlike() (keys []string) {
	for _, key := range h.keys() {
		model := porcupine.Model{Init: func() any { return h.start[key] }, Step: raceStep}
		if !porcupine.CheckOperations(model, h.register(key)) {
			keys = append(keys, key)
		}
	}
	return keys
}

// window counts the deletes that took something with them that their applier had not seen, in the gap
// between its last look and its delete; and returns those whose last look showed it.
func (h *raceHistory) window() (lost int, wrong []string) {
	type view struct {
		actor int
		key   string
	}
	last := map[view]raceValue{}
	for _, op := range h.ops {
		switch {
		case op.kind == "LIST":
			for _, key := range h.keys() {
				last[view{op.actor, key}] = op.saw[key]
			}
		case op.kind == http.MethodGet:
			last[view{op.actor, op.key}] = op.saw[op.key]
		case op.kind == http.MethodDelete && op.status < 300:
			if last[view{op.actor, op.key}] != h.before(op.actor, op.key) {
				wrong = append(wrong, fmt.Sprintf("applier %d deleted %q, and had seen that it is not as planned", op.actor, op.key))
			}
			if op.was[op.key] != last[view{op.actor, op.key}] {
				lost++
			}
		}
	}
	return lost, wrong
}

// String tells a run for a failure.
func (h *raceHistory) String() string {
	var b strings.Builder
	for _, op := range h.ops {
		fmt.Fprintf(&b, "%d: %s %s %d (%d to %d) was %q saw %q\n", op.actor, op.kind, op.key, op.status, op.call, op.ret, op.was[op.key].parts, op.saw[op.key].parts)
	}
	return b.String()
}
