package plan

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Access is what a change does to what its role allows, whoever holds it, for all values of role
// attributes, and whatever other roles let its holder view.
type Access struct {
	// Verdict says whether anything is gained or lost. access.None is printed only when proved. It
	// follows from what stands below.
	Verdict access.Verdict `json:"verdict"`
	Gained  []AccessLine   `json:"gained"`
	Lost    []AccessLine   `json:"lost"`
	// GainedRest and LostRest are a request that the lines do not cover, where they do not cover
	// everything; "" where they are proved to.
	GainedRest string `json:"gainedRest,omitempty"`
	LostRest   string `json:"lostRest,omitempty"`
	// Undecided is what could not be found out, in words.
	Undecided []string `json:"undecided"`
}

// AccessLine is some requests that are gained or lost, in the policies' own words; see access.Line.
type AccessLine struct {
	Text      string   `json:"text"` // the line in words
	Actions   []string `json:"actions"`
	AllBut    []string `json:"allBut,omitempty"`
	Resources []string `json:"resources"`
	Also      []string `json:"also,omitempty"`
	Except    []string `json:"except"`
	Example   string   `json:"example,omitempty"`
	// Where says with which role attributes Example is one: "projects=web".
	Where string `json:"where,omitempty"`
	// NewActions says that actions are among them that the catalogue does not know yet.
	NewActions bool `json:"newActions,omitempty"`
	// NeedsView says that it counts only for those who may view the project through another role;
	// Text says so too.
	NeedsView bool `json:"needsView,omitempty"`
	// Wide says what the line means for other environments, where it has to do with them.
	Wide *access.Wide `json:"wide,omitempty"`
	// Because are the statements that are responsible.
	Because []Because `json:"because"`
}

// Because is a statement that is responsible for a gain or a loss.
type Because struct {
	// Statement is its index in the policy, -1 for base permissions. After says that it is in the
	// policy as it will be; otherwise it stands there today, and its going is what matters.
	Statement int  `json:"statement"`
	After     bool `json:"after"`
	// Source is "file:line" of a statement of the files.
	Source string `json:"source,omitempty"`
}

// verdict is the verdict that follows from the lines.
func (a *Access) verdict() access.Verdict {
	gains, loses := len(a.Gained) > 0 || a.GainedRest != "", len(a.Lost) > 0 || a.LostRest != ""
	return access.VerdictOf(gains, loses, len(a.Undecided) > 0)
}

// weigher finds out what changes do to access.
type weigher struct {
	engine *access.Engine
	budget access.Budget // of each description
	// files has the declarations of the roles, by key.
	files map[string][]role.Desired
	// critical remembers, by kind, the resources in critical environments.
	critical map[string]access.Set
	brief    bool
}

func newWeigher(sem policy.Semantics, budget access.Budget, files map[string][]role.Desired) weigher {
	return weigher{engine: access.New(sem, budget), budget: budget, files: files, critical: map[string]access.Set{}}
}

// perEngine is how many changes one engine weighs. An engine remembers what it has proved and only
// grows, so there is a new one now and then; as which changes share one does not depend on the
// machine, neither does what it finds within its budget.
const perEngine = 64

// weigh fills in what the changes do to access and puts them in the order that follows from it.
func (m *making) weigh() {
	var roles, others []Change
	for _, c := range m.plan.Changes {
		if c.Kind == KindRole {
			roles = append(roles, c)
		} else {
			others = append(others, c)
		}
	}
	atOnce(roles, m.weighBatch)
	m.plan.Changes = append(roles, others...)
	notNil(&m.plan.Changes)
	m.plan.sort()
}

// atOnce does something to all changes, batch by batch and on all processors. A panic of one is
// passed on to the caller, who may know what to do with it.
func atOnce(changes []Change, do func(batch []Change)) {
	batches := make(chan []Change, 1+len(changes)/perEngine)
	for batch := range slices.Chunk(changes, perEngine) {
		batches <- batch
	}
	close(batches)
	failed := make(chan any, cap(batches))
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), cap(batches)) {
		workers.Go(func() {
			defer func() { failed <- recover() }()
			for batch := range batches {
				do(batch)
			}
		})
	}
	workers.Wait()
	close(failed)
	for why := range failed {
		if why != nil {
			panic(why)
		}
	}
}

// weighBatch weighs some changes with one engine. It reads m and writes only these changes.
func (m *making) weighBatch(batch []Change) {
	w := newWeigher(*m.opts.Semantics, access.Budget{}, m.files)
	w.brief = m.opts.Brief
	for i := range batch {
		w.weigh(&batch[i])
	}
}

// weigh fills in what the change does to access, what is dangerous about it, and in which phase it
// is applied.
//
// It asks twice: for somebody who holds the role alone, and for somebody whom another role lets
// view every project. Without viewProject nothing in a project can be used, so a role that leaves
// it to others gives its holder nothing alone. As roles add up, whatever anybody gains or loses is
// in one of the two answers.
func (w weigher) weigh(c *Change) {
	before, after := subjects(c)
	alone := w.engine.Compare(before, after)
	c.Access = &Access{Gained: []AccessLine{}, Lost: []AccessLine{}, Undecided: []string{}}
	w.describe(c, before, after, alone, false)
	risks := w.risks(alone)
	if !seesAll(before) || !seesAll(after) {
		before, after = viewing(before), viewing(after)
		beside := w.engine.Compare(before, after)
		beside.Gained, beside.Lost = beside.Gained.Minus(alone.Gained), beside.Lost.Minus(alone.Lost)
		w.describe(c, before, after, beside, true)
		risks |= w.risks(beside)
	}
	c.Access.Verdict = c.Access.verdict()
	c.Risk = risks.list()
	c.Phase = phaseOf(*c)
}

// describe adds a difference to what the change does to access.
func (w weigher) describe(c *Change, before, after access.Subject, d access.Difference, needsView bool) {
	a := c.Access
	var gained, lost access.Description
	if !w.brief {
		gained, lost = w.engine.DescribeChange(before, after, d, w.budget)
	}
	a.add(&a.Gained, &a.GainedRest, d.Gained, w.lines(c, gained, needsView), rest(gained))
	a.add(&a.Lost, &a.LostRest, d.Lost, w.lines(c, lost, needsView), rest(lost))
	for _, q := range d.Undecided {
		a.unsure(q.Why)
	}
}

// add adds what is known of a region, unless there is nothing in it: what the engine failed to
// describe may be empty all the same.
func (a *Access) add(lines *[]AccessLine, left *string, r access.Region, more []AccessLine, rest string) {
	cells, undecided := r.Cells()
	for _, q := range undecided {
		a.unsure(q.Why)
	}
	if len(cells) > 0 {
		*lines = append(*lines, more...)
		*left = cmp.Or(*left, rest)
	}
}

func (a *Access) unsure(why string) {
	if !slices.Contains(a.Undecided, why) {
		a.Undecided = append(a.Undecided, why)
	}
}

// rest is a request that a description leaves out, if any.
func rest(d access.Description) string {
	if d.Exact {
		return ""
	}
	return cmp.Or(d.Rest, "more than could be described")
}

// subjects returns who holds the role before and after: nobody, where there is none.
func subjects(c *Change) (before, after access.Subject) {
	var fixed []role.Statement
	if c.Before != nil {
		fixed = c.Before.PresetStatements
		before = holding(c.Before.Role, fixed)
	}
	if c.After != nil {
		after = holding(*c.After, fixed)
	}
	return before, after
}

// holding is somebody who holds a role, with the statements that its preset adds. The key is left
// out: it makes no difference to access.
func holding(r role.Role, fixed []role.Statement) access.Subject {
	return access.Subject{Symbolic: true, Held: []policy.Held{{Role: role.Role{
		BasePermissions: r.BasePermissions, Policy: slices.Concat(r.Policy, fixed),
	}}}}
}

// viewing adds a role that lets every project be viewed. It comes last, so that the statements of
// the changed role keep their place.
func viewing(s access.Subject) access.Subject {
	s.Held = append(slices.Clone(s.Held), policy.Held{Role: role.Role{BasePermissions: role.NoAccess, Policy: viewEverything}})
	return s
}

var viewEverything = []role.Statement{{
	Effect: role.Allow, Actions: []string{viewProject}, Resources: []string{"proj/*"},
}}

const viewProject = "viewProject"

// seesAll reports whether a role lets every project be viewed, so that it needs no other to. It
// looks for the plain forms of that: a role for which it does not find one costs a second question.
func seesAll(s access.Subject) bool {
	if len(s.Held) == 0 {
		return true // and has nothing that would need it
	}
	r := s.Held[0].Role
	sees := func(st role.Statement) bool { // unless it denies
		return slices.Contains(st.Resources, "proj/*") &&
			slices.ContainsFunc(st.Actions, func(pattern string) bool { return policy.MatchAction(pattern, viewProject) })
	}
	denies := func(st role.Statement) bool { return st.Effect != role.Allow && !sparesViews(st) }
	return (r.BasePermissions == role.Reader || slices.ContainsFunc(r.Policy, sees)) && !slices.ContainsFunc(r.Policy, denies)
}

// sparesViews reports whether a statement can say nothing about viewing a project: all its
// resources lie deeper.
func sparesViews(st role.Statement) bool {
	return len(st.NotResources) == 0 &&
		!slices.ContainsFunc(st.Resources, func(text string) bool { return !strings.Contains(text, ":env/") })
}

// lines are those of a description as a plan keeps them.
func (w weigher) lines(c *Change, d access.Description, needsView bool) []AccessLine {
	lines := make([]AccessLine, len(d.Lines))
	for i, l := range d.Lines {
		lines[i] = AccessLine{
			Text: l.String(), Actions: l.Actions, AllBut: nilIfEmpty(l.AllBut), Resources: l.Resources, Also: nilIfEmpty(l.Also),
			Except: l.Except, Example: l.Example, Where: l.Where, NewActions: l.NewActions,
			Wide: beyond(l.Wide), Because: w.because(c, l),
		}
		if needsView {
			lines[i].NeedsView = true
			lines[i].Text += " (needs viewProject from another role)"
		}
	}
	return lines
}

// beyond leaves out what a line means for other environments if that is nothing.
func beyond(w *access.Wide) *access.Wide {
	if w == nil || w.Reach == access.Alone {
		return nil
	}
	return w
}

// nilIfEmpty keeps a list that JSON leaves out when empty the same after it was read back.
func nilIfEmpty(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

// because names the statements of an edited role that are responsible for a line. In a role that
// comes or goes whole it is all of them.
func (w weigher) because(c *Change, l access.Line) []Because {
	list := []Because{}
	if c.Action != Update {
		return list
	}
	source := w.files[c.Key][0].Source // what is updated has a file
	for _, b := range l.Because {
		because := Because{Statement: b.Statement, After: b.After}
		if b.After && b.Statement >= 0 && b.Statement < len(source.Policy) {
			because.Source = fmt.Sprintf("%s:%d", source.File, source.Policy[b.Statement].Line)
		}
		list = append(list, because)
	}
	return list
}
