package plan

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
)

// Concerned is what a plan does to the people of the account, given everything that they hold: a role
// that gains access gives nobody anything who has the same from another one.
type Concerned struct {
	// Members counts the members of the account, Holders those who hold a role that changes what it
	// allows.
	Members int `json:"members"`
	Holders int `json:"holders"`
	// Everybody who is concerned is in one of these: Gain gain and lose nothing, Lose lose and gain
	// nothing.
	Gain      int `json:"gain"`
	Lose      int `json:"lose"`
	Both      int `json:"both"`
	Undecided int `json:"undecided"`
	// Effects are those of everybody who is concerned, by e-mail address.
	Effects []MemberEffect `json:"effects"`
}

// Affected returns how many members gain or lose something.
func (c Concerned) Affected() int { return c.Gain + c.Lose + c.Both }

// MemberEffect is what a plan does to one member.
type MemberEffect struct {
	Email string `json:"email"`
	// Pending says that the invitation has not been accepted yet.
	Pending bool           `json:"pending,omitempty"`
	Verdict access.Verdict `json:"verdict"`
	// Gained and Lost are in the words of the policies, or else one example each.
	Gained []string `json:"gained"`
	Lost   []string `json:"lost"`
	// FallsBack is the base role that takes over because the last role of their own goes.
	FallsBack string   `json:"fallsBack,omitempty"`
	Notes     []string `json:"notes,omitempty"`
}

// Concern notes what the plan does to people. What the plan does stays the same, and so does its hash.
func (p *Plan) Concern(c *Concerned) {
	p.People = c
	p.seal()
}

// Judge notes what lint found in what the plan changes, what refuses the plan beside its guards, and
// what could not be looked at. What the plan does stays the same, and so does its hash.
func (p *Plan) Judge(findings []diag.Finding, blocks []Block, unchecked []string) {
	for _, f := range findings {
		p.Findings = append(p.Findings, plain(f))
	}
	p.Blocks = append(p.Blocks, blocks...)
	p.Unchecked = append(p.Unchecked, unchecked...)
	p.fill()
	p.seal()
}

// plain returns a finding as it is read back from a file: a fix may hold values of types of which only
// their JSON is kept, in another order of fields.
func plain(f diag.Finding) diag.Finding {
	if f.Fix == nil {
		return f
	}
	fix := *f.Fix
	fix.Edits = slices.Clone(fix.Edits)
	for i, e := range fix.Edits {
		var text bytes.Buffer
		encodeTo(&text, e.Value, "")
		var value any
		if err := json.Unmarshal(text.Bytes(), &value); err != nil {
			panic("plan: what was encoded is JSON: " + err.Error())
		}
		fix.Edits[i].Value = value
	}
	f.Fix = &fix
	return f
}

// People reports whether the scope manages teams or members, so that an account's people are read.
func (s Scope) People() bool { return s.Teams != nil || s.Members != nil }
