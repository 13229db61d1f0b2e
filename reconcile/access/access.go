// Package access reasons exactly about what roles allow: which access a change gives and takes
// away, whether it changes any, what a role grants at all.
//
// Invariant: an answer is right or it is Undecided. "No access changes" is a proof over all
// requests that can be made: every key, every set of tags, actions and resource types that
// LaunchDarkly may add tomorrow included. Whatever is shown as an example has been put to
// [policy.Evaluator], which knows nothing of this package; where the two disagree the answer is
// Undecided.
//
// The package must not read files, ask an account or print, and must not word what it finds
// beyond patterns that the policies use. It imports policy and role only.
//
// The world. Keys, tags and views are not empty and are made of the characters that LaunchDarkly
// documents; how long they may be is left out. A resource has any tags if its type has tags. An
// environment is critical or not. A project may have just the one environment of a request, so
// what an action that needs every environment gains or loses it gains or loses there.
//
// How questions are decided is told in solve.go.
package access

import (
	"maps"
	"slices"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Budget bounds the work for one question.
type Budget struct {
	// Steps counts visits of formulas and of automata, 10 to 100 million a second. Zero means
	// DefaultSteps.
	Steps int
}

// DefaultSteps is about a second at most.
const DefaultSteps = 20_000_000

// A Subject is what is asked about: roles as somebody holds them. None at all is a role that does
// not exist.
type Subject struct {
	Held []policy.Held
	// Symbolic leaves open what the role attributes stand for that Held does not list: an answer
	// holds for all their values, and an example for some. One that is listed without values is
	// unset. If not symbolic, attributes that are not listed are unset.
	Symbolic bool
}

// An Engine answers questions under one [policy.Semantics]. It remembers what it has proved, so
// use one for a whole run. It must not be used by several goroutines at once.
type Engine struct {
	formulas
	*glossary
	sem    policy.Semantics
	budget int
	steps  int // left for the question that is being answered
	// keys and names are the alphabets of tags and views, and of keys and actions.
	keys, names alphabet
	attempt     int // which example of the same formula is looked for, from 0

	atoms     []*atom
	atomNames map[atomName]*atom
	values    []int8 // of each atom, while a formula is restricted
	specs     map[string]specEntry
	roles     map[signature]*compiledRole
	wordsOf   map[string][]actionWord // the answers of actionWords, by type and atoms

	// overflow says that a pattern stood for too many others.
	overflow bool
	unsat    []uint64 // by ref: proved to have no request
	// unsatFor is the same for formulas that leave the action open, by the type of the resource.
	unsatFor map[typed]bool
	// epoch, visit and result are the notes of one walk over a formula, by node.
	epoch  int32
	visit  []int32
	result []ref
	found  []occurrence
}

// New returns an engine that answers under the semantics.
func New(sem policy.Semantics, budget Budget) *Engine {
	return newEngine(sem, budget.steps(), newGlossary(sem), &formulas{})
}

func (b Budget) steps() int {
	if b.Steps <= 0 {
		return DefaultSteps
	}
	return b.Steps
}

// newEngine returns an engine that has room for as many formulas as another one has.
func newEngine(sem policy.Semantics, steps int, words *glossary, like *formulas) *Engine {
	e := &Engine{
		formulas: *newFormulas(like), glossary: words, sem: sem, budget: steps,
		atomNames: map[atomName]*atom{}, specs: map[string]specEntry{}, roles: map[signature]*compiledRole{},
		wordsOf: map[string][]actionWord{}, unsatFor: map[typed]bool{},
	}
	e.Refill()
	e.keys, e.names = e.foldAlphabet(keyBytes), e.foldAlphabet(nameBytes)
	return e
}

// A Question is something that could not be decided, in words for people.
type Question struct {
	// Kind is the type chain that it is about, empty for all; Actions are the actions, empty for
	// all.
	Kind    string
	Actions []Action
	// Held and Statement say which element of the subject caused it, After on which side of a
	// comparison; -1 for none.
	Held, Statement int
	After           bool
	Why             string
}

// A Difference is what a change does to access.
type Difference struct {
	Gained, Lost Region
	// had and has decide by evaluation what was allowed and what will be; before and after are the
	// sides, if they had to be compared.
	had, has      proof
	before, after *compiled
	// Undecided is what neither Gained nor Lost says anything about. If it is not empty, an empty
	// Gained and Lost is no proof that nothing changes.
	Undecided []Question
}

// Verdict says in one word what a change does to access.
type Verdict string

// The verdicts, as a plan file has them.
const (
	None   Verdict = "none"
	Gains  Verdict = "gains"
	Loses  Verdict = "loses"
	Both   Verdict = "both"
	Unsure Verdict = "undecided"
)

// Verdict returns Unsure if anything is undecided, whatever is known to be gained or lost.
func (d Difference) Verdict() Verdict {
	gained, _ := d.Gained.Cells()
	lost, _ := d.Lost.Cells()
	return VerdictOf(len(gained) > 0, len(lost) > 0, len(d.Undecided) > 0)
}

// VerdictOf returns the verdict on a change that gains, that loses, and of which something is
// undecided.
func VerdictOf(gains, loses, undecided bool) Verdict {
	switch {
	case undecided:
		return Unsure
	case gains && loses:
		return Both
	case gains:
		return Gains
	case loses:
		return Loses
	}
	return None
}

// Compare returns what somebody gains and loses whose roles were before and become after.
func (e *Engine) Compare(before, after Subject) Difference {
	e.Refill()
	if sameSubject(before, after) {
		had, has := e.allowedBy(before), e.allowedBy(after)
		return Difference{Gained: e.newRegion(has), Lost: e.newRegion(had), had: had, has: has}
	}
	return e.compare(e.compile(before), e.compile(after))
}

// Grants returns everything that the subject may do, and what is not certain about it.
func (e *Engine) Grants(s Subject) (Region, []Question) {
	c := e.compile(s)
	r := e.newRegion(e.allowedBy(s))
	for _, kind := range kindsOf(c) {
		r.formulas[kind] = e.kind(c, kind).formula
	}
	return r, append(slices.Clip(c.problems), e.notModelled()...)
}

// sameSubject reports whether two subjects are written the same way but for order.
func sameSubject(a, b Subject) bool {
	return a.Symbolic == b.Symbolic && slices.EqualFunc(a.Held, b.Held, func(a, b policy.Held) bool {
		return a.Through == b.Through && a.Role.BasePermissions == b.Role.BasePermissions &&
			maps.EqualFunc(a.Attributes, b.Attributes, slices.Equal) && samePolicy(a.Role.Policy, b.Role.Policy)
	})
}

// samePolicy is [role.EqualPolicy], which sees at once that a policy is itself.
func samePolicy(a, b []role.Statement) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) || role.EqualPolicy(a, b)
}
