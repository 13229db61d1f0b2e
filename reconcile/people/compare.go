package people

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// An outcome is what a change of holdings does.
type outcome struct {
	gained, lost Side
	undecided    []access.Question
	had, has     []int // the numbers of the policies that were compared
	// vague says that something unknown is held on a side, so that its opposite cannot be known.
	vagueBefore, vagueAfter bool
}

// verdict returns what the outcome comes to, as [access.Difference.Verdict].
func (o outcome) verdict() access.Verdict {
	return access.VerdictOf(o.gained.Example != "", o.lost.Example != "", len(o.undecided) > 0)
}

// A comparer compares holdings.
type comparer struct {
	table  *table
	engine *access.Engine
	sem    policy.Semantics
	// raw does not ask whether a project may be viewed.
	raw    *access.Engine
	budget access.Budget
	known  map[string]*precedent
}

// A precedent is what a like change was found to do: the same policies came and the same went. What
// else is held beside may make a difference, so it is tried and not believed.
type precedent struct{ gained, lost []policy.Request }

// newComparer returns a comparer for so many cases.
func newComparer(t *table, o Options, cases int) *comparer {
	steps := access.Budget{Steps: o.Budget.Steps}
	if steps.Steps <= 0 {
		steps.Steps = min(max(allSteps/max(cases, 1), leastSteps), access.DefaultSteps)
	}
	return &comparer{
		table: t, sem: o.Semantics, budget: o.Budget, known: map[string]*precedent{},
		engine: access.New(o.Semantics, steps).Steady(), raw: access.New(withoutView(o.Semantics), steps),
	}
}

// Where no budget is given, all cases together have allSteps, which is about a minute at most; but
// each has leastSteps, of which ordinary roles need a tenth.
const (
	allSteps   = 50 * access.DefaultSteps
	leastSteps = 400_000
)

// withoutView returns the semantics of what roles say, whoever lets the project be viewed. Where
// the same role must, that is a matter of the role and stays.
func withoutView(sem policy.Semantics) policy.Semantics {
	sem.ViewPrecondition = sem.ViewPrecondition && sem.ViewFrom == policy.SameRole
	return sem
}

func (c *comparer) compare(before, after holding) outcome {
	o := outcome{
		had: before.numbers, has: after.numbers, undecided: []access.Question{},
		vagueBefore: len(before.marks) > 0, vagueAfter: len(after.marks) > 0,
	}
	if c.table.same(before, after) {
		return o
	}
	d := c.brief(o.had, o.has)
	o.undecided = append(o.undecided, d.Undecided...)
	if c.sem.EnvironmentWide == policy.PerRole && max(len(o.had), len(o.has)) > 1 {
		o.undecided = append(o.undecided, access.Question{Held: -1, Statement: -1, Why: perRole})
	}
	if !o.vagueBefore {
		o.gained.Example = textOfRequest(d.Gained)
	}
	if !o.vagueAfter {
		o.lost.Example = textOfRequest(d.Lost)
	}
	if !c.nothing(after, before, d.Gained, d.Undecided) {
		o.undecided = append(o.undecided, unknowable("gained", before, after))
	}
	if !c.nothing(before, after, d.Lost, d.Undecided) {
		o.undecided = append(o.undecided, unknowable("lost", before, after))
	}
	return o
}

// brief compares what some policies allow with what others do. It tries what was found of like changes.
func (c *comparer) brief(had, has []int) access.Brief {
	change := namesOf(minus(had, has)) + ">" + namesOf(minus(has, had))
	p := c.known[change]
	if p == nil {
		p = &precedent{}
		c.known[change] = p
	}
	d := c.engine.Brief(c.table.subject(had), c.table.subject(has), p.gained, p.lost)
	p.gained, p.lost = noted(p.gained, d.Gained), noted(p.lost, d.Lost)
	return d
}

// mostTried is how many requests of like changes are tried. More cost more than they save.
const mostTried = 8

// noted puts a request first among those to try.
func noted(list []policy.Request, x *policy.Request) []policy.Request {
	if x == nil {
		return list
	}
	name := x.String()
	list = slices.DeleteFunc(slices.Clone(list), func(r policy.Request) bool { return r.String() == name })
	return slices.Insert(list[:min(len(list), mostTried-1)], 0, *x)
}

// perRole is said of everybody who holds several roles: the engine compares what they allow
// together, and so does not see that a role is cut in two.
const perRole = "one role must allow some actions in every environment, and what several roles do in several environments is not compared"

func textOfRequest(x *policy.Request) string {
	if x == nil {
		return ""
	}
	return x.String()
}

// exampleOf returns a request of a region, "" if it has none.
func exampleOf(r access.Region) string {
	if x, some := exampleIn(r); some == access.Yes {
		return x.Request.String()
	}
	return ""
}

// nothing reports whether nothing unknown stands in the way of what is known: none is held, or it
// is proved that the one holding, with all that is unknown of it, allows nothing that the other
// does not. More is a request that is known to be allowed by the first only.
func (c *comparer) nothing(one, other holding, more *policy.Request, open []access.Question) bool {
	if len(one.marks)+len(other.marks) == 0 {
		return true
	}
	if len(one.marks) == 0 && len(open) == 0 && more == nil {
		return true
	}
	return subset(one.marks, other.marks) && c.within(one.numbers, other.numbers)
}

// within reports whether it is proved that some policies allow nothing that others do not, whatever
// else is held beside both.
func (c *comparer) within(some, others []int) bool {
	d := c.raw.Compare(c.table.subject(others), c.table.subject(some))
	return exampleOf(d.Gained) == "" && len(d.Undecided) == 0
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func unknowable(what string, before, after holding) access.Question {
	list := slices.Concat(before.unknown, after.unknown)
	slices.Sort(list)
	return access.Question{Held: -1, Statement: -1, Why: fmt.Sprintf(
		"%s is not in what is known of the account, so it cannot be said what is %s", strings.Join(slices.Compact(list), " and "), what)}
}

// describe puts both sides into lines.
func (c *comparer) describe(o *outcome) {
	before, after := c.table.subject(o.had), c.table.subject(o.has)
	d := c.engine.Compare(before, after)
	gained, lost := c.engine.DescribeChange(before, after, d, c.budget)
	if !o.vagueBefore {
		o.gained.Described, o.gained.Description = true, gained
	}
	if !o.vagueAfter {
		o.lost.Described, o.lost.Description = true, lost
	}
}
