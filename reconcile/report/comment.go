package report

// The Markdown of a plan and of a result: one drawing, for a pull request's comment, a job summary
// and --format markdown alike. A comment has room for some 60,000 bytes. A page that is too large
// is never cut: it is drawn anew from the plan in a smaller shape, until it fits. Counts, guards,
// footer and the keys of dangerous changes are in every shape, and where even those keys are too
// many, the page says how many are missing.

import (
	"sort"
	"strings"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// SummaryBudget is how many bytes a job summary may take: GitHub drops one of more than 1 MiB as a
// whole.
const SummaryBudget = 1_000_000

// LeastBudget is the number of bytes into which every page fits.
const LeastBudget = 4_000

// Comment draws a plan for the pull request that asks for its changes, in at most budget bytes; 0
// is no limit, and less than [LeastBudget] is taken as that. The page begins with its heading.
func Comment(p *plan.Plan, pg Page, budget int) string {
	return newModel(p, nil, pg).fit(budget)
}

// ResultComment draws what became of a plan: the same page with a column for the outcome, and how
// to go on where something is left. p may be nil where the plan is lost.
func ResultComment(p *plan.Plan, r *apply.Result, pg Page, budget int) string {
	return newModel(p, r, pg).fit(budget)
}

// Summary draws a plan for a job summary.
func Summary(p *plan.Plan, pg Page) string { return Comment(p, pg, SummaryBudget) }

// model is what a page says, before it is known how much of it fits.
type model struct {
	plan    *plan.Plan    // elided; never nil, empty where a result has lost it
	whole   []plan.Change // of the plan, not elided
	result  *apply.Result // nil for a plan
	page    Page
	links   links
	entries []entry // the most dangerous first
	verbose bool    // lists in full
	width   int     // columns of a statement diff
	budget  int     // bytes that the page may take; 0 is no limit
	// weighed, risky, caused and bare say which columns the table has.
	weighed, risky, caused, bare bool
}

func newModel(p *plan.Plan, r *apply.Result, pg Page) *model {
	m := &model{plan: &plan.Plan{}, page: pg, links: pg.links(), width: defaultWidth, bare: p == nil}
	if p != nil {
		short := elided(*p, longest)
		m.plan, m.whole = &short, p.Changes
		m.page.Offline = m.page.Offline || p.Source.Offline
	}
	if r != nil {
		short := elided(*r, longest)
		m.result = &short
	}
	if p == nil && r != nil {
		m.plan.Target, m.plan.PlanHash, m.plan.Tool, m.plan.Complete = m.result.Target, m.result.PlanHash, m.result.Tool, true
	}
	m.entries = m.join()
	sortEntries(m.entries, m.bare)
	for _, e := range m.entries {
		m.weighed = m.weighed || e.change.Access != nil
		m.risky = m.risky || m.weighed || len(e.change.Risk) > 0
		m.caused = m.caused || e.change.Cause != ""
	}
	return m
}

// join puts changes and outcomes together. An outcome without a change is a row all the same.
func (m *model) join() []entry {
	outcomes := map[string]*apply.Outcome{}
	if m.result != nil {
		for i := range m.result.Changes {
			outcomes[m.result.Changes[i].ID] = &m.result.Changes[i]
		}
	}
	var entries []entry
	for i := range m.plan.Changes {
		c := &m.plan.Changes[i]
		e := newEntry(c, outcomes[c.ID])
		e.whole = &m.whole[i]
		entries = append(entries, e)
		delete(outcomes, c.ID)
	}
	if m.result == nil {
		return entries
	}
	for i := range m.result.Changes {
		out := &m.result.Changes[i]
		if outcomes[out.ID] == out {
			c := &plan.Change{ID: out.ID, Action: out.Action, Kind: out.Kind, Key: out.Key}
			entries = append(entries, newEntry(c, out))
		}
	}
	return entries
}

// shape is how much of a model is drawn.
type shape struct {
	table  bool
	rows   weight // changes up to this weight have a row, the others are a list of keys
	most   int    // rows of the table at most
	detail weight // changes up to this weight have their details
	body   int    // lines of a statement diff at most
	lines  int    // lines of gained, and of lost, access at most
	notes  int    // roles of a list of roles that are left alone at most; -1: the list is left out
	guards int    // guards in full at most
	keys   int    // keys of dangerous changes in a list at most
	others int    // keys of the other changes that have no row at most
	spare  bool   // nothing that the data could make long: only forged plans need that
}

const (
	nothing weight = -1
	all            = 1 << 30
)

// ladder is the shapes from the largest to the smallest.
func ladder() []shape {
	return []shape{
		{table: true, rows: low, most: all, detail: low, body: 400, lines: linesOfEdit, notes: folded, guards: all, keys: all, others: all},
		{table: true, rows: low, most: all, detail: notable, body: 120, lines: linesOfEdit, notes: -1, guards: all, keys: all, others: all},
		{table: true, rows: notable, most: all, detail: notable, body: 120, lines: linesOfEdit, notes: -1, guards: 50, keys: all, others: all},
		{table: true, rows: notable, most: all, detail: dangerous, body: 40, lines: 5, notes: -1, guards: 20, keys: all, others: all},
		{table: true, rows: notable, most: 200, detail: nothing, notes: -1, guards: 10, keys: all, others: 200},
		{table: true, rows: notable, most: 40, detail: nothing, notes: -1, guards: 10, keys: all},
		{table: true, rows: notable, most: 10, detail: nothing, notes: -1, guards: 5, keys: all},
		{detail: nothing, notes: -1, guards: 0, keys: all},
	}
}

// fit draws the largest shape that fits into budget bytes.
func (m *model) fit(budget int) string {
	shapes := ladder()
	if budget <= 0 {
		return m.draw(shapes[0])
	}
	m.budget = max(budget, LeastBudget)
	for _, s := range shapes {
		if page := m.draw(s); len(page) <= m.budget {
			return page
		}
	}
	last := shapes[len(shapes)-1]
	if page := m.fewestKeys(last); len(page) <= m.budget {
		return page
	}
	last.spare = true
	return m.fewestKeys(last)
}

// fewestKeys draws the last shape with as many keys as there is room for.
func (m *model) fewestKeys(s shape) string {
	tooMany := sort.Search(len(m.entries), func(n int) bool {
		s.keys = n
		return len(m.draw(s)) > m.budget
	})
	s.keys = max(0, tooMany-1)
	return m.draw(s)
}

// sheet is a page that is being drawn.
type sheet struct {
	strings.Builder
	*model
	shape
	edits map[string]*plan.Change // the diffs that were drawn, and of which change
}

// spilt reports whether the page is too large already: then it will be thrown away, and the rest of
// it need not be drawn.
func (s *sheet) spilt() bool { return s.budget > 0 && s.Len() > s.budget }

func (s *sheet) line(parts ...string) {
	for _, part := range parts {
		s.WriteString(part)
	}
	s.WriteByte('\n')
}

// draw draws the page in one shape.
func (m *model) draw(sh shape) string {
	s := &sheet{model: m, shape: sh, edits: map[string]*plan.Change{}}
	s.line("### LaunchDarkly roles", span(" · ", elide(m.plan.Target.Name, shortMost)), ": ", m.verdict(), "\n")
	s.alerts()
	s.state()
	p := s.part()
	s.rowsTable(p.rows)
	s.rest(p)
	s.leftOut(p)
	s.details()
	s.concerned()
	s.causes(p)
	if s.notes >= 0 {
		s.lists()
	}
	s.footer()
	return inert(s.String())
}
