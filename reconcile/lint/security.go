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

// byName returns what the role grants by statements that name what they are about. What it reaches by
// notResources is LD107's finding.
func (q *Proof) byName() access.Region {
	named := slices.DeleteFunc(slices.Clone(q.Policy), func(s role.Statement) bool {
		return s.Effect == role.Allow && len(s.NotResources) > 0
	})
	if len(named) == len(q.Policy) {
		return q.Grants()
	}
	return q.region(q.BasePermissions, named...)
}

// request returns an example of an action of a region on some resource of a set.
func (q *Proof) request(r access.Region, action string, s access.Set) (access.Example, bool) {
	x, a := r.ExampleOf(action, s)
	q.undecided = q.undecided || a == access.Undecided
	return x, a == access.Yes
}

// names reports whether the role names an action of a kind: it allows it by an element that is not "*"
// alone. Who writes "*" has not thought of the action.
func (q *Proof) names(p *Pass, kind, action string) bool {
	return p.words(q.Desired.Role).names(kind, action)
}

// words is what the text of a policy says, for passing over the policies that do not matter. It is read
// once for each policy.
type words struct {
	allows, named map[[2]string]bool
	statements    []spoken
	selectors     []policy.Selector
	denies        bool
	heads         []string // of what it allows, see headsOf
}

// spoken is one statement that allows.
type spoken struct {
	role.Statement
	kinds []string // of resources; nil for any
	n     int      // its index in the policy
}

// wordsKey tells policies apart that are not equal: by where they are.
type wordsKey struct {
	first *role.Statement
	n     int
}

// silence is what a policy without statements says.
var silence = &words{}

func (p *Pass) words(r role.Role) *words {
	if len(r.Policy) == 0 {
		return silence
	}
	key := wordsKey{&r.Policy[0], len(r.Policy)}
	w := p.heard[key]
	if w == nil {
		w = &words{allows: map[[2]string]bool{}, named: map[[2]string]bool{}}
		for n, s := range r.Policy {
			p.hear(w, s, n)
		}
		if p.heard == nil {
			p.heard = map[wordsKey]*words{}
		}
		p.heard[key] = w
	}
	return w
}

func (p *Pass) hear(w *words, s role.Statement, n int) {
	var kinds []string
	for _, text := range slices.Concat(s.Resources, s.NotResources) {
		r := p.read(text)
		for _, seg := range r.Specifier.Segments {
			w.selectors = append(w.selectors, seg.Selectors...)
		}
		if kind := r.Specifier.Kind(); r.Err == nil && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(s.NotResources) > 0 {
		kinds = nil
	}
	w.denies = w.denies || s.Effect == role.Deny
	if s.Effect == role.Allow {
		w.statements = append(w.statements, spoken{s, kinds, n})
		w.heads = append(w.heads, headsOf(s)...)
	}
}

func (s spoken) about(kind string) bool {
	return len(s.NotResources) > 0 || slices.Contains(s.kinds, kind)
}

func (s spoken) lists(action string) bool {
	return len(s.NotActions) > 0 || slices.ContainsFunc(s.Actions, func(pattern string) bool {
		return policy.MatchAction(strings.ToLower(pattern), strings.ToLower(action))
	})
}

func (s spoken) names(action string) bool {
	return slices.ContainsFunc(s.Actions, func(pattern string) bool {
		return strings.Trim(pattern, "*") != "" && policy.MatchAction(pattern, action)
	})
}

// headsOf returns how the specifiers of a statement begin, as far as no pattern changes it: "proj/web",
// "proj/team-". Statements whose heads are not each other's beginning have nothing in common.
func headsOf(s role.Statement) (heads []string) {
	if len(s.NotResources) > 0 {
		return []string{""}
	}
	for _, text := range s.Resources {
		if i := strings.IndexAny(text, "*$;:"); i >= 0 {
			text = text[:i]
		}
		heads = append(heads, strings.ToLower(text)) // letter case may not count
	}
	return heads
}

// mayMeet reports whether what begins so can have something in common, in a project if that is asked.
func mayMeet(some, others []string, inProject bool) bool {
	return slices.ContainsFunc(some, func(a string) bool {
		return (!inProject || a == "" || strings.HasPrefix(a, "proj")) && slices.ContainsFunc(others, func(b string) bool {
			return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
		})
	})
}

// names is [Proof.names].
func (w *words) names(kind, action string) bool {
	return w.some(w.named, kind, action, spoken.names)
}

// allow reports whether the policy may allow an action of a kind.
func (w *words) allow(kind, action string) bool { return w.some(w.allows, kind, action, spoken.lists) }

func (w *words) some(known map[[2]string]bool, kind, action string, is func(spoken, string) bool) bool {
	key := [2]string{kind, action}
	answer, found := known[key]
	if !found && len(w.statements) > 0 {
		answer = slices.ContainsFunc(w.statements, func(s spoken) bool { return s.about(kind) && is(s, action) })
		known[key] = answer
	}
	return answer
}

// mayAllow reports whether a role may allow an action of a kind, as far as its words say.
func (p *Pass) mayAllow(r role.Role, kind, action string) bool { return p.words(r).allow(kind, action) }

// selects reports whether a role looks at selectors of a sort.
func (p *Pass) selects(r role.Role, is func(policy.Selector) bool) bool {
	return slices.ContainsFunc(p.words(r).selectors, is)
}
