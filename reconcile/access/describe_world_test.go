package access

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A reader of a line decides from its text alone whether a request is in it.
type lineReader struct {
	actions, allBut, resources, also, except matcher
	foreign                                  func(kind, action string) bool
}

type matcher func(policy.Request) bool

func readLine(sem policy.Semantics, l Line, values map[string][]string) lineReader {
	r := lineReader{foreign: vocabulary{sem: sem}.foreign}
	sem.ViewPrecondition, sem.BareStar, sem.ForeignActions = false, true, policy.AnyRequest
	r.actions, r.allBut = matchActions(sem, l.Actions), matchActions(sem, l.AllBut)
	r.resources, r.except = matchTerms(sem, l.Resources, values), matchTerms(sem, l.Except, values)
	r.also = func(req policy.Request) bool {
		for _, term := range l.Also {
			if !matchTerms(sem, []string{term}, values)(req) {
				return false
			}
		}
		return true
	}
	return r
}

func (r lineReader) has(req policy.Request) bool {
	return !r.foreign(req.Kind(), req.Action) && r.actions(req) && r.resources(req) && r.also(req) && !r.allBut(req) && !r.except(req)
}

func matchActions(sem policy.Semantics, patterns []string) matcher {
	if len(patterns) == 0 {
		return func(policy.Request) bool { return false }
	}
	return matching(sem, role.Statement{Effect: role.Allow, Actions: patterns, Resources: []string{"*"}}, nil)
}

func matching(sem policy.Semantics, s role.Statement, values map[string][]string) matcher {
	e := policy.NewEvaluator([]policy.Held{{Role: role.Role{Policy: []role.Statement{s}}, Attributes: values}}, sem)
	return e.Allows
}

func matchTerms(sem policy.Semantics, terms []string, values map[string][]string) matcher {
	var list []matcher
	for _, term := range terms {
		project, inside := strings.CutSuffix(term, insideSuffix)
		m := matching(sem, role.Statement{Effect: role.Allow, Actions: []string{"*"}, Resources: []string{project}}, values)
		if inside {
			m = func(outer matcher) matcher {
				return func(r policy.Request) bool {
					r.Resource = r.Resource[:min(1, len(r.Resource)-1)]
					return len(r.Resource) == 1 && outer(r)
				}
			}(m)
		}
		list = append(list, m)
	}
	return func(r policy.Request) bool {
		for _, m := range list {
			if m(r) {
				return true
			}
		}
		return false
	}
}

// describedRight compares a description with the requests of a world that are in one list and not
// in the other. Role attributes in the lines have the values.
func describedRight(sem policy.Semantics, w world, d Description, in, out []bool, values map[string][]string) string {
	var readers []lineReader
	for _, l := range d.Lines {
		readers = append(readers, readLine(sem, l, values))
	}
	for i, req := range w.requests {
		said := ""
		for j, r := range readers {
			if r.has(req) {
				said = d.Lines[j].String()
				break
			}
		}
		switch want := in[i] && !out[i]; {
		case said != "" && !want:
			return fmt.Sprintf("%s is in line %q, but not in the region", req, said)
		case said == "" && want && d.Exact:
			return fmt.Sprintf("%s is in the region, but in no line", req)
		}
	}
	return ""
}

// foreignIn returns a pair of action and specifier in a line, or its example, that cannot be asked.
func (v vocabulary) foreignIn(l Line) string {
	pairs := []string{l.Example}
	for _, action := range l.Actions {
		for _, resource := range l.Resources {
			pairs = append(pairs, action+" on "+resource)
		}
	}
	for _, pair := range pairs {
		action, resource, _ := strings.Cut(pair, " on ")
		spec, err := policy.Parse(resource)
		if err == nil && v.foreign(spec.Kind(), action) { // the two forms for everything do not parse
			return pair
		}
	}
	return ""
}

// TestDescribedWorlds compares descriptions with the evaluation of every request there is.
func TestDescribedWorlds(t *testing.T) {
	described, exact, lines, requests, blamed := 0, 0, 0, 0, 0
	for batch := range max(2, *pairs/2500/slow) {
		r := rand.New(rand.NewPCG(uint64(batch), 11))
		v := newVocabulary(r, semanticsFor(batch))
		w := v.world()
		e := New(v.sem, Budget{})
		before := v.subject(r)
		a := w.allowed(before.Held, v.sem)
		for range 6 {
			after := v.subject(r)
			b := w.allowed(after.Held, v.sem)
			gained, lost := e.DescribeChange(before, after, e.Compare(before, after), Budget{})
			for i, d := range []Description{gained, lost} {
				in, out := a, b
				if i == 0 {
					in, out = b, a
				}
				if problem := describedRight(v.sem, w, d, in, out, nil); problem != "" {
					t.Fatalf("batch %d, %v: %s\nbefore: %s\nafter: %s\ndescription: %v", batch, v.sem.Describe(), problem, show(before), show(after), d.Lines)
				}
				for _, l := range d.Lines {
					if pair := v.foreignIn(l); pair != "" {
						t.Fatalf("batch %d: %s cannot be asked: %s", batch, pair, l)
					}
					if l.Example == "" || len(l.Because) == 0 {
						t.Fatalf("batch %d: no example or no cause: %+v\nbefore: %s\nafter: %s", batch, l, show(before), show(after))
					}
					blamed += len(l.Because)
				}
				if len(d.Lines) == 0 && d.Exact {
					continue
				}
				described++
				lines += len(d.Lines)
				requests += len(w.requests)
				if d.Exact {
					exact++
				} else if testing.Verbose() {
					t.Logf("batch %d, %v: not exact, rest %q\nbefore: %s\nafter: %s\ndescription: %v", batch, v.sem.Describe(), d.Rest, show(before), show(after), d.Lines)
				}
			}
			before, a = after, b
		}
	}
	t.Logf("%d regions described in %d lines, %d causes; %d exact; %d requests evaluated", described, lines, blamed, exact, requests)
	if !testing.Short() && exact*100 < described*97 {
		t.Errorf("only %d of %d are exact", exact, described)
	}
}
