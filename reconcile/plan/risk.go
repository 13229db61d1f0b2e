package plan

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// Level says how much harm a change could do.
type Level string

// The levels.
const (
	High   Level = "high"
	Medium Level = "medium"
)

// Risk is a reason to look twice at a change: something dangerous that somebody may do afterwards
// and may not do today. What is taken away is none, whatever statement does it, and neither is
// looking alone.
type Risk struct {
	Code  string `json:"code"` // "escalation", "account", "critical", "delete"
	Level Level  `json:"level"`
	Why   string `json:"why"`
}

// hazards are what is dangerous to gain, the worst first. They look at the type chain of what is
// gained and at the names of the actions, and list nothing that could be incomplete: a type that
// LaunchDarkly adds tomorrow belongs to the account unless it lies in a project.
type hazard struct {
	Risk
	in func(w weigher, g gain) bool
}

var hazards = []hazard{
	{Risk{escalation, High, "lets somebody change who may do what"}, weigher.escalates},
	{Risk{"account", High, "reaches the account itself"}, weigher.administers},
	{Risk{"account", Medium, "reaches what all projects share"}, weigher.shares},
	{Risk{"critical", High, "reaches critical environments"}, weigher.reachesCritical},
	{Risk{"delete", Medium, "lets somebody delete things"}, weigher.deletes},
}

// decides are the types of the account that say who may do what: whoever changes one can give
// himself the rest. Accepting a pending request lets somebody in.
var decides = []string{"role", "member", "team", "service-token", "member:token", "pending-request"}

// tokens are those of them that are used to sign in.
var tokens = []string{"service-token", "member:token"}

// signIn are the actions on the account that say who it belongs to and who is let in as whom.
var signIn = []string{"updateAccountOwner", "*SamlConfig", "updateSaml*", "*ScimConfig", "*IdPManagingTeams", "updateRequireMfa"}

// shared are the types of the account that record what projects have in common and hold no access
// and no secret.
var shared = []string{"application", "code-reference-repository", "template"}

// gain is a part of what is gained: some actions on resources of one kind.
type gain struct {
	kind    string          // the type chain; "*" and "proj:*" for all that have no name, see access.Cell
	actions []access.Action // none where it may be any
	region  access.Region
	// where are the resources; nil where that could not be found out.
	where *access.Set
}

// risks is a set of hazards: bit i is hazards[i].
type risks uint

// list returns the risks of the set, the worst first, each code once.
func (r risks) list() []Risk {
	list := []Risk{}
	for i, h := range hazards {
		named := slices.ContainsFunc(list, func(o Risk) bool { return o.Code == h.Code })
		if r>>i&1 == 1 && !named {
			list = append(list, h.Risk)
		}
	}
	return list
}

// risks finds the hazards in what is gained, and in what may be.
func (w weigher) risks(d access.Difference) (found risks) {
	for _, g := range gainsOf(d) {
		for i, h := range hazards {
			if found>>i&1 == 0 && h.in(w, g) {
				found |= 1 << i
			}
		}
	}
	return found
}

// gainsOf returns the parts of a gain, without those that let somebody look only.
func gainsOf(d access.Difference) []gain {
	var list []gain
	cells, open := d.Gained.Cells()
	for _, c := range cells {
		if actions := acting(c.Actions); len(actions) > 0 {
			list = append(list, gain{c.Kind, actions, d.Gained, &c.Set})
		}
	}
	for _, q := range slices.Concat(open, d.Undecided) {
		actions := acting(q.Actions)
		if q.Kind != "" && len(actions) > 0 == (len(q.Actions) > 0) {
			list = append(list, gain{q.Kind, actions, d.Gained, nil})
		}
	}
	return list
}

// acting returns the actions that do more than look.
func acting(actions []access.Action) []access.Action {
	return slices.DeleteFunc(slices.Clone(actions), func(a access.Action) bool { return begins(a.Name, "view") })
}

// begins compares without regard to case: where it does not count, names come in lower case.
func begins(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// inProject reports whether the kind is a project or lies in one.
func (g gain) inProject() bool { return g.kind == "proj" || strings.HasPrefix(g.kind, "proj:") }

// some reports whether the gain has an action of which is holds, or may have.
func (g gain) some(is func(access.Action) bool) bool {
	return len(g.actions) == 0 || slices.ContainsFunc(g.actions, is)
}

func (w weigher) escalates(g gain) bool {
	switch {
	case slices.Contains(tokens, g.kind): // to take one away gives nobody anything
		return g.some(func(a access.Action) bool { return !begins(a.Name, "delete") })
	case g.kind != "acct":
		return slices.Contains(decides, g.kind)
	}
	return g.some(func(a access.Action) bool {
		return slices.ContainsFunc(signIn, func(pattern string) bool {
			return policy.MatchAction(strings.ToLower(pattern), strings.ToLower(a.Name))
		})
	})
}

func (w weigher) administers(g gain) bool {
	return !g.inProject() && (g.kind == "acct" || !w.escalates(g)) && !slices.Contains(shared, g.kind)
}

func (w weigher) shares(g gain) bool { return slices.Contains(shared, g.kind) }

// reachesCritical reports whether some of a gain lies in a critical environment, or may: what kinds
// without a name stand for in a project is not known.
func (w weigher) reachesCritical(g gain) bool {
	if g.kind == "proj:*" {
		return true
	}
	if !slices.Contains(strings.Split(g.kind, ":"), "env") {
		return false
	}
	if g.where == nil {
		return true
	}
	w.engine.Refill()
	critical, err := w.inCritical(g.kind)
	return err != nil || g.where.And(critical).Empty() != access.Yes
}

// inCritical returns the resources of a kind that lie in critical environments.
func (w weigher) inCritical(kind string) (access.Set, error) {
	if set, known := w.critical[kind]; known {
		return set, nil
	}
	spec, err := policy.Parse(anyOf(kind, ";{critical:true}"))
	if err == nil {
		w.critical[kind] = w.engine.Set(spec)
	}
	return w.critical[kind], err
}

// anyOf is the specifier of all resources of a kind, with selectors behind an environment.
func anyOf(kind, ofEnvironment string) string {
	var text strings.Builder
	for i, typ := range strings.Split(kind, ":") {
		if i > 0 {
			text.WriteByte(':')
		}
		text.WriteString(typ)
		if t, found := policy.DefaultCatalogue().Type(typ); !found || t.Naming != policy.NeverNamed {
			text.WriteString("/*")
		}
		if typ == "env" {
			text.WriteString(ofEnvironment)
		}
	}
	return text.String()
}

// deletes reports whether a gain has an action that deletes. Of all actions that nobody knows yet
// there may be one among them: the engine says whether there is.
func (w weigher) deletes(g gain) bool {
	if g.some(func(a access.Action) bool { return begins(a.Name, "delete") }) {
		return true
	}
	if !g.some(func(a access.Action) bool { return a.Class != "" }) {
		return false
	}
	spec, err := policy.Parse(anyOf(g.kind, ""))
	if err != nil {
		return false // all kinds without a name: what has one comes with them
	}
	return g.region.And(w.engine.Box(access.Box{Actions: []string{"delete*"}, Specifier: spec})).Empty() != access.Yes
}
