package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld109 = Rule{
	Code:     "LD109",
	Title:    "two statements with notResources that undo each other",
	Severity: diag.Error,
	Prove:    orOfNots,
	Doc: `"Allow all but A" and "allow all but B", as two statements, allow everything: what the first leaves out the second allows, and the other
way round. In the same way two denies that spare different things spare neither. To leave out both, put both into the ` + "`notResources`" + ` of one statement,
if they are of one kind; better still, allow the kind that is meant and deny what is to be left out. LaunchDarkly's own documentation has an example with this mistake.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    notResources: ["proj/secret"]
  - effect: allow
    actions: [viewProject]
    notResources: ["proj/acq-*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    notResources: ["proj/acq-*", "proj/secret"]
`),
}

func orOfNots(p *Pass, q *Proof) {
	for _, pair := range q.undoing() {
		p.reportUndone(q, pair)
	}
}

// undoing returns the pairs of statements that undo each other, one for each later statement.
func (q *Proof) undoing() []undoing {
	q.once(&q.undoneBy, q.findUndoing)
	return q.undone
}

func (q *Proof) findUndoing() {
	var list []int
	for n := range q.Statements {
		if s := &q.Statements[n]; len(s.NotResources) > 0 && !q.pass.spoken(s) {
			list = append(list, n)
		}
	}
	for k, j := range list {
		for _, i := range list[:k] {
			if q.Policy[i].Effect != q.Policy[j].Effect {
				continue
			}
			if pair, some := q.undo(i, j); some {
				q.undone = append(q.undone, pair)
				break
			}
		}
	}
}

// undoing is two statements with notResources, each of which is about what the other leaves out, and
// examples of that.
type undoing struct {
	i, j int
	// byJ is what i leaves out and j is about, byI the other way round.
	byJ, byI access.Example
}

func (q *Proof) undo(i, j int) (pair undoing, some bool) {
	counts := q.Grants()
	if q.Policy[j].Effect == role.Deny {
		counts = q.all(role.Allow)
	}
	pair.i, pair.j = i, j
	if pair.byJ, some = q.meets(q.leftOut(i), q.Matches(j).And(counts)); some {
		pair.byI, some = q.meets(q.leftOut(j), q.Matches(i).And(counts))
	}
	return pair, some
}

func (p *Pass) reportUndone(q *Proof, pair undoing) {
	s := &q.Statements[pair.j]
	severity, verb := diag.Error, "allows"
	if s.Effect == role.Deny {
		severity, verb = diag.Warning, "denies"
	}
	f := p.report(severity, s.Resources[0].Pos, s.Resources[0].Text,
		fmt.Sprintf("%s %s %q, which %s leaves out, and the other way round %q", ordinal(pair.j), verb, pair.byJ.Request, ordinal(pair.i), pair.byI.Request),
		"put both lists into one statement, or name in \"resources\" what is meant")
	q.relate(f, []int{pair.i}, "this leaves it out")
	f.Fix = q.both(pair.i, pair.j)
}

// leftOut returns what the notResources of a statement keep from its actions.
func (q *Proof) leftOut(n int) access.Region {
	s := q.Policy[n]
	s.Resources, s.NotResources = s.NotResources, nil
	return q.about(s)
}

// both lets each of two statements leave out what either does. It is nil where LaunchDarkly refuses
// that, since the kinds differ.
func (q *Proof) both(i, j int) *diag.Fix {
	list := slices.Concat(q.Policy[i].NotResources, q.Policy[j].NotResources)
	if len(q.kindsOf(list)) > 1 {
		return nil
	}
	slices.Sort(list)
	list = slices.Compact(list)
	fix := &diag.Fix{Title: fmt.Sprintf("leave out both in statements %d and %d", i+1, j+1), Document: q.Document()}
	for _, n := range []int{i, j} {
		fix.Edits = append(fix.Edits, diag.Edit{Op: diag.Replace, Pointer: fmt.Sprintf("/policy/%d/notResources", n), Value: list})
	}
	return fix
}
