package plan

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// Cause says where a change comes from, seen from a pull request: from its own files, or from what
// was different already. It is "" where nobody asked.
type Cause string

// The causes.
const (
	// ThisChange is a change that the files of the pull request make.
	ThisChange Cause = "this change"
	// AlreadyPending is one that the base branch asks for too and that was not applied yet.
	AlreadyPending Cause = "already pending"
	// Drift is one that undoes what somebody changed in the account.
	Drift Cause = "drift"
)

// Causes lists the causes.
func Causes() []Cause { return []Cause{ThisChange, AlreadyPending, Drift} }

// Attribute notes the commit by which causes are told, what could not be found out about it, and
// what of says of each change, two writes of one taken as one. What the plan does stays the same, and so does its hash.
func (p *Plan) Attribute(base, note string, of func(Change) (cause Cause, alsoOnBase bool)) {
	p.Source.Base, p.Source.BaseNote = base, note
	wholes := map[string]Change{}
	for _, c := range p.Wholes() {
		wholes[c.Kind+"/"+c.Key] = c
	}
	for i, c := range p.Changes {
		if c.Part() > 0 {
			c = wholes[c.Kind+"/"+c.Key]
		}
		p.Changes[i].Cause, p.Changes[i].AlsoOnBase = of(c)
	}
	p.seal()
}

// holder names what the files are compared with.
func (m *making) holder() string {
	if m.opts.Source.Offline {
		return "the base"
	}
	return "the account"
}

// forgetHolders takes out of an offline plan who holds what: files do not say that.
func (p *Plan) forgetHolders() {
	if !p.Source.Offline {
		return
	}
	for _, notes := range [][]Note{p.Skipped, p.Unmanaged, p.Ignored} {
		for i := range notes {
			notes[i].Assigned = nil
		}
	}
}

// commitHash is a full hash of a commit, SHA-1 or SHA-256.
var commitHash = pattern.Lazy(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// contradictoryBase returns what in the source of a plan cannot be.
func (p *Plan) contradictoryBase() string {
	switch src := p.Source; {
	case src.Base == "" && (src.BaseNote != "" || src.Offline):
		return "something is said about a base, and there is none"
	case src.Base != "" && !commitHash().MatchString(src.Base):
		return fmt.Sprintf("base %q is not the full hash of a commit", src.Base)
	}
	return ""
}

// contradictoryCause returns what is wrong with the cause of a change.
func (c Change) contradictoryCause(src Source) string {
	switch {
	case c.Cause != "" && src.Base == "":
		return fmt.Sprintf("it has the cause %q, and there is no base to tell it by", c.Cause)
	case c.Cause != "" && !slices.Contains(Causes(), c.Cause):
		return fmt.Sprintf("its cause %q is unknown", c.Cause)
	case c.AlsoOnBase && c.Cause != ThisChange:
		return `"alsoOnBase" goes with the cause "this change" only`
	}
	return ""
}
