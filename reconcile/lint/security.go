package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What the rules about security share.
//
// An administrative role is one that may decide who may do what: the settings name it, or its file
// says `protected: true`, which is how a file says that a change of the role needs a second look.

// administers reports whether a role of the files is administrative.
func (p *Pass) administers(r *role.Desired) bool { return r.Protected || p.Administrative(r.Key) }

// spot is where something is decided: an element of a statement, or the statement, or the role.
type spot struct {
	pos  diag.Position
	text string
}

// decider returns the element that allows a request, of a role held with these role attributes.
func (p *Pass) decider(r *Role, request policy.Request, attributes map[string][]string) spot {
	held := []policy.Held{{Role: r.Role, Attributes: attributes}}
	for _, reason := range policy.Evaluate(held, request, p.alone()).Deciding() {
		if reason.Statement >= 0 && reason.Effect == role.Allow {
			return r.spot(reason.Statement, reason.Specifier)
		}
	}
	return spot{r.Pos(), r.Key}
}

// spot returns the element of a statement with that text, or the statement.
func (r *Role) spot(n int, specifier string) spot {
	s := &r.Statements[n]
	for _, res := range s.Resources {
		if specifier != "" && res.Text == specifier {
			return spot{res.Pos, res.Text}
		}
	}
	return spot{s.Pos, ""}
}

func (p *Pass) reportAt(s diag.Severity, at spot, message, hint string) *diag.Finding {
	return p.report(s, at.pos, at.text, message, hint)
}

// where says for which role attributes of a role that is held directly an example is one: "" or
// ` where role attribute "views" is "search"`.
func where(attributes map[string]map[string][]string) string {
	var words []string
	for _, place := range slices.Sorted(maps.Keys(attributes)) {
		for _, name := range slices.Sorted(maps.Keys(attributes[place])) {
			words = append(words, fmt.Sprintf("role attribute %q is %s", name, quoteList(attributes[place][name])))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " where " + strings.Join(words, " and ")
}

// critical returns the resources of a kind that lie in critical environments.
func (q *Proof) critical(kind string) access.Set {
	text := strings.Replace(wholeKind(kind), "env/*", "env/*;{critical:true}", 1)
	spec, err := policy.Parse(text)
	if err != nil {
		panic("lint: a kind of the catalogue always parses: " + err.Error())
	}
	return q.Engine.Set(spec)
}

// wholeKind is the specifier of all resources of a kind whose types all have names.
func wholeKind(kind string) string { return strings.ReplaceAll(kind, ":", "/*:") + "/*" }

// some reports whether it is proved that a resource is in the set.
func (q *Proof) some(s access.Set) bool {
	q.Engine.Refill()
	a := s.Empty()
	q.undecided = q.undecided || a == access.Undecided
	return a == access.No
}

// request returns an example of an action that the role may do on some resource of a set.
func (q *Proof) request(action string, s access.Set) (access.Example, bool) {
	cells, _ := q.Grants().Cells()
	for _, c := range cells {
		if c.Kind != s.Kind() {
			continue
		}
		at := slices.IndexFunc(c.Actions, func(a access.Action) bool { return a.Name == action })
		if at < 0 {
			continue
		}
		c.Actions = c.Actions[at : at+1]
		x, a := c.Within(s).Example()
		q.undecided = q.undecided || a == access.Undecided
		if a == access.Yes {
			return x, true
		}
	}
	return access.Example{}, false
}

// names reports whether the role names an action of a kind: it allows it by an element that is not "*"
// alone. Who writes "*" has not thought of the action.
func (q *Proof) names(kind, action string) bool {
	return slices.ContainsFunc(q.Policy, func(s role.Statement) bool { return namesAction(s, kind, action) })
}

func namesAction(s role.Statement, kind, action string) bool {
	return s.Effect == role.Allow && speaksOf(s, kind) && slices.ContainsFunc(s.Actions, func(pattern string) bool {
		return strings.Trim(pattern, "*") != "" && policy.MatchAction(pattern, action)
	})
}

// speaksOf reports whether a statement may be about resources of a kind.
func speaksOf(s role.Statement, kind string) bool {
	return len(s.NotResources) > 0 || slices.ContainsFunc(s.Resources, func(text string) bool {
		spec, err := policy.Parse(text)
		return err != nil || spec.Kind() == kind
	})
}

// mayAllow reports whether a role may allow an action of a kind, as far as its words say. It is asked
// to pass over the roles that do not matter.
func mayAllow(r role.Role, kind, action string) bool {
	return slices.ContainsFunc(r.Policy, func(s role.Statement) bool {
		listed := len(s.NotActions) > 0 || slices.ContainsFunc(s.Actions, func(pattern string) bool {
			return policy.MatchAction(strings.ToLower(pattern), strings.ToLower(action))
		})
		return s.Effect != role.Deny && listed && speaksOf(s, kind)
	})
}

// selects reports whether a role looks at selectors of a sort.
func selects(r role.Role, is func(policy.Selector) bool) bool {
	for _, s := range r.Policy {
		for _, text := range slices.Concat(s.Resources, s.NotResources) {
			if !strings.Contains(text, ";") {
				continue
			}
			spec, err := policy.Parse(text)
			for _, seg := range spec.Segments {
				if err == nil && slices.ContainsFunc(seg.Selectors, is) {
					return true
				}
			}
		}
	}
	return false
}
