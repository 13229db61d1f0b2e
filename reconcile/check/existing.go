package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What exists. Where an inventory lists everything that a box is about, "can" and "somebody" are asked
// about each of those resources, and "canSome" about one of them; an action that changes every
// environment is asked for in all that its project has.

// maxExisting bounds the requests that are put to the evaluator for one box and subject. A box with
// more is asked as without an inventory.
const maxExisting = 50_000

// maxKept bounds the requests that a suite remembers for all boxes.
const maxKept = 10 * maxExisting

// existing answers what an assertion says of what exists; it is not known where the inventory does
// not list all that the box is about, or the subject leaves role attributes open.
func (s *Suite) existing(t *task, subject *subject) (answer access.Answer, f finding, known bool) {
	list, whole := s.requests(t.box)
	if !whole || len(list) == 0 && t.name != CanSome || s.leavesOpen(subject) {
		return access.Undecided, finding{}, false
	}
	p := s.prover
	held := slices.DeleteFunc(slices.Clone(subject.held), func(h held) bool { return p.find(h) == nil })
	e := p.evaluator(asIs, held, nil)
	want := t.name == CanSome
	for i := range list {
		if e.Allows(list[i]) == want {
			return s.foundExisting(subject, want, &list[i])
		}
	}
	if want && len(p.unknown(subject)) > 0 {
		return access.Undecided, finding{why: p.unknown(subject)[0] + " may allow it"}, true
	}
	if want && len(list) == 0 {
		return access.No, finding{why: "nothing of it exists in the account"}, true
	}
	return yesIf(!want), finding{}, true
}

func (s *Suite) foundExisting(subject *subject, want bool, r *policy.Request) (access.Answer, finding, bool) {
	unknown := s.world.unknown(subject)
	if !want && len(unknown) > 0 {
		return access.Undecided, finding{why: unknown[0] + " may allow it: nothing is known of that here"}, true
	}
	return yesIf(want), finding{request: r}, true
}

func yesIf(b bool) access.Answer {
	if b {
		return access.Yes
	}
	return access.No
}

// leavesOpen reports whether the answer depends on role attributes that have no values.
func (s *Suite) leavesOpen(subject *subject) bool { return len(s.openNames(subject)) > 0 }

// openNames returns the role attributes of a subject that can be anything.
func (s *Suite) openNames(subject *subject) (names []string) {
	for _, h := range subject.held {
		k := s.world.find(h)
		if k == nil || !subject.symbolic {
			continue
		}
		for _, name := range k.uses {
			if _, given := h.attributes[name]; !given && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// closed reports whether a task is judged on what exists.
func (s *Suite) closed(t *task) bool {
	if !slices.Contains([]string{Can, CanSome, Somebody}, t.name) || t.wrong != nil {
		return false
	}
	list, whole := s.requests(t.box)
	return whole && (len(list) > 0 || t.name == CanSome) && !slices.ContainsFunc(t.subjects, s.leavesOpen)
}

// openNote says why a task is not judged on what exists although an inventory is there; "" otherwise.
func (s *Suite) openNote(t *task) string {
	if s.in.Inventory == nil || !slices.Contains([]string{Can, CanSome, Somebody}, t.name) || s.closed(t) {
		return ""
	}
	if list, whole := s.requests(t.box); whole && len(list) == 0 {
		return "nothing of it exists in the account: it is asked of all that could"
	}
	return "it is not known what of it exists in the account: it is asked of all that could"
}

// requests returns the requests of a box on what exists. It is not whole where the inventory does not
// say what there is.
func (s *Suite) requests(b box) (list []policy.Request, whole bool) {
	if s.in.Inventory == nil {
		return nil, false
	}
	if found, done := s.exists[b.text]; done {
		return found, found != nil
	}
	list = []policy.Request{}
	for _, part := range b.parts {
		found, ok := s.requestsOf(part, maxExisting-len(list))
		if !ok {
			list = nil
			break
		}
		list = append(list, found...)
	}
	if s.kept += len(list); s.kept > s.keep {
		clear(s.exists)
		s.kept = len(list)
	}
	s.exists[b.text] = list
	return list, list != nil
}

func (s *Suite) requestsOf(part access.Box, limit int) (list []policy.Request, ok bool) {
	kind := part.Specifier.Kind()
	if !slices.Contains([]string{"proj", "proj:env", "proj:env:flag"}, kind) {
		return nil, false
	}
	actions := actionsOf(part)
	inBox := policy.NewEvaluator([]policy.Held{{Role: role.Role{Policy: []role.Statement{{
		Effect: role.Allow, Actions: []string{"*"}, Resources: []string{part.Specifier.String()},
	}}}}}, s.prover.sem[whenGiven])
	for i := range s.in.Inventory.Projects {
		project := &s.in.Inventory.Projects[i]
		if kind == "proj:env:flag" && project.FlagsLeft && specTouchesProject(part.Specifier, project.Key) {
			return nil, false
		}
		environments := environmentsOf(project)
		for _, chain := range chainsOf(project, kind, part) {
			if !inBox.Allows(policy.Request{Action: actions[0], Resource: chain}) {
				continue
			}
			for _, action := range actions {
				list = append(list, policy.Request{Action: action, Resource: chain, Environments: environments})
			}
			if len(list) > limit {
				return nil, false
			}
		}
	}
	return list, true
}

func specTouchesProject(spec policy.Specifier, key string) bool {
	return touches(string(spec.Segments[0].Name), key)
}

// actionsOf returns the actions of a box by name: those of the catalogue for patterns.
func actionsOf(part access.Box) (names []string) {
	typ, _ := policy.DefaultCatalogue().Type(part.Specifier.Type())
	for _, a := range typ.Actions {
		if slices.ContainsFunc(part.Actions, func(p string) bool { return policy.MatchAction(p, a.Name) }) {
			names = append(names, a.Name)
		}
	}
	return names
}

func environmentsOf(p *role.Project) (list []policy.Part) {
	for _, e := range p.Environments {
		list = append(list, policy.Part{Type: "env", Key: e.Key, Tags: e.Tags, Properties: map[string]string{"critical": fmt.Sprint(e.Critical)}})
	}
	return list
}

// chainsOf returns the resources of a kind in a project. For actions that make a flag there is one
// more in each environment, that does not exist yet.
func chainsOf(p *role.Project, kind string, part access.Box) (chains [][]policy.Part) {
	project := policy.Part{Type: "proj", Key: p.Key, Tags: p.Tags}
	if kind == "proj" {
		return [][]policy.Part{{project}}
	}
	flags := flagsOf(p, part)
	for _, e := range environmentsOf(p) {
		if kind == "proj:env" {
			chains = append(chains, []policy.Part{project, e})
			continue
		}
		for _, f := range flags {
			chains = append(chains, []policy.Part{project, e, f})
		}
	}
	return chains
}

func flagsOf(p *role.Project, part access.Box) (list []policy.Part) {
	for _, f := range p.Flags {
		list = append(list, policy.Part{Type: "flag", Key: f.Key, Tags: f.Tags, Views: f.Views})
	}
	makes := slices.ContainsFunc(part.Actions, func(a string) bool { return touches(a, "createFlag") })
	segments := part.Specifier.Segments
	if last := segments[len(segments)-1]; makes && last.Type == "flag" {
		list = append(list, madeFlag(last))
	}
	return list
}

// madeFlag is a flag of the segment that does not exist yet, with no more than it asks for.
func madeFlag(s policy.Segment) policy.Part {
	fill := func(pattern string) string { return strings.ReplaceAll(pattern, "*", "a-new-one") }
	f := policy.Part{Type: "flag", Key: fill(string(s.Name))}
	for _, sel := range s.Selectors {
		switch sel := sel.(type) {
		case policy.Tag:
			f.Tags = append(f.Tags, fill(string(sel)))
		case policy.View:
			f.Views = append(f.Views, fill(string(sel)))
		}
	}
	return f
}
