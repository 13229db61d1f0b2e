package access

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var detourPolicies = flag.Int("detours", 40, "policies for each lever to compare with evaluation of every request and every change")

// detourWorld lists every resource that the policies of TestDetours tell apart. The lever that is
// looked at has many values, everything else few.
type detourWorld struct {
	by        Lever
	evaluator *policy.Evaluator
	resources map[string][][]policy.Part
}

var (
	detourKinds = []string{"proj", "proj:env", "proj:env:flag", "proj:metric"}
	// An action for each set of patterns that the policies have.
	detourActions = map[string][]string{
		"proj":          {"updateTags", "updateProjectName", "deleteProject"},
		"proj:env":      {"updateTags", "updateColor", "updateName", "updateCritical", "deleteEnvironment"},
		"proj:env:flag": {"updateTags", "updateOn", "updateName", "deleteFlag"},
		"proj:metric":   {"updateTags", "updateOn", "updateName", "deleteMetric"},
	}
)

func subsets(words ...string) [][]string {
	list := [][]string{nil}
	for _, w := range words {
		for _, s := range slices.Clone(list) {
			list = append(list, append(slices.Clone(s), w))
		}
	}
	return list
}

func (w *detourWorld) parts(typ string) (list []policy.Part) {
	tags, views, critical := [][]string{nil, {"a"}}, [][]string{nil}, []string{""}
	if w.by == ByTags && typ != "view" {
		tags = subsets("a", "b", "aa", "c")
	}
	if typ == "flag" {
		views = [][]string{nil, {"a"}}
		if w.by == ByViews {
			views = subsets("a", "b", "aa", "c")
		}
	}
	if typ == "env" {
		critical = []string{"false", "true"}
	}
	keys := []string{"a", "c"}
	switch typ {
	case "view":
		keys = []string{"a", "b", "aa", "c"}
	case "env", "metric":
		keys = keys[1:]
	}
	for _, key := range keys {
		for _, t := range tags {
			for _, v := range views {
				for _, c := range critical {
					p := policy.Part{Type: typ, Key: key, Tags: t, Views: v}
					if c != "" {
						p.Properties = map[string]string{"critical": c}
					}
					list = append(list, p)
				}
			}
		}
	}
	return list
}

func newDetourWorld(by Lever) *detourWorld {
	w := &detourWorld{by: by, resources: map[string][][]policy.Part{}}
	for _, kind := range append([]string{viewKind}, detourKinds...) {
		chains := [][]policy.Part{nil}
		for _, typ := range strings.Split(kind, ":") {
			var longer [][]policy.Part
			for _, chain := range chains {
				for _, p := range w.parts(typ) {
					if typ == "proj" && len(p.Tags) > 0 && deep(kind) {
						continue // the policies have none there either
					}
					longer = append(longer, append(slices.Clone(chain), p))
				}
			}
			chains = longer
		}
		w.resources[kind] = chains
	}
	return w
}

func deep(kind string) bool { return strings.Contains(kind, "env") || kind == viewKind }

func (w *detourWorld) may(action string, resource []policy.Part) bool {
	return w.evaluator.Allows(policy.Request{Action: action, Resource: resource})
}

// found says, for each kind and segment, whether there is a detour and whether there is one in a
// critical environment: "proj:env:flag/2 critical".
func (w *detourWorld) found() map[string]bool {
	found := map[string]bool{}
	for _, kind := range detourKinds {
		for segment, typ := range strings.Split(kind, ":") {
			for _, action := range detourActions[kind] {
				w.look(found, kind, segment, typ, action)
			}
		}
	}
	return found
}

func (w *detourWorld) look(found map[string]bool, kind string, segment int, typ, action string) {
	name := fmt.Sprintf("%s/%d", kind, segment)
	allowed := map[string][][]policy.Part{} // by what stays as it is
	stays := func(x []policy.Part) string {
		y := slices.Clone(x)
		switch w.by {
		case ByTags:
			y[segment].Tags = nil
		case ByViews:
			y[segment].Views = nil
		case ByCritical:
			y[segment].Properties = nil
		}
		return policy.Request{Resource: y}.String()
	}
	var refused [][]policy.Part
	for _, x := range w.resources[kind] {
		if w.may(action, x) {
			allowed[stays(x)] = append(allowed[stays(x)], x)
		} else {
			refused = append(refused, x)
		}
	}
	for _, x := range refused {
		is := isCriticalChain(x) || w.by == ByCritical
		if found[name+" critical"] || found[name] && !is || !w.movable(x, segment, typ) {
			continue
		}
		for _, y := range allowed[stays(x)] {
			if w.by != ByViews || w.linkable(x, y[segment].Views, x[segment].Views, linkFlag) && w.linkable(x, x[segment].Views, y[segment].Views, unlinkFlag) {
				found[name] = true
				found[name+" critical"] = is
				break
			}
		}
	}
	if !found[name+" critical"] {
		delete(found, name+" critical")
	}
}

func isCriticalChain(resource []policy.Part) bool {
	return isCritical(policy.Request{Resource: resource})
}

// movable reports whether the holder may change the segment of a resource at all.
func (w *detourWorld) movable(x []policy.Part, segment int, typ string) bool {
	switch w.by {
	case ByTags:
		return w.may("updateTags", x[:segment+1])
	case ByCritical:
		return typ == "env" && w.may("updateCritical", x[:segment+1])
	}
	return typ == "flag"
}

// linkable reports whether all views of some that are not among others can be linked, or unlinked.
func (w *detourWorld) linkable(x []policy.Part, some, others []string, action string) bool {
	return !slices.ContainsFunc(some, func(v string) bool {
		return !slices.Contains(others, v) && !slices.ContainsFunc(w.parts("view"), func(p policy.Part) bool {
			return p.Key == v && w.may(action, []policy.Part{x[0], p})
		})
	})
}

func detourPolicy(r *rand.Rand, by Lever) []role.Statement {
	levers := map[Lever][]string{ByTags: {"updateTags"}, ByCritical: {"updateCritical"}, ByViews: {linkFlag, unlinkFlag}}[by]
	kinds := map[Lever][]string{ByTags: detourKinds, ByCritical: {"proj:env", "proj:env:flag"}, ByViews: {viewKind, "proj:env:flag"}}[by]
	var list []role.Statement
	for i := range 2 + r.IntN(4) {
		s := role.Statement{Effect: role.Allow}
		if i > 0 && r.IntN(3) == 0 {
			s.Effect = role.Deny
		}
		kind := one(r, kinds)
		s.Actions = [][]string{{"*"}, levers, levers[:1], {"updateOn", "updateColor"}, {"update*"}, {"updateOn", "updateTags"}}[r.IntN(6)]
		for range 1 + r.IntN(2) {
			s.Resources = append(s.Resources, detourSpecifier(r, kind, by))
		}
		if r.IntN(8) == 0 {
			s.Resources, s.NotResources = nil, s.Resources
		}
		list = append(list, s)
	}
	return list
}

func detourSpecifier(r *rand.Rand, kind string, by Lever) string {
	var segments []string
	for _, typ := range strings.Split(kind, ":") {
		pool := []string{"*", "*", "*", "a"}
		switch typ {
		case "view":
			pool = []string{"*", "a", "b", "a*"}
		case "env", "metric":
			pool = []string{"*"}
		}
		text, selectors := typ+"/"+one(r, pool), []string{}
		tags := []string{"a"}
		if by == ByTags && typ != "view" {
			tags = []string{"a", "b", "a*", "aa", "*"}
		}
		if r.IntN(3) == 0 && !(typ == "proj" && deep(kind)) {
			selectors = append(selectors, one(r, tags))
		}
		if typ == "env" && r.IntN(3) == 0 {
			selectors = append(selectors, one(r, []string{"{critical:true}", "{critical:false}"}))
		}
		if typ == "flag" && by == ByViews && r.IntN(2) == 0 {
			selectors = append(selectors, "view:"+one(r, []string{"a", "b", "a*", "*"}))
		}
		if len(selectors) > 0 {
			text += ";" + strings.Join(selectors, ",")
		}
		segments = append(segments, text)
	}
	return strings.Join(segments, ":")
}

// TestDetours compares what is found with the evaluation of every request and every change of it, in
// both directions: a detour where there is one, a critical one where there is one, none elsewhere.
func TestDetours(t *testing.T) {
	sem := policy.DefaultSemantics()
	sem.ViewPrecondition = false
	for _, by := range []Lever{ByTags, ByViews, ByCritical} {
		w, r := newDetourWorld(by), rand.New(rand.NewPCG(5, uint64(by)))
		hits, misses, open := 0, 0, 0
		for range *detourPolicies / slow {
			statements := detourPolicy(r, by)
			subject := Subject{Held: []policy.Held{{Role: role.Role{BasePermissions: role.NoAccess, Policy: statements}}}}
			w.evaluator = policy.NewEvaluator(subject.Held, sem)
			want := w.found()
			granted, _ := New(sem, Budget{}).Grants(subject)
			list, questions := granted.Detours(by)
			got := detourNames(list)
			open += len(questions)
			for name := range want {
				hits++
				if !got[name] && len(questions) == 0 {
					t.Fatalf("lever %d: %s is overlooked\n%v\n%s", by, name, list, show(subject))
				}
			}
			if len(want) == 0 {
				misses++
			}
			for name := range got {
				if !want[name] && w.covers(name) {
					t.Fatalf("lever %d: %s is none\n%v\n%s", by, name, list, show(subject))
				}
			}
		}
		t.Logf("lever %d: %d detours, %d policies without, %d undecided", by, hits, misses, open)
		if !testing.Short() && (hits < *detourPolicies/20 || misses < *detourPolicies/20 || open > hits/20) {
			t.Errorf("lever %d: too few, or too much undecided", by)
		}
	}
}

// covers: notResources reach kinds that are not in the world.
func (w *detourWorld) covers(name string) bool {
	kind, _, _ := strings.Cut(name, "/")
	return slices.Contains(detourKinds, kind)
}

func detourNames(list []Detour) map[string]bool {
	names := map[string]bool{}
	for _, d := range list {
		segment := len(d.Changes[0].Resource) - 1
		if d.Changes[0].Kind() == viewKind {
			segment = len(d.Refused.Request.Resource) - 1
		}
		name := fmt.Sprintf("%s/%d", d.Refused.Request.Kind(), segment)
		names[name] = true
		if d.Critical {
			names[name+" critical"] = true
		}
	}
	return names
}
