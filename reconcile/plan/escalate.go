package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/people"
)

// The escalation guard. Whoever may edit roles, members or teams can give himself the rest, so a
// change by which somebody may who could not needs a word from whoever reviews rolewright.yaml, or
// from the command line. A role counts whoever holds it: it may be given to anybody later.

// escalation is the code of the risk that the guard looks for.
const escalation = "escalation"

// weighHolders finds out which changes of teams and members let somebody change who may do what, all
// that they hold before and after taken together.
func (m *making) weighHolders(actual Actual) {
	if !slices.ContainsFunc(m.plan.Changes, func(c Change) bool { return c.Holder != nil }) {
		return
	}
	before, after := actual.Account(), m.plan.Walk(actual, nil).Account()
	ledger := people.NewLedger(people.Options{Semantics: *m.opts.Semantics}, before, after)
	then, next := ledger.Page(before), ledger.Page(after)
	w := holderWeigher{newWeigher(*m.opts.Semantics, access.Budget{}, nil), map[string]bool{}}
	for i, c := range m.plan.Changes {
		if c.Holder == nil || c.Holder.Step == 2 {
			continue
		}
		who := people.Who{Team: c.Key}
		if c.Kind == KindMember {
			who = people.Who{Email: c.Key}
		}
		if w.escalates(then.Of(who), next.Of(who)) {
			m.plan.Changes[i].Risk = append(m.plan.Changes[i].Risk, riskOf(escalation))
		}
	}
}

// riskOf returns the risk of that code.
func riskOf(code string) Risk {
	i := slices.IndexFunc(hazards, func(h hazard) bool { return h.Code == code })
	return hazards[i].Risk
}

// A holderWeigher answers for each pair of holdings once.
type holderWeigher struct {
	weigher
	known map[string]bool
}

func (w holderWeigher) escalates(before, after people.Holding) bool {
	name := before.Name() + "\n" + after.Name()
	if _, done := w.known[name]; !done {
		risks := w.risks(w.engine.Compare(before.Subject(), after.Subject()))
		w.known[name] = slices.Contains(risks.list(), riskOf(escalation))
	}
	return w.known[name]
}

// escalations blocks every change by which somebody may change who may do what, unless it is named.
func (m *making) escalations() []Block {
	var blocks []Block
	for _, c := range m.plan.Changes {
		if !slices.Contains(c.Risk, riskOf(escalation)) || m.allowsEscalation(c) {
			continue
		}
		subject := fmt.Sprintf("%s %q", c.Kind, c.Key)
		if c.Kind == KindMember {
			subject = "member " + c.Key
		}
		blocks = append(blocks, Block{
			Guard: GuardEscalation, Keys: []string{c.Key}, Flag: "--allow-escalation " + c.Key,
			Message: fmt.Sprintf("%s would let somebody change who may do what%s", subject, c.escalatesBy()),
		})
	}
	if len(blocks) > 0 {
		blocks[0].Hint = "or name it under guards.allowEscalation in rolewright.yaml, where a reviewer sees it"
	}
	return blocks
}

func (m *making) allowsEscalation(c Change) bool {
	return slices.ContainsFunc(slices.Concat(m.opts.Lift.AllowEscalation, m.opts.Guards.AllowEscalation), func(allowed string) bool {
		return allowed == c.Key || c.Kind == KindMember && strings.EqualFold(allowed, c.Key)
	})
}

// escalatesBy names what is gained, where it is known in words: ": updatePolicy on role/*". A
// reviewer must see all of it.
func (c Change) escalatesBy() string {
	if c.Access == nil {
		return ""
	}
	var lines []string
	for _, l := range c.Access.Gained {
		decides := func(spec string) bool {
			typ, _, _ := strings.Cut(spec, "/")
			return slices.Contains(decides, typ) || typ == "acct" || strings.HasPrefix(typ, "*")
		}
		looks := len(l.Actions) > 0 && !slices.ContainsFunc(l.Actions, func(a string) bool { return !begins(a, "view") })
		if !looks && slices.ContainsFunc(l.Resources, decides) {
			lines = append(lines, l.Text)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return ": " + strings.Join(lines, "; ")
}
